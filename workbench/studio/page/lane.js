// The lane of a long recording. The server keeps everything: a reload, or another page of this visitor, finds it as it is.

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

class Lane {
  constructor(root, presets) {
    Object.assign(this, { root, presets: JSON.parse(presets), rows: [], references: [], chosen: 0, seconds: 0, sketch: new Uint8Array(), pieces: [], undone: [], told: remembered.get("lane-told", "") });
    this.files = { source: "", result: "", partial: "" };
    this.map = new PieceMap([]);
    this.line = new LaneLine(this);
    this.panel = new LanePanel(this);
    this.player = new LanePlayer(this);
    this.build();
    window.zest.takeLong = (file) => this.take(file);
    window.addEventListener("zest-forgotten", () => this.refresh());
    document.addEventListener("change", ({ target }) => {
      if (target.closest?.("#zest-source")) this.say("");
      if (target.closest?.("#zest-denoise") && this.project?.state === "ready") this.denoises(target.checked);
    });
    new MutationObserver(() => this.line.paintSoon()).observe(document.body, { attributeFilter: ["class"] });
    this.refresh();
  }

  build() {
    const button = (words, act, more = {}) => el("button", { type: "button", onclick: act, text: words, ...more });
    const picker = (accept, act) => el("input", { type: "file", accept, hidden: "", onchange: ({ target }) => { const file = target.files[0]; target.value = ""; if (file) act(file); } });
    this.undoButton = button("Undo", () => this.undo(), { class: "undo" });
    this.panel.acts.append(this.undoButton);
    this.name = el("h2");
    this.about = el("small");
    this.planFile = picker(".csv,text/csv", (file) => this.uploadPlan(file));
    this.referenceFile = picker("audio/*,video/*", (file) => this.sendReference(file));
    this.planFile.className = "plan-file";
    this.referenceFile.className = "reference-file";
    this.tools = el("div", { class: "tools" }, button("Download plan", () => this.downloadPlan(), { class: "plan" }), button("Upload plan", () => this.planFile.click()),
      button("Remove", () => this.askToRemove(), { class: "remove" }));
    this.bar = el("div", { class: "bar zest-problem" });
    this.notes = el("div", { class: "notes" });
    this.bar.setAttribute("aria-live", "polite");
    this.progress = el("progress", { max: 1, "aria-label": "How far it is" });
    this.stage = el("span", { class: "stage" });
    this.cancelButton = button("Cancel", () => this.cancel(), { class: "cancel" });
    this.running = el("div", { class: "running" }, this.progress, this.stage, this.cancelButton);
    this.renderButton = button("Render", () => this.render(), { class: "render" });
    this.save = el("a", { class: "save", text: "Download WAV" });
    this.summary = el("span", { class: "summary" });
    const zoom = (sign, words, step) => button(sign, () => this.line.setZoom(step), { "aria-label": words, class: "zoom" });
    this.body = el("div", { class: "body" }, this.line.box,
      el("div", { class: "transport" }, this.player.box, el("div", { class: "zooms" }, zoom("−", "Show more of the recording", -1), zoom("+", "Show less of the recording", 1))),
      this.panel.box);
    this.go = el("div", { class: "go" }, this.renderButton, this.save, this.summary);
    this.root.append(el("header", {}, el("div", { class: "what" }, this.name, this.about), this.tools), this.bar, this.notes, this.body, this.running, this.go, this.planFile, this.referenceFile);
    this.root.addEventListener("keydown", (event) => { if ((event.ctrlKey || event.metaKey) && event.key === "z" && !isTyping(event.target)) { this.undo(); event.preventDefault(); } });
  }

  denoises(on) {
    remembered.set("lane-denoise", { of: this.project.key, on });
    this.show();
  }

  /** The box is as this visitor left it, or as the result was rendered. It may come into the page later than the lane. */
  setDenoise(tries = 50) {
    const box = document.querySelector("#zest-denoise input"), kept = remembered.get("lane-denoise", null), { key, result, partial } = this.project ?? {};
    if (!key || !box) return tries && setTimeout(() => this.setDenoise(tries - 1), 100);
    const on = kept?.of === key ? kept.on : Boolean((partial ?? result)?.denoised);
    if (box.checked !== on) box.click();
  }

  /** What an event of the page answers. */
  give(value) {
    if (!value?.mark || value.mark === this.mark) return;
    this.mark = value.mark;
    this.refresh().then(() => { if (value.sentence) this.say(value.sentence, true); });
  }

