"""Single conversions gathered for a listening test: a run's folder (evaluation/run/folder.py) that grows one by one.

    pairs.csv                     what was gathered
    recordings/<hash>.wav         sources and references, copied, since uploads do not stay
    wavs/<system>/<pair id>.wav   the conversions
    run.json, scores.jsonl        follow from those, so that `create_study` takes the folder like any finished run
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from evaluation.listening.errors import StudyError
from evaluation.pair import NO_REFERENCE, Pair, pairs_hash, read_pairs, write_pairs
from evaluation.run.folder import EvaluationRun, RunFolder, open_run
from evaluation.run.record import RunRecord, SystemRecord
from evaluation.run.wavs import SAFE_NAME
from pipelines.affect import read_affect, target_name
from pipelines.errors import OutputError
from pipelines.features.audio import load, save
from pipelines.files import PATH_BYTES, json_text, make_folder, write_whole
from pipelines.labels import WITHOUT_LABEL, folded, known_label
from pipelines.mix import weights_of
from pipelines.outputs import check_result_folder

MISSING = "not gathered"
COMMAND = "gathered for a listening test"  # in run.json, by which a folder is known
LOCK = ".lock"
ADDED, SAME, REPLACED = "added", "same", "replaced"  # what became of a conversion that was to be gathered
QUANTISED = 2 / 2**15  # two recordings that differ less are the same one, read and written once more


@dataclass(frozen=True)
class GatheredConversions:
    """What a folder holds.

    Attributes:
        pairs: how many. systems: by name, how many of the pairs each has converted.
        notes: on the recordings of the conversion that was just given, such as that one is clipped or cut off.
        outcome: of the conversion that was just given: ADDED, SAME (it was there already) or REPLACED (another one was there).
    """

    pairs: int
    systems: dict[str, int]
    outcome: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)


class AlreadyGathered(StudyError):
    """Another conversion of the same pair by a system of the same name is there; nothing was done."""


def gather(folder: Path | str, source: Path | str, converted: Path | str, reference: Path | str | None = None,
           emotion: str = "", system: str = "converted", replacing: bool = True, mix: str = "") -> GatheredConversions:
    """Add one conversion; the same source and reference (or stored emotion) by another system is the same pair.

    Args:
        reference: None where the emotion was a stored one, which `emotion` then names.
        emotion: the target; '' where nobody knows the reference's. A mix such as angry:0.6,sad:0.4 counts as `mix`; beside a
            reference it may have recordings, as angry:0.6,friend.wav:0.4.
        replacing: whether an older conversion of the same pair by the same system is replaced.
        mix: names and weights of a target that was mixed, which tell its pairs apart; '' for none.
    Raises:
        AlreadyGathered: there is an older one, and it is not to be replaced.
        StudyError: no name for the system, or neither reference nor emotion. LabelError: there is no such emotion.
        AudioError: a recording cannot be used. OutputError: the folder cannot be written.
    """
    if not SAFE_NAME.fullmatch(system):
        raise StudyError(f"'{system[:60]}' cannot be the name of a system; use letters, digits and . _ - + @, at most 61.")
    emotion, written = _target(emotion, reference)
    mix = mix or written
    if reference is None and not emotion and not mix:
        raise StudyError("Give the reference whose emotion was taken, or the name of the stored emotion.")
    given = {name: load(path) for name, path in (("converted", converted), ("source", source), ("reference", reference))
             if path is not None}
    notes = tuple(dict.fromkeys(note for recording in given.values() for note in recording.warnings))
    samples = given.pop("converted").samples
    files = RunFolder(Path(folder))
    _refuse_other_folder(files)
    make_folder(files.path)
    with _locked(files.path):
        kept = {name: _keep(files, recording.samples) for name, recording in given.items()}
        target = kept["reference"].stem if "reference" in kept else f"mix {mix}" if mix else f"stored {emotion}"
        pair_id = hashlib.sha256(f"{kept['source'].stem}|{target}".encode(errors=PATH_BYTES)).hexdigest()[:12]
        pair = Pair(pair_id, kept["source"], kept.get("reference", files.path / "recordings" / NO_REFERENCE), emotion)
        outcome = _outcome(files.wav(system, pair.id), samples)
        if outcome == REPLACED and not replacing:
            raise AlreadyGathered(f"Another conversion of this pair by {system} is gathered already, and nothing was replaced; "
                                  "give the system another name, or replace it.")
        make_folder(files.wav(system, pair.id).parent)
        save(files.wav(system, pair.id), samples)
        write_pairs(files.pairs_file, _add_pair(_pairs(files), pair))
        return replace(_write_run_files(files), outcome=outcome, notes=notes)


def _target(emotion: str, reference: Path | str | None) -> tuple[str, str]:
    """(a known emotion, '') or ('', a mix or a point as it is named, so that two ways to write it are one pair).

    Raises:
        LabelError: there is no such emotion. ZestError: it is no mix.
    """
    if not set(emotion) & set(":,+"):
        label = known_label(emotion)
        return "" if label in WITHOUT_LABEL else label, ""
    own = {folded(name) for name in (Path(reference).name, Path(reference).stem)} if reference is not None else set()
    for name in [] if read_affect(emotion) else [name for name, _ in weights_of(emotion)]:
        if name not in own and not (own and Path(name).suffix):
            known_label(name)
    return "", target_name(emotion)


def gathered(folder: Path | str) -> GatheredConversions:
    """What the folder holds; nothing where there is none."""
    files = RunFolder(Path(folder))
    return _count(files, _pairs(files))


def gathered_run(folder: Path | str) -> EvaluationRun:
    """The folder as a finished run. Raises StudyError: nothing was gathered yet. OutputError."""
    files = RunFolder(Path(folder))
    if not files.pairs_file.is_file():
        raise StudyError("No conversion was gathered yet; gather some first.")
    with _locked(files.path):
        _write_run_files(files)
        return open_run(files.path)


def forget(folder: Path | str) -> None:
    """Delete everything that was gathered; studies of it have their own copies. Raises OutputError."""
    files = RunFolder(Path(folder))
    if not files.path.is_dir():
        return
    with _locked(files.path):
        try:
            files.pairs_file.unlink(missing_ok=True)  # first: without it, nothing is gathered
            for part in ("wavs", "recordings"):
                shutil.rmtree(files.path / part, ignore_errors=True)
            files.record_file.unlink(missing_ok=True)
            files.scores_file.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"Cannot empty {files.path}: {error.strerror or error}.") from error


def _refuse_other_folder(files: RunFolder) -> None:
    """Raises OutputError: the folder is a run of zest evaluate, or holds other files of the names that are written here."""
    record = files.record()
    if record is not None and record.command != COMMAND:
        raise OutputError(f"{files.path} is the folder of a zest evaluate; gather conversions in a folder of their own.")
    if record is None:
        names = (files.pairs_file.name, files.scores_file.name, "recordings", "wavs")
        try:
            check_result_folder(files.path, names, "gathered conversions")
        except OutputError:
            # Asked last: the lock is there before anything else of ours, and a kill may leave a folder without its run.json.
            if not (files.path / LOCK).exists():
                raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two who gather at once do so one after the other."""
    try:
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise OutputError(f"Cannot write {folder}: {error.strerror or error}; choose another place.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _outcome(path: Path, samples: np.ndarray) -> str:
    """What writing (n,) samples at 16 kHz to this path will be."""
    if not path.is_file():
        return ADDED
    older = load(path).samples
    return SAME if older.shape == samples.shape and np.abs(older - samples).max() <= QUANTISED else REPLACED


def _keep(files: RunFolder, samples: np.ndarray) -> Path:
    """A copy of a recording, (n,) at 16 kHz, under the name of what it holds."""
    copy = make_folder(files.path / "recordings") / f"{hashlib.sha256(samples.tobytes()).hexdigest()[:16]}.wav"
    return copy if copy.is_file() else save(copy, samples)


def _pairs(files: RunFolder) -> list[Pair]:
    return read_pairs(files.pairs_file, required=("source", "reference"), checked=False) if files.pairs_file.is_file() else []


def _add_pair(pairs: list[Pair], new: Pair) -> list[Pair]:
    """The pair at its place, or at the end; an emotion that was named once is not forgotten."""
    before = next((pair for pair in pairs if pair.id == new.id), None)
    if before is None:
        return [*pairs, new]
    named = replace(new, emotion=new.emotion or before.emotion)
    return [named if pair.id == new.id else pair for pair in pairs]


def _write_run_files(files: RunFolder) -> GatheredConversions:
    """Write what follows from pairs and conversions; done again before each use, so a kill in between does no harm."""
    pairs = _pairs(files)
    found = _count(files, pairs)
    record = RunRecord(pairs_hash=pairs_hash(pairs), metrics={}, seed=0, command=COMMAND,
                       systems={name: SystemRecord({"kind": "gathered"}) for name in found.systems})
    lines = [{"system": name, "pair": pair.id, "setting": pair.setting, "emotion": pair.emotion,
              "source_speaker": pair.source_speaker, "failed": None if files.wav(name, pair.id).is_file() else MISSING,
              "values": {}} for name in found.systems for pair in pairs]
    write_whole(files.scores_file, "".join(json_text(line) + "\n" for line in lines).encode())
    record.write(files.record_file)
    return found


def _count(files: RunFolder, pairs: list[Pair]) -> GatheredConversions:
    names = sorted(folder.name for folder in (files.path / "wavs").iterdir()) if (files.path / "wavs").is_dir() else []
    counts = {name: sum(files.wav(name, pair.id).is_file() for pair in pairs) for name in names}
    return GatheredConversions(len(pairs), {name: count for name, count in counts.items() if count})
