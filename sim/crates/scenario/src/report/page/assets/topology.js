const KINDS = {
  router: '<circle cx="8" cy="8" r="6"/><path d="M8 4v8M4 8h8"/>',
  director: '<path d="M2 8h4l3-4h5M6 8l3 4h5"/><circle cx="2.5" cy="8" r="1.2"/>',
  server: '<rect x="2" y="2.5" width="12" height="4.4" rx="1"/><rect x="2" y="9" width="12" height="4.4" rx="1"/>',
  client: '<rect x="2" y="3" width="12" height="8" rx="1"/><path d="M6 14h4"/>',
};

/** Where everything stands in a picture of that width. */
function placed(run, width) {
  const members = (name) => run.nodes.filter((node) => node.ports.some(([segment]) => segment === name));
  const servers = run.nodes.filter((node) => node.kind === "server");
  const weight = (name) => members(name).length + (members(name).some((node) => node.kind === "server") ? 100 : 0);
  const main = [...run.segments].sort((a, b) => weight(b) - weight(a))[0];
  const others = run.segments.filter((name) => name !== main && members(name).length > 0);
  const low = others.filter((name) => members(name).some((node) => node.kind === "server"));
  const high = others.filter((name) => !low.includes(name));
  const rank = { client: 0, router: 1, director: 2 };
  const above = run.nodes.filter((node) => node.kind !== "server").sort((a, b) => rank[a.kind] - rank[b.kind]);
  const pad = 14, gap = width < 500 ? 10 : 26, boxes = new Map(), buses = new Map();
  high.forEach((name, i) => buses.set(name, 20 + i * 30));
  const y = 20 + high.length * 30 + 26, bh = 62;
  const bw = Math.min(170, (width - 2 * pad - gap * (above.length - 1)) / Math.max(1, above.length));
  const free = (width - 2 * pad - above.length * bw) / Math.max(1, above.length);
  above.forEach((node, i) => boxes.set(node.name, { x: pad + free / 2 + i * (bw + free), y, w: bw, h: bh, node }));
  const bus = y + bh + 34;
  buses.set(main, bus);
  const sw0 = width < 500 ? 78 : 104;
  const columns = clamp(Math.floor((width - 2 * pad + gap) / (sw0 + gap)), 1, Math.max(1, servers.length));
  const sw = Math.min(150, (width - 2 * pad - gap * (columns - 1)) / columns);
  const sfree = (width - 2 * pad - columns * sw) / columns;
  servers.forEach((node, i) => {
    const column = i % columns, row = Math.floor(i / columns);
    boxes.set(node.name, { x: pad + sfree / 2 + column * (sw + sfree), y: bus + 56 + row * (54 + 18), w: sw, h: 50, node, row });
  });
  const rows = Math.ceil(servers.length / columns);
  const bottom = servers.length ? bus + 56 + rows * 72 : bus + 30;
  low.forEach((name, i) => buses.set(name, bottom + 10 + i * 30));
  return { boxes, buses, main, height: bottom + low.length * 30 + 4 };
}

const stateOf = (run, kind, ...key) => {
  const lane = run.lanes.find((lane) => lane.kind === kind && key.every((word, i) => lane.key[i] === word));
  return (t) => (lane ? at(lane, t) : null);
};
const named = (text, name) => new RegExp(`(^|[^\\w])${name.replace(/[^\w]/g, "\\$&")}($|[^\\w])`).test(text);

/** How a node's port on a segment fares. */
function wireTone(state, node) {
  if (!state || state.tone === "good") return "";
  if (state.text === "cut" || named(state.text, node)) return `tone-${state.tone}`;
  return "";
}

