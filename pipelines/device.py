"""The device that networks run on, and the number of threads that a conversion takes."""

from __future__ import annotations

import ctypes
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pipelines.errors import ZestError

Given = ParamSpec("Given")
Converted = TypeVar("Converted", bound=Any)
CACHED_PRIMITIVES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"  # each length of a recording fills oneDNN's cache anew, 1,024 by default
MALLOC = {"M_ARENA_MAX": (-8, 2), "M_MMAP_THRESHOLD": (-3, 1 << 20), "M_TRIM_THRESHOLD": (-1, 1 << 20)}  # of glibc: number, value
DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
AUTO = "auto"  # the device on which a conversion was measured fastest (fastest.py)
FALLBACK = re.compile(r"The operator '(\S+)' is not currently supported on the MPS backend")  # torch says so once a process


def check_name(device: str, auto: bool = False) -> None:
    """Needs no torch. Raises ZestError for what is not the name of a device. auto: this word will do, too."""
    if not (auto and device == AUTO) and not DEVICE.fullmatch(device):
        raise ZestError(f"There is no device '{device}'; use cpu, cuda, cuda:0 or mps.")


def check_device(device: str) -> None:
    """Raises ZestError: no device's name, or this machine has no such device."""
    check_name(device)
    import torch

    kind, _, number = device.partition(":")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ZestError("No CUDA device is available here; use --device cpu.")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ZestError(f"There is no {device} here; the last CUDA device is cuda:{torch.cuda.device_count() - 1}.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ZestError("No Apple GPU (mps) is available here; use --device cpu.")


@contextmanager
def fallbacks(device: str) -> Iterator[list[str]]:
    """Collect a note where Apple's GPU lacks an operator, and the CPU computes it instead; other warnings stay warnings.

    torch falls back where PYTORCH_ENABLE_MPS_FALLBACK says so, which pipelines/__init__.py sets on a Mac. It tells of the first
    such operator only.
    """
    notes: list[str] = []
    if device != "mps":
        yield notes
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    for one in caught:
        lacking = FALLBACK.match(str(one.message))
        if lacking:
            notes.append(f"Apple's GPU lacks operators such as {lacking[1]}; the CPU computed them.")
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def noting_fallbacks(convert: Callable[Given, Converted]) -> Callable[Given, Converted]:
    """A decorator for a converter's method: what `fallbacks` notes is told with the conversion."""
    @wraps(convert)
    def noting(*given: Given.args, **named: Given.kwargs) -> Converted:
        with fallbacks(given[0].models.device) as lacking:  # pyright: ignore[reportAttributeAccessIssue]
            conversion = convert(*given, **named)
        return replace(conversion, notes=(*conversion.notes, *lacking)) if lacking else conversion

    return noting


def keep_memory_flat() -> None:
    """Let torch keep less for recordings of the same length, and the C library less of what is freed. Before torch's first use.

    Without it a process grows with every new length, by 100 MB after some dozens. What is larger than 1 MB goes back to the
    system as soon as it is freed, since its place would not fit the next recording. Variables that a user has set win.
    """
    os.environ.setdefault(CACHED_PRIMITIVES, "16")
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with suppress(AttributeError, OSError, TypeError):  # another C library than glibc
        mallopt = ctypes.CDLL(None).mallopt
        for number, value in MALLOC.values():
            mallopt(number, value)


def release_memory() -> None:
    """Give the system back what was freed, where the C library can."""
    with suppress(AttributeError, OSError, TypeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread inside, and on as many as before afterwards. Also a decorator.

    The networks of a conversion are so small that a second thread mostly waits, and its waiting takes a core from WORLD
    (docs/lab-notes/world-and-f0.md). One thread also adds up in the same order on every machine.
    """
    import torch  # imported late: the command line checks a device's name without it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of this machine; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0


def gpus() -> list[tuple[str, str, int]]:
    """Name for --device, what it is, and its memory in bytes (0 where that is not known), of every GPU that torch can use."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    about = [torch.cuda.get_device_properties(number) for number in range(count)]
    found = [(f"cuda:{number}", one.name, int(one.total_memory)) for number, one in enumerate(about)]
    return found + ([("mps", "Apple's GPU", 0)] if torch.backends.mps.is_available() else [])
