"""A training in pieces: packed here, put together elsewhere piece by piece, trained there without decoders, and brought back."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.checkpoints.folder import Folder
from pipelines.errors import CheckpointError, OutputError, RecipeError
from pipelines.features.resampling import by_scipy, resample
from pipelines.training.data import stored_features
from pipelines.training.data.cache import FeatureCache, content_hash
from pipelines.training.data.clip_choice import some_speech
from pipelines.training.data.corpus import quantised, read_manifest, read_samples, training_clips
from pipelines.training.loop.carried import unpack as unpack_carried
from pipelines.training.loop.recipe import as_toml, read_recipe
from pipelines.training.loop.run_log import read_log
from pipelines.training.packing.coding import decode_arrays, decode_file, encode_arrays, encode_file
from pipelines.training.packing.pack import PackOptions, pack_training
from pipelines.training.packing.pieces import Piece, inside, read_list
from pipelines.training.packing.unpack import unpack_training
from tests.support import borrowed_machine, processes, tiny
from tests.support.documented import zest_calls
from tests.support.page_runs import PageRun

ROOT = Path(__file__).resolve().parents[2]
SMALL = 0.1  # MB of a piece
STAGES = ("vocoder", "generate", "hubert")
SIZES = {**tiny.SIZES, "hubert": {"design": "whisper_blocks", "layers": 2, "channels": [8, 8, 16, 16], "steps": 2, "batch": 2,
                                  "crop_seconds": [0.6]},
         "vocoder": {**tiny.SIZES["vocoder"], "warmup_steps": 1, "gan_steps": 1},
         "generate": {**tiny.SIZES["generate"], "trunk_steps": 1, "warmup_steps": 0, "gan_steps": 1}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """All stages are trained; the recipe asks for two steps of some, and the cache holds a teacher."""
    home = tiny.new_tiny(tmp_path_factory.mktemp("home"), copy_of=tiny.trained_tiny())
    cache = home.folder / "cache"
    shutil.copytree(tiny.tiny_corpus() / "cache", cache)
    stored_features.store_teacher(FeatureCache(cache), tiny.pretend_whisper())
    tiny.write_recipe(home, cache, sizes=SIZES)
    return home


@pytest.fixture(scope="module")
def packed(home):
    """Its pack of three stages in small pieces."""
    folder = home.folder / "pack"
    pack_training(STAGES, home.recipe, home.manifest, folder, PackOptions(piece_megabytes=SMALL))
    return folder


@pytest.fixture(scope="module")
def there(packed, tmp_path_factory):
    """The pack, put together elsewhere."""
    folder = tmp_path_factory.mktemp("elsewhere") / "there"
    assert unpack_training(packed, folder).complete
    return folder


def test_pieces_are_small_and_the_same_for_the_same_training(home, packed, tmp_path):
    pack = read_list(packed)
    assert len(pack.pieces) > 3 and pack.stages == STAGES
    assert all((packed / piece.name).stat().st_size == piece.size <= SMALL * 1e6 for piece in pack.pieces)
    again = pack_training(STAGES, home.recipe, home.manifest, tmp_path / "again", PackOptions(piece_megabytes=SMALL))
    assert again == pack


def test_pieces_come_in_any_order_and_what_is_missing_or_damaged_is_said(packed, tmp_path):
    first, second, third, *others = names = [piece.name for piece in read_list(packed).pieces]
    came, folder = tmp_path / "came", tmp_path / "there"
    came.mkdir()
    for name in ("pack.json", third, second, others[-1]):
        shutil.copy(packed / name, came)
    (came / second).write_bytes((came / second).read_bytes()[:-1] + b"x")
    unpacked = unpack_training(came, folder)
    span = f"{others[0]} to {others[-2]}" if len(others) > 2 else others[0]
    assert unpacked.damaged == (second,) and unpacked.missing == (first, *others[:-1])
    assert unpacked.sentence == (f"2 of {len(names)} pieces are unpacked in {folder}; {first} and {span} are missing and "
                                 f"{second} is damaged: bring them and run the same command again.")
    assert not (folder / "manifest.csv").exists(), "a training could begin"
    for file in (came / third, came / others[-1]):
        file.unlink()  # a folder that is sent again holds the rest alone
    for name in (first, second, *others[:-1]):
        shutil.copy(packed / name, came)
    assert unpack_training(came, folder).complete
    assert len(training_clips(read_manifest(folder / "manifest.csv"))) == len(training_clips(
        read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv")))
    assert unpack_training(came, folder).complete, "once more, with nothing to do"


def test_an_incomplete_pack_is_an_error_for_scripts(packed, zest_here, tmp_path):
    (tmp_path / "came").mkdir()
    shutil.copy(packed / "pack.json", tmp_path / "came")
    result = zest_here("train", "unpack", "came", "there")
    assert result.returncode == 3 and "are missing: bring them and run the same command again." in result.stderr
    result = zest_here("train", "unpack", packed, "there")
    assert result.returncode == 0 and "zest train vocoder --recipe recipe.toml --manifest manifest.csv" in result.stderr


def test_unpacked_clips_have_the_samples_and_features_of_the_recordings(home, there):
    pairs = list(zip(training_clips(read_manifest(home.manifest)), read_manifest(there / "manifest.csv"), strict=True))
    for clip, other in pairs:
        assert content_hash(clip.path) == content_hash(other.path)
        np.testing.assert_array_equal(quantised(clip), quantised(other))
        np.testing.assert_allclose(read_samples(clip), read_samples(other), atol=1e-4)
        for kind in (stored_features.PROSODY, stored_features.VOCODER):
            one, two = (np.load(FeatureCache(root).file(kind, own.path))
                        for root, own in ((home.folder / "cache", clip), (there / "features", other)))
            assert set(one.files) == set(two.files)
            assert all(one[name].dtype == two[name].dtype and np.array_equal(one[name], two[name]) for name in one.files)
    slow = replace(pairs[0][1], speed=0.9)
    assert len(quantised(slow)) == len(quantised(replace(pairs[0][0], speed=0.9))) > 1.1 * len(quantised(pairs[0][1]))


@pytest.mark.slow
def test_it_is_trained_without_network_and_decoders_and_goes_on_at_home(home, packed, tmp_path):
    tree = tmp_path / "tree"
    for folder in ("pipelines", "workbench", "evaluation"):
        shutil.copytree(ROOT / folder, tree / folder)
    train = ["--recipe", "recipe.toml", "--manifest", "manifest.csv", "--precision"]
    there = tmp_path / "there"
    of_page = zest_calls("how-to/train-on-a-borrowed-machine.md")
    unpacking, training, carrying = (next(words for words in of_page if words[:len(begin)] == begin) for begin in (
        ["train", "unpack"], ["train", "hubert"], ["carry", "pack"]))
    assert unpack_training(packed, there).complete and unpacking[2:] == ["incoming", "unpacked"]
    device = training.index("--device")
    commands = [["train", "vocoder", *train, "fp32"], ["train", "generate", *train, "bf16"],
                training[:device] + training[device + 2:], carrying,  # as the page writes them, but for the GPU
                *(["carry", "pack", f"runs/{stage}", f"back/{stage}.safetensors", "--piece-megabytes", "0.2"]
                  for stage in STAGES)]
    borrowed = processes.start(borrowed_machine.work, tree, commands, folder=there, output=tmp_path / "log.txt")
    borrowed.join(processes.SECONDS)
    assert borrowed.exitcode == 0, (tmp_path / "log.txt").read_text()
    assert home.train("vocoder")
    alike, own = (read_log(runs / "vocoder")[-1] for runs in (there / "runs", home.runs))
    assert {name: value for name, value in alike.items() if name != "seconds"} == pytest.approx(
        {name: value for name, value in own.items() if name != "seconds"}, rel=1e-3)
    back = sorted(path.name for path in (there / "back").iterdir())
    assert "generate-2of" in " ".join(back) and max((there / "back" / name).stat().st_size for name in back) <= 200_000
    for stage in ("generate", "hubert"):
        assert unpack_carried(there / "back" / f"{stage}.safetensors", home.runs / stage) == 2
        assert home.train(stage), "nothing is left to train, and the weights are exported"
        config = json.loads((home.checkpoint / f"{'generator' if stage == 'generate' else stage}.json").read_text())
        assert config == json.loads((there / "checkpoint" / f"{'generator' if stage == 'generate' else stage}.json").read_text())


def test_the_page_runs_as_it_is_written(home, page_run, tmp_path):
    """The borrowed machine is a folder beside; its GPU is a CPU."""
    tiny.manifest_elsewhere(tmp_path / "manifest.csv")
    (tmp_path / "recipes").mkdir()
    recipe = home.recipe.read_text()
    (tmp_path / "recipes" / "mini.toml").write_text(recipe)
    own = recipe.replace(str(home.checkpoint), "checkpoint")
    (tmp_path / "recipes" / "whisper-blocks.toml").write_text(own.replace(str(home.runs), "runs/blocks"))

    def sent(run: PageRun) -> None:
        (run.folder / "pack").rename(run.folder / "incoming")

    def brought(run: PageRun) -> None:
        (run.folder / "hubert.safetensors").rename(tmp_path / "hubert.safetensors")
        run.folder = tmp_path

    with tiny.without_plots():
        page_run.run("how-to/train-on-a-borrowed-machine.md", {"zest train unpack": sent, "zest carry unpack": brought})
    assert read_log(tmp_path / "runs" / "blocks" / "hubert")[-1]["step"] == 2
    assert (tmp_path / "checkpoint" / "hubert.safetensors").is_file()


def test_a_training_that_has_begun_goes_on_there(home, tmp_path):
    begun = tiny.new_tiny(tmp_path / "begun", copy_of=home)
    assert not begun.train("vocoder", stop_after_seconds=0)
    for state, step in ((True, 1), (False, None)):
        pack, folder = tmp_path / f"pack-{state}", tmp_path / f"there-{state}"
        pack_training(["vocoder"], begun.recipe, begun.manifest, pack, PackOptions(state=state))
        assert unpack_training(pack, folder).complete
        log = read_log(folder / "runs" / "vocoder")
        assert (folder / "runs" / "vocoder" / "state.pt").exists() == state and (log[-1]["step"] if log else None) in (step, None)


def test_weights_that_a_recipe_begins_with_go_along_as_they_were_at_its_first_step(home, tmp_path):
    begun, given = tiny.new_tiny(tmp_path / "begun", copy_of=home), Folder(home.checkpoint).tensors("generator")
    hifigan = {"design": "hifigan", "size": "V3", "channels": 32, "begins_with": "generator", "discriminator_width": 2,
               "temperature": Folder(home.checkpoint).setting("generator", "temperature"), "steps": 2, "warmup_steps": 2,
               "batch": 2}
    tiny.write_recipe(begun, home.folder / "cache", sizes=SIZES | {"generate": hifigan})
    for name in ("first", "later"):
        pack_training(["generate"], begun.recipe, begun.manifest, tmp_path / name)
        assert unpack_training(tmp_path / name, tmp_path / f"{name}-there").complete
        packed = Folder(tmp_path / f"{name}-there" / "checkpoint").tensors("generator")
        assert packed.keys() == given.keys() and all(np.array_equal(packed[key], given[key]) for key in given)
        assert begun.train("generate")
    assert Folder(begun.checkpoint).setting("generator", "design") == "hifigan", "it has replaced the one that it began with"


def test_recordings_can_go_as_they_are_with_packages_that_decode_them(home, tmp_path, monkeypatch):
    wheel = tmp_path / "decoder-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("decoder/__init__.py", "")
    options = PackOptions(audio="recorded", wheels=(wheel,), hours=0.001)
    pack_training(["units"], home.recipe, home.manifest, tmp_path / "pack", options)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "soundfile", None)
        with pytest.raises(RecipeError, match="soundfile, which decodes them, is not installed; pack them with --wheel"):
            unpack_training(tmp_path / "pack", tmp_path / "there")
    assert unpack_training(tmp_path / "pack", tmp_path / "there").complete
    assert (tmp_path / "there" / "packages" / "decoder" / "__init__.py").exists()
    clip = read_manifest(tmp_path / "there" / "manifest.csv")[0]
    same = next(own for own in read_manifest(home.manifest) if content_hash(own.path) == content_hash(clip.path))
    np.testing.assert_array_equal(quantised(clip), quantised(same))


def test_what_was_not_packed_is_said_in_a_sentence(home, there, tmp_path):
    clip = read_manifest(there / "manifest.csv")[0]
    with pytest.raises(RecipeError, match="has no audio of the clip .*; pack again"):
        read_samples(replace(clip, path=tmp_path / clip.path.name))
    with pytest.raises(CheckpointError, match="has 2 blocks, but 6 are needed; pack it again"):
        stored_features.teacher_encoder(FeatureCache(there / "features"))


def test_a_missing_tracker_is_said_in_a_sentence(there, tmp_path, monkeypatch):
    def missing(samples):
        raise ModuleNotFoundError(name="swift_f0")

    monkeypatch.setitem(stored_features.WORLD_FEATURES, stored_features.PROSODY, missing)
    with pytest.raises(RecipeError, match="are not stored, and swift_f0, which computes them, is not installed; pack again"):
        stored_features.stored(stored_features.PROSODY, read_manifest(there / "manifest.csv")[0], FeatureCache(tmp_path))


def test_what_cannot_be_packed_is_refused_and_leaves_nothing(home, packed, tmp_path):
    untrained = tiny.new_tiny(tmp_path / "untrained")
    with pytest.raises(CheckpointError, match="hubert.safetensors is missing, which stage sace needs; train stage hubert first"):
        pack_training(["sace"], untrained.recipe, untrained.manifest, tmp_path / "pack")
    tiny.write_recipe(untrained, tmp_path, sizes={"hubert": {"pretrained": "facebook/hubert-base-ls960"}})
    with pytest.raises(RecipeError, match=r"\[hubert\] pretrained = .* is a published network, which no pack carries"):
        pack_training(["hubert"], untrained.recipe, untrained.manifest, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
    with pytest.raises(OutputError, match="is not empty; name a new folder for the pack"):
        pack_training(STAGES, home.recipe, home.manifest, packed)
    with pytest.raises(RecipeError, match="Audio cannot be packed as 'mp3'; choose one of int16, recorded"):
        PackOptions(audio="mp3")
    with pytest.raises(RecipeError, match="is not a wheel; name files that end in .whl"):
        PackOptions(wheels=(home.recipe,))
    wheels = [tmp_path / folder / "one.whl" for folder in "ab"]
    for wheel in wheels:
        wheel.parent.mkdir()
        wheel.write_bytes(b"")
    with pytest.raises(RecipeError, match=r"Two wheels are called one.whl"):
        PackOptions(wheels=tuple(wheels))


def test_other_folders_are_left_alone(packed, there, tmp_path):
    (tmp_path / "pack").mkdir()
    with pytest.raises(RecipeError, match="There is no pack.json in"):
        unpack_training(tmp_path / "pack", tmp_path / "new")
    with pytest.raises(OutputError, match="is not empty; unpack into a new folder"):
        unpack_training(packed, packed)
    other = read_list(packed)
    replace(other, pieces=(*other.pieces, Piece("piece-999.zip", 1, "0" * 64))).write(tmp_path / "pack")
    with pytest.raises(OutputError, match="holds another pack; unpack into a new folder"):
        unpack_training(tmp_path / "pack", there)
    (tmp_path / "pack" / "pack.json").write_text("{")
    with pytest.raises(RecipeError, match="pack.json is damaged; bring it again"):
        unpack_training(tmp_path / "pack", tmp_path / "new")
    for name in ("../outside", "/etc/passwd"):
        with pytest.raises(RecipeError, match="would lie outside"):
            inside(tmp_path, name)


def test_coding_loses_nothing():
    random = np.random.default_rng(0)
    arrays = {"mel": (4 * random.standard_normal((30, 8))).astype(np.float16), "empty": np.zeros((0, 3), np.float32),
              "samples": random.integers(-32768, 32768, 500).astype(np.int16), "f0": random.random(30).astype(np.float32)}
    for name, array in decode_arrays(encode_arrays(arrays)).items():
        assert array.dtype == arrays[name].dtype and array.shape == arrays[name].shape
        np.testing.assert_array_equal(array, arrays[name])
    for content in (b"", b"odd", random.bytes(1000), np.zeros(400, np.float16).tobytes()):
        assert decode_file(encode_file(content)) == content
    with pytest.raises(RecipeError, match="what this version of zest does not know"):
        decode_arrays(b"something else")


def test_speech_becomes_smaller_than_by_zlib_alone():
    import zlib

    samples = quantised(training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))[0])
    assert len(encode_arrays({"samples": samples})) < 0.8 * len(zlib.compress(samples.tobytes(), 9))


def test_few_hours_hold_every_voice_and_emotion():
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    groups = {(clip.speaker, clip.emotion) for clip in clips}
    hours = sum(clip.seconds for clip in clips) / 3600
    few = some_speech(clips, 0.9 * hours, (), seed=0)
    assert {(clip.speaker, clip.emotion) for clip in few} == groups and sum(clip.seconds for clip in few) <= 3240 * hours
    assert few == [clip for clip in clips if clip in few] and some_speech(clips, float("inf"), ("synthetic",), 0) == clips
    with pytest.raises(RecipeError, match="no training speech of a corpus 'nemo'; it has synthetic"):
        some_speech(clips, 1.0, ("nemo",), seed=0)
    with pytest.raises(RecipeError, match="hours hold no clip; choose more hours"):
        some_speech(clips, 1e-6, (), seed=0)


@pytest.mark.parametrize("speed", (0.89, 1.0321, 1.12))
def test_another_speed_needs_no_soxr(speed):
    samples = np.sin(np.arange(16_000) * 0.3).astype(np.float32)
    one, other = resample(samples, 16_000 * speed, 16_000), by_scipy(samples, 16_000 * speed, 16_000)
    assert one.dtype == other.dtype and len(one) == len(other)
    np.testing.assert_allclose(one[500:-500], other[500:-500], atol=0.05)


def test_a_recipe_is_written_as_it_was_read(tmp_path):
    for name in ("mini.toml", "mini-shipped.toml", "mini-continued.toml", "mini-spectrograms.toml", "whisper-blocks.toml",
                 "paper.toml"):
        tables = read_recipe(ROOT / "recipes" / name)
        (tmp_path / name).write_text(as_toml(tables))
        assert read_recipe(tmp_path / name) == tables
