"use strict";
// What /api/v1 says, drawn. Texts of the director never become markup: they are set as text.

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);
const state = { status: null, rates: new Map(), counters: null, history: null, of: new Map(),
  open: new Set(), rows: new Map(), chosen: -1, seen: 0, failed: "" };

function el(tag, set, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(set || {})) {
    if (name === "class") made.className = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
function svg(tag, set) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(set)) made.setAttribute(name, value);
  return made;
}
function put(node, text) { if (node.textContent !== text) node.textContent = text; }
function dress(node, name) { if (node.className !== name) node.className = name; }

function span(ms) {
  const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (s < 1) return "now";
  if (s < 60) return s + " s";
  if (m < 60) return m < 10 ? m + " min " + s % 60 + " s" : m + " min";
  if (h < 24) return h < 10 ? h + " h " + m % 60 + " min" : h + " h";
  return Math.floor(h / 24) + " d " + h % 24 + " h";
}
// For axes: whole minutes and hours.
function mark(ms) {
  const m = Math.round(ms / 60000);
  return m < 120 ? m + " min" : (m % 60 ? (m / 60).toFixed(1) : m / 60) + " h";
}
function took(us) {
  if (us === null || us === undefined) return "–";
  return us < 10000 ? (us / 1000).toFixed(1) + " ms"
    : us < 1e6 ? Math.round(us / 1000) + " ms" : (us / 1e6).toFixed(1) + " s";
}
function count(n) {
  return n < 10000 ? String(Math.round(n)) : n < 1e6 ? Math.round(n / 1000) + " k"
    : n < 1e9 ? (n / 1e6).toFixed(1) + " M" : (n / 1e9).toFixed(1) + " G";
}
function rate(n) { return n > 0 && n < 10 ? n.toFixed(1) : count(n); }
function keyText(key) { const [kind, what] = Object.entries(key)[0]; return kind + " " + what; }
const sum = (list) => list.reduce((a, b) => a + b, 0);

function stateOf(server) {
  if (server.duty === "drain") return ["drains", "odd"];
  if (server.duty === "maintenance") return ["maintenance", "odd"];
  if (server.damped_ms !== null && server.damped_ms !== undefined) return ["flaps", "odd"];
  return [server.health, { up: "good", down: "bad" }[server.health] || "odd"];
}
function isSick(server) {
  return stateOf(server)[0] !== "up" || server.kernel_weight !== server.desired_weight;
}
function isSickService(service) {
  return service.fallback_serving || !service.quorate || service.panicking
    || !service.servers.some((server) => server.desired_weight > 0);
}
function why(server) {
  if (server.by && server.duty !== "serve") {
    return "ordered by " + server.by.who + (server.by.why ? ": " + server.by.why : "");
  }
  return server.why;
}

// What the time lines show: all that is remembered, ten minutes at least.
function view() {
  const now = state.history.now_ms + (Date.now() - state.history.taken);
  const from = Math.max(now - state.history.kept_ms, Math.min(0, now - 600000));
  return { now, from, length: now - from };
}
// Runs [since, value] as bars; `paint` gives a value's class and its word.
function timeline(node, runs, paint, name) {
  const { now, from, length } = view();
  node.replaceChildren();
  let words = [];
  runs.forEach(([since, ...value], number) => {
    const until = number + 1 < runs.length ? runs[number + 1][0] : now;
    const start = Math.max(since, from);
    if (until <= from) return;
    const [fill, word] = paint(...value);
    const x = (start - from) / length * 1000;
    // A short failure must be seen: two of a thousand parts at least.
    const wide = Math.max((until - start) / length * 1000, 2);
    const bar = svg("rect", { x: x.toFixed(2), y: 0, width: wide.toFixed(2), height: 10, class: fill });
    const title = svg("title", {});
    title.textContent = word + " for " + span(until - start) + ", until "
      + (until === now ? "now" : span(now - until) + " ago");
    bar.append(title);
    node.append(bar);
    words.push(word);
  });
  node.setAttribute("aria-label", name + ": " + (words.length
    ? words.slice(-5).join(", then ") + " now" : "nothing is known yet"));
}
function bars() {
  return svg("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", class: "time", role: "img" });
}
function sparkline(node, checks, name) {
  node.replaceChildren();
  if (!checks.length) { node.setAttribute("aria-label", name + ": no check yet"); return; }
  const { from, length } = view();
  const top = Math.max(...checks.map((check) => check[2]), 1);
  const line = (place) => {
    const at = checks.map((check) => [Math.max(0, (check[0] - from) / length * 1000),
      21 - check[place] / top * 19]);
    if (at.length === 1) at.push([1000, at[0][1]]);
    return "M" + at.map(([x, y]) => x.toFixed(1) + " " + y.toFixed(1)).join("L");
  };
  node.append(svg("path", { d: line(2), class: "most" }), svg("path", { d: line(1) }));
  const last = checks[checks.length - 1];
  const text = name + ": " + took(last[1]) + " now, " + took(top) + " at most in "
    + span(checks.length * 60000);
  node.setAttribute("aria-label", text);
  const title = svg("title", {});
  title.textContent = text;
  node.prepend(title);
}

