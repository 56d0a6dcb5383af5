"""Converters by others: a stand-in program is really started; one that is missing, dies or hangs costs one sentence."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from evaluation.pair import Pair, write_pairs
from evaluation.rivals import find_rival, rivals
from evaluation.rivals.catalogue import VARIABLE
from evaluation.run import parse_systems
from evaluation.run.folder import RunFolder
from pipelines.errors import PassingError, ZestError
from pipelines.features.audio import load
from tests.support.small_evaluation import make_pairs, run
from workbench.cli import exit_codes

STAND_IN = """
import json, pathlib, shutil, sys, time
source, reference, output, results, text, language, emotion = sys.argv[1:8]
pathlib.Path("calls.txt").open("a").write(pathlib.Path(source).name + "\\n")
mode = pathlib.Path("mode.txt").read_text()
if mode == "dies":
    print("CUDA out of memory", file=sys.stderr)
    sys.exit(3)
if mode == "hangs":
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("child.txt").write_text(str(child.pid))
    time.sleep(600)
if mode == "silent":
    sys.exit(0)
if mode == "broken":
    pathlib.Path(output).write_bytes(b"no recording")
elif mode == "folder":
    shutil.copyfile(source, results + "/deep_" + emotion + ".wav")
else:
    shutil.copyfile(reference if mode == "reference" else source, output)
