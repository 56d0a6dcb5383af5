// The line of phrases: a waveform that scrolls, a button for each phrase on it, and above it a strip that shows all of the recording.

const ZOOMS = [3, 6, 12, 24, 48, 96]; // pixels a second

class LaneLine {
  /** lane: has rows, seconds, sketch, presets, chosen, isDone(row); choose(index), act(key) and seek(seconds) are called. */
  constructor(lane) {
    this.lane = lane;
    this.zoom = remembered.get("lane-zoom", 24);
    this.strip = el("canvas", { class: "strip", "aria-hidden": "true", onpointerdown: (event) => this.drag(event), onpointermove: (event) => event.buttons && this.drag(event) });
    this.wave = el("canvas", { class: "wave", "aria-hidden": "true" });
    this.head = el("div", { class: "head", "aria-hidden": "true" });
    this.phrases = el("div", { class: "phrases", role: "listbox", "aria-label": `Phrases. Arrow keys go between them, 0 to ${lane.presets.length} set the emotion, Space plays.` });
    this.inner = el("div", { class: "inner" }, this.phrases, this.head);
    this.scroll = el("div", { class: "scroll", onscroll: () => this.paintSoon() }, this.inner);
    this.inner.addEventListener("click", (event) => { if (event.target === this.inner || event.target === this.phrases) lane.seek((event.clientX - this.inner.getBoundingClientRect().left) / this.zoom); });
    this.phrases.addEventListener("keydown", (event) => this.key(event));
    this.box = el("div", { class: "lane" }, this.strip, el("div", { class: "view" }, this.wave, this.scroll));
    new ResizeObserver(() => this.paintSoon()).observe(this.scroll);
  }

  /** All phrases anew. */
  fill() {
    this.inner.style.width = `${Math.ceil(this.lane.seconds * this.zoom)}px`;
    this.phrases.replaceChildren(...this.lane.rows.map((row, index) => this.phrase(row, index)));
    this.paintSoon();
  }

  phrase(row, index) {
    const { lane } = this, done = lane.isDone(row), kept = isKept(row);
    const state = kept ? "stays as it is" : done ? "rendered" : "not rendered yet";
    const words = [nameOf(row), ...(kept || row.strength === 1 ? [] : [row.strength]), ...(kept || row.tempo ? [] : ["tempo kept"])];
    return el("div", { class: `phrase ${kindOf(row, lane.presets)}${done || kept ? " done" : ""}${lane.working(row) ? " working" : ""}`, role: "option", "data-index": index,
      tabindex: index === lane.chosen ? 0 : -1, "aria-selected": String(index === lane.chosen), title: row.words || undefined,
      "aria-label": `Phrase ${index + 1} of ${lane.rows.length}, ${laneTime(row.start)} to ${laneTime(row.end)}: ${words.join(", ")}; ${state}`,
      style: `left:${row.start * this.zoom}px;width:${Math.max(3, (row.end - row.start) * this.zoom - 1)}px`,
      onclick: () => lane.choose(index, true) }, el("span", { text: words.join(" ") }), el("i", {}));
  }

  /** Only these phrases anew, which keeps the focus. */
  renew(indices) {
    for (const index of indices) {
      const before = this.phrases.children[index], focused = before === document.activeElement;
      if (!before) continue;
      const after = this.phrase(this.lane.rows[index], index);
      before.replaceWith(after);
      if (focused) after.focus();
    }
    this.paintSoon();
  }

  /** Bring a phrase into sight. */
  show(index, focus) {
    const one = this.phrases.children[index], row = this.lane.rows[index];
    if (!one) return;
    const left = row.start * this.zoom, right = row.end * this.zoom, { scrollLeft, clientWidth } = this.scroll;
    if (left < scrollLeft || right > scrollLeft + clientWidth) this.scroll.scrollLeft = Math.max(0, Math.min(left - 40, (left + right - clientWidth) / 2));
    if (focus) one.focus({ preventScroll: true });
  }

