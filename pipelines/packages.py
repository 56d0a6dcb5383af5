"""Packages that some work needs and this machine lacks: one sentence with the command that installs them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec

from pipelines.errors import ZestError
from pipelines.shipped import is_checkout

PIP_NAMES = {"faiss": "faiss-cpu", "PIL": "pillow", "pkg_resources": "setuptools<81", "pywt": "pywavelets",
             "sklearn": "scikit-learn", "swift_f0": "swift-f0", "umap": "umap-learn", "whisper": "openai-whisper",
             "yaml": "pyyaml"}  # of modules that go by another name there
OURS = ("app", "benchmarks", "evaluation", "pipelines", "tests", "workbench")
WITH_THE_PAGE = ("words", "denoise", "postgres")  # extras that requirements.txt has, too: what `make run` and a Space install
INCLUDED = (*WITH_THE_PAGE, "evaluation")  # and those that are part of them

EXTRAS = {  # of pyproject.toml, and the modules that each adds
    "evaluation": ("distillmos", "jiwer", "librosa", "opensmile", "plotly", "pywt", "resemblyzer", "sklearn", "speechmos",
                   "torchaudio", "transformers"),
    "words": ("whisper",), "denoise": ("noisereduce",), "postgres": ("psycopg",), "hub": ("speechbrain",),
    "train": ("accelerate",), "clusters": ("dask", "distributed", "ray"), "mcp": ("mcp",),
}


class PackageError(ZestError):
    """A package is not installed."""


def need(modules: Iterable[str], work: str, extra: str = "") -> None:
    """Refuse work before it begins.

    Args:
        modules: that it imports later. work: as the subject of a sentence, such as 'The stage acoustic'.
        extra: of pyproject.toml, which brings all that this work needs; '' where the package alone will do.
    Raises:
        PackageError: one of them is not installed.
    """
    for module in modules:
        if not is_installed(module):
            raise PackageError(f"{work} needs the package {pip_name(module)}, which is not installed; "
                               f"run '{install_command(extra) if extra else command_for(module)}' and try again.")


def told(error: BaseException) -> PackageError | None:
    """The sentence for an import that failed, because a package is not installed; None for any other error."""
    module = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if not module or module in OURS or module in sys.stdlib_module_names:
        return None
    return PackageError(f"This needs the package {pip_name(module)}, which is not installed; "
                        f"run '{command_for(module)}' and try again.")


def pip_name(module: str) -> str:
    """What pip calls a package."""
    return PIP_NAMES.get(module, module)


def install_command(extra: str = "") -> str:
    """The command that installs what zest needs, in the environment that runs it.

    Args:
        extra: of pyproject.toml, such as 'hub'; '' for what zest always needs.
    """
    if is_checkout():
        extra = "" if extra in INCLUDED else extra
        return f"pip install -r requirements{extra and '-'}{extra}.txt"
    return f'pip install "zest-workbench[{extra}]"' if extra else "pip install zest-workbench"


def command_for(module: str) -> str:
    """The command that installs a module: its package, or from a wheel the extra with all that the same work needs."""
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), "")
    return install_command(extra) if extra and not is_checkout() else f"pip install {pip_name(module)}"


def is_installed(module: str) -> bool:
    """Whether a package can be imported, without importing it."""
    try:
        return sys.modules.get(module) is not None or find_spec(module) is not None
    except (ImportError, ValueError):
        return False
