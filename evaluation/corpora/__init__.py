"""Readers that turn corpora in their published folder layouts into manifests: one file a corpus, named here.

docs/how-to/add-a-corpus.md shows how a corpus is added.
"""

from __future__ import annotations

from evaluation.corpora import cremad, emodb, esd, librispeech, nemo, ravdess, timit

CORPORA = {module.CORPUS.name: module.CORPUS for module in (esd, ravdess, cremad, emodb, nemo, timit, librispeech)}
