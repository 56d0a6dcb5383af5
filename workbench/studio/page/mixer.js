// The mixer of emotions: a pad of arousal and valence beside a slider for each emotion and each recording. All show one mix.

const FIXED = 2; // digits of a share

class Mixer {
  constructor(box, group, trigger, props) {
    Object.assign(this, { box, trigger, props, static: JSON.parse(box.dataset.static), point: null });
    this.build();
  }

  build() {
    const { places, points } = this.static;
    this.dot = el("span", { class: "dot", "aria-hidden": "true" });
    const names = Object.entries(places).map(([name, [valence, arousal]]) => el("span", { class: "place", text: name, "aria-hidden": "true",
      style: `left: ${50 * (valence + 1)}%; top: ${50 * (1 - arousal)}%; transform: translate(${-50 * (valence + 1)}%, -50%)` }));
    this.pad = el("div", { class: "pad", role: "slider", tabindex: "0", "aria-label": "Arousal and valence", "aria-roledescription": "pad",
      "aria-valuemin": "-1", "aria-valuemax": "1", title: "Up is excited, right is pleasant. Arrow keys move the point." },
      el("span", { class: "axis down", text: "calm", "aria-hidden": "true" }), el("span", { class: "axis right", text: "pleasant", "aria-hidden": "true" }),
      ...names, this.dot);
    this.pad.hidden = points.length === 0;
    this.pad.addEventListener("keydown", (event) => this.key(event));
    this.pad.addEventListener("pointerdown", (event) => this.press(event));
    this.rows = el("div", { class: "rows" });
    this.said = el("p", { class: "recognised", role: "status" });
    this.box.replaceChildren(el("div", { class: "both" }, this.pad, this.rows), this.said);
  }

  /** value: as workbench/studio/mixer.py makes it. */
  give(value) {
    if (!value || JSON.stringify(value) === this.sent) return;
    const recordings = (value.recordings ?? []).map((one) => ({ ...one }));
    const same = this.value && recordings.map((one) => one.name).join() === this.value.recordings.map((one) => one.name).join();
    this.value = { weights: { ...value.weights }, recordings, touched: Boolean(value.touched) };
    this.point = null;
    if (!same || !this.rows.childElementCount) this.fill();
    this.show();
  }

  fill() {
    const { weights, recordings } = this.value;
    const rows = Object.keys(weights).map((name) => this.row(name, (share) => { this.value.weights[name] = share; }, () => this.value.weights[name]));
    recordings.forEach((one, index) => {
      const row = this.row(one.name, (share) => { this.value.recordings[index].weight = share; }, () => this.value.recordings[index].weight);
      row.box.append(el("button", { type: "button", class: "remove", text: "×", "aria-label": `Take ${one.name} out of the mix`,
        onclick: () => this.trigger("delete", { index }) }));
      rows.push(row);
    });
    this.sliders = rows;
    this.rows.replaceChildren(...rows.map((row) => row.box));
  }

  row(name, act, weight) {
    const label = name.includes(".") ? name : name[0].toUpperCase() + name.slice(1);
    const input = el("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": label });
    const share = el("output", {});
    input.addEventListener("input", () => { this.point = null; act(Number(input.value) / 100); this.moved(); });
    return { box: el("label", { class: "row", title: name }, el("span", { text: label }), input, share), input, share, weight };
  }

  get total() { return this.sliders.reduce((sum, row) => sum + row.weight(), 0); }

  /** Where the mix lies: where the point was put, or else the mean of the emotions' places. */
  place() {
    if (this.point) return this.point;
    const { weights } = this.value, { places } = this.static;
    const known = Object.keys(places), total = known.reduce((sum, name) => sum + (weights[name] ?? 0), 0);
    if (!total) return [0, 0];
    return [0, 1].map((axis) => known.reduce((sum, name) => sum + places[name][axis] * (weights[name] ?? 0) / total, 0));
  }

  show() {
    const { total } = this, [valence, arousal] = this.place();
    for (const row of this.sliders) {
      row.input.value = Math.round(100 * row.weight());
      row.share.textContent = total ? (row.weight() / total).toFixed(FIXED) : "0";
      row.input.setAttribute("aria-valuetext", `${row.share.textContent} of the mix`);
      row.box.classList.toggle("off", !row.weight());
    }
    this.dot.style.left = `${50 * (valence + 1)}%`;
    this.dot.style.top = `${50 * (1 - arousal)}%`;
    this.pad.setAttribute("aria-valuenow", arousal.toFixed(1));
    this.pad.setAttribute("aria-valuetext", `Arousal ${arousal.toFixed(1)}, valence ${valence.toFixed(1)}: ${this.words()}`);
    this.said.textContent = total ? this.recognised() : "";
  }

  words() {
    const { total } = this, there = this.sliders.filter((row) => row.weight());
    return there.map((row) => `${row.input.getAttribute("aria-label")} ${(row.weight() / total).toFixed(FIXED)}`).join(", ") || "nothing";
  }

  /** What judges recognised in the measured mix that is nearest to this one. */
  recognised() {
    const { weights, recordings } = this.value, { measured } = this.static;
    if (recordings.some((one) => one.weight) || !measured.length) return "";
    const total = Object.values(weights).reduce((sum, one) => sum + one, 0);
    const distance = (row) => Object.keys(weights).reduce((sum, name) => sum + Math.abs(weights[name] / total - (row.weights[name] ?? 0)), 0);
    const nearest = measured.reduce((best, row) => (distance(row) < distance(best) ? row : best));
    return distance(nearest) < 0.015 ? nearest.said : `Nearest measured. ${nearest.said}`;
  }

  moved() {
    this.value.touched = true;
    this.show();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.send(), 150); // a slider that is dragged sends once
  }

  send() {
    this.sent = JSON.stringify(this.value);
    this.props.value = JSON.parse(this.sent);
  }

  /** The point goes to the nearest of the pad's points, and the emotions get the weights that belong to it. */
  put(valence, arousal) {
    const { steps, points, presets } = this.static;
    const index = (value) => clamp(Math.round((value + 1) / 2 * steps), 0, steps);
    const weights = points[index(arousal) * (steps + 1) + index(valence)];
    presets.forEach((name, place) => { this.value.weights[name] = weights[place] / 100; });
    this.point = [valence, arousal].map((value) => 2 * index(value) / steps - 1);
    this.moved();
  }

  key(event) {
    const step = 2 / this.static.steps, [valence, arousal] = this.place();
    const moves = { ArrowUp: [0, step], ArrowDown: [0, -step], ArrowLeft: [-step, 0], ArrowRight: [step, 0], PageUp: [0, 5 * step],
      PageDown: [0, -5 * step], Home: [-valence, -arousal] };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.put(clamp(valence + move[0], -1, 1), clamp(arousal + move[1], -1, 1));
  }

  press(event) {
    if (event.button > 0) return;
    const follow = (other) => {
      const { left, top, width, height } = this.pad.getBoundingClientRect();
      this.put(clamp(2 * (other.clientX - left) / width - 1, -1, 1), clamp(1 - 2 * (other.clientY - top) / height, -1, 1));
    };
    this.pad.setPointerCapture(event.pointerId);
    this.pad.addEventListener("pointermove", follow);
    const end = () => this.pad.removeEventListener("pointermove", follow);
    this.pad.addEventListener("pointerup", end, { once: true });
    this.pad.addEventListener("pointercancel", end, { once: true });
    follow(event);
  }
}
