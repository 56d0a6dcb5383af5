"""Puts into a wheel what a checkout has beside its packages; pipelines/shipped.py finds it there. All else: pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ("checkpoints/**/*.*", "recipes/*.toml", "examples/*.wav", "docs/results/mini/*.json")


def shipped_files() -> list[Path]:
    """All files to be put into a wheel, sorted."""
    return sorted(path for pattern in SHIPPED for path in ROOT.glob(pattern) if path.is_file())


class BuildWithFiles(build_py):
    """An editable install reads the checkout, and gets none of them."""

    def _pairs(self) -> list[tuple[Path, Path]]:
        place = Path(self.build_lib) / "pipelines" / "shipped"
        return [] if self.editable_mode else [(path, place / path.relative_to(ROOT)) for path in shipped_files()]

    def run(self) -> None:
        super().run()
        for path, target in self._pairs():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *(str(target) for _, target in self._pairs())]


setup(cmdclass={"build_py": BuildWithFiles})
