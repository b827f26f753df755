// Reading an article whole: its headings, and a search within it that changes nothing in the text.
import { byId, isStill, word } from "./page.js";

const FOUND = "ask-found";
const HERE = "ask-here";
const MOST = 2000;
let ranges = [];
let at = -1;

function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(".ask-signs")) nodes.push(walker.currentNode);
  return nodes;
}

// Matches across inline tags, letter case aside, with any white space for a space.
function matches(root, text) {
  const nodes = textNodes(root);
  let whole = "";
  const starts = nodes.map((node) => { const start = whole.length; whole += node.data; return start; });
  const pattern = text.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
  if (!pattern) return [];
  const place = (offset, isEnd) => {
    let node = starts.findLastIndex((start) => (isEnd ? start < offset : start <= offset));
    if (node < 0) node = 0;
    return [nodes[node], offset - starts[node]];
  };
  const found = [];
  for (const match of whole.matchAll(new RegExp(pattern, "giu"))) {
    const range = new Range();
    range.setStart(...place(match.index, false));
    range.setEnd(...place(match.index + match[0].length, true));
    if (found.push(range) === MOST) break;
  }
  return found;
}

function search(form) {
  const article = byId("ask-page").querySelector(".ask-article");
  ranges = matches(article, form.querySelector("input").value);
  at = -1;
  paint();
  if (ranges.length) go(1);
  else say(form.querySelector("input").value.trim() ? word("no-match") : "");
}

function paint() {
  if (!window.CSS?.highlights) return;
  CSS.highlights.set(FOUND, new Highlight(...ranges));
  CSS.highlights.set(HERE, new Highlight(...(ranges[at] ? [ranges[at]] : [])));
}

function go(step) {
  if (!ranges.length) return;
  at = (at + step + ranges.length) % ranges.length;
  paint();
  if (!window.CSS?.highlights) getSelection().setBaseAndExtent(
    ranges[at].startContainer, ranges[at].startOffset, ranges[at].endContainer, ranges[at].endOffset);
  const scroller = byId("ask-page");
  const top = ranges[at].getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  scroller.scrollBy({ top: top - scroller.clientHeight / 3, behavior: isStill() ? "auto" : "smooth" });
  say(word("matches").replace("{n}", at + 1).replace("{count}", ranges.length));
}

function say(text) {
  byId("ask-page").querySelector(".ask-within [role=status]").textContent = text;
}

export function onPress(button, event) {
  if (button.dataset.within) go(Number(button.dataset.within));
  else if (button.matches(".ask-reader nav a")) {
    event.preventDefault();
    const heading = byId(button.getAttribute("href").slice(1));
    heading.scrollIntoView({ block: "start", behavior: isStill() ? "auto" : "smooth" });
    heading.focus({ preventScroll: true });
  } else return false;
  return true;
}

export function onSubmit(form) {
  if (!form.matches(".ask-within")) return false;
  if (ranges.length) go(1);
  else search(form);
  return true;
}

export function clear() {
  ranges = [];
  at = -1;
  paint();
}

document.addEventListener("input", (event) => {
  if (event.target.id === "ask-within-box") search(event.target.form);
});
