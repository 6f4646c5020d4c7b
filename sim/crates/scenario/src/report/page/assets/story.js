const SORTS = [["fault", "What is done"], ["role", "Roles"], ["address", "Addresses"], ["peer", "Peers"], ["server", "Checks"], ["table", "Tables"], ["client", "Clients"], ["note", "Other"]];

/** The lines of the story beside the time axis: filtered, and moving with the cursor. */
function storyPanel(run, looking) {
  const filter = { text: "", sorts: new Set(), node: "", inView: false };
  const list = h("ol", { class: "lines", "aria-label": "Lines of the story", tabindex: "0" });
  const count = h("small");
  let shown = [], current = -1, window = "";
  const draw = () => {
    const words = filter.text.toLowerCase();
    shown = run.log.filter((line) =>
      (filter.sorts.size === 0 || filter.sorts.has(line.kind)) &&
      (!filter.node || line.node === filter.node || named(line.text, filter.node)) &&
      (!words || line.text.toLowerCase().includes(words)) &&
      (!filter.inView || (line.at_ns >= looking.a && line.at_ns <= looking.b)));
    const limit = 3000;
    list.replaceChildren(...shown.slice(0, limit).map((line) =>
      h("li", { class: `of-${line.kind}` }, h("button", { type: "button", onclick: () => looking.set(line.at_ns) }, h("time", { class: "mono" }, moment(line.at_ns)), h("span", {}, line.text)))));
    if (shown.length === 0) list.append(h("li", { class: "empty" }, "No line fits. Clear the search or the filters above."));
    if (shown.length > limit) list.append(h("li", { class: "empty" }, `${shown.length - limit} more: narrow the filters.`));
    count.textContent = shown.length === run.log.length ? plural(run.log.length, "line") : `${shown.length} of ${plural(run.log.length, "line")}`;
    current = -2;
    follow();
  };
  const follow = () => {
    const last = shown.findLastIndex((line) => line.at_ns <= looking.t + 500);
    if (last === current) return;
    current = last;
    [...list.children].forEach((item, i) => {
      const button = item.firstElementChild;
      if (!button) return;
      button.setAttribute("aria-current", i === last ? "true" : "false");
      button.classList.toggle("later", i > last);
    });
    const item = list.children[Math.max(0, last)];
    if (item) list.scrollTop = item.offsetTop - list.clientHeight / 2 + item.offsetHeight / 2;
  };
  looking.hear(() => {
    const now = `${looking.a}-${looking.b}`;
    if (filter.inView && now !== window) { window = now; draw(); } else follow();
  });
  const toggle = (kind, text) => h("button", { class: "button small", type: "button", "aria-pressed": "false", onclick: (event) => {
    if (!filter.sorts.delete(kind)) filter.sorts.add(kind);
    event.currentTarget.setAttribute("aria-pressed", String(filter.sorts.has(kind)));
    draw();
  } }, text);
  const nodes = [...new Set(run.log.map((line) => line.node).filter(Boolean))];
  const filters = h("div", { class: "filters" },
    h("input", { class: "field", type: "search", placeholder: "Search the story", "aria-label": "Search the story", oninput: (event) => { filter.text = event.target.value; draw(); } }),
    SORTS.filter(([kind]) => run.log.some((line) => line.kind === kind)).map(([kind, text]) => toggle(kind, text)),
    h("select", { class: "button small", "aria-label": "Lines about a node", onchange: (event) => { filter.node = event.target.value; draw(); } },
      h("option", { value: "" }, "all nodes"), nodes.map((node) => h("option", { value: node }, node))),
    h("button", { class: "button small", type: "button", "aria-pressed": "false", onclick: (event) => {
      filter.inView = !filter.inView;
      event.currentTarget.setAttribute("aria-pressed", String(filter.inView));
      draw();
    } }, "only this window"));
  draw();
  // Once it has a height.
  looking.settle(() => { current = -2; follow(); });
  return h("section", { class: "panel story", "aria-label": "Story" }, h("header", {}, h("h2", {}, "Story ", count)), filters, list);
}

function claimsPanel(run, looking) {
  const item = (claim) => {
    const came = claim.ruling === "held" ? claim.measured : claim.ruling === "violated" ? `at ${moment(claim.at_ns)} s: ${claim.facts}` : `not judged: ${claim.reason}`;
    const mark = h("span", { class: `verdict ${claim.ruling}`, role: "img", "aria-label": WORDS[claim.ruling] }, icon(claim.ruling));
    const see = claim.ruling === "violated" && h("button", { class: "button small", type: "button", onclick: () => { looking.set(claim.at_ns); document.querySelector(".timeline").scrollIntoView({ block: "nearest" }); } }, "Show the moment");
    return h("li", {}, mark, h("code", {}, claim.text), h("span", { class: "measured" }, came, " ", see));
  };
  const part = (title, claims) => claims.length ? [h("h3", {}, title), h("ul", {}, claims.map(item))] : [];
  const wrong = run.claims.filter((claim) => claim.ruling === "violated").length;
  return h("section", { class: "panel", "aria-label": "Expectations" },
    h("header", {}, h("h2", {}, "Expectations"), wrong ? chip("violated", `${wrong} violated`) : chip("held", `all ${run.claims.filter((claim) => claim.ruling === "held").length} held`)),
    h("div", { class: "claims" }, part("Written in the scenario", run.claims.filter((claim) => !claim.always)), part("True of every scenario", run.claims.filter((claim) => claim.always))));
}

/** Everything that is the case at the cursor. */
function momentPanel(run, looking) {
  const body = h("div", { class: "moment" }), time = h("small", { class: "mono" });
  const line = (name, state) => h("li", {}, h("span", { class: "muted" }, name), h("span", {}, h("span", { class: `mark tone-${state.tone}`, "aria-hidden": "true" }, MARKS[state.tone]), state.text));
  const draw = () => {
    const t = looking.t;
    time.textContent = `${moment(t)} s`;
    const groups = [["Addresses", run.lanes.filter((lane) => lane.kind === "owner" || lane.kind === "arp")]];
    for (const node of run.nodes) groups.push([node.name, run.lanes.filter((lane) => lane.node === node.name && lane.kind !== "server")]);
    groups.push(["Real servers", run.lanes.filter((lane) => lane.kind === "server")], ["Network", run.lanes.filter((lane) => lane.kind === "segment")]);
    const parts = groups.filter(([, lanes]) => lanes.length).map(([title, lanes]) => [h("h3", {}, title), h("ul", {}, lanes.map((lane) => line(lane.kind === "server" ? lane.node : lane.label, at(lane, t))))]);
    const loads = run.clients.map((client) => {
      const outage = client.outages.find((one) => one.from_ns <= t && t < one.to_ns);
      return line(`client ${client.name}`, outage ? { tone: "bad", text: `not served for ${span(t - outage.from_ns)}` } : { tone: "good", text: "served" });
    });
    body.replaceChildren(...(loads.length ? [h("h3", {}, "Clients"), h("ul", {}, loads)] : []), ...parts.flat());
  };
  looking.hear(draw);
  draw();
  return h("section", { class: "panel", "aria-label": "State at the cursor" }, h("header", {}, h("h2", {}, "At the cursor ", time)), body);
}
