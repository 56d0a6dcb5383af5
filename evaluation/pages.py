"""Lists in the documentation that follow from objects: metrics, emotion judges, corpora, converters by others, results.

    python -m evaluation.pages

writes each list of README.md, docs/metrics.md, docs/protocol.md and docs/rivals.md between its lines `<!-- list: NAME -->` and
`<!-- end -->`. The prose around the lists is written by hand. A test compares the pages with what this module would write.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from evaluation.corpora import CORPORA
from evaluation.judges import registry as judges
from evaluation.metrics import registry
from evaluation.metrics.base import Metric
from evaluation.metrics.subjects import OTHER
from evaluation.results_table import results_rows
from evaluation.rivals.catalogue import shipped

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = (DOCS.parent / "README.md", DOCS / "metrics.md", DOCS / "protocol.md", DOCS / "rivals.md")
LIST = re.compile(r"(<!-- list: ([\w ]+) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
REST = "metrics of other subjects"  # than those that have a list
WIDTH = 118  # of a line of prose


def updated(page: str) -> str:
    """A page with every list written anew.

    Raises:
        KeyError: a list has a name that nothing follows from.
    """
    placed = {subject for _, name, _, _ in LIST.findall(page) if name != REST for subject in name.split()[1:]}
    return LIST.sub(lambda found: found[1] + _written(found[2], placed) + found[4], page)


def metrics_list(metrics: Iterable[type[Metric]]) -> str:
    """A heading with the name, and the docstring, of each metric."""
    return "\n".join(f"### `{one.base}`\n\n{_paragraph(one)}\n" for one in metrics)


def judges_table() -> str:
    """Per judge: weights, library, emotions, other names, what it learnt from, features shared with the converter."""
    rows = [(f"`{one.name}`", one.where, one.library, ", ".join(one.emotions),
             ", ".join(f"`{alias}`" for alias in one.aliases if alias != one.where), one.training.about if one.training else "",
             one.shares) for one in judges.JUDGES]
    return _table(("judge", "weights", "package", "knows", "also named", "learnt from", "features"), rows)


def corpora_table() -> str:
    """Per corpus: what its folder looks like, languages, splits, licence."""
    rows = [(f"`{one.name}`", one.layout, ", ".join(one.languages), one.split, one.licence) for one in CORPORA.values()]
    return _table(("corpus", "layout", "language", "split", "licence"), rows)


def rivals_table() -> str:
    """Per converter by others that ships: what it needs."""
    rows = [(f"`{one.name}`", one.title, one.text or "none", one.gpu, one.licence, ", ".join(one.languages) or "any",
             ", ".join(one.emotions) or "of the reference", one.page) for one in shipped().values()]
    return _table(("system", "converter", "text", "GPU", "licence", "languages", "emotions", "page"), rows)


def results_table() -> str:
    """Five systems by words, voice, naturalness and emotion."""
    heads, *rows = results_rows()
    return _table(heads, rows)


def _written(name: str, placed: set[str]) -> str:
    if name == REST:
        left = [one for one in registry.METRICS if one.subject.name not in placed]
        return f"\n## {OTHER.heading}\n\n{metrics_list(left)}\n" if left else ""
    if name.startswith("metrics "):
        subjects = name.split()[1:]
        return "\n" + metrics_list(one for one in registry.METRICS if one.subject.name in subjects) + "\n"
    return {"judges": judges_table, "corpora": corpora_table, "rivals": rivals_table, "results": results_table}[name]()


def _paragraph(metric: type[Metric]) -> str:
    text = " ".join(inspect.cleandoc(metric.__doc__ or metric.question).split())
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n\n"


def main() -> None:
    for page in PAGES:
        page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
