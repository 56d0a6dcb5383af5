"""Which recordings stand on one page of best-worst scaling.

Four on a page are the usual number (Kiritchenko & Mohammad, ACL 2017). Of n conditions there are n pages by a cyclic design:
page i has conditions i, i + a, i + b and i + c, modulo n. So every condition is on four pages. a, b and c are those for which
the numbers of pages that any two conditions share differ least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

from evaluation.listening.errors import StudyError

ON_A_PAGE = 4
FEWEST = 3
Item = TypeVar("Item")


def balanced_tuples(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """All items on one page where there are at most four, else pages of four.

    Raises:
        StudyError: fewer than three, of which a strongest and a weakest say nothing new.
    """
    count = len(items)
    if count < FEWEST:
        raise StudyError("Best-worst scaling needs three recordings side by side; choose more systems, or evaluate with "
                         "references.")
    if count <= ON_A_PAGE:
        return [tuple(items)]
    steps = min(combinations(range(1, count), ON_A_PAGE - 1), key=lambda steps: _imbalance((0, *steps), count))
    return [tuple(items[(start + step) % count] for step in (0, *steps)) for start in range(count)]


def _imbalance(steps: Sequence[int], count: int) -> int:
    """How much the numbers of pages that two conditions share differ: of the most and the least frequent distance."""
    shared = Counter(min((one - other) % count, (other - one) % count) for one, other in combinations(steps, 2))
    pages = [shared[distance] * (2 if 2 * distance == count else 1) for distance in range(1, count // 2 + 1)]
    return max(pages) - min(pages)
