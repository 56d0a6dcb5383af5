// One trial: play, answer, Next. The answer opens when the server knows that every clip was played to its end.

import { answerBox } from "./answers.js";
import { ask, loadClip } from "./api.js";
import { button, el, fill, heading, show } from "./dom.js";
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
  const remark = el("textarea", { rows: 2, dir: "auto", maxlength: about.remark_letters, "aria-label": texts.comment });
  const keys = keysText(texts, shown, caps);
  const status = el("p", { class: "soft status", role: "status" });
  const clips = shown.clips.map(([label, name], index) => ({ label, url: urls[index], played: heard.has(name) }));
  const player = players(clips, texts.page, {
    ended: report, failed: () => on.failed({ reason: "no_sound" }, () => player.next()) });
  const answer = answerBox(shown, caps, texts.page, player, (value) => { chosen = value; next.disabled = sending || value === null; });

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
    const all = shown.clips.every(([, name]) => heard.has(name));
    answer.open(all, heard);
    status.textContent = all ? answer.asks : texts.play_first;
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

  show(progress(texts, shown), el("section", { class: "card" },
    el("div", { class: "badges" }, shown.training && el("span", { class: "badge" }, texts.page.practice),
      shown.listening && el("span", { class: "badge" }, texts.page.check_badge),
      on.isNew && el("span", { class: "badge new" }, texts.page.new_question)),
    heading(shown.check || shown.prompt), el("p", { class: "soft" }, shown.check ? shown.prompt : shown.hint),
    answer.above.length > 0 && el("div", { class: shown.kind === "sliders" ? "clips one" : "clips" }, ...answer.above), status, answer.element,
    el("div", { class: "row next" }, next),
    el("details", {}, el("summary", {}, texts.comment), remark), el("p", { class: "soft keys" }, keys)),
  el("footer", {}, button(texts.withdraw, on.withdraw, "quiet")));
  open();
  return { play: player.toggle, playNext: player.next, choose: answer.choose, send, keys, leave: player.leave };
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

function keysText(texts, shown, caps) {
  const answers = fill(caps.length > 2 ? texts.page.keys_answers : texts.page.keys_either, { first: caps[0], last: caps.at(-1) });
  const several = { sliders: texts.page.keys_sliders, "best-worst": texts.page.keys_best_worst }[shown.kind];
  if (several) return fill(several, { count: shown.judged });
  const { keys, keys_two: two, keys_three: three } = texts.page;
  return fill([keys, two, three][Math.min(shown.clips.length, 3) - 1], { answers });
}
