// The parts of the player that follow from its state: names of the tracks, and what is asked and counted while it is blind.

const KIND = { source: "Source", reference: "Reference" };

function showNames(player) {
  const { sound, blind, names } = player, focused = names.contains(document.activeElement);
  const rows = player.order.map((index, place) => nameRow(player, index, place));
  names.replaceChildren(...rows);
  player.hint.textContent = blind.on ? "Which is which is hidden, and they are equally loud. Drag over the lanes to loop a stretch."
    : sound.playing || sound.loop ? "" : `${matchMedia("(pointer: coarse)").matches ? "Tap a name" : "Press a number"} to switch at the same place; drag over the waveforms to loop.`;
  if (focused) names.querySelector("[aria-checked=true]")?.focus();
}

function nameRow(player, index, place) {
  const { sound, blind } = player, track = sound.tracks[index], active = index === sound.active;
  const kind = KIND[track.kind], title = blind.on || !kind ? player.nameOf(index) : kind;
  const hint = blind.on ? "" : kind ? track.name : `${track.seconds.toFixed(1)} s`;
  const row = el("button", { type: "button", role: "radio", class: "name", "aria-checked": String(active), tabindex: active ? 0 : -1,
    "data-kind": blind.on ? undefined : track.kind, title: blind.on ? undefined : track.name, onclick: () => player.play(index) },
    place < 9 ? el("kbd", { text: place + 1, "aria-hidden": "true" }) : null,
    el("span", { class: "what" }, el("b", { text: title }), hint ? el("small", { text: hint }) : null));
  row.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { order } = player, next = order[(place + step + order.length) % order.length];
    player.before = sound.active;
    sound.choose(next);
  });
  return row;
}

/** Download saves what is chosen; while names are hidden, its name would tell. */
function showSaving({ sound, blind, saveLink }) {
  const { track } = sound;
  saveLink.hidden = blind.on || !track;
  if (saveLink.hidden) { for (const name of ["href", "download", "aria-label", "title"]) saveLink.removeAttribute(name); return; }
  Object.assign(saveLink, { href: track.file.url, download: track.called ?? "" });
  saveLink.setAttribute("aria-label", `Download ${track.called}`);
  saveLink.title = `Download ${track.called}`;
}

function showVotes(player) {
  const { blind, sound, votes, tally } = player;
  votes.hidden = !blind.on;
  const choices = blind.order.map((index) => [`Prefer ${player.nameOf(index)}`, index]);
  votes.replaceChildren(...(blind.on ? [...choices, ["No difference", NEITHER]] : []).map(([text, index]) => el("button", {
    type: "button", class: "vote", text, "aria-disabled": String(!blind.ready), onclick: () => player.prefer(index) })));
  if (blind.on) {
    tally.textContent = blind.rounds ? `${blind.rounds} ${blind.rounds === 1 ? "round" : "rounds"} counted. End Blind to see which was preferred.` : "";
    votes.append(el("button", { type: "button", class: "tool", text: "End and reveal", onclick: () => player.endBlind() }));
  } else if (blind.rounds) {
    const counts = blind.tally(sound.tracks).map(([name, count]) => `${name}: ${count}`).join(" · ");
    tally.textContent = `Preferred in ${blind.rounds} ${blind.rounds === 1 ? "round" : "rounds"}, blind. ${counts}.`;
  } else tally.textContent = "";
}
