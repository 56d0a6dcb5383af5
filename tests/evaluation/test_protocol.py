"""`zest protocol`: the paper's settings from any manifest, balanced, seeded, refusing with a reason; and lists of pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.pair import Pair, PairsError, pairs_hash, read_pairs, write_pairs
from evaluation.protocol import SETTINGS, PairProtocol, esd_test, make_protocol, unseen
from evaluation.protocol.make import ESD_PUBLISHED
from pipelines.errors import OutputError, RecipeError, ZestError
from pipelines.training.data.corpus import Clip
from tests.support.encodings import wav_bytes
from workbench.cli import exit_codes
from workbench.cli.app import app

EMOTIONS = ("neutral", "angry", "happy", "sad", "surprised", "fearful", "disgusted")


def clip(corpus: str, speaker: str, emotion: str, text: str, take: str = "1", **changes: object) -> Clip:
    name = f"{corpus}-{speaker}-{emotion}-{text}-{take}.wav"
    values = {"path": Path("/speech", name), "corpus": corpus, "speaker": f"{corpus}-{speaker}", "emotion": emotion,
              "language": "en", "text_id": f"{corpus}-{text}", "text": f"Text {text}.", "seconds": 3.0, "split": "dev"}
    return Clip(**values | changes)


def parallel(corpus: str = "acted", speakers: int = 4, texts: int = 3, emotions: Iterable[str] = EMOTIONS,
             takes: Iterable[str] = ("1",), **changes: object) -> list[Clip]:
    """A corpus in which every speaker says every text in every emotion."""
    return [clip(corpus, f"s{speaker}", emotion, f"t{text}", take, **changes)
            for speaker, text, emotion, take in product(range(speakers), range(texts), emotions, takes)]


def esd_tree(subset: str = "test") -> list[Clip]:
    """The clips that `zest manifest esd` lists of ESD's English part, test sentences 21 to 50 and one of training."""
    five = ("neutral", "angry", "happy", "sad", "surprised")
    return [clip("esd", f"{speaker:04d}", emotion, f"en-{text:03d}", split=subset if text <= 50 else "train")
            for speaker, text, emotion in product(range(11, 21), (*range(21, 51), 51), five)]


def checked(protocol: PairProtocol, clips: list[Clip]) -> dict[str, list[tuple[Clip, Clip, Pair]]]:
    """Setting to (source, reference, pair), after checking what holds in every setting."""
    by_path = {item.path: item for item in clips}
    found: dict[str, list[tuple[Clip, Clip, Pair]]] = {}
    for pair in protocol.pairs:
        source, reference = by_path[pair.source], by_path[pair.reference]
        assert (pair.source_speaker, pair.reference_speaker, pair.text) == (source.speaker, reference.speaker, source.text)
        assert (pair.emotion, pair.source_emotion, pair.language) == (reference.emotion, source.emotion, source.language)
        found.setdefault(pair.setting, []).append((source, reference, pair))
    assert len({pair.id for pair in protocol.pairs}) == len(protocol.pairs)
    assert len({(pair.setting, pair.source, pair.reference) for pair in protocol.pairs}) == len(protocol.pairs), "no pair twice"
    return found


def test_settings_are_what_their_names_say():
    clips = parallel() + [clip("books", f"b{index}", "unlabelled", f"t{index}") for index in range(3)]
    found = checked(make_protocol(clips, per_setting=None), clips)
    assert set(found) == set(SETTINGS)
    same = {"ssst": (True, True), "ssdt": (True, False), "dsst": (False, True), "dsdt": (False, False)}  # speaker, text
    for name, (speaker, text) in same.items():
        for source, reference, _ in found[name]:
            assert (source.speaker == reference.speaker, source.text_id == reference.text_id) == (speaker, text)
            assert source.emotion == "neutral" and reference.emotion in ("angry", "happy", "sad", "surprised")
    assert all(source.corpus == "books" and reference.emotion in ("angry", "happy", "sad", "surprised")
               for source, reference, _ in found["uss"])
    assert {reference.emotion for _, reference, _ in found["ute"]} == {"fearful", "disgusted"}
    assert all(source.speaker != reference.speaker and source.text_id != reference.text_id and source.emotion == "neutral"
               for source, reference, _ in found["ute"])
    assert {name: len(pairs) for name, pairs in found.items()} == {
        "ssst": 4 * 3 * 4, "ssdt": 4 * 3 * 4 * 2, "dsst": 4 * 3 * 4 * 3, "dsdt": 4 * 3 * 4 * 3 * 2, "uss": 3 * 4 * 12,
        "ute": 4 * 3 * 2 * 3 * 2}


