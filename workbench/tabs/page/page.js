// What Gradio's inputs do not do by themselves: tell the theme to framed pages, and leave it to the server to judge what is given.
(() => {
  const TAKES = { ".zest-recording": "audio/*,video/*", "#zest-files": ".zip,.csv" }; // what the file picker offers first

  const isDark = () => document.body.classList.contains("dark");
  window.zestTheme = () => (isDark() ? "dark" : "light");
  const tellTheme = () => {
    for (const frame of document.querySelectorAll("iframe")) frame.contentWindow?.postMessage({ zest: "zest-theme", name: window.zestTheme() }, "*");
  };
  const gliding = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");

  /** A report tells how high it is, and where in it a link leads. */
  addEventListener("message", ({ data, source }) => {
    const frame = [...document.querySelectorAll(".zest-report iframe")].find((one) => one.contentWindow === source);
    if (!frame || !Number.isFinite(data?.pixels)) return;
    if (data.zest === "zest-height") frame.style.height = `${Math.min(Math.max(data.pixels, 200), 100000) + 2}px`;
    if (data.zest === "zest-place") window.scrollTo({ top: window.scrollY + frame.getBoundingClientRect().top + data.pixels, behavior: gliding() });
  });
  addEventListener("DOMContentLoaded", () => new MutationObserver(tellTheme).observe(document.body, { attributeFilter: ["class"] }));

  /**
   * Scrolls to the first problem on the screen, or else to where the result comes; again when what arrives later moves that, until
   * the visitor scrolls.
   */
  window.zestLook = (result, block) => {
    const ended = new AbortController(), { signal } = ended;
    for (const own of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(own, () => ended.abort(), { signal, passive: true });
    let lies = NaN, scrolled = scrollY; // where on the page it lay at the last look, and how far the page was scrolled
    let hasArrived = false, asked = 0; // a busy browser may drop a scroll that it was asked for, or begin it anew each time
    let looks = 300; // of 100 ms or more: not a time, in which a busy browser might look once
    const look = () => {
      if (signal.aborted || looks-- === 0) { ended.abort(); return; }
      const problem = [...document.querySelectorAll(".zest-problem [role=alert]")].find((one) => one.offsetParent);
      const shown = problem ?? document.getElementById(result);
      if (shown?.offsetParent) {
        const { top } = shown.getBoundingClientRect(), isMoving = scrollY !== scrolled;
        const isInView = top >= -1 && top < (problem ? innerHeight : innerHeight / 3);
        const hasMoved = !(Math.abs(top + scrollY - lies) < 2);
        hasArrived = isInView || (hasArrived && !hasMoved);
        shown.style.scrollMarginTop = "4px"; // places have fractions of pixels, and the top edge is to be seen
        if (isMoving || isInView) asked = 0;
        if (isMoving ? hasMoved : !isInView && (hasMoved || !hasArrived)) {
          shown.scrollIntoView({ block: problem ? "nearest" : block, behavior: asked++ > 2 ? "instant" : gliding() });
        }
        lies = top + scrollY;
      }
      scrolled = scrollY;
      setTimeout(look, 100);
    };
    setTimeout(look, 50);
  };

  const place = (target) => target instanceof Element && target.closest(Object.keys(TAKES).join(","));

  /** Gradio turns files away by the type that the browser guesses from their name. As plain audio, all of them reach the server. */
  function asAudio(files) {
    const given = new DataTransfer();
    for (const file of files) given.items.add(new File([file], file.name, { type: "audio/wav", lastModified: file.lastModified }));
    return given.files;
  }

  /** A sentence under an input, until something else is given. */
  function say(box, words) {
    box.parentElement.querySelector(":scope > .zest-too-large")?.remove();
    if (!words) return;
    const said = Object.assign(document.createElement("p"), { className: "zest-error zest-too-large", textContent: words });
    said.setAttribute("role", "alert");
    box.after(said);
  }

  function tooLarge(files) {
    const most = window.gradio_config?.max_file_size ?? Infinity; // bytes
    const one = [...files].find((file) => file.size > most);
    return one ? `${one.name} is larger than ${Math.floor(most / 2 ** 20)} MB; choose a smaller file.` : "";
  }

  function given(event, files, replace) {
    const box = place(event.target);
    if (!box || !files?.length) return;
    const words = tooLarge(files);
    say(box, words);
    if (words) { event.stopImmediatePropagation(); event.preventDefault(); return; }
    if (box.matches(".zest-recording")) replace(asAudio(files));
  }

  document.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    given(event, event.target.files, (files) => { event.target.files = files; });
  }, true);
  document.addEventListener("drop", (event) => {
    given(event, event.dataTransfer?.files, (files) => Object.defineProperty(event, "dataTransfer", { value: { files } }));
  }, true);
  // A number outside a slider stays, with the sentence beside it: Gradio would put it to the nearest end, and nothing to 0.
  document.addEventListener("blur", (event) => {
    if (event.target instanceof Element && event.target.matches("#zest-strength input[type=number]")) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const box = place(event.target), input = box?.querySelector("input[type=file]");
    if (input) input.accept = TAKES[Object.keys(TAKES).find((one) => box.matches(one))];
    if (event.target.closest?.("#zest-hear")) document.querySelector(".zest-example")?.click();
  }, true);
})();
