// The conversation: asking, acting on an answer, following what is written.
import { app, box, busy, byId, copy, element, isTouch, word } from "./page.js";
import * as keep from "./keep.js";
import * as pane from "./pane.js";
import * as views from "./views.js";

// What the server still has to say to an earlier press of a button may empty the box: then it is filled again.
export function ask(question, tries = 20) {
  const area = box();
  if (area.value !== question) {
    area.value = question;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  setTimeout(() => (area.value === question || !tries ? byId("ask-ask").click() : ask(question, tries - 1)), 60);
}

const ENDED = ["done", "stopped", "failed"];
const turnOf = (part) => part.closest(".ask-turn");
const questionOf = (turn) => turn.querySelector(".ask-question").textContent;
const act = (turn, data) => app.act({ turn: Number(turn.dataset.turn), ...data });

const ACTS = {
  retry: (turn) => act(turn, { act: "retry" }),
  more: (turn) => act(turn, { act: "more" }),
  continue: (turn) => act(turn, { act: "continue" }),
  edit,
  up: (turn, button) => rate(turn, button, "up"),
  down: (turn, button) => rate(turn, button, "down"),
  passages: (turn) => views.find(questionOf(turn)),
  link: (turn) => {
    const link = new URL(location.pathname, location.origin);
    link.searchParams.set("q", questionOf(turn));
    copy(link.href, "link-copied");
  },
  copy: (turn) => {
    const said = keep.current()?.turns[[...document.querySelectorAll(".ask-turn")].indexOf(turn)];
    if (!said) return;
    const sources = said.citations.map((one) => `[${one.mark}] ${one.article.title}: “${one.quote}”`);
    copy([said.question, said.text, ...sources].join("\n\n"), "copied");
  },
};

export function onPress(button) {
  if (button.matches(".ask-example")) ask(button.textContent);
  else if (button.dataset.act && turnOf(button)) {
    const quiet = ["link", "copy", "passages", "up", "down"].includes(button.dataset.act);
    if (quiet || !busy()) ACTS[button.dataset.act](turnOf(button), button);
  } else if (button.dataset.tool === "new") {
    views.show("chat");
    app.act({ act: "new" });
    pane.close();
    pane.reset();
    box().focus();
  } else if (button.id !== "ask-ask" && button.id !== "ask-stop") return false;
  // A button that vanishes takes the focus with it. A touch screen would open its keyboard.
  if (/^ask-(ask|stop)$/.test(button.id) && !isTouch()) box().focus();
  return true;
}

function rate(turn, button, way) {
  const taken = button.getAttribute("aria-pressed") === "true";
  act(turn, { act: "rate", rating: taken ? "" : way });
}

// The question becomes a form in its place; nothing is asked before it is sent.
function edit(turn) {
  const heading = turn.querySelector(".ask-question");
  if (turn.querySelector(".ask-edit")) return;
  const area = element("textarea", { value: heading.textContent, rows: 2, maxLength: 4000 });
  area.setAttribute("aria-label", word("edit-question"));
  const form = element("form", { className: "ask-edit" }, area, element("p", {},
    element("button", { type: "submit", className: "ask-way ask-main-way", textContent: word("ask") }),
    element("button", { type: "button", className: "ask-way ask-edit-not", textContent: word("cancel") })));
  const end = () => { form.remove(); heading.classList.remove("ask-heard"); };
  form.querySelector(".ask-edit-not").onclick = end;
  area.onkeydown = (event) => {
    if (event.key === "Escape") { event.stopPropagation(); end(); }
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
  };
  heading.after(form);
  heading.classList.add("ask-heard");
  area.focus();
  form.scrollIntoView({ block: "center" });
}

export function onSubmit(form) {
  const turn = turnOf(form);
  if (!turn) return false;
  if (form.matches(".ask-edit") && form.querySelector("textarea").value.trim()) {
    act(turn, { act: "edit", question: form.querySelector("textarea").value });
    form.remove();
  } else if (form.matches(".ask-word")) {
    const rating = turn.querySelector(".ask-thumb[aria-pressed=true]")?.dataset.act ?? "";
    act(turn, { act: "rate", rating, word: form.elements.word.value });
  }
  return true;
}

// The view follows what is being written, unless the reader has scrolled up, and at the end goes to its beginning.
function follow(scroller) {
  let following = true;
  let current = "";
  scroller.addEventListener("scroll", () => {
    following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  });
  new MutationObserver(() => {
    const turn = byId("ask-live").querySelector(".ask-turn");
    if (!turn || turn.querySelector(".ask-edit")) return;
    if (turn.dataset.turn !== current) following = true;
    current = turn.dataset.turn;
    const top = scroller.scrollTop + turn.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const ended = ENDED.includes(turn.dataset.stage);
    if (following) scroller.scrollTop = ended ? top : scroller.scrollHeight;
  }).observe(scroller, { childList: true, subtree: true, characterData: true });
}

// Checked sentences are said once, in a region of their own: the page around them is drawn anew with every word.
function speak(live) {
  const log = element("div", { className: "ask-heard", role: "log" });
  log.setAttribute("aria-live", "polite");
  live.parentElement.append(log);
  let said = 0;
  let current = "";
  new MutationObserver(() => {
    const turn = live.querySelector(".ask-turn");
    const running = turn && !ENDED.includes(turn.dataset.stage);
    if (turn?.dataset.turn !== current) [current, said] = [turn?.dataset.turn ?? "", 0];
    const sentences = [...(turn?.querySelectorAll(".ask-sentence") ?? [])];
    if (running || said) {
      if (!said) log.textContent = "";
      sentences.slice(said).forEach((one) => log.append(element("p", { textContent: one.innerText })));
      said = Math.max(said, sentences.length);
    }
  }).observe(live, { childList: true, subtree: true });
}

// Elapsed seconds stand outside the live region, so that they are not read aloud.
function time(state) {
  const clock = element("span", { className: "ask-clock" });
  clock.setAttribute("aria-hidden", "true");
  state.append(clock);
  let run = "";
  let since = 0;
  setInterval(() => {
    const now = state.querySelector(".ask-status")?.dataset.run || "";
    if (now !== run) { run = now; since = Date.now(); }
    const seconds = Math.floor((Date.now() - since) / 1000);
    clock.textContent = run && seconds ? `${seconds} s` : "";
  }, 250);
}

export function begin() {
  follow(byId("ask-scroll"));
  speak(byId("ask-live"));
  time(byId("ask-state"));
}