  /** A sentence until the next one; a problem is told at once. buttons: [words, act] each. */
  say(words, problem = false, ...buttons) {
    const made = buttons.map(([face, act]) => el("button", { type: "button", text: face, onclick: act }));
    this.bar.replaceChildren(...(words ? [el("p", problem ? { role: "alert", class: "zest-error", text: words } : { text: words })] : []), ...made);
    this.show();
    return made[0];
  }

  async attempt(work) {
    try { return await work(); } catch (problem) { this.say(problem.message, true); return null; }
  }

  async refresh() {
    const found = await this.attempt(async () => (await window.zest.askLong("")).json());
    if (!found) return;
    this.project = found.project;
    this.takeWork(found.work);
    if (this.project?.state === "ready") this.fill();
    else if (this.project && !this.isWorking()) trigger("upload", { key: window.zest.visitor() }); // the page went away before
    this.show();
    this.pollSoon();
  }

  /** Everything of a recording whose phrases are known. */
  fill() {
    const { project } = this, new_ = this.filled !== project.key;
    this.seconds = project.seconds;
    this.references = project.references;
    if (new_) Object.assign(this, { sketch: sketchOf(project.sketch), filled: project.key, undone: [], chosen: 0 });
    if (new_) this.setDenoise();
    if (new_ || !this.saving) this.rows = project.rows;
    this.chosen = clamp(this.chosen, 0, this.rows.length - 1);
    this.renewFiles();
    this.line.fill();
    this.panel.fill();
  }

  takeWork(work) {
    const ended = work && ["done", "failed", "cancelled"].includes(work.state);
    if (work && work.id !== this.work?.id) this.pieces = [];
    if (work) this.pieces = [...this.pieces.slice(0, work.from), ...work.pieces];
    this.work = work && { ...work, ended };
    if (!ended || work.id === this.told) return;
    this.told = work.id;
    remembered.set("lane-told", work.id);
    if (work.state === "failed") this.say(work.sentence, true);
    if (work.state === "cancelled" && work.kind === "rendering") this.say("Cancelled. What is done is kept: listen to it, or go on from there.");
    if (work.state === "done" && work.kind === "rendering") this.sayDone();
  }

  sayDone() {
    const { result } = this.project ?? {};
    if (!result) return;
    const anew = `${counted(result.rendered, "piece")} rendered`, rest = result.phrases - result.rendered;
    this.say(`Done: ${anew}${rest ? `, ${rest} taken over` : ""}; ${laneTime(result.converted_seconds)} of sound.`);
    if (window.zest.remembered("autoplay", true) && this.player.audio.paused) this.player.change("result");
  }

  isWorking() { return Boolean(this.upload) || Boolean(this.work && !this.work.ended); }

  isRendering() { return this.isWorking() && this.work?.kind === "rendering"; }

  pollSoon() {
    clearTimeout(this.timer);
    if (this.work && !this.work.ended) this.timer = setTimeout(() => this.poll(), 700);
  }

  async poll() {
    const work = await this.attempt(async () => (await window.zest.askLong(`state?from=${this.pieces.length}`)).json());
    if (work?.state && ["done", "failed", "cancelled"].includes(work.state)) return this.refresh();
    const before = this.map.sourceEnd;
    if (work) this.takeWork(work);
    this.renewFiles();
    this.line.renew(this.rows.flatMap((row, index) => row.end > before - 0.1 && row.start < this.map.sourceEnd + 30 ? [index] : []));
    this.panel.fill();
    this.show();
    this.pollSoon();
  }

  /** Where source, result and what grows can be heard, and which part of the one is which of the other. */
  renewFiles() {
    const { project, work } = this, at = `${window.zest.base()}long/file/${project.key}`, result = project.result;
    const grows = this.isRendering() ? { pieces: this.pieces, bytes: work.bytes } : project.partial;
    const heard = grows?.bytes && grows.pieces.length;
    this.files = { source: project.state === "ready" ? `${at}/source.wav` : "", result: result ? `${at}/result.wav?v=${result.made}` : "", partial: heard ? `${at}/so-far.wav?bytes=${grows.bytes}` : "" };
    this.map = new PieceMap(heard ? grows.pieces : result ? result.pieces : []);
    this.rendered = new Set((result?.rows ?? []).map(rowKey));
    this.partly = heard ? new Set((grows.rows ?? this.sent ?? this.rows).map(rowKey)) : new Set();
    this.save.href = this.files.partial || (result ? `${at}/result.wav?name=${encodeURIComponent(result.name)}` : "#");
    this.save.download = this.files.partial ? `${project.name.replace(/\.[^.]+$/, "")}-so-far.wav` : result?.name ?? "";
    this.save.textContent = this.files.partial ? "Download so far" : "Download WAV";
    this.save.hidden = !heard && !result;
    this.player.renew();
  }

