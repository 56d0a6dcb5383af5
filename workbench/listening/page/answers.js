// How a trial is answered: one of several options, a slider for each recording, or the strongest and the weakest of several.

import { choices, el } from "./dom.js";

const LOOKS = { scale: "scale", comparison: "scale seven", preference: "pair", abx: "pair", alike: "pair", counting: "scale" };
const SETS = ["Home", "End", "PageUp", "PageDown", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]; // keys that move a slider

/** What is answered by. changed(value): null while something is missing.
 *
 * Returns {element, above: boxes of players that stand over it, open(all, played): what was played, asks: what to do,
 * choose(key): returns whether it meant anything}.
 */
export function answerBox(shown, caps, texts, player, changed) {
  const build = { sliders, "best-worst": bestWorst }[shown.kind] ?? options;
  return build(shown, caps, texts, player, changed);
}

function options(shown, caps, texts, player, changed) {
  const element = choices("answer", shown.prompt,
    shown.options.map(([value, label], index) => [value, label === caps[index] ? "" : label, caps[index]]), LOOKS[shown.kind] ?? "grid", changed);
  return {
    element, above: player.boxes, asks: texts.choose,
    open(all) { element.disabled = !all; },
    choose(key) {
      const index = caps.indexOf(key.toUpperCase());
      const input = index >= 0 && element.querySelectorAll("input")[index];
      if (!input || element.disabled) return false;
      input.click();
      input.focus();
      return true;
    },
  };
}

/** A slider has no thumb before it was touched, so that no grade is suggested. It opens when its recording was played. */
function sliders(shown, caps, texts, player, changed) {
  const first = shown.clips.length - shown.judged;
  const bands = shown.options.map(([, label]) => label); // from the lowest
  const grades = {};
  const rows = shown.clips.slice(first).map(([label, name], index) => {
    const said = el("output", {}, "\u2013");
    const grade = () => {
      if (input.disabled) return;
      input.classList.remove("untouched");
      grades[name] = Number(input.value);
      const band = bands[Math.min(Math.floor(grades[name] / (100 / bands.length)), bands.length - 1)];
      said.textContent = input.value;
      input.setAttribute("aria-valuetext", `${input.value}, ${band}`);
      changed(Object.keys(grades).length === shown.judged ? JSON.stringify(grades) : null);
    };
    const input = el("input", { type: "range", min: "0", max: "100", step: "1", value: "0", class: "untouched", disabled: true,
      "aria-label": label, "aria-valuetext": texts.no_grade, input: grade, click: grade,
      keydown: ({ key }) => SETS.includes(key) && setTimeout(grade) });
    return { name, input, element: el("div", { class: "judged" }, player.boxes[first + index], input, said) };
  });
  const scale = el("div", { class: "bands", "aria-hidden": "true" }, ...bands.map((band) => el("span", {}, band)));
  return {
    element: el("fieldset", { class: "sliders" }, el("legend", {}, shown.prompt), scale, ...rows.map((row) => row.element)),
    above: player.boxes.slice(0, first), asks: texts.grade_each,
    open(all, played) { for (const { name, input } of rows) input.disabled = !played.has(name); },
    choose(key) {
      const place = Number(key);
      return place >= 1 && place <= shown.judged && player.toggle(first + place - 1);
    },
  };
}

/** One recording cannot be both: choosing it as the other takes it back here. */
function bestWorst(shown, caps, texts, player, changed) {
  const first = shown.clips.length - shown.judged;
  const judged = shown.clips.slice(first);
  const ends = shown.options.map(([end]) => end);
  const chosen = {};
  const inputs = Object.fromEntries(ends.map((end) => [end, []]));
  const choose = (end, index) => {
    const other = ends.find((one) => one !== end);
    if (chosen[other] === index) { inputs[other][index].checked = false; delete chosen[other]; }
    chosen[end] = index;
    changed(ends.every((one) => one in chosen) ? ends.map((one) => judged[chosen[one]][1]).join(" ") : null);
  };
  const rows = judged.map(([label], index) => el("div", { class: "judged" }, player.boxes[first + index],
    ...shown.options.map(([end, said]) => {
      const input = el("input", { type: "radio", name: end, "aria-label": `${said}: ${label}`, change: () => choose(end, index) });
      inputs[end].push(input);
      return el("label", { class: "option" }, input, el("span", {}, said));
    })));
  const element = el("fieldset", { class: "best-worst" }, el("legend", {}, shown.prompt), ...rows);
  const buttons = ends.flatMap((end) => inputs[end]);
  return {
    element, above: player.boxes.slice(0, first), asks: texts.choose,
    open(all) { for (const input of buttons) input.disabled = !all; }, // not the fieldset: its players have to play
    choose(key) {
      const index = Number(key) - 1;
      const end = ends[0] in chosen ? ends[1] : ends[0];
      const input = inputs[end][index];
      if (!input || input.disabled || chosen[ends[0]] === index) return false;
      input.click();
      input.focus();
      return true;
    },
  };
}
