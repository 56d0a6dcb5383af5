// Keys of the page, and the dialog that tells them. A player that shows tracks has more keys and tells all of them itself.
(() => {
  const KEYS = [["Ctrl Enter", "convert"], ["Esc", "cancel what runs"], ["Arrows", "within a row of buttons, the tabs, and the takes"], ["?", "these keys"]];
  window.zest.keys = KEYS;
  const seen = (selector) => [...document.querySelectorAll(selector)].find((one) => one.offsetParent && !one.disabled);

  function dialog() {
    const known = document.getElementById("zest-keys-dialog");
    if (known) return known;
    const made = document.createElement("dialog");
    made.id = "zest-keys-dialog";
    made.setAttribute("aria-label", "Keyboard shortcuts");
    const rows = KEYS.map(([key, words]) => `<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`).join("");
    made.innerHTML = `<h2>Keyboard shortcuts</h2><dl>${rows}</dl><form method="dialog"><button>Close</button></form>`;
    (document.querySelector(".gradio-container") ?? document.body).append(made);
    return made;
  }

  function tell() {
    const help = seen("#zest-player .help");
    if (help) help.click(); else dialog().showModal();
  }

  document.addEventListener("click", (event) => { if (event.target.closest?.("#zest-keys")) tell(); });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { const button = seen("#zest-convert, #zest-lane .render"); button?.click(); if (button) event.preventDefault(); }
    if (event.key === "Escape") seen("#zest-cancel, #zest-lane .cancel")?.click();
    const typing = event.target.closest?.("input:not([type=radio], [type=checkbox], [type=range]), textarea, [contenteditable]");
    if (event.key === "?" && !typing) { tell(); event.preventDefault(); }
  });
})();