def test_the_published_counts_come_out_for_a_full_esd_test_tree():
    clips = esd_tree() + parallel("other", split="test")
    protocol = esd_test(clips)
    assert protocol.counts == ESD_PUBLISHED == {"ssst": 1200, "ssdt": 1160, "dsst": 10_800, "dsdt": 10_440}
    found = checked(protocol, clips)
    sources = {(source.speaker, source.text_id) for name in ("ssdt", "dsdt") for source, _, _ in found[name]}
    assert len(sources) == 10 and ("esd-0014", "esd-en-032") in sources and ("esd-0020", "esd-en-047") in sources
    assert all("en-051" not in pair.source.name and pair.source.name.startswith("esd") for pair in protocol.pairs)
    assert all(pair.parallel for pair in protocol.pairs if pair.setting != "ssst")


def test_esd_test_without_its_speakers_or_sentences():
    with pytest.raises(RecipeError, match="no English speaker of ESD"):
        esd_test(parallel(split="test"))
    few = [item for item in esd_tree() if item.text_id in ("esd-en-048", "esd-en-049")]
    protocol = esd_test(few)
    assert protocol.counts == {"ssst": 80, "ssdt": 0, "dsst": 720, "dsdt": 0} and set(protocol.refusals) == {"ssdt", "dsdt"}


@pytest.mark.parametrize("number", [8, 16, 40])
def test_any_number_of_pairs_is_balanced_over_speakers_and_emotions(number):
    clips = parallel(speakers=4, texts=5)
    for name, pairs in checked(make_protocol(clips, ["ssdt", "dsst", "dsdt"], per_setting=number), clips).items():
        assert len(pairs) == number, name
        for key in (lambda source, _: source.speaker, lambda _, reference: reference.emotion):
            counts = Counter(key(source, reference) for source, reference, _ in pairs)
            assert len(counts) == 4 and max(counts.values()) == min(counts.values()), (name, counts)
    found = checked(make_protocol(clips, ["dsdt"], per_setting=48), clips)["dsdt"]
    references, texts = (Counter(values) for values in (
        [reference.speaker for _, reference, _ in found], [source.text_id for source, _, _ in found]))
    assert max(references.values()) <= 2 * min(references.values()) and len(references) == 4
    assert max(texts.values()) <= 2 * min(texts.values()) and len(texts) == 5


def test_more_pairs_contain_the_fewer():
    clips = parallel()
    few, many = (make_protocol(clips, ["dsdt"], per_setting=number).pairs for number in (10, 50))
    assert many[:10] == few


def test_same_manifest_and_seed_give_the_same_hash_wherever_it_lies_and_however_it_is_sorted():
    clips = parallel()
    moved = [clip("acted", item.speaker[6:], item.emotion, item.text_id[6:], path=Path("/elsewhere", item.path.name))
             for item in reversed(clips)]
    first, again = make_protocol(clips, per_setting=9), make_protocol(moved, per_setting=9)
    other = make_protocol(clips, seed=1, per_setting=9)
    assert first.hash == again.hash != other.hash and len(first.hash) == 12
    assert [pair.source.name for pair in first.pairs] == [pair.source.name for pair in again.pairs]
    assert set(first.counts) == set(other.counts) == set(SETTINGS) and first.counts["dsdt"] == 9


def test_parallel_recording_is_the_sources_speaker_and_sentence_in_the_target_emotion_and_never_the_reference():
    clips = parallel(takes=("1", "2"))
    by_path = {item.path: item for item in clips}
    for name, pairs in checked(make_protocol(clips, ["ssst", "ssdt", "dsst", "dsdt", "ute"]), clips).items():
        for source, _, pair in pairs:
            if name == "ssst":  # the reference is such a recording itself: copying it must not be rewarded
                assert pair.parallel is None
                continue
            take = by_path[pair.parallel]
            assert (take.speaker, take.text_id, take.emotion) == (source.speaker, source.text_id, pair.emotion)
            assert pair.parallel != pair.reference


