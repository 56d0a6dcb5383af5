// Pictures as files: an SVG that needs nothing of the page, and a PNG of it.

const MARGIN = 12; // pixels around a saved picture
const SCALE = 2; // pixels of a PNG for each of the page

/** {text, width, height} of an SVG with its colours written out, a background and a margin. style: of an element that has the variables. */
function standalone(svg, style) {
  const copy = svg.cloneNode(true), { width, height } = svg.viewBox.baseVal;
  for (const one of copy.querySelectorAll("[visibility=hidden], .playing")) one.remove();
  const box = { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  for (const [key, value] of Object.entries({ ...box, viewBox: `${-MARGIN} ${-MARGIN} ${box.width} ${box.height}` })) copy.setAttribute(key, value);
  copy.prepend(el("svg:title", { text: svg.getAttribute("aria-label") }), el("svg:rect", { x: -MARGIN, y: -MARGIN, ...box, style: "fill:var(--zc-paper)" }));
  copy.setAttribute("font-family", "system-ui, -apple-system, Segoe UI, Roboto, sans-serif");
  const text = new XMLSerializer().serializeToString(copy);
  return { ...box, text: text.replace(/var\((--zc-[a-z]+)\)/g, (_, name) => style.getPropertyValue(name).trim()) };
}

function rasterised({ text, width, height }) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => {
      const canvas = el("canvas", { width: SCALE * width, height: SCALE * height });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png");
    };
    image.onerror = failed;
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });
}

function download(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
