"""How good conversions of unseen speakers are: one table of systems.

python -m benchmarks.conversion_quality --manifest MANIFEST [--decoder transfer] [--strength 1] [--json scores.json]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import JsonFile, cell, columns, write_json
from benchmarks.natural_speech import natural_reference
from benchmarks.page_figures import page_figures
from benchmarks.quality_pairs import EVERY_CORPUS, SHARES, pair_name, quality_hash, quality_pairs
from benchmarks.scores import NOTHING, QualityScores, scored
from benchmarks.systems import BASELINES, NATURAL, conversions, from_presets, neural_systems
from evaluation.judges.mini import JUDGES
from evaluation.pair import Pair
from evaluation.protocol.settings import TARGETS
from evaluation.run.observations import Observations
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import read_manifest
from workbench.cli.progress import stage_bars

METRICS = ("cer", "cer-capped", "looping", *(f"emotion@{judge}" for judge in JUDGES),
           *(f"target-posterior@{judge}" for judge in JUDGES), "voice-to-source", "voice-to-reference", "voice-closer-to-source",
           "distillmos", "f0-correlation", "f0-range-error", "f0-mean-shift", "parallel-f0-correlation", "parallel-f0-rmse",
           "duration-ratio")
MAIN = (  # heading, key of `summarise`, digits
    ("CER %", "cer", 1), ("capped", "cer_capped", 1), ("CER % (transcript)", "cer_heard", 1), ("capped", "cer_heard_capped", 1),
    ("looping %", "looping", 1), ("cos source", "to_source", 2), ("cos ref", "to_reference", 2),
    ("closer %", "closer_to_source", 0), ("DistillMOS", "mos", 2), ("loss", "mos_loss", 2),
    ("acoustic %", "judge_acoustic", 0), ("whisper %", "judge_whisper", 0), ("egemaps %", "judge_egemaps", 0))
F0 = (
    ("r ref", "shape_r", 2), ("r real", "parallel_r", 2), ("RMSE real st", "parallel_rmse", 1),
    ("range err st", "range_error", 1), ("shift st", "mean_shift", 1), ("octave %", "octave_jumps", 0),
    ("duration x", "seconds_ratio", 2))
LEGEND = """CER: Whisper base against the manifest's text (RAVDESS); 'transcript': against its transcript of the source
(LibriSpeech has no text); capped: no clip counts more than all its characters; looping: transcripts over twice as long as the
text, of both.
closer: share of pairs closer in voice to source than to reference (Resemblyzer). loss: DistillMOS below the natural source.
judges: share recognised as the reference's emotion, of five. r ref: F0 shape against the reference (another sentence, DTW);
r real: F0 against the source speaker's own emotional recording of the sentence, where there is one; octave: predicted contours
with a jump. F0 by WORLD's dio and stonemask (tables without a column 'looping %' have SwiftF0's).
A failed pair has all characters of its text wrong, is a miss for judges and closeness, and has DistillMOS 1."""


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv of a corpus with a dev split")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    strength: Annotated[list[float] | None, typer.Option(help="may be given several times")] = None,
    pairs: Annotated[int, typer.Option(help="number of pairs")] = 64,
    seed: Annotated[int, typer.Option(help="draws the pairs")] = 0,
    tempo: Annotated[bool, typer.Option(help="move durations too")] = True,
    decoder: Annotated[list[str] | None, typer.Option(help="may be given several times; all that the checkpoint has")] = None,
    presets: Annotated[bool, typer.Option("--presets", help="convert with presets, too")] = False,
    every_corpus: Annotated[bool, typer.Option("--every-corpus", help="sources of all corpora with neutral dev speech")] = False,
    baselines_only: Annotated[bool, typer.Option("--baselines-only", help="leave the checkpoint out")] = False,
    cache: Annotated[Path, typer.Option(help="where measurements are kept between runs")] = Path(".cache/observations"),
    json_file: JsonFile = None,
    page: Annotated[Path | None, typer.Option(help="write the page's figures here; needs --presets and strength 1")] = None,
) -> None:
    """Convert, measure and print the table."""
    strengths = strength or [1.0]
    if page is not None and (not presets or 1.0 not in strengths or baselines_only):
        raise typer.BadParameter("The page's figures need --presets and --strength 1.", param_hint="--page")
    try:
        clips = read_manifest(manifest)
        chosen = quality_pairs(clips, pairs, seed, EVERY_CORPUS if every_corpus else SHARES)
        systems = list(BASELINES)
        if not baselines_only:
            copies, decoders = neural_systems(checkpoint, decoder or ())
            converted = conversions(checkpoint, strengths, tempo, decoders)
            systems += copies + converted + (from_presets(converted) if presets else [])
        with stage_bars() as bars:
            natural = natural_reference(clips, Observations(cache), bars)
        corpus_of = {clip.path: clip.corpus for clip in clips}
        corpora = [corpus_of[pair.source] for pair in chosen]
        with scored(chosen, systems, METRICS, cache) as scores:
            text = report(scores, corpora, natural)
            document = as_json(scores, natural, quality_hash(chosen), seed)
            figures = None if page is None else page_figures(scores, decoders[0], strengths, Path(checkpoint))
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(f"{counted(len(chosen), 'pair')} ({quality_hash(chosen)}), seed {seed}, source speakers: "
          f"{len({pair.source_speaker for pair in chosen})}, both speakers unseen in training\n")
    print(text)
    if json_file is not None:
        write_json(json_file, document)
    if page is not None and figures is not None:
        write_json(page, figures)


def summarise(scores: QualityScores, system: str) -> dict[str, float]:
    """One row of the table; shares in percent. cer: against the manifest's text; cer_heard: against the transcript of the
    source, where the manifest has no text."""
    written, untold = scores.english & scores.has_text, scores.english & ~scores.has_text
    row = {
        "pairs": len(scores.matrix.pairs), "failed": len(scores.failures(system)),
        "cer": scores.value(system, "cer", written), "cer_capped": scores.value(system, "cer-capped", written),
        "cer_heard": scores.value(system, "cer", untold), "cer_heard_capped": scores.value(system, "cer-capped", untold),
        "looping": scores.value(system, "looping", scores.english),
        "to_source": scores.value(system, "voice-to-source"), "to_reference": scores.value(system, "voice-to-reference"),
        "closer_to_source": scores.value(system, "voice-closer-to-source"), "mos": scores.value(system, "distillmos"),
        "mos_loss": scores.value(NATURAL, "distillmos") - scores.value(system, "distillmos"),
        "shape_r": scores.value(system, "f0-correlation"), "parallel_r": scores.value(system, "parallel-f0-correlation"),
        "parallel_rmse": scores.value(system, "parallel-f0-rmse"), "range_error": scores.value(system, "f0-range-error"),
        "mean_shift": scores.value(system, "f0-mean-shift"), "octave_jumps": scores.octave_jumps(system),
        "seconds_ratio": scores.seconds_ratio(system),
    }
    return row | {f"judge_{judge}": scores.value(system, f"emotion@{judge}") for judge in JUDGES} | {
        f"target_{judge}": scores.value(system, f"target-posterior@{judge}") for judge in JUDGES}


def report(scores: QualityScores, corpora: Sequence[str], natural: Mapping[str, Any]) -> str:
    """Everything as plain text. corpora: of the pairs' sources."""
    rows = {system: summarise(scores, system) for system in scores.matrix.systems}
    texts = [_metrics(rows, MAIN), _metrics(rows, F0), LEGEND, *_failures(scores)]
    texts += [_emotions(scores, corpora, judge) for judge in JUDGES]
    texts += [_confusion(scores, scores.matrix.systems[-1], judge) for judge in JUDGES]
    return "\n\n".join(texts + [_natural_table(natural)])


