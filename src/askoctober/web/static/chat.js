// Runs once, as the source pane, the last part of the page, loads. `element` and `server` are given by gr.HTML.
const page = (id) => document.getElementById(id);
const shelf = element;
const pane = element.closest("#ask-pane");
const shelfHtml = shelf.innerHTML;
let opener = null;
let asked = 0;

function show(html) {
  shelf.innerHTML = html;
  pane.toggleAttribute("data-open", true);
  const body = shelf.querySelector(".ask-pane-body");
  const marks = body.querySelectorAll("mark.ask-quote");
  if (marks.length) {
    const frame = body.getBoundingClientRect();
    const top = marks[0].getBoundingClientRect().top;
    const height = marks[marks.length - 1].getBoundingClientRect().bottom - top;
    body.scrollTop += top - frame.top - Math.max(24, (frame.height - height) / 2);
  }
  body.focus({ preventScroll: true });
}

function close() {
  pane.removeAttribute("data-open");
  select(null);
  if (opener && opener.isConnected) opener.focus({ preventScroll: true });
}

function reset() {
  shelf.innerHTML = shelfHtml;
  select(null);
}

function select(button) {
  document.querySelectorAll(".ask-open[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  if (button) button.setAttribute("aria-current", "true");
}

async function open(button) {
  const { article, start, end } = button.dataset;
  const wanted = { article };
  if (start) {
    const turn = button.closest(".ask-turn");
    const cited = [...turn.querySelectorAll(".ask-cite")].filter((other) => other.dataset.article === article);
    wanted.start = Number(start);
    wanted.end = Number(end);
    wanted.others = cited.map((other) => [Number(other.dataset.start), Number(other.dataset.end)]);
  }
  if (!pane.contains(button)) opener = button;
  const ticket = ++asked;
  select(button);
  let html;
  try {
    html = await server.open_place(wanted);
  } catch {
    const problem = "The source could not be opened. Is the program still running?";
    html = shelfHtml.replace(/<p class="ask-lead">[^<]*/, `<p class="ask-lead">${problem}`);
  }
  if (ticket === asked) show(html);
}

function focusBox() {
  page("ask-box").querySelector("textarea").focus();
}

// What the server still has to say to an earlier press of a button may empty the box: then it is filled again.
function ask(question, tries = 20) {
  const box = page("ask-box").querySelector("textarea");
  if (box.value !== question) {
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  setTimeout(() => (box.value === question || !tries ? page("ask-ask").click() : ask(question, tries - 1)), 60);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".ask-open")) open(button);
  else if (button.matches(".ask-example")) ask(button.textContent);
  else if (button.matches(".ask-close")) close();
  else if (button.matches(".ask-back")) reset();
  else if (button.matches(".ask-shelf-button")) { opener = button; show(shelfHtml); }
  else if (button.id === "ask-clear") { asked++; opener = null; reset(); close(); }
  // A button that vanishes takes the focus with it. A touch screen would open its keyboard.
  if (/^ask-(ask|stop|retry|clear)$/.test(button.id) && !matchMedia("(pointer: coarse)").matches) focusBox();
});

document.addEventListener("keydown", (event) => {
  const over = getComputedStyle(pane).position === "fixed" && pane.hasAttribute("data-open");
  if (event.key === "Escape" && (over || pane.contains(document.activeElement))) close();
});

// The view follows what is being written, unless the reader has scrolled up, and at the end goes to its beginning.
function follow(scroller) {
  let following = true;
  let current = "";
  scroller.addEventListener("scroll", () => {
    following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  });
  new MutationObserver(() => {
    const turn = page("ask-live").querySelector(".ask-turn");
    if (!turn) return;
    if (turn.dataset.turn !== current) following = true;
    current = turn.dataset.turn;
    const top = scroller.scrollTop + turn.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const ended = ["done", "stopped", "failed"].includes(turn.dataset.stage);
    if (following) scroller.scrollTop = ended ? top : scroller.scrollHeight;
  }).observe(scroller, { childList: true, subtree: true, characterData: true });
}

// Elapsed seconds stand outside the live region, so that they are not read aloud.
function time(state) {
  const clock = document.createElement("span");
  clock.className = "ask-clock";
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

// The parts of the page load in no fixed order.
(function begin() {
  const scroller = page("ask-scroll");
  const state = page("ask-state");
  if (!scroller || !state) return void setTimeout(begin, 30);
  follow(scroller);
  time(state);
})();
