/** What is looked at: a run, a window of its time, and a moment in it. Tells those who listen. */
class Looking {
  constructor(run) {
    this.run = run;
    this.ears = [];
    this.least = Math.min(run.end_ns, 2e5);
    this.events = [...new Set(run.log.map((line) => line.at_ns))].sort((a, b) => a - b);
    Object.assign(this, firstWindow(run));
    const fault = run.faults[0];
    this.t = fault ? fault.at_ns : run.end_ns;
  }
  /** Calls it when the page has been laid out. */
  settle(ear) { requestAnimationFrame(() => requestAnimationFrame(ear)); }
  hear(ear) { this.ears.push(ear); }
  tell() {
    if (this.planned) return;
    this.planned = requestAnimationFrame(() => { this.planned = 0; this.ears.forEach((ear) => ear()); });
  }
  window(a, b) {
    const wide = clamp(b - a, this.least, this.run.end_ns);
    const left = clamp(a, 0, this.run.end_ns - wide);
    this.a = left; this.b = left + wide;
    this.tell();
  }
  pan(share) { const by = (this.b - this.a) * share; this.window(this.a + by, this.b + by); }
  zoom(factor, around = this.t >= this.a && this.t <= this.b ? this.t : (this.a + this.b) / 2) {
    const wide = clamp((this.b - this.a) * factor, this.least, this.run.end_ns);
    const share = (around - this.a) / (this.b - this.a);
    this.window(around - wide * share, around + wide * (1 - share));
  }
  whole() { this.window(0, this.run.end_ns); }
  set(t, reveal = true) {
    this.t = clamp(t, 0, this.run.end_ns);
    if (reveal && (this.t < this.a || this.t > this.b)) {
      const half = (this.b - this.a) / 2;
      this.window(this.t - half, this.t + half);
    }
    this.tell();
    say(`${moment(this.t)} seconds. ${summary(this.run, this.t)}`);
  }
  step(direction) {
    const found = direction > 0 ? this.events.find((at) => at > this.t) : this.events.findLast((at) => at < this.t);
    if (found !== undefined) this.set(found);
    return found !== undefined;
  }
  /** Plays the window in about twelve seconds; event by event where motion is not wanted. */
  play() {
    if (this.playing) return this.pause();
    if (this.t >= this.b || this.t < this.a) this.t = this.a;
    this.playing = true;
    if (calm.matches) {
      this.timer = setInterval(() => { if (!this.step(1)) this.pause(); }, 1200);
    } else {
      let last = performance.now();
      const frame = (now) => {
        if (!this.playing) return;
        this.t = Math.min(this.b, this.t + ((now - last) / 12000) * (this.b - this.a));
        last = now;
        this.tell();
        if (this.t >= this.b) this.pause(); else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }
    this.tell();
  }
  pause() { this.playing = false; clearInterval(this.timer); this.tell(); }
}

/** The first window: the first thing that is done and what it led to, or the whole run. */
function firstWindow(run) {
  const first = run.faults[0];
  if (!first) return { a: 0, b: run.end_ns };
  const busy = run.log.filter((line) => line.at_ns >= first.at_ns && line.at_ns <= first.at_ns + 5e9);
  const outages = run.clients.flatMap((client) => client.outages).filter((outage) => outage.from_ns <= first.at_ns + 2e9 && outage.to_ns >= first.at_ns);
  const last = Math.max(first.at_ns + 2e8, ...busy.map((line) => line.at_ns), ...outages.map((outage) => outage.to_ns));
  const wide = Math.min(run.end_ns, (last - first.at_ns) * 1.35);
  const a = clamp(first.at_ns - wide * 0.12, 0, run.end_ns - wide);
  return { a, b: a + wide };
}

/** Mouse, touch and keyboard on the stage; `drawing` gives the present scale. */
function movable(stage, keys, looking, drawing) {
  const fingers = new Map();
  let moved = 0, pinch = null;
  const place = (event) => event.clientX - stage.getBoundingClientRect().left;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    moved = 0;
    if (fingers.size === 2) {
      const [x1, x2] = fingers.values();
      pinch = [drawing().t(x1), drawing().t(x2)];
    }
  });
  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.get(event.pointerId), x = place(event);
    moved += Math.abs(x - before);
    fingers.set(event.pointerId, x);
    const width = drawing().width;
    if (fingers.size === 2 && pinch) {
      const [x1, x2] = fingers.values(), far = Math.abs(x2 - x1);
      if (far < 12) return;
      const wide = (Math.abs(pinch[1] - pinch[0]) / far) * width;
      const left = Math.min(pinch[0], pinch[1]) - (Math.min(x1, x2) / width) * wide;
      looking.window(left, left + wide);
    } else if (moved > 4) {
      stage.classList.add("dragging");
      looking.pan((before - x) / width);
    }
  });
  const end = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    pinch = null;
    stage.classList.remove("dragging");
    if (moved <= 4 && event.type === "pointerup") looking.set(drawing().t(place(event)));
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
  stage.addEventListener("dblclick", (event) => looking.zoom(0.4, drawing().t(place(event))));
  stage.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      looking.zoom(Math.exp(clamp(event.deltaY, -120, 120) * 0.004), drawing().t(place(event)));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      looking.pan((event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX) / drawing().width);
    }
  }, { passive: false });
  keys.addEventListener("keydown", (event) => {
    if (event.target !== keys || event.ctrlKey || event.metaKey || event.altKey) return;
    const wide = looking.b - looking.a;
    const moves = {
      ArrowLeft: () => looking.set(looking.t - wide / (event.shiftKey ? 10 : 100)),
      ArrowRight: () => looking.set(looking.t + wide / (event.shiftKey ? 10 : 100)),
      a: () => looking.pan(-0.2), d: () => looking.pan(0.2),
      "+": () => looking.zoom(0.6), "=": () => looking.zoom(0.6), "-": () => looking.zoom(1 / 0.6),
      0: () => looking.whole(), n: () => looking.step(1), p: () => looking.step(-1), " ": () => looking.play(),
      Home: () => looking.set(0), End: () => looking.set(looking.run.end_ns),
    };
    const move = moves[event.key];
    if (move) { event.preventDefault(); move(); }
  });
}

/** The strip above: a drag chooses a window, a click moves it. */
function overviewMoves(strip, looking) {
  let from = null;
  const time = (event) => {
    const { left, width } = strip.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 0, 1) * looking.run.end_ns;
  };
  strip.addEventListener("pointerdown", (event) => { strip.setPointerCapture(event.pointerId); from = time(event); });
  strip.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const to = time(event);
    if (Math.abs(to - from) > looking.run.end_ns / 100) looking.window(Math.min(from, to), Math.max(from, to));
  });
  strip.addEventListener("pointerup", (event) => {
    const to = time(event), half = (looking.b - looking.a) / 2;
    if (from !== null && Math.abs(to - from) <= looking.run.end_ns / 100) looking.window(to - half, to + half);
    from = null;
  });
}
