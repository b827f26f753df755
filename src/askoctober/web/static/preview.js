// A look at the quote behind a number, on hover and on keyboard focus (WCAG 1.4.13: it can be dismissed, pointed at,
// and stays).
import { element } from "./page.js";

const LONGEST = 420;
const PATIENCE_MS = 120;
let tip = null;
let of = null;
let waiting = 0;

function show(cite) {
  hide();
  const quote = cite.dataset.quote;
  const words = quote.length > LONGEST ? `${quote.slice(0, LONGEST).replace(/\s\S*$/, "")} …` : quote;
  tip = element("div", { className: "ask-tip", id: "ask-tip", role: "tooltip" },
    element("q", { textContent: words, dir: "auto" }), element("span", { textContent: cite.dataset.title, dir: "auto" }));
  document.querySelector(".gradio-container").append(tip);
  cite.setAttribute("aria-describedby", "ask-tip");
  of = cite;
  const at = cite.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const left = Math.min(Math.max(at.left + at.width / 2 - size.width / 2, 8), innerWidth - size.width - 8);
  const above = at.top - size.height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
  tip.addEventListener("pointerleave", later);
  tip.addEventListener("pointerenter", () => clearTimeout(waiting));
}

function hide() {
  clearTimeout(waiting);
  tip?.remove();
  of?.removeAttribute("aria-describedby");
  tip = of = null;
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(hide, PATIENCE_MS);
}

export function begin() {
  const citeOf = (event) => event.target.closest?.(".ask-cite");
  document.addEventListener("pointerover", (event) => {
    const cite = event.pointerType !== "touch" && citeOf(event);
    if (!cite || cite === of) return;
    clearTimeout(waiting);
    waiting = setTimeout(show, PATIENCE_MS, cite);
  });
  document.addEventListener("pointerout", (event) => { if (citeOf(event)) later(); });
  document.addEventListener("focusin", (event) => {
    const cite = citeOf(event);
    if (cite?.matches(":focus-visible")) show(cite);
    else hide();
  });
  document.addEventListener("click", hide);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); }, true);
}
