// A reader's own articles: files and folders that are dropped or chosen, one line of progress for each.
import { app, announce, byId, call, element, header, word } from "./page.js";
import * as views from "./views.js";

const METADATA = /(^|\/)articles\.toml$/i;
const MEGABYTE = 1e6;
const BEAT = 2000;

// Which files are read, and how large they may be, is known on the server.
function refusal(name, file) {
  const { endings, largest } = header().dataset;
  const ends = (ending) => name.toLowerCase().endsWith(ending);
  if (!METADATA.test(name) && !endings.split(" ").some(ends)) return word("not-an-article");
  return file.size > Number(largest) ? word("too-large").replace("{n}", readable(largest / MEGABYTE)) : "";
}

const readable = (number) => new Intl.NumberFormat(header().dataset.language).format(number);

// Files below what was dropped, with their paths; folders are read in portions, as browsers give them.
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  const visit = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      found.push([entry.fullPath.replace(/^\//, ""), file]);
    } else {
      const directory = entry.createReader();
      let some;
      do {
        some = await new Promise((done, failed) => directory.readEntries(done, failed));
        for (const one of some) await visit(one);
      } while (some.length);
    }
  };
  for (const entry of entries) await visit(entry);
  return found;
}

function row(name) {
  const state = element("span", { className: "ask-file-state" });
  const item = element("li", {}, element("bdi", { textContent: name }), state);
  byId("ask-page").querySelector(".ask-progress").append(item);
  return (text, kind = "") => { state.textContent = text; item.dataset.kind = kind; };
}

async function take(files) {
  const list = files.filter(([name]) => !name.split("/").some((part) => part.startsWith(".")));
  const taken = new Map();
  for (const [name, file] of list) {
    const tell = row(name);
    const refused = refusal(name, file);
    if (refused) { tell(refused, "failed"); continue; }
    tell(word("uploading"));
    try {
      const { path } = await app.upload(file);
      const { problem } = await call("take_article", { path, name });
      if (problem) tell(problem, "failed");
      else { tell(word("taken")); taken.set(name, tell); }
    } catch {
      tell(word("unreachable"), "failed");
    }
  }
  if (taken.size) await index(taken);
}

async function index(taken) {
  taken.forEach((tell) => tell(word("indexing"), "busy"));
  const stop = follow();
  let done;
  try {
    done = await call("index_articles");
  } catch {
    done = { problem: word("unreachable"), failed: [], files: {} };
  }
  stop();
  taken.forEach((tell, name) => tell(...outcome(name, done)));
  await redraw();
}

// How far the indexing is, in a line of its own: one file may hold thousands of articles. It is not read aloud.
function follow() {
  const line = element("li", { className: "ask-so-far", ariaHidden: "true" });
  let over = false;
  const timer = setInterval(async () => {
    const { sentences } = await call("tell_indexed").catch(() => ({}));
    if (!sentences || over) return;
    line.textContent = word("so-far").replace("{n}", readable(sentences));
    if (!line.isConnected) byId("ask-page").querySelector(".ask-progress")?.append(line);
  }, BEAT);
  return () => { over = true; clearInterval(timer); line.remove(); };
}

// What became of a file: of one with several articles, how many, and which of its parts were left out.
function outcome(name, { problem, failed, files }) {
  const count = files[name] ?? 0;
  const own = failed.filter((one) => one.name === name || ["#", "/"].some((sign) => one.name.startsWith(name + sign)));
  const first = own[0] && `${own[0].name.slice(name.length + 1)} ${own[0].problem}`.trim();
  if (problem || (own.length && !count)) return [problem || first, "failed"];
  const ready = count > 1 ? word("ready-many").replace("{n}", readable(count)) : word("ready");
  const left = own.length ? `; ${word("left-out").replace("{n}", readable(own.length))} ${first}` : "";
  return [ready + left, "done"];
}

// The list of articles anew, with the progress as it stands.
async function redraw() {
  const before = byId("ask-page").querySelector(".ask-progress");
  await views.refresh();
  byId("ask-page").querySelector(".ask-progress")?.replaceWith(before);
  app.settings(null);
}

async function remove(button) {
  button.disabled = true;
  const done = await call("remove_article", { article: button.dataset.article }).catch(() => null);
  announce(done && !done.problem ? word("removed") : done?.problem || word("unreachable"));
  await redraw();
}

export function onPress(button) {
  if (!button.matches(".ask-remove")) return false;
  remove(button);
  return true;
}

export function begin() {
  const zone = (event) => event.target.closest?.(".ask-drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!zone(event)) return;
      event.preventDefault();
      zone(event).toggleAttribute("data-over", name === "dragover");
      if (name === "drop") filesOf(event.dataTransfer).then(take);
    });
  }
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.(".ask-files")) return;
    take([...event.target.files].map((file) => [file.webkitRelativePath || file.name, file]));
    event.target.value = "";
  });
}