pathlib.Path("told.json").write_text(json.dumps({"text": text, "language": language, "emotion": emotion}))
"""
WORDS = ["{python}", "stand_in.py", "{source}", "{reference}", "{output}", "{results}", "{text}", "{language}", "{emotion}"]


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """The folder of a stand-in that is called `stand-in`; mode.txt says what it does."""
    folder = tmp_path / "stand in"
    folder.mkdir()
    (folder / "stand_in.py").write_text(STAND_IN)
    (folder / "mode.txt").write_text("copies")
    configure(monkeypatch, tmp_path, folder)
    return folder


def configure(monkeypatch, place: Path, folder: Path | str, **more: object) -> None:
    keys = {"folder": str(folder), "python": sys.executable, "command": WORDS, "title": "Stand-in", "files": ["stand_in.py"],
            "timeout": 60, **more}
    lines = ["[stand-in]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items() if not isinstance(value, dict))]
    for key, table in ((key, value) for key, value in keys.items() if isinstance(value, dict)):
        lines += [f"[stand-in.{key}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
    (place / "rivals.toml").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv(VARIABLE, str(place / "rivals.toml"))


def system(name: str = "stand-in"):
    return parse_systems([name])[0]


def failures(folder: Path) -> list[str]:
    return [one.failed for one in RunFolder(folder).conversions().values() if one.failed is not None]


def test_the_four_rivals_are_systems_by_name_and_say_what_they_need():
    assert {"seed-vc", "vevo-style", "indextts-2.5", "durflex-evc"} <= set(rivals())
    for name in ("seed-vc", "vevo-style", "indextts-2.5", "durflex-evc"):
        one = rivals()[name]
        assert all((one.title, one.page, one.licence, one.gpu, one.about)) and "not installed here" in (one.why_not() or "")
        assert parse_systems([f"theirs={name}"])[0].name == "theirs"
    assert rivals()["indextts-2.5"].text == "recognised" and not rivals()["seed-vc"].keeps_voice


@pytest.mark.parametrize("mode", ["copies", "folder", "reference"])
def test_a_rival_gets_wavs_and_its_recording_is_the_conversion(installed, tmp_path, mode):
    (installed / "mode.txt").write_text(mode)
    pair = make_pairs(tmp_path / "clips", 1)[0]
    rendered = system().render(pair)
    expected = load(pair.reference if mode == "reference" else pair.source).samples
    assert abs(rendered.samples - expected).max() < 1e-3
    assert json.loads((installed / "told.json").read_text()) == {"text": "", "language": "en", "emotion": pair.emotion}


def test_a_rival_that_speaks_a_text_gets_the_recognisers_or_the_given_one(installed, tmp_path, monkeypatch):
    from evaluation.instruments import recogniser

    monkeypatch.setattr(recogniser, "transcribe", lambda clips, language: [" Kids are talking. "])
    pair = make_pairs(tmp_path / "clips", 1)[0]
    pair = Pair(pair.id, pair.source, pair.reference, pair.emotion, text="written down", language="de")
    for text, told in (("recognised", "Kids are talking."), ("given", "written down")):
        configure(monkeypatch, tmp_path, installed, text=text, languages={"de": "DE"}, emotions={pair.emotion: "Loud"})
        system().render(pair)
        assert json.loads((installed / "told.json").read_text()) == {"text": told, "language": "DE", "emotion": "Loud"}
    monkeypatch.setattr(recogniser, "transcribe", lambda clips, language: [""])
    configure(monkeypatch, tmp_path, installed, text="recognised")
    with pytest.raises(ZestError, match="no word was recognised"):
        system().render(pair)


def test_a_language_or_emotion_that_a_rival_does_not_know_is_told_before_it_is_started(installed, tmp_path, monkeypatch):
    pair = make_pairs(tmp_path / "clips", 1)[0]
    configure(monkeypatch, tmp_path, installed, languages={"zh": "ZH"})
    with pytest.raises(ZestError, match="does not speak the language 'en'; it knows zh"):
        system().render(pair)
    configure(monkeypatch, tmp_path, installed, emotions={"bored": "Bored"})
    with pytest.raises(ZestError, match=f"does not know the emotion '{pair.emotion}'; it knows bored"):
        system().render(pair)
    assert not (installed / "calls.txt").exists()


@pytest.mark.parametrize(("mode", "words"), [
    ("dies", "Stand-in ended with code 3; its last words: CUDA out of memory."),
    ("silent", "Stand-in ended without an error and wrote no recording."),
    ("broken", "What Stand-in wrote cannot be used: ")])
def test_a_rival_that_dies_or_writes_nothing_is_one_sentence(installed, tmp_path, mode, words):
    (installed / "mode.txt").write_text(mode)
    with pytest.raises(PassingError) as caught:
        system().render(make_pairs(tmp_path / "clips", 1)[0])
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value) and "Traceback" not in str(caught.value)


def test_a_rival_that_hangs_is_stopped_with_all_that_it_started(installed, tmp_path, monkeypatch):
    (installed / "mode.txt").write_text("hangs")
    configure(monkeypatch, tmp_path, installed, timeout=3)
    with pytest.raises(PassingError, match="Stand-in took more than 3 s for this pair and was stopped"):
        system().render(make_pairs(tmp_path / "clips", 1)[0])
    child = int((installed / "child.txt").read_text())
    for _ in range(50):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def alive(process: int) -> bool:
    """A zombie is dead."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_fails_three_times_in_a_row_is_not_asked_again(installed, tmp_path):
    (installed / "mode.txt").write_text("dies")
    run(make_pairs(tmp_path / "clips", 6), tmp_path / "RUN", [system()])
    assert (installed / "calls.txt").read_text().count("\n") == 3
    assert sum("failed 3 times in a row and was not asked again" in one for one in failures(tmp_path / "RUN")) == 3


def test_the_rest_of_an_evaluation_goes_on_and_the_same_call_tries_the_rival_again(installed, tmp_path, monkeypatch):
    pairs = make_pairs(tmp_path / "clips", 2)
    configure(monkeypatch, tmp_path, tmp_path / "nowhere")
    systems = [system(), parse_systems(["source"])[0]]
    first = run(pairs, tmp_path / "RUN", systems)
    assert len(failures(tmp_path / "RUN")) == 2 and "Stand-in is not installed here" in failures(tmp_path / "RUN")[0]
    assert first.scores[first.scores.system == "source"].value.notna().any()
    configure(monkeypatch, tmp_path, installed)  # now it is there
    second = run(pairs, tmp_path / "RUN", [system(), systems[1]])
    assert failures(tmp_path / "RUN") == [] and (installed / "calls.txt").read_text().count("\n") == 2
    rows = second.scores[(second.scores.system == "stand-in") & (second.scores.metric == "loudness-ratio")]
    assert rows.value.round(3).tolist() == [1, 1] and rows.failed.isna().all()
    assert second.record.systems["stand-in"].checkpoint_hash == "unknown"
    run(pairs, tmp_path / "RUN", [system(), systems[1]])
    assert (installed / "calls.txt").read_text().count("\n") == 2, "what is converted is not converted again"


