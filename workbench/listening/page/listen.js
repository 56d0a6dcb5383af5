// The way of a listener through the test, what is told when something fails, and the keyboard.

import { Problem, arrival, ask, isPreview, keepToken, token } from "./api.js";
import { button, el, fill, heading, show } from "./dom.js";
import { codeBox, leavingScreen, stayHere } from "./leave.js";
import { consentScreen, languageChoice, onLanguage, setupScreen, signInLink, signInScreen, workbenchLink } from "./entry.js";
import { canPlay } from "./player.js";
import { trialScreen } from "./trial.js";

const OVER = ["closed", "enough", "withdrawn", "nowhere", "no_sign_in", "taken", "group", "screened", "elsewhere", "place", "arrival"]; // reasons after which there is nothing to try again
const ELSEWHERE = ["answered", "trial", "clip"]; // another page of this listener went on: so does this one
const unreachable = document.getElementById("unreachable");
const PLAY = { q: 0, w: 1, e: 2 };

let about = null;
let trial = null; // the keyboard's hands on the trial that is shown
let place = ""; // that is kept from consent to the first trial
let last = null; // the trial before: {prompt, training}

async function open() {
  try {
    about = await ask("about");
  } catch (problem) {
    if (problem.sentence) return ended(document.title, problem.sentence);
    return away();
  }
  document.documentElement.lang = about.texts.language;
  document.documentElement.dir = about.texts.page.direction;
  document.title = about.texts.title;
  if (!canPlay()) ended(about.texts.title, about.texts.page.no_audio);
  else if (isPreview) consentScreen(about, null);
  else if (arrival) attempt(arrive);
  else if (token()) attempt(goOn);
  else if (about.texts.recruitment.platform) ended(about.texts.title, about.texts.recruitment.arrival_text);
  else begin();
}

/** What is there stays, but not the word on loading, which would blame the browser. */
function away() {
  const main = document.getElementById("page");
  unreachable.hidden = false;
  main.hasAttribute("aria-busy") ? main.replaceChildren(unreachable) : main.append(unreachable);
}

/** Somebody from a platform: the server knows whether there are trials left. This device may know somebody else, which is forgotten. */
async function arrive() {
  const door = await ask("arrive", { arrival });
  keepToken(door.token || null);
  if (door.leaving) return left(door.leaving);
  return door.token ? goOn() : begin();
}

/** Back to the platform. */
function left(leaving) {
  leave();
  hush();
  const may = token() && ["done", "failed"].includes(leaving.outcome);
  leavingScreen(leaving, about.texts, may && el("footer", {}, button(about.texts.withdraw, withdraw, "quiet")));
}

/** Whatever keeps somebody from taking part is told here, before consent and questions. */
function begin() {
  if (about.known) return attempt(() => enter({}));
  if (about.closed && !arrival) return over();
  if (about.sign_in && !about.sign_in_offered) return ended(about.texts.title, about.no_sign_in_text);
  if (about.sign_in && !about.signed_in) return signInScreen(about);
  consentScreen(about, () => attempt(agreed));
}

/** The page may have been open for long, so the server is asked once more whether there is a place. */
async function agreed() {
  if (about.texts.recruitment.keeps_places) {
    const kept = await ask("reserve", { consent: true, place, ...who() });
    if (kept.leaving) return left(kept.leaving);
    place = kept.place;
  } else {
    about = await ask("about");
    if (about.closed) return over();
  }
  await setupScreen(about, () => tell({ reason: "no_sound" }, quiet), (setup) => attempt(() => enter(setup)));
}

/** Nobody new may enter; whoever has begun is known again by signing in. */
function over() {
  const may = about.sign_in && about.sign_in_offered && !about.signed_in;
  ended(about.texts.title, about.closed_text, may && el("p", { class: "soft" }, about.texts.page.taking_part),
    may && signInLink(about.texts, "quiet"));
}

async function enter(setup) {
  const entered = await ask("enter", { consent: true, setup, place, ...who() });
  if (entered.leaving) return left(entered.leaving);
  keepToken(entered.token);
  await goOn();
}

function who() {
  return arrival ? { arrival } : {};
}

/** The next trial, after a word where something new begins; or the end. */
async function goOn() {
  const { trial: shown, code, leaving } = await ask("next", {});
  if (leaving) return left(leaving);
  if (!shown) return thanks(code);
  const { page } = about.texts;
  const begins = () => attempt(() => present(shown));
  const practice = fill(about.texts.training, { count: about.practice });
  if (shown.place === 1 && shown.listening) pausing(page.checks_heading, fill(page.checks, { count: about.checks }), page.begin, begins);
  else if (shown.checked.length) {
    pausing(page.checks_over_heading, practice, page.begin, begins, ...checkResults(shown.checked));
  } else if (shown.place === 1) pausing(page.practice_heading, practice, page.begin, begins);
  else if (!last) pausing(page.back_heading, page.back, page.go_on, begins);
  else if (last.training && !shown.training) {
    pausing(page.practice_over_heading, fill(page.practice_over, { count: shown.of - shown.place + 1 }), page.begin, begins);
  } else await present(shown);
}

