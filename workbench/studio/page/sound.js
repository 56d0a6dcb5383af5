// Sound of the player. Short tracks are decoded into buffers, so that a switch or a loop has no gap and is exact to the sample;
// an hour would not fit into memory, so long ones stream through audio elements.

const LONGEST_BUFFERED = 300; // s of one track
const FETCHED_AHEAD = 60; // s; longer tracks are fetched at the first press
const FADE = 0.008; // s; without it a switch clicks

/** The file of a track, fetched once: a few are asked for before the first press, so that it is heard at once. */
function bytesOf(track) {
  track.bytes ??= fetch(track.file.url, { headers: track.file.headers }).then((answer) => { if (!answer.ok) throw new Error(`status ${answer.status}`); return answer.arrayBuffer(); });
  track.bytes.catch(() => { track.bytes = undefined; }); // the next try may succeed
  return track.bytes;
}

/** One track as a decoded buffer. context: of the Web Audio API. */
class BufferedVoice {
  constructor(track, context) {
    Object.assign(this, { track, context, buffer: null, node: null, begun: 0, from: 0, loop: null });
    this.gain = context.createGain();
    this.gain.connect(context.destination);
  }

  /** Rejects where the file is gone or cannot be decoded. */
  load() {
    this.loading ??= bytesOf(this.track)
      .then((bytes) => new Promise((done, failed) => this.context.decodeAudioData(bytes, done, failed))) // older Safari gives no promise
      .then((buffer) => { this.buffer = buffer; this.track.bytes = undefined; }); // decoding has taken the bytes away
    this.loading.catch(() => { this.loading = undefined; }); // the next try may succeed
    return this.loading;
  }

  start(at, level, loop, ended) {
    const now = this.context.currentTime, node = this.context.createBufferSource();
    node.buffer = this.buffer;
    if (loop) Object.assign(node, { loop: true, loopStart: loop[0], loopEnd: loop[1] });
    Object.assign(this, { node, begun: now, from: at, loop });
    this.gain.gain.cancelScheduledValues(now);
    this.gain.gain.setValueAtTime(0, now);
    this.gain.gain.linearRampToValueAtTime(level, now + FADE);
    node.connect(this.gain);
    node.onended = () => { if (this.node === node) { this.node = null; ended(); } };
    node.start(now, at);
  }

  stop() {
    const { node, context } = this;
    if (!node) return;
    this.node = null;
    const now = context.currentTime;
    this.gain.gain.cancelScheduledValues(now);
    this.gain.gain.setValueAtTime(this.gain.gain.value, now);
    this.gain.gain.linearRampToValueAtTime(0, now + FADE);
    node.stop(now + FADE);
  }

  setLevel(level) { this.gain.gain.setTargetAtTime(level, this.context.currentTime, FADE); }

  position() {
    const at = this.from + this.context.currentTime - this.begun;
    if (!this.loop || at < this.loop[1]) return Math.min(at, this.track.seconds);
    return this.loop[0] + (at - this.loop[0]) % (this.loop[1] - this.loop[0]);
  }

  sounding() { return this.node !== null; }
}

/** One track as an audio element, which streams. */
class StreamedVoice {
  constructor(track, context) {
    Object.assign(this, { track, context, loop: null, ended: null });
    this.element = new Audio(track.file.url);
    this.element.preload = "metadata";
    this.gain = context.createGain();
    this.gain.connect(context.destination);
    context.createMediaElementSource(this.element).connect(this.gain);
    this.element.addEventListener("timeupdate", () => this.turn());
    for (const kind of ["pause", "ended"]) this.element.addEventListener(kind, () => { const tellEnd = this.ended; this.ended = null; tellEnd?.(); });
  }

  load() {
    return this.element.readyState > 0 ? Promise.resolve() : new Promise((done, failed) => {
      this.element.addEventListener("loadedmetadata", () => done(), { once: true });
      this.element.addEventListener("error", () => failed(new Error("the element has no sound")), { once: true });
      this.element.load();
    });
  }

  start(at, level, loop, ended) {
    Object.assign(this, { loop, ended });
    this.element.currentTime = at;
    this.gain.gain.value = level;
    this.element.play().catch(() => { this.ended = null; ended(); });
  }

  turn() { if (this.loop && this.ended && this.element.currentTime >= this.loop[1]) this.element.currentTime = this.loop[0]; }

  stop() { this.ended = null; this.element.pause(); }

  setLevel(level) { this.gain.gain.setTargetAtTime(level, this.context.currentTime, FADE); }

  position() { this.turn(); return this.element.currentTime; }

  sounding() { return this.ended !== null; }
}

