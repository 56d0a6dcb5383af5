// Building elements. Texts are always set as text, never as HTML.

/** An element. attributes: properties of functions are listeners; false, null and undefined are left out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** "{done} of {all}" with its values. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Show a screen. Its heading gets the focus, so that it is read out and the keys work. */
export function show(...parts) {
  const page = document.getElementById("page");
  page.replaceChildren(...parts.filter(Boolean));
  page.removeAttribute("aria-busy");
  scrollTo(0, 0);
  page.querySelector("h1")?.focus({ preventScroll: true });
}

export function heading(text) {
  return el("h1", { tabindex: "-1" }, text);
}

export function button(text, click, kind = "primary", more = {}) {
  return el("button", { type: "button", class: kind, click, ...more }, text);
}

/** Radio buttons as cards. options: [value, label, keycap]. */
export function choices(name, legend, options, kind, change) {
  const inputs = options.map(([value, label, cap]) => {
    const input = el("input", { type: "radio", name, value, change: () => change(value) });
    return el("label", { class: "option" }, input, cap && el("kbd", { "aria-hidden": label ? "true" : null }, cap), el("span", {}, label));
  });
  return el("fieldset", { class: `choices ${kind}` }, el("legend", {}, legend), ...inputs);
}
