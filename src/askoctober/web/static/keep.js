// Conversations in this browser's own storage, one key each, so that two open pages do not write over one another.
import { announce, app, busy, byId, call, dialog, download, element, word } from "./page.js";
import * as views from "./views.js";

const PREFIX = "askoctober-conversation-";
const CURRENT = "askoctober-current";
let record = null;

export const current = () => record;

function all() {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => read(key.slice(PREFIX.length)))
    .filter(Boolean)
    .sort((one, other) => String(other.updated).localeCompare(String(one.updated)));
}

function read(id) {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + id));
    return kept && Array.isArray(kept.turns) ? kept : null;
  } catch {
    return null;
  }
}

function write(kept) {
  try {
    localStorage.setItem(PREFIX + kept.id, JSON.stringify(kept));
    return true;
  } catch {
    announce(word("not-kept"));
    return false;
  }
}

// The server hands over the conversation whenever it has changed; the name is the reader's.
function take() {
  const given = byId("ask-record").querySelector("[data-record]")?.dataset.record;
  if (!given) return;
  const next = JSON.parse(given);
  if (!next.turns.length) {
    record = null;
    remember("");
    return;
  }
  const before = read(next.id);
  record = { ...next, name: before?.name || next.name, created: before?.created || next.created };
  write(record);
  remember(record.id);
}

// Which conversation a reload takes up again; each open page has its own.
function remember(id) {
  try {
    sessionStorage.setItem(CURRENT, id);
  } catch {
    // Told already, by `write`.
  }
}

// As text: Gradio takes a table with a "path" in it for a file of its own.
function restore(kept) {
  app.act({ act: "restore", record: JSON.stringify(kept) });
}

function open(id) {
  const kept = read(id);
  if (!kept || busy()) return;
  restore(kept);
  views.show("chat");
  byId("ask-kept-dialog").close();
}

async function save(id, form) {
  const kept = read(id);
  if (!kept) return;
  const name = kept.name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "conversation";
  if (form === "json") download(`${name}.json`, "application/json", `${JSON.stringify(kept, null, 2)}\n`);
  else download(`${name}.md`, "text/markdown", await call("export", { record: kept }));
}

function remove(id) {
  localStorage.removeItem(PREFIX + id);
  if (record?.id === id) app.act({ act: "new" });
  announce(word("deleted"));
}

const DOES = {
  open: (id) => open(id),
  rename: (id, row) => rename(id, row),
  markdown: (id) => save(id, "markdown"),
  json: (id) => save(id, "json"),
  delete: (id, row, button) => {
    // Asked once, in the button itself.
    if (button.dataset.sure) { remove(id); list(); return; }
    button.dataset.sure = "yes";
    button.textContent = word("delete-sure");
    setTimeout(() => { if (button.isConnected) { delete button.dataset.sure; button.textContent = word("delete"); } }, 4000);
  },
};

function rename(id, row) {
  const kept = read(id);
  const input = element("input", { value: kept.name, maxLength: 200 });
  input.setAttribute("aria-label", word("new-name"));
  const form = element("form", { className: "ask-rename" }, input,
    element("button", { type: "submit", className: "ask-act", textContent: word("save") }));
  form.dataset.id = id;
  row.querySelector(".ask-kept-name").replaceWith(form);
  input.select();
}

function searched(kept, text) {
  const words = [kept.name, ...kept.turns.flatMap((turn) => [turn.question, turn.text])].join("\n");
  return words.toLocaleLowerCase().includes(text.toLocaleLowerCase());
}

function list() {
  const made = byId("ask-kept-dialog");
  const text = made.querySelector("input[type=search]").value.trim();
  const kept = all();
  const rows = kept.filter((one) => searched(one, text)).map((one) => {
    const { lang } = document.documentElement;
    const locale = navigator.language.startsWith(lang) ? navigator.language : lang;
    const day = new Date(one.updated).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
    const name = element("button", { type: "button", className: "ask-kept-name" },
      element("bdi", { textContent: one.name }), element("span", { textContent: `${day} · ${word("questions")}: ${one.turns.length}` }));
    name.dataset.does = "open";
    const acts = ["rename", "markdown", "json", "delete"].map((does) => {
      const label = does === "markdown" || does === "json" ? word(`export-${does}`) : word(does);
      const button = element("button", { type: "button", className: "ask-act", textContent: label });
      button.dataset.does = does;
      button.setAttribute("aria-label", `${label}: ${one.name}`);
      return button;
    });
    const row = element("li", {}, name, element("div", { className: "ask-acts" }, ...acts));
    row.dataset.id = one.id;
    if (one.id === record?.id) row.setAttribute("aria-current", "true");
    return row;
  });
  made.querySelector("ul").replaceChildren(...rows);
  made.querySelector(".ask-note").textContent =
    rows.length ? "" : word(kept.length ? "none-match" : "no-conversations");
}

function show() {
  const made = dialog("ask-kept-dialog", word("conversations"));
  const input = element("input", { type: "search", placeholder: word("search-conversations") });
  input.setAttribute("aria-label", word("search-conversations"));
  input.oninput = list;
  const close = element("button", { type: "button", className: "ask-close ask-dismiss", textContent: "×" });
  close.setAttribute("aria-label", word("close"));
  const note = element("p", { className: "ask-note", role: "status" });
  made.replaceChildren(
    element("div", { className: "ask-dialog-head" }, element("h2", { textContent: word("conversations") }), close),
    input, element("ul", { className: "ask-kept" }), note);
  list();
  made.showModal();
}

export function onPress(button) {
  const row = button.closest("#ask-kept-dialog li");
  if (button.dataset.tool === "kept") show();
  else if (row && button.dataset.does) DOES[button.dataset.does](row.dataset.id, row, button);
  else return false;
  return true;
}

export function onSubmit(form) {
  if (!form.matches(".ask-rename")) return false;
  const kept = read(form.dataset.id);
  const name = form.querySelector("input").value.trim();
  if (kept && name) {
    kept.name = name;
    write(kept);
    if (record?.id === kept.id) record.name = name;
  }
  list();
  return true;
}

export function begin() {
  new MutationObserver(take).observe(byId("ask-record"), { childList: true, subtree: true, attributes: true });
  const address = new URL(location);
  const question = address.searchParams.get("q");
  const last = sessionStorage.getItem(CURRENT) && read(sessionStorage.getItem(CURRENT));
  if (question) {
    // Asked once: after a reload the conversation is there.
    address.searchParams.delete("q");
    history.replaceState(null, "", address);
    app.act({ act: "ask", question: question.slice(0, 4000) });
  } else if (last) restore(last);
}
