"""What a table took: each sitting's wall time, command and machine, kept beside the run so that a kill loses seconds of it."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import json_text, write_whole
from pipelines.hooks import Event, Hook

FILE = "sessions.json"
EVERY = 20.0  # seconds between two writes
CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Session:
    """begun: ISO 8601, UTC. seconds: of wall time, as far as they were written down."""

    begun: str
    seconds: float
    command: str
    hardware: str


class SessionClock:
    """A hook that writes down how long a reproduction has worked, and passes every event on.

    A sitting in which nothing was left to do is not written down.
    """

    def __init__(self, folder: Path, device: str, command: str, hook: Hook) -> None:
        self._folder, self._hook = folder, hook
        self._start = self._written = time.monotonic()
        self._about = {"begun": datetime.now(UTC).isoformat(timespec="seconds"), "command": command, "hardware": hardware(device)}
        self._before: list[Session] | None = None
        self._idle = False

    def __call__(self, event: Event) -> None:
        self._hook(event)
        evaluated = event.kind == "end" and event.stage == "evaluate"
        self._idle = self._idle or (evaluated and event.value == 0)
        if evaluated or time.monotonic() - self._written > EVERY:
            self._write()

    def _write(self) -> None:
        if self._before is None:
            self._before = sessions(self._folder)
        self._written = time.monotonic()
        now = Session(seconds=round(self._written - self._start, 1), **self._about)
        told = [asdict(session) for session in (*self._before, *([] if self._idle else [now]))]
        write_whole(self._folder / FILE, (json_text(told, 2) + "\n").encode())


def sessions(folder: Path) -> list[Session]:
    """The sittings that a folder's table has taken so far. Raises ZestError: its file is damaged."""
    try:
        return [Session(**one) for one in json.loads((folder / FILE).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise ZestError(f"{folder / FILE} is damaged; delete it and run the same command again.") from error


def hardware(device: str = "cpu") -> str:
    """Processor, cores, memory and, where it is used, the graphics card; no name of a machine."""
    names = [line.partition(":")[2].strip() for line in CPU.read_text().splitlines() if line.startswith("model name")] \
        if CPU.is_file() else []
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return ", ".join((names[0] if names else platform.machine(), counted(os.cpu_count() or 1, "core"), f"{memory:.0f} GB",
                      platform.system(), _card(device)))


def _card(device: str) -> str:
    if not device.startswith("cuda"):
        return f"device {device}"
    import torch

    return torch.cuda.get_device_name(device)
