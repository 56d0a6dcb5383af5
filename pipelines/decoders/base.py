"""What a decoder is: a name, words about it, what it needs of a checkpoint, and a function to samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # names and words are read where torch is not loaded
    import numpy as np

    from pipelines.checkpoints.loading import Models
    from pipelines.factors import Transferred

CHECKPOINT_FILES = {  # a file of a checkpoint: what it holds, and the stage that trains it
    "acoustic": ("acoustic model", "acoustic"), "vocoder": ("neural vocoder", "vocoder"), "generator": ("generator", "generate")}


@dataclass(frozen=True)
class Decoder:
    """One way from transferred factors to samples.

    Attributes:
        name: what users type. label: what the page shows. description: one plain sentence.
        requires: files of a checkpoint that it cannot do without, named without suffix.
        decode: factors and the networks of a checkpoint to (n,) float32 at 16 kHz. It is called only where all that
            `requires` names is loaded.
        aliases: older names, which are accepted as well.
    """

    name: str
    label: str
    description: str
    requires: tuple[str, ...]
    decode: Callable[[Transferred, Models], np.ndarray]
    aliases: tuple[str, ...] = ()

    @property
    def oldest_name(self) -> str:
        """Its first name, by which the folders of studies go on being called."""
        return self.aliases[0] if self.aliases else self.name

    def missing(self, models: Models) -> tuple[str, ...]:
        """Those of the required files that are not loaded."""
        return tuple(file for file in self.requires if getattr(models, file) is None)


def holds(file: str) -> str:
    """What a file of a checkpoint holds, in words."""
    return CHECKPOINT_FILES.get(file, (file, file))[0]


def training_command(file: str) -> str:
    """The command that trains a file of a checkpoint."""
    return f"'zest train {CHECKPOINT_FILES.get(file, (file, file))[1]}'"
