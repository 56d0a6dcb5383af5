"""Results in words: Markdown tables, and method and outcome as a paragraph for a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.analysis.levels import LevelScore
from evaluation.listening.analysis.results import Analysis, OpinionScore, StudyResults
from evaluation.listening.analysis.screening import REASONS
from evaluation.listening.design.listening_checks import CHECKS
from evaluation.listening.design.questions import (
    CEILING,
    COMPARISON,
    COPY,
    FLOOR,
    IMPAIRMENT,
    LOW,
    MIDDLE,
    NATURAL,
    QUESTIONS,
    SCALE,
    SLIDERS,
    shown_name,
)
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import KNOWN, RATED, TRAP
from evaluation.listening.publish.design_tables import couple_name, design_tables
from evaluation.listening.publish.numbers import interval_text, number
from pipelines.counting import agreeing, counted, sentence_start

NOT_COMPARABLE = ("Scores compare systems within this study only: the same system gets another MOS among other systems "
                  "(Cooper et al., arXiv 2503.03250).")
COUPLES_SAID = ("First against second, with 95 % intervals ({orders}Wilcoxon's signed-rank test over listeners and over items, "
                "Holm's correction)")
GRADES_SAID = "Medians of grades from 0 to 100 with 95 % intervals (bootstrap over listeners and items)"
STRENGTHS_SAID = "Times strongest minus times weakest, per page, with 95 % intervals (bootstrap over listeners and items)"
MUSHRA_RULES = ("Of MUSHRA, a hidden reference graded below {reference:g}, or the anchor of {anchor} graded above {above:g}, on "
                "more than {share:.0f} % of the pages (ITU-R BS.1534); without a visible reference, that anchor above the "
                "reference.")
REFERENCE_RULE = ("Of MUSHRA, a hidden reference graded below {reference:g} on more than {share:.0f} % of the pages (ITU-R "
                  "BS.1534); the file has no anchor to screen by.")
DIFFERENCE_RULE = ("Of BS.1116, difference grades whose mean is not below 0 (one-sided t-test, p from {chance:g} on; ITU-R "
                   "BS.1116); how much they vary does not count.")
ANCHOR_TEXTS = {NATURAL: "natural recordings", COPY: "copy-synthesis",
                FLOOR: "a floor (the unconverted source, or another speaker)", CEILING: "identical pairs",
                LOW: "an anchor that passes up to 3.5 kHz", MIDDLE: "an anchor that passes up to 7 kHz"}


def results_markdown(results: StudyResults) -> str:
    """Every table, of the answers left after screening, with the scores before it beside them."""
    study, after, systems = results.study, results.after, results.study.systems
    state = imported_sentence(study) or f"The study is {'closed' if results.closed else 'still open'}."
    head = [f"# Listening test {study.id}", "", f"{_who_came(results)} {state} Hash {study.hash[:12]}.", ""]
    compared = [[one.question, f"{one.first} - {one.second}", interval_text(one.difference), number(one.p, 3)]
                for one in after.compared]
    preferred = [[one.question, shown_name(one.condition, systems), interval_text(Interval(one.score, one.low, one.high)),
                  f"{one.wins} of {one.of}"] for one in after.preferred]
    return "\n".join([
        *head, *_opinion_tables(results),
        *_table("Differences", ("question", "systems", "difference (95 % interval)", "adjusted p, Wilcoxon"), compared),
        *_agreement_table(after),
        *_table("Preference", ("question", "system", "Bradley-Terry score, log odds (95 % interval)", "preferred"), preferred),
        *_design_tables(after),
        *_emotion_tables(after, systems),
        "## Screening", "", exclusions(results), *_checks_passed(results), "", NOT_COMPARABLE, ""])


def paper_paragraph(results: StudyResults) -> str:
    """One paragraph with everything that a reviewer asks, to be shortened by its author.

    It has listeners, trials, anchors, wording, exclusions, scores, agreement, software and hash.
    """
    study, after, systems = results.study, results.after, results.study.systems
    if not results.verdicts:
        return f"Nobody has taken part in the listening test {study.id} yet; this paragraph comes with the first answers.\n"
    devices = ", ".join(f"{name} ({count})" for name, count in sorted(Counter(results.devices.values()).items()))
    means = [f"{one.question}, {shown_name(one.condition, systems)}: {interval_text(one.mos)}, {counted(one.ratings, 'rating')} "
             f"of {counted(one.listeners, 'listener')}{', preliminary' if one.preliminary else ''}" for one in after.opinions]
    preferred = [f"{shown_name(one.condition, systems)} preferred in {one.wins} of {counted(one.of, 'comparison')}"
                 for one in after.preferred]
    couples = [f"{one.question}, {couple_name(one)}: {interval_text(one.score)}"
               f"{'' if one.kind in (COMPARISON, IMPAIRMENT) else ' %'}, adjusted p {number(one.p, 3)}" for one in after.couples]
    grades, strengths = ([f"{one.question}, {shown_name(one.condition, systems)}: {interval_text(score)}, "
                          f"{counted(one.ratings, 'rating')} of {counted(one.listeners, 'listener')}"
                          for one, score in side] for side in _levels(after))
    differences = [f"{one.question}, {shown_name(one.first, systems)} - {shown_name(one.second, systems)}: "
                   f"{interval_text(one.difference)}, adjusted p {number(one.p, 3)}" for one in after.level_differences]
    alphas = [f"{alpha:.2f} ({question})" for question, alpha in after.agreement.items() if alpha is not None]
    sentences = (
        *_method(results),
        f"Questions as worded: {_wording(results)}" if not study.imported else "",
        exclusions(results),
        sentence_start(f"{counted(after.listeners, 'listener')} and {counted(after.ratings, 'rating')} remained."),
        f"They listened with {devices}." if devices and not study.imported else "",
        f"Mean opinion scores with 95 % intervals (bootstrap over listeners and items, {counted(results.draws, 'resample')}, "
        f"seed {results.seed}): {'; '.join(means)}." if means else "",
        f"Paired comparisons: {'; '.join(preferred)}." if preferred else "",
        f"{_couples_said(after)}: {'; '.join(couples)}." if couples else "",
        f"{GRADES_SAID}: {'; '.join(grades)}." if grades else "",
        f"{STRENGTHS_SAID}: {'; '.join(strengths)}." if strengths else "",
        f"Differences of grades (Wilcoxon's signed-rank test over listeners and over items, Holm's correction): "
        f"{'; '.join(differences)}." if differences else "",
        f"Krippendorff's alpha (ordinal for votes, nominal for choices): {', '.join(alphas)}." if alphas else "",
        NOT_COMPARABLE,
        f"Software: zest-workbench {study.info['versions'].get('zest-workbench', 'unknown')}; {_which(study)}.")
    return " ".join(sentence for sentence in sentences if sentence) + "\n"


def _levels(side: Analysis) -> tuple[list[tuple[LevelScore, Interval]], list[tuple[LevelScore, Interval]]]:
    """Grades by their medians, and strengths."""
    return ([(one, one.median) for one in side.levels if one.median is not None],
            [(one, one.mean) for one in side.levels if one.median is None])


def exclusions(results: StudyResults) -> str:
    """Who does not count and why, with the rules."""
    rules = results.study.rules
    broken = Counter(name for verdict in results.verdicts if not verdict.withdrawn for name in verdict.broken)
    withdrew = sum(verdict.withdrawn for verdict in results.verdicts)
    reasons = ", ".join(f"{REASONS[name]}: {count}" for name, count in broken.items())
    said = f" ({reasons}; several may hold for one)" if reasons else ""
    excluded = results.before.listeners - results.after.listeners
    fixed = "the usual rules of this workbench" if results.study.imported else "rules fixed beforehand"
    return (f"Excluded by {fixed}: {counted(excluded, 'listener')}{said}; {withdrew or 'none'} withdrew. "
            f"The rules: {_checks(results.study)}a standard deviation of votes below "
            f"{rules.least_deviation:g}, or |z| of the mean deviation from the others at or above {rules.outlier:g}."
            f"{_mushra_rules(results.study)}{_difference_rule(results.study)}")


def imported_sentence(study: Study) -> str:
    """From where imported answers came; '' for a study of this project."""
    about = study.imported
    return "" if about is None else f"Imported from {about['tool']}, a file with the SHA-256 {about['sha256'][:12]}."


def _checks_passed(results: StudyResults) -> list[str]:
    said = check_sentence(results)
    return ["", f"Listening checks {said}"] if said else []


def check_sentence(results: StudyResults) -> str:
    """Of each check of room, device and hearing, how many listeners passed it; '' for a study without."""
    rules, passed = results.study.rules, []
    for name in results.study.checks:
        taken = [one.checks[CHECKS[name]] for one in results.verdicts if CHECKS[name] in one.checks]
        right = sum(wrong <= rules.allowed(rules.check_failures, asked) for wrong, asked in taken)
        passed.append(f"{name} {right} of {len(taken)}")
    return f"passed: {', '.join(passed)}." if passed else ""


def _couples_said(side: Analysis) -> str:
    return COUPLES_SAID.format(orders="both orders weighted alike; " if all(one.ordered for one in side.couples) else "")


def _which(study: Study) -> str:
    about = study.imported
    return (f"imported file, SHA-256 {about['sha256']}" if about
            else f"study {study.id}, seed {study.info['seed']}, SHA-256 {study.hash}")


def _checks(study: Study) -> str:
    """The rules on what another tool does not tell."""
    rules = study.rules
    if study.imported:
        return ""
    return (f"set not finished, a clip not played to its end, more than {100 * rules.trap_failures:.0f} % of the attention "
            f"checks or more than {100 * rules.known_failures:.0f} % of the known answers wrong, "
            + (f"more than {100 * rules.check_failures:.0f} % of the tasks of a listening check wrong, " if study.checks else ""))


def _mushra_rules(study: Study) -> str:
    rules = study.rules
    if not any(question.kind == SLIDERS for question in study.questions):
        return ""
    if study.imported and not study.imported["has_anchor"]:
        return " " + REFERENCE_RULE.format(reference=rules.reference_below, share=100 * rules.graded_wrongly)
    return " " + MUSHRA_RULES.format(reference=rules.reference_below, anchor=rules.mushra_anchor.strip("()"),
                                     above=rules.anchor_above, share=100 * rules.graded_wrongly)


def _difference_rule(study: Study) -> str:
    is_asked = any(question.kind == IMPAIRMENT for question in study.questions)
    return " " + DIFFERENCE_RULE.format(chance=study.rules.reference_chance) if is_asked else ""


def correlation_range(side: Analysis) -> str:
    """A sentence on the lowest and highest correlation of a listener with the rest; '' where there is none."""
    known = [value for value in side.correlations.values() if value is not None]
    return f"Correlation of a listener with the rest: {min(known):.2f} to {max(known):.2f}." if known else ""


def _who_came(results: StudyResults) -> str:
    if not results.verdicts:
        return "Nobody has come yet."
    stayed, after = results.before.listeners, results.after
    return (f"{counted(len(results.verdicts), 'listener')} came, {stayed or 'none'} did not withdraw, "
            f"{after.listeners or 'none'} {agreeing(after.listeners, 'counts', 'count')} after screening, with "
            f"{counted(after.ratings, 'rating')}.")


def _opinion_tables(results: StudyResults) -> list[str]:
    before = {(one.question, one.condition): one for one in results.before.opinions}
    head = ("system", "MOS (95 % interval)", "listeners", "ratings", "votes 1 2 3 4 5", "before screening", "")
    lines = []
    for question in dict.fromkeys(one.question for one in results.before.opinions):
        rows = [_opinion_row(one, before[question, one.condition], results.study.systems) for one in results.after.opinions
                if one.question == question]
        lines += _table(question, head, rows or [["nobody counts after screening", *[""] * 6]])
    return lines


def _opinion_row(one: OpinionScore, before: OpinionScore, systems: Sequence[str]) -> list[object]:
    return [shown_name(one.condition, systems), interval_text(one.mos), one.listeners, one.ratings,
            " ".join(map(str, one.votes.values())), f"{interval_text(before.mos)}, {counted(before.ratings, 'rating')}",
            "preliminary" if one.preliminary else ""]


def _agreement_table(side: Analysis) -> list[str]:
    correlations = correlation_range(side)
    rows = [[question, number(alpha)] for question, alpha in side.agreement.items()]
    return _table("Agreement", ("question", "Krippendorff's alpha"), rows) + ([correlations, ""] if correlations else [])


def _design_tables(side: Analysis) -> list[str]:
    lines = []
    for table in design_tables(side):
        lines += [*_table(f"{table.title}, {table.question}", table.head, table.rows), table.note, ""]
    return lines


def _emotion_tables(side: Analysis, systems: Sequence[str]) -> list[str]:
    rows = [[shown_name(name, systems), f"{value:.0f} ({low:.0f} to {high:.0f})", count]
            for name, (value, low, high, count) in side.recognised.items()]
    counts = [[shown_name(name, systems), target, *chosen.values()] for name, table in side.confusion.items()
              for target, chosen in table.items()]
    options = next((list(chosen) for table in side.confusion.values() for chosen in table.values()), [])
    return (_table("Target emotion chosen", ("system", "% (95 % interval)", "answers"), rows)
            + _table("Emotions chosen", ("system", "target", *options), counts))


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table under its title; none where there are no rows."""
    lines = ["| " + " | ".join(str(cell).replace("|", r"\|") for cell in row) + " |" for row in rows]
    return [f"## {title}", "", "| " + " | ".join(head) + " |", "| --- " * len(head) + "|", *lines, ""] if lines else []


