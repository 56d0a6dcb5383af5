"""The score card: numbers of the same metrics beside natural speech, words that changed, nothing lost when a model is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.natural_reference.stored import FILE, StoredReference, measure, stored_reference
from evaluation.run.observations import Observations
from evaluation.score_card import SUBJECTS, WordChange, changes, score_card
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import save
from tests.support.speech import MAN, WOMAN, in_emotion, speak
from workbench.score_card.card import card_html, changes_html
from workbench.score_card.text import card_text

LENGTHS = {"source": 0.6, "reference": 0.7, "converted": 0.8}  # s: how the observers below tell the recordings apart
EMOTIONS = {"source": {"neutral": 0.9, "angry": 0.1}, "reference": {"neutral": 0.2, "angry": 0.8},
            "converted": {"neutral": 0.3, "angry": 0.7}}
TEXTS = {"source": "The cat sat <b>down</b>.", "reference": "Go away!", "converted": "The hat sat <b>down</b> now."}
VOICES = {"source": [1.0, 0.0], "reference": [0.0, 1.0], "converted": [0.8, 0.6]}
FLAT = {"source": 100.0, "reference": 200.0, "converted": 150.0}  # Hz
HEARD = {"transcript@base": {name: {"text": text, "seconds": 1.0} for name, text in TEXTS.items()},
         "emotion@acoustic": EMOTIONS, "emotion@whisper": EMOTIONS, "emotion@egemaps": EMOTIONS, "voice@resemblyzer": VOICES,
         "f0": {name: {"hz": [hz] * 50, "step": 0.01} for name, hz in FLAT.items()},
         "distillmos": {"source": 4.0, "reference": 3.5, "converted": 2.5}}
CONFUSION = {"angry": {"neutral": 1, "angry": 3}, "neutral": {"neutral": 4, "angry": 0}}
CROSS = {"mean": 0.7, "p5": 0.6, "p95": 0.8, "pairs": 9}
NATURAL = StoredReference({"emotion@acoustic-1": {"accuracy": 87.5, "clips": 8, "confusion": CONFUSION}},
                    {"voice@resemblyzer-1": {"threshold": 0.55, "cross_emotion": CROSS}}, "twelve made-up clips")


@dataclass(frozen=True)
class Known:
    """Hears what was written down beforehand, by the length of the clip."""

    name: str
    missing: str = ""
    crashes: bool = False
    per_language: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.name}-1"

    def observe(self, clips, language):
        if self.missing:
            raise ZestError(self.missing)
        if self.crashes:
            raise IndexError("off by one")
        self.asked.append(language)
        names = {round(seconds * 16_000): name for name, seconds in LENGTHS.items()}
        return [HEARD[self.name][names[len(clip)]] for clip in clips]

    def unavailable(self):
        return self.missing or None


@pytest.fixture
def paths(tmp_path) -> dict[str, Path]:
    made = {name: tmp_path / f"{name}.wav" for name in LENGTHS}
    for name, path in made.items():
        save(path, speak(MAN, LENGTHS[name]))
    return made


def observers(**other):
    return {name: Known(name) for name in HEARD} | other


def card_of(paths, reference=True, listeners=None, **options):
    observations = Observations(None, listeners or observers())
    return score_card(paths["source"], paths["reference"] if reference else None, paths["converted"],
                      observations=observations, natural=options.pop("natural", NATURAL), **options)


def test_every_number_is_what_can_be_computed_by_hand(paths):
    card = card_of(paths, emotion="angry")
    assert card.words.cer == pytest.approx(100 * 5 / 16), "c to h, and ' now', of 16 characters"
    assert card.words.wer == pytest.approx(100 * 2 / 4), "normalised: without tags and full stop"
    assert card.words.against == "source" and card.words.source_cer is None
    headline = card.emotions[0]
    assert headline.judge == "acoustic"
    assert (headline.before["angry"], headline.after["angry"], headline.reference["angry"]) == (0.1, 0.7, 0.8)
    assert (headline.natural_accuracy, headline.natural_target, headline.natural_clips) == (87.5, 75.0, 8)
    assert (card.voice.to_source, card.voice.to_reference, card.voice.source_to_reference) == pytest.approx((0.8, 0.6, 0.0))
    assert (card.voice.threshold, card.voice.cross_emotion["mean"]) == (0.55, 0.7)
    assert card.f0.mean_shift == pytest.approx(12 * np.log2(1.5))
    assert card.f0.mean_error == pytest.approx(12 * np.log2(4 / 3))
    heights = [one.mean_hz for one in (card.f0.source, card.f0.reference, card.f0.converted)]
    assert heights == pytest.approx([100, 200, 150])
    assert (card.naturalness.source, card.naturalness.converted) == (4.0, 2.5)
    assert card.not_measured == {}
    json.dumps(card.document(), allow_nan=False)


def test_with_a_text_the_natural_source_has_a_cer_of_its_own(paths):
    card = card_of(paths, text="The cat sat.")
    assert card.words.against == "text"
    assert card.words.source_cer == pytest.approx(100 * 5 / 11), "' down' was recognised in the source, too"


def test_a_preset_has_no_reference_and_nothing_is_said_about_one(paths):
    card = card_of(paths, reference=False, emotion="angry")
    assert card.voice.to_reference is None and card.f0.reference is None and card.f0.mean_error is None
    assert card.emotions[0].reference is None and card.naturalness.reference is None
    assert "to reference" not in card_html(card).lower() and "<th>Reference</th>" not in card_html(card)


def test_a_reference_of_another_model_is_not_known_rather_than_wrong(paths):
    card = card_of(paths, emotion="angry")
    assert card.emotions[1].natural_accuracy is None, "nothing is stored under the key of whisper"
    assert "not known for this recording" in card_html(card)
    empty = card_of(paths, natural=StoredReference())
    assert empty.voice.threshold is None and "Natural reference: not known" in card_html(empty)


def test_a_missing_and_a_crashing_model_cost_only_their_own_subject(paths):
    listeners = observers(**{"transcript@base": Known("transcript@base", missing="Whisper is <not> here; install it."),
                             "f0": Known("f0", crashes=True)})
    card = card_of(paths, listeners=listeners)
    assert card.words is None and card.f0 is None and card.voice is not None and len(card.emotions) == 3
    assert card.not_measured["words"] == "Whisper is <not> here; install it."
    assert "IndexError" in card.not_measured["melody"]
    assert "not measured: Whisper is &lt;not&gt; here; install it." in card_html(card)


def test_progress_names_every_subject_once_and_ends(paths):
    seen = []
    card_of(paths, hook=lambda event: seen.append((event.stage, event.value)))
    assert seen == [*((name, (index, len(SUBJECTS))) for index, name in enumerate(SUBJECTS)), ("done", (len(SUBJECTS),) * 2)]


def test_the_language_reaches_the_recogniser(paths):
    words = Known("transcript@base", per_language=True)
    card_of(paths, listeners=observers(**{"transcript@base": words}), language="pl")
    assert set(words.asked) == {"pl"}


def test_a_language_that_the_recogniser_does_not_know_is_refused_before_anything_is_measured(paths):
    listeners = observers()
    with pytest.raises(ZestError, match="does not know the language 'xx'; use its two letters"):
        card_of(paths, listeners=listeners, language="xx")
    assert not any(one.asked for one in listeners.values()), "nothing is measured"
    assert card_of(paths, language="English").words is not None


def test_a_file_that_is_no_recording_is_one_sentence(paths):
    paths["converted"].write_text("no recording " * 99)
    with pytest.raises(AudioError, match="converted.wav is not a recording"):
        card_of(paths)


def test_changes_are_marked_and_escaped():
    found = changes("the cat sat", "the <i>hat</i> sat down")
    assert found == (WordChange("equal", "the", "the"), WordChange("substitute", "cat", "<i>hat</i>"),
                     WordChange("equal", "sat", "sat"),
                     WordChange("insert", "", "down"))
    marked = changes_html(found)
    assert marked == "the <del>cat</del> <ins>&lt;i&gt;hat&lt;/i&gt;</ins> sat <ins>down</ins>"
    assert changes_html(changes("a b", "")) == "<del>a b</del>"


def test_card_as_html_and_text_holds_no_markup_of_transcripts(paths):
    card = card_of(paths, emotion="angry", text="The cat <script>sat</script> down")
    shown, plain = card_html(card), card_text(card)
    assert "<th></th>" not in shown, "a head without text is none to a screen reader"
    assert "<script>" not in shown and "<b>down" not in shown
    assert "angry (target)" in shown and "10 → 70 %" in shown
    assert "Predicted MOS" in shown and "not the mean opinion of listeners" in shown
    assert "[-cat" in plain and "  target" in plain and "twelve made-up clips" in plain


def test_the_stored_reference_belongs_to_the_judges_that_ship():
    """Another judge in checkpoints/ needs its natural reference measured again: python -m evaluation.natural_reference.stored."""
    from evaluation.metrics.emotion import EmotionObserver

    document = json.loads(FILE.read_text())
    assert {EmotionObserver(judge).key for judge in ("acoustic", "whisper", "egemaps")} <= set(document["judges"])
    for judge in document["judges"].values():
        shares = [row[label] / sum(row.values()) for label, row in judge["confusion"].items()]
        assert judge["accuracy"] == pytest.approx(100 * np.mean(shares)) and judge["clips"] > 100
    assert all("centroids" not in voice for voice in document["voices"].values()), "no embeddings of people"
    assert stored_reference().about == document["about"]
    assert stored_reference(FILE.parent / "nowhere.json") == StoredReference()


@dataclass(frozen=True)
class Height:
    """An embedding that tells the man from the woman by their zero crossings."""

    key: str = "height-1"
    per_language: bool = False

    def observe(self, clips, language):
        angles = [np.mean(np.abs(np.diff(np.sign(clip)))) for clip in clips]
        return [[float(np.cos(8 * angle)), float(np.sin(8 * angle))] for angle in angles]


def test_the_script_measures_the_dev_split_only(tmp_path):
    """Two synthetic voices; the train clips would change the number of clips."""
    rows = ["path,corpus,speaker,sex,emotion,language,text_id,text,seconds,split,licence"]
    for voice, speaker in ((MAN, "man"), (WOMAN, "woman")):
        for index, emotion in enumerate(("neutral", "angry", "happy")):
            save(tmp_path / f"{speaker}{index}.wav", speak(in_emotion(voice, emotion), 1.2, index))
            split = "train" if emotion == "happy" else "dev"
            rows.append(f"{speaker}{index}.wav,made,{speaker},,{emotion},en,t,text,1.2,{split},none")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(rows) + "\n")
    measure(manifest, tmp_path / "marks.json", observers={"voice@resemblyzer": Height()})
    natural = stored_reference(tmp_path / "marks.json")
    assert list(natural.voices) == ["height-1"]
    voice, = natural.voices.values()
    assert natural.about.startswith("4 natural clips of 2 held-out speakers")
    assert voice["cross_emotion"]["pairs"] == 2 and -1 <= voice["threshold"] <= 1


def test_command_line_prints_the_card_and_refuses_what_is_no_recording(tmp_path, monkeypatch, capsys, paths):
    from workbench.cli import score as score_command

    card = replace(card_of(paths, emotion="angry"), not_measured={"voice": "Why.", "melody": "No frame."})
    monkeypatch.setattr("evaluation.score_card.score_card", lambda *given: card)
    score_command.score(paths["source"], Path("-"), paths["converted"], "", "angry", "en", True)
    said = capsys.readouterr()
    assert json.loads(said.out)["words"]["cer"] == pytest.approx(31.25)
    assert said.err == "voice was not measured: Why.\nF0 was not measured: No frame.\n"


def test_zest_score_with_a_missing_file_is_one_sentence(zest_here, paths):
    done = zest_here("score", paths["source"], "-", paths["source"].with_name("nowhere.wav"))
    assert done.returncode == 3 and "There is no file at" in done.stderr and "Traceback" not in done.stderr
