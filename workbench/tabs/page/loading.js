// Gradio counts the seconds in which its page loads, at every frame of the screen, and goes on once the page is there: as long as
// the page is open, which takes a tenth of a processor's core or more. Its count ends here with the loading.
(() => {
  const request = window.requestAnimationFrame.bind(window);
  let isLoaded = false, isCounting = false; // isCounting: while a frame of the count runs
  window.requestAnimationFrame = (callback) => {
    isLoaded ||= Boolean(document.querySelector(".gradio-container .contain"));
    if (isLoaded) return isCounting ? 0 : request(callback);
    if (!isCounting && !/statustracker/i.test(new Error().stack)) return request(callback);
    return request((time) => {
      isCounting = true;
      try { callback(time); } finally { isCounting = false; }
    });
  };
})();
