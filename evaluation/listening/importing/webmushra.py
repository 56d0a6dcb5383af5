"""webMUSHRA's results (audiolabs/webMUSHRA, service/write.php): MUSHRA, BS.1116, paired comparison and single Likert scales.

    mushra.csv              session_test_id, the questionnaire's columns, session_uuid, trial_id, rating_stimulus, rating_score
    paired_comparison.csv   the same without session_uuid; choice_reference, choice_non_reference, choice_answer, choice_time
    bs1116.csv              the same without session_uuid; rating_reference, rating_non_reference, rating_reference_score,
                            rating_non_reference_score, rating_time
    lss.csv, lms.csv        the same without session_uuid; stimuli_rating, stimuli, rating_time

Times are milliseconds, grades of BS.1116 are 1 to 5 in steps of 0.01. The hidden reference
is the stimulus "reference", the anchors are "anchor35" and "anchor70".
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.listening.design.questions import COMPARISON, HIGHEST_GRADE, NATURAL, SCALE, SLIDERS, question_called
from evaluation.listening.errors import StudyError
from evaluation.listening.importing.ratings import ForeignFile, ForeignRating, Names, listed, names, numbers, seconds_of
from pipelines.counting import agreeing, counted, sentence_start
from pipelines.tables import Table, TableRow

TOOL = "webMUSHRA"
TEST, TRIAL, SESSION = "session_test_id", "trial_id", "session_uuid"
UNDECIDED = ("undecided", "unknown")  # answers of a paired comparison that name no clip
MOST_GRADES = 50_000  # of the bootstrap of medians, which holds all of them at once
Person = tuple[str, ...]


@dataclass(frozen=True)
class _Layout:
    """columns: that say it is this file. own: further ones of it. question: that is taken if nobody names one."""

    columns: tuple[str, ...]
    own: tuple[str, ...]
    question: str


MUSHRA = _Layout(("rating_stimulus", "rating_score"), ("rating_time", "rating_comment"), "mushra")
PAIRED = _Layout(("choice_reference", "choice_non_reference", "choice_answer"), ("choice_time", "choice_comment"), "abx")
BS1116 = _Layout(("rating_reference", "rating_non_reference", "rating_reference_score", "rating_non_reference_score"),
                 ("rating_time", "choice_comment"), "impairment")
LIKERT = _Layout(("stimuli", "stimuli_rating"), ("rating_time",), "quality")


def layout_of(table: Table) -> _Layout | None:
    """Which of webMUSHRA's files it is, None for none."""
    return next((one for one in (MUSHRA, PAIRED, BS1116, LIKERT) if {TRIAL, *one.columns} <= set(table.columns)), None)


def read_webmushra(table: Table, layout: _Layout, question: str, spoken: Names) -> ForeignFile:
    """Every rating of the file.

    Args:
        question: '' for the layout's. spoken: how names are read.
    Raises:
        StudyError: the question does not fit, ratings are out of range, or nothing tells listeners apart.
    """
    asked = question or layout.question
    tests = sorted({row.cells[TEST] for row in table.rows}) if TEST in table.columns else [""]
    if len(tests) > 1:
        raise StudyError(f"{table.path.name} holds {len(tests)} tests ({listed(tests)}); import the rows of one test at a time.")
    kind = question_called(asked).kind
    fits = {MUSHRA: kind == SLIDERS, PAIRED: asked == "abx", BS1116: asked == "impairment",
            LIKERT: kind in (SCALE, COMPARISON)}[layout]
    if not fits:
        raise StudyError(f"{table.path.name} has {', '.join(layout.columns)}, which are not answers to '{asked}'; leave out the "
                         f"question, or name one such as {layout.question}.")
    people, told_by = _people(table, layout)
    trials = names(table, TRIAL)
    kept = [place for place, trial in enumerate(trials) if trial not in spoken.left_out]
    if layout in (PAIRED, BS1116):
        ratings, notes = (_choices if layout == PAIRED else _differences)(table, people, trials, kept, spoken)
    else:
        ratings, notes = _ratings(table, layout, asked, people, trials, kept, spoken), []
    if SESSION not in table.columns:
        notes.append(f"{table.path.name} has no session_uuid, so listeners are told apart by {told_by}.")
    return ForeignFile(TOOL, told_by, tuple(ratings), tuple(notes))


