// The picture of the contours as SVG: a panel for each series, or all of them in one.

const LEFT = 40, GAP = 16, HEAD = 38, FOOT = 20, ENERGY = 34, WORDS = 30, NARROW = 200; // pixels
const DASHES = { reference: "2 3", predicted: "6 3" };
const WIDTHS = { source: 2, reference: 2.6, predicted: 2, converted: 2.6 };
const colour = (key) => `var(--zc-${key})`;

/** How many panels stand beside each other. */
function columnsFor(width, count) {
  const fit = Math.floor((width - LEFT) / NARROW);
  return fit >= count ? count : fit >= 2 && count === 4 ? 2 : 1;
}

/** Draw. view: {overlay, from, to} in seconds. Returns {svg, panels}; a panel knows its place, its series and its marks. */
function picture(data, view, width) {
  const groups = view.overlay ? [data.series] : data.series.map((one) => [one]);
  const columns = view.overlay ? 1 : columnsFor(width, groups.length);
  const wide = (width - LEFT - GAP * (columns - 1)) / columns;
  const words = data.series.some((one) => one.words.length > 0) ? WORDS : 0;
  const legend = view.overlay ? legendRows(data.series.length, width) : 0;
  const head = view.overlay ? 20 * legend + 20 : HEAD;
  const tall = view.overlay ? 210 : columns === 1 ? 104 : 140;
  const height = head + tall + 6 + ENERGY + FOOT + words + 6;
  const rows = Math.ceil(groups.length / columns);
  const svg = el("svg:svg", { viewBox: `0 0 ${width} ${rows * height}`, width, height: rows * height, role: "img", "aria-label": data.alt });
  const range = pitchRange(data.series);
  const panels = groups.map((series, index) => {
    const column = index % columns, top = Math.floor(index / columns) * height;
    const panel = { series, overlay: view.overlay, left: LEFT + column * (wide + GAP), width: wide, top: top + head, tall, range, ...view,
      labelled: column === 0, words, energyTop: top + head + tall + 6, bottom: top + head + tall + 6 + ENERGY, head: top };
    panel.x = (seconds) => panel.left + (seconds - view.from) / (view.to - view.from) * wide;
    panel.y = (hz) => panel.top + (range[1] - semitonesOf(hz)) / (range[1] - range[0]) * tall;
    panel.seconds = (x) => view.from + clamp((x - panel.left) / wide, 0, 1) * (view.to - view.from);
    panel.place = (one, own) => (view.overlay ? toSource(one.timing, own) : own);
    svg.append(drawPanel(panel, `zc-${++clips}`));
    return panel;
  });
  return { svg, panels };
}

let clips = 0; // numbers of clip paths, which a document knows by their names
const legendRows = (count, width) => Math.ceil(count / Math.max(1, Math.min(count, Math.floor(width / 205))));
const label = (attributes, text) => el("svg:text", { "font-size": 11.5, style: "fill:var(--zc-soft)", text, ...attributes });
const line = (x1, y1, x2, y2, stroke, more = {}) => el("svg:line", { x1, y1, x2, y2, style: `stroke:${stroke}`, ...more });

function drawPanel(panel, clip) {
  const { left, width, top, tall, energyTop, bottom, series } = panel;
  const group = el("svg:g", {}, el("svg:clipPath", { id: clip }, el("svg:rect", { x: left, y: top - 2, width, height: bottom - top + 4 })));
  group.append(...grid(panel));
  const inside = el("svg:g", { "clip-path": `url(#${clip})` });
  for (const one of series) if (one.energy) inside.append(energyPath(panel, one));
  for (const one of series) inside.append(pitchPath(panel, one));
  group.append(inside, ...wordLabels(panel));
  if (!series.some((one) => one.hz.some((hz) => hz > 0))) group.append(label({ x: left + width / 2, y: top + tall / 2, "text-anchor": "middle" }, "no voiced frame"));
  panel.cross = line(left, top, left, bottom, "var(--zc-soft)", { "stroke-dasharray": "3 3", visibility: "hidden" });
  panel.cursor = line(left, top, left, bottom, "var(--zc-ink)", { "stroke-width": 1.5, visibility: "hidden", class: "playing" });
  panel.dots = series.map((one) => el("svg:circle", { r: 4, style: `fill:${colour(one.key)};stroke:var(--zc-back)`, "stroke-width": 1.5, visibility: "hidden" }));
  group.append(panel.cursor, panel.cross, ...panel.dots, ...heads(panel));
  return group;
}

function grid({ left, width, top, tall, range, labelled, bottom, energyTop, from, to, x, y, series }) {
  const parts = [];
  const labels = pitchLabels(range);
  for (let semitone = range[0]; semitone <= range[1]; semitone++) {
    const height = y(hzOf(semitone)), strong = labels.includes(semitone);
    parts.push(line(left, height, left + width, height, strong ? "var(--zc-line)" : "var(--zc-grid)", { "stroke-width": strong ? 1 : 0.6 }));
    if (strong && labelled) parts.push(label({ x: left - 6, y: height + 4, "text-anchor": "end" }, hzOf(semitone).toFixed(0)));
  }
  if (labelled) parts.push(label({ x: left - 6, y: top - 9, "text-anchor": "end", "font-size": 10.5 }, "Hz"), label({ x: left - 6, y: energyTop + 10, "text-anchor": "end", "font-size": 10.5 }, "0 dB"),
    label({ x: left - 6, y: bottom, "text-anchor": "end", "font-size": 10.5 }, `−${-QUIETEST}`));
  parts.push(line(left, bottom, left + width, bottom, "var(--zc-line)"));
  for (const one of timeLabels(from, to, Math.max(2, Math.floor(width / 46)))) {
    const place = x(one[0]);
    parts.push(line(place, bottom, place, bottom + 4, "var(--zc-line)"), label({ x: place, y: bottom + 15, "text-anchor": place > left + width - 14 ? "end" : place < left + 8 ? "start" : "middle" },
      secondsLabel(one) + (one[0] === 0 || place > left + width - 14 ? " s" : "")));
  }
  if (!series.some((one) => one.energy)) parts.push(label({ x: left + width / 2, y: bottom - 12, "text-anchor": "middle" }, "no sound of its own"));
  return parts;
}

