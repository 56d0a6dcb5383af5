"""`zest judge audit` as a function: from manifests to an audit and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.audit.clips import check_clips
from evaluation.audit.conditions import find_conditions
from evaluation.audit.distances import default_distances, find_distance
from evaluation.audit.found import Audit
from evaluation.audit.listeners import agreement_with_listeners
from evaluation.audit.measure import CHANGED, Draw, measure_audit, with_listeners
from evaluation.audit.observed import Observed
from evaluation.audit.stored import FILE, write_verdicts
from evaluation.audit.writing import AuditFiles, without_card, write_audit, write_cards
from evaluation.judges import registry
from evaluation.judges.base import EmotionJudge
from evaluation.metrics.base import Observer
from evaluation.run.observations import Observations
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.errors import ZestError
from pipelines.files import alone_in, make_folder, write_whole
from pipelines.hooks import Hook, silent
from pipelines.outputs import check_outputs, check_result_folder
from pipelines.training.data.corpus import Clip

LIST = "audit-clips.csv"  # a folder with it is an audit that goes on


@dataclass(frozen=True)
class AuditRequest:
    """What is audited. judges, metrics, conditions: names; the shipped judges, their distances, and all changes if None.

    changed: clips of every speaker and emotion that are also changed. export, run: a listening test and the run that it was
    made from; both or neither. keep: also write verdicts and cards that ship with the judges.
    """

    judges: Sequence[str] | None = None
    metrics: Sequence[str] | None = None
    conditions: Sequence[str] | None = None
    changed: int = CHANGED
    checkpoint: str | None = None
    export: Path | None = None
    run: Path | None = None
    keep: bool = False


@dataclass(frozen=True)
class AuditReport:
    """audit, files: what came out. cards: that were written. said: sentences about cards that are missing."""

    audit: Audit
    files: AuditFiles
    cards: tuple[Path, ...] = ()
    said: tuple[str, ...] = ()


def audit_judges(clips: Sequence[Clip], folder: Path | str, request: AuditRequest | None = None, draw: Draw | None = None,
                 jobs: int = 1, observers: Mapping[str, Observer] | None = None, command: str = "", hook: Hook = silent,
                 reads: Iterable[Path | str] = ()) -> AuditReport:
    """Audit judges and distances, or go on with it: killed anywhere, the same call does what is left.

    Args:
        clips: labelled (clips.py). folder: for changed clips, observations and the files. reads: what else the call reads.
        observers: by the names that metrics give; the registry's if None.
    Raises:
        ZestError: an unknown judge, metric or condition, an export without a run, clips that cannot be audited, or nothing at
            all could be measured. OutputError: the folder cannot be written or holds other files.
    """
    request, draw, folder = request or AuditRequest(), draw or Draw(), Path(folder)
    judges = [registry.judge(name) for name in dict.fromkeys(request.judges or registry.default_names())]
    names = default_distances([one.name for one in judges]) if request.metrics is None else request.metrics
    distances, conditions = [find_distance(name) for name in dict.fromkeys(names)], find_conditions(request.conditions)
    if (request.export is None) != (request.run is None):
        raise ZestError("A listening test needs both: its export (--listeners) and the run that it was made from (--run).")
    clips = check_clips(clips)
    _check_folder(folder, clips, reads)
    make_folder(folder)
    with alone_in(folder, "audit"):
        write_whole(folder / LIST, _listed(clips))
        observed = Observed(folder, request.checkpoint or str(DEFAULT_CHECKPOINT), observers, jobs, hook)
        audit = measure_audit(clips, observed, judges, distances, conditions, request.changed, draw, command)
        if not audit.judges and not audit.distances:
            raise ZestError(f"Nothing could be audited: {next(iter(observed.not_measured.values()), 'no judge was named')}")
        if request.export is not None and request.run is not None:
            kept = Observations(folder / "observations", observers)
            audit = with_listeners(audit, *agreement_with_listeners(request.export, request.run, judges, kept, draw))
        return _written(audit, folder, judges, request.keep)


def _written(audit: Audit, folder: Path, judges: Sequence[EmotionJudge], keep: bool) -> AuditReport:
    files = write_audit(audit, folder)
    if not keep:
        return AuditReport(audit, files, said=tuple(without_card(audit, judges)))
    cards, said = write_cards(audit, judges)
    return AuditReport(audit, files, (*cards, write_verdicts(audit, FILE)), tuple(said))


def _check_folder(folder: Path, clips: Sequence[Clip], reads: Iterable[Path | str]) -> None:
    written, trees = [folder / LIST, *AuditFiles.of(folder).every], (folder / "clips", folder / "observations")
    check_outputs([*reads, *(clip.path for clip in clips)], written, trees, new_folders=True)
    if not (folder / LIST).is_file():
        check_result_folder(folder, [*(path.name for path in AuditFiles.of(folder).every), *(tree.name for tree in trees)],
                            "an audit")


def _listed(clips: Sequence[Clip]) -> bytes:
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(["path", "corpus", "speaker", "emotion", "text_id"])
    rows.writerows([clip.path, clip.corpus, clip.speaker, clip.emotion, clip.text_id] for clip in clips)
    return lines.getvalue().encode(errors="surrogateescape")