  key(event) {
    const { lane } = this, last = lane.rows.length - 1, here = lane.chosen;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last, PageDown: here + 10, PageUp: here - 10 }[event.key];
    if (to !== undefined) lane.choose(clamp(to, 0, last), true);
    else if (!lane.act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  setZoom(step) {
    const place = clamp(ZOOMS.findIndex((one) => one >= this.zoom) + step, 0, ZOOMS.length - 1);
    const middle = (this.scroll.scrollLeft + this.scroll.clientWidth / 2) / this.zoom;
    this.zoom = ZOOMS[place];
    remembered.set("lane-zoom", this.zoom);
    this.fill();
    this.scroll.scrollLeft = middle * this.zoom - this.scroll.clientWidth / 2;
  }

  drag(event) {
    const box = this.strip.getBoundingClientRect(), seconds = clamp((event.clientX - box.left) / box.width, 0, 1) * this.lane.seconds;
    this.scroll.scrollLeft = seconds * this.zoom - this.scroll.clientWidth / 2;
  }

  /** Where something plays, s of the source. follow: keep it in sight. */
  at(seconds, follow) {
    const x = seconds * this.zoom;
    this.head.style.transform = `translateX(${x}px)`;
    const { scrollLeft, clientWidth } = this.scroll;
    if (follow && (x < scrollLeft || x > scrollLeft + clientWidth - 20)) this.scroll.scrollLeft = x - 40;
  }

  paintSoon() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = undefined; this.paint(); });
  }

  paint() {
    if (!this.box.isConnected || !this.scroll.clientWidth) return;
    const look = getComputedStyle(this.box), ink = look.getPropertyValue("--zl-wave"), { sketch, seconds } = this.lane;
    const shown = this.scroll.clientWidth, first = this.scroll.scrollLeft / this.zoom;
    this.bars(this.wave, shown, this.scroll.clientHeight, ink, (x) => [first + x / this.zoom, first + (x + 1) / this.zoom], sketch);
    const wide = this.strip.clientWidth, each = seconds / Math.max(1, wide);
    const pen = this.bars(this.strip, wide, this.strip.clientHeight, ink, (x) => [x * each, (x + 1) * each], sketch);
    const high = this.strip.clientHeight;
    for (const row of this.lane.rows) {
      pen.fillStyle = look.getPropertyValue(`--zl-${kindOf(row, this.lane.presets)}`);
      pen.globalAlpha = 0.9;
      pen.fillRect(row.start / each, high - 4, Math.max(1, (row.end - row.start) / each), 4);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = look.color;
    pen.strokeRect(first / each + 0.5, 0.5, Math.min(wide, shown / this.zoom / each) - 1, high - 1);
  }

  /** A waveform on a canvas: at each pixel the highest peak between two moments. */
  bars(canvas, wide, high, ink, moments, sketch) {
    const fine = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
    if (canvas.width !== Math.round(wide * fine) || canvas.height !== Math.round(high * fine)) {
      canvas.width = Math.round(wide * fine); canvas.height = Math.round(high * fine);
      canvas.style.width = `${wide}px`; canvas.style.height = `${high}px`;
    }
    pen.setTransform(fine, 0, 0, fine, 0, 0);
    pen.clearRect(0, 0, wide, high);
    pen.fillStyle = ink;
    for (let x = 0; x < wide; x++) {
      const [from, to] = moments(x), low = Math.floor(from * 20), top = Math.max(low + 1, Math.ceil(to * 20));
      let peak = 0;
      for (let place = low; place < top && place < sketch.length; place++) peak = Math.max(peak, sketch[place]);
      const half = Math.max(0.5, Math.sqrt(peak / 100) * high * 0.46);
      pen.fillRect(x, high / 2 - half, 1, 2 * half);
    }
    return pen;
  }
}
