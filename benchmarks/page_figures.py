"""The figures that the Convert tab shows beside references and strengths: docs/results/mini/references.json.

Written by `python -m benchmarks.conversion_quality --page FILE`, with `--presets --strength 0.5 --strength 1 --strength 1.5`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scores import QualityScores
from benchmarks.systems import PRESETS_SUFFIX, conversion_name
from evaluation.judges.mini import JUDGES
from pipelines.checkpoints.folder import CONVERTING, folder_key

DIGITS = 2


def page_figures(scores: QualityScores, decoder: str, strengths: Sequence[float], checkpoint: Path) -> dict[str, Any]:
    """Shares in percent in which judges recognise the reference's emotion, and presets' by strength.

    Returns:
        `pairs`, `weights` (a hash of the checkpoint), `decoder`, `judges` at strength 1, and `strengths`: rows of `strength`,
        `judges` and `voice`, the mean cosine to the source.
    """
    rows = [{"strength": strength, **_row(scores, conversion_name(decoder, strength) + PRESETS_SUFFIX)}
            for strength in sorted(strengths)]
    return {"pairs": len(scores.matrix.pairs), "weights": folder_key(checkpoint, CONVERTING), "decoder": decoder,
            "judges": _row(scores, conversion_name(decoder, 1.0))["judges"], "strengths": rows}


def _row(scores: QualityScores, system: str) -> dict[str, Any]:
    return {"judges": {judge: round(scores.value(system, f"emotion@{judge}")) for judge in JUDGES},
            "voice": round(scores.value(system, "voice-to-source"), DIGITS)}
