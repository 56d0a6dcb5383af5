"""Takes on the Convert tab: results are kept, and a kept one comes back into view or its settings into the inputs."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.utils import get_upload_folder

from pipelines.errors import ZestError
from pipelines.features.audio import load, save
from pipelines.files import make_folder
from pipelines.mix import EmotionMix, weights_of
from pipelines.settings import Settings, about
from workbench.conversion import DescribedConversion
from workbench.conversion_request import ConversionRequest
from workbench.studio.comparison import Comparison
from workbench.studio.mixer import mixer_value, mixture
from workbench.studio.page_store import take_store
from workbench.studio.store import NO_TAKE, NewTake, TakeError
from workbench.studio.takes import Take
from workbench.tabs import text
from workbench.tabs.convert_inputs import DEFAULTS, MIX, RECORDING
from workbench.tabs.convert_run import Shown

STUDIO = "studio"  # what is heard and seen of a take, kept beside it
SETTING_NAMES = tuple(asdict(DEFAULTS))  # strength, tempo, decoder, seed, f0


def keep(token: str, request: ConversionRequest, described: DescribedConversion, studio: Comparison) -> tuple[str, str]:
    """Keep a conversion as a take. Returns its id and '', or '' and why it is not kept. token: '' where nobody keeps anything."""
    if not token or request.source is None:
        return "", ""
    reference = request.own_reference
    try:
        take = take_store().add(token, NewTake(
            described.output, Path(request.source), Path(reference) if reference else None, request.emotion,
            settings_of(request, described.document), described.document["system"], described.document,
            tuple((Path(path), weight) for path, weight in request.references)))
        take_store().attach(token, take.id, STUDIO, studio.document())
    except TakeError as refused:
        return "", str(refused)
    return take.id, ""


def keep_words(token: str, take_id: str, contours: Any, transcripts: Mapping[str, str]) -> None:
    """The words of a take that was scored stay with it: on its contours (given with words), and in the JSON of its download."""
    store = take_store()
    with suppress(TakeError):  # it was deleted meanwhile, or this browser keeps nothing
        studio = store.attached(token, take_id, STUDIO)
        if studio is not None:
            store.attach(token, take_id, STUDIO, studio | {"contours": contours})
            store.tell(token, take_id, transcripts=dict(transcripts))


def settings_of(request: ConversionRequest, document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as inputs take them; a baseline has but its name."""
    settings = {"decoder": request.baseline} if request.baseline else dict(document["settings"])
    return settings | ({"denoise": True} if request.denoise else {})


def kept_take(token: str, take_id: str) -> Shown:
    """A take as a result that can be shown, scored and converted from again. Raises TakeError: it is gone."""
    store = take_store()
    take = store.take(token, take_id)
    folder = make_folder(Path(get_upload_folder()) / uuid.uuid4().hex)
    output = Path(shutil.copyfile(store.audio(token, take_id), folder / f"{take.file_name()}.wav"))
    source, reference = _checked_out(token, take, folder)
    request = ConversionRequest(source, take.emotion, reference, **settings_values(take),
                                references=_mixed_out(token, take, folder), denoise=is_denoised(take))
    document = store.attached(token, take_id, STUDIO)
    if document is None:
        raise TakeError(NO_TAKE)
    studio = Comparison.of(document).moved(
        str(output), _playable(source, folder), reference and _playable(reference, folder))
    return Shown(request, str(output), studio, dict(take.document), take.id)


def settings_values(take: Take) -> dict[str, Any]:
    """Every setting of a take, by its name."""
    return asdict(DEFAULTS) | {name: value for name, value in take.settings.items() if name in SETTING_NAMES}


def is_denoised(take: Take) -> bool:
    return bool(take.settings.get("denoise"))


def used(token: str, take_id: str, source: str | None, presets: Sequence[str]) -> list[Any]:
    """Values of all inputs, as `Inputs.all`: the settings of a take, and its source where none is given. Raises TakeError."""
    take = take_store().take(token, take_id)
    folder = make_folder(Path(get_upload_folder()) / uuid.uuid4().hex)
    own, reference = _checked_out(token, take, folder)
    values = settings_values(take)
    mixed = _mixed_out(token, take, folder)
    is_mix = bool(mixed) or (take.emotion is not None and take.emotion not in presets)
    emotion = MIX if is_mix else take.emotion or (RECORDING if reference else gr.skip())
    mix = mix_value(presets, take.emotion, [(Path(path).name, weight) for path, weight in mixed]) if is_mix else gr.skip()
    return [gr.skip() if source else own, emotion, gr.update(value=reference, visible=True) if reference else gr.skip(),
            *(values[name] for name in SETTING_NAMES), mix, [path for path, _ in mixed] if is_mix else gr.skip(),
            is_denoised(take)]


