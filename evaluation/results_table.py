"""The table of results in the README, from what `benchmarks.conversion_quality` wrote to docs/results/mini.

Where the weights change, measure again, and `python -m evaluation.pages` writes the new numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results" / "mini"
FILES = ("conversion_quality.txt", "conversion_quality_decoders.txt")  # a row is taken from the first that has it
ROWS = {  # what a row of the output is called in the README
    "natural source": "the source, unchanged",
    "neural copy": "the source through our vocoder",
    "F0 statistics swap": "baseline: the reference's F0 mean and variance",
    "residual_neural, strength 1": "**ours** (`residual_neural`)",
    "generate, strength 1": "the paper's way (`generate`)",
}
COLUMNS = {  # of the output, and what they are called in the README
    "CER % (transcript)": "wrong letters in new sentences, %",
    "cos source": "voice: cosine to the source",
    "DistillMOS": "naturalness: predicted MOS",
    "acoustic %": "target emotion recognised, %",
}


def results_rows() -> list[tuple[str, ...]]:
    """Heads, then one row a system, as text.

    Raises:
        KeyError: the outputs lack a row or a column.
    """
    measured: dict[str, dict[str, str]] = {}
    for name in reversed(FILES):
        measured |= first_table((RESULTS / name).read_text(encoding="utf-8"))
    return [("system", *COLUMNS.values()),
            *((said, *(measured[row][column] for column in COLUMNS)) for row, said in ROWS.items())]


def first_table(output: str) -> dict[str, dict[str, str]]:
    """Of a benchmark's output: per row, its values by column. Of two columns of one name, the first counts."""
    lines = output.splitlines()
    rule = next(number for number, line in enumerate(lines) if line.startswith("----"))
    heads = _cells(lines[rule - 1])
    rows: dict[str, dict[str, str]] = {}
    for line in lines[rule + 1:]:
        if not line.strip():
            break
        name, *values = _cells(line)
        rows[name] = dict(reversed(list(zip(heads, values, strict=True))))
    return rows


def _cells(line: str) -> Sequence[str]:
    """Columns have two blanks or more between them."""
    return re.split(r"\s{2,}", line.strip())
