"""Results as Markdown tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.analysis.results import Analysis, OpinionScore, StudyResults
from evaluation.listening.analysis.screening import REASONS

NOT_COMPARABLE = ("Scores compare systems within this study only: the same system gets another MOS among other systems "
                  "(Cooper et al., arXiv 2503.03250).")


def results_markdown(results: StudyResults) -> str:
    """Everything, of the answers left after screening, with the scores before it beside them."""
    study, after = results.study, results.after
    head = [f"# Listening test {study.id}", "",
            f"{len(results.verdicts)} listeners came, {results.before.listeners} did not withdraw, {after.listeners} count after "
            f"screening, with {after.ratings} ratings. The study is {'closed' if results.closed else 'still open'}. "
            f"Hash {study.hash[:12]}.", ""]
    return "\n".join([*head, *_opinions(results), *_compared(after), *_agreement(after), *_preferred(after), *_recognised(after),
                      "## Screening", "", exclusions(results), "", NOT_COMPARABLE, ""])


def exclusions(results: StudyResults) -> str:
    """Who does not count and why, with the rules, in two sentences."""
    rules = results.study.rules
    broken = Counter(name for verdict in results.verdicts if not verdict.withdrawn for name in verdict.broken)
    withdrew = sum(verdict.withdrawn for verdict in results.verdicts)
    reasons = ", ".join(f"{count} {REASONS[name]}" for name, count in broken.items())
    said = f" ({reasons}; several may hold for one)" if reasons else ""
    excluded = results.before.listeners - results.after.listeners
    return (f"Excluded by rules fixed beforehand: {excluded} listeners{said}; {withdrew} withdrew. The rules: set not finished, "
            f"a clip not played to its end, more than {rules.trap_failures:.0%} of the attention checks or more than "
            f"{rules.known_failures:.0%} of the known answers wrong, a standard deviation of votes below "
            f"{rules.least_deviation:g}, or |z| of the mean deviation from the others at or above {rules.outlier:g}.")


def shown(interval: Interval) -> str:
    """'3.71 (3.50 to 3.92)', or the value alone where there is no interval."""
    if interval.low is None or interval.high is None:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _opinions(results: StudyResults) -> list[str]:
    before = {(one.question, one.condition): one for one in results.before.opinions}
    lines = []
    for question in dict.fromkeys(one.question for one in results.before.opinions):
        rows = [_opinion(one, before[question, one.condition]) for one in results.after.opinions if one.question == question]
        head = ("system", "MOS (95 % interval)", "listeners", "ratings", "votes 1 2 3 4 5", "before screening", "")
        lines += _table(question, head, rows or [["nobody counts after screening", *[""] * 6]])
    return lines


def _opinion(one: OpinionScore, before: OpinionScore) -> list[object]:
    return [one.condition, shown(one.mos), one.listeners, one.ratings, " ".join(map(str, one.votes.values())),
            f"{shown(before.mos)}, {before.ratings} ratings", "preliminary" if one.preliminary else ""]


def _compared(side: Analysis) -> list[str]:
    rows = [[one.question, f"{one.first} - {one.second}", shown(one.difference), _number(one.p, 3)] for one in side.compared]
    return _table("Differences", ("question", "systems", "difference (95 % interval)", "adjusted p, Wilcoxon"), rows)


def _agreement(side: Analysis) -> list[str]:
    known = [value for value in side.correlations.values() if value is not None]
    rest = [f"Correlation of a listener with the rest: {min(known):.2f} to {max(known):.2f}.", ""] if known else []
    rows = [[question, _number(alpha)] for question, alpha in side.agreement.items()]
    return _table("Agreement", ("question", "Krippendorff's alpha"), rows) + rest


def _preferred(side: Analysis) -> list[str]:
    rows = [[one.condition, shown(Interval(one.score, one.low, one.high)), f"{one.wins} of {one.of}"] for one in side.preferred]
    return _table("Preference", ("system", "Bradley-Terry score, log odds (95 % interval)", "preferred"), rows)


def _recognised(side: Analysis) -> list[str]:
    rows = [[name, f"{value:.0f} ({low:.0f} to {high:.0f})", count]
            for name, (value, low, high, count) in side.recognised.items()]
    heard = [[name, wanted, *chosen.values()] for name, table in side.confusion.items() for wanted, chosen in table.items()]
    options = next((list(chosen) for table in side.confusion.values() for chosen in table.values()), [])
    return (_table("Emotion heard as wanted", ("system", "% (95 % interval)", "answers"), rows)
            + _table("Emotions chosen", ("system", "wanted", *options), heard))


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Nothing where there are no rows."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return [f"## {title}", "", "| " + " | ".join(head) + " |", "| --- " * len(head) + "|", *lines, ""] if lines else []


def _number(value: float | None, places: int = 2) -> str:
    return "-" if value is None else f"{value:.{places}f}"
