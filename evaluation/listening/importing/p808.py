"""The P.808 toolkit's votes (microsoft/P.808, its result parser): NAME_votes_per_worker_.csv of ACR, DCR or CCR, and
of P.835 NAME_votes_per_worker__sig.csv, __bak.csv, __ovrl.csv, or all three as NAME_all_votes_per_clip.csv.

Columns: HITId, workerid, assignment_id, assignmentstatus, file, short_file_name, vote, question_type (MOS, DMOS or CMOS; of P.835
MOS_SIG, MOS_BAK or MOS_OVRL), and those of the toolkit's condition_pattern. They hold what its own cleaning has left: no traps,
no gold clips. A table with the columns worker, file, system and vote is read, too.
Votes of CCR are for the system against the reference, -3 to 3.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from urllib.parse import urlsplit

from evaluation.listening.design.questions import COMPARISON, NATURAL, SCALE, question_called
from evaluation.listening.errors import StudyError
from evaluation.listening.importing.bounded_search import search
from evaluation.listening.importing.ratings import ForeignFile, ForeignRating, Names, listed, names, numbers
from pipelines.tables import Table, lines

TOOL, OTHER_TOOL = "the P.808 toolkit", "a table of votes"
WORKER, FILE = ("workerid", "worker_id", "worker", "listener"), ("file", "file_url", "file_name", "short_file_name", "clip")
SYSTEM, VOTE = ("system", "model", "condition", "condition_name"), ("vote", "rating", "score")
KNOWN = {"hitid", "assignment_id", "assignmentstatus", "question_type", "unknown", "creation_time", "requesterannotation",
         *WORKER, *FILE, *VOTE}
SCALES = {"MOS": "quality", "DMOS": "degradation", "CMOS": "comparison"}
P835 = {"MOS_SIG": "signal", "MOS_BAK": "background", "MOS_OVRL": "overall"}
LONGEST = 200  # letters of a pattern


def is_votes(table: Table) -> bool:
    """Whether it has votes of workers on clips."""
    return all(_column(table, group) for group in (WORKER, FILE, VOTE))


def read_p808(table: Table, question: str, pattern: str, spoken: Names) -> ForeignFile:
    """Every vote of the file.

    Args:
        question: '' for what question_type says. pattern: a regular expression with the groups `system` and, if wanted, `item`,
            that is looked for in the name of a clip; '' for the columns of the toolkit's conditions.
    Raises:
        StudyError: several scales, unknown systems, votes out of range, a pattern that does not fit.
    """
    asked = _asked(table, question)
    kind = question_called(asked[0]).kind
    if kind not in (SCALE, COMPARISON):
        raise StudyError(f"{table.path.name} has one vote a clip, which is no answer to '{question}'; name quality, naturalness, "
                         "degradation or comparison.")
    lowest, highest = (-3, 3) if kind == COMPARISON else (1, 5)
    worker, file, vote = (_column(table, group) for group in (WORKER, FILE, VOTE))
    votes = numbers(table, vote, lowest, highest, is_whole=True)
    workers, clips = names(table, worker), _without_hosts(names(table, file))
    systems, items, notes = _by_pattern(table, clips, pattern) if pattern else _by_columns(table, clips)
    against = NATURAL if kind == COMPARISON else ""
    ratings = [ForeignRating(row.line, (workers[place],), clips[place], items[place], spoken.condition(systems[place]),
                             votes[place], against, question=asked[place])
               for place, row in enumerate(table.rows)
               if not {clips[place], items[place]} & spoken.left_out and question in ("", asked[place])]
    return ForeignFile(TOOL if "hitid" in table.columns else OTHER_TOOL, worker, tuple(ratings), notes)


def _column(table: Table, group: tuple[str, ...]) -> str:
    return next((name for name in group if name in table.columns), "")


def _asked(table: Table, question: str) -> list[str]:
    """What was asked, by row; that of a P.835 file is what it says, and a question chooses one of its scales."""
    if "question_type" not in table.columns and question:
        return [question] * len(table.rows)
    if "question_type" not in table.columns:
        raise StudyError(f"{table.path.name} does not say which scale its votes are on; name the question: quality (MOS), "
                         "degradation (DMOS) or comparison (CMOS).")
    by_row = [row.cells["question_type"].upper() for row in table.rows]
    kinds = sorted(set(by_row))
    if set(kinds) <= set(P835) and question in ("", *(P835[kind] for kind in kinds)):
        return [P835[kind] for kind in by_row]
    if set(kinds) <= set(P835):
        raise StudyError(f"{table.path.name} holds votes on {listed(kinds)}, which are not answers to '{question}'; leave out "
                         f"the question, or name {listed([P835[kind] for kind in kinds])}.")
    if len(kinds) > 1 or not question and kinds[0] not in SCALES:
        raise StudyError(f"{table.path.name} holds votes on {listed(kinds)}; MOS, DMOS, CMOS, or P.835's MOS_SIG, MOS_BAK and "
                         "MOS_OVRL can be imported.")
    return [question or SCALES[kinds[0]]] * len(by_row)


def _without_hosts(addresses: list[str]) -> list[str]:
    """Names of clips: paths without host, without what follows a question mark (it may be a key), and without a shared folder."""
    paths = [urlsplit(address).path.lstrip("/") if "://" in address else address for address in addresses]
    folder = os.path.commonpath([os.path.dirname(path) for path in paths]) if all("/" in path for path in paths) else ""
    return [path[len(folder):].lstrip("/") for path in paths]


def _by_pattern(table: Table, clips: list[str], pattern: str) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Systems, items, and notes."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise StudyError(f"The pattern {pattern!r} is no regular expression: {error}.") from error
    if len(pattern) > LONGEST or "system" not in compiled.groupindex:
        raise StudyError(f"The pattern needs a group (?P<system>...) and at most {LONGEST} letters, such as "
                         "(?P<item>.*)_(?P<system>[^_]*)[.]wav.")
    distinct = list(dict.fromkeys(clips))
    known = {clip: groups or {} for clip, groups in zip(distinct, search(pattern, distinct), strict=True)}
    unlike = [clip for clip, groups in known.items() if not groups.get("system")]
    if unlike:
        raise StudyError(f"The pattern finds no system in {listed(unlike, 3)}, of {table.path.name}; change the pattern.")
    has_items = "item" in compiled.groupindex
    return ([known[clip]["system"] for clip in clips], [known[clip]["item"] or clip if has_items else clip for clip in clips],
            () if has_items else (_alone(clips),))


def _by_columns(table: Table, clips: list[str]) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Systems, items, and notes, by a column with the system, or by those of the toolkit's condition_pattern."""
    own = _column(table, SYSTEM)
    columns = [own] if own else [name for name in table.columns if "hitid" in table.columns and name not in KNOWN]
    if not columns:
        raise StudyError(f"{table.path.name} does not say which system a clip is of; give a pattern for the names of the clips, "
                         "such as (?P<item>.*)_(?P<system>[^_]*)[.]wav, or a column system.")
    values = [tuple(row.cells[name] for name in columns) for row in table.rows]
    empty = [row.line for row, value in zip(table.rows, values, strict=True) if not any(value)]
    if empty:
        raise StudyError(f"{table.path.name} has no {listed(columns)} for some clips ({lines(empty)}); fill it in, or give a "
                         "pattern.")
    said: dict[str, tuple[str, ...]] = {}
    for clip, value in zip(clips, values, strict=True):
        if said.setdefault(clip, value) != value:
            raise StudyError(f"{table.path.name} names two systems for the clip {clip} ({listed(columns)}); correct it, or give "
                             "a pattern for the names of the clips.")
    items = {clip: _item(clip, value) for clip, value in said.items()}
    shared = Counter(items.values())
    if all(count == 1 for count in shared.values()):  # no two systems have an item in common
        return [", ".join(value) for value in values], clips, (_alone(clips),)
    return [", ".join(value) for value in values], [items[clip] for clip in clips], ()


def _item(clip: str, conditions: tuple[str, ...]) -> str:
    """The name of a clip without its condition, where that stands in it once; else the name itself."""
    for condition in filter(None, conditions):
        found = list(re.finditer(rf"(?<![0-9a-z]){re.escape(condition)}(?![0-9a-z])|(?<=[a-z]){re.escape(condition)}(?![0-9a-z])",
                                 clip, re.IGNORECASE))
        if len(found) != 1:
            return clip
        clip = f"{clip[:found[0].start()]}*{clip[found[0].end():]}"
    return clip


def _alone(clips: list[str]) -> str:
    return (f"Each clip ({len(set(clips))}) counts as an item of its own, because their names do not say which of them "
            "have the same sentence; a pattern with (?P<item>...) does.")
