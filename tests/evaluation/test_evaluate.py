"""`zest evaluate`: systems by name, anyone's recordings from a CSV or a zip, and one sentence for everything that is wrong."""

from __future__ import annotations

import csv
import json
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.pair import Pair, PairsError, write_pairs
from evaluation.run import open_run, open_scored, parse_systems, read_scored, unpack
from evaluation.run.systems import checkpoint_hash
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import save
from tests.pipelines.test_bad_input import assert_plain
from tests.support.speech import MAN, WOMAN, speak
from workbench.cli import exit_codes


@pytest.fixture
def clips(tmp_path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, voice, seed in (("source", MAN, 0), ("reference", WOMAN, 1), ("ours", MAN, 2), ("theirs", WOMAN, 3)):
        save(folder / f"{name}.wav", speak(voice, 0.8, seed))
    return folder


def write_list(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(converted: str = "ours.wav", **more: str) -> dict[str, str]:
    return {"source": "source.wav", "reference": "reference.wav", "converted": converted, **more}


# systems


def test_systems_are_read_from_what_a_user_writes(tmp_path):
    systems = {system.name: system for system in parse_systems(
        ["source", "copy", "f0-swap", "transfer", "transfer@0.5-notempo-seed3", "loud=transfer@1.5", f"mine={tmp_path}"], seed=7)}
    kinds = [system.spec["kind"] for system in systems.values()]
    assert kinds == ["source", "copy", "f0-swap", "conversion", "conversion", "conversion", "recordings"]
    plain, odd, loud = systems["transfer"], systems["transfer@0.5-notempo-seed3"], systems["loud"]
    assert (plain.settings.strength, plain.settings.tempo, plain.settings.seed) == (1.0, True, 7)
    assert (odd.settings.strength, odd.settings.tempo, odd.settings.seed) == (0.5, False, 3)
    assert loud.settings.strength == 1.5
    assert {one.settings.decoder for one in (plain, odd, loud)} == {"residual_world"}, "an older name means the same decoder"


def test_strengths_multiply_systems_without_one():
    systems = parse_systems(["source", "transfer-notempo", "transfer@0.7"], strengths=[0.5, 1.0])
    assert [system.name for system in systems] == ["source", "transfer@0.5-notempo", "transfer-notempo", "transfer@0.7"]
    assert [system.settings.strength for system in systems[1:]] == [0.5, 1.0, 0.7]


@pytest.mark.parametrize(("texts", "words"), [
    (["magic"], "no system 'magic'"), (["generate@2x"], "no system"), (["transfer@1.6"], "between 0 and 1.5"),
    (["mine=nowhere"], "no folder nowhere"), (["../evil=source"], "cannot be called"), (["source", "source"], "Two systems"),
    (["=source"], "cannot be called")])
def test_unknown_systems_are_refused_in_one_sentence(texts, words):
    with pytest.raises(ZestError, match=words) as caught:
        parse_systems(texts)
    assert_plain(str(caught.value))


def test_an_unknown_device_is_refused_before_any_pair():
    with pytest.raises(ZestError, match="no device 'toaster'"):
        parse_systems(["transfer"], device="toaster")


def test_a_pair_that_a_folder_lacks_fails_and_the_others_do_not(clips):
    (clips / "mine").mkdir()
    shutil.copy(clips / "ours.wav", clips / "mine" / "a.wav")
    system = parse_systems([f"mine={clips / 'mine'}"])[0]
    pair = Pair("a", clips / "source.wav", clips / "reference.wav", "angry")
    np.testing.assert_array_equal(system.render(pair).samples, soundfile.read(clips / "ours.wav", dtype="float32")[0])
    with pytest.raises(ZestError, match=r"no recording b\.wav"):
        system.render(Pair("b", clips / "source.wav", clips / "reference.wav", "angry"))


def test_baselines_and_conversion_render_speech(source_path, reference_path):
    pair = Pair("a", source_path, reference_path, "happy")
    rendered = {system.name: system.render(pair) for system in parse_systems(["source", "copy", "f0-swap", "transfer"])}
    seconds = {name: len(one.samples) / 16_000 for name, one in rendered.items()}
    assert rendered["source"].unchanged and not rendered["copy"].unchanged
    assert seconds["copy"] == pytest.approx(seconds["source"], abs=0.01)
    assert {name for name, one in rendered.items() if one.predicted is not None} == {"f0-swap", "transfer"}
    assert all(0.05 < np.abs(one.samples).max() <= 1 for one in rendered.values())


def test_another_checkpoint_has_another_hash(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    first = checkpoint_hash(str(tmp_path))
    checkpoint_hash.cache_clear()
    (tmp_path / "a.json").write_text("{ }")
    assert len(first) == 12 and checkpoint_hash(str(tmp_path)) != first


# anyone's recordings


def test_rows_of_several_systems_share_their_pairs(clips):
    rows = [row("ours.wav", system="a", emotion="happy"), row("theirs.wav", system="b", emotion="happy"),
            {**row("ours.wav", system="a", emotion="happy"), "source": "theirs.wav"}]
    scored = read_scored(write_list(clips / "scored.csv", rows))
    assert len(scored.pairs) == 2 and [system.name for system in scored.systems] == ["a", "b"]
    first, second = scored.pairs
    theirs, _ = soundfile.read(clips / "theirs.wav", dtype="float32")
    np.testing.assert_array_equal(scored.systems[1].render(first).samples, theirs)
    with pytest.raises(ZestError, match="no conversion"):
        scored.systems[1].render(second)


def test_emotion_text_and_language_are_optional(clips):
    pair = read_scored(write_list(clips / "scored.csv", [row()])).pairs[0]
    assert (pair.emotion, pair.text, pair.language) == ("", "", "en")
    pair = read_scored(write_list(clips / "scored.csv", [row(text="Guten Tag", language="de", id="x1")])).pairs[0]
    assert (pair.id, pair.text, pair.language) == ("x1", "Guten Tag", "de")


def test_other_recordings_under_the_same_names_are_another_system(clips):
    path = write_list(clips / "scored.csv", [row()])
    before = read_scored(path).systems[0].spec
    shutil.copy(clips / "theirs.wav", clips / "ours.wav")
    assert read_scored(path).systems[0].spec != before


@pytest.mark.parametrize(("rows", "words"), [
    ([{"source": "source.wav", "converted": "ours.wav"}], "no column 'reference'"),
    ([{"source": "source.wav", "reference": "reference.wav"}], "no column 'converted'"),
    ([row(converted="")], "no converted"), ([{**row(), "reference": ""}], "no reference"),
    ([row(id="a"), {**row(id="a"), "source": "theirs.wav"}], "two different pairs"),
    ([row(), row("theirs.wav")], "two conversions"), ([row(system="../x")], "cannot be called"), ([row(id="a/b")], "file name")])
def test_wrong_lists_are_refused_in_one_sentence(clips, rows, words):
    with pytest.raises(PairsError, match=words) as caught:
        read_scored(write_list(clips / "scored.csv", rows))
    assert_plain(str(caught.value))


# zips


def make_zip(path: Path, clips: Path, more: dict[str, bytes] | None = None, rows: list[dict[str, str]] | None = None) -> Path:
    write_list(clips / "scored.csv", rows or [row(emotion="angry")])
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(clips.iterdir()):
            archive.write(file, f"mine/{file.name}")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_unpacked_and_read(clips, tmp_path):
    archive = make_zip(tmp_path / "mine.zip", clips, {"__MACOSX/._x.wav": b"x", ".DS_Store": b"x"})
    scored = read_scored(unpack(archive, tmp_path / "out"), inside=tmp_path / "out")
    assert len(scored.pairs) == 1 and scored.systems[0].render(scored.pairs[0]).samples.size == 0.8 * 16_000
    names = sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert names == ["ours.wav", "reference.wav", "scored.csv", "source.wav", "theirs.wav"]


def test_the_same_zip_is_unpacked_once_into_the_run(clips, tmp_path):
    archive = make_zip(tmp_path / "mine.zip", clips)
    first = open_scored(archive, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    assert open_scored(archive, tmp_path / "run").systems == first.systems
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before
    assert first.pairs[0].source.is_relative_to((tmp_path / "run").resolve())


def bomb(path: Path, clips: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scored.csv", "source,reference,converted\n")
        archive.writestr("zeros.wav", bytes(30 * 1024**2))
    return path


def liar(path: Path, clips: Path) -> Path:
    """The directory of the zip says that a recording is shorter than what is packed."""
    make_zip(path, clips)
    content = bytearray(path.read_bytes())
    size = (clips / "ours.wav").stat().st_size.to_bytes(4, "little")
    place = content.rfind(b"mine/ours.wav") - 46
    assert content[place:place + 4] == b"PK\x01\x02" and content[place + 24:place + 28] == size
    content[place + 24:place + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    return path


def link(path: Path, clips: Path) -> Path:
    entry = zipfile.ZipInfo("mine/link.wav")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    make_zip(path, clips)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    return path


def half(path: Path, clips: Path) -> Path:
    make_zip(path, clips)
    path.write_bytes(path.read_bytes()[:5000])
    return path


def damaged(path: Path, clips: Path) -> Path:
    """A byte of a packed recording is another one."""
    make_zip(path, clips)
    content = bytearray(path.read_bytes())
    content[2000] ^= 255
    path.write_bytes(content)
    return path


def encrypted(path: Path, clips: Path) -> Path:
    make_zip(path, clips)
    content = bytearray(path.read_bytes())
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def nowhere(path, clips):
    """Its end says that the table of contents begins behind it, so members would lie before the file."""
    content = bytearray(make_zip(path, clips).read_bytes())
    content[-6:-2] = (10**6).to_bytes(4, "little")
    path.write_bytes(content)
    return path


BAD_ZIPS = {
    "a bomb": (bomb, "would unpack to"), "a header that lies": (liar, "damaged"), "a link": (link, "a link"),
    "cut off": (half, "damaged"), "a damaged byte": (damaged, "damaged"), "encrypted": (encrypted, "encrypted"),
    "a table of contents that points nowhere": (nowhere, "damaged"),
    "no zip": (lambda path, clips: path.write_bytes(b"text") and path, "damaged"),
    "missing": (lambda path, clips: path, "no file"),
    "escaping": (lambda path, clips: make_zip(path, clips, {"../evil.wav": b"x"}), "leaves the folder"),
    "absolute": (lambda path, clips: make_zip(path, clips, {"/evil.wav": b"x"}), "leaves the folder"),
    "backslashes": (lambda path, clips: make_zip(path, clips, {"..\\evil.wav": b"x"}), "leaves the folder"),
    "no audio": (lambda path, clips: make_zip(path, clips, {"notes.docx": b"x"}), "neither a recording"),
    "two lists": (lambda path, clips: make_zip(path, clips, {"b.csv": b"x"}), "2 CSV files"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_bad_zips_are_refused_and_leave_nothing(clips, tmp_path, kind):
    make, words = BAD_ZIPS[kind]
    archive = make(tmp_path / "mine.zip", clips)
    with pytest.raises(AudioError, match=words) as caught:
        open_scored(archive, tmp_path / "run")
    assert_plain(str(caught.value))
    assert sorted(path.name for path in tmp_path.iterdir()) in (["clips"], ["clips", "mine.zip"])


@pytest.mark.parametrize("cell", ["../../../etc/passwd", "/etc/passwd", "../../other.wav"])
def test_a_list_in_a_zip_may_not_name_files_outside(clips, tmp_path, cell):
    save(tmp_path / "other.wav", speak(MAN, 0.8))
    archive = make_zip(tmp_path / "mine.zip", clips, rows=[row(cell)])
    with pytest.raises(AudioError, match="outside the zip"):
        open_scored(archive, tmp_path / "run")


# the command


@pytest.mark.slow
def test_evaluate_converts_scores_and_does_nothing_the_second_time(zest_here, tmp_path, source_path, reference_path):
    write_pairs(tmp_path / "pairs.csv", [Pair("a", source_path, reference_path, "happy", "dsdt"),
                                         Pair("b", source_path, tmp_path / "gone.wav", "happy", "dsdt")])
    command = ("evaluate", "pairs.csv", "--system", "source", "--system", "copy", "--metric", "duration-ratio", "--json",
               "-o", "RUN")
    first = zest_here(*command)
    assert first.returncode == exit_codes.SOME_FAILED, first.stderr
    document = json.loads(first.stdout)
    assert document["systems"]["copy"]["duration-ratio"]["value"] == pytest.approx(1.0, abs=0.01)
    assert {failure["pair"] for failure in document["failures"]} == {"b"} and document["failed"] == 2
    run = open_run(tmp_path / "RUN")
    assert run.complete and run.record.command.startswith("zest evaluate pairs.csv")
    second = zest_here(*command)
    assert json.loads(second.stdout) == document and "nothing was done" in second.stderr


def test_evaluate_scores_a_zip_of_anyones_recordings(zest_here, clips, tmp_path):
    make_zip(tmp_path / "mine.zip", clips)
    result = zest_here("evaluate", "--wavs", "mine.zip", "--metric", "duration-ratio", "-o", "RUN", "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    assert json.loads(result.stdout)["systems"]["converted"]["duration-ratio"]["measured"] == 1


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("pairs.csv", "--system", "source"), exit_codes.USAGE, "-o"),
    (("-o", "RUN"), exit_codes.USAGE, "--wavs"),
    (("pairs.csv", "-o", "RUN"), exit_codes.USAGE, "Which systems"),
    (("pairs.csv", "-o", "RUN", "--system", "source"), exit_codes.BAD_INPUT, "no list of pairs"),
    (("--wavs", "a.csv", "--system", "source", "-o", "RUN"), exit_codes.USAGE, "--system would have no effect; leave it out"),
    (("--wavs", "a.csv", "-o", "RUN"), exit_codes.BAD_INPUT, "no list of pairs"),
    (("--wavs", "a.zip", "-o", "RUN"), exit_codes.BAD_INPUT, "no file"),
])
def test_usage_errors_are_told_in_one_sentence(zest_here, tmp_path, arguments, code, words):
    result = zest_here("evaluate", *arguments)
    assert (result.returncode, result.stdout) == (code, "") and words in result.stderr, result.stderr
    assert_plain(result.stderr.strip())
    assert list(tmp_path.iterdir()) == []
