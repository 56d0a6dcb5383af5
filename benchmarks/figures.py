"""Figures of the documentation from measurements that the repository holds: training curves, and what strength costs.

    python -m benchmarks.figures docs/media

Reads docs/results/mini and measures nothing. Run it again when a log there is another one; a test says when a figure is old.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from evaluation.plots import PREDICTED_COLOUR, REFERENCE_COLOUR, SOURCE_COLOUR

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results" / "mini"
COLOURS = (SOURCE_COLOUR, REFERENCE_COLOUR, PREDICTED_COLOUR)
JUDGES = {"acoustic": "o", "whisper": "s", "egemaps": "^"}  # and the sign of each
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "zest", "font.family": "sans-serif", "font.size": 9,
         "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e2e8f0"}


@dataclass(frozen=True)
class Curves:
    """One panel. log: file of docs/results/mini. values: names in it, and what the picture calls them."""

    title: str
    log: str
    axis: str
    values: dict[str, str]


TRAINED = (  # the last training of each file of zest-mini, by its model card
    Curves("hubert", "hubert_gpu", "cosine distance to the teacher",
           {"cosine_1": "block 1", "cosine_3": "block 3", "cosine_6": "block 6"}),
    Curves("vocoder", "vocoder_gpu", "L1 of mel spectra, nepers", {"mel": "mel"}),
    Curves("generate", "generate_gpu", "L1 of mel bands, nepers", {"trunk": "mel predictor"}),
    Curves("sace", "sace", "share recognised", {"emotion_accuracy": "emotion", "speaker_accuracy": "speaker (adversary)"}),
    Curves("acoustic", "acoustic", "error of F0, semitones",
           {"pitch_semitones": "own speech", "parallel_semitones": "parallel recordings"}),
    Curves("polyak", "polyak", "L1 of mel bands, nepers", {"trunk": "mel predictor"}),
)


def training_figure() -> Figure:
    """Values over steps in the logs of the weights that ship."""
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    for axes, curves in zip(figure.subplots(2, 3).flat, TRAINED, strict=True):
        lines = [json.loads(line) for line in (RESULTS / f"{curves.log}.jsonl").read_text().splitlines()]
        for (name, label), colour in zip(curves.values.items(), COLOURS):
            points = [(line["step"], line[name]) for line in lines if name in line]
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.2, label=label)
        axes.set_title(curves.title, fontweight="bold")
        axes.set_ylabel(curves.axis)
        axes.set_xlabel("step")
        if len(curves.values) > 1:
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + 0.1 * len(curves.values) * (high - low))  # room for the legend
            axes.legend(fontsize=8, frameon=False, loc="upper right")
    return figure


def strength_figure() -> Figure:
    """Recognised emotion over voice kept, a curve a judge, a point a strength: presets on the pairs of references.json."""
    measured = json.loads((RESULTS / "references.json").read_text())
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    rows = measured["strengths"]
    for (judge, sign), colour in zip(JUDGES.items(), COLOURS, strict=True):
        axes.plot([row["voice"] for row in rows], [row["judges"][judge] for row in rows], color=colour, marker=sign,
                  label=f"judge {judge}")
    for row in rows:
        axes.annotate(f"strength {row['strength']:g}", (row["voice"], max(row["judges"].values())), ha="left",
                      xytext=(-4, 8), textcoords="offset points")
    axes.set(xlabel="voice kept: cosine to the source", ylabel="target emotion recognised, %", ylim=(0, 105))
    axes.margins(x=0.12)
    axes.legend(frameon=False, loc="lower left")
    return figure


FIGURES: dict[str, tuple[Callable[[], Figure], tuple[str, ...]]] = {  # by file, with what it is drawn from
    "training.svg": (training_figure, tuple(f"{curves.log}.jsonl" for curves in TRAINED)),
    "strength.svg": (strength_figure, ("references.json",)),
}


def data_hash(names: tuple[str, ...]) -> str:
    """Of files of docs/results/mini; a figure's description holds it."""
    return hashlib.sha256(b"".join((RESULTS / name).read_bytes() for name in names)).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "media")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, (draw, names) in FIGURES.items():
        with mpl.rc_context(STYLE):
            draw().savefig(folder / name, facecolor="white", metadata={"Description": f"data {data_hash(names)}", "Date": None})
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("".join(f"{line.rstrip()}\n" for line in lines))  # as every text of the repository ends
        print(folder / name, f"{(folder / name).stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
