"""`zest convert`: one recording, or a list of pairs."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pipelines.device import check_name
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import load, save
from pipelines.files import check_writable, make_folder
from pipelines.hooks import Hook, Timings, silent
from workbench.cli import batch, exit_codes
from workbench.cli.progress import terminal_bar
from workbench.cli.streams import say

if TYPE_CHECKING:
    from pipelines.conversion import Conversion, Converter
    from pipelines.settings import Settings

Make: TypeAlias = "Callable[[Path, Path | None, str | None, Hook], Conversion]"  # source, reference, emotion, progress


@dataclass(frozen=True)
class Options:
    """The options that single conversions and batches share."""

    strength: float
    tempo: bool
    decoder: str
    seed: int
    f0: str
    checkpoint: str | None
    device: str
    as_json: bool
    plot: Path | None
    system: str = ""

    @property
    def where(self) -> str:
        """The checkpoint's folder or hub id."""
        from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT

        return self.checkpoint or str(DEFAULT_CHECKPOINT)


def convert_one(source: Path, reference: Path | None, emotion: str | None, output: Path | None, options: Options) -> int:
    """Convert one recording, write the results, print what was done. Returns the exit code; raises ZestError."""
    _refuse_unusable(reference, emotion, options)
    target = emotion or (reference.stem if reference else options.system)
    output = output or Path(f"{source.stem}-{_file_name(target)}.wav")
    for path in filter(None, (output, options.plot)):
        check_writable(path)
    _refuse_overwriting(output, source, reference)
    for recording in filter(None, (source, reference)):
        load(recording)  # a bad recording is told at once, before any model is loaded
    with terminal_bar() as hook_for:
        document = _convert_and_save(_once(options), source, reference, emotion, output, options.plot,
                                     hook_for(0, source.name, reference is not None))
    if options.as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    _say_done(document)
    return exit_codes.OK


def convert_batch(pairs_csv: Path, folder: Path, options: Options) -> int:
    """Convert every row of a CSV with one loaded checkpoint. Returns the exit code; raises ZestError."""
    _refuse_settings_of_baselines(options)
    pairs = batch.read_pairs(pairs_csv, folder)
    make_folder(folder)
    begun = time.perf_counter()
    with terminal_bar(len(pairs)) as hook_for:
        make, places = _often(options), count()

        def convert(pair: batch.Pair) -> dict[str, Any]:
            _refuse_overwriting(pair.output, pair.source, pair.reference)
            make_folder(pair.output.parent)
            plot = make_folder(options.plot) / f"{pair.output.stem}.png" if options.plot else None
            hook = hook_for(next(places), pair.source.name, pair.reference is not None)
            return _convert_and_save(make, pair.source, pair.reference, pair.emotion, pair.output, plot, hook)

        outcomes = []
        for outcome in batch.run(batch.by_source(pairs), convert):
            outcomes.append(outcome)
            _say_row(outcome)
    outcomes.sort(key=lambda outcome: outcome.number)
    failed = sum(outcome.error is not None for outcome in outcomes)
    seconds = time.perf_counter() - begun
    if options.as_json:
        print(json.dumps({"pairs": [outcome.as_dict() for outcome in outcomes], "converted": len(outcomes) - failed,
                          "failed": failed, "seconds": round(seconds, 3)}, indent=2, ensure_ascii=False))
    say(f"Converted {len(outcomes) - failed} of {len(outcomes)} pairs in {seconds:.1f} s into {folder}.")
    return exit_codes.SOME_FAILED if failed else exit_codes.OK


def _converter(options: Options):
    check_name(options.device)
    from pipelines.conversion import Converter  # imported late: a usage error need not wait for torch

    return Converter.from_pretrained(options.where, options.device)


def _once(options: Options) -> Make:
    """Makes one conversion."""
    if options.system:
        return _by_baseline(options)
    converter, settings = _converter(options), _settings(options)
    return lambda source, reference, emotion, hook: converter.convert(source, reference, emotion, settings, hook)


def _often(options: Options) -> Make:
    """Makes many."""
    return _by_baseline(options) if options.system else _remembering(_converter(options), _settings(options))