def test_unlabelled_sources_have_no_parallel_and_take_references_in_their_language():
    clips = [clip("books", "b", "unlabelled", "t"), *parallel("english", 1), *parallel("polish", 3, language="pl")]
    found = checked(make_protocol(clips, ["uss"]), clips)["uss"]
    assert {reference.corpus for _, reference, _ in found} == {"english"}
    assert all(pair.parallel is None and pair.source_emotion == "unlabelled" for _, _, pair in found)
    foreign = [clip("books", "b", "unlabelled", "t", language="fr"), *parallel("polish", 3, language="pl")]
    assert make_protocol(foreign, ["uss"]).counts["uss"] > 0, "without one in the language, any will do"


def test_an_emotional_corpus_with_unlabelled_speakers_is_no_source_of_unseen_speakers():
    clips = parallel() + [clip("acted", "plain", "unlabelled", "t0")]
    assert "a corpus without emotion labels" in make_protocol(clips, ["uss", "ssst"]).refusals["uss"]


@pytest.mark.parametrize(("clips", "refused", "reason"), [
    (parallel(speakers=1), {"dsst", "dsdt", "ute", "uss"}, "two speakers of one corpus"),
    (parallel(texts=1), {"ssdt", "dsdt", "ute", "uss"}, "another sentence"),
    (parallel(emotions=("neutral", "sad")), {"ute", "uss"}, "labelled fearful or disgusted"),
    (parallel(emotions=("angry", "sad")), {"ssst", "ssdt", "dsst", "dsdt", "uss", "ute"}, "labelled neutral"),
    (parallel(emotions=("neutral", "fearful")), {"ssst", "ssdt", "dsst", "dsdt", "uss"}, "labelled angry or happy"),
    (parallel(text_id=""), {"ssst", "ssdt", "dsst", "dsdt", "uss", "ute"}, "sentence"),
])
def test_a_setting_that_a_corpus_cannot_serve_is_refused_in_one_sentence(clips, refused, reason):
    protocol = make_protocol(clips)
    assert set(protocol.refusals) == refused
    assert any(reason in sentence for sentence in protocol.refusals.values())
    for name, sentence in protocol.refusals.items():
        assert sentence.startswith(f"Setting {name} (") and sentence.endswith(".") and "\n" not in sentence
        assert protocol.counts[name] == 0


def test_a_count_is_shared_between_the_settings_and_what_one_lacks_the_others_give():
    clips = parallel(speakers=2, texts=2, emotions=("neutral", "sad"))
    assert make_protocol(clips, ["ssst", "dsdt"], count=6).counts == {"ssst": 3, "dsdt": 3}
    assert make_protocol(clips, ["ssst", "dsdt"], count=100).counts == {"ssst": 4, "dsdt": 4}
    assert make_protocol(clips, ["ssst", "ssdt", "dsst"], count=1).refusals == {}
    wide = parallel(texts=2) + [clip("books", "b", "unlabelled", "t")]
    assert make_protocol(wide, ["ssst", "dsdt"], count=100).counts == {"ssst": 32, "dsdt": 68}


def test_only_recordings_of_the_split_and_the_length_are_used():
    clips = parallel() + parallel("train", split="train") + parallel("long", seconds=11.0) + parallel("short", seconds=0.9)
    assert {pair.source_speaker.split("-")[0] for pair in make_protocol(clips, ["ssst"]).pairs} == {"acted"}
    both = make_protocol(clips, ["ssst"], split="dev, train", seconds=(0.5, 20), per_setting=None)
    assert {pair.source_speaker.split("-")[0] for pair in both.pairs} == {"acted", "train", "long", "short"}
    assert make_protocol(clips, ["ssst"], split="all", seconds=(0, 99), per_setting=None).hash == both.hash


def test_speakers_of_a_training_are_left_out():
    training = parallel(speakers=2, split="train") + parallel("acted", speakers=3)
    left = unseen(parallel(), training)
    assert {item.speaker for item in left} == {"acted-s2", "acted-s3"}
    with pytest.raises(RecipeError, match="No recording is left"):
        unseen(parallel(speakers=2), training)


