// Round play buttons with a ring that fills. A clip can be paused and played again, never skipped through.

import { el, fill, svg } from "./dom.js";

const AROUND = 2 * Math.PI * 28;

/** Whether this browser can play a clip at all. */
export function canPlay() {
  return typeof Audio === "function" && Boolean(new Audio().canPlayType?.("audio/wav"));
}

/** Players of one screen: one sounds at a time.
 *
 * ended: called with a clip's index each time it was played to its end. failed: called when it cannot be played.
 */
export function players(clips, texts, { ended, failed }) {
  const all = clips.map(({ label, url, played }, index) => {
    const audio = new Audio(url);
    const ring = svg("circle", { class: "ring", cx: 32, cy: 32, r: 28, "stroke-dasharray": AROUND });
    const face = el("span", { class: "face", "aria-hidden": "true" });
    const button = el("button", { type: "button", class: "play", click: () => toggle(index) },
      svg("svg", { viewBox: "0 0 64 64", "aria-hidden": "true" }, svg("circle", { class: "track", cx: 32, cy: 32, r: 28 }), ring), face);
    const state = el("span", { class: "state" });
    const box = el("div", { class: "clip" }, button, el("span", { class: "name" }, label), state);
    const one = { audio, ring, button, state, box, label, played, reporting: false };
    audio.addEventListener("ended", () => { draw(one); ended(index); });
    audio.addEventListener("pause", () => draw(one));
    audio.addEventListener("error", () => failed(index));
    draw(one);
    return one;
  });

  function toggle(index) {
    const one = all[index];
    if (!one.audio.paused) return one.audio.pause();
    for (const other of all) if (other !== one) { other.audio.pause(); other.audio.currentTime = 0; draw(other); }
    one.audio.play().then(() => follow(one)).catch((reason) => { if (reason.name !== "AbortError") failed(index); });
  }

  function follow(one) {
    draw(one);
    if (!one.audio.paused && one.button.isConnected) requestAnimationFrame(() => follow(one));
  }

  function draw({ audio, ring, button, state, box, label, played }) {
    const playing = !audio.paused && !audio.ended;
    const begun = audio.currentTime > 0 && !audio.ended;
    const share = begun ? audio.currentTime / (audio.duration || Infinity) : played || audio.ended ? 1 : 0;
    ring.setAttribute("stroke-dashoffset", AROUND * (1 - share));
    box.dataset.state = playing ? "playing" : played ? "played" : "new";
    button.setAttribute("aria-label", fill(playing ? texts.stop : played ? texts.again : texts.play, { name: label }));
    state.textContent = played ? texts.played : texts.unplayed;
  }

  return {
    boxes: all.map((one) => one.box),
    toggle(index) { if (all[index]) toggle(index); return true; },
    /** What the space bar does: pause, else the next clip that was not heard, else the first again. */
    next() {
      const playing = all.findIndex((one) => !one.audio.paused && !one.audio.ended);
      const fresh = all.findIndex((one) => !one.played && !one.audio.ended);
      toggle(playing >= 0 ? playing : Math.max(fresh, 0));
      return true;
    },
    mark(index) { all[index].played = true; draw(all[index]); },
    /** Stop, and give the memory back. */
    leave() { for (const one of all) { one.audio.pause(); URL.revokeObjectURL(one.audio.src); } },
  };
}
