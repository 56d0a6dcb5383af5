// Comparing without names: which tracks take part, in which order they stand, and how often each was preferred.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NEITHER = "";

class BlindTest {
  /** random: as Math.random. */
  constructor(random = Math.random) { Object.assign(this, { random, on: false, order: [], heard: new Set(), votes: new Map(), rounds: 0 }); }

  /** Indices of those that take part: the takes, where there are two; else the source, too. */
  static candidates(tracks) {
    const of = (kinds) => tracks.flatMap((track, index) => (kinds.includes(track.kind) ? [index] : []));
    const takes = of(["take"]);
    return takes.length > 1 ? takes : of(["source", "take"]);
  }

  begin(tracks) {
    this.on = true;
    this.keys = tracks.map((track) => track.key);
    this.shuffle(BlindTest.candidates(tracks));
  }

  shuffle(indices) {
    this.order = [...indices];
    for (let last = this.order.length - 1; last > 0; last--) {
      const other = Math.floor(this.random() * (last + 1));
      [this.order[last], this.order[other]] = [this.order[other], this.order[last]];
    }
    this.heard.clear();
  }

  hear(index) { if (this.on && this.order.includes(index)) this.heard.add(index); }

  /** A preference means something once two were heard. */
  get ready() { return this.heard.size > 1; }

  /** Count a preference, by the index of a track or NEITHER, and go on with another order. */
  vote(index) {
    const key = index === NEITHER ? NEITHER : this.keys[index];
    this.votes.set(key, (this.votes.get(key) ?? 0) + 1);
    this.rounds++;
    this.shuffle(this.order);
  }

  /** [name, votes] of those that took part, most preferred first; "no difference" last. */
  tally(tracks) {
    const named = tracks.filter((track, index) => this.order.includes(index) || this.votes.has(track.key))
      .map((track) => [track.name, this.votes.get(track.key) ?? 0]).sort((one, other) => other[1] - one[1]);
    return this.votes.has(NEITHER) ? [...named, ["no difference", this.votes.get(NEITHER)]] : named;
  }

  end() { this.on = false; }

  reset() { Object.assign(this, { votes: new Map(), rounds: 0 }); }
}
