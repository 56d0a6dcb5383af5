"""What a run writes, held against all that it reads and against itself, before any work starts.

Every command, page and function that writes a file for a user asks `check_outputs` first. Two paths are one file where they lead
to one place: by links, by hard links, by `..`, and by letter case or composed letters where the file system ignores those.
"""

from __future__ import annotations

import os
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache
from pathlib import Path

from pipelines.errors import OutputError, OverwriteError
from pipelines.files import check_folder, check_writable, is_device

PROBE = ".zest-aé"  # a letter with another case, and one that can be decomposed


class FileIdentity:
    """Tells whether two paths are one file, whether it is there or not. Folders are looked at once per object."""

    def __init__(self):
        self._folders: dict[str, Hashable] = {}
        self._folds: dict[str, Callable[[str], str]] = {}

    def of(self, path: Path | str) -> Hashable:
        """Equal for two paths exactly where they are one file."""
        try:
            status = os.stat(path)
            return status.st_dev, status.st_ino
        except (OSError, ValueError):  # not there yet, a loop of links, a NUL inside
            return self._absent(path)

    def _absent(self, path: Path | str) -> Hashable:
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            return str(path)
        folder, name = os.path.split(real)
        return (self._folder(folder), self._fold(folder)(name)) if name else real

    def _folder(self, folder: str) -> Hashable:
        if folder not in self._folders:
            self._folders[folder] = self.of(folder)
        return self._folders[folder]

    def _fold(self, folder: str) -> Callable[[str], str]:
        """How the file system of a folder, there or not, reads names."""
        while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        if folder not in self._folds:
            self._folds[folder] = name_folding(Path(folder))
        return self._folds[folder]


def name_folding(folder: Path) -> Callable[[str], str]:
    """What makes names equal that the file system of a folder takes for one: tried out with a file that is removed again."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=PROBE) as probe:
            name = os.path.basename(probe.name)
            ignores_case = os.path.exists(folder / name.swapcase())
            ignores_form = os.path.exists(folder / unicodedata.normalize("NFD", name))
    except (OSError, ValueError):  # nothing can be written there, which is refused elsewhere
        return str

    def fold(name: str) -> str:
        name = unicodedata.normalize("NFC", name) if ignores_form else name
        return name.casefold() if ignores_case else name

    return fold


def check_outputs(inputs: Iterable[Path | str | None], outputs: Iterable[Path | str | None],
                  trees: Iterable[Path | str] = (), new_folders: bool = False) -> None:
    """Refuse a run that would write over something it reads, write one file twice, or cannot write at all.

    Args:
        inputs: files and folders that are read; None is left out. /dev/stdin is the file that a shell sends.
        outputs: files to be written. None, and devices such as /dev/null, are left out; /dev/stdout is the file that a shell
            sends it to, and must be no input either.
        trees: folders whose whole content belongs to the run; no input may lie in one.
        new_folders: folders of outputs are created where they are missing.
    Raises:
        OverwriteError: an output is an input, or an input lies in a tree of the run.
        OutputError: two outputs are one file, or one cannot be written.
    """
    known, read = FileIdentity(), [Path(path) for path in inputs if path is not None]
    given = [Path(path) for path in outputs if path is not None]
    written = [path for path in given if not is_device(path)]
    _refuse_inputs(known, [path for path in read if is_plain_file(path) or not is_device(path)],
                   [path for path in given if path in written or is_plain_file(path)])
    _refuse_twice(known, written)
    _refuse_inside(known, read, [Path(tree) for tree in trees])
    for path in written:
        check_writable(path, new_folders)


def same_output(outputs: Sequence[Path]) -> dict[int, int]:
    """Which outputs are one file with an earlier one: index to index of the first."""
    known, first = FileIdentity(), {}
    earlier = [first.setdefault(known.of(path), index) for index, path in enumerate(outputs)]
    return {index: one for index, one in enumerate(earlier) if one != index and not is_device(outputs[index])}


def check_result_folder(folder: Path | str, names: Iterable[str], what: str) -> None:
    """Refuse a folder for new results that holds files of the results' names already.

    Args:
        names: of files and folders that the results consist of. what: they are, as in 'an evaluation'.
    Raises:
        OutputError: one is there, or the folder cannot be written.
    """
    folder = Path(folder)
    check_folder(folder)
    found = next((name for name in names if os.path.lexists(folder / name)), None)
    if found is not None:
        raise OutputError(f"{folder} holds {found} already, which is not of {what}; nothing was replaced, choose a new folder.")


def _refuse_inputs(known: FileIdentity, read: Sequence[Path], written: Sequence[Path]) -> None:
    by_identity = {known.of(path): path for path in reversed(read)}
    for path in written:
        source = by_identity.get(known.of(path))
        if source is not None:
            raise OverwriteError(f"{path} is an input of this run{_by_another_name(source, path)}; "
                                 "write the result to another file.")


def _refuse_twice(known: FileIdentity, written: Sequence[Path]) -> None:
    first: dict[Hashable, Path] = {}
    for path in written:
        other = first.setdefault(known.of(path), path)
        if other is not path:
            raise OutputError(f"Two results would be written to {path}{_by_another_name(other, path)}; give each its own name.")


def _refuse_inside(known: FileIdentity, read: Sequence[Path], trees: Sequence[Path]) -> None:
    own = {known.of(tree): tree for tree in trees}

    @cache
    def tree_of(place: Path) -> Path | None:
        """The tree that a path is or lies in."""
        return own.get(known.of(place)) or (tree_of(place.parent) if place != place.parent else None)

    for path in dict.fromkeys(read) if own else ():
        tree = tree_of(Path(os.path.realpath(path)))
        if tree is not None:
            raise OverwriteError(f"{path} is an input of this run and lies in {tree}, which this run writes; "
                                 "choose another folder for the results.")


def _by_another_name(one: Path, other: Path) -> str:
    return "" if str(one) == str(other) else f" (it is {one})"


def is_plain_file(path: Path) -> bool:
    """Whether something is there that a result would replace."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
