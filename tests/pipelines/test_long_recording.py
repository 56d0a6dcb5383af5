"""Long recordings are read block by block, to the same samples as short ones; what cannot be read is told in one sentence."""

from __future__ import annotations

import os

import numpy as np
import pytest

from pipelines.errors import AudioError
from pipelines.features import long_recording as module
from pipelines.features.audio import is_long, load
from pipelines.features.long_recording import long_recording
from tests.support.encodings import encode, wav_bytes
from tests.support.recordings import BAD, CUT_OFF, GOOD, RATE, speech, write

SENTENCES = {kind: words for kind, (_, words) in BAD.items() if not kind.startswith("too long")}


def read(path, rate=RATE, **options):
    with long_recording(path, rate=rate, **options) as recording:
        return np.concatenate(list(recording.blocks(0.7))), recording.warnings


@pytest.mark.parametrize("kind", [*GOOD, *CUT_OFF])
def test_every_format_gives_the_samples_and_notes_of_a_short_recording(kind, tmp_path):
    path = (GOOD.get(kind) or CUT_OFF[kind])(tmp_path)
    plain, (samples, notes) = load(path), read(path)
    np.testing.assert_allclose(samples, plain.samples, atol=1e-6)
    assert notes == plain.warnings


def test_a_mono_recording_is_copied_bit_for_bit_at_its_own_rate(tmp_path):
    for rate in (RATE, 48_000):
        path = write(tmp_path / f"{rate}.wav", speech(), rate)
        np.testing.assert_array_equal(read(path, rate)[0], load(path).samples if rate == RATE else read_floats(path))


def read_floats(path):
    import soundfile

    return soundfile.read(path, dtype="float32")[0]


@pytest.mark.parametrize("channels", [lambda x: [x, -x], lambda x: [np.zeros_like(x), x], lambda x: [x, np.roll(x, 20_000)]])
def test_channels_are_mixed_as_those_of_a_short_recording(channels, tmp_path):
    path = write(tmp_path / "stereo.wav", np.stack(channels(speech()), axis=1))
    plain, (samples, notes) = load(path), read(path)
    np.testing.assert_allclose(samples, plain.samples, atol=1e-5)
    assert notes == plain.warnings


def test_parts_of_other_rates_are_joined(tmp_path):
    one, half = wav_bytes(speech(), RATE), wav_bytes(speech()[::2], RATE // 2)
    (tmp_path / "one.wav").write_bytes(one)
    (tmp_path / "joined.wav").write_bytes(one + one + half)
    samples, _ = read(tmp_path / "joined.wav")
    assert len(samples) == pytest.approx(3 * len(speech()), abs=2)
    np.testing.assert_array_equal(samples[:2 * len(speech())], np.tile(load(tmp_path / "one.wav").samples, 2))


def test_mp3_is_read_to_its_real_end(tmp_path):
    path = encode(tmp_path / "vbr.mp3", np.tile(speech(), 3), RATE, "libmp3lame", "mp3", options={"write_xing": "0"})
    np.testing.assert_allclose(read(path)[0], load(path).samples, atol=1e-6)


@pytest.mark.parametrize("kind", SENTENCES)
def test_bad_recordings_are_refused_with_the_sentence_of_short_ones(kind, tmp_path):
    path = BAD[kind][0](tmp_path)
    with pytest.raises(AudioError) as short:
        load(path)
    with pytest.raises(AudioError) as long:
        read(path)
    assert str(long.value) == str(short.value)


def test_all_of_a_recording_is_read_that_is_as_long_as_may_be(tmp_path):
    path = write(tmp_path / "long.wav", np.resize(speech(), 44_100 * 3), 44_100)
    assert len(read(path, 44_100, longest=3.0)[0]) == 44_100 * 3


def test_more_than_an_hour_is_refused_and_nothing_is_cut_off(tmp_path):
    path = write(tmp_path / "long.wav", np.tile(speech(), 3))
    with pytest.raises(AudioError, match="longer than 0.05 minutes; cut it"):
        read(path, longest=3.0)
    assert module.MAX_SECONDS == 3600 and not is_long(path)


@pytest.mark.parametrize("change", ["grows", "is replaced", "shrinks"])
def test_a_file_that_changes_while_it_is_read_is_refused(change, tmp_path, monkeypatch):
    path, begin = write(tmp_path / "live.wav", speech()), module._Copy.next_sound

    def meanwhile(*given):
        if change == "grows":
            path.open("ab").write(b"\1" * 3200)
        elif change == "shrinks":
            os.truncate(path, 20_000)
        else:
            path.unlink()
            write(path, 0.5 * speech())
        begin(*given)

    monkeypatch.setattr(module._Copy, "next_sound", meanwhile)
    with pytest.raises(AudioError, match="live.wav changed while it was read"):
        read(path)
