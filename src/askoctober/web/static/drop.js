// A reader's own articles: files and folders that are dropped or chosen, one line of progress for each.
import { app, announce, byId, call, element, word } from "./page.js";
import * as views from "./views.js";

const WANTED = /\.(md|markdown|txt)$|(^|\/)articles\.toml$/i;

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
    if (!WANTED.test(name)) { tell(word("not-an-article"), "failed"); continue; }
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
  let done;
  try {
    done = await call("index_articles");
  } catch {
    done = { problem: word("unreachable"), failed: [] };
  }
  const failed = new Map(done.failed.map((one) => [one.name, one.problem]));
  taken.forEach((tell, name) => {
    const problem = done.problem || failed.get(name);
    tell(problem || word("ready"), problem ? "failed" : "done");
  });
  await redraw();
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
