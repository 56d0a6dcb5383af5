// Long recordings go around Gradio's player, which would decode all of them at once: they are sent to the lane, as they are on disk.
(() => {
  const LONGEST = 60, SMALL = 200_000, PATIENCE = 4000; // s; bytes below which nothing is longer; ms
  const judged = new WeakSet();

  /** How long a recording says to be, s; null where this browser cannot tell. */
  function secondsOf(file) {
    return new Promise((done) => {
      const probe = new Audio(), address = URL.createObjectURL(file);
      const end = (seconds) => { clearTimeout(timer); probe.removeAttribute("src"); URL.revokeObjectURL(address); done(seconds); };
      const timer = setTimeout(() => end(null), PATIENCE);
      probe.preload = "metadata";
      probe.onloadedmetadata = () => end(Number.isFinite(probe.duration) ? probe.duration : null);
      probe.onerror = () => end(null);
      probe.src = address;
    });
  }

  const isLong = async (file) => {
    const seconds = await secondsOf(file);
    return seconds === null ? file.size > (window.gradio_config?.max_file_size ?? Infinity) : seconds > LONGEST;
  };

  /** Hold a file back until it is judged; then the lane gets it, or `again` gives it to the input once more. */
  function hold(event, file, again) {
    if (!event.target.closest?.("#zest-source") || !file || file.size < SMALL || judged.has(file) || !window.zest.takeLong) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    isLong(file).then((long) => {
      judged.add(file);
      if (long) window.zest.takeLong(file); else again();
    });
  }

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file") return;
    hold(event, input.files?.[0], () => input.dispatchEvent(new Event("change", { bubbles: true })));
  }, true);

  document.addEventListener("drop", (event) => {
    const place = event.target, file = event.dataTransfer?.files?.[0];
    hold(event, file, () => {
      const given = new DataTransfer();
      given.items.add(file);
      judged.add(given.files[0]);
      place.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: given }));
    });
  }, true);

  /** Send a file as it is on disk. tell: is called with the share that is sent. Throws an Error with a sentence for readers. */
  window.zest.send = (path, file, tell = () => {}, begun = () => {}) => new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", window.zest.base() + path);
    request.setRequestHeader("X-Zest-Takes", window.zest.visitor());
    request.upload.onprogress = ({ loaded, total }) => tell(loaded / Math.max(1, total));
    request.onload = () => {
      let reply = {};
      try { reply = JSON.parse(request.responseText); } catch { /* told below */ }
      if (request.status < 300) done(reply); else fail(new Error(reply.sentence ?? "The workbench gave no answer that can be read."));
    };
    request.onabort = () => fail(new Error(`The upload of ${file.name} is cancelled; nothing was kept.`));
    request.onerror = async () => {
      const changed = await file.slice(0, 1).arrayBuffer().then(() => false, () => true);
      fail(new Error(changed ? `${file.name} changed while it was read; wait until it is complete, then choose it again.`
        : `The upload of ${file.name} broke off; nothing was kept. Choose it again.`));
    };
    begun(request);
    request.send(file);
  });
})();