/** All tracks of a player, of which one sounds at a time; times are seconds of the source.
 *
 * changed: called when sound begins or ends. failed: called with the track that cannot be played.
 */
class Sound {
  constructor({ changed, failed }) {
    Object.assign(this, { tracks: [], voices: new Map(), active: 0, at: 0, loop: null, equal: true, playing: false, turn: 0, changed, failed });
    this.player = { pause: () => this.pause() }; // as the page's rule that one recording sounds at a time knows it
  }

  /** Other tracks; those that were there already keep their sound. */
  give(tracks) {
    const kept = this.tracks[this.active]?.key;
    const here = tracks.findIndex((one) => one.key === kept);
    if (here < 0) { this.pause(); this.at = 0; }
    for (const [key, voice] of this.voices) {
      const track = tracks.find((one) => one.key === key && one.file.url === voice.track.file.url);
      if (track) voice.track = track; else { voice.stop(); this.voices.delete(key); }
    }
    Object.assign(this, { tracks, active: Math.max(0, here) });
    for (const track of tracks) if (!this.voices.has(track.key) && track.seconds <= FETCHED_AHEAD) bytesOf(track).catch(() => {});
    if (this.voice()?.sounding()) this.level();
  }

  get track() { return this.tracks[this.active]; }

  /** Seconds of the source, which is the longest way. */
  get length() { const timing = this.tracks[0]?.timing; return timing ? timing[1].at(-1) : 0; }

  voice(track = this.track) { return track && this.voices.get(track.key); }

  now() { return this.playing && this.voice()?.sounding() ? toSource(this.track.timing, this.voice().position()) : this.at; }

  level() { this.voice()?.setLevel(this.gainOf(this.track)); }

  gainOf(track) { return this.equal ? 10 ** (track.gain / 20) : 1; }

  setEqual(equal) { this.equal = equal; this.level(); }

  /** Sets the context up, which a browser allows while the visitor presses something; Safari allows it only then. */
  unlock() {
    this.context ??= new (window.AudioContext ?? window.webkitAudioContext)({ latencyHint: "interactive" });
    if (this.context.state !== "running") this.context.resume();
  }

  wake() {
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // an iPhone's silent switch does not silence it
    this.unlock();
    const long = this.tracks.some((one) => one.seconds > LONGEST_BUFFERED);
    for (const track of this.tracks) {
      if (!this.voices.has(track.key)) this.voices.set(track.key, new (long ? StreamedVoice : BufferedVoice)(track, this.context));
    }
    return Promise.all([...this.voices.values()].map((voice) => voice.load().catch(() => {})));
  }

  /** Play a track from where the one before has come to. */
  async play(index = this.active) {
    const track = this.tracks[index];
    if (!track) return;
    const turn = ++this.turn;
    this.wake();
    const voice = this.voices.get(track.key);
    try { await voice.load(); } catch { if (turn === this.turn) this.failed(track); return; }
    const place = this.tracks.findIndex((one) => one.key === track.key); // the same tracks may have been given again meanwhile
    if (turn !== this.turn || place < 0) return; // something else was asked for meanwhile
    if (voice !== this.voices.get(track.key)) return this.play(place);
    const at = this.now();
    this.voice()?.stop();
    this.active = place;
    this.begin(at);
  }

  begin(at) {
    const { track } = this, voice = this.voice();
    let from = this.loop ? clamp(at, ...this.loop) : at;
    if (this.loop ? from >= this.loop[1] - 0.01 : from >= this.length - 0.02) from = this.loop ? this.loop[0] : 0;
    const loop = this.loop?.map((edge) => toOwn(track.timing, edge));
    voice.start(toOwn(track.timing, from), this.gainOf(track), loop, () => this.ended());
    this.playing = true;
    if (voice instanceof BufferedVoice) window.zestSounds?.started(this.player); // elements tell that themselves
    this.changed();
  }

  ended() {
    this.at = this.length;
    this.rest();
  }

  pause() {
    this.turn++;
    if (!this.playing) return;
    this.at = this.now();
    this.voice()?.stop();
    this.rest();
  }

  rest() {
    this.playing = false;
    window.zestSounds?.ended(this.player);
    this.changed();
  }

  /** Choose a track without starting to play. */
  choose(index) {
    if (this.playing) return this.play(index);
    this.active = clamp(index, 0, this.tracks.length - 1);
    this.changed();
  }

  seek(at) {
    this.at = clamp(at, 0, this.length);
    if (!this.playing) return this.changed();
    this.voice().stop();
    this.begin(this.at);
  }

  /** Play between two moments over and over; null plays to the end. */
  setLoop(loop) {
    const at = this.now();
    this.loop = loop;
    if (this.playing) { this.voice().stop(); this.begin(at); } else this.changed();
  }
}
