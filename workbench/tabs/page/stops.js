// Few tab stops: of the buttons of one group, Tab reaches one; arrow keys, Home and End go between them.
(() => {
  const BUTTONS = "button:not(a button), a[href]"; // a button inside a link is the link's
  const CHOSEN = "[role=tab][aria-selected=true], input[type=radio]:checked";
  const GROUPS = [ // where, what is gone between, and how screen readers name it
    ["[role=tablist]", "[role=tab]", ""],
    ["fieldset", "input[type=radio]", ""], // Gradio's have no common name, so that browsers take each for a choice of its own
    ["#zest-examples", "button", "Examples"],
    [".zest-recording", BUTTONS, "Recording"],
    ["#zest-go", "button", "Convert"],
    [".zest-siblings", "button", ""],
    ["#zest-study-buttons", "button", "Listening test"],
  ];
  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
  const last = new WeakMap(); // of a group, the button that had the focus
  let waiting = 0;

  const isThere = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled;
  const itemsOf = (box, items) => [...box.querySelectorAll(items)].filter(isThere);

  function settle(box, items, name) {
    const all = itemsOf(box, items), chosen = [box.querySelector(CHOSEN), last.get(box), all[0]].find((one) => all.includes(one));
    for (const one of all) if (one.tabIndex !== (one === chosen ? 0 : -1)) one.tabIndex = one === chosen ? 0 : -1;
    for (const inner of box.querySelectorAll("a[href] button")) if (inner.tabIndex !== -1) inner.tabIndex = -1;
    if (!name || box.getAttribute("role") === "toolbar") return;
    box.setAttribute("role", "toolbar");
    box.setAttribute("aria-label", box.querySelector("[data-testid=block-label]")?.textContent.trim() || name);
  }

  function settleAll() {
    waiting = 0;
    for (const [where, items, name] of GROUPS) for (const box of document.querySelectorAll(where)) settle(box, items, name);
  }

  const groupOf = (target) => GROUPS.map(([where, items]) => [target.closest?.(where), items]).find(([box, items]) => box && target.matches(items));

  document.addEventListener("focusin", ({ target }) => {
    const [box] = groupOf(target) ?? [];
    if (box) { last.set(box, target); settleAll(); }
  });
  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key], [box, items] = (step && groupOf(event.target)) || [];
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = itemsOf(box, items), place = all.indexOf(event.target) + step;
    const next = all.at(Number.isFinite(place) ? place % all.length : Math.sign(place) < 0 ? 0 : -1);
    next?.focus();
    if (next?.type === "radio") next.click();
    event.preventDefault();
    event.stopPropagation();
  }, true);
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => { waiting ||= setTimeout(settleAll, 60); }).observe(document.body,
      { childList: true, subtree: true, attributeFilter: ["class", "disabled", "aria-selected", "hidden", "href"] });
    settleAll();
  });
})();
