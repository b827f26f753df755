// The source pane: an article at the cited quote, in view; stepping from quote to quote; copying a citation.
import { byId, call, copy, word } from "./page.js";

const pane = () => byId("ask-pane");
const frame = () => pane().querySelector(".ask-pane-head")?.parentElement ?? pane();
let opener = null;
let asked = 0;
let shown = null;

function draw(html) {
  const parent = frame();
  parent.innerHTML = html;
  const body = parent.querySelector(".ask-pane-body");
  const marks = body.querySelectorAll("mark.ask-quote");
  if (marks.length) {
    const around = body.getBoundingClientRect();
    const top = marks[0].getBoundingClientRect().top;
    const height = marks[marks.length - 1].getBoundingClientRect().bottom - top;
    body.scrollTop += top - around.top - Math.max(24, (around.height - height) / 2);
  }
  return body;
}

export function close() {
  pane().removeAttribute("data-open");
  select(null);
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}

// The articles of the shelf in the place of what was read.
export async function reset() {
  select(null);
  shown = null;
  const ticket = ++asked;
  const html = await call("show_pane").catch(() => "");
  if (html && ticket === asked) draw(html);
}

// Where the pane slides over the conversation it comes into view.
function slide(body) {
  pane().toggleAttribute("data-open", true);
  body.focus({ preventScroll: true });
  // Beside a plot the pane takes room that the plot had.
  dispatchEvent(new Event("resize"));
}

function list() {
  reset().then(() => slide(frame().querySelector(".ask-pane-body")));
}

function select(button) {
  document.querySelectorAll(".ask-open[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  button?.setAttribute("aria-current", "true");
}

// Open a place that a button names; the other cited places of the same answer are marked with it.
async function open(button) {
  const { article, start, end } = button.dataset;
  const turn = button.closest(".ask-turn");
  const cited = turn ? [...turn.querySelectorAll(".ask-cite")].filter((one) => one.dataset.article === article) : [];
  if (!pane().contains(button)) opener = button;
  select(button);
  await openPlace(article, start, end, cited.map((one) => [Number(one.dataset.start), Number(one.dataset.end)]));
}

export async function openPlace(article, start, end, others = []) {
  const ticket = ++asked;
  const wanted = { article };
  if (start !== undefined) Object.assign(wanted, { start: Number(start), end: Number(end), others });
  let html;
  try {
    html = await call("open_place", wanted);
  } catch {
    if (ticket === asked) problem();
    return;
  }
  if (ticket !== asked) return;
  shown = wanted;
  slide(draw(html));
}

function problem() {
  const body = draw(frame().innerHTML);
  (body.querySelector(".ask-lead, .ask-byline") ?? body).textContent = word("cannot-open");
  slide(body);
}

async function step(button) {
  const { start, end } = button.dataset;
  const way = [...button.parentElement.querySelectorAll(".ask-step")].indexOf(button);
  await openPlace(shown.article, start, end, shown.others);
  const cite = [...document.querySelectorAll(".ask-turn .ask-cite")].findLast(
    (one) => one.dataset.article === shown.article && one.dataset.start === start && one.dataset.end === end);
  if (cite) select(cite);
  frame().querySelectorAll(".ask-steps .ask-step")[way]?.focus({ preventScroll: true });
}

export function onPress(button) {
  if (button.matches(".ask-open")) open(button);
  else if (button.matches(".ask-step[data-start]")) step(button);
  else if (button.matches(".ask-close")) close();
  else if (button.matches(".ask-back")) list();
  else if (button.matches(".ask-shelf-button")) { opener = button; list(); }
  else if (button.matches(".ask-copy")) copy(button.dataset.text, "copied");
  else return false;
  return true;
}

export function onKey(event) {
  const over = getComputedStyle(pane()).position === "fixed" && pane().hasAttribute("data-open");
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return false;
  if (!over && !pane().contains(document.activeElement)) return false;
  close();
  return true;
}
