const HEIGHTS = { axis: 30, faults: 30, client: 50, group: 26, lane: 26 };

/** What stands below each other: lanes by node, with those that are folded left out. */
function rowsOf(run, folded) {
  const rows = [{ type: "axis", label: "seconds" }, { type: "faults", label: "what is done" }];
  for (const client of run.clients) rows.push({ type: "client", client, label: `client ${client.name}` });
  const common = run.lanes.filter((lane) => !lane.node && lane.kind !== "segment");
  common.forEach((lane) => rows.push({ type: "lane", lane, label: lane.label }));
  for (const node of run.nodes) {
    const own = run.lanes.filter((lane) => lane.node === node.name);
    if (own.length === 0) continue;
    if (node.kind === "server") {
      own.forEach((lane) => rows.push({ type: "lane", lane, label: `${node.name} ${lane.label}` }));
      continue;
    }
    const extra = own.filter((lane) => lane.kind === "peer" || lane.kind === "table");
    const isFolded = folded.has(node.name);
    rows.push({ type: "group", node: node.name, label: node.name, extra: extra.length, isFolded });
    own.filter((lane) => !isFolded || !extra.includes(lane)).forEach((lane) => rows.push({ type: "lane", lane, label: lane.label }));
  }
  run.lanes.filter((lane) => lane.kind === "segment").forEach((lane) => rows.push({ type: "lane", lane, label: lane.label }));
  let y = 0;
  for (const row of rows) { row.y = y; row.h = HEIGHTS[row.type]; y += row.h; }
  rows.height = y;
  return rows;
}

/** Round distances between ticks, at least 74 pixels apart. */
function ticks(a, b, width) {
  const wanted = (b - a) / Math.max(1, Math.floor(width / 74));
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= wanted);
  const found = [];
  for (let t = Math.ceil(a / step) * step; t <= b; t += step) found.push(t);
  const digits = clamp(Math.ceil(-Math.log10(step / 1e9) - 1e-9), 0, 6);
  return found.map((t) => [t, (t / 1e9).toFixed(digits)]);
}

class Drawing {
  constructor(run, width, a, b) { Object.assign(this, { run, width, a, b }); }
  x(t) { return ((t - this.a) / (this.b - this.a)) * this.width; }
  t(x) { return this.a + (x / this.width) * (this.b - this.a); }
  sees(from, to) { return to >= this.a && from <= this.b; }

  axis(rows) {
    let out = "";
    for (const [t, text] of ticks(this.a, this.b, this.width)) {
      const x = this.x(t);
      const anchor = x < 20 ? "start" : x > this.width - 24 ? "end" : "middle";
      out += `<line class="grid" x1="${x}" x2="${x}" y1="24" y2="${rows.height}"/><text class="tick" x="${x}" y="18" text-anchor="${anchor}">${text}</text>`;
    }
    return out;
  }

  stretches(row) {
    let out = "";
    for (const stretch of row.lane.spans) {
      if (!this.sees(stretch.from_ns, stretch.to_ns)) continue;
      const x1 = Math.max(-4, this.x(stretch.from_ns)), x2 = Math.min(this.width + 4, this.x(stretch.to_ns));
      const w = Math.max(1.5, x2 - x1), y = row.y + 4, height = row.h - 8;
      const cover = { bad: "p-bad", passing: "p-passing", off: "p-off" }[stretch.tone];
      out += `<g><title>${esc(`${row.label} ${stretch.text}: ${moment(stretch.from_ns)} to ${moment(stretch.to_ns)} s (${span(stretch.to_ns - stretch.from_ns)})`)}</title>`;
      out += `<rect class="box ${shade(this.run, row.lane, stretch)}" x="${x1}" y="${y}" width="${w}" height="${height}" rx="${Math.min(5, w / 2)}"/>`;
      if (cover && w > 3) out += `<rect x="${x1}" y="${y}" width="${w}" height="${height}" rx="5" fill="url(#${cover})"/>`;
      const text = `${MARKS[stretch.tone]} ${stretch.text}`, left = Math.max(4, x1 + 6);
      const room = Math.floor((x2 - left - 2) / 6.7);
      if (room >= 3) {
        const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
        if (cover) out += `<rect class="box nostroke" x="${left - 3}" y="${y + 2}" width="${shown.length * 6.6 + 6}" height="${height - 4}" rx="4" style="stroke:none;opacity:.86"/>`;
        out += `<text x="${left}" y="${row.y + row.h / 2 + 4}">${esc(shown)}</text>`;
      }
      out += "</g>";
    }
    return out;
  }

