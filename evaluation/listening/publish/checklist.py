"""What a paper should say of a listening test, filled in from the study as far as the study knows it.

The points follow the guideline for reviewers "Good practices for evaluation of synthesized speech" (arXiv 2503.03250). What
only the author knows is an open box.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evaluation.instruments.needs import version
from evaluation.listening.analysis.results import StudyResults
from evaluation.listening.design.questions import QUESTIONS
from evaluation.listening.design.study import Study
from evaluation.listening.publish.markdown import NOT_COMPARABLE, exclusions, results_markdown
from pipelines.counting import counted

ANALYSED_WITH = ("zest-workbench", "numpy", "scipy", "pandas", "krippendorff", "choix")


@dataclass(frozen=True)
class Point:
    """answer: what the study knows; '' where only the author does. ask: what the author should add or check."""

    title: str
    answer: str
    ask: str


def checklist_markdown(results: StudyResults) -> str:
    """The checklist as Markdown: ticked where the study answers a point, an open box where the author must."""
    study = results.study
    lines = [f"# Checklist of the listening test {study.id}", "",
             "After the guideline for reviewers arXiv 2503.03250. A ticked point is answered by the study; an open one by its "
             "author.", ""]
    for point in (*_design(study), *_listeners(results), *_analysis(results)):
        lines += [f"- [{'x' if point.answer else ' '}] **{point.title}.** {point.answer or point.ask}"]
        lines += [f"  - [ ] {point.ask}"] if point.answer and point.ask else []
    return "\n".join([*lines, "", results_markdown(results)])


def _design(study: Study) -> tuple[Point, ...]:
    info, languages = study.info, ", ".join(study.languages.values())
    seconds = [clip["seconds"] for clip in info["clips"].values()]
    asked = "; ".join(f"{name} (“{study.wording['questions'][name]['prompt']}”)" for name in info["questions"])
    scales = "; ".join(f"{name}: {', '.join(study.wording['questions'][name]['options'].values())}"
                       for name in info["questions"] if len(study.wording["questions"][name]["options"]) > 2)
    anchors = sorted({name for cell in study.design.cells for trial in cell for name in trial.conditions} - set(study.systems))
    cells = study.design.cells
    return (
        Point("The test fits the claim", "",
              f"Say why these questions test what the paper claims: {', '.join(info['questions'])}."),
        Point("Questions and instructions, word for word", f"{asked}.", ""),
        Point("Grades and their labels", f"{scales}." if scales else "Two recordings are compared; there are no grades.", ""),
        Point("Language of the page", f"{languages}.", "Say which of them your listeners used (listeners.csv)."
              if len(study.languages) > 1 else ""),
        Point("Systems compared", f"{', '.join(study.systems)}.",
              "Describe each so that others can build it; name its training data, and whether the test material is among it."),
        Point("Natural speech and anchors in the same test", f"{', '.join(anchors)}." if anchors else "",
              "" if anchors else "No natural speech or anchor was among the clips; say why."),
        Point("Material", f"{counted(len(info['pairs']), 'pair')} of recordings, {counted(len(seconds), 'clip')} of "
              f"{min(seconds):.1f} to {max(seconds):.1f} s; left out: {len(info['left_out'])}.",
              "Say how the sentences and speakers were chosen, and in which language they are."),
        Point("Equal loudness", f"All clips have {info['loudness_lufs']:g} LUFS (ITU-R BS.1770), 16 kHz and 16 bit.", ""),
        Point("Design", f"{counted(len(cells), 'balanced set')} of {counted(len(cells[0]), 'trial')}, one to a listener; an "
              f"order of their own for each; {counted(len(study.design.training), 'practice trial')}; seed {info['seed']}.", ""),
        Point("Samples to listen to", "All clips are in this archive (clips/).", "Check that their licences allow it."),
    )


def _listeners(results: StudyResults) -> tuple[Point, ...]:
    study, rules = results.study, results.study.recruitment
    devices = ", ".join(f"{name} {count}" for name, count in sorted(Counter(results.devices.values()).items()))
    platform = rules.rules_of_platform.title if rules and rules.platform else ""
    return (
        Point("How many listeners and ratings", f"{counted(len(results.verdicts), 'listener')} took part, "
              f"{counted(results.after.listeners, 'listener')} with {counted(results.after.ratings, 'rating')} count; "
              f"{study.info['listeners']} were planned.", "Say how the number was chosen (power, or earlier studies)."),
        Point("Where listeners came from", f"{platform}." if platform else "",
              "Say which listeners the platform offered the test to." if platform else "Say how listeners were found."),
        Point("Who they are", "", "Say their native language, and age and sex if known; the study keeps neither."),
        Point("Payment and ethics", "", "Say what was paid for how long, and which board approved the test."),
        Point("How they listened", f"{devices}." if devices else "", "" if devices else "Nobody has finished yet."),
        Point("Screening, fixed before the first answer", exclusions(results), ""),
    )


def _analysis(results: StudyResults) -> tuple[Point, ...]:
    kinds = sorted({QUESTIONS[name].kind for name in results.study.info["questions"]})
    versions = ", ".join(f"{name} {version(name)}" for name in ANALYSED_WITH)
    return (
        Point("Intervals",
              f"95 %, bootstrap over listeners and items, {counted(results.draws, 'resample')}, seed {results.seed}.", ""),
        Point("Tests and their correction", f"Named beside each table below; answers of the kinds: {', '.join(kinds)}.",
              "Say which comparisons were planned before the answers came."),
        Point("No comparison with other tests", NOT_COMPARABLE, ""),
        Point("Software",
              f"{versions}; the study was made with {results.study.info['versions'].get('zest-workbench', 'unknown')}.", ""),
        Point("The study as it was", f"SHA-256 over settings, design, wording and clips: {results.study.hash}.", ""),
    )
