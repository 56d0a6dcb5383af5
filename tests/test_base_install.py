"""After `pip install zest-workbench` without an extra, each command works or names in one sentence the extra that it lacks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.labels import EMOTIONS
from tests.support import base_install, processes
from tests.support.page_runs import recordings
from tests.support.tiny import write_manifest
from workbench.cli import exit_codes

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "checkpoints" / "zest-mini"
CALLS = {  # a call, and the extra that it needs ('' where the base will do)
    "convert me.wav --emotion sad -o me-sad.wav": "",
    "convert me.wav excited-friend.wav --system f0-swap -o swapped.wav": "",
    "convert me.wav --emotion sad --denoise -o clean.wav": "denoise",
    "plan me.wav --emotion sad -o plan.csv": "",
    "doctor --no-convert": "",
    "check me.wav": "evaluation",
    "score me.wav excited-friend.wav me-sad.wav": "words",
    "metrics": "",
    "rivals": "",
    "protocol --manifest manifest.csv -o pairs.csv": "",
    "evaluate pairs.csv --system source --metric f0-correlation -o RUN": "",
    "evaluate pairs.csv --system source --metric f0-correlation --backend ray -o RUN2": "clusters",
    "report RUN": "evaluation",
    "frontier pairs.csv --system residual_neural -o FRONTIER": "evaluation",
    "embeddings --manifest manifest.csv -o EMBEDDINGS": "evaluation",
    "train --stages": "train",
    "train units --manifest manifest.csv": "train",
    "train all --manifest manifest.csv": "train",
    "train judge --manifest manifest.csv": "train",
    "cost": "train",
    "page --mcp": "mcp",
    "info": "",
    "manifest emodb emodb": "",
    "study create --run RUN --systems source --questions naturalness --listeners 2 -o STUDY": "",
    "study check STUDY": "",
    "study results STUDY": "",
    "study archive STUDY -o STUDY.zip": "",
    "judge audit --manifest manifest.csv -o AUDIT": "",
    f"ablate {ROOT / 'recipes' / 'ablations-mini.toml'} --manifest train.csv --plan": "evaluation",
    f"ablate {ROOT / 'recipes' / 'ablations-mini.toml'} --manifest train.csv -o ABLATION": "evaluation",
    f"average {WEIGHTS} {WEIGHTS} --part tempo -o MEAN": "",
    f"refit {WEIGHTS} {WEIGHTS} --manifest manifest.csv": "evaluation",
    "train pack ease --manifest train.csv -o PACK": "",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, tuple[int, str]]:
    """What each call gives, in one process where no package of an extra can be imported."""
    folder = recordings(tmp_path_factory.mktemp("base"))
    (folder / "emodb" / "wav").mkdir(parents=True)
    shutil.copy(folder / "me.wav", folder / "emodb" / "wav" / "03a01Fa.wav")
    voices = (("me.wav", "a", EMOTIONS[0], "1"), ("excited-friend.wav", "b", EMOTIONS[1], "2"))
    for manifest, where, split in (("manifest.csv", "", "dev"), ("train.csv", "train/", "train")):
        (folder / where).mkdir(exist_ok=True)
        for name, *_ in voices if where else ():
            shutil.copy(folder / name, folder / where / name)
        write_manifest(folder / manifest, [(where + name, "own", speaker, emotion, "en", text, "", 2.0, split)
                                           for name, speaker, emotion, text in voices])
    results, log = folder / "results.json", folder / "log.txt"
    process = processes.start(base_install.run, [call.split() for call in CALLS], results, folder=folder, output=log)
    process.join(processes.SECONDS)
    assert process.exitcode == 0, log.read_text()
    return dict(zip(CALLS, json.loads(results.read_text()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("call", "extra"), CALLS.items())
def test_a_command_works_or_names_the_extra_that_it_lacks(call, extra, results):
    code, said = results[call]
    if extra:
        assert code == exit_codes.USAGE and f'"zest-workbench[{extra}]"' in said.splitlines()[-1], said
    else:
        assert code == exit_codes.OK, said
