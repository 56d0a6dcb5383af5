"""Files as webMUSHRA and the P.808 toolkit write them: their columns, invented listeners and votes."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence

MUSHRA = ("session_test_id", "email", "age", "gender", "session_uuid", "trial_id", "rating_stimulus", "rating_score",
          "rating_time", "rating_comment")
PAIRED = ("session_test_id", "email", "age", "gender", "trial_id", "choice_reference", "choice_non_reference", "choice_answer",
          "choice_time", "choice_comment")
IMPAIRMENTS = ("session_test_id", "email", "age", "gender", "trial_id", "rating_reference", "rating_non_reference",
               "rating_reference_score", "rating_non_reference_score", "rating_time", "choice_comment")
LIKERT = ("session_test_id", "email", "trial_id", "stimuli_rating", "stimuli", "rating_time")
VOTES = ("HITId", "workerid", "assignment_id", "assignmentstatus", "file", "short_file_name", "vote", "question_type",
         "condition_num")
GRADES = {"reference": 97, "anchor35": 20, "anchor70": 45, "C1": 80, "C2": 60}
CLIP = "https://clips.example.net/set/D501_C{system}_M2_S{sentence:02d}x.wav?sig=SECRET"


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue()


def mushra_csv(listeners: int = 6, trials: int = 4) -> str:
    """Every listener grades every page; the last one answers at random."""
    dice = random.Random(0)
    rows = []
    for listener in range(listeners):
        for trial in range(trials):
            for stimulus, grade in GRADES.items():
                score = dice.randint(0, 60) if listener == listeners - 1 else min(100, round(grade + dice.gauss(0, 2)))
                rows.append(("test", f"p{listener}@mail.example", 20 + listener, "female", f"uuid-{listener}", f"trial{trial}",
                             stimulus, score, dice.randint(4000, 20000), 'I am Jane, "hello"'))
    return as_csv(MUSHRA, rows)


def impairments_csv(listeners: int = 6, trials: int = 4) -> str:
    """BS.1116: C1 is 0.5 below the reference and C2 1.5, with a third more or less; the last listener guesses."""
    dice = random.Random(0)
    rows = []
    for listener in range(listeners):
        for trial in range(trials):
            for number, (system, gap) in enumerate((("C1", 0.5), ("C2", 1.5))):
                below = gap * (2 + (listener + trial) % 3) / 3
                is_swapped = listener == listeners - 1 and (trial + number) % 2
                grades = (5, round(5 - below, 2))
                rows.append(("test", f"p{listener}@mail.example", 20 + listener, "female", f"trial{trial}", "reference", system,
                             *(reversed(grades) if is_swapped else grades), dice.randint(4000, 20000), "I am Jane"))
    return as_csv(IMPAIRMENTS, rows)


def p835_csv(listeners: int = 8, sentences: int = 5) -> str:
    """Every vote on the three scales of P.835, as the toolkit's all_votes_per_clip.csv has them: one scale after the other."""
    head, *lines = votes_csv(listeners=listeners, sentences=sentences).splitlines(keepends=True)
    return "".join([head, *(line.replace(",MOS,", f",{scale},") for scale in ("MOS_BAK", "MOS_SIG", "MOS_OVRL")
                            for line in lines)])


def votes_csv(kind: str = "MOS", listeners: int = 8, sentences: int = 5) -> str:
    """Three systems 01 to 03, the first the best; votes of CMOS are against the reference."""
    dice = random.Random(0)
    rows = []
    for listener in range(listeners):
        for sentence in range(sentences):
            for system, opinion in (("01", 4.2), ("02", 3.1), ("03", 2.4)):
                vote = round(opinion + dice.gauss(0, 0.6)) - (4 if kind == "CMOS" else 0)
                clip = CLIP.format(system=system, sentence=sentence)
                rows.append((f"3H{sentence}", f"A{listener}WORKER", f"3A{listener}", "Approved", clip,
                             clip.rpartition("/")[2].partition("?")[0], max(-3 if kind == "CMOS" else 1, min(5, vote)),
                             kind, system))
    return as_csv(VOTES, rows)
