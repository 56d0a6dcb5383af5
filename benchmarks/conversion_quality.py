"""How good conversions of unseen speakers are: one table of systems.

python -m benchmarks.conversion_quality --manifest MANIFEST [--strength 1 --strength 1.5] [--json scores.json]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.systems import BASELINES, conversions
from benchmarks.tables import cell, columns
from evaluation.judge import JUDGES
from evaluation.natural import cross_emotion_cosine, judge_on_natural
from evaluation.pairs import TARGETS, make_pairs, pairs_hash
from evaluation.quality import PairScore, score_systems
from evaluation.score_cache import ScoreCache
from evaluation.summary import heard_as, interval, judge_accuracy, per_emotion, per_source_corpus, summarise
from pipelines.conversion import DEFAULT_CHECKPOINT
from pipelines.errors import ZestError
from pipelines.training.corpus import Clip, read_manifest

MAIN = (  # heading, key of evaluation.summary.summarise, digits
    ("CER %", "cer", 1), ("CER % (heard)", "cer_heard", 1), ("cos source", "to_source", 2), ("cos ref", "to_reference", 2),
    ("closer %", "closer_to_source", 0), ("DistillMOS", "mos", 2), ("loss", "mos_loss", 2),
    ("whisper %", "judge_whisper", 0), ("egemaps %", "judge_egemaps", 0))
MELODY = (
    ("r ref", "shape_r", 2), ("r real", "parallel_r", 2), ("RMSE real st", "parallel_rmse", 1), ("range err st", "range_error", 1),
    ("shift st", "mean_shift", 1), ("octave %", "octave_jumps", 0), ("duration x", "seconds_ratio", 2))
LEGEND = """CER: Whisper base against the manifest's text (RAVDESS); 'heard': against what it hears in the source (LibriSpeech has no text).
closer: share of pairs closer in voice to source than to reference (Resemblyzer). loss: DistillMOS below the natural source.
judges: share heard as the reference's emotion, of five. r ref: F0 shape against the reference (another sentence, DTW);
r real: F0 against the source speaker's own emotional recording of the sentence, where there is one; octave: predicted contours with a jump."""


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv of a corpus with a dev split")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    strength: Annotated[list[float] | None, typer.Option(help="may be given several times")] = None,
    pairs: Annotated[int, typer.Option(help="number of pairs")] = 64,
    seed: Annotated[int, typer.Option(help="draws the pairs")] = 0,
    tempo: Annotated[bool, typer.Option(help="move durations too")] = True,
    decoder: Annotated[str, typer.Option(help="transfer or generate")] = "transfer",
    baselines_only: Annotated[bool, typer.Option("--baselines-only", help="leave the checkpoint out")] = False,
    cache: Annotated[Path, typer.Option(help="where measurements are kept between runs")] = Path(".cache/scores"),
    json_file: Annotated[Path | None, typer.Option("--json", help="write every number here")] = None,
) -> None:
    """Convert, measure and print the table."""
    try:
        clips = read_manifest(manifest)
        chosen = make_pairs(clips, pairs, seed)
        systems = dict(BASELINES)
        if not baselines_only:
            systems |= conversions(checkpoint, tuple(strength or (1.0,)), tempo, decoder)
        store = ScoreCache(cache)
        scores = score_systems(chosen, systems, store)
        marks = natural_marks(clips, store)
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(f"{len(chosen)} pairs ({pairs_hash(chosen)}), seed {seed}, source speakers: "
          f"{len({pair.source.speaker for pair in chosen})}, both speakers unseen in training\n")
    print(report(scores, marks))
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(scores, marks, pairs_hash(chosen), seed), indent=1) + "\n")


def natural_marks(clips: list[Clip], cache: ScoreCache) -> dict:
    """What natural dev speech scores: accuracy of both judges, and the voice mark."""
    return {"judges": {judge: judge_on_natural(clips, cache, judge) for judge in JUDGES},
            "cross_emotion_cosine": cross_emotion_cosine(clips, cache)}


