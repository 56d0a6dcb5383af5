// The list of takes: play, show, star, rename, note, settings, download, delete with undo. The list is one tab stop; arrow keys go along a row and between rows.
const list = element.querySelector("ul"), tools = element.querySelector(".tools"), bar = element.querySelector(".bar"), box = element.querySelector("section");
const player = new Audio();
let takes = [], running = [], days = 7, opened = "", current = "", act = "show", playing = "", timer = 0, address = "", expected = false;

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((one) => one !== null));
  return made;
}

/** A sentence above the list, with a button if need be, until the next one. */
function say(words, label = "", action = null) {
  bar.replaceChildren(...(words ? [el("span", {}, words)] : []), ...(label ? [el("button", { type: "button", onclick: action }, label)] : []));
}

async function attempt(work) {
  try { return await work(); } catch (problem) { say(problem.message); return null; }
}

async function refresh() {
  clearTimeout(timer);
  const found = await attempt(async () => (await window.zest.ask("")).json());
  if (found === null) { box.hidden = false; return; }
  const before = running.length;
  ({ takes, running, days } = found);
  if (!window.zest.keeps()) say("This browser keeps nothing, so these takes are out of reach once the page is closed; download what you want to keep.");
  draw();
  if (running.length) expected = false;
  if (running.length || before || expected) timer = setTimeout(refresh, running.length ? 1000 : 300);
}

function draw() {
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.act;
  box.hidden = !takes.length && !running.length && !bar.textContent;
  element.querySelector(".count").textContent = takes.length ? `${takes.length}, kept until ${days} days after your last visit` : "";
  tools.hidden = !takes.length;
  if (!takes.some((take) => take.id === current)) current = takes[0]?.id ?? "";
  list.replaceChildren(...running.map(work), ...takes.map(row));
  settle();
  if (focused) list.querySelector(`[data-act][tabindex="0"]`)?.focus();
}

function work(job) {
  return el("li", { class: "running" }, el("div", { class: "text" }, el("span", { class: "title" }, job.label), el("small", {}, job.stage || "Loading the models")),
    el("progress", { max: 1, value: job.waiting ? null : job.fraction, "aria-label": `How far ${job.label} is` }),
    el("button", { type: "button", class: "plain", onclick: () => attempt(async () => { await window.zest.ask(`running/${job.id}`, "DELETE"); refresh(); }) }, "Cancel"));
}

function row(take) {
  const button = (name, label, face, action, more = {}) => el("button", { type: "button", "data-act": name, "aria-label": `${label}: ${take.title}`, title: label,
    onclick: action, onfocus: () => { current = take.id; act = name; settle(); }, ...more }, face);
  const sounds = playing === take.id && !player.paused;
  const shown = el("li", { "data-take": take.id },
    button("play", sounds ? "Pause" : "Play", sounds ? "❚❚" : "▶", () => play(take), { class: "round" }),
    el("div", { class: "text" }, button("show", "Show", take.title, () => trigger("select", { take: take.id, key: window.zest.visitor() }), { class: "title" }),
      el("small", {}, about(take)), ...(take.note && opened !== take.id ? [el("small", { class: "note" }, take.note)] : [])),
    button("star", take.star ? "Take the star away" : "Give a star", take.star ? "★" : "☆", () => change(take, { star: !take.star }),
      { "aria-pressed": String(take.star), class: take.star ? "on" : "" }),
    button("use", "Use these settings", "Use", () => trigger("submit", { take: take.id, key: window.zest.visitor() })),
    button("save", "Download", "⤓", () => download(`${take.id}/audio`, take.file_name)),
    button("more", "Name, note, link, delete", "⋯", () => { opened = opened === take.id ? "" : take.id; draw(); }, { "aria-expanded": String(opened === take.id) }));
  if (opened === take.id) shown.append(details(take));
  return shown;
}