/** Frames that are seen, and one on either side: [first, last]. */
function seen({ from, to, overlay }, { step, hz, timing }) {
  const [start, end] = overlay ? [toOwn(timing, from), toOwn(timing, to)] : [from, to];
  return [Math.max(0, Math.floor(start / step) - 1), Math.min(hz.length - 1, Math.ceil(end / step) + 1)];
}

function pitchPath(panel, one) {
  const [first, last] = seen(panel, one), parts = [];
  let voiced = false;
  for (let frame = first; frame <= last; frame++) {
    const hz = one.hz[frame];
    if (hz > 0) {
      const point = `${panel.x(panel.place(one, frame * one.step)).toFixed(1)} ${panel.y(hz).toFixed(1)}`;
      parts.push(voiced ? `L${point}` : `M${point}L${point}`); // a frame alone is a dot
    }
    voiced = hz > 0;
  }
  return el("svg:path", { d: parts.join(""), fill: "none", "stroke-width": WIDTHS[one.key], "stroke-linejoin": "round", "stroke-linecap": DASHES[one.key] ? "butt" : "round",
    "stroke-dasharray": DASHES[one.key], style: `stroke:${colour(one.key)}`, "data-key": one.key });
}

function energyPath(panel, one) {
  const [first, last] = seen(panel, one), parts = [];
  const height = (energy) => panel.energyTop + clamp(energy / QUIETEST, 0, 1) * ENERGY;
  for (let frame = first; frame <= last; frame++) parts.push(`${panel.x(panel.place(one, frame * one.step)).toFixed(1)} ${height(one.energy[frame]).toFixed(1)}`);
  if (!parts.length) return el("svg:g");
  if (panel.overlay) return el("svg:path", { d: `M${parts.join("L")}`, fill: "none", "stroke-width": 1.4, "stroke-dasharray": DASHES[one.key], style: `stroke:${colour(one.key)}` });
  const ends = [first, last].map((frame) => panel.x(one.step * frame).toFixed(1));
  return el("svg:path", { d: `M${ends[0]} ${panel.bottom}L${parts.join("L")}L${ends[1]} ${panel.bottom}Z`, style: `fill:${colour(one.key)};fill-opacity:0.35` });
}

/** Words in two rows; of those that would cover each other, the first is written. */
function wordLabels(panel) {
  const parts = [], one = panel.series.find((some) => some.words.length), ends = [-Infinity, -Infinity];
  for (const [start, end, text] of one?.words ?? []) {
    const from = panel.x(panel.place(one, start)), to = panel.x(panel.place(one, end)), row = from >= ends[0] ? 0 : 1, long = 6.1 * text.length;
    const middle = clamp((from + to) / 2, panel.left + long / 2, panel.left + panel.width - long / 2);
    if (to < panel.left || from > panel.left + panel.width || middle - long / 2 < ends[row]) continue;
    ends[row] = middle + long / 2 + 5;
    const height = panel.bottom + FOOT + 11 + 13 * row;
    parts.push(line(clamp(from, panel.left, panel.left + panel.width), panel.bottom, clamp(from, panel.left, panel.left + panel.width), panel.bottom + 3, "var(--zc-ink)"),
      el("svg:text", { x: middle, y: height, "text-anchor": "middle", "font-size": 11.5, style: "fill:var(--zc-ink)", class: "word", text }));
  }
  return parts;
}

/** Title and numbers of a panel; the legend where there is one panel. */
function heads(panel) {
  const { overlay, left, width, head, series } = panel, parts = [];
  const columns = overlay ? Math.ceil(series.length / legendRows(series.length, width + LEFT)) : 1, wide = (width + LEFT) / columns;
  panel.abouts = series.map((one, index) => {
    const x = overlay ? (index % columns) * wide : left, y = head + 14 + (overlay ? 20 * Math.floor(index / columns) : 0);
    const title = el("svg:text", { x: x + 24, y, "font-size": 13, "font-weight": 600, style: "fill:var(--zc-ink)", text: one.title });
    const about = overlay ? el("svg:tspan", { dx: 6, "font-size": 11.5, "font-weight": 400, style: "fill:var(--zc-soft)" }) : label({ x, y: y + 17 }, one.about);
    const side = label({ x: left + width, y, "text-anchor": "end" }, "");
    parts.push(line(x, y - 4, x + 18, y - 4, colour(one.key), { "stroke-width": WIDTHS[one.key] + 0.6, "stroke-dasharray": DASHES[one.key] }), title);
    if (overlay) title.append(about); else parts.push(about, side);
    return { about, side };
  });
  return parts;
}
