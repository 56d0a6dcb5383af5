"""`zest manifest`: seven corpora in their published layouts become manifests; another layout gets one sentence."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from evaluation.corpora import CORPORA
from evaluation.corpora.base import CorpusError, decode, held_out
from evaluation.corpora.manifest import COLUMNS, read_corpus, write_manifest
from pipelines.errors import OutputError, ZestError
from pipelines.training.data.corpus import read_manifest
from tests.support import corpus_trees as trees
from workbench.cli import exit_codes

TEXTS = {21: "The nine the eggs, I keep.", 22: "It’s a café.", 351 - 1: "Last one."}


def entries(name: str, folder: Path) -> dict:
    return {entry.path.name: entry for entry, _ in read_corpus(name, folder).rows}


@pytest.mark.parametrize(("encoding", "subsets"), [("utf-8", False), ("utf-8-sig", True), ("utf-16", True), ("utf-16-le", False),
                                                   ("cp1252", True)])
def test_esd_in_every_encoding_with_and_without_subset_folders(tmp_path, encoding, subsets):
    trees.esd(tmp_path / "Emotional Speech Dataset (ESD)", "0011", TEXTS, encoding, TEXTS, subsets)
    found = entries("esd", tmp_path)
    assert len(found) == 15
    angry, last = found["0011_000371.wav"], found["0011_001750.wav"]
    assert (angry.speaker, angry.sex, angry.emotion, angry.language) == ("esd-0011", "male", "angry", "en")
    assert (angry.text_id, angry.text, angry.split) == ("esd-en-021", TEXTS[21], "test")
    assert (last.emotion, last.text_id, last.split) == ("surprised", "esd-en-350", "train")
    assert found["0011_000022.wav"].text == "It’s a café."
    same = {entry.text_id for entry in found.values() if entry.text == TEXTS[22]}
    assert same == {"esd-en-022"}, "one sentence has one id in every emotion"


def test_esd_in_mandarin_and_a_broken_line(tmp_path):
    texts = {7: "打远一看,它们的确很是美丽。", 60: "我"}
    trees.esd(tmp_path, "0001", texts, "gb18030", texts)
    table = tmp_path / "0001" / "0001.txt"
    lines = table.read_bytes().decode("gb18030").splitlines()
    kept = [line for line in lines if not line.startswith(("0001_000357", "0001_000410"))]
    table.write_bytes("\n".join((*kept, "", "0001_000410 我 Angry", "nonsense")).encode("gb18030"))
    found = entries("esd", tmp_path)
    assert (found["0001_000357.wav"].text, found["0001_000357.wav"].language) == (texts[7], "zh"), "from the other emotions"
    assert (found["0001_000410.wav"].text, found["0001_000410.wav"].text_id) == ("我", "esd-zh-060")
    assert (found["0001_000007.wav"].sex, found["0001_000007.wav"].split) == ("female", "evaluation")


def test_ravdess_without_song_and_video(tmp_path):
    trees.ravdess(tmp_path)
    found = entries("ravdess", tmp_path)
    assert sorted(found) == ["03-01-02-01-01-02-12.wav", "03-01-05-01-02-01-12.wav", "03-01-08-02-01-01-19.wav"]
    angry, surprised = found["03-01-05-01-02-01-12.wav"], found["03-01-08-02-01-01-19.wav"]
    assert (angry.speaker, angry.sex, angry.emotion, angry.text_id) == ("ravdess-12", "female", "angry", "ravdess-02")
    assert (angry.text, angry.split) == ("Dogs are sitting by the door.", "train")
    assert (surprised.sex, surprised.emotion, surprised.split) == ("male", "surprised", "dev")
    assert found["03-01-02-01-01-02-12.wav"].emotion == "calm"


def test_cremad_with_its_demographics(tmp_path):
    trees.cremad(tmp_path)
    found = entries("cremad", tmp_path)
    angry = found["1001_DFA_ANG_XX.wav"]
    assert (angry.speaker, angry.sex, angry.emotion, angry.text) == ("cremad-1001", "female", "angry", "Don't forget a jacket.")
    assert (found["1040_ITH_NEU_X.wav"].emotion, found["1040_ITH_NEU_X.wav"].sex) == ("neutral", "male")
    (tmp_path / "VideoDemographics.csv").unlink()
    assert {entry.sex for entry in entries("cremad", tmp_path).values()} == {""}


def test_emodb_in_german(tmp_path):
    trees.emodb(tmp_path / "download")
    found = entries("emodb", tmp_path)
    happy = found["03a01Fa.wav"]
    assert (happy.speaker, happy.sex, happy.emotion, happy.language) == ("emodb-03", "male", "happy", "de")
    assert (happy.text_id, happy.text, happy.split) == ("emodb-a01", "Der Lappen liegt auf dem Eisschrank.", "train")
    assert {name[:7]: entry.emotion for name, entry in found.items()} == {
        "03a01Fa": "happy", "03a01Nc": "neutral", "08b10Wa": "angry", "15a02La": "bored", "16a07Eb": "disgusted"}
    assert {entry.speaker for entry in found.values() if entry.split == "dev"} == {"emodb-15", "emodb-16"}


def test_nemo_in_polish_with_its_table(tmp_path):
    trees.nemo(tmp_path)
    found = entries("nemo", tmp_path)
    surprised, fearful = found["WR0_surprised_64.wav"], found["EB0_fear_13.wav"]
    assert (surprised.speaker, surprised.sex, surprised.emotion, surprised.split) == ("nemo-wr0", "male", "surprised", "dev")
    assert (surprised.text, surprised.language) == ("„Ucho” wykrywa dźwięki.", "pl")
    assert (fearful.speaker, fearful.emotion, fearful.split) == ("nemo-eb0", "fearful", "train")
    assert surprised.text_id == found["EB0_neutral_64.wav"].text_id != fearful.text_id


def test_nemo_with_another_table_says_which_columns_it_expected(tmp_path):
    trees.nemo(tmp_path)
    trees.write(tmp_path / "data.tsv", "name,mood\n")
    with pytest.raises(CorpusError, match="expected the columns file_id, raw_text, gender, found name,mood"):
        read_corpus("nemo", tmp_path)


def test_timit_with_sphere_headers_and_riff_copies(tmp_path):
    trees.timit(tmp_path / "TIMIT")
    assert (tmp_path / "TIMIT/TRAIN/DR1/FCJF0/SA1.WAV").read_bytes().startswith(b"NIST_1A"), "the tree is as published"
    found = {(entry.speaker, entry.text_id): (entry, seconds) for entry, seconds in read_corpus("timit", tmp_path).rows}
    first, seconds = found["timit-fcjf0", "timit-sa1"]
    assert (first.sex, first.emotion, first.split) == ("female", "unlabelled", "train")
    assert (first.text, seconds) == ("She had your dark suit in greasy wash water all year.", 0.25)
    assert len(found) == 3 and found["timit-fcjf0", "timit-sx37"][1] == 0.5, "the RIFF copy is taken, once"
    assert (found["timit-mpgh0", "timit-sa1"][0].split, found["timit-mpgh0", "timit-sa1"][0].sex) == ("test", "male")


def test_timit_in_lower_case(tmp_path):
    trees.record(tmp_path / "timit/train/dr1/fcjf0/sa1.wav")
    trees.write(tmp_path / "timit/train/dr1/fcjf0/sa1.txt", "0 100 She had.")
    assert [(entry.text, entry.speaker) for entry in entries("timit", tmp_path).values()] == [("She had.", "timit-fcjf0")]


@pytest.mark.parametrize("below", ["", "LibriSpeech", "LibriSpeech/test-clean"])
def test_librispeech_from_its_root_or_one_subset(tmp_path, below):
    trees.librispeech(tmp_path)
    found = entries("librispeech", tmp_path / below)
    entry = found["61-70968-0001.flac"]
    assert len(found) == (2 if "test" in below else 6)
    assert (entry.speaker, entry.sex, entry.emotion, entry.split) == ("librispeech-61", "male", "unlabelled", "test")
    assert (entry.text, entry.text_id) == ("GIVE NOT SO EARNEST A MIND", "librispeech-61-70968-0001")


def test_a_manifest_has_the_columns_and_lengths_and_is_read_back(tmp_path):
    trees.esd(tmp_path / "esd", "0012", TEXTS, "utf-8", TEXTS, subsets=True)
    manifest = read_corpus("esd", tmp_path / "esd")
    write_manifest(tmp_path / "manifest.csv", manifest)
    rows = list(csv.DictReader((tmp_path / "manifest.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == COLUMNS and {row["licence"] for row in rows} == {CORPORA["esd"].licence}
    assert all(float(row["seconds"]) == 0.25 and not Path(row["path"]).is_absolute() for row in rows)
    clips = read_manifest(tmp_path / "manifest.csv")
    assert [clip.path for clip in clips] == [entry.path for entry, _ in manifest.rows]
    assert all(clip.path.is_file() for clip in clips)
    (tmp_path / "elsewhere").mkdir()
    write_manifest(tmp_path / "elsewhere" / "manifest.csv", manifest)
    assert all(clip.path.is_file() for clip in read_manifest(tmp_path / "elsewhere" / "manifest.csv"))


def test_recordings_that_cannot_be_read_are_left_out_and_told(tmp_path):
    trees.emodb(tmp_path)
    trees.write(tmp_path / "wav" / "03a01Fa.wav", b"not audio")
    trees.write(tmp_path / "wav" / "._08b10Wa.wav", b"what a Mac adds")
    manifest = read_corpus("emodb", tmp_path)
    assert [path.name for path in manifest.left_out] == ["03a01Fa.wav"] and len(manifest.rows) == 4


def test_git_lfs_pointers_are_named_as_such(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    trees.write(tmp_path / "AudioWAV" / "1001_DFA_ANG_XX.wav", pointer)
    with pytest.raises(CorpusError, match="git lfs pull"):
        read_corpus("cremad", tmp_path)


@pytest.mark.parametrize("name", CORPORA)
def test_another_layout_says_what_was_expected_and_found(tmp_path, name):
    trees.record(tmp_path / "speakers" / "anna" / "1.wav")
    with pytest.raises(CorpusError) as caught:
        read_corpus(name, tmp_path)
    sentence = str(caught.value)
    assert CORPORA[name].layout in sentence and sentence.endswith("found speakers/.") and "\n" not in sentence


@pytest.mark.parametrize("name", CORPORA)
def test_an_empty_or_missing_folder(tmp_path, name):
    with pytest.raises(CorpusError, match="found an empty folder"):
        read_corpus(name, tmp_path)
    with pytest.raises(CorpusError, match="There is no folder"):
        read_corpus(name, tmp_path / "nowhere")


def test_the_layout_without_recordings(tmp_path):
    (tmp_path / "0011" / "Angry").mkdir(parents=True)
    with pytest.raises(CorpusError, match="no recordings"):
        read_corpus("esd", tmp_path)


def test_an_unknown_corpus():
    with pytest.raises(ZestError, match="no reader for the corpus 'iemocap'"):
        read_corpus("iemocap", Path("."))


def test_no_half_manifest_where_it_cannot_be_written(tmp_path):
    trees.emodb(tmp_path)
    with pytest.raises(OutputError, match="there is no folder"):
        write_manifest(tmp_path / "missing" / "manifest.csv", read_corpus("emodb", tmp_path))


def test_held_out_speakers_are_a_seeded_share_of_each_sex():
    sexes = {f"speaker-{index}": "female" if index < 40 else "male" for index in range(60)}
    chosen = held_out(sexes)
    assert [sum(sexes[name] == sex for name in chosen) for sex in ("female", "male")] == [4, 2]
    assert held_out(dict(reversed(sexes.items()))) == chosen != held_out(sexes, seed=1)
    assert held_out({"alone": "male"}) == set()


def test_decode_never_fails():
    assert decode("zażółć".encode("utf-16")) == "zażółć"
    assert decode(b"It\x92s") == "It’s"
    assert "abc" in decode(bytes(range(1, 256)))


def test_zest_manifest_writes_a_file_and_reports_it(zest_here, tmp_path):
    trees.esd(tmp_path / "ESD", "0011", TEXTS, "utf-8", TEXTS)
    result = zest_here("manifest", "esd", "ESD", "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    document = json.loads(result.stdout)
    assert (document["recordings"], document["speakers"], document["left_out"]) == (15, 1, [])
    assert len(read_manifest(tmp_path / "manifest-esd.csv")) == 15
    wrong = zest_here("manifest", "timit", "ESD", "-o", "timit.csv")
    assert wrong.returncode == exit_codes.BAD_INPUT and "expected recordings such as TRAIN/DR1" in wrong.stderr
    assert "Traceback" not in wrong.stderr and not (tmp_path / "timit.csv").exists()


def test_help_names_every_corpus(zest_here):
    words = zest_here("manifest", "--help").stdout.replace(",", " ").replace(".", " ").split()
    assert set(CORPORA) <= set(words)
