"""Which device the networks run on, and plain words where it is not there."""

from __future__ import annotations

import re

from pipelines.errors import ZestError

DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")


def check_name(device: str) -> None:
    """Needs no torch. Raises ZestError for what is not the name of a device."""
    if not DEVICE.fullmatch(device):
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