  faults(row) {
    let out = "", free = -1;
    const seen = this.run.faults.filter((fault) => this.sees(fault.at_ns, fault.at_ns));
    seen.forEach((fault, i) => {
      const x = this.x(fault.at_ns), mends = fault.mends ? "mends" : "", y = row.y + row.h / 2;
      out += `<g><title>${esc(`${moment(fault.at_ns)} s: ${fault.text}`)}</title>`;
      out += fault.mends ? `<circle class="faultmark mends" cx="${x}" cy="${y}" r="5"/>` : `<path class="faultmark" d="M${x - 6} ${y - 5}h12l-6 11z"/>`;
      const next = seen.slice(i + 1).map((other) => this.x(other.at_ns)).find((other) => other > x + 1) ?? this.width;
      const room = Math.floor((next - x - 18) / 6.6);
      if (room >= 4 && x >= free) {
        const shown = fault.text.length > room ? `${fault.text.slice(0, room - 1)}…` : fault.text;
        out += `<text x="${x + 10}" y="${y + 4}">${esc(shown)}</text>`;
        free = x + 10 + shown.length * 6.4;
      }
      out += "</g>";
    });
    return out;
  }

  client(row) {
    const all = connections(row.client), base = row.y + row.h - 8, top = row.y + 8;
    let from = 0, to = all.length;
    while (from < to && all[from][1] < this.a && all[from][0] < this.a) from++;
    while (to > from && all[to - 1][0] > this.b) to--;
    let out = `<line class="base" x1="0" x2="${this.width}" y1="${base}" y2="${base}"/>`;
    for (const outage of row.client.outages) {
      if (!this.sees(outage.from_ns, outage.to_ns)) continue;
      const x = this.x(outage.from_ns), w = Math.max(2, this.x(outage.to_ns) - x), text = `${span(outage.longest_ns)} outage`;
      out += `<g><title>${esc(`${moment(outage.from_ns)} to ${moment(outage.to_ns)} s: ${outage.bad} of ${outage.connections} connections were not served in time; longest outage ${span(outage.longest_ns)}`)}</title><rect class="outagebox" x="${x}" y="${row.y + 3}" width="${w}" height="${row.h - 6}" rx="3"/></g>`;
      const fits = w > text.length * 6.6, left = fits ? Math.max(x, 0) + 5 : Math.min(x + w + 5, this.width - text.length * 6.6);
      row.flags = (row.flags ?? "") + `<rect class="box" x="${left - 3}" y="${row.y + 5}" width="${text.length * 6.5 + 6}" height="16" rx="4" style="stroke:none;opacity:.9"/><text x="${left}" y="${row.y + 17}" font-weight="650">${text}</text>`;
    }
    out += to - from > this.width / 3 ? this.heaps(all, from, to, base, top) : this.single(all, from, to, base, top);
    const flags = row.flags ?? "";
    row.flags = "";
    return out + flags;
  }

  single(all, from, to, base, top) {
    let good = "", bad = "";
    for (let i = from; i < to; i++) {
      const [start, end] = all[i], x = this.x(start);
      if (isGood(all[i])) {
        good += `M${x.toFixed(1)} ${base}V${base - 14}h${Math.max(0.1, this.x(end) - x).toFixed(1)}`;
      } else {
        const x2 = Math.min(this.x(end), this.width + 9), y = top + 12 + (i % 4) * 4;
        bad += `M${x.toFixed(1)} ${base}V${y}H${x2.toFixed(1)}m-3 -3l6 6m0 -6l-6 6`;
      }
    }
    return `<path class="served" stroke-width="1.6" d="${good}"/><path class="failed" stroke-width="1.6" d="${bad}"/>`;
  }

  heaps(all, from, to, base, top) {
    const wide = 3, count = Math.ceil(this.width / wide), good = new Array(count).fill(0), bad = new Array(count).fill(0);
    for (let i = from; i < to; i++) {
      const bin = clamp(Math.floor(this.x(all[i][0]) / wide), 0, count - 1);
      if (isGood(all[i])) good[bin]++; else bad[bin]++;
    }
    const most = Math.max(1, ...good.map((value, i) => value + bad[i])), scale = (base - top - 6) / most;
    let out = "", lost = "";
    for (let i = 0; i < count; i++) {
      const g = good[i] * scale, r = bad[i] * scale;
      if (g) out += `M${i * wide} ${base}v${-g.toFixed(1)}h${wide - 0.6}v${g.toFixed(1)}z`;
      if (r) lost += `M${i * wide} ${(base - g).toFixed(1)}v${-r.toFixed(1)}h${wide - 0.6}v${r.toFixed(1)}z`;
    }
    return `<path class="sbar" d="${out}"/><path class="fbar" d="${lost}"/>`;
  }

