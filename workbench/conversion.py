"""One conversion as command, batch, page and API do it: convert, measure again, save, describe. And the page's checkpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.baselines import BASELINES
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import BaselineConverter, Conversion, Converter, Converts, Prepared
from pipelines.errors import ZestError
from pipelines.factors import Factors
from pipelines.features.audio import SAMPLE_RATE, Recording
from pipelines.features.pitch import F0Contour, statistics, track
from pipelines.features.voice_activity import LEAST_SHARE, speech_share
from pipelines.features.writing import AudioForm
from pipelines.files import make_folder, write_whole
from pipelines.hooks import Hook, silent
from pipelines.mix import EmotionLike, References, said_mix
from pipelines.settings import Settings
from workbench.zero_gpu import is_lent, on_zero_gpu

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHECKPOINT_VARIABLE = "ZEST_CHECKPOINT"  # another folder or hub id for the workbench
NO_SPEECH = "Hardly any of the source is speech, so the result means nothing; choose a recording of one person who speaks."
TOLD = 0.2  # posterior from which a second emotion is told
MODEL_QUEUE = "model"  # concurrency id of every event that runs a model: one at a time


@dataclass(frozen=True)
class DescribedConversion:
    """A conversion that is saved. output: its WAV. document: all numbers worth keeping, ready for JSON.

    measured: F0 of the converted audio as a tracker finds it, not as it was asked for.
    """

    conversion: Conversion
    measured: F0Contour
    output: Path
    document: dict[str, Any]

    def save_plot(self) -> Path:
        """A PNG of the contours beside the WAV, by the same name. Raises OutputError."""
        from evaluation.plots import save_figure

        return save_figure(self.figure(), self.output.with_name(f"{self.output.stem}.png"))

    def figure(self) -> Figure:
        """The F0 contours side by side."""
        from evaluation.plots import conversion_figure  # imported late: matplotlib takes half a second

        one = self.conversion
        return conversion_figure(one.source, one.reference, one.predicted, self.measured, one.target)


def convert_and_describe(converter: Converts, source: Path | str | Recording, reference: Path | str | References | None,
                         emotion: EmotionLike | None, settings: Settings, output: Path, hook: Hook = silent,
                         write: Callable[[Path, bytes], object] = write_whole,
                         form: AudioForm = AudioForm(), variant: Sequence[str] = ()) -> DescribedConversion:
    """Convert one recording, write it and describe it.

    Args:
        write: what takes the file's bytes; by default the file appears at its path, whole or not at all.
        form: rate, resolution and format of the file; by default those of the source and of the name.
        variant: as `workbench.cli.names.variant` tells it.
    Raises:
        ZestError: as `Converter.convert`. OutputError: the recording cannot be written.
    """
    conversion = converter.convert(source, reference, emotion, settings, hook)
    measured = track(conversion.samples).contour()
    document = describe(conversion, measured, variant) | {"rate": form.hertz(conversion.source_rate, output)}
    make_folder(output.parent)
    write(output, conversion.encoded(output, form))
    return DescribedConversion(conversion, measured, output, document)


def describe(conversion: Conversion, measured: F0Contour, variant: Sequence[str] = ()) -> dict[str, Any]:
    """The document of a conversion.

    `system` names the decoder, its strength and every setting that is not the default, or the baseline, and the
    `variant`, which lists what else decides the result, such as a rate. `f0` holds one entry each for source,
    reference (None with a preset), predicted and converted; an entry is None where nothing is voiced.
    `mix` are the weights of a mix by name, None where the target is one emotion. `recognised` are SACE's posteriors of the
    reference by emotion, the likeliest first, None where there is not one reference.
    `seconds` are wall seconds per stage. `speech` is the share of speech in what can be heard of the source, None where
    the source is not known; where that is hardly any, a note says so.
    """
    speech = None if conversion.given is None else round(speech_share(conversion.given.samples), 3)
    contours = {"source": conversion.source, "reference": conversion.reference,
                "predicted": conversion.predicted, "converted": measured}
    return {
        "target": conversion.target,
        "mix": conversion.mix and conversion.mix.weights,
        "system": "-".join((conversion.system, *variant)),
        "settings": asdict(conversion.settings),
        "variant": list(variant),
        "source_seconds": round(conversion.source_seconds, 3),
        "converted_seconds": round(len(conversion.samples) / SAMPLE_RATE, 3),
        "f0": {name: _numbers(contour) for name, contour in contours.items()},
        "seconds": {stage: round(seconds, 4) for stage, seconds in conversion.seconds.items()},
        "real_time_factor": round(conversion.real_time_factor, 4),
        "notes": [*conversion.notes, *((NO_SPEECH,) if is_no_speech(speech) else ())],
        "speech": speech,
        "recognised": conversion.recognised and {name: round(share, 3) for name, share in conversion.recognised.items()},
    }


def is_no_speech(share: float | None) -> bool:
    """Whether hardly anything of a source is speech. share: as a conversion's document has it, None where it is not known."""
    return share is not None and share < LEAST_SHARE


