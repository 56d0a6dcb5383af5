// Browsers refuse workers to a page that is opened as a file. The site's search then runs in a hidden frame instead.
(() => {
  if (location.protocol !== "file:") return;
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      (document.body ?? document.documentElement).append(frame);
      this.frame = frame;
      const inside = frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = async (...addresses) => { for (const one of addresses) await this.load(one); };
      this.ready = this.load(address);
      this.addEventListener("message", (event) => this.onmessage?.(event));
    }

    load(address) {
      const { contentDocument } = this.frame, script = contentDocument.createElement("script");
      return new Promise((loaded, failed) => {
        Object.assign(script, { src: address, onload: loaded, onerror: failed });
        contentDocument.documentElement.append(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
})();
