"""Pictures of what a conversion did: the F0 contours of source, reference and predicted, side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from pipelines.features.pitch import REFERENCE_HZ, F0Contour, semitones, statistics
from pipelines.files import PICTURES, check_ending, write_whole

# Paul Tol's "high contrast" colours: told apart with any colour vision and, by lightness, in grey.
SOURCE_COLOUR, REFERENCE_COLOUR, PREDICTED_COLOUR = "#004488", "#BB5566", "#DDAA33"
OVERLAY_COLOUR = "#1a1a1a"
MIN_SPAN = 12  # semitones on the F0 axis, so that a monotone voice does not look lively
LABEL_EVERY = (2, 3, 4, 6, 12)  # semitones between labelled lines: the first that gives at most MAX_LABELS
MAX_LABELS = 7


@dataclass(frozen=True)
class Panel:
    """One contour and how it is drawn. overlay: a second contour, thin, e.g. F0 measured again on the result."""

    title: str
    contour: F0Contour
    colour: str
    overlay: F0Contour | None = None
    overlay_label: str = ""


def conversion_figure(source: F0Contour, reference: F0Contour | None, predicted: F0Contour,
                      remeasured: F0Contour | None = None, target: str = "") -> Figure:
    """Source, reference and predicted contours on shared axes.

    Args:
        reference: None with a preset, which has no contour; its panel is left out.
        remeasured: F0 tracked in the converted audio, drawn thin over the predicted one.
        target: name of the preset or of the reference, for the titles.
    """
    panels = [Panel("Source", source, SOURCE_COLOUR)]
    if reference is not None:
        panels.append(Panel("Reference", reference, REFERENCE_COLOUR))
    title = f"Predicted ({target})" if target and reference is None else "Predicted"
    panels.append(Panel(title, predicted, PREDICTED_COLOUR, remeasured, "measured in the converted audio"))
    return contour_figure(panels)


def converted_figure(source: F0Contour, reference: F0Contour, converted: F0Contour, predicted: F0Contour | None) -> Figure:
    """As `conversion_figure`, for anyone's conversion.

    Args:
        converted: F0 tracked in the converted audio.
        predicted: what the system asked for; None where it asked for nothing, then the third panel shows `converted`.
    """
    if predicted is not None:
        return conversion_figure(source, reference, predicted, converted)
    return contour_figure([Panel("Source", source, SOURCE_COLOUR), Panel("Reference", reference, REFERENCE_COLOUR),
                           Panel("Converted", converted, PREDICTED_COLOUR)])


def contour_figure(panels: Sequence[Panel]) -> Figure:
    """Contours side by side: seconds, Hz on a log axis with a semitone grid, gaps where unvoiced.

    A `Figure` of its own and not pyplot's: the workbench draws from several threads.
    """
    figure = Figure(figsize=(3.6 * len(panels) + 0.6, 3.4), layout="constrained", dpi=150)
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    low, high = _limits(panels)
    for axis, panel in zip(axes, panels, strict=True):
        _draw(axis, panel)
    axes[0].set_xlim(0, max(panel.contour.seconds[-1] if len(panel.contour.hz) else 1.0 for panel in panels))
    _semitone_grid(axes, low, high)
    axes[0].set_ylabel("F0 (Hz, log)")
    return figure


def save_figure(figure: Figure, path: Path | str) -> Path:
    """Write PNG, SVG or PDF by the name's ending, whole or not at all. Raises OutputError."""
    check_ending(path, PICTURES, "plots")
    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix.lower().removeprefix(".") or "png")
    return write_whole(path, content.getvalue())


def _draw(axis: Axes, panel: Panel) -> None:
    overlay = panel.overlay
    axis.plot(panel.contour.seconds, _gaps(panel.contour), color=panel.colour, linewidth=4.2, marker=".", markersize=4.2,
              solid_capstyle="round", label=panel.title)
    if overlay is not None and overlay.voiced.any():
        axis.plot(overlay.seconds, _gaps(overlay), color=OVERLAY_COLOUR, linewidth=0.8, label=panel.overlay_label)
        axis.legend(handles=axis.lines[-1:], loc="upper right", fontsize=7.5, frameon=True, framealpha=0.9,
                    edgecolor="none", borderpad=0.2)
    if not panel.contour.voiced.any():
        axis.text(0.5, 0.5, "no voiced frame", transform=axis.transAxes, ha="center", va="center", color="#555555")
    axis.set_title(_caption(panel), fontsize=10)
    axis.set_xlabel("seconds")
    axis.tick_params(labelsize=8.5)
    axis.spines[["top", "right"]].set_visible(False)


def _caption(panel: Panel) -> str:
    numbers = statistics(panel.contour)
    if numbers is None:
        return panel.title
    return f"{panel.title}: mean {numbers.mean_hz:.0f} Hz, range {numbers.range_semitones:.1f} st"


def _gaps(contour: F0Contour) -> np.ndarray:
    """(frames,) Hz with NaN where unvoiced: matplotlib leaves a gap instead of a line to 0."""
    return np.where(contour.voiced, contour.hz, np.nan)


def _limits(panels: Sequence[Panel]) -> tuple[int, int]:
    """Semitones above 55 Hz that the shared axis spans."""
    contours = [c for panel in panels for c in (panel.contour, panel.overlay) if c is not None and c.voiced.any()]
    if not contours:
        return 0, 24
    voiced = np.concatenate([semitones(c.hz[c.voiced]) for c in contours])
    low, high = int(np.floor(voiced.min())) - 1, int(np.ceil(voiced.max())) + 2
    missing = max(0, MIN_SPAN - (high - low))
    return low - missing // 2, high + (missing + 1) // 2


def _semitone_grid(axes: Sequence[Axes], low: int, high: int) -> None:
    every = next((step for step in LABEL_EVERY if (high - low) / step <= MAX_LABELS), LABEL_EVERY[-1])
    labelled = [s for s in range(low, high + 1) if s % every == 0]
    first = axes[0]  # the axes are shared: scale, limits and ticks of one are those of all
    first.set_yscale("log")
    first.set_ylim(_hz(low), _hz(high))
    first.yaxis.set_major_locator(FixedLocator([_hz(s) for s in labelled]))
    first.yaxis.set_major_formatter(lambda hz, _: f"{hz:.0f}")
    first.yaxis.set_minor_locator(NullLocator())
    for axis in axes:  # semitones as plain lines: minor ticks would take four times as long to draw
        axis.hlines([_hz(s) for s in range(low, high + 1)], 0, 1, transform=axis.get_yaxis_transform(), color="#ececec",
                    linewidth=0.5, zorder=0)
        axis.grid(axis="y", color="#c4c4c4", linewidth=0.8)
        axis.set_axisbelow(True)


def _hz(semitone: float) -> float:
    return REFERENCE_HZ * 2 ** (semitone / 12)
