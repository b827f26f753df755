// What all modules share: what Gradio gave, the words of the interface, and a way to say something to the reader.
export const app = { server: null, upload: null, act: null, settings: null };

export const byId = (id) => document.getElementById(id);
export const header = () => document.querySelector(".ask-header");
export const box = () => byId("ask-box").querySelector("textarea");
export const busy = () => Boolean(document.querySelector(".ask-status[data-run]"));
export const isTouch = () => matchMedia("(pointer: coarse)").matches;
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let known = ["", {}];

export function word(name) {
  const given = header().dataset.words;
  if (known[0] !== given) known = [given, JSON.parse(given)];
  return known[1][name] ?? name;
}

// Ask the server for something; every request says which language it is to be answered in.
export function call(name, request = {}) {
  return app.server[name]({ ...request, language: header().dataset.language });
}

// The parts of the page load in no fixed order, and then once more in the reader's language.
export function whenReady(then) {
  const there = ["ask-scroll", "ask-state", "ask-page", "ask-pane", "ask-record"].every(byId);
  if (there && header()?.dataset.ready) then();
  else setTimeout(whenReady, 20, then);
}

let toast = null;
let fading = 0;

// A line that goes away by itself; it is read aloud.
export function announce(text) {
  if (!toast) {
    toast = element("div", { className: "ask-toast", role: "status" });
    toast.setAttribute("aria-live", "polite");
  }
  const dialog = document.querySelector("dialog[open]");
  (dialog ?? document.querySelector(".gradio-container")).append(toast);
  toast.textContent = text;
  toast.toggleAttribute("data-shown", true);
  clearTimeout(fading);
  fading = setTimeout(() => toast.removeAttribute("data-shown"), 3000);
}

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    announce(word(done));
  } catch {
    // Without leave, or on a page that is not served securely: the old way.
    const area = element("textarea", { value: text, className: "ask-heard" });
    document.body.append(area);
    area.select();
    announce(word(document.execCommand("copy") ? done : "not-copied"));
    area.remove();
  }
}

// A modal dialog with a focus trap and Escape of the browser's own.
export function dialog(id, label) {
  let made = byId(id);
  if (!made) {
    made = element("dialog", { id, className: "ask-dialog" });
    document.querySelector(".gradio-container").append(made);
    made.addEventListener("click", (event) => { if (event.target === made) made.close(); });
  }
  made.setAttribute("aria-label", label);
  return made;
}

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