def _method(results: StudyResults) -> list[str]:
    study = results.study
    if study.imported:
        return [f"The answers of {counted(len(results.verdicts), 'listener')} on {counted(len(study.systems), 'system')} "
                f"({', '.join(study.systems)}) come from {study.imported['tool']}."]
    cells = study.design.cells
    kinds = Counter(trial.kind for trial in cells[0])
    conditions = {name for cell in cells for trial in cell for name in trial.conditions}
    hidden = [text for anchor, text in ANCHOR_TEXTS.items() if anchor in conditions]
    return [
        f"{counted(len(results.verdicts), 'listener')} took part in a listening test of {counted(len(study.systems), 'system')} "
        f"({', '.join(study.systems)}).",
        f"Each was given {counted(kinds[RATED], 'rated trial')}, {counted(kinds[TRAP], 'attention check')} and "
        f"{counted(kinds[KNOWN], 'item')} with a known answer, after {counted(len(study.design.training), 'practice trial')} "
        "and in a random order of their own.",
        f"There {agreeing(len(cells), 'was', 'were')} {counted(len(cells), 'balanced set')}; a new listener got the one with the "
        "fewest completed answers.",
        f"Before it they took the listening checks {' and '.join(study.checks)} (after ITU-T P.808, with computed sound); "
        f"{check_sentence(results)}" if study.checks else "",
        f"Hidden among the systems were {', '.join(hidden)}." if hidden else "",
        f"All clips had 16 kHz, 16 bit and {study.info['loudness_lufs']:g} LUFS, and names that say nothing; a rating opened "
        "once every clip had been played to its end.",
    ]


def _wording(results: StudyResults) -> str:
    texts = results.study.wording["questions"]
    said = []
    for name in results.study.info["questions"]:
        labels = ", ".join(f"{value} {label}" for value, label in texts[name]["options"].items())
        answers = f" ({labels})" if QUESTIONS[name].kind in (SCALE, COMPARISON, SLIDERS) else ""
        prompt = texts[name]["prompt"].replace("{emotion}", "(the target emotion)")
        said.append(f"\u201c{prompt} {texts[name]['hint']}\u201d{answers}")
    return "; ".join(said) + "."