def test_another_version_of_a_rival_does_not_go_on_in_the_same_folder(installed, tmp_path):
    pairs = make_pairs(tmp_path / "clips", 1)
    run(pairs, tmp_path / "RUN", [system()])
    (installed / ".git").mkdir()
    (installed / ".git" / "HEAD").write_text("0123456789abcdef0123\n")
    with pytest.raises(ZestError, match="another system stand-in"):
        run(pairs, tmp_path / "RUN", [system()])


@pytest.mark.parametrize(("content", "words"), [
    ("[seed-vc]\nfoldr = 'x'\n", "unknown key 'foldr'"), ("[seed-vc]\ntimeout = 0\n", "must be a number of seconds above 0"),
    ("[mine]\nfolder = 'x'\n", "has no command"), ("[mine]\ncommand = ['x', '{sauce}', '{output}']\n", "asks for {sauce}"),
    ("[mine]\ncommand = ['x', '{source}']\n", "where the result goes"), ("[mine]\ncommand = ['x', '{output']\n", "open brace"),
    ("[mine]\ncommand = 'x {output}'\n", "must be a list of texts"), ("seed-vc = 'x'\n", "outside of a table"),
    ("[f0-swap]\ncommand = ['x', '{output}']\n", "has the name of a system"), ("[seed-vc\n", "cannot be read as TOML"),
    ("[Mine]\ncommand = ['x', '{output}']\n", "cannot be called 'Mine'"), ("[mine]\ncommand = ['x', '{output}']\ntext = 'no'\n",
                                                                          "must be 'recognised', 'given' or ''")])
def test_a_list_of_rivals_that_cannot_be_used_is_one_sentence(tmp_path, monkeypatch, content, words):
    (tmp_path / "rivals.toml").write_text(content)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rivals.toml"))
    with pytest.raises(ZestError) as caught:
        rivals()
    assert words in str(caught.value) and "\n" not in str(caught.value)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing.toml"))
    with pytest.raises(ZestError, match="there is no such file"):
        find_rival("seed-vc")


def test_a_rival_cannot_be_started_where_its_program_is_missing(installed, tmp_path, monkeypatch):
    configure(monkeypatch, tmp_path, installed, python=str(tmp_path / "no-python"))
    assert "there is no program" in (rivals()["stand-in"].why_not() or "")
    configure(monkeypatch, tmp_path, installed, files=["weights.bin"])
    assert "has no weights.bin" in (rivals()["stand-in"].why_not() or "")


# runners, with packages that stand in for theirs

VEVO = """
import shutil
class VevoInferencePipeline:
    def __init__(self, **names):
        assert names["ar_ckpt_path"] == "hub/contentstyle_modeling/Vq32ToVq8192" and names["device"] == "cpu", names
        assert names["content_tokenizer_ckpt_path"] == "hub/tokenizer/vq32/hubert_large_l18_c32.pkl"
    def inference_ar_and_fm(self, src_wav_path, src_text, style_ref_wav_path, timbre_ref_wav_path):
        assert src_text is None and src_wav_path == timbre_ref_wav_path != style_ref_wav_path
        return style_ref_wav_path
def save_audio(samples, output_path):
    shutil.copyfile(samples, output_path)
"""
INDEX = """
import shutil
class IndexTTS2:
    def __init__(self, cfg_path, model_dir, use_bf16):
        assert (cfg_path, model_dir) == ("checkpoints/config.yaml", "checkpoints")
    def infer(self, spk_audio_prompt, text, lang, output_path, emo_audio_prompt):
        assert (text, lang) == ("Kids are talking.", "EN")
        shutil.copyfile(emo_audio_prompt, output_path)
"""
DURFLEX = """
import argparse, os, shutil
parser = argparse.ArgumentParser()
for name in ("--config", "--src_wav", "--save_dir"):
    parser.add_argument(name)
given = parser.parse_args()
name = os.path.basename(given.src_wav).removesuffix(".wav")
assert name == "0011_000001" and given.config == "configs/exp/durflex_evc.yaml", name
for emotion in ("Neutral", "Angry", "Happy", "Sad", "Surprise"):
    shutil.copyfile(given.src_wav, f"{given.save_dir}/{name}_{emotion}.wav")
"""
PACKAGES = {
    "vevo-style": {"models/vc/vevo/vevo_utils.py": VEVO, "huggingface_hub.py": "def snapshot_download(**names): return 'hub'\n",
                   "torch.py": "class cuda:\n    is_available = staticmethod(lambda: False)\ndevice = str\n"},
    "indextts-2.5": {"indextts/infer_v2_5.py": INDEX, "checkpoints/config.yaml": ""},
    "durflex-evc": {"infer.py": DURFLEX, "configs/exp/durflex_evc.yaml": ""},
    "seed-vc": {"inference_v2.py": "import shutil, sys\nwords = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
                                   "assert words['--convert-style'] == 'true'\n"
                                   "shutil.copyfile(words['--target'], words['--output'] + '/vc_v2_source_reference.wav')\n",
                "configs/v2/vc_wrapper.yaml": ""},
}