async function present(shown) {
  const isNew = last !== null && last.prompt !== shown.prompt && !shown.check;
  trial = await trialScreen(about, shown, {
    isNew, failed: tell, withdraw,
    answered: (stored) => { hush(); leave(); stored.code && !about.texts.recruitment.platform ? thanks(stored.code) : attempt(goOn); } });
  last = { prompt: shown.prompt, training: shown.training };
}

/** What the checks of room, device and hearing found, and what follows from it. */
function checkResults(checked) {
  const { page } = about.texts;
  const results = checked.map(([name, right, of, passed]) => el("li", { class: passed ? "passed" : "missed" },
    fill(page.check_result, { name: page[name], right, of })));
  const isEnough = checked.every(([, , , passed]) => passed);
  return [el("ul", { class: "checked" }, ...results), el("p", { class: isEnough ? "" : "note" }, isEnough ? page.checks_passed : page.checks_failed)];
}

function pausing(title, text, label, go, ...before) {
  leave();
  show(languageChoice(about), el("section", { class: "card" }, heading(title), ...before, el("p", {}, text), el("p", { class: "soft" }, about.texts.page.pause),
    el("div", { class: "row" }, button(label, go))),
  before.length > 0 && el("footer", {}, button(about.texts.withdraw, withdraw, "quiet")));
}

function thanks(code) {
  leave();
  const { thanks: text, page } = about.texts;
  const [before, after] = text.split("{code}");
  const { shown, copy } = codeBox(code, page);
  show(el("section", { class: "card ended" }, heading(page.done_heading), el("p", {}, before, shown, after), copy),
    el("footer", {}, button(about.texts.withdraw, withdraw, "quiet")));
}

/** Nothing more to do here. */
function ended(title, sentence, ...more) {
  leave();
  hush();
  show(languageChoice(about), el("section", { class: "card ended" }, heading(title), el("p", {}, sentence), ...more), workbenchLink(about?.texts));
}

function withdraw() {
  stayHere();
  const { page, withdrawn } = about.texts;
  const sure = async () => {
    const { leaving } = await ask("withdraw", {});
    leaving ? left(leaving) : ended(page.withdrawn_heading, withdrawn);
  };
  askOver(page.withdraw_question, (close) => [button(page.withdraw_no, close), button(page.withdraw_yes, () => { close(); attempt(sure); }, "danger")]);
}

/** What the keys do, for who presses "?". */
function tellKeys() {
  if (trial) askOver(trial.keys, (close) => [button(about.texts.page.close, close)]);
  return Boolean(trial);
}

/** A sentence over the page. answers: makes the buttons, given what closes it. */
function askOver(sentence, answers) {
  const dialog = el("dialog", { close: () => dialog.remove(), "aria-labelledby": "sentence" }, el("p", { id: "sentence" }, sentence));
  dialog.append(el("div", { class: "row" }, ...answers(() => dialog.close())));
  document.body.append(dialog);
  dialog.showModal();
}

/** Do something, and again when it failed and the listener asks for it. */
async function attempt(work) {
  hush();
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    tell(problem, () => attempt(work));
  }
}

/** A calm banner; nothing that was chosen is lost. */
function tell(problem, again) {
  const { page } = about.texts;
  const main = document.getElementById("page");
  const isEmpty = main.hasAttribute("aria-busy"); // nothing is there yet that somebody chose
  const words = problem.sentence || (isEmpty ? page.server_away : page[problem.reason] || page.unreachable);
  if (OVER.includes(problem.reason)) return ended(about.texts.title, words);
  if (isEmpty) main.replaceChildren(); // a word on loading would blame the browser
  const banner = document.getElementById("banner");
  const lost = problem.reason === "session";
  const go = lost || problem.reason === "sign_in" ? startOver : ELSEWHERE.includes(problem.reason) ? () => attempt(goOn) : again;
  banner.replaceChildren(el("p", {}, words), button(lost ? page.start_over : page.try_again, () => { hush(); go(); }, "small"));
  banner.scrollIntoView({ block: "nearest" });
}

function startOver() {
  keepToken(null);
  leave();
  last = null;
  open(); // about is asked again: the sign-in may have ended, too
}

function hush() {
  document.getElementById("banner").replaceChildren();
}

function leave() {
  trial?.leave();
  trial = null;
}

function quiet() {}

/** Keys. In the remark letters are letters, and on a control Space and Enter do what they always do. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("textarea, select, dialog, summary, a, #banner, footer")) return;
  if (act(event.target, event.key.toLowerCase())) event.preventDefault();
}

function act(on, key) {
  if (key === "enter") return !on.closest("button") && forward();
  if (key === "?") return tellKeys();
  if (!trial) return false;
  if (key === " ") return !on.closest("button") && !(on.matches("input:not([type=range])") && !on.checked) && trial.playNext();
  if (key in PLAY) return trial.play(PLAY[key]);
  return /^[0-9a-z]$/.test(key) && trial.choose(key);
}

/** Enter is Next; where there is no trial, it is the one button that leads on. */
function forward() {
  if (trial) trial.send();
  else document.querySelector("main .primary:enabled")?.click();
  return true;
}

addEventListener("keydown", pressed);
addEventListener("pagehide", () => trial?.leave());
if (window !== parent) {
  document.documentElement.classList.add("framed");
  window.focus(); // so that the keys come here
}
onLanguage(open);
open();
