"""Judges against listeners: what the majority of a listening test chose, and what each judge decides of the same recording."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.audit.found import Estimates
from evaluation.audit.measure import Draw
from evaluation.audit.measures import decision, kappa
from evaluation.judges.base import EmotionJudge
from evaluation.listening.design.questions import FLOOR, NATURAL
from evaluation.listening.design.trials import RATED
from evaluation.pair import Pair
from evaluation.run.folder import EvaluationRun, open_run
from evaluation.run.observations import Observations
from pipelines.counting import counted
from pipelines.errors import ZestError

CHOICE = "emotion-choice"
COLUMNS = ("question", "kind", "pair", "condition", "value", "counted")


@dataclass(frozen=True)
class Chosen:
    """What the majority of listeners chose for one recording. votes: answers that count."""

    path: Path
    speaker: str
    emotion: str
    votes: int


def agreement_with_listeners(export: Path | str, run: Path | str, judges: Sequence[EmotionJudge], observations: Observations,
                             draw: Draw) -> tuple[Estimates, str]:
    """Cohen's kappa of each judge with the listeners' majority; and a sentence on what it rests on.

    Args:
        export: folder that zest study export wrote. run: that the study was made from.
    Raises:
        ZestError: no export or run, no choice of emotions in it, or no recording with a majority.
    """
    chosen = majorities(export, open_run(run))
    found, votes = {}, sum(one.votes for one in chosen)
    for judge in judges:
        name = f"emotion@{judge.name}"
        try:
            observations.observe(name, [one.path for one in chosen])
        except ZestError:  # the audit has said why
            continue
        decided = [(decision(observations.get(name, one.path)), one) for one in chosen if one.emotion in judge.emotions]
        kept = [(judged, one) for judged, one in decided if judged is not None]
        found[judge.name] = kappa([judged for judged, _ in kept], [one.emotion for _, one in kept],
                                  draw.sample([one.speaker for _, one in kept])) if kept else None
    return found, f"Listeners: {counted(len(chosen), 'recording')} with a majority, {counted(votes, 'answer')}."


def majorities(export: Path | str, run: EvaluationRun) -> list[Chosen]:
    """Recordings of which one emotion was chosen oftener than any other. Raises ZestError: as above."""
    votes: dict[tuple[str, str], Counter[str]] = {}
    for row in _answers(Path(export)):
        if row["question"] == CHOICE and row["kind"] == RATED and row["counted"] == "True":
            votes.setdefault((row["pair"], row["condition"]), Counter())[row["value"]] += 1
    if not votes:
        raise ZestError(f"{export} has no counted answer to the question {CHOICE}; judges can be compared with no other.")
    pairs, found = {pair.id: pair for pair in run.pairs}, []
    for (name, condition), counts in votes.items():
        ranked, pair = counts.most_common(2), pairs.get(name)
        path = None if pair is None else _recording(pair, condition, run)
        if pair is not None and path is not None and path.is_file() and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
            found.append(Chosen(path, pair.source_speaker or str(pair.source), ranked[0][0], counts.total()))
    if not found:
        raise ZestError(f"No recording of {export} is in {run.folder}; name the run that the study was made from with --run.")
    return found


def _recording(pair: Pair, condition: str, run: EvaluationRun) -> Path | None:
    if condition == NATURAL:
        return pair.reference
    if condition == FLOOR:
        return pair.source
    return run.wav(condition, pair.id)


def _answers(export: Path) -> list[dict[str, str]]:
    file = export / "answers.csv"
    if not file.is_file():
        raise ZestError(f"{export} is no export of a listening test: it has no answers.csv; zest study export writes one.")
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, ValueError, csv.Error) as error:
        raise ZestError(f"{file} cannot be read as the answers of a listening test; export the study again.") from error
    lacking = [name for name in COLUMNS if rows and name not in rows[0]]
    if not rows or lacking:
        raise ZestError(f"{file} has no answers of a listening test{f' (no column {lacking[0]})' if lacking else ''}; "
                        "export the study again.")
    return rows