@pytest.mark.parametrize(("options", "words"), [
    ({"settings": ["sst"]}, "no setting 'sst'"), ({"settings": []}, "the settings are"), ({"split": "test"}, "it has dev"),
    ({"seconds": (5.0, 10.0)}, "is 5 to 10 s long"), ({"seconds": (5.0, 1.0)}, "swap"), ({"per_setting": 0}, "1 or more"),
    ({"count": -1}, "1 or more")])
def test_what_cannot_be_asked_for(options, words):
    with pytest.raises(ZestError, match=words):
        make_protocol(parallel(), **options)


def test_a_setting_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("evaluation.protocol.make.MOST", 20)
    with pytest.raises(RecipeError, match="more than 20 pairs"):
        make_protocol(parallel(), ["dsdt"], per_setting=None)
    assert len(make_protocol(parallel(), ["dsdt"], per_setting=25).pairs) == 25


# -- lists of pairs


def test_pairs_are_read_back_as_written(tmp_path):
    pairs = list(make_protocol(parallel(), per_setting=5).pairs)
    write_pairs(tmp_path / "pairs.csv", pairs)
    assert read_pairs(tmp_path / "pairs.csv") == pairs and pairs_hash(read_pairs(tmp_path / "pairs.csv")) == pairs_hash(pairs)


def test_paths_in_a_list_are_relative_to_it(tmp_path):
    pair = Pair("a", tmp_path / "wavs" / "s.wav", tmp_path / "wavs" / "r.wav", "sad")
    write_pairs(tmp_path / "pairs.csv", [pair])
    assert "wavs/s.wav" in (tmp_path / "pairs.csv").read_text() and str(tmp_path) not in (tmp_path / "pairs.csv").read_text()


def test_the_hash_knows_speakers_of_equal_file_names():
    """TIMIT: every speaker has an SA1.WAV."""
    first, other = (Pair("a", Path(name, "SA1.WAV"), Path("r.wav"), "sad", source_speaker=name) for name in ("fcjf0", "mpgh0"))
    assert pairs_hash([first]) != pairs_hash([other])


def test_a_minimal_list_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes("\ufeffsource,reference,emotion\na.wav,b.wav,sad\nc.wav,d.wav,angry\n".encode())
    first, second = read_pairs(path)
    assert (first.id, first.source, first.emotion) == ("00000", tmp_path / "a.wav", "sad")
    assert second.reference == tmp_path / "d.wav"


@pytest.mark.parametrize(("content", "words"), [
    (b"", "cannot be read as a CSV"), (b"\x89PNG\r\n\x1a\n\x00\xff\xfe\xfa", "cannot be read as a CSV|no column"),
    (b"source,reference\na,b\n", "no column 'emotion'"), (b"source|reference|emotion\na|b|sad\n", "no column"),
    (b"source,reference,emotion\n", "no pairs"),
    (b"source,reference,emotion\na,,sad\n", "Line 2 of the list of pairs has no reference"),
    (b"source,reference,emotion\na,b\n", "Line 2 of the list of pairs has no emotion"),
    (b"source,reference,emotion,text\na,b,sad,Well, well\nc,d,sad,So, so\n", "no row longer"),
    (b"id,source,reference,emotion\nx,a,b,sad\nx,a,b,sad\n", "two pairs with the id 'x'"),
    (b"id,source,reference,emotion\n../x,a,b,sad\n", "cannot be a file name"),
    (b"id,source,reference,emotion\na/b,a,b,sad\n", "cannot be a file name"),
    (b"id,source,reference,emotion\na\\b,a,b,sad\n", "cannot be a file name"),
    (b"id,source,reference,emotion\n.hidden,a,b,sad\n", "cannot be a file name"),
    (b"id,source,reference,emotion\n" + b"x" * 300 + b",a,b,sad\n", "cannot be a file name"),
])
def test_a_bad_list_of_pairs_gets_one_sentence(tmp_path, content, words):
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(PairsError, match=words) as caught:
        read_pairs(tmp_path / "pairs.csv")
    assert "\n" not in str(caught.value)
    with pytest.raises(PairsError, match="There is no list of pairs"):
        read_pairs(tmp_path / "missing.csv")


# -- command line

CLIP = wav_bytes(0.1 * np.ones(800), 16_000)