def mix_value(presets: Sequence[str], emotion: str | None, recordings: Sequence[tuple[str, float]] = ()) -> dict[str, Any]:
    """The mixer's value of a mix as it is written. Raises ZestError: it is none, or has an unknown emotion."""
    weights = dict(weights_of(emotion)) if emotion else {}
    for name in weights:
        _one_of(name, list(presets))
    return mixer_value(presets, weights, tuple(recordings), touched=True)


def query_of(emotion: str, mix: Any, *values: Any) -> str:
    """The settings of the inputs as a link carries them: the emotion, and what differs from the defaults.

    Args:
        mix: of the mixer; a link carries its emotions, and no recordings.
    """
    if emotion == MIX:
        emotion = mixture(mix, ())[0] or MIX
    given = {name: value for name, value in zip(SETTING_NAMES, values) if value != getattr(DEFAULTS, name) and value is not None}
    plain = {name: int(value) if isinstance(value, bool) else value for name, value in given.items()}
    return urlencode({"emotion": emotion} | plain)


def linked(query: Mapping[str, str], emotions: list[str], decoders: list[str]) -> tuple[dict[str, Any], str]:
    """Values of the inputs that a link names, and a sentence on those that this workbench does not know.

    Args:
        emotions, decoders: that the inputs offer.
    """
    readers = {"emotion": lambda given: given if given in emotions else _read_mix(given, emotions),
               "decoder": lambda given: _one_of(given, decoders),
               "f0": lambda given: _one_of(given, list(about("f0").choices)),
               "tempo": lambda given: _one_of(given, ["0", "1"]) == "1",
               "strength": _strength, "seed": lambda given: Settings(seed=int(given)).seed}
    found, unknown = {}, []
    for name in readers.keys() & query.keys():
        try:
            found[name] = readers[name](query[name])
        except (ValueError, ZestError):
            unknown.append(f"{name} {query[name]!r}"[:60])
    return _mix_apart(found, emotions), text.LINK_UNKNOWN.format(", ".join(sorted(unknown))) if unknown else ""


def _read_mix(given: str, emotions: list[str]) -> str:
    mix_value(emotions, given)
    return str(EmotionMix.read(given))


def _mix_apart(found: dict[str, Any], emotions: list[str]) -> dict[str, Any]:
    """The emotion's value where a link names a mix, and the mixer's."""
    emotion = found.get("emotion")
    if emotion is None or emotion in emotions:
        return found
    presets = [name for name in emotions if name not in (MIX, RECORDING)]
    return found | {"emotion": MIX, "mix": mix_value(presets, emotion)}


def _one_of(given: str, known: list[str]) -> str:
    if given not in known:
        raise ValueError(given)
    return given


def _strength(given: str) -> float:
    value = float(given)
    if not about("strength").allows(value):
        raise ValueError(given)
    return value


def _checked_out(token: str, take: Take, folder: Path) -> tuple[str, str | None]:
    """Copies of its source and reference under their own names, where Gradio may serve them."""
    source, reference = take_store().recordings(token, take)
    copied = shutil.copyfile(source, make_folder(folder / "source") / (Path(take.source).name or "source.wav"))
    if reference is None:
        return str(copied), None
    other = make_folder(folder / "reference") / (Path(take.reference or "").name or "reference.wav")
    return str(copied), str(shutil.copyfile(reference, other))


def _mixed_out(token: str, take: Take, folder: Path) -> tuple[tuple[str, float], ...]:
    """Copies of the recordings of a mix under their own names, with weights."""
    found = []
    for place, (path, name, weight) in enumerate(take_store().mixed(token, take)):
        copied = make_folder(folder / f"mix{place}") / (Path(name).name or "reference.wav")
        found.append((str(shutil.copyfile(path, copied)), weight))
    return tuple(found)


def _playable(path: str, folder: Path) -> str:
    """The recording, or a copy of it as a WAV that every browser plays."""
    if path.lower().endswith(".wav"):
        return path
    return str(save(folder / f"{uuid.uuid4().hex}.wav", load(path).samples))