function wires(run, t, place) {
  let out = "";
  for (const [segment, y] of place.buses) {
    const state = stateOf(run, "segment", segment)(t);
    const on = run.nodes.filter((node) => node.ports.some(([name]) => name === segment));
    const shift = segment === place.main ? 0 : 14;
    const spots = on.map((node) => {
      const box = place.boxes.get(node.name);
      const side = box.row > 0 && y < box.y;
      return { node, box, x: side ? box.x - 8 : box.x + box.w / 2 + shift, side };
    });
    const xs = spots.map((spot) => spot.x);
    const tone = state && (state.text === "cut" || state.tone === "passing") ? `tone-${state.tone}` : "";
    out += `<line class="bus ${tone}" x1="${Math.min(...xs) - 26}" x2="${Math.max(...xs) + 26}" y1="${y}" y2="${y}"/>`;
    for (const { node, box, x, side } of spots) {
      const end = y < box.y ? box.y : box.y + box.h;
      const tone = wireTone(state, node.name);
      out += side ? `<path class="wire ${tone}" d="M${x} ${y}V${box.y + 20}h8"/>` : `<line class="wire ${tone}" x1="${x}" x2="${x}" y1="${y}" y2="${end}"/>`;
      if (tone === "tone-bad") {
        const m = side ? box.y - 8 : (y + end) / 2;
        out += `<path class="cross" d="M${x - 5} ${m - 5}l10 10m0-10l-10 10"/>`;
      }
    }
    const said = state && state.tone !== "good" ? `${segment}: ${state.text}` : segment;
    const left = Math.max(4, Math.min(...xs) - 24);
    out += `<text class="small" x="${left}" y="${y - 7}">${esc(said.length > 44 ? `${said.slice(0, 43)}…` : said)}</text>`;
  }
  return out;
}

/** What a box says of its node, and how it is drawn. */
function standing(run, t, node) {
  if (node.kind === "director") {
    const machine = stateOf(run, "machine", node.name)(t);
    const roles = run.lanes.filter((lane) => lane.kind === "role" && lane.node === node.name);
    const states = roles.map((lane) => ({ lane, now: at(lane, t) }));
    const lead = states.find(({ now }) => now.tone === "good") ?? states[0];
    if (machine && machine.tone !== "good") return [machine.text, `tone-${machine.tone}`];
    if (!lead) return ["", "tone-idle"];
    const words = [...new Set(states.map(({ now }) => now.text))];
    return [words.join(" / "), shade(run, lead.lane, lead.now)];
  }
  if (node.kind === "server") {
    const now = stateOf(run, "server", node.name)(t) ?? { text: "", tone: "idle" };
    return [now.text === "ok" ? "answers" : now.text, `tone-${now.tone === "good" ? "idle" : now.tone}`];
  }
  return [node.kind, "tone-idle"];
}

function traffic(run, t, place) {
  let out = "";
  for (const lane of run.lanes.filter((lane) => lane.kind === "arp")) {
    const from = place.boxes.get(lane.key[0]), now = at(lane, t), to = place.boxes.get(now.text);
    if (!from || !to) continue;
    const x1 = from.x + from.w * 0.6, x2 = to.x + to.w * 0.5, y = from.y + from.h, deep = 22;
    const bad = now.tone === "bad";
    out += `<path class="flow ${bad ? "bad" : ""}" marker-end="url(#${bad ? "arrow-bad" : "arrow"})" d="M${x1} ${y}C${x1} ${y + deep} ${x2 - 24} ${y + deep} ${x2 - 24} ${y + 1}"/>`;
    const owners = run.lanes.find((other) => other.kind === "owner" && other.key[0] === lane.key[1]);
    if (bad || !owners || !at(owners, t).text.split(" + ").includes(now.text)) continue;
    for (const entry of run.lanes.filter((entry) => entry.kind === "table" && entry.node === now.text)) {
      const server = place.boxes.get(entry.key[2]), state = at(entry, t);
      if (!server || server.node.kind !== "server" || !/weight [1-9]/.test(state.text)) continue;
      const sx = server.x + server.w / 2 - 12, dy = to.y + to.h;
      out += `<path class="flow" marker-end="url(#arrow)" d="M${x2 + 8} ${dy}C${x2 + 8} ${dy + 48} ${sx} ${server.y - 48} ${sx} ${server.y - 1}"/>`;
    }
  }
  return out;
}