  backs(rows) {
    let out = "";
    for (const row of rows) {
      if (row.type === "group") out += `<rect class="groupback" x="0" y="${row.y}" width="${this.width}" height="${row.h}"/>`;
      out += `<line class="rule" x1="0" x2="${this.width}" y1="${row.y + row.h - 0.5}" y2="${row.y + row.h - 0.5}" opacity=".6"/>`;
    }
    for (const client of this.run.clients) {
      for (const outage of client.outages) {
        if (!this.sees(outage.from_ns, outage.to_ns)) continue;
        const x = this.x(outage.from_ns);
        out += `<rect class="outage" x="${x}" y="30" width="${Math.max(1, this.x(outage.to_ns) - x)}" height="${rows.height}"/>`;
      }
    }
    for (const fault of this.run.faults) {
      if (!this.sees(fault.at_ns, fault.at_ns)) continue;
      const x = this.x(fault.at_ns);
      out += `<line class="fault ${fault.mends ? "mends" : ""}" x1="${x}" x2="${x}" y1="34" y2="${rows.height}"/>`;
    }
    for (const claim of this.run.claims) {
      if (claim.ruling !== "violated" || !this.sees(claim.at_ns, claim.at_ns)) continue;
      const x = this.x(claim.at_ns);
      out += `<g><title>${esc(`violated: ${claim.text}`)}</title><line class="violation" x1="${x}" x2="${x}" y1="24" y2="${rows.height}"/></g>`;
    }
    return out;
  }

  cursor(t, rows) {
    if (!this.sees(t, t)) return "";
    const x = this.x(t), text = `${moment(t, this.b - this.a)} s`, w = text.length * 6.8 + 10, left = clamp(x - w / 2, 0, this.width - w);
    return `<line class="cursor" x1="${x}" x2="${x}" y1="20" y2="${rows.height}"/><rect class="cursorflag" x="${left}" y="3" width="${w}" height="19" rx="5"/><text class="cursortext" x="${left + 5}" y="16.5">${text}</text>`;
  }

  all(rows, t) {
    let out = this.backs(rows) + this.axis(rows);
    for (const row of rows) {
      if (row.type === "lane") out += this.stretches(row);
      else if (row.type === "faults") out += this.faults(row);
      else if (row.type === "client") out += this.client(row);
    }
    return out + this.cursor(t, rows);
  }
}

/** The whole run in a strip, with the window that is shown. */
function drawOverview(run, width, window, t) {
  const whole = new Drawing(run, width, 0, run.end_ns);
  let out = `<rect class="back" width="${width}" height="34" rx="6"/>`;
  const owners = run.lanes.filter((lane) => lane.kind === "owner");
  owners.forEach((lane, i) => {
    const height = 12 / owners.length;
    for (const stretch of lane.spans) {
      const x = whole.x(stretch.from_ns);
      out += `<rect class="box ${shade(run, lane, stretch)}" style="stroke:none" x="${x}" y="${17 + i * height}" width="${Math.max(0.7, whole.x(stretch.to_ns) - x)}" height="${height - 0.5}"/>`;
    }
  });
  for (const client of run.clients) for (const outage of client.outages) {
    out += `<rect class="faultmark" opacity=".5" x="${whole.x(outage.from_ns)}" y="14" width="${Math.max(1.5, whole.x(outage.to_ns) - whole.x(outage.from_ns))}" height="18"/>`;
  }
  for (const fault of run.faults) {
    const x = whole.x(fault.at_ns);
    out += fault.mends ? `<circle class="faultmark mends" fill="var(--good)" cx="${x}" cy="8" r="3.2"/>` : `<path fill="var(--bad)" d="M${x - 4.5} 4h9l-4.5 8z"/>`;
  }
  if (window) {
    const x = whole.x(window.a);
    out += `<rect class="window" x="${x + 0.75}" y="1" width="${Math.max(3, whole.x(window.b) - x - 1.5)}" height="32" rx="5"/><line class="here" x1="${whole.x(t)}" x2="${whole.x(t)}" y1="1" y2="33"/>`;
  }
  return out;
}
