"""What a Space of Hugging Face would refuse, LFS rules, and the GPU that it lends for a call."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.errors import AudioError
from pipelines.settings import Settings
from workbench import conversion, zero_gpu
from workbench.publishing.space import BINARY, committed, lfs_rules, refusals

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A small git repository with a header that a Space takes."""
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "app.py").write_text("print()\n")
    (tmp_path / "requirements.txt").write_text("gradio>=6.31,<6.40\n")
    (tmp_path / "sound.wav").write_bytes(b"RIFF\0\0")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_this_repository_is_taken_and_its_rules_for_lfs_cover_what_a_plain_push_may_not_hold(tmp_path):
    assert refusals(ROOT) == []
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    plain = refusals(ROOT, plain_push=True)
    assert "checkpoints/zest-mini/generator.safetensors" in {one.where for one in plain}
    assert {one.where.rpartition(".")[2] for one in plain} <= set(BINARY)


def test_a_push_by_git_needs_rules_for_lfs_and_gets_them(checkout):
    assert refusals(checkout) == []
    (refused,) = refusals(checkout, plain_push=True)
    assert refused.where == "sound.wav" and "--lfs-rules" in str(refused)
    (checkout / ".gitattributes").write_text(lfs_rules())
    assert refusals(checkout, plain_push=True) == []
    (checkout / "large.csv").write_text("1\n" * 6_000_000)
    git(checkout, "add", ".")
    assert "12.0 MB" in str(refusals(checkout, plain_push=True)[0]) and refusals(checkout) == []


@pytest.mark.parametrize(("file", "old", "new", "said"), [
    ("README.md", "sdk: gradio", "sdk: flask", "Its sdk is 'flask'"),
    ("README.md", "colorFrom: indigo", "colorFrom: teal", "colorFrom is 'teal'"),
    ("README.md", "app_file: app.py", "app_file: main.py", "app_file main.py is not there"),
    ("README.md", "short_description: ", f"short_description: {'very ' * 12}", "short_description has"),
    ("README.md", "sdk_version: 6.31.0", "sdk_version: new", "sdk_version is 'new'"),
    ("README.md", "sdk_version: 6.31.0", "sdk_version: 5.0.0", "contradicts the header's sdk_version 5.0.0"),
    ("README.md", "---\ntitle", "title", "no header"),
    ("README.md", "title: ZEST", "title: [ZEST", "not YAML"),
    ("requirements.txt", "gradio", "-e .\ngradio", "'-e .' is an option"),
    ("requirements.txt", "gradio>=6.31,<6.40", "gra dio", "is no requirement"),
    ("requirements.txt", "gradio>=6.31,<6.40", "# nothing", "missing or empty"),
])
def test_what_a_space_refuses_is_told_in_a_sentence(checkout, file, old, new, said):
    text = (checkout / file).read_text()
    assert old in text
    (checkout / file).write_text(text.replace(old, new, 1))
    found = refusals(checkout)
    assert [one for one in found if said in str(one)], found


def test_names_of_debian_packages_are_read(checkout):
    (checkout / "packages.txt").write_text("libsndfile1\napt install ffmpeg\n")
    assert [one.where for one in refusals(checkout)] == ["packages.txt"]


def test_a_folder_without_git_is_looked_at_whole(checkout):
    shutil.rmtree(checkout / ".git")
    assert committed(checkout) == ["README.md", "app.py", "requirements.txt", "sound.wav"]
    assert [one.where for one in refusals(checkout, plain_push=True)] == ["sound.wav"]


def test_the_decorator_does_nothing_where_no_gpu_is_lent(monkeypatch):
    monkeypatch.delenv(zero_gpu.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    assert not zero_gpu.is_lent()
    assert zero_gpu.on_zero_gpu(len) is len and conversion._on_lent_gpu.__name__ == "_on_lent_gpu"


def test_where_a_gpu_is_lent_a_call_is_sent_to_it_and_both_ways_can_be_pickled(monkeypatch, converter, source_path):
    """With a stand-in for `spaces` that sends everything through pickle, and the CPU for the GPU."""
    def gpu(duration):
        return lambda function: lambda *given: pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(given)))))

    monkeypatch.setenv(zero_gpu.VARIABLE, "true")
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    monkeypatch.setattr(conversion, "_on_lent_gpu", zero_gpu.on_zero_gpu(conversion._on_lent_gpu))
    devices = []
    monkeypatch.setattr(conversion.Converter, "from_pretrained", lambda *given: devices.append(given[-1]) or converter)
    lent = conversion.lent_converter("")
    result = lent.convert(str(source_path), None, "sad", Settings(decoder="residual_world"))
    assert devices == ["cuda"] and len(result.samples) > 16_000 and result.target == "sad"
    with pytest.raises(AudioError):
        lent.convert("nowhere.wav", None, "sad")
    assert isinstance(conversion.lent_converter("copy"), conversion.BaselineConverter)
