// One recording sounds at a time, on this page, in pages that it frames or is framed by, and in other tabs of this browser; and
// dark where the page around it is dark.
(() => {
  const STARTED = "zest-started", THEME = "zest-theme", HEIGHT = "zest-height", PLACE = "zest-place";
  const watched = new WeakSet(), sounding = new Set();
  const play = HTMLMediaElement.prototype.play;
  const tabs = parent === window && "BroadcastChannel" in window ? new BroadcastChannel(STARTED) : null; // of this site

  function pauseOthers(one) {
    for (const other of [...sounding]) if (other !== one) other.pause();
  }

  function started(one) {
    pauseOthers(one);
    sounding.add(one);
    tell({ zest: STARTED });
    tabs?.postMessage(STARTED);
  }

  // For sound that comes from no element of the browser's: `one` has a method `pause`.
  window.zestSounds = { started, ended: (one) => sounding.delete(one) };

  /** Players of Gradio lie in a shadow, where events stay, and those of listening tests in no document: both call play. */
  function watch(one) {
    if (watched.has(one)) return;
    watched.add(one);
    one.addEventListener("play", () => started(one));
    for (const end of ["pause", "ended", "emptied"]) one.addEventListener(end, () => sounding.delete(one));
  }

  function tell(message, except) {
    for (const place of [...(parent === window ? [] : [parent]), ...frames()]) if (place !== except) place.postMessage(message, "*");
  }

  function frames() {
    return [...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow).filter(Boolean);
  }

  /** Without a name the system decides. */
  function setTheme(name) {
    if (name === "dark" || name === "light") document.documentElement.dataset.theme = name;
  }

  HTMLMediaElement.prototype.play = function () { watch(this); return play.call(this); };
  document.addEventListener("play", ({ target }) => { if (!watched.has(target)) { watch(target); started(target); } }, true); // controls of the browser's
  addEventListener("message", ({ data, source }) => {
    if (data?.zest === STARTED) { pauseOthers(null); tell(data, source); tabs?.postMessage(STARTED); }
    if (data?.zest !== THEME) return;
    if (source === parent && parent !== window) setTheme(data.name);
    else if (window.zestTheme && frames().includes(source)) source.postMessage({ zest: THEME, name: window.zestTheme() }, "*");
  });
  tabs?.addEventListener("message", () => { pauseOthers(null); tell({ zest: STARTED }); });
  /** The page around a report makes its frame as high as it, so that one thing scrolls; its own links are then gone to by that page. */
  function tellHeight() {
    parent.postMessage({ zest: HEIGHT, pixels: Math.ceil(document.documentElement.getBoundingClientRect().height) }, "*");
  }

  function tellPlace(event) {
    const link = event.target.closest?.('a[href^="#"]'), there = link && document.getElementById(link.hash.slice(1));
    if (there) parent.postMessage({ zest: PLACE, pixels: there.getBoundingClientRect().top }, "*");
  }

  /** Of a report's tables and plots, Tab reaches those that have to be scrolled. */
  function settleStops() {
    for (const one of document.querySelectorAll(".scroll")) one.tabIndex = one.scrollWidth > one.clientWidth ? 0 : -1;
  }

  if (document.currentScript?.dataset.of === "report") {
    for (const moment of ["DOMContentLoaded", "resize"]) addEventListener(moment, settleStops);
    addEventListener("toggle", settleStops, true);
  }
  if (parent !== window && location.href === "about:srcdoc") {
    addEventListener("DOMContentLoaded", () => new ResizeObserver(tellHeight).observe(document.documentElement));
    addEventListener("click", tellPlace);
  }
  setTheme(new URLSearchParams(location.search).get("__theme"));
  if (parent !== window) parent.postMessage({ zest: THEME }, "*"); // which is it?
})();
