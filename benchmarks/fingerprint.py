"""Whether a change of the code left every number alone: hashes of conversions, of one evaluation and of one study.

python -m benchmarks.fingerprint -o before.json                      before the change
python -m benchmarks.fingerprint --compare before.json               after it: a table that says what differs; exit code 1 if so

The example recordings are converted by every decoder of the checkpoint and by every baseline whose weights are there. Hashes
hold for one machine: other processors and other versions of PyTorch round differently.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer

from benchmarks import columns, write_json
from evaluation.listening.design.create import create_study
from evaluation.pair import Pair
from evaluation.run import EvaluationRun, evaluate, parse_systems, why_not
from pipelines.baselines import BASELINES
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.outputs import check_outputs
from pipelines.settings import Settings
from workbench.cli.progress import stage_bars

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MAN, WOMAN, LIVELY = (EXAMPLES / f"{name}.wav" for name in ("source-man", "source-woman", "reference-lively"))
CHANGED = Settings(strength=0.6, tempo=False, seed=3)
EVALUATED = ("source", "copy", "f0-swap")  # beside the checkpoint's decoders
SAME, DIFFERS, NEW, GONE = "same", "differs", "new", "gone"

Fingerprints = dict[str, str]  # what was computed to 16 hex digits of its sha256


def main(
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write the hashes here, as JSON")] = None,
    compare: Annotated[Path | None, typer.Option(help="hashes that -o wrote earlier")] = None,
    conversions_only: Annotated[bool, typer.Option("--conversions-only", help="leave out the evaluation and the study")] = False,
) -> None:
    """Print what was computed and its hash; with --compare, which of them differ."""
    try:
        check_outputs([compare], [output])
        before = None if compare is None else read(compare)
        found = dict(conversions(checkpoint))
        if not conversions_only:
            with TemporaryDirectory(prefix="zest-fingerprint-") as folder, stage_bars() as bars:
                run = evaluate(example_pairs(), evaluated_systems(checkpoint), Path(folder) / "run", hook=bars)
                found |= evaluation(run) | study(run, Path(folder) / "study")
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    if output is not None:
        write_json(output, found)
    print(report(found, before))
    if before is not None and set(states(found, before).values()) != {SAME}:
        raise typer.Exit(1)


def example_pairs() -> list[Pair]:
    """The two example sources with the lively reference."""
    return [Pair(name, source, LIVELY, "surprised", "dsdt", source_emotion="neutral", source_speaker=name,
                 reference_speaker="lively") for name, source in (("man", MAN), ("woman", WOMAN))]


def conversions(checkpoint: str) -> Iterator[tuple[str, str]]:
    """(what was converted how, hash of the samples)."""
    converter = Converter.from_pretrained(checkpoint)
    for decoder in converter.decoders:
        plain, changed = Settings(decoder=decoder), Settings(**(asdict(CHANGED) | {"decoder": decoder}))
        for settings, how in ((plain, decoder), (changed, f"{decoder}, strength 0.6, no tempo, seed 3")):
            yield f"{how}: man, angry", samples_hash(converter.convert(MAN, emotion="angry", settings=settings).samples)
            yield f"{how}: man, reference", samples_hash(converter.convert(MAN, LIVELY, settings=settings).samples)
            yield f"{how}: woman, sad", samples_hash(converter.convert(WOMAN, emotion="sad", settings=settings).samples)
        for f0 in ("source", "reference"):
            settings = Settings(decoder=decoder, f0=f0)
            yield f"{decoder}, F0 of the {f0}: man", samples_hash(converter.convert(MAN, LIVELY, settings=settings).samples)
    for name in BASELINES:
        system, = parse_systems([name], checkpoint=checkpoint)
        if why_not(system) is None:
            for pair in example_pairs():
                yield f"{name}: {pair.id}", samples_hash(system.render(pair).samples)


def evaluated_systems(checkpoint: str) -> list:
    """Three baselines, and each decoder at strength 0.5."""
    decoders = Converter.from_pretrained(checkpoint).decoders
    return parse_systems([*EVALUATED, *(f"{decoder}@0.5" for decoder in decoders)], checkpoint=checkpoint)


def evaluation(run: EvaluationRun) -> Fingerprints:
    """One hash a system and metric, of the values of all pairs; what was not measured stands there as a sentence."""
    found = {}
    for (system, metric), rows in run.scores.groupby(["system", "metric"], sort=False):
        values = [[pair, value, weight] for pair, value, weight in zip(rows["pair"], rows["value"], rows["weight"], strict=True)]
        found[f"scores of {system}: {metric}"] = text_hash(json.dumps(values))
    return found | {f"not measured: {metric}": text_hash(why) for metric, why in run.not_measured.items()}


def study(run: EvaluationRun, folder: Path) -> Fingerprints:
    """The design of a listening test of two systems, and its clips."""
    study = create_study(run, EVALUATED[1:], ("naturalness", "emotion-choice"), folder, listeners=4, seed=0, salt="fingerprint")
    clips = [samples_hash(load(study.clip(name)).samples) for name in sorted(study.info["clips"])]
    design = json.dumps(asdict(study.design), sort_keys=True)
    return {"study: design": text_hash(design), "study: clips": text_hash(" ".join(clips))}


def samples_hash(samples: np.ndarray) -> str:
    """Of (n,) samples, bit by bit."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()[:16]


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read(path: Path) -> Fingerprints:
    """Raises ZestError: it is missing, or -o did not write it."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ZestError(f"{path} cannot be read; name a file that -o wrote.") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ZestError(f"{path} holds no fingerprints; name a file that -o wrote.")
    return found


def states(found: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """What became of each entry, those that are gone last."""
    now = {name: NEW if name not in before else SAME if before[name] == value else DIFFERS for name, value in found.items()}
    return now | {name: GONE for name in before if name not in found}


def report(found: Mapping[str, str], before: Mapping[str, str] | None) -> str:
    """A table of hashes; with earlier ones, what became of each and how many differ."""
    if before is None:
        return columns(("what", "sha256"), [(name, value) for name, value in found.items()])
    told = states(found, before)
    rows = [(name, found.get(name, "-"), before.get(name, "-"), state) for name, state in told.items()]
    changed = [name for name, state in told.items() if state != SAME]
    return columns(("what", "sha256", "before", ""), rows) + f"\n\n{len(changed)} of {len(told)} are not the same."


if __name__ == "__main__":
    typer.run(main)
