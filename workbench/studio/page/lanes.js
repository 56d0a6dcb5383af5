// The lanes of the player: waveforms on the source's time line, over which a region is dragged and a place chosen.

const DRAG = 6; // pixels from which a press becomes a region

/** sound: of the player. changed: called when a region was made. blind: whether waveforms are hidden. */
class Lanes {
  constructor(sound, blind, changed) {
    Object.assign(this, { sound, blind, changed, order: [] });
    this.cursor = el("div", { class: "cursor" });
    this.region = el("div", { class: "region", hidden: "" }, el("i", { class: "edge from" }), el("i", { class: "edge to" }));
    this.rows = el("div", { class: "waves", "aria-hidden": "true" });
    this.box = el("div", { class: "stage", role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0" },
      this.rows, this.region, this.cursor);
    this.box.addEventListener("pointerdown", (event) => this.press(event));
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** Lanes for these indices of tracks, in this order. */
  show(order) {
    if (order.join() !== this.order.join() || this.rows.childElementCount !== order.length) {
      this.order = order;
      this.rows.replaceChildren(...order.map(() => el("canvas")));
    }
    this.draw();
  }

  draw() {
    const style = getComputedStyle(this.box), ratio = window.devicePixelRatio || 1;
    this.highest = Math.max(1e-3, ...this.sound.tracks.map((track) => Math.max(...track.sketch) / 100 * this.sound.gainOf(track)));
    [...this.rows.children].forEach((canvas, place) => {
      const index = this.order[place], track = this.sound.tracks[index], { clientWidth: width, clientHeight: height } = canvas;
      if (!track || !width) return;
      Object.assign(canvas, { width: width * ratio, height: height * ratio });
      const paint = canvas.getContext("2d");
      paint.scale(ratio, ratio);
      paint.fillStyle = style.getPropertyValue(index === this.sound.active ? "--zs-wave-on" : "--zs-wave").trim();
      for (let x = 0; x < width; x += 3) {
        const tall = this.blind.on ? 1 : Math.max(1, (height - 10) / 2 * this.loudness(track, x, width));
        paint.beginPath();
        paint.roundRect ? paint.roundRect(x, height / 2 - tall, 2, 2 * tall, 1) : paint.rect(x, height / 2 - tall, 2, 2 * tall);
        paint.fill();
      }
    });
    this.follow();
  }

  /** 0 to 1: the highest peak of a track in the three pixels from x on, as loud as it is played; 1 is the loudest of all. */
  loudness(track, x, width) {
    const { sketch, timing, seconds } = track, count = sketch.length;
    const place = (pixel) => clamp(Math.floor(toOwn(timing, pixel / width * this.sound.length) / seconds * count), 0, count - 1);
    let peak = 0;
    for (let point = place(x); point <= place(x + 3); point++) peak = Math.max(peak, sketch[point]);
    return peak / 100 * this.sound.gainOf(track) / this.highest;
  }

  /** The cursor and the region, where they are now. */
  follow() {
    const { length, loop } = this.sound, now = this.sound.now();
    this.cursor.style.left = `${100 * (length ? now / length : 0)}%`;
    this.region.hidden = !loop;
    if (loop) Object.assign(this.region.style, { left: `${100 * loop[0] / length}%`, width: `${100 * (loop[1] - loop[0]) / length}%` });
    this.box.setAttribute("aria-valuemax", length.toFixed(2));
    this.box.setAttribute("aria-valuenow", now.toFixed(2));
    this.box.setAttribute("aria-valuetext", `${now.toFixed(1)} of ${length.toFixed(1)} seconds${loop ? `, looping ${loop[0].toFixed(1)} to ${loop[1].toFixed(1)}` : ""}`);
  }

  at(event) {
    const { left, width } = this.rows.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 0, 1) * this.sound.length;
  }

  press(event) {
    if (event.button > 0 || !this.sound.length) return;
    const { sound } = this, first = this.at(event), from = event.clientX;
    const edge = event.target.classList.contains("edge") ? (event.target.classList.contains("from") ? sound.loop[1] : sound.loop[0]) : null;
    const anchor = edge ?? first; // what stays while the other end follows
    let region = null;
    const move = (other) => {
      if (edge === null && !region && Math.abs(other.clientX - from) < DRAG) return;
      const here = this.at(other);
      region = [Math.min(anchor, here), Math.max(anchor, here)];
      Object.assign(this.region.style, { left: `${100 * region[0] / sound.length}%`, width: `${100 * (region[1] - region[0]) / sound.length}%` });
      this.region.hidden = false;
    };
    const end = (other) => {
      for (const [kind, act] of listeners) this.box.removeEventListener(kind, act);
      if (other.type === "pointercancel") return this.follow();
      if (region && region[1] - region[0] >= SHORTEST_LOOP) this.changed(region);
      else if (edge === null) sound.seek(first);
      this.follow();
    };
    const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
    for (const [kind, act] of listeners) this.box.addEventListener(kind, act);
    this.box.setPointerCapture(event.pointerId);
  }
}

const SHORTEST_LOOP = 0.1; // s
