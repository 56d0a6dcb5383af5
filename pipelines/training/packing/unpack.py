"""Puts a pack together in a folder of another machine, piece by piece as they come, so that training runs there."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.counting import agreeing, counted
from pipelines.errors import OutputError, RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.training.data.corpus import read_file
from pipelines.training.data.packed_clips import SUFFIX, to_int16
from pipelines.training.loop import carried
from pipelines.training.packing.coding import decode_arrays, decode_file
from pipelines.training.packing.pack import MANIFEST, PACKAGES, RUNS, SAMPLES, STATES
from pipelines.training.packing.pieces import PART, PackList, inside, read_list, read_piece

NOTE = ".unpacked.json"  # in the unpacked folder: which pack and which of its pieces
PARTS = ".parts"
WAITING = ".waiting"  # behind the manifest's name until nothing is missing, so that no training begins before


@dataclass(frozen=True)
class Unpacked:
    """What is in an unpacked folder. missing, damaged: names of pieces."""

    folder: Path
    pack: PackList
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing and not self.damaged

    @property
    def sentence(self) -> str:
        """How many pieces are unpacked, and exactly which are missing or damaged."""
        total, absent = len(self.pack.pieces), len(self.missing) + len(self.damaged)
        if self.complete:
            return f"The pack is complete in {self.folder}, from {counted(total, 'piece')}."
        faults = [f"{_listed(names, self.pack)} {agreeing(len(names), 'is', 'are')} {what}"
                  for names, what in ((self.missing, "missing"), (self.damaged, "damaged")) if names]
        return (f"{total - absent} of {counted(total, 'piece')} {agreeing(total - absent, 'is', 'are')} unpacked in "
                f"{self.folder}; {' and '.join(faults)}: bring {agreeing(absent, 'it', 'them')} and run the same command again.")


def unpack_training(source: Path, folder: Path) -> Unpacked:
    """Unpack the pieces that lie in `source`, beside those that were unpacked before; when all are there, training can begin.

    Raises:
        RecipeError: pack.json is missing or damaged. OutputError: the folder holds something else, or cannot be written.
    """
    pack = read_list(source)
    done = _begun(folder, pack)
    missing, damaged = [], []
    for piece in pack.pieces:
        if piece.name in done:
            continue
        try:
            contents = read_piece(source, piece)
        except OSError:
            missing.append(piece.name)
            continue
        if contents is None:
            damaged.append(piece.name)
            continue
        _write_all(folder, contents)
        done.append(piece.name)
        _write_note(folder, pack, done)
    unpacked = Unpacked(folder, pack, tuple(missing), tuple(damaged))
    if unpacked.complete and not (folder / MANIFEST).exists():
        _finish(folder)
    return unpacked


def _begun(folder: Path, pack: PackList) -> list[str]:
    """Names of pieces that were unpacked before. Raises OutputError: something else is in the folder."""
    note = folder / NOTE
    if not note.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise OutputError(f"{folder} is not empty; unpack into a new folder.")
        make_folder(folder)
        _write_note(folder, pack, [])
        return []
    values = json.loads(note.read_text())
    if values["pack"] != pack.key:
        raise OutputError(f"{folder} holds another pack; unpack into a new folder.")
    return list(values["pieces"])


def _write_note(folder: Path, pack: PackList, done: Sequence[str]) -> None:
    write_whole(folder / NOTE, json.dumps({"pack": pack.key, "pieces": list(done)}).encode())


def _write_all(folder: Path, contents: dict[str, bytes]) -> None:
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda item: _write(folder, *item), contents.items()))
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror or error}; free some space or choose another "
                          "place.") from error


def _write(folder: Path, name: str, content: bytes) -> None:
    """Of one entry. Nothing is written beside and moved: a piece counts only when all of it was written."""
    path = inside(folder / PARTS if PART in name else folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if PART in name:
        path.write_bytes(content)
    elif path.suffix == SUFFIX:
        decode_arrays(content)[SAMPLES].astype("<i2").tofile(path)
    elif path.suffix == ".npz":
        with path.open("wb") as file:
            np.savez(file, **decode_arrays(content))
    else:
        (path.with_name(MANIFEST + WAITING) if name == MANIFEST else path).write_bytes(decode_file(content))


def _finish(folder: Path) -> None:
    """All pieces are there: divided files, packages, recordings and training states, and last the manifest."""
    try:
        for name, content in _joined(folder / PARTS):
            _write(folder, name, content)
        for wheel in sorted((folder / PACKAGES).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder / PACKAGES)
        _decode_recordings(folder)
        for state in sorted((folder / STATES).glob("*.safetensors")):
            run = folder / RUNS / state.stem
            if not (run / "state.pt").exists():
                carried.unpack(state, run)
        (folder / (MANIFEST + WAITING)).replace(folder / MANIFEST)
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror or error}; free some space or choose another "
                          "place.") from error


def _joined(parts: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of files that were divided."""
    names = sorted({path.relative_to(parts).as_posix().rpartition(PART)[0] for path in parts.rglob(f"*{PART}*")})
    for name in names:
        files = sorted(parts.glob(f"{name}{PART}*of*"), key=lambda path: int(path.name.rpartition(PART)[2].partition("of")[0]))
        yield name, b"".join(path.read_bytes() for path in files)


def _decode_recordings(folder: Path) -> None:
    """Recordings that were packed as they are become samples. Raises RecipeError: soundfile is missing."""
    recordings = [path for path in (folder / "audio").rglob("*.*") if path.suffix != SUFFIX]
    if not recordings:
        return
    sys.path.insert(0, str(folder / PACKAGES))
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_decode_one, recordings))
    except ModuleNotFoundError as error:
        raise RecipeError(f"The pack holds recordings, and {error.name}, which decodes them, is not installed; pack them with "
                          "--wheel, or with --audio int16.") from error
    finally:
        sys.path.remove(str(folder / PACKAGES))


def _decode_one(path: Path) -> None:
    to_int16(read_file(path)).astype("<i2").tofile(path.with_suffix(SUFFIX))
    path.unlink()


def _listed(names: Sequence[str], pack: PackList) -> str:
    """Runs of neighbours as 'first to last'."""
    places = {piece.name: place for place, piece in enumerate(pack.pieces)}
    runs: list[list[str]] = []
    for name in names:
        if runs and places[name] == places[runs[-1][-1]] + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    spans = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return " and ".join(filter(None, (", ".join(spans[:-1]), spans[-1])))
