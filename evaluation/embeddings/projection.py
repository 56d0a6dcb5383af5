"""Many dimensions to two, by neighbourhood: t-SNE, or UMAP where its package is installed."""

from __future__ import annotations

import numpy as np

from pipelines.errors import ZestError

TSNE, UMAP = "tsne", "umap"
METHODS = {TSNE: "t-SNE", UMAP: "UMAP"}
PERPLEXITY = 30.0


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


def _umap():
    try:
        from umap import UMAP as Umap
    except ImportError as error:
        raise ZestError("UMAP needs the package umap-learn; install it with 'pip install umap-learn', "
                        "or choose --method tsne.") from error
    return Umap
