"""The paper's own decoder from training to conversion: its batches, its steps, its export, and rendering in pieces."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import welch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_generator
from pipelines.conversion import Converter
from pipelines.decoders.rendering import render_factors
from pipelines.errors import CheckpointError, RecipeError
from pipelines.features.audio import NOMINAL, Recording, load, speech_level
from pipelines.features.mel_bands import band_to_bin
from pipelines.labels import EMOTIONS
from pipelines.networks.factor_decoder import FactorDecoder, Shaping
from pipelines.networks.hifigan import V1, V2, V3, context, frames_seen, sizes_of, without_weight_norm
from pipelines.networks.units import HOP
from pipelines.resynthesis import generator_resynthesis
from pipelines.settings import Settings
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.generator_data import GeneratorData, read_generator_data
from pipelines.training.loop import precision, trainer
from pipelines.training.loop.optim import Update
from pipelines.training.loop.recipe import GeneralRecipe, read_recipe, section
from pipelines.training.loop.run_log import read_log
from pipelines.training.losses.spectral_loss import mel_loss
from pipelines.training.stages.ease import EaseRecipe
from pipelines.training.stages.f0_codes import F0CodesRecipe
from pipelines.training.stages.generate_hifigan import HifiganRecipe, HifiganTask
from pipelines.training.stages.hubert import HubertRecipe
from pipelines.training.stages.polyak import PolyakHifiganRecipe
from pipelines.training.stages.running import run_stage
from pipelines.training.stages.sace import SaceRecipe
from pipelines.training.stages.units import UnitsRecipe
from tests.support import tiny
from tests.support.killed_training import killed_in_step

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"design": "hifigan", "size": "V3", "channels": 32, "steps": tiny.STEPS, "batch": 2, "segment_frames": 12,
         "period_width": 2, "scale_width": 16}
RECIPE = HifiganRecipe(**SMALL)
RESYNTHESIS = Settings(strength=0.0, tempo=False, decoder="generate")


def hifigan_run(folder: Path, **changes) -> tiny.Tiny:
    """Everything but `generate`, whose recipe asks for HiFi-GAN."""
    run = tiny.new_tiny(folder, copy_of=tiny.trained_tiny())
    for file in run.checkpoint.glob("generator.*"):
        file.unlink()
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"generate": SMALL | changes})
    return run


def train_listening(run: tiny.Tiny, recording: Recording) -> np.ndarray:
    """Train, and what held-out speech was made of a recording at the end."""
    heard = []

    def measure(*network) -> Callable[[], dict[str, float]]:
        resynthesise = generator_resynthesis(*network)
        return lambda: heard.append(resynthesise(recording)) or {"score": 0.0}

    assert run.train("generate", measure=measure)
    return heard[-1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, recording) -> tiny.Tiny:
    """Long enough to make sounds; heard.npy is what held-out speech became in training."""
    run = hifigan_run(tmp_path_factory.mktemp("hifigan") / "run", channels=64, learning_rate=1e-2, steps=14)
    np.save(run.folder / "heard.npy", train_listening(run, recording))
    return run


def lively(name: str, gain: float) -> FactorDecoder:
    """Weights so large that noise comes out, in place of next to nothing."""
    torch.manual_seed(0)
    decoder = without_weight_norm(FactorDecoder(sizes_of(name, 32), 20)).eval()
    with torch.no_grad():
        for parameter, value in decoder.generator.named_parameters():
            value.mul_(gain if parameter.endswith("weight") else 1.0)
    return decoder


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    clips = training_clips(read_manifest(tiny.trained_tiny().manifest))
    return read_examples(clips, FeatureCache(tiny.tiny_corpus() / "cache"))


@pytest.fixture(scope="module")
def spoken(examples) -> GeneratorData:
    return read_generator_data(examples, Folder(tiny.trained_tiny().checkpoint), 0.0, FeatureCache(tiny.tiny_corpus() / "cache"))


def task_with(examples: list[Example], spoken: GeneratorData, **changes) -> HifiganTask:
    torch.manual_seed(0)
    return HifiganTask(HifiganRecipe(**SMALL | changes), examples, spoken)


def step(task: HifiganTask, number: int = 0) -> dict[str, float]:
    """On the same batch at every call."""
    return {name: float(value) for name, value in task.step(number, np.random.default_rng(0), Update()).items()}


# Training


def test_units_f0_and_waveform_of_a_batch_are_of_the_same_place(examples, spoken):
    batch = task_with(examples, spoken, batch=6).batch(np.random.default_rng(1))
    units, f0, voiced, ease, sace = batch.factors
    assert units.shape == f0.shape == voiced.shape == (6, 12) and ease.shape == sace.shape == (6, 128)
    assert batch.real.shape == (6, 12 * HOP) and units.dtype == torch.int64
    for row in range(6):
        index = next(index for index, own in enumerate(spoken.sace) if np.array_equal(own, sace[row].numpy()))
        audio = spoken.audio[index] / np.float32(32767) * spoken.gains[index]
        real = batch.real[row].numpy()
        first, = (start for start in range(0, len(audio) - len(real) + 1, HOP)
                  if np.allclose(audio[start:start + len(real)], real))
        inside = slice(first // HOP, first // HOP + 12)
        assert np.array_equal(units[row].numpy(), spoken.soft_units[index][inside].argmax(1))
        assert np.array_equal(f0[row].numpy(), spoken.features[index].f0[::2][inside])
        assert np.array_equal(voiced[row].numpy(), spoken.features[index].voiced[::2][inside])
        other = next(index for index, own in enumerate(spoken.voice) if np.array_equal(own, ease[row].numpy()))
        assert examples[other].speaker == examples[index].speaker and examples[other].emotion != examples[index].emotion


def test_behind_the_end_of_a_clip_nothing_is_voiced_and_nothing_sounds(examples, spoken):
    batch = task_with(examples, spoken, segment_frames=150).batch(np.random.default_rng(0))
    units, f0, voiced, *_ = batch.factors
    shortest = min(len(one) for one in spoken.soft_units)
    assert shortest < 150 and units.shape == (2, 150) and (f0 > 0).all()
    assert not voiced[:, -20:].any() and not batch.real[:, -20 * HOP:].any()


def test_soft_units_are_given_where_the_recipe_asks_for_them(examples, spoken):
    task = task_with(examples, spoken, temperature=0.1)
    assert task.batch(np.random.default_rng(0)).factors[0].shape == (2, 12, 20) and task.trained.temperature == 0.1


def test_steps_on_a_fixed_batch_lower_what_generator_and_discriminators_are_trained_on(examples, spoken):
    task = task_with(examples, spoken, learning_rate=2e-3)
    losses = [step(task) for _ in range(5)]
    for name in ("generator", "mel", "discriminator"):
        assert losses[-1][name] < losses[0][name], (name, losses)


def test_a_step_is_adversarial_and_reaches_every_weight_of_both_sides(examples, spoken):
    task, other = task_with(examples, spoken), task_with(examples, spoken)
    with torch.no_grad():
        for value in other.networks["discriminators"].parameters():
            value.mul_(1.5)
    before = {name: value.detach().clone() for name, value in task.networks.named_parameters()}
    step(task)
    step(other)
    assert [name for name, value in task.networks.named_parameters() if torch.equal(before[name], value)] == []
    assert [name for name, value in task.networks.named_parameters() if not value.grad.abs().sum() > 0] == []
    one, judged_otherwise = (each.trained.generator.conv_post.bias.grad for each in (task, other))
    assert not torch.allclose(one, judged_otherwise), "the generator does not hear its discriminators"


def test_optimiser_and_learning_rate_are_the_published_ones(examples, spoken):
    task = task_with(examples, spoken)
    for optimiser in task.optimisers.values():
        assert isinstance(optimiser, torch.optim.AdamW) and optimiser.defaults["betas"] == (0.8, 0.99)
    epoch = len(examples) // 2
    assert task.learning_rate(epoch - 1) == 2e-4 and task.learning_rate(epoch) == pytest.approx(2e-4 * 0.999)
    step(task, 5 * epoch)
    assert task.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(2e-4 * 0.999**5)
    assert task.optimisers["discriminators"].param_groups[0]["lr"] == pytest.approx(2e-4 * 0.999**5)


def test_nothing_is_clipped(examples, spoken):
    task, norms = task_with(examples, spoken), []
    optimiser = task.optimisers["generator"]
    optimiser.register_step_pre_hook(lambda *_: norms.append(
        float(torch.stack([value.grad.norm() for value in task.trained.parameters()]).norm())))
    step(task)
    assert norms[0] > 10, "the published weights make large gradients; this one was clipped"


def test_mixed_precision_reaches_every_layer_and_leaves_losses_close(examples, spoken, monkeypatch):
    plain, task, used = step(task_with(examples, spoken)), task_with(examples, spoken), set()
    for part in task.networks.modules():
        if isinstance(part, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.ConvTranspose1d)):
            part.register_forward_hook(lambda module, given, made: used.add(made.dtype))
    monkeypatch.setitem(precision.AUTOCAST, "cpu", torch.bfloat16)
    mixed = step(task)
    assert used == {torch.bfloat16} and {value.dtype for value in task.networks.parameters()} == {torch.float32}
    assert mixed == pytest.approx(plain, rel=0.1), "log mel bands of a nearly silent, untrained output hear the rounding"


@pytest.mark.slow
def test_killed_and_resumed_has_the_same_losses_and_weights_as_uninterrupted(trained, tmp_path, monkeypatch):
    """A real SIGKILL in the middle of a step."""
    monkeypatch.setattr(trainer, "LOG_EVERY", 1)
    whole, run = (hifigan_run(tmp_path / name) for name in ("whole", "killed"))
    whole.train("generate")
    killed_in_step(run, "generate", "pipelines.training.stages.generate_hifigan.HifiganTask", 3)
    assert run.train("generate")
    one, other = ([line | {"seconds": 0.0} for line in read_log(each.runs / "generate")] for each in (whole, run))
    assert one == other and [line["step"] for line in one] == list(range(1, tiny.STEPS + 1))
    first, second = (Folder(each.checkpoint).tensors("generator") for each in (whole, run))
    assert all(torch.equal(first[name], second[name]) for name in first)


# What is exported


@pytest.mark.parametrize("design", ["istft", "hifigan"])
def test_exported_weights_reproduce_the_validation_audio(trained, tmp_path, recording, design):
    """What held-out speech was judged by in training is what a conversion renders of the fp16 weights."""
    run = trained
    if design == "istft":
        run = hifigan_run(tmp_path / design)
        tiny.write_recipe(run, tiny.tiny_corpus() / "cache")
        np.save(run.folder / "heard.npy", train_listening(run, recording))
    heard, exported = np.load(run.folder / "heard.npy"), Converter.from_pretrained(run.checkpoint)
    made = exported.convert(recording, emotion=EMOTIONS[0], settings=RESYNTHESIS).samples
    assert made.shape == heard.shape and np.std(heard) > 1e-3
    difference = np.std(made - heard) / np.std(heard)
    assert difference < 0.01, f"{20 * np.log10(difference):.0f} dB"  # fp16 keeps 11 bits of a weight
    assert Folder(run.checkpoint).setting("generator", "design") == design


def test_the_export_has_plain_weights_of_the_recipes_sizes(trained):
    folder = Folder(trained.checkpoint)
    decoder, names = load_generator(folder), folder.tensors("generator")
    assert isinstance(decoder, FactorDecoder) and decoder.sizes == sizes_of("V3", 64) and decoder.temperature == 0
    assert decoder.embed.num_embeddings == folder.setting("generator", "units") == 20
    assert not any("parametrizations" in name for name in names) and "generator.conv_post.weight" in names
    assert not decoder.training


def test_a_config_that_names_no_known_design_or_size_is_one_sentence(trained, tmp_path):
    folder = Folder(shutil.copytree(trained.checkpoint, tmp_path / "checkpoint"))
    for wrong in ({"design": "violin"}, {"size": "V9"}, {"channels": 32}):
        config = folder.config("generator") | wrong
        (folder.path / "generator.json").write_text(json.dumps(config))
        with pytest.raises(CheckpointError, match="does not fit its config"):
            load_generator(folder)
        shutil.copy(trained.checkpoint / "generator.json", folder.path)


# Begun with the mel predictor of the other design, and excited by F0's pulses


@pytest.fixture(scope="module")
def begun(tmp_path_factory, recording) -> tiny.Tiny:
    """heard.npy is what held-out speech became in training."""
    temperature = Folder(tiny.trained_tiny().checkpoint).setting("generator", "temperature")
    run = hifigan_run(tmp_path_factory.mktemp("begun") / "run", channels=64, begins_with="generator", excited=True, imitates=True,
                      temperature=temperature, discriminator_width=2, warmup_steps=3, learning_rate=1e-2, steps=8)
    for file in tiny.trained_tiny().checkpoint.glob("generator.*"):
        shutil.copy(file, run.checkpoint)
    np.save(run.folder / "heard.npy", train_listening(run, recording))
    return run


def test_one_that_began_with_a_mel_predictor_is_exported_with_it(begun, recording):
    """And a conversion renders what held-out speech was judged by."""
    decoder, given = (load_generator(Folder(each.checkpoint)) for each in (begun, tiny.trained_tiny()))
    assert isinstance(decoder, FactorDecoder) and decoder.excited
    kept, learnt = (network.trunk.state_dict() for network in (given, decoder))
    assert all(torch.allclose(kept[name], learnt[name], atol=1e-3) for name in kept), "the mel predictor stays as it is"
    made = Converter.from_pretrained(begun.checkpoint).convert(recording, emotion=EMOTIONS[0], settings=RESYNTHESIS).samples
    heard = np.load(begun.folder / "heard.npy")
    assert np.std(made - heard) < 0.01 * np.std(heard)


def test_it_goes_on_after_its_export_has_replaced_the_one_that_it_imitates(begun, tmp_path):
    """By the copy beside its state."""
    run = tiny.new_tiny(tmp_path / "run", copy_of=begun)
    shutil.copytree(begun.runs, run.runs)
    longer = {"general": read_recipe(run.recipe)["general"], "generate": read_recipe(begun.recipe)["generate"] | {"steps": 10}}
    assert Folder(run.checkpoint).setting("generator", "design") == "hifigan"
    given, kept = (Folder(folder).tensors(name) for folder, name in (
        (tiny.trained_tiny().checkpoint, "generator"), (run.runs / "generate", "begun")))
    assert all(torch.equal(given[name], kept[name]) for name in given)
    assert run_stage("generate", longer, run.manifest)
    assert [line["step"] for line in read_log(run.runs / "generate")][-1] == 10


def test_one_without_a_vocoder_cannot_be_imitated(begun, tmp_path):
    again = tiny.new_tiny(tmp_path / "run", copy_of=begun)
    tiny.write_recipe(again, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"generate": SMALL | {
        "begins_with": "generator", "excited": True, "imitates": True,
        "temperature": Folder(begun.checkpoint).setting("generator", "temperature")}})
    with pytest.raises(RecipeError, match="^Only a generator of the design istft can be imitated; 'generator' is of another.$"):
        again.train("generate")


def test_discriminators_begin_after_the_warm_up(begun, examples, spoken):
    lines = read_log(begun.runs / "generate")
    assert [("adversarial" in line) for line in lines if "mel" in line][-1]
    task = task_with(examples, spoken, excited=True, discriminator_width=2, warmup_steps=1)
    assert "adversarial" not in step(task, 0) and "adversarial" in step(task, 1)


def test_its_pieces_and_whole_are_the_same(begun):
    """The pulses go on with their phase, and the noise is the same."""
    decoder = load_generator(Folder(begun.checkpoint))
    units, f0 = np.random.default_rng(0).integers(0, 20, 131), np.linspace(90, 300, 131, dtype=np.float32)
    voiced, whole = (np.arange(131) % 7 > 1).astype(np.float32), torch.randn(1, 128)
    at_once, in_pieces = (render_factors(decoder, units, f0, voiced, whole, whole, piece=piece) for piece in (1000, 25))
    assert np.std(at_once) > 1e-3 and np.abs(at_once - in_pieces).max() < 1e-3 * np.std(at_once)


def test_pulses_and_noise_reach_the_waveform(begun):
    decoder = load_generator(Folder(begun.checkpoint))
    units, voiced, whole = torch.zeros(1, 40, dtype=torch.int64), torch.ones(1, 40), torch.randn(1, 128)
    noise = torch.randn(1, 40 * HOP)
    with torch.no_grad():
        encoded = decoder.encode(units, torch.full((1, 40), 100.0), voiced, whole, whole)
        heard = [decoder.generator(encoded, decoder.excitation(encoded, torch.full((1, 40), hz), voiced, sound))
                 for hz, sound in ((100.0, noise), (200.0, noise), (100.0, -noise))]
    assert not torch.allclose(heard[0], heard[1], atol=1e-4) and not torch.allclose(heard[0], heard[2], atol=1e-4)


def test_what_imitates_is_given_what_the_other_renders_of_the_same_factors_pulses_and_noise(examples):
    other = load_generator(Folder(tiny.trained_tiny().checkpoint))
    spoken = read_generator_data(examples, Folder(tiny.trained_tiny().checkpoint), other.temperature,
                                 FeatureCache(tiny.tiny_corpus() / "cache"))
    recipe = HifiganRecipe(**SMALL | {"begins_with": "generator", "excited": True, "imitates": True,
                                      "temperature": other.temperature, "discriminator_width": 2, "warmup_steps": 9})
    task = HifiganTask(recipe, examples, spoken, trunk=other.trunk, vocoder=other.vocoder)
    torch.manual_seed(5)
    logged = task.step(0, np.random.default_rng(0), Update(rehearsal=True))
    torch.manual_seed(5)
    batch = task.batch(np.random.default_rng(0))
    noise = torch.randn(batch.real.shape)
    with torch.no_grad():
        rendered = task.trained(*batch.factors, noise=noise)
        units, f0, voiced, ease, sace = batch.factors
        _, expected = other(units, *(_every_10_ms(one) for one in (f0, voiced)), ease, sace, noise)
    assert float(logged["mel"]) == pytest.approx(float(mel_loss(rendered, expected)), rel=1e-4)
    assert float(logged["mel"]) != pytest.approx(float(mel_loss(rendered, batch.real)), rel=1e-2)


def _every_10_ms(frames: torch.Tensor) -> torch.Tensor:
    """Straight lines between frames of 20 ms; the last one is repeated."""
    places = np.minimum(np.arange(2 * frames.shape[1]) / 2, frames.shape[1] - 1)
    return torch.from_numpy(np.stack([np.interp(places, np.arange(len(row)), row) for row in frames.numpy()])).float()


def test_pulses_and_noise_are_given_the_envelope_of_the_bands():
    mel = torch.linspace(-4.0, -9.0, 80).expand(1, 200, 80) + 2.0
    flat = torch.randn(1, 1, 200 * HOP // 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        shaped = Shaping()(flat, mel)[0, 0].numpy()
    _, power = welch(shaped, 16000, nperseg=512)
    _, unshaped = welch(flat[0, 0].numpy(), 16000, nperseg=512)
    gain = np.log(power / unshaped)[2:-2]
    assert np.abs(gain - (band_to_bin(80, 257) @ mel[0, 0].numpy() - 2 * np.log(NOMINAL))[2:-2]).max() < 0.5


# Conversion


def test_it_lasts_as_long_as_world_and_is_as_loud_as_the_source(trained, recording):
    converter = Converter.from_pretrained(trained.checkpoint)
    assert "generate" in converter.decoders
    made, by_world = (converter.convert(recording, emotion="sad", settings=Settings(decoder=name)).samples
                      for name in ("generate", "transfer"))
    assert abs(len(made) - len(by_world)) <= 160 and np.isfinite(made).all()
    assert np.array_equal(made, converter.convert(recording, emotion="sad", settings=Settings(decoder="generate")).samples)
    factors = converter.encode(recording)
    loud = converter.transfer(factors, converter.preset("sad"), Settings(decoder="generate", strength=0.0))
    plain = render_factors(converter.models.generator, loud.units.astype(np.int64), *melody(loud),
                           *(torch.from_numpy(part)[None] for part in (factors.ease, factors.emotion.utterance)))
    again = converter.synthesise(loud, Settings(decoder="generate"))
    ratio = speech_level(recording.samples) / 0.1
    assert np.allclose(again, plain[:len(again)] * ratio / max(1.0, np.abs(plain * ratio).max()), atol=1e-4)


def melody(transferred) -> tuple[np.ndarray, np.ndarray]:
    from pipelines.decoders.generate import f0_and_voicing

    return f0_and_voicing(transferred, 4)


def test_strength_and_emotion_are_heard(trained, recording):
    converter = Converter.from_pretrained(trained.checkpoint)

    def at(strength: float, emotion: str) -> np.ndarray:
        settings = Settings(strength, tempo=False, decoder="generate")
        return converter.convert(recording, emotion=emotion, settings=settings).samples

    assert np.array_equal(at(0.0, "sad"), at(0.0, "angry")) and not np.array_equal(at(1.0, "sad"), at(1.0, "angry"))


def test_the_command_line_renders_with_it(trained, zest_here, source_path, tmp_path):
    result = zest_here("convert", source_path, "--emotion", "sad", "--decoder", "generate", "--checkpoint", trained.checkpoint,
                       "-o", "out.wav")
    assert result.returncode == 0, result.stderr
    assert len(load(tmp_path / "out.wav").samples) > 40_000


@pytest.mark.parametrize(("name", "gain"), [("V1", 2.4), ("V3", 2.0)])
def test_pieces_and_whole_are_the_same(name, gain):
    decoder = lively(name, gain)
    units, f0 = np.random.default_rng(0).integers(0, 20, 131), np.linspace(90, 300, 131, dtype=np.float32)
    voiced, whole = (np.arange(131) % 7 > 1).astype(np.float32), torch.randn(1, 128)
    at_once, in_pieces = (render_factors(decoder, units, f0, voiced, whole, whole, piece=piece) for piece in (1000, 25))
    assert at_once.shape == (131 * HOP,) and np.std(at_once) > 1e-3
    assert np.abs(at_once - in_pieces).max() < 1e-4 * np.std(at_once)


def test_with_less_context_than_computed_a_joint_would_be_heard():
    decoder = lively("V3", 2.0).double()
    heard, middle, seen = torch.randn(1, 120, 512, dtype=torch.float64), 60, context(decoder.sizes)
    with torch.no_grad():
        whole = decoder.generator(heard)[0, middle * HOP:(middle + 1) * HOP]
        for frames, same in ((seen, True), (seen - 1, False)):
            part = decoder.generator(heard[:, middle - frames:middle + frames + 1])[0, frames * HOP:(frames + 1) * HOP]
            assert bool((part - whole).abs().max() < 1e-12) is same
    assert [context(each) for each in (V1, V2, V3)] == [
        max(-frames_seen(each, 0)[0], frames_seen(each, HOP - 1)[1]) for each in (V1, V2, V3)]


# Mistakes in what is asked for


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"design": "violin"}, "There is no design 'violin' of the stage generate; choose one of istft, hifigan."),
    ({"design": ["istft"]}, "There is no design"),
    ({"size": "V4"}, "There is no HiFi-GAN of size 'V4'; choose one of V1, V2, V3."),
    ({"channels": 48}, "HiFi-GAN's channels are halved five times and must be a multiple of 32, not 48."),
    ({"trunk_steps": 3}, "unknown key 'trunk_steps'; it knows design, begins_with, excited, imitates, size"),
    ({"begins_with": "vocoder"}, "The checkpoint has no mel predictor in 'vocoder', with which the recipe begins"),
    ({"imitates": True, "excited": True},
     "A recipe with imitates needs begins_with, which names the generator to imitate, and excited."),
    ({"imitates": True, "begins_with": "generator"}, "A recipe with imitates needs begins_with, which names the generator"),
])
def test_wrong_recipes_are_one_sentence(tmp_path, changes, sentence):
    run = hifigan_run(tmp_path / "run", **changes)
    with pytest.raises(RecipeError) as caught:
        run.train("generate")
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_the_papers_recipe_is_the_published_setting_and_names_only_what_exists():
    tables = read_recipe(ROOT / "recipes" / "paper.toml")
    recipe = section(tables, "generate", HifiganRecipe)
    assert recipe == HifiganRecipe() and (recipe.size, recipe.steps, recipe.temperature) == ("V1", 100_000, 0.0)
    assert recipe.segment_frames * HOP == 8960 and (recipe.learning_rate, recipe.decay) == (2e-4, 0.999)
    kinds = {"general": GeneralRecipe, "hubert": HubertRecipe, "units": UnitsRecipe, "ease": EaseRecipe, "sace": SaceRecipe,
             "generate": HifiganRecipe, "f0_codes": F0CodesRecipe, "polyak": PolyakHifiganRecipe}
    assert set(tables) == set(kinds)
    read = {name: section(tables, name, kind) for name, kind in kinds.items()}
    assert read["hubert"].pretrained == "facebook/hubert-base-ls960" and read["units"] == UnitsRecipe(clusters=100, layer=9)
    ease, sace = read["ease"], read["sace"]
    assert (ease.emotion_weight, ease.learning_rate, ease.epochs) == (10.0, 1e-4, 10) and ease.xvector
    assert (sace.emotion_weight, sace.speaker_weight, sace.pitch_weight) == (1000.0, 1000.0, 1.0) and sace.pitch_in_hertz
    assert sace.front_end == "facebook/wav2vec2-large-robust" and sace.learning_rate == 1e-4 and sace.own_reference == 1.0
