"""Method and outcome of a study in prose for a paper: everything that a reviewer asks, to be shortened by its author."""

from __future__ import annotations

from collections import Counter

from evaluation.listening.analysis.results import StudyResults
from evaluation.listening.design.questions import CEILING, COPY, FLOOR, NATURAL, QUESTIONS, SCALE
from evaluation.listening.design.trials import KNOWN, RATED, TRAP
from evaluation.listening.publish.markdown import NOT_COMPARABLE, exclusions, shown

ANCHORS = {NATURAL: "natural recordings", COPY: "copy-synthesis", FLOOR: "a floor (the unconverted source, or another speaker)",
           CEILING: "identical pairs"}


def paper_paragraph(results: StudyResults) -> str:
    """One paragraph: listeners, trials, anchors, wording, exclusions, scores, agreement, software, hash."""
    sentences = (*_method(results), f"Questions as worded: {_wording(results)}", exclusions(results),
                 f"{results.after.listeners} listeners and {results.after.ratings} ratings remained.", _devices(results),
                 _scores(results), _preference(results), _agreement(results), NOT_COMPARABLE, _software(results))
    return " ".join(sentence for sentence in sentences if sentence) + "\n"


def _method(results: StudyResults) -> list[str]:
    study, info = results.study, results.study.info
    cells = study.design.cells
    kinds = Counter(trial.kind for trial in cells[0])
    heard = {name for cell in cells for trial in cell for name in trial.conditions}
    hidden = [text for anchor, text in ANCHORS.items() if anchor in heard]
    return [
        f"{len(results.verdicts)} listeners took part in a listening test of {len(study.systems)} systems "
        f"({', '.join(study.systems)}).",
        f"Each was given {kinds[RATED]} rated trials, {kinds[TRAP]} attention checks and {kinds[KNOWN]} items with a known "
        f"answer, after {len(study.design.training)} practice trials and in a random order of their own.",
        f"There were {len(cells)} balanced sets; a new listener got the one with the fewest completed answers.",
        f"Hidden among the systems were {', '.join(hidden)}." if hidden else "",
        f"All clips had 16 kHz, 16 bit and {info['loudness_lufs']:g} LUFS, and names that say nothing; a rating opened once "
        "every clip had been played to its end.",
    ]


def _wording(results: StudyResults) -> str:
    texts = results.study.wording["questions"]
    parts = []
    for name in results.study.info["questions"]:
        labels = ", ".join(f"{value} {label}" for value, label in texts[name]["options"].items())
        answers = f" ({labels})" if QUESTIONS[name].kind == SCALE else ""
        parts.append(f"\u201c{texts[name]['prompt']} {texts[name]['hint']}\u201d{answers}")
    return "; ".join(parts) + "."


def _devices(results: StudyResults) -> str:
    devices = Counter(results.devices.values())
    said = ", ".join(f"{name} ({count})" for name, count in sorted(devices.items()))
    return f"They listened with {said}." if devices else ""


def _scores(results: StudyResults) -> str:
    means = [f"{one.question}, {one.condition}: {shown(one.mos)}, {one.ratings} ratings of {one.listeners} listeners"
             f"{', preliminary' if one.preliminary else ''}" for one in results.after.opinions]
    return (f"Mean opinion scores with 95 % intervals (bootstrap over listeners and items, {results.draws} resamples, seed "
            f"{results.seed}): {'; '.join(means)}.") if means else ""


def _preference(results: StudyResults) -> str:
    said = [f"{one.condition} preferred in {one.wins} of {one.of} comparisons" for one in results.after.preferred]
    return f"Paired comparisons: {'; '.join(said)}." if said else ""


def _agreement(results: StudyResults) -> str:
    known = [f"{alpha:.2f} ({question})" for question, alpha in results.after.agreement.items() if alpha is not None]
    return f"Krippendorff's alpha (ordinal for votes, nominal for choices): {', '.join(known)}." if known else ""


def _software(results: StudyResults) -> str:
    info = results.study.info
    return (f"Software: zest-workbench {info['versions'].get('zest-workbench', 'unknown')}; study {results.study.id}, seed "
            f"{info['seed']}, SHA-256 {results.study.hash}.")