function pills(run, t, place) {
  let out = "";
  const used = new Map();
  for (const lane of run.lanes.filter((lane) => lane.kind === "owner")) {
    const now = at(lane, t), address = lane.key[0];
    const holders = now.text === "nobody" ? [null] : now.text.split(" + ");
    for (const holder of holders) {
      const box = place.boxes.get(holder);
      const text = box ? address : `${address}: nobody`;
      const w = text.length * 7.4 + 18, nth = used.get(holder) ?? 0;
      used.set(holder, nth + 1);
      const x = box ? clamp(box.x + box.w / 2 - w / 2 - 14, 2, 4000) : 18 + nth * 30, y = (box ? box.y - 17 : place.buses.get(place.main) + 12) - nth * 13;
      const tone = box ? shade(run, lane, now) : "tone-bad";
      out += `<g class="pill"><rect class="box" x="${x}" y="${y}" width="${w}" height="22" rx="11"/><rect class="box ${tone}" x="${x}" y="${y}" width="${w}" height="22" rx="11"/><text x="${x + w / 2}" y="${y + 15}" text-anchor="middle">${esc(text)}</text></g>`;
    }
  }
  return out;
}

/** The picture at a moment. */
function drawTopology(run, t, width) {
  const place = placed(run, width);
  let out = wires(run, t, place) + traffic(run, t, place);
  for (const { x, y, w, h: height, node } of place.boxes.values()) {
    const [what, tone] = standing(run, t, node);
    const cover = { "tone-bad": "p-bad", "tone-passing": "p-passing", "tone-off": "p-off" }[tone];
    const room = Math.floor((w - 16) / 6.6);
    const mark = node.kind === "director" || node.kind === "server" ? `${MARKS[tone.slice(5)] ?? "●"} ` : "";
    const said = mark + what;
    const [, address = ""] = node.ports.find(([name]) => name === place.main) ?? node.ports[0] ?? [];
    out += `<g><title>${esc(`${node.name}, ${node.kind}: ${what}. ${node.ports.map((port) => port.join(" ")).join(", ")}`)}</title>`;
    out += `<rect class="box" x="${x}" y="${y}" width="${w}" height="${height}" rx="10"/><rect class="box ${tone}" x="${x}" y="${y}" width="${w}" height="${height}" rx="10"/>`;
    if (cover) out += `<rect x="${x}" y="${y}" width="${w}" height="${height}" rx="10" fill="url(#${cover})" opacity=".5"/>`;
    if (w > 100) out += `<g class="icon" transform="translate(${x + w - 24} ${y + 8})">${KINDS[node.kind]}</g>`;
    out += `<text class="name" x="${x + 10}" y="${y + 20}">${esc(node.name)}</text>`;
    out += `<text class="what" x="${x + 10}" y="${y + 37}">${esc(said.length > room ? `${said.slice(0, room - 1)}…` : said)}</text>`;
    if (height > 55 && w > 90) out += `<text class="small" x="${x + 10}" y="${y + 53}">${esc(address.replace(/\/.*/, ""))}</text>`;
    out += "</g>";
  }
  out += pills(run, t, place);
  return svg({ viewBox: `0 0 ${width} ${place.height}`, width, height: place.height, role: "img", "aria-label": `Topology at ${moment(t)} s. ${summary(run, t)}` }, out);
}

/** The moment in one sentence. */
function summary(run, t) {
  const owners = run.lanes.filter((lane) => lane.kind === "owner").map((lane) => `${lane.key[0]} is held by ${at(lane, t).text}`);
  const roles = run.lanes.filter((lane) => lane.kind === "role").map((lane) => `${lane.node} is ${at(lane, t).text}`);
  return [...owners, ...roles].join("; ");
}
