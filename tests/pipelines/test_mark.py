"""Converted files say in their metadata that their speech is synthetic, in every format and by every way; samples stay."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from evaluation.doctor.check import check
from pipelines.conversion import BaselineConverter, Converter
from pipelines.features.audio import load
from pipelines.features.growing import GrowingWav, coding_of, finish
from pipelines.features.mark import mark_of, read_mark
from pipelines.features.writing import FORMATS, AudioForm
from pipelines.plan.rendering import render
from pipelines.plan.segments import Segment
from pipelines.version import zest_version
from tests.support.talks import CountingConverter, talk, write_talk


@pytest.fixture(scope="module")
def copied(source_path):
    return BaselineConverter("copy").convert(source_path)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_the_mark_and_the_same_samples(copied, ending, tmp_path):
    marked, bare = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    copied.save(marked)
    copied.save(bare, mark=False)
    assert read_mark(marked) == mark_of("copy") and "Synthetic speech" in mark_of("copy") and read_mark(bare) is None
    assert np.array_equal(soundfile.read(marked)[0], soundfile.read(bare)[0])
    assert np.array_equal(load(marked).samples, load(bare).samples) and load(marked).warnings == load(bare).warnings


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", ""), ("a.wav", "24"), ("a.flac", ""), ("a.mp3", "")])
def test_what_grew_is_marked_behind_its_samples(name, subtype, tmp_path):
    form, samples = AudioForm(subtype=subtype), np.linspace(-0.5, 0.5, 16_001, dtype=np.float32)
    for mark, place in ((mark_of("plan"), tmp_path / name), ("", tmp_path / f"bare-{name}")):
        with GrowingWav(tmp_path / "growing.wav", 16_000, coding_of(place, form)) as wav:
            wav.add(samples)
            finish(wav, place, form, mark)
    assert read_mark(tmp_path / name) == mark_of("plan") and read_mark(tmp_path / f"bare-{name}") is None
    assert np.array_equal(soundfile.read(tmp_path / name)[0], soundfile.read(tmp_path / f"bare-{name}")[0])
    assert load(tmp_path / name).warnings == ()


def test_a_plan_is_marked_where_it_converts_and_not_where_it_copies(tmp_path):
    source, converter = write_talk(tmp_path / "talk.wav", talk([3.0, 6.0])[0]), CountingConverter()
    render(converter, source, [Segment(0, 2.9, "sad")], tmp_path / "sad.wav")
    render(converter, source, [Segment(0, 2.9, "sad")], tmp_path / "bare.wav", form=AudioForm(mark=False))
    render(converter, source, [Segment(0, 2.9)], tmp_path / "kept.wav")
    assert "system plan; weights 0123456789ab." in str(read_mark(tmp_path / "sad.wav"))
    assert read_mark(tmp_path / "bare.wav") is None and read_mark(tmp_path / "kept.wav") is None


def test_the_mark_names_tool_settings_and_weights_and_a_source_that_nothing_changed_has_none(
        converter: Converter, source_path, reference_path):
    own = converter.convert(source_path, emotion="sad", strength=0.8, decoder="residual_world")
    assert own.mark == (f"Synthetic speech, converted by ZEST workbench {zest_version()}; system residual_world@0.8; emotion "
                        f"sad; weights {converter.weights[:12]}.") and len(converter.weights) == 32
    mixed = converter.convert(source_path, emotion={"sad": 0.5, "angry": 0.5}, decoder="residual_world")
    assert "; emotion angry:0.5,sad:0.5; weights" in mixed.mark
    to_reference = converter.convert(source_path, reference_path, decoder="residual_world")
    told = own.mark + to_reference.mark
    assert source_path.stem not in told and reference_path.stem not in told, "nothing tells whose recordings they were"
    assert "; emotion" not in to_reference.mark
    assert BaselineConverter("source").convert(source_path).mark == ""
    assert read_mark(source_path) is None


def test_the_command_marks_files_and_pipes_unless_it_is_told_not_to_and_check_shows_it(zest_here, source_path, tmp_path):
    assert zest_here("convert", source_path, "--system", "copy", "-o", "a.wav").returncode == 0
    assert zest_here("convert", source_path, "--system", "copy", "-o", "b.wav", "--no-mark").returncode == 0
    told = zest_here("check", "a.wav", "b.wav").stdout
    assert "synthetic: The file says: Synthetic speech, converted by ZEST workbench" in told and told.count("synthetic:") == 1
    assert [one.code for one in check(tmp_path / "b.wav").findings] == [
        one.code for one in check(tmp_path / "a.wav").findings if one.code != "synthetic"]


def test_a_copy_in_a_container_of_another_tool_keeps_its_mark(copied):
    content = io.BytesIO(copied.encoded("a.flac"))
    with soundfile.SoundFile(content) as file:
        assert file.comment == copied.mark and file.software.startswith("ZEST workbench")


def test_files_that_cannot_be_read_have_no_mark(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    assert read_mark(tmp_path / "a.wav") is None and read_mark(tmp_path / "none.wav") is None
