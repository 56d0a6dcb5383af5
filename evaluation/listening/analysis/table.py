"""All answers of a study as one table, a row an answer."""

from __future__ import annotations

import pandas as pd

from evaluation.listening.design.questions import QUESTIONS, SCALE
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import KNOWN, TRAP
from evaluation.listening.store.collected import Collected

COLUMNS = ("listener", "trial", "question", "kind", "pair", "condition", "against", "value", "vote", "right", "played", "place",
           "seconds", "answered", "remark", "withdrawn")


def answer_table(study: Study, collected: Collected) -> pd.DataFrame:
    """Columns COLUMNS, in the order the answers came.

    condition: the system or anchor that was judged; of a preference the preferred one, and `against` the other. '' for practice
    and checks. vote: 1 to 5, NaN unless on that scale. right: of a check whether it was passed, else None. played: every clip
    was played to its end. seconds: from showing to answering. withdrawn: the listener withdrew.
    """
    trials = study.design.trials()
    left = {listener.listener for listener in collected.listeners if listener.withdrawn is not None}
    rows = []
    for answer in collected.answers:
        trial = trials[answer.trial]
        scale = QUESTIONS[trial.question].kind == SCALE
        condition, against = _judged(trial.conditions, answer.value)
        rows.append((answer.listener, trial.id, trial.question, trial.kind, trial.pair, condition, against, answer.value,
                     float(answer.value) if scale else float("nan"),
                     answer.value in trial.accepted if trial.kind in (TRAP, KNOWN) else None,
                     all(answer.plays.get(clip, 0) >= 1 for _, clip in trial.clips), answer.place,
                     round(answer.answered - answer.opened, 3), answer.answered, answer.remark, answer.listener in left))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _judged(conditions: tuple[str, ...], value: str) -> tuple[str, str]:
    if len(conditions) == 2:
        return conditions if value == "a" else conditions[::-1]
    return (conditions[0], "") if conditions else ("", "")
