"""What the Convert tab asks for: examples, source, emotion, reference and settings, the rare ones folded away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.errors import ZestError
from pipelines.mix import EmotionMix
from pipelines.settings import Settings, about
from pipelines.shipped import shipped
from workbench.conversion_request import ConversionRequest
from workbench.studio.components import lane as long_lane
from workbench.studio.mixer import mixer, mixture
from workbench.studio.recognised import of_preset, of_references, of_strengths
from workbench.tabs import text
from workbench.tabs.problems import RecordingInput, problem, problem_slot, recording_input

DEFAULTS = Settings()
RECORDING, MIX = "recording", "mix"  # values of the emotion choice that ask for a reference, and for a mix
EXAMPLES = shipped("examples")
EXAMPLE_ROWS = (("Man, angry", "source-man.wav", "angry", None), ("Woman, sad", "source-woman.wav", "sad", None),
                ("Man, emotion of a recording", "source-man.wav", RECORDING, "reference-lively.wav"))
RARE = ("decoder", "seed", "f0")  # settings that are folded away and can have a problem
SETTING_SLOTS = ("emotion", "references", "strength", *RARE)  # inputs beside the recordings that can have a problem
SLOTS = ("source", "reference", *SETTING_SLOTS)


@dataclass(frozen=True)
class Inputs:
    """The components whose values `request_of` takes, in the order of its parameters, and the slots of their problems.

    findings: what is doubtful about the source. recognised: what judges recognise of a preset or a reference. mixer,
    recordings: of a mix, which CSS shows while a mix is chosen; add takes more. examples: a button for each of EXAMPLE_ROWS.
    lane: of a long recording, in the source's place. advanced: holds the rare settings. link: copies an address that carries
    the settings; address: shows it.
    """

    examples: list[gr.Button]
    findings: gr.HTML
    recognised: gr.HTML
    add: gr.UploadButton
    source: RecordingInput
    lane: gr.HTML
    emotion: gr.Radio
    reference: RecordingInput
    strength: gr.Slider
    tempo: gr.Checkbox
    decoder: gr.Dropdown
    seed: gr.Number
    f0: gr.Dropdown
    mixer: gr.HTML
    recordings: gr.State
    denoise: gr.Checkbox
    advanced: gr.Accordion
    link: gr.Button
    address: gr.Textbox
    slots: dict[str, gr.HTML]

    def all(self) -> list[Any]:
        return [self.source.audio, self.emotion, self.reference.audio, *self.choices()[1:], self.mixer, self.recordings,
                self.denoise]

    def choices(self) -> list[Any]:
        """Those that are no recordings."""
        return [self.emotion, self.strength, self.tempo, self.decoder, self.seed, self.f0]

    def problems(self) -> list[Any]:
        """What `problem_updates` updates."""
        return [*(self.slots[name] for name in SLOTS), self.advanced]


def request_of(source: str | None, emotion: str, reference: str | None, strength: float | None, tempo: bool, decoder: str,
               seed: float | None, f0: str, mix: Any = None, recordings: Sequence[str] = (),
               denoise: bool = False) -> ConversionRequest:
    """The request that the values of the inputs make; references count only where the emotion is to come from them."""
    target: dict[str, Any] = {"emotion": emotion}
    if emotion == RECORDING:
        target = {"reference": reference}
    elif emotion == MIX:
        target = mixed_target(mix, recordings)
    return ConversionRequest(source, strength=strength, tempo=tempo, decoder=decoder, seed=seed, f0=f0, denoise=bool(denoise),
                             **target)


def mixed_target(mix: Any, recordings: Sequence[str]) -> dict[str, Any]:
    """What a mix asks for; a mix of one recording alone is that reference, and one of a single emotion that emotion."""
    emotion, references = mixture(mix, recordings)
    if emotion is None and len(references) == 1:
        return {"reference": references[0][0]}
    if emotion is not None and not references:
        with suppress(ZestError):  # a mix of nothing, which is told in its slot
            emotion = str(EmotionMix.read(emotion))
    return {"emotion": emotion, "references": references}


def problem_updates(found: Mapping[str, str]) -> list[Any]:
    """For the slots of all inputs. What is said of a recording without a problem stays, and a folded problem is unfolded."""
    slots = [problem(found.get(name, "")) if name in found or name in SETTING_SLOTS else gr.skip() for name in SLOTS]
    return [*slots, unfolded(found)]


def unfolded(found: Mapping[str, str]) -> Any:
    """Open the rare settings where one of them has a problem."""
    return gr.update(open=True) if found.keys() & set(RARE) else gr.skip()


def example_values(row: int) -> list[Any]:
    """Source, emotion and reference of an example; recordings are copied to where Gradio may serve them."""
    _, source, emotion, reference = EXAMPLE_ROWS[row]
    return [_served(source), emotion, reference and _served(reference)]


def inputs_column(presets: Sequence[str], decoders: Sequence[str]) -> Inputs:
    """Build the inputs inside the current Blocks.

    Args:
        presets: the checkpoint's stored emotions. decoders: those it has the weights for.
    """
    with gr.Row(elem_id="zest-examples"):
        gr.HTML(text.EXAMPLES_LABEL, padding=False)
        examples = [gr.Button(label, size="sm", min_width=60, elem_classes="zest-example") for label, *_ in EXAMPLE_ROWS]
    source = recording_input(text.SOURCE_LABEL, "zest-source")
    findings = gr.HTML(padding=False, elem_id="zest-findings")
    denoise = gr.Checkbox(False, label=text.DENOISE, container=False, elem_id="zest-denoise")
    gr.HTML(f"<p>{text.LIMITS_NOTE}</p>", elem_classes="zest-limits", padding=False)
    lane = long_lane("zest-lane", presets)
    choices = [(preset.capitalize(), preset) for preset in presets] + [(text.A_MIX, MIX)] * bool(presets)
    choices.append((text.FROM_RECORDING, RECORDING))
    first = "angry" if "angry" in presets else choices[0][1]
    emotion = gr.Radio(choices, value=first, label=text.EMOTION_LABEL, elem_id="zest-emotion")
    judged = gr.HTML(recognised_html(first), elem_id="zest-recognised", elem_classes="zest-limits", padding=False)
    reference = recording_input(text.REFERENCE_LABEL, "zest-reference", visible=first == RECORDING)
    slots = {"source": source.problem, "reference": reference.problem}
    with gr.Column(elem_id="zest-mixing"):  # in the page from the start, so that no update is missed; CSS hides it
        mix = mixer(presets, "zest-mixer")
        recordings = gr.State([])
        add = gr.UploadButton(text.ADD_RECORDINGS, file_count="multiple", size="sm", elem_id="zest-mix-add")
        slots |= {"emotion": problem_slot("zest-mix-problem"), "references": problem_slot("zest-mix-recordings-problem")}
    limits: Any = about("strength")  # whose bounds are numbers
    shown = _setting("strength")
    shown["info"] = f"{shown['info']} {of_strengths()}".strip()
    strength = gr.Slider(limits.low, limits.high, step=limits.step, buttons=[], **shown)
    slots["strength"] = problem_slot("zest-strength-problem")
    with gr.Accordion(text.ADVANCED, open=False, elem_id="zest-advanced") as advanced:
        decoder, tempo, f0, seed = _rare(decoders, slots)
        link = gr.Button(text.LINK, size="sm", elem_id="zest-link-settings")
        address = gr.Textbox(visible=False, label=text.LINK_LABEL, interactive=False, buttons=["copy"],
                             elem_id="zest-link-address")
        gr.HTML(f"<p>{text.ALL_LIMITS}</p>", elem_classes="zest-limits", padding=False)
    return Inputs(examples, findings, judged, add, source, lane, emotion, reference, strength, tempo, decoder, seed, f0, mix,
                  recordings, denoise, advanced, link, address, slots)


def recognised_html(emotion: str) -> str:
    """One line on what judges recognise of a preset or of references; of a mix, the mixer tells it."""
    said = of_references() if emotion == RECORDING else of_preset(emotion)
    return f"<p>{escape(said)}</p>" if said else ""


def _rare(decoders: Sequence[str], slots: dict[str, gr.HTML]) -> tuple[gr.Dropdown, gr.Checkbox, gr.Dropdown, gr.Number]:
    rendering = [(DECODERS[name].label, name) for name in decoders]
    rendering += [(text.BASELINE.format(baseline.label), name) for name, baseline in BASELINES.items()]
    shown: dict[str, Any] = {**_setting("decoder"), "value": decoders[0]}
    decoder = gr.Dropdown(rendering, **shown)
    slots["decoder"] = problem_slot("zest-decoder-problem")
    tempo = gr.Checkbox(**_setting("tempo"))
    with gr.Row():
        choices = [(label, name) for name, label in about("f0").choices.items()]
        f0 = gr.Dropdown(choices, scale=3, min_width=200, **_setting("f0"))
        seed = gr.Number(scale=2, min_width=90, **_setting("seed"))  # its bounds are told in its slot
    slots |= {"f0": problem_slot("zest-f0-problem"), "seed": problem_slot("zest-seed-problem")}
    return decoder, tempo, f0, seed


def _setting(name: str) -> dict[str, Any]:
    """What a component of the page shows of a setting, whichever kind of component it is."""
    return {"value": getattr(DEFAULTS, name), "label": about(name).label, "info": about(name).help, "elem_id": f"zest-{name}"}


def _served(name: str) -> str:
    return save_file_to_cache(EXAMPLES / name, cache_dir=get_upload_folder())
