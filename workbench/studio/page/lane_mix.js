// The mix of one phrase: a slider for each emotion beside its text, which takes references and points of arousal and valence, too.

class LaneMix {
  /** changed: is called with the mix as a plan writes it. */
  constructor(presets, changed) {
    Object.assign(this, { presets, changed });
    this.text = el("input", { type: "text", "aria-label": "Mix of emotions with weights", placeholder: "angry:0.6,sad:0.4", onchange: () => this.take(this.text.value.trim()) });
    this.rows = presets.map((name) => this.row(name));
    this.said = el("p", { class: "hint", role: "status" });
    this.box = el("div", { class: "blend", role: "group", "aria-label": "Mix of this phrase" }, el("div", { class: "shares" }, ...this.rows.map((row) => row.box)), this.text, this.said);
  }

  row(name) {
    const label = name[0].toUpperCase() + name.slice(1), share = el("output");
    const input = el("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": `${label} in the mix`, oninput: () => this.show(), onchange: () => this.take(this.written()) });
    return { name, input, share, box: el("label", { class: "share" }, el("span", { text: label }), input, share) };
  }

  /** emotion: of the phrase, a mix or a preset, as a plan writes it. */
  give(emotion) {
    this.said.textContent = "";
    const weights = new Map(emotion.split(",").map((part) => part.split(":")).map(([name, weight]) => [name.trim(), weight === undefined ? 1 : Number(weight)]));
    this.text.value = emotion;
    for (const { name, input } of this.rows) input.value = Math.round(100 * clamp(weights.get(name) || 0, 0, 1));
    this.show();
  }

  get total() { return this.rows.reduce((sum, { input }) => sum + Number(input.value), 0); }

  show() {
    for (const { input, share } of this.rows) {
      share.textContent = this.total ? (input.value / this.total).toFixed(2) : "0";
      input.setAttribute("aria-valuetext", `${share.textContent} of the mix`);
    }
  }

  written() { return this.rows.filter(({ input }) => Number(input.value)).map(({ name, input }) => `${name}:${input.value / 100}`).join(","); }

  take(emotion) {
    if (!emotion) { this.said.textContent = "The weights of a mix must sum to more than 0; move a slider. The phrase is as it was."; return; }
    this.give(emotion);
    this.changed(emotion);
  }
}
