// From the link to the first trial: sign-in where it is asked for, consent, how somebody listens, the volume.

import { chooseLanguage, loadClip, remembers } from "./api.js";
import { button, choices, el, fill, heading, show } from "./dom.js";
import { players } from "./player.js";

/** A link to the sign-in, which leads back here; out of a frame it has to go to a window of its own. */
export function signInScreen(about) {
  const { texts } = about;
  const framed = window !== parent;
  show(languageChoice(about), el("section", { class: "card" }, heading(texts.page.sign_in_heading), el("p", {}, texts.page.sign_in),
    framed && el("p", { class: "soft" }, texts.page.sign_in_window),
    el("div", { class: "row" }, signInLink(texts, "primary"))));
}

export function signInLink(texts, kind) {
  const go = new URL("../login/huggingface", location.href);
  go.searchParams.set("_target_url", location.pathname);
  return el("a", { class: kind, href: go, target: window === parent ? "_top" : "_blank" }, texts.page.sign_in_go);
}

/** Calls agreed once the box is ticked and Start pressed; without it the screen is a preview. */
export function consentScreen(about, agreed) {
  const { texts } = about;
  const start = button(texts.consent.start, agreed ?? (() => {}), "primary", { disabled: true });
  const box = el("input", { type: "checkbox", id: "agree", disabled: !agreed, change: () => { start.disabled = !box.checked; } });
  show(languageChoice(about), el("section", { class: "card" }, heading(texts.title),
    el("p", {}, fill(texts.consent.text, { minutes: about.minutes })), el("p", { class: "soft" }, remembers() ? texts.page.pause : texts.page.no_memory),
    ...about.texts.recruitment.terms.map((term) => el("p", { class: "soft" }, term)),
    !agreed && el("p", { class: "note" }, texts.recruitment.preview),
    el("label", { class: "tick", for: "agree" }, box, el("span", {}, texts.consent.agree)), el("div", { class: "row" }, start)),
  workbenchLink(texts));
}

let spoken = () => {};

/** What to do when another language was chosen. */
export function onLanguage(go) {
  spoken = go;
}

/** The languages of the study, where there are several. */
export function languageChoice(about) {
  const languages = Object.entries(about?.languages ?? {});
  if (languages.length < 2) return null;
  const options = languages.map(([code, name]) => el("option", { value: code, lang: code, selected: code === about.texts.language }, name));
  const change = (event) => { chooseLanguage(event.target.value); spoken(); };
  return el("label", { class: "language" }, el("span", {}, about.texts.page.language_label), el("select", { id: "language", change }, ...options));
}

/** The way to the tabs of the workbench, before a test and after it. */
export function workbenchLink(texts) {
  return texts && el("footer", {}, el("a", { class: "quiet", href: "../" }, texts.page.workbench));
}

/** Calls done(setup) with the answers, once all are given and the test recording was heard. */
export async function setupScreen(about, failed, done) {
  const { texts } = about;
  const setup = {};
  let heard = false;
  const begin = button(texts.page.begin, () => { begin.disabled = true; player.leave(); done(setup); }, "primary", { disabled: true });
  const check = () => { begin.disabled = !(heard && asked.every((name) => name in setup)); };
  const asked = Object.keys(texts.setup).filter((name) => typeof texts.setup[name] === "object");
  const questions = asked.map((name) => choices(name, texts.setup[name].label, Object.entries(texts.setup[name].options), "chips",
    (value) => { setup[name] = value; check(); }));
  const clip = { label: texts.page.volume_clip, url: await loadClip(about.volume_clip), played: false };
  const player = players([clip], texts.page, { ended: () => { heard = true; player.mark(0); check(); }, failed });
  show(el("section", { class: "card" }, heading(texts.page.setup_heading), ...questions,
    el("h2", {}, texts.page.volume_heading), el("p", {}, texts.setup.volume), el("div", { class: "clips" }, ...player.boxes),
    el("div", { class: "row" }, begin)));
}