@pytest.mark.parametrize("name", PACKAGES)
def test_shipped_commands_call_what_the_projects_have(name, tmp_path, monkeypatch):
    """Only the calls are tested: no weights of these projects were ever loaded here."""
    from evaluation.instruments import recogniser

    monkeypatch.setattr(recogniser, "transcribe", lambda clips, language: ["Kids are talking."])
    for path, content in PACKAGES[name].items():
        (tmp_path / "clone" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clone" / path).write_text(content)
    (tmp_path / "rivals.toml").write_text(f"[{json.dumps(name)}]\nfolder = {json.dumps(str(tmp_path / 'clone'))}\n"
                                          f"python = {json.dumps(sys.executable)}\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rivals.toml"))
    pair = make_pairs(tmp_path / "clips", 1)[0]
    pair = Pair(pair.id, pair.source, pair.reference, "angry", source_speaker="esd-0011", source_emotion="neutral")
    rendered = system(name).render(pair)
    expected = load(pair.source if name == "durflex-evc" else pair.reference).samples
    assert len(rendered.samples) == len(expected) and abs(rendered.samples - expected).max() < 1e-3


def test_zest_evaluate_and_zest_rivals_take_rivals(installed, zest_here, tmp_path):
    pairs = make_pairs(tmp_path / "clips", 1)
    write_pairs(tmp_path / "pairs.csv", pairs)
    found = zest_here("evaluate", tmp_path / "pairs.csv", "--system", "stand-in,seed-vc", "--metric", "f0-mean-shift",
                      "-o", "RUN", "--json")
    assert found.returncode == exit_codes.SOME_FAILED and "Seed-VC v2 is not installed here" in found.stderr
    document = json.loads(found.stdout)
    assert document["systems"]["stand-in"]["f0-mean-shift"]["measured"] == 1
    listed = json.loads(zest_here("rivals", "--json").stdout)
    assert next(one for one in listed if one["name"] == "stand-in")["not_available"] is None
    text = zest_here("rivals").stdout
    assert "licence" in text and f"installed at {installed}" in text and "DurFlex-EVC is not installed here" in text


def test_a_rival_is_a_point_of_a_frontier(installed):
    from evaluation.frontier import frontier_systems

    names = [one.name for one in frontier_systems(["stand-in", "residual_world"], "0:1:0.5")]
    assert names == ["stand-in", "residual_world@0", "residual_world@0.5", "residual_world"]


def test_a_rival_does_not_get_the_environment_of_zest(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    (installed / "stand_in.py").write_text("import os, shutil, sys\nassert 'PYTHONPATH' not in os.environ\n"
                                           "assert os.environ['THEIRS'] == '1'\nshutil.copyfile(sys.argv[1], sys.argv[3])\n")
    configure(monkeypatch, tmp_path, installed, environment={"THEIRS": "1"})
    assert len(system().render(make_pairs(tmp_path / "clips", 1)[0]).samples)
