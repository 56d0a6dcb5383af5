"""A rendered plan: the source bit for bit where nothing changes, joins that nobody hears, and only changes rendered again."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from pipelines.errors import AudioError, OutputError, OverwriteError
from pipelines.features.audio import save, speech_level
from pipelines.features.writing import AudioForm
from pipelines.hooks import Event
from pipelines.plan.joins import FADE, MOST_CHANGE, crossfade, pause_at_edge
from pipelines.plan.phrases import plan_of
from pipelines.plan.rendering import partial_path, render, store_path, whole_recording
from pipelines.plan.segments import PlanError, Segment
from tests.support.speech import MAN, RATE, speak
from tests.support.talks import HUM, STRETCH, CountingConverter, talk, write_talk

PLAIN = Segment(0.0, 0.0, "sad", tempo=False)


@pytest.fixture(scope="module")
def spoken():
    """Four phrases, and where they are."""
    return talk([0.5, 0.9, 2.0, 0.6])


@pytest.fixture
def source(spoken, tmp_path):
    return write_talk(tmp_path / "talk.wav", spoken[0])


def samples_of(path):
    return soundfile.read(path, dtype="float32")[0]


def test_what_no_segment_changes_is_copied_bit_for_bit(source, tmp_path):
    first, second, third, *_ = plan_of(source)
    plan = [replace(first, emotion="keep"), replace(second, emotion="sad"), replace(third, emotion="sad", strength=0.0)]
    rendered = render(CountingConverter(), source, plan, tmp_path / "out.wav")
    own, result = samples_of(source), samples_of(tmp_path / "out.wav")
    start, end = round(second.start * RATE), round(second.end * RATE)
    np.testing.assert_array_equal(result[:start], own[:start])
    np.testing.assert_array_equal(result[len(result) - (len(own) - end):], own[end:])
    assert len(result) - len(own) == pytest.approx((STRETCH - 1) * (end - start), abs=0.03 * RATE)
    (piece,) = [piece for piece in rendered.pieces if piece.segment is not None]
    assert (piece.segment, piece.begins, rendered.seconds) == (1, start / RATE, len(result) / RATE)
    assert rendered.moment(second.end) == piece.ends


def test_a_plan_that_changes_nothing_is_a_copy_of_any_format(tmp_path, spoken):
    for rate, subtype, form in ((RATE, "PCM_16", ""), (RATE, "PCM_U8", ""), (44_100, "PCM_24", "24"), (48_000, "FLOAT", "float")):
        soundfile.write(tmp_path / "a.wav", spoken[0], rate, subtype=subtype)
        rendered = render(CountingConverter(), tmp_path / "a.wav", [Segment(0.0, 5.0)], tmp_path / "out.wav",
                          form=AudioForm(subtype=form))
        assert rendered.rate == soundfile.info(tmp_path / "out.wav").samplerate == rate
        np.testing.assert_array_equal(samples_of(tmp_path / "out.wav"), samples_of(tmp_path / "a.wav"))
    assert not store_path(tmp_path / "out.wav").exists(), "no folder without a phrase"


def steps(samples):
    return np.abs(np.diff(samples))


@pytest.mark.parametrize("tempo", [False, True])
def test_no_step_at_a_join_is_larger_than_inside(source, tmp_path, tempo):
    rendered = render(CountingConverter(), source, whole_recording(replace(PLAIN, tempo=tempo)), tmp_path / "out.wav")
    own, result, fade = samples_of(source), samples_of(tmp_path / "out.wav"), round(FADE * RATE)
    converted = [piece for piece in rendered.pieces if piece.segment is not None]
    assert len(converted) >= 4
    for piece in converted:
        start, end, begins, ends = (round(at * RATE) for at in (piece.start, piece.end, piece.begins, piece.ends))
        inside = steps(result[begins + 2 * fade:ends - 2 * fade]).max()
        for join, there in ((begins, own[max(0, start - fade):start + fade]), (ends, own[end - fade:end + fade])):
            assert steps(result[max(0, join - fade):join + fade]).max() <= np.hypot(inside, steps(there).max()) + HUM


def test_pieces_of_one_long_phrase_go_on_without_a_step_or_a_hole(tmp_path):
    source = save(tmp_path / "long.wav", speak(MAN, 25.0))
    rendered = render(CountingConverter(), source, whole_recording(PLAIN), tmp_path / "out.wav")
    result = samples_of(tmp_path / "out.wav")
    converted = [piece for piece in rendered.pieces if piece.segment is not None]
    ends = [piece.ends for piece, other in zip(converted, converted[1:]) if piece.end == other.start]
    assert ends and rendered.seconds == pytest.approx(25.0, abs=0.05)
    for end in ends:
        near = result[round((end - 0.04) * RATE):round((end + 0.04) * RATE)]
        levels = np.sqrt(np.square(near[:1280].reshape(-1, 160)).mean(axis=1))
        assert steps(near).max() <= 1.05 * 2 * np.pi * 300 / RATE * np.abs(near).max()
        assert levels.min() > 0.6 * min(levels[0], levels[-1]), "no hole and no click"


def test_a_crossfade_keeps_the_power_of_like_and_unlike_sounds():
    random = np.random.default_rng(0)
    one, other = random.standard_normal((2, 32_000)).astype(np.float32)
    np.testing.assert_allclose(crossfade(one, one), one, atol=1e-5)
    assert crossfade(one, other)[14_000:18_000].std() == pytest.approx(1.0, abs=0.05)


class Gate(CountingConverter):
    """Answers with the speech alone: what is softer than a tenth of it becomes nearly silent."""

    def convert(self, source, *others):
        answer = super().convert(source, *others)
        loud = np.convolve(np.abs(source.samples) > 0.1 * np.abs(source.samples).max(), np.ones(800), "same") > 0
        gated = np.where(loud, source.samples, 0.01 * source.samples)
        return SimpleNamespace(at_rate=lambda rate: gated, timing=answer.timing, notes=())


def test_the_rooms_noise_neither_begins_nor_ends_at_once(spoken, tmp_path):
    noise = 0.004 * np.random.default_rng(1).standard_normal(len(spoken[0])).astype(np.float32)
    source = write_talk(tmp_path / "room.wav", spoken[0] + noise)
    rendered = render(Gate(), source, whole_recording(PLAIN), tmp_path / "out.wav")
    result = samples_of(tmp_path / "out.wav")
    into = [piece.ends for piece, other in zip(rendered.pieces, rendered.pieces[1:]) if other.segment is None]
    assert len(into) >= 3
    for end in into:
        near = result[round((end - 0.2) * RATE):round((end + 0.06) * RATE)]
        levels = 20 * np.log10(np.sqrt(np.square(near).reshape(-1, 320).mean(axis=1)) + 1e-6)
        on_its_way = (levels > levels[-1] - 20) & (levels < levels[-1] - 1.5)
        assert on_its_way.sum() >= 5, "20 ms each; a short fade takes one of them"


def test_a_pause_ends_where_either_of_two_sounds_begins():
    random = np.random.default_rng(0)
    pause, loud = 0.01 * random.standard_normal(16_000), 0.3 * random.standard_normal(16_000)
    soon, late = (np.concatenate([pause[:count], loud]).astype(np.float32) for count in (1_000, 2_000))
    assert pause_at_edge(late, late, RATE) == 1_920 and pause_at_edge(late, soon, RATE) == pause_at_edge(soon, late, RATE) == 960
    assert pause_at_edge(loud.astype(np.float32), late, RATE) == 0


def test_the_level_goes_on_from_phrase_to_phrase(source, tmp_path):
    rendered = render(CountingConverter(gains=[12.0, -12.0, 0.0, 7.0]), source, whole_recording(PLAIN), tmp_path / "out.wav")
    own, result = samples_of(source), samples_of(tmp_path / "out.wav")
    changes = [20 * np.log10(speech_level(result[round(piece.begins * RATE):round(piece.ends * RATE)])
                             / speech_level(own[round(piece.start * RATE):round(piece.end * RATE)]))
               for piece in rendered.pieces if piece.segment is not None]
    assert max(map(abs, changes)) <= MOST_CHANGE + 0.5 and np.abs(result).max() < 1


def test_a_changed_row_alone_is_rendered_again(source, tmp_path):
    plan = [replace(one, emotion="sad") for one in plan_of(source)]
    converter = CountingConverter()
    first = render(converter, source, plan, tmp_path / "out.wav")
    assert first.rendered == len(converter.calls) == len(plan)
    before = samples_of(tmp_path / "out.wav")
    plan[1] = replace(plan[1], emotion="angry")
    again = render(converter, source, plan, tmp_path / "out.wav")
    assert again.rendered == 1 and [call[1] for call in converter.calls[len(plan):]] == ["angry"]
    after, other, piece = samples_of(tmp_path / "out.wav"), *(
        next(one for one in rendered.pieces if one.segment == 1) for rendered in (first, again))
    np.testing.assert_array_equal(after[:round(piece.begins * RATE)], before[:round(other.begins * RATE)])
    np.testing.assert_array_equal(after[round(piece.ends * RATE):], before[round(other.ends * RATE):])
    assert render(replace(converter, identity="other weights"), source, plan, tmp_path / "out.wav").rendered == len(plan)


def test_an_interrupted_rendering_goes_on_and_gives_what_an_uninterrupted_one_gives(source, tmp_path):
    plan, converter = whole_recording(PLAIN), CountingConverter(interrupt=2)
    with pytest.raises(KeyboardInterrupt):
        render(converter, source, plan, tmp_path / "out.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.wav.phrases", "talk.wav"], "nothing half-written"
    rendered = render(converter, source, plan, tmp_path / "out.wav")
    whole = render(CountingConverter(), source, plan, tmp_path / "whole.wav")
    assert rendered.rendered == whole.rendered - 2
    np.testing.assert_array_equal(samples_of(tmp_path / "out.wav"), samples_of(tmp_path / "whole.wav"))


def test_a_damaged_stored_phrase_is_rendered_again(source, tmp_path):
    plan = whole_recording(PLAIN)
    render(CountingConverter(), source, plan, tmp_path / "out.wav")
    next(store_path(tmp_path / "out.wav").glob("*.phrase")).write_bytes(b"half")
    assert render(CountingConverter(), source, plan, tmp_path / "out.wav").rendered == 1


def test_what_is_done_can_be_played_meanwhile_and_progress_is_told_in_seconds(source, tmp_path):
    told, lengths = [], []

    def hook(event: Event) -> None:
        if event.kind == "progress" and event.stage == "phrases":
            told.append(event.value)
            lengths.append(soundfile.info(partial_path(tmp_path / "out.wav")).frames)

    rendered = render(CountingConverter(), source, whole_recording(PLAIN), tmp_path / "out.wav", hook=hook)
    assert lengths == sorted(lengths) and lengths[0] == 0 and lengths[-1] > 0.8 * rendered.seconds * RATE
    assert told[0][0] == 0 and told[-1][0] == told[-1][1] == pytest.approx(
        sum(piece.end - piece.start for piece in rendered.pieces if piece.segment is not None), abs=1)
    assert not partial_path(tmp_path / "out.wav").exists()


def test_a_reference_is_analysed_once_and_its_content_counts(source, tmp_path, reference_path):
    friend = tmp_path / "friend.wav"
    friend.write_bytes(reference_path.read_bytes())
    plan = whole_recording(Segment(0.0, 0.0, reference=friend))
    converter = CountingConverter()
    first = render(converter, source, plan, tmp_path / "out.wav")
    assert {call[1] for call in converter.calls} == {"friend.wav"}
    assert render(converter, source, plan, tmp_path / "out.wav").rendered == 0
    save(friend, speak(MAN, 2.0))
    assert render(converter, source, plan, tmp_path / "out.wav").rendered == first.rendered


def test_silence_stays_silence_and_a_note_says_where(tmp_path):
    silence = np.zeros(2 * RATE, np.float32)
    source = write_talk(tmp_path / "a.wav", np.concatenate([silence, talk([0.5])[0]]))
    rendered = render(CountingConverter(), source, [Segment(0.0, 1.5, "sad"), Segment(2.0, 4.0, "sad")], tmp_path / "out.wav")
    assert not samples_of(tmp_path / "out.wav")[:round(1.5 * RATE)].any()
    assert rendered.notes == ("At 0:00.0: there is nothing but silence, which stays as it is.",)
    with pytest.raises(AudioError, match="b.wav is silent"):
        render(CountingConverter(), write_talk(tmp_path / "b.wav", silence), whole_recording(PLAIN), tmp_path / "b-out.wav")


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg"])
def test_other_formats_are_written_at_the_end(source, tmp_path, suffix):
    rendered = render(CountingConverter(), source, whole_recording(PLAIN), tmp_path / f"out{suffix}")
    info = soundfile.info(tmp_path / f"out{suffix}")
    assert info.duration == pytest.approx(rendered.seconds, abs=0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"out{suffix}", f"out{suffix}.phrases", "talk.wav"]


def test_faults_leave_nothing_behind(source, tmp_path):
    converter = CountingConverter()
    ok = [Segment(0.0, 2.0, "sad")]
    for segments, output, error in (([Segment(0.0, 999.0, "sad")], "out.wav", PlanError), (ok, "talk.wav", OverwriteError),
                                    ([Segment(0.0, 2.0, "bored")], "out.wav", PlanError), (ok, "/dev/null", OutputError)):
        with pytest.raises(error):
            render(converter, source, segments, tmp_path / output)
    assert [path.name for path in tmp_path.iterdir()] == ["talk.wav"] and converter.calls == []


def test_a_file_of_the_name_in_which_a_result_grows_is_not_taken_away(source, tmp_path):
    mine = partial_path(tmp_path / "out.wav")
    mine.write_bytes(b"mine")
    with pytest.raises(OutputError, match="out.part.wav is there already"):
        render(CountingConverter(), source, whole_recording(PLAIN), tmp_path / "out.wav")
    assert mine.read_bytes() == b"mine" and not (tmp_path / "out.wav").exists()
    mine.rename(tmp_path / "elsewhere")
    mine.symlink_to("elsewhere")
    store_path(tmp_path / "out.wav").mkdir()  # as a rendering leaves it that was killed
    render(CountingConverter(), source, whole_recording(PLAIN), tmp_path / "out.flac", store=store_path(tmp_path / "out.wav"))
    assert (tmp_path / "elsewhere").read_bytes() == b"mine" and samples_of(tmp_path / "out.flac").size


class Watched(CountingConverter):
    """Counts memory anew from its first conversion on: what finds the speech before needs more at once."""

    def convert(self, *given, **named):
        if not self.calls:
            tracemalloc.reset_peak()
        return super().convert(*given, **named)


def most_memory(folder, spoken, times: int) -> np.ndarray:
    """(2,) most bytes that are held at once while phrases are found, and while they are converted and written."""
    source = write_talk(folder / f"{times}.wav", np.tile(spoken[0], times))
    tracemalloc.start()
    try:
        plan = plan_of(source, PLAIN)
        finding = tracemalloc.get_traced_memory()[1]
        render(Watched(), source, plan, folder / f"{times}-out.wav", store=folder / f"{times}")
        return np.array([finding, tracemalloc.get_traced_memory()[1]])
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_recording(spoken, tmp_path):
    plan_of(write_talk(tmp_path / "first.wav", spoken[0]), PLAIN)  # what is loaded once counts for neither
    short, long = (most_memory(tmp_path, spoken, times) for times in (4, 8))  # a minute, and two
    added = 4 * (8 - 4) * len(spoken[0])  # bytes of sound, as 32-bit floats
    assert (long - short < added / 4).all(), (short, long, added)