def _people(table: Table, layout: _Layout) -> tuple[list[Person], str]:
    """What tells listeners apart, one a row, and in words."""
    if SESSION in table.columns:
        return [(session,) for session in names(table, SESSION)], SESSION
    known = {TEST, TRIAL, *layout.columns, *layout.own}
    asked = [column for column in table.columns if column not in known]
    if not asked:
        raise StudyError(f"{table.path.name} has neither session_uuid nor a column of the questionnaire, so nothing tells "
                         "listeners apart; add a column with a number for each listener.")
    return [tuple(row.cells[column] for column in asked) for row in table.rows], ", ".join(asked)


def _ratings(table: Table, layout: _Layout, asked: str, people: list[Person], trials: list[str], kept: list[int],
             spoken: Names) -> list[ForeignRating]:
    stimulus, score = layout.columns
    lowest, highest = {SLIDERS: (0, HIGHEST_GRADE), COMPARISON: (-3, 3)}.get(question_called(asked).kind, (1, 5))
    if layout == MUSHRA and len(table.rows) > MOST_GRADES:
        raise StudyError(f"{table.path.name} has {counted(len(table.rows), 'rating')}, more than the {MOST_GRADES} that one "
                         "analysis takes; import fewer trials.")
    votes = numbers(table, score, lowest, highest, is_whole=layout == LIKERT)
    stimuli = names(table, stimulus)
    against = NATURAL if layout == LIKERT and question_called(asked).kind == COMPARISON else ""
    return [ForeignRating(row.line, people[place], trials[place] if layout == MUSHRA else f"{trials[place]} {stimuli[place]}",
                          trials[place], spoken.condition(stimuli[place]), votes[place], against, seconds=_time(row, layout),
                          question=asked)
            for place, row in ((place, table.rows[place]) for place in kept)]


def _choices(table: Table, people: list[Person], trials: list[str], kept: list[int],
             spoken: Names) -> tuple[list[ForeignRating], list[str]]:
    """Of a paired comparison: whether the one of two clips was found that is the reference."""
    answers = [row.cells["choice_answer"].casefold() for row in table.rows]
    wrong = [table.rows[place].line for place, answer in enumerate(answers) if answer not in ("correct", "incorrect", *UNDECIDED)]
    if wrong:
        raise StudyError(f"{table.path.name} has a choice_answer that is none of correct, incorrect, undecided and unknown (line "
                         f"{wrong[0]}); correct it.")
    stimuli, undecided = names(table, "choice_non_reference"), 0
    found = []
    for place in kept:
        if answers[place] in UNDECIDED:
            undecided += 1
            continue
        row = table.rows[place]
        found.append(ForeignRating(row.line, people[place], f"{trials[place]} {stimuli[place]}", trials[place],
                                   spoken.condition(stimuli[place]), float("nan"), NATURAL, answers[place] == "correct",
                                   _time(row, PAIRED), question=PAIRED.question))
    said = f"{counted(undecided, 'answer')} without a choice (undecided) {agreeing(undecided, 'is', 'are')} left out."
    return found, [sentence_start(said)] if undecided else []


def _differences(table: Table, people: list[Person], trials: list[str], kept: list[int],
                 spoken: Names) -> tuple[list[ForeignRating], list[str]]:
    """Of BS.1116: the grade of the system minus that of the hidden reference."""
    stimuli = names(table, "rating_non_reference")
    reference, system = (numbers(table, column, 1, 5) for column in BS1116.columns[2:])
    found = [ForeignRating(table.rows[place].line, people[place], f"{trials[place]} {stimuli[place]}", trials[place],
                           spoken.condition(stimuli[place]), round(system[place] - reference[place], 6), NATURAL,
                           seconds=_time(table.rows[place], BS1116), question=BS1116.question) for place in kept]
    odd = sum(max(reference[place], system[place]) < 5 for place in kept)
    said = (f"{counted(odd, 'answer')} {agreeing(odd, 'gives', 'give')} neither clip the grade 5 that ITU-R BS.1116 asks for one "
            f"of them; {agreeing(odd, 'it counts', 'they count')} all the same.")
    return found, [sentence_start(said)] if odd else []


def _time(row: TableRow, layout: _Layout) -> float:
    return seconds_of(row.cells.get(layout.own[0], ""))
