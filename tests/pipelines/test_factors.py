"""Every factor keeps its contract: shapes on the 50 Hz grid, finite values, and no difference from padding in a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipelines.features import prosody, world
from pipelines.features.contour import anchor_f0
from pipelines.features.pitch import VOICED_CONFIDENCE, semitones, statistics, track
from pipelines.features.world import BANDS
from pipelines.labels import EMOTIONS
from pipelines.networks.acoustic import AcousticModel
from pipelines.networks.hubert import Hubert, HubertSizes
from pipelines.networks.layers import CrossAttention, pad_stack
from pipelines.networks.pitch_predictor import PitchPredictor
from pipelines.networks.sace import SACE_WIDTH, WINDOW, Sace, pool_frames
from pipelines.networks.speaker import EASE_WIDTH, XVECTOR_WIDTH, SpeakerEncoder
from pipelines.networks.tempo import TempoPredictor
from pipelines.networks.units import HOP, ContentEncoder, UnitEncoder
from pipelines.training.losses.emotion_classifiers import BAND_SCALE, relative_features
from tests.support.speech import MAN, speak

UNITS, LAYERS, HIDDEN = 20, 3, 32
SHORT, LONG = 60, 97  # frames


def torch_seed(number: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@pytest.fixture(scope="module")
def unit_encoder() -> UnitEncoder:
    torch.manual_seed(0)
    sizes = HubertSizes(hidden_size=HIDDEN, num_hidden_layers=LAYERS - 1, num_attention_heads=4, intermediate_size=48,
                        conv_dim=(16, 16, 24, 24), conv_kernel=(40, 10, 8, 4), conv_stride=(8, 5, 4, 2),
                        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4, mask_time_prob=0.0)
    return UnitEncoder(ContentEncoder(Hubert(sizes)), torch.randn(UNITS, HIDDEN), layer=2).eval()


def ready(network: torch.nn.Module) -> torch.nn.Module:
    """Random but not at rest: normalisations have running statistics and no bias is zero."""
    generator = torch_seed(1)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=generator))
                tensor.add_(0.01 * torch.rand(tensor.shape, generator=generator))
    return network.eval()


def random_features(frames: int) -> torch.Tensor:
    """Noise around a mean of the clip's own, as a voice has."""
    mean, noise = (torch.randn(size, prosody.FEATURES, generator=torch_seed(frames)) for size in (1, frames))
    return 3 * mean + noise


# Each runs one network on a list of clips of different length, in one padded batch, and returns (batch, time or 1, width).


def run_speaker(lengths: list[int]) -> torch.Tensor:
    torch.manual_seed(0)
    return ready(SpeakerEncoder())(*pad_stack([random_features(frames) for frames in lengths]))[:, None]


def run_sace(lengths: list[int]) -> torch.Tensor:
    torch.manual_seed(0)
    features, mask = pad_stack([random_features(frames) for frames in lengths])
    hidden, _ = pad_stack([torch.randn(frames, LAYERS, HIDDEN, generator=torch_seed(frames)) for frames in lengths])
    return ready(Sace(LAYERS, HIDDEN))(hidden.transpose(1, 2), features, mask)


