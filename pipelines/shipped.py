"""Files that come with zest and are no code: weights, recipes, example recordings, figures that the page tells.

A checkout has them beside the packages. A wheel has them inside `pipelines/shipped`, where setup.py puts them.
"""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).resolve().parent / "shipped"
_CHECKOUT = Path(__file__).resolve().parents[1]


def shipped(path: str) -> Path:
    """Where a file or folder lies.

    Args:
        path: as in a checkout, such as 'checkpoints/zest-mini'.
    Returns:
        an absolute path; whether something is there is not looked at.
    """
    return (_INSTALLED if _INSTALLED.is_dir() else _CHECKOUT) / path


def is_checkout() -> bool:
    """Whether zest runs from a checkout, editable installs included, and not from a wheel."""
    return not _INSTALLED.is_dir()


def restored_by() -> str:
    """What brings back a file that came with zest and is damaged, for the end of "restore it with"."""
    return "'git checkout'" if is_checkout() else "the wheel that zest was installed from"


def found(path: Path | str, folder: str) -> Path:
    """A path as it is where it exists; otherwise, for one such as 'recipes/mini.toml', the file that comes with zest.

    Args:
        path: as a user writes it. folder: the first part of paths that come with zest, such as 'recipes'.
    Returns:
        one of both paths; neither need exist.
    """
    path = Path(path)
    ours = not path.is_absolute() and path.parts[:1] == (folder,)
    return shipped(str(path)) if ours and not path.exists() else path
