"""Figures that are drawn from stored measurements are those of the measurements that are stored now."""

from __future__ import annotations

import re

import pytest

from benchmarks.figures import FIGURES, ROOT, data_hash, strength_figure
from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, folder_key


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_new_as_its_measurements_and_a_page_shows_it_with_words(name):
    drawn = (ROOT / "docs" / "media" / name).read_text()
    assert f"data {data_hash(FIGURES[name][1])}" in drawn, "run python -m benchmarks.figures docs/media"
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    alternative, = re.findall(rf"!\[([^\]]+)\]\([./]*media/{name}\)", pages)
    assert len(alternative.split()) > 10


def test_the_curves_of_strength_are_the_stored_numbers():
    acoustic = strength_figure().axes[0].lines[0]
    assert list(acoustic.get_ydata()) == [44, 92, 89] and list(acoustic.get_xdata()) == [0.89, 0.77, 0.67]


def test_the_contours_of_the_empty_page_are_those_of_the_shipped_weights():
    drawn = (ROOT / "workbench" / "tabs" / "page" / "invitation.svg").read_text()
    assert f"weights {folder_key(DEFAULT_CHECKPOINT, CONVERTING)}" in drawn, "run python -m examples.render_invitation"