def as_json(scores: QualityScores, natural: Mapping[str, Any], digest: str, seed: int) -> dict[str, Any]:
    """Summaries, tables and one entry per conversion."""
    systems = {system: {"summary": summarise(scores, system),
                        "per_emotion": {judge: scores.per_emotion(system, f"emotion@{judge}") for judge in JUDGES},
                        "heard_as": {judge: scores.recognised_as(system, judge) for judge in JUDGES},
                        "pairs": [_entry(scores, system, pair) for pair in scores.matrix.pairs]}
               for system in scores.matrix.systems}
    return {"pairs_hash": digest, "seed": seed, "natural": dict(natural), "systems": systems}


def _entry(scores: QualityScores, system: str, pair: Pair) -> dict[str, Any]:
    """One conversion: every metric's value (None where it has none), and what was transcribed."""
    line = scores.lines[system, pair.id]
    values = {metric: value and value[0] for metric, value in line.values.items()}
    transcript = scores.of_conversion(system, pair, "cer")
    judged = {judge: scores.of_conversion(system, pair, f"emotion@{judge}") for judge in JUDGES}
    return {"pair": pair_name(pair), "emotion": pair.emotion, "heard": transcript and transcript["text"], "text": pair.text,
            "values": values, "judged": judged, "failed": line.failed}


def _metrics(rows: Mapping[str, Mapping[str, float]], shown: Sequence[tuple[str, str, int]]) -> str:
    return columns(["", *(heading for heading, _, _ in shown)],
                   [[name, *(cell(row[key], digits) for _, key, digits in shown)] for name, row in rows.items()])


def _emotions(scores: QualityScores, corpora: Sequence[str], judge: str) -> str:
    metric, names, table = f"emotion@{judge}", sorted(set(corpora)), []
    for system in scores.matrix.systems:
        low, high = scores.interval(system, metric)
        emotion = scores.per_emotion(system, metric)
        corpus = [scores.value(system, metric, np.array(corpora) == name) for name in names]
        table.append([system, cell(scores.value(system, metric), 0), f"{cell(low, 0)}-{cell(high, 0)}",
                      *(cell(emotion[target], 0) for target in TARGETS), *(cell(share, 0) for share in corpus)])
    return columns([f"recognised by {judge} judge, %", "all", "95 %", *TARGETS, *names], table)


def _confusion(scores: QualityScores, system: str, judge: str) -> str:
    counts = scores.recognised_as(system, judge)
    rows = [[f"target {target}", *(str(counts.get(target, {}).get(judged, 0)) for judged in EMOTIONS)] for target in TARGETS]
    return columns([f"{system}: {judge} judge recognises", *EMOTIONS], rows)


def _natural_table(natural: Mapping[str, Any]) -> str:
    heads = ["five", "four", "neutral", *TARGETS]
    rows = [[f"{judge} judge, {corpus}", *(cell(row.get(head, NOTHING), 0) for head in heads)]
            for judge, table in natural["judges"].items() for corpus, row in table.items()]
    table, cosine = columns(["natural dev speech, %", *heads], rows), natural["cross_emotion_cosine"]
    return table if cosine is None else table + (
        f"\n\nnatural recordings of one speaker, neutral and emotional: cosine mean {cosine['mean']:.2f} "
        f"(5-95 %: {cosine['p5']:.2f}-{cosine['p95']:.2f}), {counted(cosine['pairs'], 'pair')}")


def _failures(scores: QualityScores) -> list[str]:
    sentences = {system: scores.failures(system) for system in scores.matrix.systems}
    return [f"{system}: {len(own)} of {counted(len(scores.matrix.pairs), 'pair')} failed, first: {own[0]}"
            for system, own in sentences.items() if own]


if __name__ == "__main__":
    typer.run(main)
