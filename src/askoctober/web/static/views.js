// The pages beside the conversation: articles, one article, map, timeline. The address names the one that is open.
import { byId, call, element, word } from "./page.js";
import * as keep from "./keep.js";
import * as pane from "./pane.js";
import * as reader from "./reader.js";

const content = () => byId("ask-page").querySelector(".ask-page-content");
let ticket = 0;
let drawn = null;

const PAGES = {
  async shelf() {
    return { html: await call("show_shelf") };
  },
  async article(id) {
    return { html: await call("show_article", { article: id }) };
  },
  async map() {
    const last = keep.current()?.turns.at(-1);
    const cited = (last?.citations ?? []).map((one) => [one.article.id, one.start, one.end]);
    const figure = await call("draw_map", { question: last?.standalone_question || last?.question || "", cited });
    const lead = [word("map-lead"), last ? word("map-question") : ""].join(" ");
    return { html: "", title: word("view-map"), lead, figure, label: word("map") };
  },
  async timeline() {
    const { figure, html } = await call("draw_timeline");
    return { html, title: word("view-timeline"), lead: word("timeline-lead"), figure, label: word("timeline") };
  },
};

export function show(view, id = "") {
  const wanted = view === "chat" ? "" : id ? `#${view}=${encodeURIComponent(id)}` : `#${view}`;
  if (location.hash !== wanted) history.pushState(null, "", wanted || location.pathname + location.search);
  return render();
}

async function render() {
  const [, view = "chat", id = ""] = location.hash.match(/^#(\w+)(?:=(.*))?$/) ?? [];
  const known = view in PAGES ? view : "chat";
  const mine = ++ticket;
  document.body.dataset.view = known;
  mark();
  reader.clear();
  if (drawn) (await import("./figures.js")).purge(drawn);
  drawn = null;
  if (known === "chat") return;
  const place = content();
  place.replaceChildren(element("p", { className: "ask-note", textContent: `${word("loading")} …` }));
  let page;
  try {
    page = await PAGES[known](decodeURIComponent(id));
  } catch {
    page = { html: "", title: "", lead: word("unreachable") };
  }
  if (mine !== ticket) return;
  place.replaceChildren();
  if (page.title) place.append(element("h2", { className: "ask-page-title", tabIndex: -1, textContent: page.title }));
  if (page.lead) place.append(element("p", { className: "ask-lead", textContent: page.lead }));
  const plot = page.figure ? element("div", { className: `ask-plot ask-plot-${known}` }) : null;
  if (plot) place.append(plot);
  place.append(element("div", { innerHTML: page.html }));
  byId("ask-page").scrollTop = 0;
  place.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
  if (plot) await draw(plot, page);
}

// The tab of the page that is open; the head is drawn anew when the shelf or the language has changed.
export function mark() {
  const open = document.body.dataset.view === "article" ? "shelf" : document.body.dataset.view;
  document.querySelectorAll(".ask-tab").forEach((tab) => {
    if (tab.dataset.view === open) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  });
}

async function draw(plot, page) {
  const { draw: plotted } = await import("./figures.js");
  drawn = plot;
  await plotted(plot, page.figure, {
    open: (article, start, end) => pane.openPlace(article, start, end),
    plotlyUrl: new URL("plotly.min.js", import.meta.url).href,
    label: page.label,
    lang: document.documentElement.lang,
    buttons: Object.fromEntries(
      ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"].map((name) => [name, word(name.toLowerCase().replace(" ", "-"))]),
    ),
  });
}

export async function find(text) {
  await show("shelf");
  const input = content().querySelector("#ask-find-box");
  input.value = text;
  await found(input.form);
}

async function found(form) {
  const place = content().querySelector(".ask-found");
  place.innerHTML = await call("find_passages", { text: form.elements.text.value });
}

export function refresh() {
  return render();
}

export function onPress(button) {
  if (button.dataset.view) show(button.dataset.view);
  else if (button.matches(".ask-whole")) { pane.close(); show("article", button.dataset.article); }
  else return false;
  return true;
}

export function onSubmit(form) {
  if (!form.matches(".ask-find")) return false;
  found(form);
  return true;
}

export function begin() {
  const page = byId("ask-page");
  page.setAttribute("tabindex", "-1");
  page.querySelector(".html-container").append(element("div", { className: "ask-page-content" }));
  addEventListener("popstate", render);
  addEventListener("hashchange", render);
  render();
}
