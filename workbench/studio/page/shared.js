// What the player and the contours share: elements, time lines, remembered choices, and how the two tell each other the time.
// All files of this folder are joined inside one function; none of them leaves a global name behind.

/** An element. attributes: "on..." are listeners, `text` is its text, undefined ones are left out. */
function el(name, attributes = {}, ...children) {
  const one = name.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (key === "text") one.textContent = value;
    else if (key.startsWith("on")) one.addEventListener(key.slice(2), value);
    else one.setAttribute(key, value);
  }
  one.append(...children.filter((child) => child !== undefined && child !== null));
  return one;
}

/** The value at x of a broken line through increasing xs; beyond its ends, its ends. */
function along(xs, ys, x) {
  if (x <= xs[0]) return ys[0];
  const last = xs.length - 1;
  if (x >= xs[last]) return ys[last];
  let low = 0, high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle; else high = middle;
  }
  return ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low]);
}

/** timing: seconds of the track, and the source's seconds that belong to them. */
const toSource = ([own, source], seconds) => along(own, source, seconds);
const toOwn = ([own, source], seconds) => along(source, own, seconds);

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** 0:03.52, or 1:02:03.5 for long ones. */
function clockTime(seconds, digits = 2) {
  const minutes = Math.floor(seconds / 60), rest = (seconds - 60 * minutes).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** A choice that this browser remembers, where it may. */
const remembered = {
  get(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(`zest-studio-${name}`)) ?? otherwise; } catch { return otherwise; }
  },
  set(name, value) {
    try { localStorage.setItem(`zest-studio-${name}`, JSON.stringify(value)); } catch { /* it is forgotten with the page */ }
  },
};

const TIME = "zest-studio-time", SEEK = "zest-studio-seek"; // events of the document

/** Players and contours of one group show the same moment, in seconds of the source. */
function tell(kind, group, detail) {
  document.dispatchEvent(new CustomEvent(kind, { detail: { group, ...detail } }));
}

function listen(element, kind, group, act) {
  const heard = ({ detail }) => {
    if (!element.isConnected) return document.removeEventListener(kind, heard);
    if (detail.group === group) act(detail);
  };
  document.addEventListener(kind, heard);
}

/** Whether a key that was pressed is meant for something that is written or chosen in. */
function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]"));
}
