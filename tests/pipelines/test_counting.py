"""Counts are said as a reader says them, wherever the code prints one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.counting import agreeing, counted, sentence_start

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("pipelines", "evaluation", "workbench")
LINKS = "a|an|and|as|at|by|for|from|in|is|of|on|or|the|to|with"  # behind these, a plural belongs to something else
PLURAL = re.compile(rf"^ (?:(?!(?:{LINKS}) )[a-z][a-z-]*[a-rt-z] ){{0,2}}?([a-z][a-z-]*s)\b")
HOME_MADE = re.compile(r"""['"]s['"] ?\* ?\(|['"]s['"] if .*(?:!= 1|== 1)|\{s\}""")
BOUND = re.compile(r"[A-Z_]+(?:\[.*\])?")  # a fixed bound such as MOST is far above one
# What this project counts. A word that is no count ("{file} holds") is none of these.
COUNTED = frozenset("""answers channels characters checkpoints checks clips comparisons conversions cores corpora emotions
    evaluations failures files frames items jobs keys layers letters lines listeners metrics minutes notes pairs parts pictures
    pieces presets processes questions ratings readings reasons recordings resamples rows runs samples scores sentences sets
    settings shards sittings speakers stages steps studies systems tables tensors trials utterances values variants votes words
    workers""".split())  # noqa: SIM905 - a list of words reads as one
NAMES = frozenset(("{escape(one.target)} clips", "{number} pairs"))  # refused: below 1


def plurals_without_agreement(source: str) -> Iterator[str]:
    """Pieces of f-strings in which a value stands before a word that ends with s, as '{n} sets'."""
    for node in ast.walk(ast.parse(source)):
        pieces = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in zip(pieces, pieces[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                found = PLURAL.match(str(text.value))
                measured = value.format_spec is not None  # {seconds:.1f} is a measure, not a count
                if found and not measured and not BOUND.fullmatch(ast.unparse(value.value)):
                    yield f"{{{ast.unparse(value.value)}}}{found[0]}"


@pytest.mark.parametrize(("count", "noun", "plural", "said"), [
    (0, "listener", "", "no listeners"), (1, "set", "", "1 set"), (2, "set", "", "2 sets"), (1.0, "rating", "", "1 rating"),
    (0.4, "rating", "", "no ratings"), (2.6, "rating", "", "3 ratings"), (2, "study", "", "2 studies"),
    (3, "day", "", "3 days"), (2, "source speaker", "", "2 source speakers"), (5, "process", "", "5 processes"),
    (2, "person", "people", "2 people"), (9999, "clip", "", "9999 clips"), (12000, "clip", "", "12,000 clips")])
def test_a_count_agrees_with_its_noun(count, noun, plural, said):
    assert counted(count, noun, plural) == said


def test_a_verb_agrees_with_its_count_and_a_sentence_begins_with_a_capital():
    assert [agreeing(count, "was", "were") for count in (0, 1, 2)] == ["were", "was", "were"]
    assert sentence_start(counted(0, "rating")) == "No ratings" and sentence_start("") == ""


def test_the_scan_finds_a_count_without_thought():
    assert list(plurals_without_agreement('f"{len(cells)} sets of {n} rated trials, {MOST} files, {size:.1f} metres"')) == [
        "{len(cells)} sets", "{n} rated trials"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_count_is_printed_before_a_bare_plural(folder):
    found = [f"{path.relative_to(ROOT)}: {piece}" for path in sorted((ROOT / folder).rglob("*.py"))
             for piece in plurals_without_agreement(path.read_text(encoding="utf-8"))
             if piece.rpartition(" ")[2] in COUNTED and piece not in NAMES]
    assert not found, "use pipelines.counting.counted"


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_plural_is_made_by_hand(folder):
    found = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in sorted((ROOT / folder).rglob("*.py"))
             for line in path.read_text(encoding="utf-8").splitlines() if HOME_MADE.search(line)]
    assert not found, "use pipelines.counting.counted"