  isDone(row) {
    const key = rowKey(row);
    return (this.partly.has(key) && row.end <= this.map.sourceEnd + 0.01) || (!this.partly.size && this.rendered.has(key));
  }

  working(row) { return this.isRendering() && !this.isDone(row) && row.start <= this.map.sourceEnd + 0.01 && row.end > this.map.sourceEnd && !isKept(row); }

  hasResult(row) { return Boolean(this.files.partial || this.files.result) && row.end <= this.map.sourceEnd + 0.05; }

  show() {
    const { project } = this, ready = project?.state === "ready", busy = this.isWorking(), open = Boolean(project) || busy;
    this.root.hidden = !open && !this.bar.textContent;
    this.root.toggleAttribute("data-open", open);
    this.root.querySelector("header").hidden = !open;
    this.tools.hidden = !project || Boolean(this.upload);
    for (const one of this.tools.children) one.hidden = !ready && !one.classList.contains("remove");
    this.body.hidden = this.go.hidden = !ready;
    this.running.hidden = !busy;
    this.name.textContent = project?.name ?? this.upload?.name ?? "";
    this.about.textContent = ready ? `${laneTime(this.seconds)}, ${counted(this.rows.length, "phrase")}` : "";
    this.notes.replaceChildren(...(ready ? [...(project.notes ?? []), ...(project.result?.notes ?? [])] : []).map((words) => el("p", { class: "zest-note", text: words })),
      ...(ready ? project.findings ?? [] : []).map(({ code, name, words }) => el("p", { class: "zest-finding", "data-code": code }, el("b", { text: `${name}.` }), ` ${words}`)));
    this.undoButton.disabled = !this.undone.length;
    if (busy) this.showProgress();
    if (ready) this.showGo();
    if (open && !this.line.box.dataset.seen) { this.line.box.dataset.seen = "1"; this.line.paintSoon(); }
  }

  showProgress() {
    const share = this.upload ? this.upload.share : this.work.state === "waiting" ? null : this.work.fraction;
    if (share === null) this.progress.removeAttribute("value"); else this.progress.value = share;
    this.stage.textContent = this.upload ? `Uploading, ${Math.round(100 * share)} %` : this.work.stage || (this.work.kind === "reading" ? "Reading the recording" : "Loading the models");
  }

  showGo() {
    const left = this.rows.filter((row) => !isKept(row) && !this.isDone(row)).length, { result, partial } = this.project;
    this.renderButton.hidden = this.isWorking();
    const asPlanned = result && result.rows.map(rowKey).join() === this.rows.map(rowKey).join();
    const same = asPlanned && Boolean(result.denoised) === Boolean(document.querySelector("#zest-denoise input")?.checked);
    this.renderButton.textContent = !left ? same || !result ? "Render again" : "Update the result" : partial ? `Go on: ${counted(left, "phrase")} left` : `Render ${left}${result ? " changed" : ""} phrase${left === 1 ? "" : "s"}`;
    const kept = this.rows.filter(isKept).length;
    this.summary.textContent = this.isWorking() ? `${counted(this.rows.filter((row) => !isKept(row) && this.isDone(row)).length, "phrase")} done` : !result && !partial ? kept ? `${kept} stay as they are` : ""
      : left ? `${counted(left, "phrase")} changed since this result` : same ? "The result is up to date" : asPlanned ? "Denoising has changed since this result" : "The plan has changed since this result";
  }

  /** A recording that is too long for Gradio's player. */
  async take(file) {
    if (this.isWorking() || this.project) return this.say("Another long recording is open. Remove it first; its plan and its result can be downloaded before.", true);
    this.say("");
    this.upload = { name: file.name, share: 0 };
    this.show();
    const given = await this.attempt(() => window.zest.send(`long/?name=${encodeURIComponent(file.name)}`, file, (share) => { this.upload.share = share; this.show(); }, (request) => { this.upload.request = request; }));
    this.upload = undefined;
    if (given) { this.project = given.project; trigger("upload", { key: window.zest.visitor() }); }
    this.show();
  }

  async cancel() {
    if (this.upload) return this.upload.request.abort();
    await this.attempt(() => window.zest.askLong("state", "DELETE"));
    this.stage.textContent = "Cancelling";
  }