def _by_baseline(options: Options) -> Make:
    """Loads what the baseline needs at once: what is missing is told before any pair."""
    check_name(options.device)
    from pipelines.baselines import converting, registry

    if registry.baseline(options.system).load is not None:
        from pipelines.device import check_device

        check_device(options.device)
    registry.loaded(options.system, options.where, options.device)
    return lambda source, reference, emotion, hook: converting.convert(
        options.system, source, reference, emotion, options.where, options.device, hook)


def _remembering(converter: Converter, settings: Settings) -> Make:
    """Converts, and takes recordings that come again apart once."""
    from pipelines.encodings import Encodings

    encodings = Encodings(converter)

    def make(source: Path, reference: Path | None, emotion: str | None, hook: Hook) -> Conversion:
        timings = Timings(hook)
        whose = encodings.source(source, timings), reference and encodings.reference(reference, timings)
        return replace(converter.convert(*whose, emotion, settings, timings), seconds=timings.seconds)

    return make


def _settings(options: Options):
    from pipelines.settings import Settings

    return Settings(strength=options.strength, tempo=options.tempo, decoder=options.decoder, seed=options.seed, f0=options.f0)


def _convert_and_save(make: Make, source: Path, reference: Path | None, emotion: str | None, output: Path,
                      plot: Path | None, hook: Hook = silent) -> dict[str, Any]:
    from workbench import summary

    conversion = make(source, reference, emotion, hook)
    remeasured = summary.remeasure(conversion)
    save(output, conversion.samples)
    if plot is not None:
        from evaluation import plots  # imported late: matplotlib takes half a second

        figure = plots.conversion_figure(conversion.source, conversion.reference, conversion.predicted, remeasured,
                                         conversion.target)
        plots.save_figure(figure, plot)
    files = {"source": str(source), "reference": reference and str(reference), "output": str(output),
             "plot": plot and str(plot)}
    return files | summary.document(conversion, remeasured)


def _refuse_unusable(reference: Path | None, emotion: str | None, options: Options) -> None:
    if options.system:
        from pipelines.baselines import registry

        _refuse_settings_of_baselines(options)
        if not registry.baseline(options.system).takes:
            return  # it moves no emotion, whatever is named
        if reference is not None or emotion is not None:
            registry.check(options.system, reference is not None, emotion is not None)
    if reference is None and emotion is None:
        raise ZestError("Whose emotion? Name a REFERENCE recording or an --emotion.")
    if reference is not None and emotion is not None:
        raise ZestError("Give either a REFERENCE recording or an --emotion, not both.")


def _refuse_settings_of_baselines(options: Options) -> None:
    given = (options.strength, options.tempo, options.decoder, options.seed, options.f0)
    if options.system and given != (1.0, True, "", 0, "predicted"):
        raise ZestError("A baseline has no strength, tempo, decoder, seed or choice of F0; leave them out beside --system.")


def _refuse_overwriting(output: Path, source: Path, reference: Path | None) -> None:
    for recording in filter(None, (source, reference)):
        if os.path.exists(output) and os.path.exists(recording) and os.path.samefile(output, recording):
            raise AudioError(f"{output} is an input of this conversion; write the result to another file.")


def _file_name(text: str) -> str:
    """A target's name as part of a file name: 'my/angry' must not become a folder."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "converted"


def _say_done(document: dict[str, Any]) -> None:
    for note in document["notes"]:
        say(f"Note: {note}")
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in document["seconds"].items())
    say(f"Wrote {document['output']} ({document['converted_seconds']:.1f} s, {document['target']}); "
        f"{sum(document['seconds'].values()):.2f} s of work, real-time factor {document['real_time_factor']:.2f} ({stages}).")


def _say_row(outcome: batch.Outcome) -> None:
    if outcome.error is not None:
        say(f"Row {outcome.number} failed: {outcome.error}")
        return
    say(f"Row {outcome.number}: wrote {outcome.document['output']}")
    for note in outcome.document["notes"]:
        say(f"  Note: {note}")
