"""Stage `polyak`: the baseline of Polyak et al. It trains as `generate` does, on units, codes of F0 and an x-vector.

The x-vector is that of another recording of the speaker, in another emotion. In the paper each speaker has one embedding, which
does not depend on a recording's emotion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_f0_codes, load_speaker, load_unit_encoder
from pipelines.errors import RecipeError
from pipelines.features.vocoder_features import VocoderFeatures
from pipelines.networks.f0_codes import F0Codes, frame_codes, hertz, standardised
from pipelines.networks.generator import FINE
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.examples import Example
from pipelines.training.data.factors import content_of, voices_of
from pipelines.training.data.generator_data import GeneratorData, levelled, soft_units_of
from pipelines.training.data.stored_features import stored_features
from pipelines.training.stages.generate import GeneratorFactors, needs, prepare_generator
from pipelines.training.stages.generate_hifigan import HifiganRecipe
from pipelines.training.stages.generate_istft import GenerateRecipe
from pipelines.training.stages.stage import LABELS, Stage


@dataclass(frozen=True)
class PolyakRecipe(GenerateRecipe):
    """The design `istft`; fewer steps, since it begins with the checkpoint's `generator`."""

    temperature: float = 0.0
    trunk_steps: int = 1500
    warmup_steps: int = 500
    gan_steps: int = 4000


@dataclass(frozen=True)
class PolyakHifiganRecipe(HifiganRecipe):
    """The paper's own design: embeddings go into HiFi-GAN as they are."""

    unit_encoder: bool = False
    f0_encoder: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.excited or self.begins_with:
            raise RecipeError("The baseline polyak is given codes of F0 and cannot be excited or begin with a mel predictor; "
                              "leave begins_with and excited out of the recipe's table [polyak].")


def read_quantised(examples: list[Example], checkpoint: Folder, temperature: float, cache: FeatureCache,
                   device: str = "cpu") -> GeneratorData:
    """By the encoders of the checkpoint; arguments as in `read_generator_data`.

    The design `istft` is given the contour that the codes restore, in Hz, and the recording's voicing. The design `hifigan` is
    given the codes.
    """
    network, encoder, speaker = load_f0_codes(checkpoint), load_unit_encoder(checkpoint).to(device), load_speaker(checkpoint)
    _, hidden = content_of(examples, encoder, cache, all_layers=False)
    content = [states[0] for states in hidden]
    soft, voices = soft_units_of(encoder.cpu(), content, temperature), voices_of(examples, speaker, cache)
    features = stored_features([example.clip for example in examples], cache)
    clips = tqdm(zip(examples, features, soft, strict=True), "codes of F0", len(examples), unit="clip", mininterval=5)
    coded = [_coded(network, example, own, len(units)) for example, own, units in clips]
    return GeneratorData(*levelled(examples), [own for own, _ in coded], soft, voices, codes=[codes for _, codes in coded],
                  code_count=len(network.codebook))


def _coded(network: F0Codes, example: Example, features: VocoderFeatures, frames: int) -> tuple[VocoderFeatures, np.ndarray]:
    """Features with the contour as codes restore it, and the codes, (frames,) int64 at 50 Hz."""
    speaker = standardised(example.prosody)
    codes = network.encode(speaker)
    return replace(features, f0=hertz(network, codes, speaker, len(features.f0), FINE)), frame_codes(codes, frames)


STAGE = Stage(
    "polyak",
    learns="the baseline of Polyak et al.: factors without SACE to waveform",
    source="hard units, F0 codes, x-vector of another recording in another emotion",
    loss="as `generate`",
    recipes={"istft": PolyakRecipe, "hifigan": PolyakHifiganRecipe},
    prepare=lambda context, recipe: prepare_generator(context, recipe, GeneratorFactors("polyak", read_quantised, "generator")),
    needs=needs, writes=("polyak",), reads=("hubert", "units", "ease", "f0_codes"), begins_with="generate", general=LABELS)
