// Draws every figure.chart of the page with Plotly: one emotion, two axes that the reader chooses, in the colours of the page.
(() => {
  const COLOURS = ["--one", "--two", "--three", "--four", "--five", "--six"];
  const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"];
  const ROOM = 560; // pixels; a narrower page has its legend below and fewer ticks

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function choice(place, label, names, chosen, changed) {
    const select = document.createElement("select"), words = document.createElement("label");
    names.forEach((name, index) => select.add(new Option(name, index, false, index === chosen)));
    select.addEventListener("change", () => changed(Number(select.value)));
    words.append(label, select);
    place.append(words);
  }

  function reach(points, axis) {
    const ends = points.map((point) => point.values[axis]);
    return {
      type: "data", symmetric: false, thickness: 0.8, width: 0,
      array: ends.map(([value, , high]) => (high === null ? 0 : Math.max(0, high - value))),
      arrayminus: ends.map(([value, low]) => (low === null ? 0 : Math.max(0, value - low))),
    };
  }

  function trace(curve, emotion, x, y) {
    const points = curve.emotions[emotion].filter((point) => point.values[x.name] && point.values[y.name]);
    const hue = colour(COLOURS[curve.colour]), paper = colour("--paper");
    const beaten = points.map((point) => (point.dominated[y.name] || point.dominated[x.name] || [])
      .some((axis) => axis === x.name || axis === y.name));
    const values = (axis) => points.map((point) => point.values[axis][0]);
    return {
      name: curve.name, x: values(x.name), y: values(y.name), mode: "lines+markers", line: { color: hue, width: 2 },
      error_x: { ...reach(points, x.name), color: hue }, error_y: { ...reach(points, y.name), color: hue },
      marker: { size: 9, symbol: SYMBOLS[curve.colour], color: beaten.map((is) => (is ? paper : hue)), line: { color: hue, width: 2 } },
      text: points.map((point, index) => point.label + (beaten[index] ? ", dominated" : "")),
      hovertemplate: "%{text}<br>%{xaxis.title.text}: %{x}<br>%{yaxis.title.text}: %{y}<extra>%{fullData.name}</extra>",
    };
  }

  function axis(measure) {
    const line = colour("--line");
    return {
      title: { text: measure.title }, gridcolor: colour("--grid"), zerolinecolor: line, linecolor: line, automargin: true,
      autorange: measure.less ? "reversed" : true,
    };
  }

  function draw(plot, data, chosen) {
    const x = data.measures[chosen.x], y = data.measures[chosen.y];
    const traces = data.curves.map((curve) => trace(curve, chosen.emotion, x, y));
    const layout = {
      xaxis: axis(x), yaxis: axis(y), paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      font: { color: colour("--ink"), family: getComputedStyle(document.body).fontFamily, size: plot.clientWidth < ROOM ? 12 : 14 },
      legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom" }, margin: { l: 56, r: 12, t: 12, b: 96 },
      hoverlabel: { bgcolor: colour("--raised"), font: { color: colour("--ink") } },
    };
    Plotly.react(plot, traces, layout, { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] });
  }

  for (const figure of document.querySelectorAll("figure.chart")) {
    const data = JSON.parse(figure.querySelector("script").textContent), plot = figure.querySelector(".plot");
    const place = (name) => data.measures.findIndex((measure) => measure.name === name);
    const chosen = { emotion: 0, x: place(data.first[0]), y: place(data.first[1]) };
    const again = () => draw(plot, data, chosen);
    const titles = data.measures.map((measure) => measure.title), choices = figure.querySelector(".choices");
    choice(choices, "Emotion", data.emotions, 0, (value) => { chosen.emotion = value; again(); });
    choice(choices, "Up", titles, chosen.y, (value) => { chosen.y = value; again(); });
    choice(choices, "Across", titles, chosen.x, (value) => { chosen.x = value; again(); });
    again();
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }
})();
