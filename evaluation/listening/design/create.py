"""A study from a finished run: its pairs, clips, design, wording and hash, written once."""

from __future__ import annotations

import json
import platform
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluation.instruments.needs import version
from evaluation.listening.design.clips import Progress, Told, clip_lengths, write_clips
from evaluation.listening.design.drawing import StudyPlan, draw, pairs_that_help, ratings_per_system
from evaluation.listening.design.listening_checks import check_questions, draw_checks, parse_checks
from evaluation.listening.design.questions import BEST_WORST, QUESTIONS, askable, parse_questions, study_emotions
from evaluation.listening.design.recruitment import Recruitment, with_codes
from evaluation.listening.design.rules import ScreeningRules, usual_rules
from evaluation.listening.design.study import FORMAT, Study, open_study, study_hash
from evaluation.listening.design.trials import Design, opaque
from evaluation.listening.design.wording import LANGUAGES, wording_of_study
from evaluation.listening.errors import StudyError
from evaluation.pair import Pair
from evaluation.run.folder import EvaluationRun
from pipelines.errors import OutputError
from pipelines.files import json_text, make_folder, write_whole

CAP = 40  # trials: about ten minutes; more tires, and fewer per rater gave tighter intervals (Finkelstein et al., SSW 2023)
PACKAGES = ("zest-workbench", "numpy", "scipy", "pyloudnorm", "pyworld", "soundfile", "soxr")


def create_study(run: EvaluationRun, systems: Sequence[str], questions: Sequence[str], folder: Path | str, listeners: int = 20,
                 seed: int = 0, cap: int = CAP, rules: ScreeningRules | None = None, languages: Sequence[str] = tuple(LANGUAGES),
                 texts: Sequence[Mapping[str, Any]] = (), salt: str | None = None, progress: Progress | None = None,
                 sign_in: bool = False, recruitment: Recruitment | None = None, told: Told = lambda note: None,
                 checks: Sequence[str] = ()) -> Study:
    """Draw a study, write its clips and freeze it; the folder appears whole or not at all.

    Args:
        systems: names in the run. questions: names of questions.QUESTIONS. listeners: whole sets to be answered.
        cap: trials a listener answers at most. salt: makes ids opaque; a fresh secret if None (tests give one).
        languages: codes of wording.LANGUAGES; the first is for browsers that like none of them. texts: the study's own, each
            with its language, in place of the project's or for a language that it lacks.
        sign_in: whether listeners sign in with Hugging Face, one set each.
        recruitment: how listeners come and go; None for a plain link without places.
        checks: names of listening_checks.CHECKS, of room, device and hearing; they come before the practice.
        told: gets each note on a recording that listeners will hear, such as that it is clipped or cut off.
    Raises:
        StudyError: the run is unfinished or lacks a system, a pair cannot be used, the cap is too small. OutputError: the
            folder exists already or cannot be written.
    """
    folder = Path(folder)
    plan, pairs, left_out, drawn = _drawn(run, systems, questions, listeners, seed, cap, rules, salt or secrets.token_hex(16))
    checked = parse_checks(checks)
    tasks = draw_checks(checked, plan.salt, plan.seed)
    design = replace(drawn, clips=drawn.clips | tasks.clips, checks=tasks.trials)
    if folder.exists():
        raise OutputError(f"{folder} exists already; a study is never changed, so choose a new folder with -o.")
    make_folder(folder.parent)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".zest-") as partial:
            inner = Path(partial) / "study"
            clips, loudness = write_clips(inner / "clips", design.clips, run, progress, told)
            info: dict[str, Any] = {**_info(plan, run, pairs, left_out, clips, loudness), "sign_in": bool(sign_in)}
            if checked:
                info["checks"] = list(checked)
            if recruitment is not None:
                info["recruitment"] = with_codes(recruitment).document()
            _freeze(inner, info, design, wording_of_study(
                languages, texts, (*info["questions"], *check_questions(checked)), info["emotions"]))
            open_study(inner)
            inner.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"Cannot write {folder}: {reason}; free some space or choose another place.") from error
    return open_study(folder)


