"""Lists from any spreadsheet and any system are understood, or refused in one sentence; their labels and files are found."""

from __future__ import annotations

import os
import struct
import time
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.corpora.base import CorpusEntry, CorpusReader
from evaluation.corpora.manifest import Manifest, write_manifest
from evaluation.pair import Pair, PairsError, pairs_hash, read_pairs, write_pairs
from evaluation.run.wavs import open_scored
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS, OTHER_EMOTIONS, language_code, why_unknown
from pipelines.names import find_file, forget_folders
from pipelines.tables import TableError, read_table
from pipelines.training.data.corpus import COLUMNS, read_manifest
from pipelines.training.data.manifest_check import read_checked_manifest
from tests.support.encodings import soundfile_bytes, wav_bytes
from tests.support.speech import RATE, speak
from workbench.cli.batch import BatchRow, read_batch

LIST = "source,reference,emotion\nclean.wav,other.wav,sad\n"
RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "mini.toml"
LATIN = os.fsdecode(b"J\xe9r\x81me.wav")  # no UTF-8, and a byte that Windows' letters lack
CLIP = wav_bytes(speak(seconds=0.6), RATE)

EXPORTS = {
    "empty rows": LIST + ",,\n , ,\n\n,,\n", "empty rows first": ",,\n\n" + LIST, "no last line end": LIST.rstrip("\n"),
    "Windows' line ends": LIST.replace("\n", "\r\n") + ",,\r\n", "old line ends": LIST.replace("\n", "\r"),
    "trailing commas": LIST.replace("\n", ",,,\n"), "trailing commas in rows only": LIST.replace("sad\n", "sad,,\n"),
    "semicolons": LIST.replace(",", ";"), "tabs": LIST.replace(",", "\t"),
    "a line that names the separator": "sep=;\n" + LIST.replace(",", ";"),
    "capitals in the header": LIST.replace("source,reference,emotion", " Source,REFERENCE, Emotion "),
    "the end mark of old programs": LIST + "\x1a",
    "blanks in cells": LIST.replace(",", " , "), "quotes": 'source,reference,emotion\n"clean.wav","other.wav","sad"\n'}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", EXPORTS)
