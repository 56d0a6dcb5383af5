// One trial: play, answer, Next. The answer opens when the server knows that every clip was played to its end.

import { ask, loadClip } from "./api.js";
import { button, choices, el, fill, heading, show } from "./dom.js";
import { players } from "./player.js";

/** Show a trial. on: {isNew, failed(problem, again), answered(stored), withdraw()}. Returns what the keyboard needs. */
export async function trialScreen(about, shown, on) {
  const { texts } = about;
  const heard = new Set(shown.played);
  const unreported = new Set(); // indices of clips that were played, while the server does not know yet
  const urls = await Promise.all(shown.clips.map(([, name]) => loadClip(name)));
  let chosen = null;
  let sending = false;

  const next = button(texts.next, send, "primary", { disabled: true });
  const caps = keycaps(shown.options);
  const rating = choices("answer", shown.prompt,
    shown.options.map(([value, label], index) => [value, label === caps[index] ? "" : label, caps[index]]), kindOf(shown),
    (value) => { chosen = value; next.disabled = sending; });
  const remark = el("textarea", { rows: 2, maxlength: about.remark_letters, "aria-label": texts.comment });
  const keys = keysText(texts, shown, caps);
  const status = el("p", { class: "soft status", role: "status" });
  const clips = shown.clips.map(([label, name], index) => ({ label, url: urls[index], played: heard.has(name) }));
  const player = players(clips, texts.page, {
    ended: report, failed: () => on.failed({ reason: "no_sound" }, () => player.next()) });

  /** Playing again is reported too, but only what opens the answer is worth a banner. */
  async function report(index) {
    const clip = shown.clips[index][1];
    unreported.add(index);
    try {
      await ask("played", { trial: shown.trial, clip });
    } catch (problem) {
      if (!heard.has(clip)) on.failed(problem, () => unreported.forEach(report));
      return;
    }
    unreported.delete(index);
    heard.add(clip);
    player.mark(index);
    open();
  }

  function open() {
    rating.disabled = !shown.clips.every(([, name]) => heard.has(name));
    status.textContent = rating.disabled ? texts.play_first : texts.page.choose;
  }

  async function send() {
    if (sending || chosen === null) return;
    sending = next.disabled = true;
    next.textContent = texts.page.saving;
    try {
      const stored = await ask("answer", { trial: shown.trial, value: chosen, remark: remark.value.trim() });
      player.leave();
      on.answered(stored); // and this button stays as it is until another screen comes
    } catch (problem) {
      sending = next.disabled = false;
      next.textContent = texts.next;
      on.failed(problem, send);
    }
  }

  function choose(cap) {
    const index = caps.indexOf(cap.toUpperCase());
    const input = index >= 0 && rating.querySelectorAll("input")[index];
    if (!input || rating.disabled) return false;
    input.click();
    input.focus();
    return true;
  }

  show(progress(texts, shown), el("section", { class: "card" },
    el("div", { class: "badges" }, shown.training && el("span", { class: "badge" }, texts.page.practice),
      on.isNew && el("span", { class: "badge new" }, texts.page.new_question)),
    heading(shown.check || shown.prompt), el("p", { class: "soft" }, shown.check ? shown.prompt : shown.hint),
    el("div", { class: "clips" }, ...player.boxes), status, rating, el("div", { class: "row next" }, next),
    el("details", {}, el("summary", {}, texts.comment), remark), el("p", { class: "soft keys" }, keys)),
  el("footer", {}, button(texts.withdraw, on.withdraw, "quiet")));
  open();
  return { play: player.toggle, playNext: player.next, choose, send, keys, leave: player.leave };
}

function progress(texts, shown) {
  const text = fill(texts.progress, { done: shown.place, all: shown.of });
  return el("header", { class: "progress" },
    el("progress", { value: shown.place - 1, max: shown.of, "aria-label": text }), el("span", {}, text));
}

/** What is typed to answer: the value of a scale or a side, the place of anything else. */
function keycaps(options) {
  const short = options.every(([value]) => value.length === 1);
  return options.map(([value], index) => (short ? value.toUpperCase() : String(index + 1)));
}

function kindOf(shown) {
  return { scale: "scale", comparison: "scale seven", preference: "pair", abx: "pair" }[shown.kind] ?? "grid";
}

function keysText(texts, shown, caps) {
  const answers = fill(caps.length > 2 ? texts.page.keys_answers : texts.page.keys_either, { first: caps[0], last: caps.at(-1) });
  const { keys, keys_two: two, keys_three: three } = texts.page;
  return fill([keys, two, three][Math.min(shown.clips.length, 3) - 1], { answers });
}
