// Draws the map and the timeline with plotly.js, in the colours of the style sheet. Nothing is fetched but plotly.js
// itself, from `plotlyUrl` on this host.
const NARROW = 760;
const drawn = new WeakMap();
let library = null;

function load(url) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      script.remove();
      reject(new Error(`${url} could not be loaded`));
    };
    document.head.append(script);
  });
  return library;
}

function colours(element) {
  const style = getComputedStyle(element);
  const colour = (name, fallback) => style.getPropertyValue(`--ask-${name}`).trim() || fallback;
  return {
    ink: colour("ink", style.color), quiet: colour("quiet", style.color), line: colour("line", "#8884"),
    surface: colour("surface", "transparent"), page: colour("page", "transparent"), accent: colour("accent", style.color), font: style.fontFamily,
  };
}

// What each kind of trace takes from the style sheet; an article's own colour comes with the figure.
const DRESS = {
  article: (trace, c) => { trace.marker.line = { width: 0.75, color: c.surface }; },
  retrieved: (trace, c) => { trace.marker.color = c.surface; trace.textfont.color = c.ink; },
  cited: (trace, c) => { trace.marker.color = c.accent; trace.textfont.color = c.surface; },
  question: (trace, c) => {
    trace.marker.color = c.accent;
    trace.marker.line.color = c.surface;
  },
};

function dress(figure, element) {
  const c = colours(element);
  const { data, layout } = structuredClone(figure);
  for (const trace of data) DRESS[trace.meta?.role]?.(trace, c);
  const narrow = element.clientWidth < NARROW;
  layout.font = { family: c.font, color: c.ink, size: 13 };
  layout.hoverlabel = {
    bgcolor: c.surface, bordercolor: c.line, align: "left", font: { family: c.font, color: c.ink, size: 13 },
  };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: c.quiet, activecolor: c.accent };
  layout.legend = {
    ...layout.legend, font: { color: c.ink, size: 12 },
    ...(narrow ? { orientation: "h", x: 0, y: 0, yanchor: "top" } : { x: 1.01, y: 0.5, yanchor: "middle" }),
  };
  for (const axis of [layout.xaxis, layout.yaxis]) {
    Object.assign(axis, { gridcolor: c.line, linecolor: c.line, tickcolor: c.line, tickfont: { color: c.quiet, size: 12 } });
  }
  for (const note of layout.annotations ?? []) {
    note.font = note.name === "question" ? { color: c.accent, size: 13 } : { color: c.ink, size: narrow ? 12 : 13, weight: 600 };
    // What stands behind the words is dimmed, not hidden.
    note.bgcolor = /^#[0-9a-f]{6}$/i.test(c.page) ? `${c.page}cc` : c.page;
  }
  layout.autosize = true;
  layout.uirevision = "kept";
  layout.transition = { duration: 0 };
  // A finger that scrolls the page must not be caught by the plot: there, the buttons move it.
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
  return [data, layout];
}

// Names of months and days as the page's language has them.
function calendar(lang) {
  const names = (count, unit, style) => Array.from({ length: count }, (_, at) =>
    new Intl.DateTimeFormat(lang, { [unit]: style, timeZone: "UTC" })
      .format(Date.UTC(2023, unit === "month" ? at : 0, unit === "month" ? 1 : at + 1)));
  return {
    months: names(12, "month", "long"), shortMonths: names(12, "month", "short"),
    days: names(7, "weekday", "long"), shortDays: names(7, "weekday", "short"),
  };
}

function configuration(lang, buttons) {
  return {
    responsive: false, displaylogo: false, displayModeBar: true, scrollZoom: true, plotlyServerURL: "",
    showTips: false, doubleClick: "reset", locale: lang,
    locales: { [lang]: { dictionary: buttons, format: calendar(lang) } },
    modeBarButtons: [["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };
}

// The picture has a name; the buttons beside it stay buttons.
function describe(element, label) {
  element.querySelectorAll("svg.main-svg").forEach((svg, at) => {
    if (at) return void svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  });
  element.querySelectorAll(".modebar-btn").forEach((button) => {
    button.setAttribute("aria-label", button.dataset.title);
  });
}

/**
 * Draw a figure ({data, layout}, as Python made it) into an element, in place of what it held.
 * `open(article, start, end)` is called when a point is chosen; `buttons` translates plotly's button names, such as
 * {"Zoom in": "..."}; `lang` is that of the months' names.
 */
export async function draw(element, figure, { open, plotlyUrl, label = "", lang, buttons = {} }) {
  purge(element);
  const state = { stop: [] };
  drawn.set(element, state);
  const plotly = await load(plotlyUrl);
  if (drawn.get(element) !== state) return;
  const language = lang || element.closest("[lang]")?.lang || "en";
  const config = configuration(language, buttons);
  const render = () => plotly.react(element, ...dress(figure, element), config).then(() => describe(element, label));
  await plotly.newPlot(element, ...dress(figure, element), config);
  if (drawn.get(element) !== state) return;
  describe(element, label);
  element.on("plotly_click", ({ points }) => {
    const place = points[0]?.customdata;
    if (Array.isArray(place)) open?.(place[0], place[1], place[2]);
  });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // The page changes its own class on the same event, perhaps after this.
  const recolour = () => setTimeout(() => drawn.get(element) === state && render(), 60);
  dark.addEventListener("change", recolour);
  let width = element.clientWidth;
  let height = element.clientHeight;
  const sizes = new ResizeObserver(() => {
    if (element.clientWidth === width && element.clientHeight === height) return;
    ({ clientWidth: width, clientHeight: height } = element);
    if (width && height) render();
  });
  sizes.observe(element);
  state.stop.push(() => dark.removeEventListener("change", recolour), () => sizes.disconnect());
}

/** Remove a plot and all that watches for it. */
export function purge(element) {
  const state = drawn.get(element);
  if (!state) return;
  drawn.delete(element);
  state.stop.forEach((stop) => stop());
  window.Plotly?.purge(element);
  element.replaceChildren();
}
