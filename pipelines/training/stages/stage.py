"""A stage of training: what it says of itself, what it is given, and what it hands to the training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from pipelines.checkpoints.folder import Folder
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS
from pipelines.packages import need
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import with_share
from pipelines.training.data.corpus import Clip
from pipelines.training.data.stored_features import PROSODY, VOCODER
from pipelines.training.loop import distributed
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.loop.trainer import Run, Task, Validation

Recipe = TypeVar("Recipe")
Measure = Callable[[Folder, nn.Module, str], Callable[[], dict[str, float]]]
"""Of a checkpoint's folder, a network in training and its device: a function that scores the network as it is (Validation)."""

LABELS = ("emotional_share",)  # keys of [general] that a stage heeds which reads labels
VOICES = ("emotional_share", "virtual_voices")  # and one that reads virtual voices, too


@dataclass(frozen=True)
class StageNeeds:
    """What a training reads beside its recipe and the files of earlier stages, for packs.

    Attributes:
        clips: at the speeds at which they are read. audio: whether their samples are read, be it for the HuBERT's states.
        features: kinds of the cache that only WORLD and the F0 tracker can compute (stored_features.py).
        teacher: how many blocks of Whisper's encoder; 0 for none.
    """

    clips: list[Clip]
    audio: bool = False
    features: tuple[str, ...] = ()
    teacher: int = 0


@dataclass(frozen=True)
class Prepared:
    """A stage about to be trained.

    Attributes:
        task: for the training loop; None for a stage whose export is all its work. steps: of the task.
        export: writes the weights into the checkpoint.
        validation: keeps the best weights; then nothing is exported at the end.
    """

    task: Task | None
    steps: int
    export: Callable[[], None]
    validation: Validation | None = None


@dataclass(frozen=True)
class Context:
    """All that a stage needs to be prepared. measure: scores of held-out speech; None where the last weights are kept."""

    tables: dict[str, dict]
    general: GeneralRecipe
    clips: list[Clip]
    device: str
    stop_after_seconds: float
    measure: Measure | None = None

    @property
    def cache(self) -> FeatureCache:
        return FeatureCache(Path(self.general.cache))

    @property
    def checkpoint(self) -> Folder:
        return Folder(Path(self.general.checkpoint))

    @property
    def scratch(self) -> Folder:
        """The folder of runs, with files that only later stages need."""
        return Folder(Path(self.general.runs))

    @property
    def shared(self) -> list[Clip]:
        """Clips for a stage that reads labels: all, or with an emotional_share below 1 that part of the labelled ones."""
        return with_share(self.clips, self.general.emotional_share, self.general.seed)

    @property
    def labelled(self) -> list[Clip]:
        """Those with one of the five emotions. Raises RecipeError when there are none."""
        clips = [clip for clip in self.shared if clip.emotion in EMOTIONS]
        if not clips:
            raise RecipeError("The manifest's training clips have none of the five emotions; these stages need labels.")
        return clips

    def run(self, stage: str, steps: int) -> Run:
        """For the training loop."""
        return Run(Path(self.general.runs) / stage, steps, self.general.seed, self.device, self.stop_after_seconds,
                   self.general.precision, self.general.accumulate)

    def drawn_at_once(self, recipe: Recipe) -> Recipe:
        """The recipe with the rows of a micro-batch as its batch. Raises RecipeError: the batch cannot be divided evenly."""
        return replace(recipe, batch=distributed.micro_batch(recipe.batch, self.general.accumulate))

    def validation(self, network: nn.Module, export: Callable[[], None]) -> Validation | None:
        """Of a network on held-out speech; None where nothing measures it. Raises what the measure raises."""
        return None if self.measure is None else Validation(self.measure(self.checkpoint, network, self.device), export)


def all_speech(context: Context, recipe: Any) -> StageNeeds:
    """The needs of a stage that says nothing of them: every clip with its samples and stored features."""
    return StageNeeds(context.clips, audio=True, features=(PROSODY, VOCODER))


@dataclass(frozen=True)
class Stage:
    """One stage; each stage's file defines its own (registry.py).

    Attributes:
        name: of `zest train` and of the recipe's table.
        learns, source, loss: columns of the table in docs/training.md.
        recipes: dataclass of the table, by the table's key `design`; one under '' where there is one design. The first is the
            default.
        prepare: given the context and the table as its dataclass. needs: given the same, what `prepare` and the steps will read.
        writes: files of the checkpoint. scratch: files beside the runs, for later stages only.
        reads: stages before it. begins_with: the stage whose weights the first design begins with, if the recipe has that stage.
        sizes: keys of the table that must agree where a checkpoint supplies the stage to an ablation; all if none is given.
            A vocoder is what `generate` begins with, however it was trained.
        general: keys of [general], besides the seed, that change what it learns.
        packages: that it imports while it trains, given its table as its dataclass; not those of every stage.
    """

    name: str
    learns: str
    source: str
    loss: str
    recipes: Mapping[str, type]
    prepare: Callable[[Context, Any], Prepared]
    needs: Callable[[Context, Any], StageNeeds] = all_speech
    writes: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    begins_with: str = ""
    sizes: tuple[str, ...] = ()
    general: tuple[str, ...] = ()
    packages: Callable[[Any], tuple[str, ...]] = lambda recipe: ()

    def design(self, tables: dict[str, dict]) -> str:
        """That the recipe asks for. Raises RecipeError: there is no such design."""
        first = next(iter(self.recipes))
        asked = tables.get(self.name, {}).get("design", first) if first else first
        if asked not in tuple(self.recipes):  # what is no string is no design either
            raise RecipeError(f"There is no design '{asked}' of the stage {self.name}; choose one of {', '.join(self.recipes)}.")
        return asked

    def recipe(self, tables: dict[str, dict]) -> Any:
        """Its table as a dataclass. Raises RecipeError: unknown key, wrong type, or no such design."""
        kind, table = self.recipes[self.design(tables)], tables.get(self.name, {})
        if "design" not in kind.__dataclass_fields__:  # the default one, named or not
            table = {key: value for key, value in table.items() if key != "design" or "" in self.recipes}
        return section({self.name: table}, self.name, kind)

    def check_packages(self, tables: dict[str, dict]) -> None:
        """Raises PackageError: a package that it imports later is not installed. RecipeError as `recipe`."""
        need(self.packages(self.recipe(tables)), f"The stage {self.name} of this recipe")

    def begins(self, tables: dict[str, dict]) -> str:
        """The stage whose weights it begins with; '' for designs other than the first."""
        return self.begins_with if self.design(tables) == next(iter(self.recipes)) else ""

    def all_reads(self, tables: dict[str, dict]) -> tuple[str, ...]:
        """Stages before it whose weights decide its own."""
        begins = self.begins(tables)
        return (*self.reads, *([begins] if begins in tables else []))


def not_packed(stage: str, key: str, name: str) -> RecipeError:
    """The error for a stage that takes a published network, which packs do not carry."""
    return RecipeError(f"The recipe's [{stage}] {key} = '{name}' is a published network, which no pack carries; train the stage "
                       f"{stage} where the network can be had.")