function details(take) {
  const name = el("input", { value: take.name, maxlength: 80, placeholder: take.title, "aria-label": "Name of this take" });
  const note = el("textarea", { rows: 2, maxlength: 2000, "aria-label": "Note on this take", placeholder: "Note" });
  note.value = take.note;
  name.addEventListener("change", () => change(take, { name: name.value }));
  note.addEventListener("change", () => change(take, { note: note.value }));
  return el("div", { class: "details" }, name, note, el("div", {},
    el("button", { type: "button", onclick: () => link(take) }, "Copy link to its settings"),
    el("button", { type: "button", class: "danger", onclick: () => remove(take) }, "Delete")));
}

function about(take) {
  const { settings, document: numbers } = take;
  const made = new Date(1000 * take.made).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const own = take.name ? [take.target || take.system] : [];
  const how = "strength" in settings ? [`strength ${settings.strength}`, settings.decoder.replaceAll("_", " "), ...(settings.seed ? [`seed ${settings.seed}`] : []),
    ...(settings.tempo === false ? ["tempo kept"] : [])] : [take.system];
  return [...own, ...how, `${numbers.converted_seconds.toFixed(1)} s`, made].join(" · ");
}

/** Tab reaches the button that had the focus last. */
function settle() {
  for (const one of list.querySelectorAll("[data-act]")) one.tabIndex = one.dataset.act === act && one.closest("[data-take]").dataset.take === current ? 0 : -1;
}

async function play(take) {
  if (playing === take.id && !player.paused) { player.pause(); return; }
  const reply = await attempt(() => window.zest.ask(`${take.id}/audio`));
  if (!reply) return;
  URL.revokeObjectURL(address);
  player.src = address = URL.createObjectURL(await reply.blob());
  playing = take.id;
  await attempt(() => player.play());
}
for (const moment of ["play", "pause", "ended"]) player.addEventListener(moment, draw);

const change = (take, changes) => attempt(async () => { await window.zest.ask(take.id, "PATCH", changes); await refresh(); });

const remove = (take) => attempt(async () => {
  await window.zest.ask(take.id, "DELETE");
  opened = "";
  say(`Deleted: ${take.title}.`, "Undo", () => attempt(async () => { await window.zest.ask(`${take.id}/restore`, "POST"); say(""); await refresh(); }));
  await refresh();
  bar.querySelector("button")?.focus();
});

async function download(path, name) {
  const reply = await attempt(() => window.zest.ask(path));
  if (!reply) return;
  const link = el("a", { href: URL.createObjectURL(await reply.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function link(take) {
  const query = new URLSearchParams({ emotion: take.emotion ?? "recording" });
  for (const [name, value] of Object.entries(take.settings)) query.set(name, value === true ? "1" : value === false ? "0" : String(value));
  const address = window.zest.link(query);
  say((await window.zest.copy(address)) ? `Link copied: ${address}` : `Copy this link: ${address}`);
}

element.querySelector(".all").addEventListener("click", () => download("zip", "zest-takes.zip"));
element.querySelector(".forget").addEventListener("click", () => {
  say(`Delete all ${takes.length} takes and this browser's key to them, for good?`, "Forget everything", () => attempt(async () => {
    await window.zest.ask("", "DELETE");
    window.zest.forgetVisitor();
    say("Forgotten.");
    await refresh();
  }));
  bar.append(el("button", { type: "button", onclick: () => { say(""); draw(); } }, "Keep them"));
  bar.querySelector("button").focus();
});
list.addEventListener("keydown", (event) => {
  const down = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0, along = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
  if (!event.target.dataset.act || !(down || along)) return;
  const rows = [...list.querySelectorAll("[data-take]")].map((one) => [...one.querySelectorAll("[data-act]")]);
  const row = rows.findIndex((one) => one.includes(event.target)), place = rows[row].indexOf(event.target);
  event.preventDefault();
  (row + down < 0 ? tools.querySelector("button") : rows[row + down]?.[place + along])?.focus();
});
tools.addEventListener("keydown", (event) => {
  const all = [...tools.querySelectorAll("button")], place = all.indexOf(event.target), along = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (along) all[place + along]?.focus();
  else if (event.key === "ArrowDown") list.querySelector(`[data-act][tabindex="0"]`)?.focus();
  else return;
  event.preventDefault();
});
window.addEventListener("zest-takes", ({ detail }) => { expected = detail === "begin"; refresh(); });
refresh();
