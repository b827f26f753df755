// What the reader may set: a form that the server wrote, shown as a dialog, and sent back.
import { app, byId, dialog, word } from "./page.js";

function open() {
  const made = dialog("ask-settings-dialog", word("settings"));
  made.replaceChildren(byId("ask-settings").querySelector("template").content.cloneNode(true));
  made.showModal();
}

export function onPress(button) {
  if (button.dataset.tool === "settings") open();
  else if (button.matches(".ask-dismiss")) button.closest("dialog").close();
  else return false;
  return true;
}

export function onSubmit(form) {
  if (!form.matches(".ask-settings")) return false;
  const { language, passages, length } = Object.fromEntries(new FormData(form));
  app.settings({ language, length, passages: Number(passages) });
  form.closest("dialog").close();
  return true;
}
