// Leaving for the platform: what became of the study, the code to copy, and the way back, which is taken by itself after a while.

import { button, el, fill, heading, show } from "./dom.js";

let timer = null;

/** The code, and a button that copies it. Where the browser does not allow that, the code is selected. */
export function codeBox(code, page) {
  const shown = el("output", { class: "code" }, code);
  const copy = button(page.copy, async () => {
    try { await navigator.clipboard.writeText(code); copy.textContent = page.copied; } catch { getSelection().selectAllChildren(shown); }
  }, "quiet");
  return { shown, copy };
}

/** The last screen for who came from a platform. A reload shows it again. more: what else may be done. */
export function leavingScreen(leaving, texts, more) {
  clearInterval(timer);
  const { shown, copy } = codeBox(leaving.code, texts.page);
  const back = leaving.address && wayBack(leaving);
  const soon = el("p", { class: "soft", role: "timer", "aria-live": "off" });
  const stay = button(leaving.stay, () => { clearInterval(timer); soon.remove(); stay.remove(); }, "quiet");
  const waits = back && leaving.seconds > 0;
  show(el("section", { class: "card ended", "data-outcome": leaving.outcome }, heading(texts.title), el("p", {}, leaving.sentence),
    leaving.checks.length > 0 && el("ul", { class: "checks" }, ...leaving.checks.map((text) => el("li", {}, text))),
    leaving.code && el("p", {}, leaving.code_text, shown), leaving.code && copy,
    back ? el("div", { class: "row centre" }, back.element) : el("p", { class: "soft" }, leaving.by_hand),
    waits && soon, waits && stay), more);
  if (waits) countDown(leaving, soon, back.go);
}

/** A link, or a form where the platform takes the work by one. */
function wayBack({ address, fields, go: label }) {
  if (!fields.length) {
    const link = el("a", { class: "primary", href: address, rel: "noreferrer" }, label);
    return { element: link, go: () => location.assign(address) };
  }
  const inputs = fields.map(([name, value]) => el("input", { type: "hidden", name, value }));
  const form = el("form", { method: "post", action: address }, ...inputs, el("button", { class: "primary" }, label));
  return { element: form, go: () => form.submit() };
}

function countDown(leaving, soon, go) {
  const end = Date.now() + 1000 * leaving.seconds;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    soon.textContent = fill(leaving.soon, { seconds: left });
    if (left === 0) { clearInterval(timer); go(); }
  };
  timer = setInterval(tick, 500);
  tick();
}

/** Nothing is left for any more: another screen is shown. */
export function stayHere() {
  clearInterval(timer);
}
