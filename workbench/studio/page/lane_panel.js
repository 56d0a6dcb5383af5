// What becomes of the chosen phrase: its emotion, strength and tempo, split and join, and the same for others.

class LanePanel {
  /** lane: has rows, chosen, presets, references; edit(from, to, rows, words) replaces rows, play(index, what) plays one. */
  constructor(lane) {
    this.lane = lane;
    this.title = el("h3");
    this.times = el("small", { class: "times" });
    this.emotion = el("select", { "aria-label": "Emotion of this phrase", onchange: () => this.chooseEmotion() });
    this.mix = new LaneMix(lane.presets, (emotion) => this.change({ emotion, reference: "" }, true));
    this.strength = el("input", { type: "range", min: 0, max: 1.5, step: 0.05, "aria-label": "Strength of this phrase", oninput: () => { this.shown.textContent = Number(this.strength.value).toFixed(2); }, onchange: () => this.change({ strength: Number(this.strength.value) }) });
    this.shown = el("output");
    this.tempo = el("input", { type: "checkbox", onchange: () => this.change({ tempo: this.tempo.checked }) });
    const button = (words, act, label = words) => el("button", { type: "button", "aria-label": label, text: words, onclick: act });
    this.playSource = button("▶ Source", () => lane.play(lane.chosen, "source"), "Play this phrase of the source");
    this.playResult = button("▶ Result", () => lane.play(lane.chosen, "result"), "Play this phrase of the result");
    this.splitButton = button("Split", () => this.split(), "Split this phrase at its quietest place near the play cursor, or near its middle");
    this.joinButton = button("Join with next", () => this.join());
    this.box = el("div", { class: "panel", role: "group", "aria-label": "The chosen phrase" },
      el("div", { class: "about" }, button("‹", () => lane.choose(lane.chosen - 1), "Phrase before"), el("div", {}, this.title, this.times), button("›", () => lane.choose(lane.chosen + 1), "Next phrase"),
        el("span", { class: "grow" }), this.playSource, this.playResult),
      el("div", { class: "fields" }, el("label", { class: "field" }, el("span", { text: "Emotion" }), this.emotion),
        el("label", { class: "field wide" }, el("span", { text: "Strength" }), this.strength, this.shown), el("label", { class: "field" }, this.tempo, el("span", { text: "Tempo follows" }))), this.mix.box,
      this.acts = el("div", { class: "acts" }, button("Same for all", () => this.spread(0), "Give all phrases the emotion, strength and tempo of this one"),
        button("Same from here on", () => this.spread(lane.chosen), "Give all later phrases the emotion, strength and tempo of this one"), this.splitButton, this.joinButton));
  }

  get row() { return this.lane.rows[this.lane.chosen]; }

  fill() {
    const { lane, row } = this;
    this.box.hidden = !row;
    if (!row) return;
    this.title.textContent = `Phrase ${lane.chosen + 1} of ${lane.rows.length}`;
    this.times.textContent = `${laneTime(row.start)} – ${laneTime(row.end)}${row.words ? ` · ${row.words}` : ""}`;
    const kind = kindOf(row, lane.presets), choices = [["keep", "Keep as it is"], ...lane.presets.map((one) => [one, one[0].toUpperCase() + one.slice(1)]), ["mix", "Mix of emotions…"],
      ...lane.references.map((one) => [`reference:${one}`, `As in ${one}`]), ["add", "From a recording…"]];
    const value = kind === "reference" ? `reference:${row.reference}` : isKept(row) && row.strength === 0 && row.emotion && lane.presets.includes(row.emotion) ? row.emotion : kind;
    if (kind === "reference" && !lane.references.includes(row.reference)) choices.push([value, `As in ${row.reference}`]);
    this.emotion.replaceChildren(...choices.map(([name, words]) => el("option", { value: name, text: words })));
    this.emotion.value = this.wantsMix === lane.chosen ? "mix" : value;
    this.mix.box.hidden = this.emotion.value !== "mix";
    if (!this.mix.box.contains(document.activeElement) || this.mix.of !== lane.chosen) this.mix.give(isKept(row) ? "" : row.emotion); // what is being moved stays
    this.mix.of = lane.chosen;
    this.strength.value = row.strength;
    this.shown.textContent = Number(row.strength).toFixed(2);
    this.tempo.checked = row.tempo;
    for (const one of [this.strength, this.tempo]) one.disabled = this.emotion.value === "keep";
    this.splitButton.disabled = row.end - row.start < 0.6;
    this.joinButton.disabled = lane.chosen >= lane.rows.length - 1;
    this.playResult.disabled = !lane.hasResult(row);
  }

  chooseEmotion() {
    const chosen = this.emotion.value;
    this.wantsMix = undefined;
    if (chosen === "mix") { this.wantsMix = this.lane.chosen; this.fill(); this.mix.rows[0].input.focus(); return; }
    if (chosen === "add") { this.fill(); this.lane.addReference(); return; }
    if (chosen.startsWith("reference:")) this.change({ emotion: "", reference: chosen.slice(10) });
    else this.change({ emotion: chosen === "keep" ? "" : chosen, reference: "" });
  }

  /** Another emotion, strength or tempo. mixes: in the mix that is shown. A strength of 0 keeps a phrase, so a new emotion brings it back to 1. */
  change(some, mixes = false) {
    const { lane, row } = this, more = some.emotion || some.reference ? { strength: row.strength || 1 } : {};
    this.wantsMix = mixes ? lane.chosen : undefined; // a mix of one emotion stays one while it is changed
    lane.edit(lane.chosen, lane.chosen + 1, [{ ...row, ...more, ...some }]);
  }

  spread(from) {
    const { lane, row } = this, { emotion, reference, strength, tempo } = row;
    const changed = lane.rows.slice(from).map((one) => ({ ...one, emotion, reference, strength, tempo }));
    lane.edit(from, lane.rows.length, changed, `${changed.length} ${changed.length === 1 ? "phrase is" : "phrases are"} as phrase ${lane.chosen + 1} now: ${nameOf(row)}.`);
  }

  split() {
    const { lane, row } = this, near = lane.now > row.start + 0.3 && lane.now < row.end - 0.3 ? lane.now : (row.start + row.end) / 2;
    const cut = lane.quietest(Math.max(row.start + 0.3, near - 0.4), Math.min(row.end - 0.3, near + 0.4));
    lane.edit(lane.chosen, lane.chosen + 1, [{ ...row, end: cut }, { ...row, start: cut, words: "" }]);
  }

  join() {
    const { lane, row } = this, next = lane.rows[lane.chosen + 1];
    lane.edit(lane.chosen, lane.chosen + 2, [{ ...row, end: next.end, words: [row.words, next.words].filter(Boolean).join(" ") }]);
  }
}