def manifest(path: Path, clips: list[Clip]) -> list[Clip]:
    """Write it with recordings beside it; returns the clips as they lie there."""
    clips = [replace(item, path=path.parent / item.path.name) for item in clips]
    columns = ("path", "corpus", "speaker", "emotion", "language", "text_id", "text", "seconds", "split")
    rows = [",".join(str(getattr(item, name)) for name in columns) for item in clips]
    path.write_text("\n".join((",".join(columns), *rows)))
    for item in clips:
        item.path.write_bytes(CLIP)
    return clips


def test_zest_protocol_writes_pairs_and_tells_what_it_refused(zest_here, tmp_path):
    clips = manifest(tmp_path / "manifest.csv", parallel(speakers=1, emotions=("neutral", "sad")))
    result = zest_here("protocol", "--manifest", "manifest.csv", "--settings", "ssst,dsst", "--seed", "3", "-o", "pairs.csv",
                       "--json")
    assert result.returncode == exit_codes.OK, result.stderr
    document = json.loads(result.stdout)
    pairs = read_pairs(tmp_path / "pairs.csv")
    assert (document["hash"], document["counts"]) == (pairs_hash(pairs), {"ssst": 3, "dsst": 0})
    assert pairs == list(make_protocol(clips, ["ssst", "dsst"], 3).pairs), "the same as from Python"
    assert "Setting dsst" in result.stderr and "Wrote pairs.csv: 3 pairs" in result.stderr


def test_strict_writes_nothing_where_a_setting_cannot_be_served(zest_here, tmp_path):
    manifest(tmp_path / "manifest.csv", parallel(speakers=1, emotions=("neutral", "sad")))
    result = zest_here("protocol", "--manifest", "manifest.csv", "--settings", "ssst,dsst", "--strict", "-o", "pairs.csv")
    assert result.returncode == exit_codes.BAD_INPUT and "Nothing was written" in result.stderr
    assert "Traceback" not in result.stderr and not (tmp_path / "pairs.csv").exists()


def test_manifests_are_joined_and_training_speakers_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest(tmp_path / "acted.csv", parallel(speakers=3))
    manifest(tmp_path / "books.csv", [clip("books", "b", "unlabelled", "t")])
    manifest(tmp_path / "training.csv", parallel(speakers=2, split="train"))
    arguments = ("--manifest", "acted.csv", "--manifest", "books.csv", "--unseen-by", "training.csv", "--settings", "uss,ssst")
    result = CliRunner().invoke(app, ["protocol", *arguments, "-o", "pairs.csv"])
    assert result.exit_code == exit_codes.OK, result.exception
    pairs = read_pairs(tmp_path / "pairs.csv")
    assert {pair.source_speaker for pair in pairs} == {"books-b", "acted-s2"}
    assert {pair.reference_speaker for pair in pairs} == {"acted-s2"}


@pytest.mark.parametrize(("arguments", "error", "words"), [
    (("--settings", "dsst"), RecipeError, "no setting can be served"), (("--count", "3", "--all"), ZestError, "Only one of"),
    (("--esd-test",), RecipeError, "no English speaker"), (("-o", "missing/pairs.csv"), OutputError, "there is no folder")])
def test_zest_protocol_that_can_make_nothing_writes_nothing(tmp_path, monkeypatch, arguments, error, words):
    monkeypatch.chdir(tmp_path)
    manifest(tmp_path / "manifest.csv", parallel(speakers=1, emotions=("neutral", "sad")))
    result = CliRunner().invoke(app, ["protocol", "--manifest", "manifest.csv", "-o", "pairs.csv", *arguments])
    assert isinstance(result.exception, error) and words in str(result.exception)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".wav"] == ["manifest.csv"]


@pytest.mark.parametrize(("content", "words"), [
    (b"\x00\xff\xfe\xfa\x89PNG", "cannot be read as a CSV"), (b"path,corpus\na,b\n", "no column"),
    (b"path,corpus,speaker,emotion,language,text_id,text,seconds,split\na,b,c,sad,en,1,x,long,dev\n",
     "'long' as seconds in line 2")])
def test_a_bad_manifest_gets_one_sentence(tmp_path, content, words):
    from pipelines.training.data.corpus import read_manifest

    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(RecipeError, match=words):
        read_manifest(tmp_path / "manifest.csv")
