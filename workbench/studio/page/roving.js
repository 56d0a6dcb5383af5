// Few tab stops: of many buttons, Tab reaches one.

/** One of these children is reached by Tab; arrow keys go between them. */
function rove(box, selector, [back, on]) {
  const all = () => [...box.querySelectorAll(selector)];
  const set = (chosen) => { for (const one of all()) one.tabIndex = one === chosen ? 0 : -1; };
  box.addEventListener("focusin", ({ target }) => { if (target.matches(selector)) set(target); });
  box.addEventListener("keydown", (event) => {
    const place = all().indexOf(document.activeElement), step = { [back]: -1, [on]: 1 }[event.key];
    if (place < 0 || !step) return;
    event.preventDefault();
    all().at((place + step) % all().length).focus();
  });
  set(all()[0]);
}