def said_target(document: Mapping[str, Any]) -> str:
    """The target of a conversion's document for readers: 'angry', or 'angry 0.6 + sad 0.4'."""
    return said_mix(document["mix"]) if document.get("mix") else document["target"]


def said_recognised(document: Mapping[str, Any]) -> str:
    """What the reference of a conversion's document was taken for: 'sad 54 %, happy 31 %'; '' where nothing is known of it."""
    posteriors = document.get("recognised") or {}
    told = [(name, share) for place, (name, share) in enumerate(posteriors.items()) if place == 0 or share >= TOLD]
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in told)


def page_checkpoint() -> str:
    """Folder or hub id of the checkpoint that the page converts with."""
    return os.environ.get(CHECKPOINT_VARIABLE) or str(DEFAULT_CHECKPOINT)


@lru_cache(maxsize=1)
def converter() -> Converter:
    """Load on first use and keep. A failure is not kept: mend the checkpoint and click again. Raises CheckpointError."""
    return Converter.from_pretrained(page_checkpoint())


def page_converter(name: str) -> Converts:
    """What the page converts with: a baseline by its name, else the shared converter. Raises CheckpointError."""
    return BaselineConverter(name, page_checkpoint()) if name in BASELINES else converter()


def lent_converter(name: str) -> Converts:
    """As `page_converter`, but on the GPU that a Space with ZeroGPU lends. For short recordings, which fit into its time."""
    return LentConverter() if is_lent() and name not in BASELINES else page_converter(name)


class LentConverter:
    """Converts on the GPU that a Space with ZeroGPU lends for each call; everything else stays on the CPU."""

    @property
    def identity(self) -> str:
        """As `Converter.identity`."""
        return converter().identity

    @property
    def weights(self) -> str:
        """As `Converter.weights`."""
        return converter().weights

    def prepared(self, reference: Path | str) -> Recording | Factors:
        """As `Converter.prepared`."""
        return converter().prepared(reference)

    def check_emotion(self, emotion: str) -> None:
        """As `Converter.check_emotion`."""
        converter().check_emotion(emotion)

    def convert(self, source: Prepared, reference: Prepared | References | None = None, emotion: EmotionLike | None = None,
                settings: Settings = Settings(), hook: Hook = silent) -> Conversion:
        """As `Converter.convert`; nothing is told of its stages, since they run in another process."""
        outcome = _on_lent_gpu(source, reference, emotion, settings)
        if isinstance(outcome, ZestError):
            raise outcome
        return outcome


@on_zero_gpu
def _on_lent_gpu(source: Any, reference: Any, emotion: Any, settings: Settings) -> Conversion | ZestError:
    """In the process that has the GPU. An error is returned: the other process would get an error of Spaces in its place."""
    try:
        return Converter.from_pretrained(page_checkpoint(), "cuda").convert(source, reference, emotion, settings)
    except ZestError as error:
        return error


def _numbers(contour: F0Contour | None) -> dict[str, float] | None:
    numbers = None if contour is None else statistics(contour)
    return None if numbers is None else {key: round(value, 3) for key, value in asdict(numbers).items()}
