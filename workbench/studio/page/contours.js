// The contours of a conversion: side by side or overlaid, with a reading line, zoom, the player's place, and downloads.

const DRAGGED = 6; // pixels from which a press chooses a stretch
const NARROW_PAGE = 480; // pixels; below, the contours are overlaid unless the visitor chose otherwise
const SHORTEST = 0.1; // s that a picture shows at least

class Contours {
  constructor(box, group) {
    Object.assign(this, { box, group, data: null, reading: null, playing: 0, pointers: new Map() });
    this.view = { overlay: remembered.get("overlay", null), from: 0, to: 1 }; // null until the width is known: it is hidden at first
    this.build();
    new ResizeObserver(() => { if (this.plot.clientWidth !== this.width) this.draw(); }).observe(this.plot);
    listen(box, TIME, group, ({ time }) => { this.playing = time; this.showPlaying(); });
  }

  build() {
    const button = (text, act, name, more = {}) => el("button", { type: "button", class: "tool", text, onclick: act, "aria-label": name, title: name, ...more });
    this.overlay = button("Overlay", () => this.setOverlay(!this.view.overlay), undefined, { class: "tool overlay", "aria-pressed": "false", title: "All in one plot, in the source's timing (o)" });
    this.whole = button("All", () => this.zoom(0), "Show the whole recording (0)");
    this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": "Options of the contours" }, this.overlay,
      button("−", () => this.zoom(2), "Zoom out (−)"), button("+", () => this.zoom(0.5), "Zoom in (+)"), this.whole,
      el("span", { class: "save", text: "Save" }), ...["PNG", "SVG", "CSV"].map((kind) => button(kind, () => this.save(kind), `Save as ${kind}`)));
    rove(this.tools, "button", ["ArrowLeft", "ArrowRight"]);
    this.plot = el("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": "Read the contours at a time", "aria-valuemin": "0" });
    this.note = el("p", { class: "hint" });
    this.box.replaceChildren(el("div", { class: "bar" }, el("h3", { text: "F0 contours" }), this.tools), this.plot, this.note);
    const listeners = { pointerdown: "press", pointermove: "move", pointerup: "release", pointercancel: "release", keydown: "key", wheel: "wheel" };
    for (const [kind, name] of Object.entries(listeners)) this.plot.addEventListener(kind, (event) => this[name](event), { passive: kind !== "wheel" && kind !== "keydown" });
    this.plot.addEventListener("pointerleave", () => { if (!this.pointers.size) this.read(null); });
    this.plot.addEventListener("dblclick", () => this.zoom(0));
  }

  /** value: as workbench/studio/contours.py makes it; null for nothing. */
  give(value) {
    const other = value?.name !== this.data?.name;
    this.data = value?.series ? value : null;
    this.box.hidden = !this.data;
    if (!this.data) return;
    if (other) Object.assign(this, { reading: null, playing: 0 });
    this.setView(other ? 0 : this.view.from, other ? Infinity : this.view.to);
  }

  get longest() {
    const { series } = this.data;
    return this.view.overlay ? series[0].seconds : Math.max(...series.map((one) => one.seconds));
  }

  setView(from, to) {
    const { longest } = this, span = clamp(to - from, Math.min(SHORTEST, longest), longest);
    this.view.from = clamp(from, 0, longest - span);
    this.view.to = this.view.from + span;
    this.draw();
  }

  setOverlay(overlay) {
    const { from, to } = this.view, whole = to - from > this.longest - 0.01;
    this.view.overlay = overlay;
    remembered.set("overlay", overlay);
    whole ? this.setView(0, Infinity) : this.setView(from, to);
  }

  /** factor of the stretch that is shown, around the reading line; 0 shows all. */
  zoom(factor, around = this.middle()) {
    if (!factor) return this.setView(0, Infinity);
    const { from, to } = this.view;
    this.setView(around - (around - from) * factor, around + (to - around) * factor);
  }

  middle() {
    const { from, to } = this.view, own = this.reading === null ? null : this.place(this.panels[0], this.reading);
    return own !== null && own > from && own < to ? own : (from + to) / 2;
  }

  draw() {
    this.width = this.plot.clientWidth;
    if (!this.data || !this.width) return;
    if (this.view.overlay === null) { this.view.overlay = this.width < NARROW_PAGE; return this.setView(0, Infinity); }
    Object.assign(this, picture(this.data, this.view, this.width));
    this.plot.replaceChildren(this.svg);
    this.overlay.setAttribute("aria-pressed", String(this.view.overlay));
    this.whole.setAttribute("aria-disabled", String(this.view.to - this.view.from > this.longest - 0.01));
    this.plot.setAttribute("aria-valuemax", this.data.series[0].seconds.toFixed(2));
    const stretched = this.data.series.some((one) => one.key === "reference") ? "; the reference, which says something else, is stretched from end to end" : "";
    this.note.textContent = this.view.overlay ? `In the source's timing${stretched}.` : "";
    this.showPlaying();
    this.read(this.reading);
  }

  /** Where a moment of the source lies on a panel's axis, in seconds. */
  place(panel, time) { return this.view.overlay ? time : toOwn(panel.series[0].timing, time); }

  mark(panel, one, time) {
    const seconds = this.place(panel, time), inside = seconds >= this.view.from - 1e-6 && seconds <= this.view.to + 1e-6;
    const x = panel.x(seconds).toFixed(1);
    one.setAttribute("visibility", inside ? "visible" : "hidden");
    for (const end of ["x1", "x2"]) one.setAttribute(end, x);
    return inside;
  }

  showPlaying() {
    for (const panel of this.panels ?? []) {
      this.mark(panel, panel.cursor, this.playing);
      if (!this.playing) panel.cursor.setAttribute("visibility", "hidden");
    }
  }

  /** Put the reading line at a moment of the source, and say what every contour has there; null takes it away. */
  read(time) {
    this.reading = time;
    if (!this.data) return;
    const own = time === null ? [] : this.data.series.map((one) => ({ one, at: toOwn(one.timing, time), ...valueAt(one, toOwn(one.timing, time)) }));
    for (const panel of this.panels ?? []) this.readPanel(panel, time, own);
    this.plot.setAttribute("aria-valuenow", (time ?? 0).toFixed(2));
    this.plot.setAttribute("aria-valuetext", time === null ? this.data.alt : `${time.toFixed(2)} s. ${own.map(({ one, hz, word }) => `${one.title}: ${pitchText(hz, "semitones")}${word ? `, ${word}` : ""}`).join("; ")}`);
  }

  readPanel(panel, time, own) {
    const shown = time !== null && this.mark(panel, panel.cross, time);
    if (!shown) panel.cross.setAttribute("visibility", "hidden");
    panel.series.forEach((one, index) => {
      const { about, side } = panel.abouts[index], dot = panel.dots[index];
      const found = shown ? own.find((some) => some.one === one) : null;
      dot.setAttribute("visibility", found?.hz > 0 ? "visible" : "hidden");
      if (found?.hz > 0) { dot.setAttribute("cx", panel.x(this.place(panel, time))); dot.setAttribute("cy", panel.y(found.hz)); }
      const moved = found && one.key !== "source" && one.key !== "reference" ? differenceText(found.hz, own[0].hz) : "";
      const when = this.view.overlay ? "" : `${found?.at.toFixed(2)} s: `;
      about.textContent = found ? `${when}${pitchText(found.hz)}${this.view.overlay && moved ? `, ${moved}` : ""}` : this.view.overlay ? "" : one.about;
      side.textContent = found ? [found.word, moved, energyText(found.energy)].filter(Boolean).join("  ") : "";
    });
  }

  /** The panel under a point of the screen, and the moment of the source there. */
  under(event) {
    const { left, top } = this.svg.getBoundingClientRect(), x = event.clientX - left, y = event.clientY - top;
    const panel = this.panels.find((one) => x >= one.left - GAP / 2 && x <= one.left + one.width + GAP / 2 && y >= one.head && y <= one.bottom + FOOT + one.words) ?? this.panels[0];
    const seconds = panel.seconds(x);
    return { panel, x, seconds, time: this.view.overlay ? seconds : toSource(panel.series[0].timing, seconds) };
  }

  press(event) {
    if (event.button > 0 || !this.data) return;
    this.pointers.set(event.pointerId, event);
    this.begun = { ...this.under(event), from: event.clientX, touch: event.pointerType === "touch", view: { ...this.view }, spread: this.spread() };
    this.plot.setPointerCapture(event.pointerId);
    this.read(this.begun.time);
  }

  move(event) {
    if (!this.data) return;
    const { begun } = this;
    if (!this.pointers.has(event.pointerId)) return this.read(this.under(event).time);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) return this.pinch();
    const here = this.under(event);
    if (!begun.touch && Math.abs(event.clientX - begun.from) > DRAGGED) this.choose(begun.panel, begun.x, here.x);
    else this.read(here.time);
  }

  choose(panel, from, to) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)].map((x) => clamp(x, panel.left, panel.left + panel.width));
    this.chosen ??= el("svg:rect", { style: "fill:var(--zc-ink);fill-opacity:0.12" });
    for (const [key, value] of Object.entries({ x: low, y: panel.top, width: high - low, height: panel.bottom - panel.top })) this.chosen.setAttribute(key, value);
    if (!this.chosen.isConnected) this.svg.append(this.chosen);
    this.stretch = [panel.seconds(low), panel.seconds(high)];
  }

  release(event) {
    const { begun } = this;
    if (!this.pointers.delete(event.pointerId) || !begun) return;
    const { stretch } = this;
    Object.assign(this, { chosen: null, stretch: null });
    if (stretch && stretch[1] - stretch[0] >= SHORTEST / 2) return this.setView(...stretch);
    if (stretch) this.draw();
    const still = Math.abs(event.clientX - begun.from) <= DRAGGED && !begun.spread;
    if (event.type === "pointerup" && still) tell(SEEK, this.group, { time: begun.time });
    if (!this.pointers.size && begun.touch) setTimeout(() => this.read(this.reading), 0);
  }

  spread() {
    const [one, other] = [...this.pointers.values()];
    return other ? Math.max(20, Math.abs(one.clientX - other.clientX)) : 0;
  }

  /** Two fingers hold their places of the recording. */
  pinch() {
    const { view, spread, panel } = this.begun, factor = spread / this.spread(), [one, other] = [...this.pointers.values()];
    const middle = (one.clientX + other.clientX) / 2 - this.svg.getBoundingClientRect().left;
    const share = clamp((middle - panel.left) / panel.width, 0, 1), span = (view.to - view.from) * factor;
    const around = view.from + (view.to - view.from) * share;
    this.setView(around - span * share, around + span * (1 - share));
  }

  /** With Ctrl the wheel zooms, sideways it moves; otherwise it scrolls the page. */
  wheel(event) {
    if (!this.data) return;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY), { from, to } = this.view;
    if (!event.ctrlKey && !event.metaKey && !(sideways && to - from < this.longest - 0.01)) return;
    event.preventDefault();
    if (sideways) return this.setView(from + event.deltaX / this.width * (to - from), to + event.deltaX / this.width * (to - from));
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.under(event).seconds);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const whole = this.data.series[0].seconds, step = Math.max(0.02, (this.view.to - this.view.from) / 60), at = this.reading ?? this.playing;
    const to = (time) => () => this.readInView(clamp(time, 0, whole));
    const act = { ArrowLeft: to(at - step), ArrowRight: to(at + step), Home: to(0), End: to(whole), "+": () => this.zoom(0.5), "=": () => this.zoom(0.5),
      "-": () => this.zoom(2), 0: () => this.zoom(0), o: () => this.setOverlay(!this.view.overlay), Enter: () => tell(SEEK, this.group, { time: at }), Escape: () => this.read(null) }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  readInView(time) {
    this.reading = time;
    const { from, to } = this.view, place = this.place(this.panels[0], time);
    if (place < from) this.setView(place, place + to - from);
    else if (place > to) this.setView(place - (to - from), place);
    this.read(time);
  }

  save(kind) {
    this.read(null);
    const name = `${this.data.name}-f0.${kind.toLowerCase()}`;
    if (kind === "CSV") return download(new Blob([this.data.csv], { type: "text/csv;charset=utf-8" }), name);
    const alone = standalone(this.svg, getComputedStyle(this.box));
    if (kind === "SVG") return download(new Blob([alone.text], { type: "image/svg+xml" }), name);
    rasterised(alone).then((blob) => download(blob, name));
  }
}