  async render() {
    if (this.isWorking() || !(await this.saved())) return;
    this.say("");
    this.sent = this.rows;
    this.renderButton.disabled = true;
    trigger("submit", { key: window.zest.visitor() });
    setTimeout(() => { this.renderButton.disabled = false; }, 1000);
  }

  choose(index, focus = false) {
    if (index < 0 || index >= this.rows.length) return;
    const before = this.chosen;
    this.chosen = index;
    this.line.renew([before, index]);
    this.line.show(index, focus);
    this.panel.fill();
  }

  /** A key on the line; false where it means nothing. */
  act(key) {
    const number = /^\d$/.test(key) ? Number(key) : -1;
    if (number === 0) this.panel.change({ emotion: "", reference: "" });
    else if (number > 0 && number <= this.presets.length) this.panel.change({ emotion: this.presets[number - 1], reference: "" });
    else if (key === " ") this.play(this.chosen, this.hasResult(this.rows[this.chosen]) ? "result" : "source");
    else return false;
    return true;
  }

  /** Replace rows, so that Undo brings them back. */
  edit(from, to, rows, words = "") {
    this.undone.push({ rows: this.rows, chosen: this.chosen });
    this.rows = [...this.rows.slice(0, from), ...rows, ...this.rows.slice(to)];
    this.edited(rows.length === to - from ? rows.map((_, place) => from + place) : null);
    this.say(words, false, ...(words ? [["Undo", () => this.undo()]] : []));
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return;
    Object.assign(this, before);
    this.edited(null);
    this.say("");
  }

  edited(indices) {
    if (indices) this.line.renew(indices); else this.line.fill();
    this.panel.fill();
    this.show();
    clearTimeout(this.saveTimer);
    this.unsaved = true;
    this.saveTimer = setTimeout(() => this.saved(), 400);
  }

  /** Whether the server has the plan as it is here. */
  async saved() {
    clearTimeout(this.saveTimer);
    if (!this.unsaved) return true;
    this.unsaved = false;
    this.saving = true;
    const kept = await this.attempt(() => window.zest.askLong("plan", "PUT", JSON.stringify(this.rows)));
    this.saving = false;
    if (!kept) this.unsaved = true;
    return Boolean(kept);
  }

  async downloadPlan() {
    if (!(await this.saved())) return;
    const reply = await this.attempt(() => window.zest.askLong("plan"));
    if (!reply) return;
    const link = el("a", { href: URL.createObjectURL(await reply.blob()), download: `${this.project.name.replace(/\.[^.]+$/, "")}-plan.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async uploadPlan(file) {
    const found = await this.attempt(async () => (await window.zest.askLong(`plan?name=${encodeURIComponent(file.name)}`, "POST", file)).json());
    if (!found) return;
    this.undone.push({ rows: this.rows, chosen: this.chosen });
    Object.assign(this, { rows: found.rows, chosen: 0, unsaved: false });
    this.line.fill();
    this.panel.fill();
    this.say(`${file.name} is the plan now: ${counted(found.rows.length, "phrase")}.`, false, ["Undo", () => this.undo()]);
  }

  addReference() { this.referenceFile.click(); }

  async sendReference(file) {
    const found = await this.attempt(() => window.zest.send(`long/references?name=${encodeURIComponent(file.name)}`, file));
    if (!found) return;
    this.references = this.project.references = found.references;
    this.panel.change({ emotion: "", reference: found.name });
  }

  askToRemove() {
    this.say(`Remove ${this.project.name}, its plan and its result from the server?`, false, ["Remove it", () => this.remove()], ["Keep it", () => this.say("")]).focus();
  }

  async remove() {
    this.say("Removing…");
    if (!(await this.attempt(() => window.zest.askLong("", "DELETE")))) return;
    Object.assign(this, { project: null, work: null, pieces: [], filled: "", unsaved: false, rows: [] });
    clearTimeout(this.timer);
    this.player.audio.pause();
    this.say("");
    document.querySelector("#zest-source button, #zest-source input")?.focus();
  }

  play(index, what) { const row = this.rows[index]; this.player.play(what, row.start, row.end); }

  seek(seconds) { this.player.seek(seconds); }

  moved(seconds, plays) {
    this.now = seconds;
    this.line.at(seconds, plays);
  }

  /** The quietest moment between two others, s. */
  quietest(from, to) {
    let best = Math.round(20 * (from + to) / 2);
    for (let place = Math.ceil(20 * from); place < 20 * to && place < this.sketch.length; place++) if (this.sketch[place] < this.sketch[best]) best = place;
    return Math.round(1000 * clamp((best + 0.5) / 20, from, to)) / 1000;
  }
}