def report(scores: dict[str, list[PairScore]], marks: dict) -> str:
    """Everything as plain text."""
    rows = {name: summarise(own) for name, own in scores.items()}
    parts = [_metrics(rows, MAIN), _metrics(rows, MELODY), LEGEND, *_failures(scores)]
    parts += [_emotions(scores, judge) for judge in JUDGES]
    last = list(scores)[-1]
    parts += [_confusion(scores[last], judge, last) for judge in JUDGES]
    return "\n\n".join(parts + [_marks(marks)])


def as_json(scores: dict[str, list[PairScore]], marks: dict, digest: str, seed: int) -> dict:
    """Summaries, tables and one entry per conversion."""
    systems = {name: {"summary": summarise(own), "per_emotion": {judge: per_emotion(own, judge) for judge in JUDGES},
                      "heard_as": {judge: heard_as(own, judge) for judge in JUDGES},
                      "pairs": [_entry(score) for score in own]} for name, own in scores.items()}
    return {"pairs_hash": digest, "seed": seed, "natural": marks, "systems": systems}


def _entry(score: PairScore) -> dict:
    return {"pair": score.pair.name, "emotion": score.pair.emotion, "heard": score.heard, "wanted": score.wanted,
            "to_source": score.to_source, "to_reference": score.to_reference, "mos": score.mos, "source_mos": score.source_mos,
            "judged": dict(score.judged or {}), "seconds_ratio": score.seconds_ratio, "failed": score.failed}


def _metrics(rows: dict[str, dict[str, float]], shown: tuple) -> str:
    return columns(["", *(heading for heading, _, _ in shown)],
                   [[name, *(cell(row[key], digits) for _, key, digits in shown)] for name, row in rows.items()])


def _emotions(scores: dict[str, list[PairScore]], judge: str) -> str:
    corpora = sorted({score.pair.source.corpus for own in scores.values() for score in own})
    table = []
    for name, own in scores.items():
        low, high = interval(own, judge)
        emotion, corpus = per_emotion(own, judge), per_source_corpus(own, judge)
        table.append([name, cell(judge_accuracy(own, judge), 0), f"{low:.0f}-{high:.0f}",
                      *(cell(emotion[target], 0) for target in TARGETS), *(cell(corpus[one], 0) for one in corpora)])
    return columns([f"heard by {judge} judge, %", "all", "95 %", *TARGETS, *corpora], table)


def _confusion(own: list[PairScore], judge: str, name: str) -> str:
    table = heard_as(own, judge)
    return columns([f"{name}: {judge} judge hears", *table[TARGETS[0]]],
                   [[f"wanted {wanted}", *(str(count) for count in row.values())] for wanted, row in table.items()])


def _marks(marks: dict) -> str:
    heads = ["five", "four", "neutral", *TARGETS]
    rows = [[f"{judge} judge, {corpus}", *(cell(row.get(head, float("nan")), 0) for head in heads)]
            for judge, table in marks["judges"].items() for corpus, row in table.items()]
    cosine = marks["cross_emotion_cosine"]
    return columns(["natural dev speech, %", *heads], rows) + (
        f"\n\nnatural recordings of one speaker, neutral and emotional: cosine mean {cosine['mean']:.2f}, median "
        f"{cosine['median']:.2f} (5-95 %: {cosine['p5']:.2f}-{cosine['p95']:.2f}), {cosine['pairs']} pairs")


def _failures(scores: dict[str, list[PairScore]]) -> list[str]:
    return [f"{name}: {sum(score.failed is not None for score in own)} of {len(own)} pairs failed, first: "
            f"{next(score.failed for score in own if score.failed)}" for name, own in scores.items()
            if any(score.failed for score in own)]


if __name__ == "__main__":
    typer.run(main)
