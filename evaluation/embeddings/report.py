"""`zest embeddings`: the authors' figures (x-vector against EASE, SACE), and the probes that make numbers of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.embeddings.probes import Probe, Vectors, emotion_probe, speaker_probe
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import json_text, make_folder, write_whole
from pipelines.labels import EMOTIONS

TSNE, UMAP = "tsne", "umap"
METHODS = {TSNE: "t-SNE", UMAP: "UMAP"}
PERPLEXITY = 30.0
PANELS = (("x-vector", "emotions"), ("EASE", "emotions"), ("SACE", "emotions"), ("SACE", "speakers"))
PROBES = {"emotion": emotion_probe, "speaker": speaker_probe}
COLOURS = ("#4f5661", "#bb5566", "#ddaa33", "#004488", "#117733", "#6b4c9a")  # neutral, angry, happy, sad, surprised; others
FILES = ("embeddings.json", "embeddings.png")
MOST_NAMES = 10  # in a legend


def write_embeddings(vectors: Vectors, folder: Path | str, about: Mapping[str, Any], method: str = TSNE, seed: int = 0) -> Path:
    """Write `embeddings.json` and `embeddings.png`; returns the picture's path.

    Args:
        vectors: with the factors x-vector, EASE and SACE at least. about: what stands in the JSON beside the numbers.
    Raises:
        RecipeError: too few speakers, emotions or sentences for a probe. ZestError: no such method. OutputError.
    """
    folder = make_folder(folder)
    probes = {factor: {name: probe(vectors, factor) for name, probe in PROBES.items()} for factor in vectors.values}
    places = {factor: project(vectors.values[factor], method, seed) for factor in dict(PANELS)}
    figure = draw(vectors, places, probes, METHODS[method])
    document = {**about, "clips": len(vectors.emotions), "method": method, "seed": seed,
                "speakers": sorted(set(vectors.speakers.tolist())), "emotions": sorted(set(vectors.emotions.tolist())),
                "probes": {factor: {name: {key: round(value, 2) for key, value in vars(probe).items()}
                                    for name, probe in own.items()} for factor, own in probes.items()}}
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100, metadata={"Software": None})
    write_whole(folder / FILES[0], (json_text(document, 2) + "\n").encode())
    return write_whole(folder / FILES[1], content.getvalue())


def draw(vectors: Vectors, places: Mapping[str, np.ndarray], probes: Mapping[str, Mapping[str, Probe]], method: str) -> Figure:
    """places: factor to (clips, 2)."""
    figure = Figure(figsize=(10, 9.4), layout="constrained")
    for index, (factor, labels) in enumerate(PANELS):
        axis, own = figure.add_subplot(2, 2, index + 1), probes[factor]
        _scatter(axis, places[factor], getattr(vectors, labels))
        told = ", ".join(f"{name} {probe.accuracy:.0f} % (chance {probe.chance:.0f})" for name, probe in own.items())
        axis.set_title(f"{factor}, coloured by {labels.removesuffix('s')}\nlinear probe: {told}", fontsize=10)
    figure.suptitle(f"{method} of {counted(len(vectors.emotions), 'recording')}", fontsize=12)
    return figure


def check_method(name: str) -> None:
    """Raises ZestError: there is no such method, or its package is missing."""
    if name not in METHODS:
        raise ZestError(f"There is no projection '{name}'; choose one of {', '.join(METHODS)}.")
    if name == UMAP:
        _umap()


def project(values: np.ndarray, method: str = TSNE, seed: int = 0) -> np.ndarray:
    """(clips, width) to (clips, 2), every dimension standardised first. Raises ZestError as check_method."""
    from sklearn.manifold import TSNE as Tsne
    from sklearn.preprocessing import StandardScaler

    check_method(method)
    standard = StandardScaler().fit_transform(values)
    if method == UMAP:
        return _umap()(random_state=seed, n_neighbors=min(15, len(values) - 1)).fit_transform(standard)
    return Tsne(2, perplexity=min(PERPLEXITY, (len(values) - 1) / 3), init="pca", random_state=seed).fit_transform(standard)


def _scatter(axis: Axes, places: np.ndarray, names: np.ndarray) -> None:
    present = set(names.tolist())
    order = [name for name in EMOTIONS if name in present] + sorted(present - set(EMOTIONS))
    many = (colormaps["turbo"](place) for place in np.linspace(0.03, 0.97, len(order)))
    colours = COLOURS if len(order) <= len(COLOURS) else list(many)
    for name, colour in zip(order, colours, strict=False):
        own = places[names == name]
        axis.scatter(own[:, 0], own[:, 1], s=11, color=colour, alpha=0.75, linewidths=0, label=name)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_color("#c4c4c4")
    if len(order) <= MOST_NAMES:
        axis.legend(fontsize=8, frameon=False, markerscale=1.6, loc="best")


def _umap():
    try:
        from umap import UMAP as Umap  # pyright: ignore[reportMissingImports]  # installed by who wants it
    except ImportError as error:
        raise ZestError("UMAP needs the package umap-learn; install it with 'pip install umap-learn', "
                        "or choose --method tsne.") from error
    return Umap
