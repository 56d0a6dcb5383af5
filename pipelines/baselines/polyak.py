"""Baseline: speech resynthesis from units, codes of F0 and an x-vector (Polyak et al., Interspeech 2021).

The work is in unit_resynthesis.py, which needs torch; what stands here is read without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.baselines.base import REFERENCE, Baseline, Rendered, Request

if TYPE_CHECKING:
    from pipelines.baselines.unit_resynthesis import Polyak


def load(checkpoint: str, device: str) -> Polyak:
    """From a folder or a hub id; raises as `load_polyak`."""
    from pipelines.baselines.unit_resynthesis import load_polyak
    from pipelines.checkpoints.folder import Folder, find_folder

    return load_polyak(Folder(find_folder(checkpoint)), device)


def convert(request: Request, networks: Polyak) -> Rendered:
    """Words and voice of the source with the reference's F0 codes. Raises ZestError: the reference has no voiced speech."""
    from pipelines.baselines.unit_resynthesis import resynthesise

    assert request.reference is not None  # see Baseline.takes
    return Rendered(*resynthesise(request.source, request.reference, networks))


BASELINE = Baseline("polyak", "Polyak et al.", "The source's units and voice with the reference's codes of F0.", convert,
                    takes=REFERENCE, load=load)
