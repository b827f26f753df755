// Runs once, as the last part of the page loads. `element`, `server`, `trigger` and `upload` are given by gr.HTML; the
// events that it may send are known on the other side by these names in quotes: "act", "settings".
import(new URL("askoctober/main.js", document.baseURI)).then(({ begin }) =>
  begin({
    server,
    upload,
    act: (data) => trigger("act", data),
    settings: (data) => trigger("settings", data),
  }),
);
