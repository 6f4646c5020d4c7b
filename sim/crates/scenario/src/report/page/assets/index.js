const main = document.getElementById("main");
const BRAND = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="4" cy="12" r="2.2"/><circle cx="20" cy="5" r="2.2"/><circle cx="20" cy="19" r="2.2"/><path d="M6.5 12H11l4-7h2.5M11 12l4 7h2.5"/></svg>';

function top() {
  const { held, violated, skipped, impossible } = page.summary, root = document.documentElement;
  const theme = button("theme", "Light or dark", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.getElementById("top").append(
    h("div", { class: "brand", html: `${BRAND}<span>${esc(page.title)}</span>` }), h("div", { class: "spread" }),
    held ? chip("held", `${held} held`) : "", violated ? chip("violated", `${violated} violated`) : "",
    skipped ? h("span", { class: "chip skipped quiet" }, `${skipped} skipped`) : "", impossible ? h("span", { class: "chip impossible quiet" }, `${impossible} not run`) : "", theme);
}

const worst = (run) => Math.max(0, ...(run.clients ?? []).map((client) => client.figures?.outage_ns ?? 0));
const sum = (run, outcomes) => (run.clients ?? []).reduce((total, client) => total + outcomes.reduce((part, word) => part + (client.figures?.outcomes[word] ?? 0), 0), 0);
const all = (run) => (run.clients ?? []).reduce((total, client) => total + (client.figures?.connections ?? 0), 0);

function cards(run) {
  const card = (name, value, unit, note, alarm) => h("dl", { class: `panel card ${alarm ? "alarm" : ""}` }, h("dt", {}, name), h("dd", {}, value, " ", h("small", {}, unit)), h("p", {}, note));
  const split = (ns) => span(ns).split(/ (.*)/);
  const total = all(run), served = sum(run, ["served"]), broken = sum(run, ["reset", "stalled"]);
  const [value, unit] = split(worst(run));
  const owner = run.lanes.filter((lane) => lane.kind === "owner");
  const moves = owner.reduce((count, lane) => count + lane.spans.filter((stretch, i) => i > 0 && stretch.text !== "nobody").length, 0) - owner.length;
  const none = owner.reduce((total, lane) => total + lane.spans.slice(1).filter((stretch) => stretch.text === "nobody").reduce((part, stretch) => part + stretch.to_ns - stretch.from_ns, 0), 0);
  const held = run.claims.filter((claim) => claim.ruling === "held").length, judged = run.claims.filter((claim) => claim.ruling !== "not-judged").length;
  const [nobody, nobodyUnit] = split(none);
  return h("div", { class: "cards" },
    run.clients.length ? card("Longest outage", value, unit, "that a client saw") : null,
    run.clients.length ? card("Connections not served", (total - served).toLocaleString("en"), `of ${total.toLocaleString("en")}`, broken ? `${broken} of them broken after the handshake` : "none broken after the handshake") : null,
    owner.length ? card("Address without owner", nobody, nobodyUnit, `after its first; it changed hands ${plural(Math.max(0, moves), "time")}`) : null,
    card("Expectations held", String(held), `of ${judged}`, held === judged ? "nothing was violated" : `${judged - held} violated`, held !== judged));
}

function timePanel(run, looking) {
  const folded = new Set(run.lanes.filter((lane) => lane.node).length > 12 ? directorsOf(run) : []);
  let rows = rowsOf(run, folded), drawing = new Drawing(run, 600, looking.a, looking.b);
  const stage = svg({ class: "stage", "aria-hidden": "true" }), labels = h("div", { class: "labels" });
  const strip = svg({ class: "overview", height: 34, "aria-hidden": "true" });
  const keys = h("div", { class: "timeline", tabindex: "0", role: "application", "aria-roledescription": "time axis", "aria-label": "Time axis. Arrow keys move the cursor, n and p go to the next and previous event, plus and minus zoom, a and d pan, 0 shows the whole run, space plays. The story has the same in words." }, labels, stage);
  const nameRows = () => labels.replaceChildren(...rows.map((row) => {
    const fold = row.type === "group" && row.extra > 0 && h("button", { type: "button", "aria-expanded": String(!row.isFolded), "aria-label": `${row.isFolded ? "Show" : "Hide"} peers and servers of ${row.node}`, onclick: () => {
      if (!folded.delete(row.node)) folded.add(row.node);
      rows = rowsOf(run, folded); nameRows(); draw();
      labels.querySelector(`[data-node="${row.node}"] button`)?.focus();
    } }, row.isFolded ? `+ ${row.extra}` : "fold");
    return h("div", { class: row.type, style: `height:${row.h}px`, title: row.label, "data-node": row.node }, h("span", {}, row.label), fold || "");
  }));
  const draw = () => {
    drawing = new Drawing(run, Math.max(120, stage.clientWidth || 600), looking.a, looking.b);
    stage.setAttribute("height", rows.height);
    stage.innerHTML = drawing.all(rows, looking.t);
    const width = strip.clientWidth || 600;
    strip.innerHTML = drawOverview(run, width, looking, looking.t);
    play.replaceChildren(icon(looking.playing ? "pause" : "play"));
    play.setAttribute("aria-pressed", String(Boolean(looking.playing)));
    shown.textContent = `${span(looking.b - looking.a)} of ${span(run.end_ns)}`;
  };
  const play = button("play", "Play this window", () => looking.play()), shown = h("small");
  movable(stage, keys, looking, () => drawing);
  overviewMoves(strip, looking);
  looking.hear(draw);
  nameRows();
  resized(keys, draw);
  const jump = (text, act) => h("button", { class: "button small", type: "button", onclick: act }, text);
  const jumps = h("div", { class: "jumps" }, jump("Whole run", () => looking.whole()), run.faults.slice(0, 24).map((fault) =>
    jump(`${moment(fault.at_ns, 1e10)} ${fault.text}`, () => { const wide = Math.min(1.5e9, run.end_ns); looking.window(fault.at_ns - wide * 0.15, fault.at_ns + wide * 0.85); looking.set(fault.at_ns); })));
  const tools = h("div", { class: "tools", role: "toolbar", "aria-label": "Time axis" },
    button("before", "Previous event", () => looking.step(-1)), play, button("after", "Next event", () => looking.step(1)),
    button("wider", "Show more time", () => looking.zoom(1 / 0.6)), button("closer", "Show less time", () => looking.zoom(0.6)), button("whole", "Show the whole run", () => looking.whole()));
  const sample = (tone, text, cover) => h("span", {}, svg({ viewBox: "0 0 22 12", "aria-hidden": "true" }, `<rect class="box tone-${tone}" x="1" y="1" width="20" height="10" rx="3"/>${cover ? `<rect x="1" y="1" width="20" height="10" rx="3" fill="url(#${cover})"/>` : ""}`), `${MARKS[tone]} ${text}`);
  const legend = h("div", { class: "legend" }, sample("good", "works"), sample("idle", "ready"), sample("passing", "in between", "p-passing"), sample("bad", "wrong", "p-bad"), sample("off", "off", "p-off"),
    h("span", { class: "hide-small" }, h("span", {}, h("kbd", {}, "ctrl"), " + wheel zooms, drag pans, ", h("kbd", {}, "n"), " next event, ", h("kbd", {}, "space"), " plays")));
  return h("section", { class: "panel", "aria-label": "Time" }, h("header", {}, h("h2", {}, "Time ", shown), tools), jumps, h("div", { class: "overview-wrap" }, strip), keys, legend);
}

function topologyPanel(run, looking) {
  const body = h("div", { class: "topology" });
  const draw = () => body.replaceChildren(drawTopology(run, looking.t, Math.max(300, body.clientWidth)));
  looking.hear(draw);
  resized(body, draw);
  return h("section", { class: "panel", "aria-label": "Topology" }, h("header", {}, h("h2", {}, "Topology ", h("small", {}, "as it is at the cursor"))), body);
}

function showRun(number) {
  const run = page.runs[number];
  const link = (to, name, text) => h("a", { class: "button", href: `#${to}`, "aria-label": text, title: text }, icon(name));
  const many = page.runs.length > 1 || page.sheets.length > 0;
  const nav = many && h("nav", { "aria-label": "Scenarios" }, h("a", { class: "button", href: "#" }, "All scenarios"), number > 0 && link(number, "before", "Previous scenario"), number + 1 < page.runs.length && link(number + 2, "after", "Next scenario"));
  const facts = run.engine ? [h("span", { class: "chip" }, `engine ${run.engine}`), h("span", { class: "chip" }, `seed ${run.seed}`), h("span", { class: "chip" }, span(run.end_ns))] : [];
  const head = h("div", { class: "head" }, h("div", {}, h("h1", {}, run.title), h("p", {}, run.why), h("div", { class: "facts" }, chip(run.result), facts, h("span", { class: "chip mono file" }, run.file))), nav || "");
  document.title = `${run.title} · ${page.title}`;
  if (!run.engine) { main.replaceChildren(head, h("div", { class: "panel note" }, `${WORDS[run.result]}: ${run.reason}`)); return; }
  const looking = new Looking(run);
  const moment = Number(location.hash.split("@")[1]);
  if (moment > 0) looking.set(moment * 1e9);
  main.replaceChildren(head, cards(run),
    h("div", { class: "row scene" }, topologyPanel(run, looking), momentPanel(run, looking)),
    h("div", { class: "row time" }, timePanel(run, looking), storyPanel(run, looking)), claimsPanel(run, looking));
  const [scene, time] = main.querySelectorAll(".row");
  fitted(scene.children[0], scene.children[1].querySelector(".moment"), 56);
  fitted(time.children[0], time.children[1].querySelector(".lines"), 0);
}

/** The right panel is as high as the left one, and scrolls inside. */
function fitted(left, inner, rest) {
  const fit = () => {
    const wide = matchMedia("(min-width: 1080px)").matches;
    if (rest) inner.style.maxHeight = wide ? `${Math.max(300, left.offsetHeight - rest)}px` : "";
    else inner.parentElement.style.height = wide ? `${Math.max(560, left.offsetHeight)}px` : "";
  };
  resized(left, fit);
  left.closest(".row").style.alignItems = "start";
  requestAnimationFrame(fit);
}

function sheetPanel(sheet) {
  const value = (text) => (/^[\d,.]+( |$)/.test(text) ? parseFloat(text.replace(/,/g, "")) : NaN);
  const numeric = sheet.columns.map((_, i) => sheet.rows.length > 0 && sheet.rows.every((row) => row[i] === "-" || row[i] === "" || !Number.isNaN(value(row[i]))));
  const head = h("tr", {}, sheet.columns.map((name, i) => h("th", { scope: "col", class: numeric[i] ? "num" : "" }, name)));
  const body = sheet.rows.map((row) => h("tr", {}, row.map((cell, i) => h("td", { class: numeric[i] ? "num" : "" }, cell))));
  return h("section", { class: "panel", style: "margin-bottom:16px" }, h("header", {}, h("h2", {}, sheet.title)), sheet.about ? h("p", { class: "note" }, sheet.about) : "",
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": sheet.title }, h("table", { class: "list" }, h("thead", {}, head), h("tbody", {}, body))));
}

function showIndex() {
  document.title = page.title;
  const filter = { text: "", word: "" };
  const body = h("tbody");
  const draw = () => body.replaceChildren(...page.runs.map((run, i) => [run, i]).filter(([run]) =>
    (!filter.word || run.result === filter.word) && `${run.title} ${run.file} ${run.why}`.toLowerCase().includes(filter.text)).map(([run, i]) => {
    const claims = run.claims ?? [], held = claims.filter((claim) => claim.ruling === "held").length;
    const strip = run.engine ? svg({ class: "strip", viewBox: "0 0 150 34", preserveAspectRatio: "none", "aria-hidden": "true" }, drawOverview(run, 150, null, 0)) : "";
    return h("tr", {}, h("td", {}, h("span", { class: `verdict ${run.result}` }, icon(run.result), WORDS[run.result])),
      h("td", { class: "title" }, h("a", { href: `#${i + 1}` }, run.title), h("small", {}, run.reason ?? run.file)),
      h("td", { class: "wide" }, strip), h("td", { class: "num" }, run.engine && run.clients.length ? span(worst(run)) : "", h("small", {}, run.engine && run.clients.length ? "outage" : "")),
      h("td", { class: "num wide" }, run.engine ? `${all(run) - sum(run, ["served"])} of ${all(run)}` : ""), h("td", { class: "num" }, run.engine ? `${held} of ${claims.length}` : "", h("small", {}, run.engine ? "held" : "")));
  }));
  draw();
  const words = [...new Set(page.runs.map((run) => run.result))];
  const total = page.runs.filter((run) => run.engine);
  const head = h("div", { class: "head" }, h("div", {}, h("h1", {}, page.title), h("p", {}, `${plural(page.runs.length, "scenario")}, ${plural(page.summary.expectations_held, "expectation")} held, ${page.summary.expectations_violated} violated, ${page.summary.expectations_not_judged} not judged. ${total.length ? `${plural(total.reduce((count, run) => count + all(run), 0), "connection")} of clients in ${span(total.reduce((time, run) => time + run.end_ns, 0))} of time.` : ""}`)));
  const choose = h("div", { class: "tools" }, h("input", { class: "field", style: "width:220px", type: "search", placeholder: "Search scenarios", "aria-label": "Search scenarios", oninput: (event) => { filter.text = event.target.value.toLowerCase(); draw(); } }),
    words.length > 1 ? words.map((word) => h("button", { class: "button small", type: "button", "aria-pressed": "false", onclick: (event) => {
      filter.word = filter.word === word ? "" : word;
      event.currentTarget.parentElement.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", "false"));
      event.currentTarget.setAttribute("aria-pressed", String(filter.word === word));
      draw();
    } }, WORDS[word])) : "");
  const runs = page.runs.length ? h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Scenarios"), choose),
    h("table", { class: "list runs" }, h("thead", {}, h("tr", {}, ["Verdict", "Scenario", "Owners over time", "Longest outage", "Not served", "Expectations"].map((name, i) => h("th", { scope: "col", class: i > 2 ? "num" : "" }, name)))), body)) : "";
  main.replaceChildren(head, ...page.sheets.map(sheetPanel), runs);
}

function show() {
  const number = parseInt(location.hash.slice(1), 10) - 1;
  if (page.runs[number]) showRun(number);
  else if (page.runs.length === 1 && page.sheets.length === 0) showRun(0);
  else showIndex();
  scrollTo(0, 0);
}

top();
show();
addEventListener("hashchange", () => { show(); main.focus({ preventScroll: true }); });