def plan_study(run: EvaluationRun, systems: Sequence[str], questions: Sequence[str], listeners: int = 20, seed: int = 0,
               cap: int = CAP) -> Study:
    """The study that `create_study` would make, without a file: its sets, and how long they take. Raises StudyError."""
    plan, pairs, left_out, design = _drawn(run, systems, questions, listeners, seed, cap, None, "")
    clips = clip_lengths(design.clips, run)
    return Study(Path("not written"), _info(plan, run, pairs, left_out, clips, 0.0), design, {})


def expected_ratings(study: Study) -> dict[str, float]:
    """By question, how many ratings every system gets when all listeners finish."""
    return {question.name: ratings_per_system(study.design, study.info["listeners"], study.systems[0], question.name)
            for question in study.questions}


def useful_pairs(run: EvaluationRun, systems: Sequence[str], questions: Sequence[str], listeners: int = 20,
                 cap: int = CAP) -> tuple[int, int]:
    """How many pairs of the run such a study can use, and how many it would use if there were enough.

    One pair suffices for a study, two give intervals. Raises StudyError as `create_study`.
    """
    asked = parse_questions(questions)
    plan = StudyPlan(tuple(dict.fromkeys(systems)), asked, listeners, cap, 0, "", usual_rules(asked))
    pairs, _ = _usable(run, plan.systems)
    return len(pairs), pairs_that_help(plan, pairs)


def _drawn(run: EvaluationRun, systems: Sequence[str], questions: Sequence[str], listeners: int, seed: int, cap: int,
           rules: ScreeningRules | None, salt: str) -> tuple[StudyPlan, list[Pair], dict[str, str], Design]:
    """The plan, its pairs, those left out and why, and the drawn sets. Raises StudyError."""
    asked = parse_questions(questions)
    plan = StudyPlan(tuple(dict.fromkeys(systems)), asked, listeners, cap, seed, salt, rules or usual_rules(asked))
    pairs, left_out = _usable(run, plan.systems)
    possible = askable(pairs)
    impossible = [question.name for question in plan.questions if question.name not in possible]
    if impossible and QUESTIONS[impossible[0]].kind == BEST_WORST:
        raise StudyError(f"Some pairs name no emotion, and {impossible[0]} asks for its strength; leave that question out, or "
                         "evaluate pairs with emotions.")
    if impossible:
        raise StudyError(f"Some conversions have a stored emotion as their target and have no reference to be played for "
                         f"{impossible[0]}; leave that question out.")
    return plan, pairs, left_out, draw(plan, pairs)


def _usable(run: EvaluationRun, systems: tuple[str, ...]) -> tuple[list[Pair], dict[str, str]]:
    """Pairs that every system has converted, and of the others why not."""
    if not run.complete:
        raise StudyError(f"{run.folder} is not finished; run the same zest evaluate again, then make the study.")
    unknown = [name for name in systems if name not in run.systems]
    if unknown:
        raise StudyError(f"{run.folder} has no system '{unknown[0]}'; it has {', '.join(run.systems)}.")
    left_out = {pair.id: f"no conversion by {name}" for pair in run.pairs for name in systems if run.wav(name, pair.id) is None}
    return [pair for pair in run.pairs if pair.id not in left_out], left_out


def _info(plan: StudyPlan, run: EvaluationRun, pairs: list[Pair], left_out: dict[str, str], clips: dict,
          loudness: float) -> dict[str, Any]:
    return {
        "format": FORMAT, "id": opaque(plan.salt, "study"), "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "systems": list(plan.systems), "questions": [question.name for question in plan.questions],
        "emotions": list(study_emotions(pairs)), "listeners": plan.listeners, "cap": plan.cap, "seed": plan.seed,
        "rules": asdict(plan.rules), "loudness_lufs": loudness, "clips": clips,
        "run": {"pairs_hash": run.record.pairs_hash, "pairs": len(run.pairs),
                "systems": {name: asdict(run.record.systems[name]) for name in plan.systems}},
        "pairs": {pair.id: {"emotion": pair.emotion, "source_emotion": pair.source_emotion, "setting": pair.setting}
                  for pair in pairs},
        "left_out": left_out,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def _freeze(folder: Path, info: dict[str, Any], design: Design, wording: dict[str, Any]) -> None:
    document = json.loads(json.dumps(design.document()))  # as it will be read: tuples become lists
    info["hash"] = study_hash(info, document, wording)
    for name, content in (("design.json", document), ("wording.json", wording), ("study.json", info)):
        write_whole(folder / name, (json_text(content, 1) + "\n").encode())
