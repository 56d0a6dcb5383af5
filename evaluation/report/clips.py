"""Clips inside a page: as data URIs, lossless while that stays small."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import soundfile

from evaluation.report.blocks import Player
from pipelines.errors import AudioError
from pipelines.features.audio import SAMPLE_RATE, load

FLAC_BUDGET, BUDGET = 2_500_000, 3_200_000  # characters of data URIs in a report
FLAC, OGG = ("FLAC", "PCM_16", "audio/flac"), ("OGG", "VORBIS", "audio/ogg")
TOO_MUCH = "left out, because the report would become too large"


def players(clips: Sequence[tuple[str, Path | None]]) -> list[Player]:
    """One player a clip: FLAC, or all as Ogg Vorbis where FLAC would be too large; clips beyond the budget are left out.

    Args:
        clips: (label, recording), None where there is none.
    """
    lossless = [_player(label, path, FLAC) for label, path in clips]
    if sum(len(player.uri) for player in lossless) <= FLAC_BUDGET:
        return lossless
    return _within(BUDGET, [_player(label, path, OGG) for label, path in clips])


def _within(budget: int, made: Sequence[Player]) -> list[Player]:
    kept, used = [], 0
    for player in made:
        used += len(player.uri)
        kept.append(player if used <= budget else Player(player.label, "", TOO_MUCH))
    return kept


def _player(label: str, path: Path | None, coding: tuple[str, str, str]) -> Player:
    if path is None:
        return Player(label, "", "no recording")
    try:
        samples = load(path).samples
    except AudioError as error:
        return Player(label, "", str(error))
    container, subtype, mime = coding
    content = io.BytesIO()
    soundfile.write(content, samples, SAMPLE_RATE, format=container, subtype=subtype)
    return Player(label, f"data:{mime};base64,{base64.b64encode(content.getvalue()).decode()}")
