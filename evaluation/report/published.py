"""The numbers of the paper (Dutta & Ganapathy, ICASSP 2024, arXiv 2401.04511, table 1), to stand beside a run's own.

They were measured on ESD English with another recogniser, and emotions were judged by the converter's own encoder: they
compare within one recogniser, one judge and one corpus, so they are shown under HEADING and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADING = "published (other recogniser, ESD)"
SOURCE = "Dutta & Ganapathy, ICASSP 2024, arXiv 2401.04511, table 1"
SETTINGS = ("ssst", "ssdt", "dsst", "dsdt", "ute", "uss")


@dataclass(frozen=True)
class Published:
    """One system of the paper. values: % per setting of SETTINGS, None where the paper has none."""

    system: str
    values: tuple[float | None, ...]

    def value(self, setting: str) -> float | None:
        """%; None where the paper has none, or does not know the setting."""
        return self.values[SETTINGS.index(setting)] if setting in SETTINGS else None


CER = (
    Published("VAWGAN", (7.9, 6.6, 7.9, 6.6, None, None)),
    Published("Polyak et al.", (7.0, 5.7, 7.0, 5.7, 6.1, 14.6)),
    Published("ZEST", (7.2, 5.6, 7.2, 5.4, 5.9, 14.8)),
)
EMOTION = (
    Published("VAWGAN", (41.4, 44.5, 41.4, 44.5, None, None)),
    Published("Polyak et al.", (36.4, 33.3, 28.3, 25.9, None, 26.6)),
    Published("ZEST no adversarial", (56.1, 42.4, 46.8, 38.6, None, 36.4)),
    Published("ZEST no F0 predictor", (55.8, 39.9, 45.3, 36.6, None, 28.4)),
    Published("ZEST no F0 encoder", (63.1, 59.2, 56.3, 54.7, None, 71.3)),
    Published("ZEST no unit encoder", (64.4, 58.5, 55.3, 50.8, None, 67.6)),
    Published("ZEST", (69.0, 63.8, 60.0, 55.6, None, 72.5)),
)
SPEAKER = (
    Published("VAWGAN", (62.4, 76.0, 62.4, 76.0, None, None)),
    Published("ZEST", (99.4, 99.8, 97.8, 99.7, 98.6, None)),
)