function fact(value, name, tone) {
  return el("li", { class: tone || "" }, el("b", {}, value), el("span", {}, name));
}
function drawFacts() {
  const { status, rates } = state;
  const servers = status.services.flatMap((service) => service.servers);
  const up = servers.filter((server) => server.health === "up").length;
  const alive = status.peers.filter((peer) => peer.state === "alive").length;
  const kernel = status.kernel;
  const facts = [
    fact(up + "/" + servers.length, "servers up", up < servers.length ? "odd" : ""),
    fact(String(status.services.length), "services"),
    fact(count(sum(servers.map((server) => held(server)[0]))), "active connections"),
    fact(rates.size ? rate(sum([...rates.values()].map((it) => it.connections))) : "–", "new per second"),
    fact(rates.size ? count(sum([...rates.values()].map((it) => it.bytes))) + "B" : "–", "per second"),
    fact(alive + "/" + status.peers.length, "peers alive", alive < status.peers.length ? "bad" : ""),
    fact(kernel.converged ? "in order" : kernel.refused.length ? "refused " + kernel.refused.length
      : "changing", "kernel", kernel.converged ? "" : "odd"),
  ];
  if (status.witness !== null) {
    facts.push(fact(status.witness ? "reached" : "none", "witness", status.witness ? "" : "bad"));
  }
  $("facts").replaceChildren(...facts);
}
function held(server) { return server.now || [server.active, server.inactive]; }

const OWNERS = [];
function ownerClass(owner) {
  if (owner === null) return "onone";
  if (!OWNERS.includes(owner)) OWNERS.push(owner);
  return "o" + OWNERS.indexOf(owner) % 4;
}
function drawGroups() {
  const { status, history } = state;
  const names = [status.node, ...status.peers.map((peer) => peer.name)].sort();
  names.forEach(ownerClass);
  $("groups").replaceChildren(...status.groups.map((group) => {
    const tone = group.role === "active" ? "good" : group.role === "standby" ? "" : "odd";
    const card = el("div", { class: "group" }, el("div", { class: "head" },
      el("strong", {}, group.name),
      el("span", { class: "pill " + tone }, "this node: " + group.role + (group.resting ? ", rests" : "")),
      el("span", { class: "pill " + (group.owner ? "" : "bad") }, group.owner ? "owner " + group.owner : "nobody owns it"),
      el("span", { class: "soft" }, group.addresses.map((it) => it.address + " on " + it.interface
        + (it.held ? ", held" : "")).join("; ") + " – for " + span(group.since_ms) + ": " + group.why)));
    if (history) {
      const line = bars();
      const runs = history.groups[group.name] || [];
      timeline(line, runs, (owner) => [ownerClass(owner), owner || "nobody"], "owners of " + group.name);
      const seen = [...new Set(runs.map((run) => run[1]))];
      const { length } = view();
      card.append(line, el("div", { class: "axis", "aria-hidden": "true" }, el("span", {}, mark(length) + " ago"),
        el("span", {}, mark(length / 2) + " ago"), el("span", {}, "now")),
      el("div", { class: "legend" }, ...seen.map((owner) => el("span", {},
        el("i", { class: ownerClass(owner) }), owner || "nobody"))));
    }
    return card;
  }));
}
function drawPeers() {
  const { status } = state;
  $("peers-section").hidden = !status.peers.length;
  $("peers").replaceChildren(...status.peers.map((peer) => el("li", { class: "card" },
    el("div", { class: "head" }, el("strong", {}, peer.name),
      el("span", { class: "pill " + ({ alive: "good", dead: "bad" }[peer.state] || "odd") }, peer.state),
      peer.same_config === false ? el("span", { class: "pill bad" }, "configuration differs") : ""),
    el("p", { class: "soft" }, peer.heard_ms === null ? "never heard" : "heard "
      + (peer.heard_ms < 1000 ? "now" : span(peer.heard_ms) + " ago")),
    el("div", { class: "head" }, ...peer.links.map((link) => el("span",
      { class: "pill " + (link.up ? "good" : "bad") }, link.interface + (link.up ? " up" : " down")))))));
}

