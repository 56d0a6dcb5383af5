// Numbers of the contours: semitones, ranges, ticks, and what a series says at a moment.

const REFERENCE_HZ = 55; // semitones are counted from here
const LEAST_SPAN = 12; // semitones on the F0 axis, so that a monotone voice does not look lively
const MOST_LABELS = 7;
const QUIETEST = -60; // dB at the foot of the energy; what is softer lies there

const semitonesOf = (hz) => 12 * Math.log2(hz / REFERENCE_HZ);
const hzOf = (semitones) => REFERENCE_HZ * 2 ** (semitones / 12);

/** Semitones that the shared axis spans: [low, high]. */
function pitchRange(series) {
  let low = Infinity, high = -Infinity;
  for (const { hz } of series) for (const value of hz) if (value > 0) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low > high) return [0, 24];
  low = Math.floor(semitonesOf(low)) - 1;
  high = Math.ceil(semitonesOf(high)) + 1;
  const missing = Math.max(0, LEAST_SPAN - (high - low));
  return [low - Math.floor(missing / 2), high + Math.ceil(missing / 2)];
}

/** Semitones with a label: few enough to be read. */
function pitchLabels([low, high]) {
  const step = [2, 3, 4, 6, 12].find((one) => (high - low) / one <= MOST_LABELS) ?? 12;
  return Array.from({ length: high - low + 1 }, (_, index) => low + index).filter((value) => value % step === 0);
}

/** Round seconds between two, at most so many. */
function timeLabels(from, to, most) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200].find((one) => (to - from) / one <= most) ?? 3600;
  const labels = [];
  for (let index = Math.ceil(from / step - 1e-6); index * step <= to + 1e-6; index++) labels.push([index * step, step]);
  return labels;
}

function secondsLabel([seconds, step]) {
  if (step >= 60 || seconds >= 100) return clockTime(seconds, 0);
  return seconds.toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0);
}

/** What a series has at a moment of its own time: F0 (0 where unvoiced), energy and word. */
function valueAt({ hz, energy, step, words }, seconds) {
  const frame = clamp(Math.round(seconds / step), 0, hz.length - 1);
  return { hz: hz[frame] ?? 0, energy: energy?.[frame] ?? null, word: words.find(([start, end]) => start <= seconds && seconds < end)?.[2] ?? "" };
}

/** "132 Hz, 15.2 st", or that nothing is voiced there. */
const pitchText = (hz, unit = "st") => (hz > 0 ? `${hz.toFixed(0)} Hz, ${semitonesOf(hz).toFixed(1)} ${unit}` : "unvoiced");

/** "+3.9 st": how far one F0 lies above another, "" where either is unvoiced. */
function differenceText(hz, from) {
  if (!(hz > 0 && from > 0)) return "";
  const semitones = semitonesOf(hz) - semitonesOf(from);
  return `${semitones < 0 ? "−" : "+"}${Math.abs(semitones).toFixed(1)} st`;
}

const energyText = (energy) => (energy === null ? "" : `${energy < 0 ? "−" : ""}${Math.abs(energy).toFixed(0)} dB`);
