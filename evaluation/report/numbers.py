"""How numbers are written: decimals by unit, intervals, coverage."""

from __future__ import annotations

from evaluation.metrics.base import MetricInfo
from evaluation.report.blocks import Cell
from evaluation.report.statistics import ROUNDING, Difference, Estimate

MINUS = "\u2212"
NOTHING = "\u2013"
ARROWS = {"higher": "\u2191 higher is better", "lower": "\u2193 lower is better", "closer": "\u2248 closer to natural is better"}


def decimals(unit: str, signed: bool = False) -> int:
    """Percentages with one decimal, everything else (cosines, semitones, MOS, ratios, dB) with two; differences three."""
    return 1 if unit.strip().startswith("%") else 3 if signed else 2


def number(value: float, unit: str, signed: bool = False) -> str:
    """A value without its unit; a true minus sign, never -0, and a difference that is there is not written as 0."""
    text = f"{value:{'+' if signed else ''}.{decimals(unit, signed)}f}"
    if not any(digit in text for digit in "123456789"):
        text = f"{value:+.0e}" if signed and abs(value) > ROUNDING else text.lstrip("+-")
    return text.replace("-", MINUS)


def span(low: float | None, high: float | None, unit: str, signed: bool = False) -> str:
    """[low, high]; says so where there is none."""
    if low is None or high is None:
        return "no interval"
    return f"[{number(low, unit, signed)}, {number(high, unit, signed)}]"


def estimate_cell(estimate: Estimate | None, info: MetricInfo, expected: int) -> Cell:
    """value [interval] measured/expected."""
    if estimate is None:
        return Cell(NOTHING, note=f"0/{expected}", mark="faint")
    return Cell(number(estimate.value, info.unit), span(estimate.low, estimate.high, info.unit),
                f"{estimate.measured}/{estimate.expected}")


def difference_cell(difference: Difference | None, info: MetricInfo) -> Cell:
    """difference [interval] share; bold where the interval leaves 0 out."""
    if difference is None:
        return Cell(NOTHING, note="no common pair", mark="faint")
    detail = span(difference.low, difference.high, info.unit, signed=True)
    note = "" if difference.share is None else f"p {share(difference.share)}"
    return Cell(number(difference.value, info.unit, signed=True), detail, note, "clear" if difference.clear else "")


def share(value: float) -> str:
    """Of resamples, as p-values are written."""
    return "< 0.001" if value <= 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def heading(info: MetricInfo) -> tuple[str, str]:
    """A metric's name and, smaller, its unit and direction."""
    return info.name, " \u00b7 ".join(filter(None, (unit_of(info), ARROWS.get(info.better, info.better))))


def unit_of(info: MetricInfo) -> str:
    """The unit; a model's MOS is called predicted wherever it stands."""
    return f"predicted {info.unit}" if info.unit.startswith("MOS") else info.unit
