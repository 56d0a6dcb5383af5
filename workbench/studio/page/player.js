// The A/B player: source, reference and takes on one time line, of which one sounds at a time.

const KEYS = [["1 to 9", "play that track from the same place"], ["x", "back to the track before"], ["p or space", "play, pause"],
  ["← →", "half a second back or on; Home and End, too"], ["[ and ]", "begin and end the loop here"], ["l", "loop off, or the last one on again"],
  ["e", "equal loudness on or off"], ["b", "blind on or off"], ["v", "blind: prefer what plays"]];
const STEP = 0.5; // s of an arrow key
const AUTOPLAY = "#zest-autoplay input"; // the visitor's choice whether a result sounds as soon as it is ready

class Player {
  constructor(box, group) {
    Object.assign(this, { box, group, before: 0, lastLoop: null, blind: new BlindTest() });
    this.sound = new Sound({ changed: () => this.show(), failed: (track) => this.say(this.broken(track), true) });
    this.sound.equal = remembered.get("equal", true);
    this.lanes = new Lanes(this.sound, this.blind, (region) => this.loopOver(region));
    this.build();
    listen(box, SEEK, group, ({ time }) => this.sound.seek(time));
    document.addEventListener("keydown", this.onKey = (event) => this.key(event));
    document.addEventListener("click", ({ target }) => { if (target.closest?.("button")) this.sound.unlock(); }, true); // what is asked for now may sound later
  }

  build() {
    const button = (name, text, act, more = {}) => el("button", { type: "button", class: name, text, onclick: act, ...more });
    this.playButton = button("play", undefined, () => this.toggle(), { "aria-label": "Play" });
    this.time = el("span", { class: "time" });
    this.loopButton = button("tool loop", "Loop", () => this.toggleLoop(), { title: "Drag over the waveforms to choose what is looped (l)" });
    this.equalButton = button("tool", "Equal loudness", () => this.toggleEqual(), { title: "All at one loudness, ITU-R BS.1770 (e)" });
    this.blindButton = button("tool", "Blind", () => this.toggleBlind(), { title: "Hide names, shuffle, and count what you prefer (b)" });
    this.saveLink = el("a", { class: "tool save", text: "Download" });
    this.helpButton = button("tool help", "?", () => this.help.showModal(), { "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)" });
    this.tools = el("div", { class: "tools" }, this.loopButton, this.equalButton, this.blindButton, this.saveLink, this.helpButton);
    this.bar = el("div", { class: "bar", role: "toolbar", "aria-label": "Player" }, this.playButton, this.time, this.tools);
    rove(this.bar, "button, a", ["ArrowLeft", "ArrowRight"]);
    this.names = el("div", { class: "names", role: "radiogroup", "aria-label": "What plays" });
    this.votes = el("div", { class: "votes", role: "group", "aria-label": "Which do you prefer?" });
    this.tally = el("p", { class: "tally", role: "status" });
    this.said = el("p", { class: "said", role: "status" });
    this.hint = el("p", { class: "hint" });
    this.help = this.shortcuts();
    this.box.replaceChildren(
      this.bar,
      el("div", { class: "lanes" }, this.names, this.lanes.box), this.hint, this.votes, this.tally, this.said, this.help);
  }

  shortcuts() {
    this.everywhere = el("input", { type: "checkbox", onchange: () => remembered.set("keys", this.everywhere.checked) });
    this.everywhere.checked = remembered.get("keys", true);
    const rows = [...KEYS, ...(window.zest?.keys ?? [["?", "these keys"]])].map(([key, words]) => el("div", {}, el("dt", {}, el("kbd", { text: key })), el("dd", { text: words })));
    const help = el("dialog", { class: "keys", "aria-label": "Keyboard shortcuts" }, el("h3", { text: "Keyboard shortcuts" }), el("dl", {}, ...rows),
      el("label", {}, this.everywhere, " also outside the player, except while you type"),
      el("button", { type: "button", class: "tool", text: "Close", onclick: () => help.close() }));
    help.addEventListener("click", (event) => { if (event.target === help) help.close(); });
    return help;
  }

  /** value: as workbench/studio/tracks.py makes it. */
  give(value) {
    const tracks = value?.tracks ?? [];
    if (this.blind.on && tracks.map((one) => one.key).join() !== this.blind.keys.join()) this.endBlind();
    if (tracks.map((one) => one.key).join() !== this.sound.tracks.map((one) => one.key).join()) this.lastLoop = null;
    this.sound.give(tracks);
    if (this.sound.loop && this.sound.loop[1] > this.sound.length) this.sound.setLoop(null);
    this.box.hidden = tracks.length === 0;
    this.say("");
    this.show();
    const new_ = Boolean(value?.chosen) && this.chosen !== value.chosen;
    this.chosen = value?.chosen;
    if (!new_ || this.blind.on || !tracks.some((one) => one.key === this.chosen)) return;
    if (document.querySelector(AUTOPLAY)?.checked) this.playChosen();
    else if (!this.sound.playing) this.sound.choose(tracks.findIndex((one) => one.key === this.chosen));
  }

  /** What came into view, from its beginning; a loop goes on, since somebody listens for something there. */
  playChosen() {
    const { sound } = this, index = sound.tracks.findIndex((one) => one.key === this.chosen);
    if (index < 0 || this.blind.on || (sound.playing && sound.active === index && sound.now() < STEP)) return; // it has just begun
    if (!sound.loop) { sound.pause(); sound.at = 0; }
    this.play(index);
  }

  /** Indices of the tracks as they stand on the page. */
  get order() { return this.blind.on ? this.blind.order : this.sound.tracks.map((_, index) => index); }

