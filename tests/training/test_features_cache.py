"""Features are computed once per content, and a kill leaves nothing half-written."""

import numpy as np
import pytest

from pipelines.training.data.cache import FeatureCache, content_hash


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"some samples")
    return path


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


def counting(value: float):
    """A computation that counts how often it ran."""
    calls = []

    def compute() -> dict[str, np.ndarray]:
        calls.append(value)
        return {"f0": np.full(3, value, np.float32), "units": np.arange(4, dtype=np.int16)}

    return compute, calls


def test_computed_once_and_read_as_it_was(cache, clip):
    compute, calls = counting(1.5)
    for _ in range(2):
        stored = cache.get("prosody", clip, compute)
        np.testing.assert_array_equal(stored["f0"], np.full(3, 1.5, np.float32))
        assert stored["units"].dtype == np.int16
    assert len(calls) == 1


def test_another_kind_is_computed_for_itself(cache, clip):
    cache.get("prosody", clip, counting(1.0)[0])
    assert cache.get("content", clip, counting(2.0)[0])["f0"][0] == 2.0


def test_the_content_names_the_feature_and_not_the_path(cache, clip, tmp_path):
    cache.get("prosody", clip, counting(1.0)[0])
    copy, changed = tmp_path / "copy.wav", tmp_path / "changed.wav"
    copy.write_bytes(clip.read_bytes())
    changed.write_bytes(b"other samples")
    assert cache.get("prosody", copy, counting(2.0)[0])["f0"][0] == 1.0
    assert cache.get("prosody", changed, counting(2.0)[0])["f0"][0] == 2.0
    assert content_hash(copy) == content_hash(clip) != content_hash(changed)


def test_a_failed_computation_leaves_nothing(cache, clip):
    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get("prosody", clip, fail)
    assert not cache.file("prosody", clip).exists()
    assert cache.get("prosody", clip, counting(3.0)[0])["f0"][0] == 3.0


def test_a_kill_while_writing_leaves_no_feature(cache, clip, monkeypatch):
    def cut_off(handle, **arrays):
        handle.write(b"PK half of an archive")
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(np, "savez", cut_off)
        with pytest.raises(KeyboardInterrupt):
            cache.get("prosody", clip, counting(1.0)[0])
    assert not cache.file("prosody", clip).exists()
    assert cache.get("prosody", clip, counting(4.0)[0])["f0"][0] == 4.0
