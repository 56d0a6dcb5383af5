// Source and result in one player: the switch goes on at the same moment, and what is rendered so far can be played meanwhile.

class LanePlayer {
  /** lane: has files (source, result, partial: addresses or ''), map (a PieceMap); moved(seconds of the source) is called. */
  constructor(lane) {
    this.lane = lane;
    this.what = "source";
    this.stop = Infinity; // s of what plays
    this.audio = el("audio", { controls: "", preload: "metadata", "aria-label": "Player of the long recording", ontimeupdate: () => this.tick(), onseeking: () => this.tick(), onplay: () => this.follow(), onended: () => this.goOn() });
    this.buttons = ["source", "result"].map((name) => el("button", { type: "button", "data-what": name, "aria-pressed": "false", text: name === "source" ? "Source" : "Result", onclick: () => this.change(name) }));
    this.box = el("div", { class: "player" }, el("div", { class: "which", role: "group", "aria-label": "What is played" }, ...this.buttons), this.audio);
  }

  /** The address of what is chosen; the result as far as it is there. */
  address(what) {
    const { files } = this.lane;
    return what === "source" ? files.source : files.partial || files.result;
  }

  /** New files are there. */
  renew() {
    const there = Boolean(this.address("result"));
    this.buttons[1].disabled = !there;
    this.buttons[1].textContent = this.lane.files.partial ? "Result so far" : "Result";
    if (this.what === "result" && !there) this.what = "source";
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one.dataset.what === this.what));
    const grows = this.what === "result" && this.lane.files.partial && this.loaded?.includes("so-far.wav"); // goOn takes the longer one
    if (!grows) this.load();
  }

  load() {
    const next = this.address(this.what);
    if (next === this.loaded) return;
    const { currentTime, paused } = this.audio, before = this.loaded;
    this.loaded = next;
    if (!next) return this.audio.removeAttribute("src"); // an empty address is an error to some browsers
    this.audio.src = next;
    if (before) this.from(currentTime, !paused);
  }

  from(seconds, play) {
    this.audio.currentTime = seconds;
    if (play) this.audio.play().catch(() => {});
  }

  /** s of the source that sounds now. */
  get now() {
    return this.what === "source" ? this.audio.currentTime : this.lane.map.toSource(this.audio.currentTime);
  }

  own(seconds) { return this.what === "source" ? seconds : this.lane.map.toResult(seconds); }

  change(what) {
    if (what === this.what) return;
    const { now } = this, { paused } = this.audio;
    this.what = what;
    this.stop = Infinity;
    this.loaded = undefined;
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one.dataset.what === what));
    this.load();
    this.from(this.own(now), !paused);
  }

  seek(seconds) {
    this.stop = Infinity;
    this.audio.currentTime = this.own(seconds);
    this.tick();
  }

  /** From one moment of the source to another. */
  play(what, start, end) {
    this.change(what);
    if (what === "result" && this.lane.files.partial) this.load(); // the longest there is
    this.stop = this.own(end);
    this.from(this.own(start), true);
  }

  tick() {
    if (this.audio.currentTime >= this.stop) { this.stop = Infinity; this.audio.pause(); }
    this.lane.moved(this.now, !this.audio.paused);
  }

  follow() {
    const step = () => { if (this.audio.paused) return; this.tick(); requestAnimationFrame(step); };
    requestAnimationFrame(step);
  }

  /** The end of what was there when it began: more may be there now. */
  goOn() {
    const at = this.audio.currentTime, next = this.address(this.what);
    if (this.what !== "result" || next === this.loaded) return;
    this.loaded = next;
    this.audio.src = next;
    this.from(at, true);
  }
}