  nameOf(index) { return this.blind.on ? LETTERS[this.blind.order.indexOf(index)] : this.sound.tracks[index]?.name ?? ""; }

  play(index) {
    if (index !== this.sound.active) this.before = this.sound.active;
    this.say("");
    return this.sound.play(index);
  }

  toggle() { return this.sound.playing ? this.sound.pause() : this.play(this.sound.active); }

  loopOver(region) { this.lastLoop = region; this.sound.setLoop(region); }

  toggleLoop() {
    const { sound } = this;
    if (!sound.loop && !this.lastLoop) return this.say("Drag over the waveforms to choose what is looped, or press [ and ] where it begins and ends.");
    sound.setLoop(sound.loop ? null : this.lastLoop);
  }

  /** One end of the loop is put where the player is. */
  markLoop(end) {
    const { sound } = this, now = sound.now(), loop = [...(sound.loop ?? [0, sound.length])];
    loop[end] = now;
    if (loop[1] - loop[0] < SHORTEST_LOOP) loop[1 - end] = end ? 0 : sound.length;
    if (loop[1] - loop[0] >= SHORTEST_LOOP) this.loopOver(loop);
  }

  toggleEqual() {
    if (this.blind.on) return;
    this.sound.setEqual(!this.sound.equal);
    remembered.set("equal", this.sound.equal);
    this.lanes.draw();
    this.show();
  }

  toggleBlind() { this.blind.on ? this.endBlind() : this.beginBlind(); }

  beginBlind() {
    const { sound } = this;
    if (BlindTest.candidates(sound.tracks).length < 2) return this.say("There is nothing to compare yet: convert once more, or with other settings.");
    sound.pause();
    this.equalBefore = sound.equal;
    sound.setEqual(true); // what is louder is preferred, whatever it is
    this.blind.reset();
    this.blind.begin(sound.tracks);
    sound.choose(this.blind.order[0]);
    this.say("");
    this.show();
  }

  endBlind() {
    this.blind.end();
    this.sound.setEqual(this.equalBefore);
    this.show();
  }

  prefer(index) {
    if (!this.blind.on) return;
    if (!this.blind.ready) return this.say("Listen to two of them first.");
    this.sound.pause();
    this.blind.vote(index);
    this.sound.choose(this.blind.order[0]);
    this.sound.seek(this.sound.loop?.[0] ?? 0);
    this.say(`Counted. Round ${this.blind.rounds + 1}: the order is another now.`);
    this.show();
  }

  key(event) {
    if (!this.box.isConnected) return document.removeEventListener("keydown", this.onKey);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || this.help.open || !this.sound.tracks.length) return;
    const { target } = event, inside = this.box.contains(target);
    const apart = this.everywhere.checked && this.box.offsetParent;
    const beside = target instanceof Element && target.closest(`[data-studio="${this.group}"]`);
    if (isTyping(target) || !(inside || apart || beside)) return;
    const act = this.actions(event, inside);
    if (act) { event.preventDefault(); act(); }
  }

  actions({ key, target }, inside) {
    const { sound } = this, onButton = target.closest?.("button"), onStage = target === this.lanes.box;
    if (/^[1-9]$/.test(key)) return this.order[key - 1] === undefined ? null : () => this.play(this.order[key - 1]);
    const moves = { ArrowLeft: sound.now() - STEP, ArrowRight: sound.now() + STEP, Home: 0, End: sound.length };
    if (onStage && key in moves) return () => sound.seek(moves[key]);
    if (key === " ") return inside && !onButton ? () => this.toggle() : null;
    return { x: () => this.play(this.order.includes(this.before) ? this.before : this.order[0]), p: () => this.toggle(), "[": () => this.markLoop(0),
      "]": () => this.markLoop(1), l: () => this.toggleLoop(), e: () => this.toggleEqual(), b: () => this.toggleBlind(),
      v: () => this.prefer(sound.active), "?": () => this.help.showModal() }[key];
  }

  broken(track) { return `${this.nameOf(this.sound.tracks.indexOf(track))} cannot be played: the server does not have it any more, or it cannot be reached. Convert again.`; }

  say(words, wrong = false) {
    this.said.textContent = words;
    this.said.classList.toggle("wrong", wrong);
  }

  show() {
    const { sound, blind } = this;
    if (sound.playing) blind.hear(sound.active);
    this.box.dataset.state = sound.playing ? "playing" : "paused";
    this.playButton.setAttribute("aria-label", sound.playing ? "Pause" : "Play");
    for (const [button, on] of [[this.loopButton, sound.loop], [this.equalButton, sound.equal], [this.blindButton, blind.on]]) {
      button.setAttribute("aria-pressed", String(Boolean(on)));
    }
    this.loopButton.textContent = sound.loop ? `Loop ${sound.loop[0].toFixed(1)}–${sound.loop[1].toFixed(1)} s` : "Loop";
    this.equalButton.setAttribute("aria-disabled", String(blind.on));
    this.lanes.show(this.order);
    showSaving(this);
    showNames(this);
    showVotes(this);
    this.tick();
  }

  /** What moves while it plays. */
  tick() {
    cancelAnimationFrame(this.frame);
    if (!this.box.isConnected) return this.sound.pause();
    const { sound } = this, now = sound.now();
    this.time.textContent = `${clockTime(now)} / ${clockTime(sound.length)}`;
    this.lanes.follow();
    tell(TIME, this.group, { time: now, playing: sound.playing });
    if (sound.playing) this.frame = requestAnimationFrame(() => this.tick());
  }
}
