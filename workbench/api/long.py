"""The API of long recordings: `/plan` cuts one into phrases, `/direct` renders a plan. The command line does the same."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from pipelines.baselines import BASELINES
from pipelines.conversion import Converts
from pipelines.errors import ZestError
from pipelines.features.writing import SOURCE_RATE, AudioForm
from pipelines.files import make_folder
from pipelines.plan.phrases import plan_of
from pipelines.plan.segments import Segment
from pipelines.plan.table import read_plan, row_names, write_plan
from pipelines.settings import Settings
from workbench import sentences
from workbench.api.endpoint import FILE, Endpoint, shown
from workbench.api.types import F0, File, Rate, Seed, Strength, Subtype, describes_settings
from workbench.cli.names import default_name, variant
from workbench.cli.progress import fraction_hook
from workbench.conversion import CHECKPOINT_VARIABLE, page_converter
from workbench.conversion_request import DEFAULTS, ConversionRequest
from workbench.plan_template import template_of
from workbench.rendering import DIRECTED, render_and_describe
from workbench.studio.long_jobs import PHRASE, TurnTaking
from workbench.studio.long_plan import placed, rows_of
from workbench.studio.turns import turn_at_models, with_place


@describes_settings
def plan(source: File, emotion: str | None = None, strength: Strength = DEFAULTS.strength,
         tempo: bool = DEFAULTS.tempo) -> tuple[str, list[dict[str, Any]]]:
    """Cut a recording of up to 60 minutes at its pauses into a plan to edit, one row a phrase; /direct renders it.

    Args:
        source: Recording of up to 60 minutes.
        emotion: Emotion of every row, to begin with; without it, every phrase stays as it is.

    Returns:
        the plan (CSV), and its rows.
    """
    template = template_of(emotion or "", Settings(strength=strength, tempo=tempo))
    segments = plan_of(source, template, fraction_hook(shown(), False))
    path = write_plan(_new_folder() / f"{Path(source).stem}-plan.csv", segments)
    return str(path), rows_of(segments, path.parent)


@describes_settings
def direct(source: File, plan: File, references: list[File] | None = None, decoder: str = DEFAULTS.decoder,
           seed: Seed = DEFAULTS.seed, f0: F0 = "predicted", rate: Rate = SOURCE_RATE, subtype: Subtype = "",
           denoise: bool = False, mark: bool = True) -> tuple[str, dict[str, Any]]:
    """Render a plan of a recording of up to 60 minutes; what no row changes stays bit for bit.

    Args:
        source: Recording of up to 60 minutes.
        plan: CSV with the columns start, end, emotion, reference, strength and tempo; all but the first two may be left out.
        references: Recordings that the plan names by their file names.
        rate: Sampling rate of the result: source for the source's own, 16 to 48 kHz, or a number of Hz between them.
        subtype: Resolution of the result: 16 or 24 bits, or float; 16 if left out.
        denoise: Take steady noise out of the source first.
        mark: Whether the file's metadata say that its speech is synthetic, and how it was converted.

    Returns:
        the rendered recording (WAV), and the numbers: settings, where each row lies in source and result, notes.
    """
    folder = _new_folder()
    given = Path(shutil.copy(plan, folder))
    for path in references or ():
        shutil.copy(path, folder)
    names = row_names(given)
    segments = [placed(one, folder, folder, row) for one, row in zip(read_plan(given), names, strict=True)]
    request = request_for(segments, decoder, seed, f0)
    hook = with_place(shown(), lambda show: fraction_hook(show, False))
    turn = turn_at_models(hook, PHRASE)
    converter: Converts = turn.do(lambda: page_converter(request.baseline))
    form = AudioForm(rate or SOURCE_RATE, subtype, mark=mark)
    name = default_name(Path(source), DIRECTED, request.settings(), request.baseline,
                        others=variant(os.environ.get(CHECKPOINT_VARIABLE), form, denoise))
    output = folder / f"{name}.wav"
    document = render_and_describe(TurnTaking(converter, turn), source, segments, output, request.settings(), hook, names,
                                   keep=False, form=form, denoise=denoise)
    for one in document["segments"]:
        one["references"] = [Path(path).name for path in one["references"]]
    return str(output), document


def request_for(segments: Sequence[Segment], decoder: str, seed: float | None, f0: str) -> ConversionRequest:
    """The settings that all phrases of a plan share. Raises ZestError: they do not fit each other, or the plan."""
    directed = [one for one in segments if not one.is_kept]
    by_reference = bool(directed) and all(one.references for one in directed)
    request = ConversionRequest(None, None if by_reference else "neutral", decoder=decoder, seed=seed, f0=f0)
    if request.baseline and not BASELINES[request.baseline].takes:
        raise ZestError(sentences.SHORT_ONLY.format(baseline=request.baseline))
    for sentence in request.setting_problems().values():
        raise ZestError(sentence)
    return request


def _new_folder() -> Path:
    """Where Gradio may serve from, and clears away after some hours."""
    return make_folder(Path(get_upload_folder()) / uuid.uuid4().hex)


LONG = (Endpoint(plan, {"plan": FILE, "rows": "rows"}), Endpoint(direct, {"converted": FILE, "numbers": "direct"}))
