const page = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const esc = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** An element with attributes and children; what begins with `on` is a listener. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "html") element.innerHTML = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function svg(attributes, markup = "") {
  const element = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.innerHTML = markup;
  return element;
}

const ICONS = {
  held: '<path d="M2.5 8.5 6.5 12.5 13.5 4" stroke="currentColor" stroke-width="2.4" fill="none" stroke-linecap="round" stroke-linejoin="round"/>',
  violated: '<path d="M3.5 3.5 12.5 12.5 M12.5 3.5 3.5 12.5" stroke="currentColor" stroke-width="2.4" fill="none" stroke-linecap="round"/>',
  skipped: '<path d="M3 8H13" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>',
  theme: '<path d="M8 1.5a6.5 6.5 0 1 0 0 13z" fill="currentColor"/><circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.4"/>',
  play: '<path d="M4 2.5 13 8 4 13.5z" fill="currentColor"/>',
  pause: '<path d="M4 3h3v10H4zM9 3h3v10H9z" fill="currentColor"/>',
  closer: '<path d="M8 3v10M3 8h10" stroke="currentColor" stroke-width="2" stroke-linecap="round"/>',
  wider: '<path d="M3 8h10" stroke="currentColor" stroke-width="2" stroke-linecap="round"/>',
  before: '<path d="M10.5 3 5 8l5.5 5" stroke="currentColor" stroke-width="2" fill="none" stroke-linecap="round" stroke-linejoin="round"/>',
  after: '<path d="M5.5 3 11 8l-5.5 5" stroke="currentColor" stroke-width="2" fill="none" stroke-linecap="round" stroke-linejoin="round"/>',
  whole: '<path d="M1.5 8h13M4.5 5l-3 3 3 3M11.5 5l3 3-3 3" stroke="currentColor" stroke-width="1.8" fill="none" stroke-linecap="round" stroke-linejoin="round"/>',
};
const icon = (name) => svg({ viewBox: "0 0 16 16", "aria-hidden": "true" }, ICONS[name] ?? ICONS.skipped);
/** A mark for each tone, so that nothing is told by colour alone. */
const MARKS = { good: "●", idle: "○", passing: "◐", bad: "▲", off: "–" };

const WORDS = { held: "held", violated: "violated", skipped: "skipped", impossible: "not run", "not-judged": "not judged" };
const chip = (word, text) => h("span", { class: `chip ${word}` }, icon(word), text ?? WORDS[word]);
const button = (name, label, act, more = {}) =>
  h("button", { class: "button", type: "button", "aria-label": label, title: label, onclick: act, ...more }, icon(name));

/** Nanoseconds as a length of time. */
function span(ns) {
  const ms = ns / 1e6;
  if (ns === 0) return "0 ms";
  if (ms < 1) return `${Math.round(ns / 1e3)} µs`;
  if (ms < 10) return `${+ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ns / 1e9;
  if (s < 120) return `${+s.toFixed(s < 10 ? 2 : 1)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}
/** Nanoseconds as a moment, as exact as a window of that width needs. */
function moment(ns, window = 0) {
  const digits = window === 0 ? 6 : window < 5e7 ? 6 : window < 2e9 ? 4 : window < 2e10 ? 3 : 2;
  return (ns / 1e9).toFixed(digits);
}
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The stretch of a lane at a moment. */
function at(lane, t) {
  let low = 0, high = lane.spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lane.spans[middle].from_ns <= t) low = middle; else high = middle - 1;
  }
  return lane.spans[low] ?? { text: "-", tone: "off" };
}

/** Unpacks the connections once; each is [start, end, outcome, servers] in nanoseconds. */
function connections(client) {
  if (!client.unpacked) {
    let start = 0;
    client.unpacked = client.starts_us.map((delta, i) => {
      start += delta;
      return [start * 1e3, (start + client.took_us[i]) * 1e3, client.outcomes[client.ends[i]], client.servers[client.by[i]]];
    });
  }
  return client.unpacked;
}
const LATE = 5e8;
const isGood = ([start, end, outcome]) => outcome === "served" && end - start <= LATE;

const directorsOf = (run) => run.nodes.filter((node) => node.kind === "director").map((node) => node.name);
/** The class of a stretch that names a director: each has a colour of its own. */
function shade(run, lane, stretch) {
  if ((lane.kind === "owner" || lane.kind === "arp") && stretch.tone === "good") {
    return `own${directorsOf(run).indexOf(stretch.text) % 4}`;
  }
  if (lane.kind === "role" && stretch.tone === "good") {
    return `own${directorsOf(run).indexOf(lane.node) % 4}`;
  }
  return `tone-${stretch.tone}`;
}

let saying = 0;
function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => { document.getElementById("live").textContent = text; }, 350);
}

/** Calls it in the frame after the element's size has changed, not in the same one. */
function resized(element, act) {
  let size = "";
  new ResizeObserver(() => requestAnimationFrame(() => {
    const now = `${element.clientWidth} ${element.clientHeight}`;
    if (now !== size) { size = now; act(); }
  })).observe(element);
}
