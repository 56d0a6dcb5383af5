// Time in the source and time in the result: pieces tell which part of the one is which part of the other.

/** The map of a result from its pieces, in order; what is not rendered yet has none. */
class PieceMap {
  constructor(pieces) {
    this.source = [0, ...pieces.map((one) => one.end)];
    this.result = [0, ...pieces.map((one) => one.ends)];
    this.starts = pieces.map((one) => [one.start, one.begins]);
  }

  get sourceEnd() { return this.source.at(-1); }

  get resultEnd() { return this.result.at(-1); }

  toResult(seconds) { return along(this.source, this.result, seconds); }

  toSource(seconds) { return along(this.result, this.source, seconds); }
}

/** 0:03.5, or 1:02:03 for long ones. */
const laneTime = (seconds) => clockTime(Math.max(0, seconds), seconds < 3600 ? 1 : 0);

/** Peaks of a waveform, 20 a second, as they come over the line. */
function sketchOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The same row of a plan, whatever else is known of it. */
const rowKey = (row) => JSON.stringify([row.start, row.end, row.emotion, row.reference, row.strength, row.tempo]);

const isKept = (row) => row.strength === 0 || (!row.reference && ["", "keep"].includes(row.emotion.trim().toLowerCase()));

/** The kind of a row, by which it is coloured. */
function kindOf(row, presets) {
  if (isKept(row)) return "keep";
  if (row.reference) return "reference";
  return presets.includes(row.emotion) ? row.emotion : "mix";
}

/** What a row is called in the lane. */
function nameOf(row) {
  if (isKept(row)) return "keep";
  return row.reference ? row.reference.replace(/\.[^.]+$/, "") : row.emotion;
}