function makeRow(name) {
  const row = { arrow: el("span", { class: "arrow", "aria-hidden": "true" }, "▸"), title: el("strong", {}),
    about: el("small", {}), pill: el("span", { class: "pill" }), line: bars(),
    active: el("b", {}), fresh: el("b", {}), bytes: el("b", {}), servers: new Map() };
  const number = (node, text) => el("span", { class: "number" }, node, el("small", {}, text));
  row.button = el("button", { "aria-expanded": "false" }, row.arrow,
    el("span", { class: "what" }, row.title, row.about), el("span", {}, row.pill), row.line,
    number(row.active, "active"), number(row.fresh, "new/s"), number(row.bytes, "B/s"));
  row.box = el("div", { class: "service" }, row.button);
  row.button.addEventListener("click", () => turn(name));
  put(row.title, name);
  return row;
}
function turn(name) {
  if (state.open.has(name)) state.open.delete(name); else { state.open.add(name); lookAt(name); }
  drawServices();
}
const HEADS = [["Server"], ["State"], ["Weight", "n"], ["Active", "n"], ["New/s", "n"], ["Check", "n"],
  ["States", "t"], ["Check time", "t"], ["Why", "w"]];
function openRow(row) {
  row.body = el("tbody", {});
  const heads = HEADS.map(([text, kind]) => el("th", { scope: "col", class: kind || "" }, text));
  row.inside = el("div", { class: "inside" },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), row.body));
  row.box.append(row.inside);
  row.servers.clear();
}
function makeServer(address) {
  const cell = (kind, name) => el("td", name ? { class: kind, "data-name": name } : { class: kind });
  const it = { name: el("td", { class: "mono" }, address), pill: el("span", { class: "pill" }),
    weight: cell("n", "weight"), active: cell("n", "active"), fresh: cell("n", "new/s"),
    check: cell("n", "check"), line: bars(),
    spark: svg("svg", { viewBox: "0 0 1000 22", preserveAspectRatio: "none", class: "spark", role: "img" }),
    why: cell("w") };
  it.row = el("tr", {}, it.name, el("td", {}, it.pill), it.weight, it.active, it.fresh, it.check,
    el("td", { class: "t" }, it.line), el("td", { class: "t" }, it.spark), it.why);
  return it;
}
const FILLS = { up: "good-fill", down: "bad-fill", drain: "odd-fill", maintenance: "odd-fill" };
function drawServer(it, service, server, past) {
  const [word, tone] = stateOf(server);
  put(it.pill, word + " " + span(server.duty_ms ?? server.since_ms));
  dress(it.pill, "pill " + tone);
  const wanted = server.desired_weight === null ? "–" : String(server.desired_weight);
  const present = server.kernel_weight === null ? "–" : String(server.kernel_weight);
  put(it.weight, present === wanted ? present : present + "→" + wanted);
  put(it.active, count(held(server)[0]));
  const known = state.rates.get(service.name + "/" + server.address);
  put(it.fresh, known ? rate(known.connections) : "–");
  put(it.check, took(server.check_us));
  put(it.why, why(server));
  if (past && it.drawn !== past) {
    it.drawn = past;
    timeline(it.line, past.states, (value) => [FILLS[value] || "idle-fill", value], "states");
    sparkline(it.spark, past.checks, "check time");
  }
}
function drawOpen(row, service, fits) {
  if (!row.inside) openRow(row);
  const past = state.of.get(service.name);
  const wanted = service.servers.filter(fits);
  const names = new Set(wanted.map((server) => server.address));
  for (const [name, it] of row.servers) if (!names.has(name)) { it.row.remove(); row.servers.delete(name); }
  for (const server of wanted) {
    let it = row.servers.get(server.address);
    if (!it) { it = makeServer(server.address); row.servers.set(server.address, it); row.body.append(it.row); }
    drawServer(it, service, server, past && state.history && past.servers[server.address]);
  }
}
function drawServices() {
  const text = $("filter").value.trim().toLowerCase();
  const only = $("problems").checked;
  const has = (...texts) => !text || texts.some((it) => String(it).toLowerCase().includes(text));
  let shown = 0;
  const names = new Set();
  for (const service of state.status.services) {
    names.add(service.name);
    let row = state.rows.get(service.name);
    if (!row) { row = makeRow(service.name); state.rows.set(service.name, row); $("list").append(row.box); }
    const own = has(service.name, keyText(service.key));
    const found = (server) => (!only || isSick(server))
      && (own || has(server.address, stateOf(server)[0], why(server)));
    const visible = only ? (isSickService(service) && own) || service.servers.some(found)
      : own || service.servers.some(found);
    if (row.box.hidden === visible) row.box.hidden = !visible;
    if (!visible) continue;
    shown += 1;
    drawService(row, service);
    const open = state.open.has(service.name);
    if (row.button.getAttribute("aria-expanded") !== String(open)) {
      row.button.setAttribute("aria-expanded", String(open));
    }
    if (open) drawOpen(row, service, (server) => !only && own ? true : found(server));
    else if (row.inside) { row.inside.remove(); row.inside = null; row.servers.clear(); }
  }
  for (const [name, row] of state.rows) if (!names.has(name)) { row.box.remove(); state.rows.delete(name); }
  $("nothing").hidden = shown > 0;
}
function drawService(row, service) {
  const up = service.servers.filter((server) => server.health === "up").length;
  const all = service.servers.length;
  put(row.about, keyText(service.key) + " · " + service.settings + (service.panicking
    ? " · checks are not believed" : "") + (service.quorate ? "" : " · below its quorum"));
  put(row.pill, service.fallback_serving ? "fallback" : up + "/" + all + " up");
  dress(row.pill, "pill " + (up === all && !isSickService(service) ? "good" : up ? "odd" : "bad"));
  put(row.active, count(sum(service.servers.map((server) => held(server)[0]))));
  const rates = service.servers.map((it) => state.rates.get(service.name + "/" + it.address)).filter(Boolean);
  put(row.fresh, rates.length ? rate(sum(rates.map((it) => it.connections))) : "–");
  put(row.bytes, rates.length ? count(sum(rates.map((it) => it.bytes))) : "–");
  const runs = state.history && state.history.services[service.name];
  if (runs && row.drawn !== runs) {
    row.drawn = runs;
    timeline(row.line, runs, (serving, total, fallback) => [fallback || !serving ? "bad-fill"
      : serving < total ? "odd-fill" : "good-fill", serving + " of " + total + " serve"], "servers of " + service.name);
  }
}
function drawEvents() {
  const { now } = view();
  $("events").replaceChildren(...state.history.events.slice(-100).reverse().map((event) => el("li", {},
    el("time", {}, span(now - event.at_ms) === "now" ? "now" : span(now - event.at_ms)),
    el("span", { class: event.level }, event.level), el("span", {}, event.message))));
}
function drawHead() {
  const { status } = state;
  put($("node"), status.node);
  document.title = status.node + " · Linux Director";
  const of = (role) => status.groups.filter((group) => group.role === role).map((group) => group.name);
  const roles = ["active", "taking", "releasing", "standby", "waiting", "stopped"].filter((role) => of(role).length)
    .map((role) => role + " for " + of(role).join(", "));
  put($("cluster"), "cluster " + status.cluster + " · " + (roles.join("; ") || "no groups")
    + " · up " + span(status.started_ms));
}
function drawLive() {
  const lost = Boolean(state.failed);
  document.body.classList.toggle("lost", lost);
  put($("live-text"), lost ? "not connected for " + span(Date.now() - state.seen) + ", trying again" : "live");
}

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(6000), cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error || answer.statusText);
  return body;
}
async function lookAt(name) {
  try {
    const past = (await get("/api/v1/history?service=" + encodeURIComponent(name))).history;
    state.of.set(name, past);
    if (state.open.has(name)) drawServices();
  } catch { state.of.delete(name); }
}
function takeCounters(counters) {
  const before = state.counters;
  if (before && before.read_ms !== counters.read_ms) {
    const seconds = (counters.read_ms - before.read_ms) / 1000;
    const old = new Map(before.servers.map((it) => [it.service + "/" + it.server, it]));
    state.rates = new Map();
    for (const it of counters.servers) {
      const was = old.get(it.service + "/" + it.server);
      if (seconds <= 0 || !was || was.connections > it.connections) continue;
      state.rates.set(it.service + "/" + it.server, { connections: (it.connections - was.connections) / seconds,
        bytes: (it.bytes_in + it.bytes_out - was.bytes_in - was.bytes_out) / seconds });
    }
  }
  state.counters = counters;
}
function mergeCounters() {
  if (!state.counters) return;
  const now = new Map(state.counters.servers.map((it) => [it.service + "/" + it.server, it]));
  for (const service of state.status.services) for (const server of service.servers) {
    const it = now.get(service.name + "/" + server.address);
    if (it) server.now = [it.active, it.inactive];
  }
}
let round = 0;
let print = "";
// What has just changed is wanted in the time lines at once; otherwise they may be seconds old.
function noteChanges() {
  const states = state.status.services.map((service) => service.name + service.fallback_serving
    + service.servers.map((server) => server.address + server.health + server.duty).join());
  const owners = state.status.groups.map((group) => group.name + group.owner);
  const now = states.join(";") + owners.join(";");
  if (now !== print) round = 0;
  print = now;
}
let remembering = false;
async function remember(open) {
  if (remembering) return;
  remembering = true;
  try {
    state.history = Object.assign((await get("/api/v1/history")).history, { taken: Date.now() });
    drawEvents(); drawGroups(); drawServices();
    if (open) await Promise.all([...state.open].map(lookAt));
  } catch { round = 0; }
  remembering = false;
}
let busy = false;
let again = false;
async function look() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const [status, counters] = await Promise.all([get("/api/v1/status"),
      get("/api/v1/counters").catch(() => null)]);
    state.status = status.status;
    if (counters) takeCounters(counters.counters);
    mergeCounters();
    noteChanges();
    // What was may take long to tell; what is does not wait for it.
    if (round % 5 === 0 || !state.history) remember(round % 10 === 0);
    round += 1;
    state.seen = Date.now();
    state.failed = "";
    drawHead(); drawFacts(); drawGroups(); drawPeers(); drawServices();
  } catch (error) { state.failed = String(error); }
  busy = false;
  if (again) { again = false; soon(); }
  drawLive();
}
// What happens is told at once. Not everybody can listen at a time: who cannot asks every second all the same.
let told = null;
let due = 0;
function soon() { if (!due) due = setTimeout(() => { due = 0; look(); }, 150); }
function listen() {
  if (told) told.close();
  told = document.hidden ? null : new EventSource("/api/v1/events");
  if (told) told.onmessage = soon;
}
async function forever() {
  if (!document.hidden) await look();
  setTimeout(forever, 1000);
}

function visibleRows() { return [...state.rows.values()].filter((row) => !row.box.hidden); }
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === $("filter")) {
    if (event.key === "Escape") { $("filter").value = ""; $("filter").blur(); drawServices(); }
    return;
  }
  const rows = visibleRows();
  const at = rows.findIndex((row) => row.button === document.activeElement);
  if (event.key === "/") { event.preventDefault(); $("filter").focus(); }
  else if (event.key === "p") { $("problems").checked = !$("problems").checked; drawServices(); }
  else if (event.key === "j" && rows.length) rows[Math.min(at + 1, rows.length - 1)].button.focus();
  else if (event.key === "k" && rows.length) rows[Math.max(at - 1, 0)].button.focus();
});
$("filter").addEventListener("input", () => state.status && drawServices());
$("problems").addEventListener("change", () => state.status && drawServices());
document.addEventListener("visibilitychange", () => { listen(); if (!document.hidden) look(); });
// For links: #web opens the service web.
if (location.hash.length > 1) state.open.add(decodeURIComponent(location.hash.slice(1)));
state.seen = Date.now();
listen();
forever();