def run_pitch(lengths: list[int]) -> torch.Tensor:
    torch.manual_seed(0)
    units, mask, _, _ = per_frame(lengths)
    windows = [torch.randn(frames // WINDOW, SACE_WIDTH, generator=torch_seed(frames)) for frames in lengths]
    emotion, emotion_mask = pad_stack(windows)
    return ready(PitchPredictor(UNITS))(units, mask, emotion, emotion_mask, vectors(lengths, EASE_WIDTH))[..., None]


def run_acoustic(lengths: list[int]) -> torch.Tensor:
    torch.manual_seed(0)
    units, mask, octaves, voicing = per_frame(lengths)
    network = ready(AcousticModel(UNITS))
    return network(units, octaves, voicing, mask, vectors(lengths, SACE_WIDTH), vectors(lengths, EASE_WIDTH))


def run_tempo(lengths: list[int]) -> torch.Tensor:
    torch.manual_seed(0)
    units, mask, _, _ = per_frame(lengths)
    return ready(TempoPredictor(UNITS))(units, mask, vectors(lengths, SACE_WIDTH), vectors(lengths, EASE_WIDTH))[..., None]


def per_frame(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    units, mask = pad_stack([torch.randint(UNITS, (frames,), generator=torch_seed(frames)) for frames in lengths])
    octaves, voicing = (pad_stack([torch.rand(frames, generator=torch_seed(frames + more)) for frames in lengths])[0]
                        for more in (1, 2))
    return units, mask, octaves, voicing.round()


def vectors(lengths: list[int], width: int) -> torch.Tensor:
    return torch.stack([torch.randn(width, generator=torch_seed(frames + width)) for frames in lengths])


FACTORS: dict[str, tuple[Callable[[list[int]], torch.Tensor], int, bool]] = {  # run, width, one vector per frame
    "speaker": (run_speaker, EASE_WIDTH, False), "sace": (run_sace, SACE_WIDTH, True), "pitch": (run_pitch, 1, True),
    "acoustic": (run_acoustic, BANDS, True), "tempo": (run_tempo, 1, True)}


@pytest.mark.parametrize("name", FACTORS)
@torch.inference_mode()
def test_shape(name):
    run, width, framewise = FACTORS[name]
    result = run([SHORT, LONG])
    assert result.shape == (2, LONG if framewise else 1, width)
    assert torch.isfinite(result).all()


@pytest.mark.parametrize("name", FACTORS)
@torch.inference_mode()
def test_padding_in_a_batch_changes_nothing(name):
    run, _, framewise = FACTORS[name]
    alone, batched = run([SHORT])[0], run([SHORT, LONG])[0]
    torch.testing.assert_close(batched[:len(alone)] if framewise else batched, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", FACTORS)
@torch.inference_mode()
def test_another_input_gives_another_result(name):
    run, _, _ = FACTORS[name]
    one, other = run([SHORT])[0], run([SHORT + 1])[0, :SHORT]
    assert (one - other[:len(one)]).abs().max() > 1e-2


# Units


@pytest.mark.parametrize("samples", [8_000, 8_001, 8_319, 8_320, 16_000])
def test_units_lie_on_the_grid_of_f0_and_envelope(unit_encoder, samples):
    speech = speak(MAN, 1.0)[:samples]
    content = unit_encoder.encode(speech)
    assert content.units.shape == (samples // HOP + 1,) == (len(track(speech).hz),)
    assert content.hidden.shape == (LAYERS, samples // HOP + 1, HIDDEN)
    assert content.units.min() >= 0 and content.units.max() < UNITS and len(set(content.units)) > 1


def test_units_are_the_nearest_centroids(unit_encoder):
    content = unit_encoder.encode(speak(MAN, 0.6))
    distances = np.linalg.norm(content.hidden[2][:, None] - unit_encoder.centroids.numpy()[None], axis=-1)
    np.testing.assert_array_equal(content.units, distances.argmin(1))


def test_units_do_not_hear_loudness(unit_encoder):
    speech = speak(MAN, 0.6)
    np.testing.assert_allclose(unit_encoder.encode(0.5 * speech).hidden, unit_encoder.encode(speech).hidden, atol=0.02)


# Speaker, emotion, F0


@torch.inference_mode()
def test_xvector_and_ease():
    torch.manual_seed(0)
    encoder = ready(SpeakerEncoder())
    features, mask = pad_stack([random_features(SHORT), random_features(LONG)])
    assert encoder.xvector(features, mask).shape == (2, XVECTOR_WIDTH)
    ease = encoder(features, mask)
    torch.testing.assert_close(ease.norm(dim=1), torch.full((2,), EASE_WIDTH**0.5))


@torch.inference_mode()
def test_sace_classifies_the_mean_of_its_frames():
    torch.manual_seed(0)
    sace = ready(Sace(LAYERS, HIDDEN))
    frames, mask = pad_stack([torch.randn(SHORT, SACE_WIDTH), torch.randn(LONG, SACE_WIDTH)])
    utterance = sace.utterance(frames, mask)
    torch.testing.assert_close(utterance[0], frames[0, :SHORT].mean(0))
    assert sace.classify(utterance).shape == (2, len(EMOTIONS))


def test_pooled_emotion_frames_are_means_of_half_seconds():
    frames, mask = pad_stack([torch.arange(2 * WINDOW + 4.0)[:, None], torch.arange(3.0)[:, None]])
    pooled, there = pool_frames(frames, mask)
    torch.testing.assert_close(pooled[0, :2, 0], torch.tensor([(WINDOW - 1) / 2, WINDOW + (WINDOW - 1) / 2]))
    assert there.tolist() == [[1, 1, 0], [1, 0, 0]]  # a rest shorter than a third of a window is left out, but never all
    assert pooled[1, 0, 0] == 1.0


def test_melody_is_anchored_at_the_sources_level():
    source, own, target = torch.tensor([[1.0, 2.0, 9.0]]), torch.tensor([[0.5, 0.5, 0.5]]), torch.tensor([[0.9, 0.7, 0.6]])
    voiced = torch.tensor([[1.0, 1.0, 0.0]])
    torch.testing.assert_close(anchor_f0(source, own, target, voiced), target + 1.0)
    torch.testing.assert_close(anchor_f0(source, own, target, torch.zeros(1, 3)), target)


# Prosody


def test_prosody_of_a_voice_with_known_f0():
    analysed = prosody.analyse(speak(MAN, 1.5))
    described = statistics(analysed.contour)
    assert described.mean_hz == pytest.approx(MAN.mean_hz, rel=0.03)
    assert described.range_semitones == pytest.approx(MAN.range_semitones, abs=1.0)
    assert analysed.bands.shape == (len(analysed.f0), BANDS) == (76, BANDS)
    assert (analysed.f0 > 0).all() and ((analysed.contour.hz > 0) == (analysed.voicing >= VOICED_CONFIDENCE)).all()


def test_network_features_do_not_hear_loudness():
    speech = speak(MAN, 1.0)
    loud, quiet = (prosody.network_features(prosody.analyse(gain * speech)) for gain in (1.0, 0.3))
    assert loud.shape == (51, prosody.FEATURES)
    assert np.abs(loud - quiet).mean() < 0.02


def test_critics_hear_speech_against_the_speakers_own_neutral():
    """A speaker's mean becomes nothing and a shift of it that shift; padding changes nothing, and gradients get through."""
    mean = torch.cat([torch.linspace(-5, 2, BANDS), torch.tensor([0.3])])[None]
    bands, octaves = mean[:, None, :-1].expand(1, 5, BANDS).clone(), torch.full((1, 5), 0.3)
    voiced, mask = torch.ones(1, 5), torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]])
    usual = relative_features(bands, octaves, voiced, mask, mean)
    torch.testing.assert_close(usual[..., :-2], torch.zeros(1, 5, BANDS + 1))
    torch.testing.assert_close(usual[0, :, -1], torch.zeros(5))
    louder, higher = (bands + 1).requires_grad_(), (octaves + 0.5).requires_grad_()
    moved = relative_features(louder, higher, voiced, mask, mean)
    torch.testing.assert_close(moved[0, :4, :BANDS], torch.full((4, BANDS), 1 / BAND_SCALE))
    assert (moved[0, :4, BANDS] > 0.5).all() and (moved[0, 4] == 0).all()
    moved.sum().backward()
    assert (louder.grad[0, :4] > 0).all() and (higher.grad[0, :4] > 0).all()


def test_semitones():
    np.testing.assert_allclose(semitones(np.array([55.0, 110.0, 220.0])), [0, 12, 24])
    assert np.isnan(semitones(np.array([0.0]))).all()


# The WORLD domain


def test_bands_and_difference_agree():
    """What is added on the bands is found again on the bands: +1 neper of power everywhere, and a tilt."""
    frames = world.analyse(speak(MAN, 0.6))
    before = world.to_bands(frames.envelope)
    for difference in (np.ones((len(before), BANDS)), np.tile(np.linspace(-1, 1, BANDS), (len(before), 1))):
        after = world.to_bands(world.add_difference(frames, difference).envelope)
        assert np.abs(after - before - difference).mean() < 0.1


def test_compact_envelope_is_the_full_one_on_the_coarse_grid():
    speech = speak(MAN, 0.8)
    full = world.to_bands(world.analyse(speech).envelope)[::4]
    compact = prosody.analyse(speech).bands
    assert len(full) == len(compact)
    assert np.abs(full - compact).mean() < 0.5


def test_cross_attention_is_multi_head_attention():
    torch.manual_seed(0)
    reference = torch.nn.MultiheadAttention(16, 4, batch_first=True).eval()
    ours = CrossAttention(16, 4).eval()
    ours.load_state_dict(reference.state_dict(), strict=True)
    query, key = torch.randn(2, 5, 16), torch.randn(2, 3, 16)
    there = torch.tensor([[True, True, True], [True, True, False]])
    expected, _ = reference(query, key, key, key_padding_mask=~there)
    torch.testing.assert_close(ours(query, key, there), expected)