def test_what_spreadsheets_export_is_understood(kind, encoding, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(EXPORTS[kind].replace("other", "Jürgen").encode(encoding))
    (row,) = read_table(path, ("source", "reference", "emotion")).rows
    assert row.cells == {"source": "clean.wav", "reference": "Jürgen.wav", "emotion": "sad"}
    assert [pair.emotion for pair in read_pairs(path)] == ["sad"]


def test_what_is_written_here_comes_back_with_the_bytes_of_every_name_and_the_letters_of_every_text(tmp_path):
    """Names of Latin-1 bytes, one of which means nothing on Windows either, beside names and texts in UTF-8."""
    names = (LATIN, "Zoë.wav", "plain.wav")
    for name in names:
        (tmp_path / name).write_bytes(CLIP)
    pairs = [Pair(str(number), tmp_path / name, tmp_path / LATIN, "sad", text="Grüße") for number, name in enumerate(names)]
    for some in (pairs, pairs[:1], [replace(pair, text="") for pair in pairs[:1]]):
        write_pairs(tmp_path / "pairs.csv", some)
        assert read_pairs(tmp_path / "pairs.csv") == some
        assert pairs_hash(read_pairs(tmp_path / "pairs.csv")) == pairs_hash(some)
    (tmp_path / LATIN).unlink()
    assert read_pairs(tmp_path / "pairs.csv")[0].source.name == LATIN, "a sentence can name the file that is gone"


def test_a_manifest_comes_back_with_the_bytes_of_every_name(tmp_path):
    corpus = CorpusReader("tiny", "Tiny", "none", "", lambda folder: True, lambda folder: iter(()))
    entry = CorpusEntry(tmp_path / LATIN, "Zoë", "", "sad", "fr", "t", "Grüße", "train")
    write_manifest(tmp_path / "m.csv", Manifest(corpus, tmp_path, ((entry, 1.0),), ()))
    (clip,) = read_manifest(tmp_path / "m.csv")
    assert (clip.path.name, clip.speaker) == (LATIN, "Zoë")


def test_a_name_is_never_shortened_to_find_a_file(tmp_path):
    (tmp_path / "J.wav").write_bytes(CLIP)
    for name in ("J日.wav", os.fsdecode(b"J\x81.wav")):
        forget_folders()
        assert find_file(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(("content", "words"), [
    (b"", "it is empty"), (b"\n\n,,\n", "it is empty"), (b"PK\x03\x04" + bytes(99), "export the sheet as CSV"),
    (b"\x89PNG\r\n\x1a\n\x00\xff", "not text"),
    ("source,Zo\u00eb".encode() + b"\xe9\na.wav,sad\n", "not text"), (b'source,emotion\n"a.wav,sad\n', "not closed"),
    (b"source,source\na,b\n", "two columns 'source'"), (b"emotion\nsad\n", "no column 'source'"),
    (b"source,emotion\n,\n", "no rows"), (b"source,emotion\na.wav,sad,more\n", "line 2")])
def test_what_is_no_list_gets_one_sentence(content, words, tmp_path):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(TableError, match=words) as caught:
        read_table(tmp_path / "list.csv", ("source",))
    assert "\n" not in str(caught.value)


def test_empty_rows_of_a_batch_are_no_pairs(tmp_path):
    (tmp_path / "list.csv").write_text("source,reference,emotion,output\r\nclean.wav,,Sad,out.wav\r\n,,,\r\n,,,\r\n")
    (row,) = read_batch(tmp_path / "list.csv", tmp_path / "out")
    assert isinstance(row, BatchRow) and (row.source, row.emotion) == (tmp_path / "clean.wav", "sad")


# -- names from other systems


@pytest.mark.parametrize(("written", "named"), [
    ("Jürgen.wav", unicodedata.normalize("NFD", "Jürgen.wav")), (unicodedata.normalize("NFD", "Jürgen.wav"), "Jürgen.wav"),
    ("A.WAV", "a.wav"), ("Take One.wav", "take one.WAV"), ("sub/b.wav", "sub\\b.wav"), ("Sub/B.wav", "sub\\b.WAV"),
    ("Jürgen.wav", "J\u00c3\u00bcrgen.wav"), ("J\u251c\u255drgen.wav", "Jürgen.wav"), ("my file.wav", "my%20file.wav"),
    ("Jürgen.wav", "file://J%C3%BCrgen.wav"), ("sub/b.wav", "C:\\Users\\me\\sub\\b.wav"), ("b.wav", "\\\\server\\share\\b.wav"),
    ("b.wav", "D:/b.wav"), ("b.wav", "“b.wav”"), ("b.wav", "'b.wav'"), ("b.wav", "~/b.wav"), ("100%25.wav", "100%25.wav")])
def test_a_file_is_found_by_the_name_of_another_system(written, named, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / written).parent.mkdir(exist_ok=True)
    (tmp_path / written).write_bytes(CLIP)
    forget_folders()
    found = find_file(tmp_path, named)
    assert found.read_bytes() == CLIP
    assert not (tmp_path / named).exists() or found == tmp_path / named


def test_paths_of_windows_name_results_as_other_paths_do(tmp_path):
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / "one.wav").write_bytes(b"")
    cells = ["a\\b.wav", "", "..\\b.wav", "C:\\b.wav", "C:b.wav"]
    (tmp_path / "list.csv").write_text("source,emotion,output\n" + "".join(f"takes\\one.wav,sad,{cell}\n" for cell in cells))
    first, second, *others = read_batch(tmp_path / "list.csv", tmp_path / "out")
    assert first.output == tmp_path / "out" / "a" / "b.wav" and second.output == tmp_path / "out" / "002-one-sad.wav"
    assert all("leaves the output folder" in row.reason for row in others)


def test_a_name_that_fits_two_files_is_not_guessed(tmp_path):
    for name in ("Jürgen.wav", "Jörgen.wav"):
        (tmp_path / name).write_bytes(CLIP)
    forget_folders()
    assert find_file(tmp_path, "J?rgen.wav".replace("?", "\u251c")) == tmp_path / "J\u251crgen.wav"
    assert find_file(tmp_path, "Jörgen.wav").name == "Jörgen.wav"


def packed(path: Path, members: dict[str, bytes | str], utf8_flag: bool = True) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if not utf8_flag:  # as Macs and older Windows leave it
        content = bytearray(path.read_bytes())
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.find(mark)
            while at >= 0:
                flags = struct.unpack("<H", content[at + place:at + place + 2])[0] & ~0x800
                content[at + place:at + place + 2] = struct.pack("<H", flags)
                at = content.find(mark, at + 4)
        path.write_bytes(content)
    return path


@pytest.mark.parametrize(("inside", "listed", "flag"), [
    (unicodedata.normalize("NFD", "Jürgen.wav"), "Jürgen.wav", True),
    (unicodedata.normalize("NFD", "Jürgen.wav"), "Jürgen.wav", False), ("Jürgen.wav", "Jürgen.wav", False),
    ("wavs\\a.wav", "wavs\\a.wav", True), ("wavs\\a.wav", "wavs/a.wav", True), ("wavs/A.WAV", "wavs\\a.wav", True)])
def test_names_in_a_zip_of_another_system_are_matched(inside, listed, flag, tmp_path):
    table = f"source;reference;converted;emotion\r\n{listed};{listed};{listed};Angry\r\n;;;\r\n"
    scored = open_scored(packed(tmp_path / "mine.zip", {inside: CLIP, "list.csv": table}, flag), tmp_path / "run")
    (pair,) = scored.pairs
    assert pair.source.read_bytes() == CLIP and pair.emotion == "angry"
    assert len(scored.systems[0].render(pair).samples) > 0


def test_a_zip_with_a_backslash_still_cannot_leave_its_folder(tmp_path):
    with pytest.raises(Exception, match="leaves the folder"):
        open_scored(packed(tmp_path / "mine.zip", {"..\\evil.wav": CLIP, "list.csv": LIST}), tmp_path / "run")


# -- labels


def test_what_nobody_sees_around_copied_cells_is_left_out(tmp_path):
    (tmp_path / "list.csv").write_text("\u200bsource,reference,emotion\n\u202aclean.wav\u202c,other.wav,\uff33ad\u200b\n")
    (pair,) = read_pairs(tmp_path / "list.csv")
    assert (pair.source.name, pair.emotion) == ("clean.wav", "sad")


def test_labels_are_folded_and_unknown_ones_refused_once_with_their_lines(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("source,reference,emotion\na.wav,b.wav, Angry\na.wav,c.wav,SAD\n")
    assert [pair.emotion for pair in read_pairs(path)] == ["angry", "sad"]
    path.write_text("source,reference,emotion\na.wav,b.wav,banana\na.wav,c.wav,sad\n" + "a.wav,d.wav,banana\n" * 9)
    with pytest.raises(PairsError, match=r"no emotion 'banana'.*lines 2, 4, 5 and 7 more"):
        read_pairs(path)


@pytest.mark.parametrize(("given", "code"), [("EN", "en"), (" en-US", "en"), ("pt_BR", "pt"), ("English", "en"), ("German", "de"),
                                             ("xx", "xx"), ("", ""), ("klingon", "klingon"), ("-", "-")])
def test_a_language_is_known_however_it_is_written(given, code, tmp_path):
    assert language_code(given) == code
    (tmp_path / "list.csv").write_text(f"source,reference,emotion,language,setting\na.wav,b.wav,SAD,{given},SSST\n")
    (pair,) = read_pairs(tmp_path / "list.csv")
    assert (pair.emotion, pair.language, pair.setting) == ("sad", code or "en", "ssst")


@pytest.mark.parametrize("label", [*EMOTIONS, *OTHER_EMOTIONS, "", "unlabelled", " Happy ", "FEARFUL"])
def test_labels_of_the_field_are_known(label):
    assert why_unknown([label]) is None


# -- manifests


def manifest(folder: Path, clips: dict[str, bytes | None], **changes: str) -> Path:
    cells = {"corpus": "x", "speaker": "a", "emotion": "sad", "language": "en", "text_id": "1", "text": "", "seconds": "2",
             "split": "train"} | changes
    rows = [",".join([name, *(cells[column] for column in COLUMNS[1:])]) for name in clips]
    (folder / "manifest.csv").write_text("\n".join([",".join(COLUMNS), *rows, "," * 8, ""]))
    for name, content in clips.items():
        if content is not None:
            (folder / name).write_bytes(content)
    return folder / "manifest.csv"


NAN = np.where(np.arange(RATE) == 99, np.nan, 0.1).astype(np.float32)


@pytest.mark.parametrize(("content", "words"), [
    (None, "there is no such file"), (b"", "it is empty"), (wav_bytes(np.zeros(0), RATE), "it is empty"),
    (soundfile_bytes(NAN, RATE, "WAV", "FLOAT"), "not numbers"), (b"no sound at all" * 40, "cannot be read")])
def test_a_manifest_is_checked_before_any_work(content, words, tmp_path):
    with pytest.raises(RecipeError, match=rf"line 3, bad.wav: .*{words}") as caught:
        read_checked_manifest(manifest(tmp_path, {"good.wav": CLIP, "bad.wav": content}))
    assert "line 2" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_manifest_names_the_first_lines_and_counts_the_others(tmp_path):
    with pytest.raises(RecipeError, match=r"line 2, 0.wav.*line 4, 2.wav: there is no such file; and 5 more\)"):
        read_checked_manifest(manifest(tmp_path, {f"{index}.wav": None for index in range(8)}))


@pytest.mark.parametrize(("name", "before", "after"), [
    ("link.wav", "", ""), ("hard.wav", "", ""), ("good.wav", ",train", ",dev"), ("good.wav", ",sad,", ",angry,"),
    ("./good.wav", ",a,", ",b,")])
def test_one_recording_is_not_in_a_manifest_in_two_ways(name, before, after, tmp_path):
    path = manifest(tmp_path, {"good.wav": CLIP})
    (tmp_path / "link.wav").symlink_to("good.wav")
    os.link(tmp_path / "good.wav", tmp_path / "hard.wav")
    head, row, *_ = path.read_text().splitlines()
    path.write_text("\n".join([head, row, row.replace("good.wav", name).replace(before, after)]))
    with pytest.raises(RecipeError, match="one recording in two ways, in lines 2 and 3"):
        read_checked_manifest(path)


@pytest.mark.parametrize("changes", [{"emotion": "Angry"}, {"split": "Train"}, {"language": "EN"}, {"seconds": "2.0"}])
def test_capitals_in_a_manifest_are_folded(changes, tmp_path):
    (clip,) = read_checked_manifest(manifest(tmp_path, {"good.wav": CLIP}, **changes))
    assert (clip.emotion, clip.split, clip.language) == (changes.get("emotion", "sad").lower(), "train", "en")


@pytest.mark.parametrize(("changes", "words"), [
    ({"emotion": "banana"}, "no emotion 'banana'.*line 2"), ({"seconds": "nan"}, "seconds in line 2"),
    ({"seconds": "-1"}, "seconds in line 2")])
def test_odd_cells_of_a_manifest_are_refused_with_their_line(changes, words, tmp_path):
    with pytest.raises(RecipeError, match=words):
        read_manifest(manifest(tmp_path, {"good.wav": CLIP}, **changes))


def test_ten_thousand_rows_are_checked_in_seconds(tmp_path):
    path = manifest(tmp_path, {"good.wav": CLIP})
    head, row = path.read_text().splitlines()[:2]
    path.write_text("\n".join([head, *[row] * 10_000]))
    begun = time.process_time()
    assert len(read_checked_manifest(path)) == 10_000
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("command", [("train", "ease", "--recipe", RECIPE), ("protocol", "-o", "pairs.csv", "--split", "train")])
def test_a_missing_clip_ends_a_command_with_exit_code_3_and_one_sentence(command, zest_here, tmp_path):
    manifest(tmp_path, {"good.wav": CLIP, "gone.wav": None})
    result = zest_here(*command, "--manifest", "manifest.csv")
    assert result.returncode == 3 and "line 3, gone.wav: there is no such file" in result.stderr
    assert result.stderr.count("\n") == 1 and not (tmp_path / "pairs.csv").exists()
