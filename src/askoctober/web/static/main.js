// Begins the page: hands what Gradio gives to the modules, and every press of a button to the one whose it is.
import { app, byId, header, whenReady } from "./page.js";
import * as conversation from "./conversation.js";
import * as drop from "./drop.js";
import * as keep from "./keep.js";
import * as pane from "./pane.js";
import * as preview from "./preview.js";
import * as reader from "./reader.js";
import * as settings from "./settings.js";
import * as views from "./views.js";

const OWNERS = [conversation, pane, views, reader, keep, settings, drop];

export function begin(given) {
  Object.assign(app, given);
  whenReady(() => {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button, a, summary");
      if (button) OWNERS.some((owner) => owner.onPress?.(button, event));
    });
    document.addEventListener("submit", (event) => {
      if (OWNERS.some((owner) => owner.onSubmit?.(event.target))) event.preventDefault();
    }, true);
    document.addEventListener("keydown", (event) => OWNERS.some((owner) => owner.onKey?.(event)));
    conversation.begin();
    keep.begin();
    preview.begin();
    drop.begin();
    views.begin();
    const redrawn = () => {
      document.documentElement.lang = header().dataset.language;
      views.mark();
    };
    redrawn();
    new MutationObserver(redrawn).observe(byId("ask-header"), { childList: true, subtree: true });
    byId("ask-pane").setAttribute("role", "complementary");
    document.body.dataset.ready = "";
  });
}
