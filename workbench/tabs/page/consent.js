// Before the first conversion: whose voice it may be. The answer stays in this browser; examples are synthetic and ask nothing.
(() => {
  const BEGINS = "#zest-convert, #zest-everything, #zest-lane .render";

  function dialog(agreed) {
    const made = document.createElement("dialog");
    made.id = "zest-consent";
    made.setAttribute("aria-labelledby", "zest-consent-title");
    made.innerHTML = `<h2 id="zest-consent-title">Whose voice is it?</h2>
      <p>Convert only voices of people who agreed to it, and say that the result is synthetic. Files are marked as synthetic in
      their metadata.</p><form method="dialog"><button value="agreed" class="agree">I agree</button><button>Cancel</button></form>`;
    made.addEventListener("close", () => { made.remove(); if (made.returnValue === "agreed") agreed(); });
    (document.querySelector(".gradio-container") ?? document.body).append(made);
    return made;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(BEGINS);
    if (!button || window.zest.remembered("consent", false)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    dialog(() => { window.zest.remember("consent", true); button.focus(); button.click(); }).showModal();
  }, true);
})();
