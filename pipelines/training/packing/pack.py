"""Packs what a training needs, to go on where there is neither a network nor an audio decoder.

A pack holds the recipe, the list of clips, the files of earlier stages, training states, the teacher, samples and those features
that only WORLD and the F0 tracker can compute. Everything else is computed at the other end from these.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from pipelines.checkpoints.folder import Folder
from pipelines.errors import CheckpointError, RecipeError
from pipelines.training.data.cache import FeatureCache, content_hash
from pipelines.training.data.clip_choice import some_speech
from pipelines.training.data.corpus import COLUMNS, Clip, quantised, read_manifest, training_clips
from pipelines.training.data.packed_clips import packed_path
from pipelines.training.data.stored_features import store_teacher, stored, teacher_encoder
from pipelines.training.loop import carried
from pipelines.training.loop.recipe import GeneralRecipe, as_toml, section
from pipelines.training.packing.coding import encode_arrays, encode_file
from pipelines.training.packing.pieces import MEGABYTE, PackList, PieceWriter, new_folder
from pipelines.training.stages.beginning import beginning
from pipelines.training.stages.registry import find_stage
from pipelines.training.stages.running import read_tables
from pipelines.training.stages.stage import Context, Stage, StageNeeds

MANIFEST, RECIPE, CHECKPOINT, RUNS, CACHE = "manifest.csv", "recipe.toml", "checkpoint", "runs", "features"
STATES, PACKAGES, SAMPLES = "states", "packages", "samples"
INT16, RECORDED = "int16", "recorded"
AUDIO = (INT16, RECORDED)
THREADS = 2
Item = tuple[str, Callable[[], bytes]]  # name of a file in the unpacked folder, and its coded content


@dataclass(frozen=True)
class PackOptions:
    """What goes into a pack.

    Attributes:
        hours: of speech at most. corpora: names; all if there are none. piece_megabytes: size of a piece at most, in 10^6 bytes.
        audio: int16, which needs no decoder, or recorded: files as they are, often a quarter of that. Then the other machine
            needs soundfile, be it from wheels.
        wheels: files of packages that are missing there. state: whether trainings that have begun here go on there.
    """

    hours: float = float("inf")
    corpora: tuple[str, ...] = ()
    piece_megabytes: float = 18.0
    audio: str = INT16
    wheels: tuple[Path, ...] = ()
    state: bool = True

    def __post_init__(self):
        if self.audio not in AUDIO:
            raise RecipeError(f"Audio cannot be packed as '{self.audio}'; choose one of {', '.join(AUDIO)}.")
        for wheel in self.wheels:
            if not wheel.is_file() or wheel.suffix != ".whl":
                raise RecipeError(f"{wheel} is not a wheel; name files that end in .whl.")
        names = [wheel.name for wheel in self.wheels]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise RecipeError(f"Two wheels are called {twice}; name each package once.")


def pack_training(stages: Sequence[str], recipe: Path | str, manifest: Path | str, folder: Path,
                  options: PackOptions = PackOptions()) -> PackList:
    """Write a pack for some stages of a recipe into a new folder.

    Features that are missing here are computed and stored first.

    Raises:
        RecipeError: unusable recipe or manifest, or a published network is needed. CheckpointError: an earlier stage or the
        teacher is missing. OutputError: the folder is not empty or cannot be written.
    """
    tables = read_tables(recipe)
    general = section(tables, "general", GeneralRecipe)
    clips = some_speech(training_clips(read_manifest(manifest)), options.hours, options.corpora, general.seed)
    context = Context(tables, general, clips, "cpu", float("inf"))
    found = [find_stage(name) for name in dict.fromkeys(stages)]
    needs = [stage.needs(context, stage.recipe(tables)) for stage in found]
    files = _checkpoint_files(context, found)
    folder = new_folder(folder)
    writer = PieceWriter(folder, int(options.piece_megabytes * MEGABYTE))
    with tempfile.TemporaryDirectory(prefix="zest-pack-") as scratch:
        small = [*_texts(context), *files, *_states(context, found, options, Path(scratch)),
                 *_teacher(context.cache, needs, Path(scratch)), *_packages(options)]
        for name, coded in _coded([*small, *_speech(needs, options), *_features(context.cache, needs)]):
            writer.add(name, coded)
    hours = sum(clip.seconds for clip in clips) / 3600
    pack = PackList(tuple(stage.name for stage in found), round(hours, 3), len(clips), general.precision, writer.close())
    pack.write(folder)  # last: a folder without it is no pack
    return pack


def _coded(items: Sequence[Item]) -> Iterator[tuple[str, bytes]]:
    with ThreadPoolExecutor(THREADS) as pool:
        contents = pool.map(lambda item: item[1](), items)
        yield from tqdm(zip([name for name, _ in items], contents, strict=True), "pack", len(items), unit="file", mininterval=5)


def _texts(context: Context) -> list[Item]:
    """The recipe, with folders inside the unpacked one, and the manifest, with names by content."""
    tables = {**context.tables, "general": {**context.tables.get("general", {}), "runs": RUNS, "cache": CACHE,
                                            "checkpoint": CHECKPOINT}}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for clip in context.clips:
        own = replace(clip, path=packed_path(content_hash(clip.path)))
        writer.writerow(getattr(own, column) for column in COLUMNS)
    return [_file(RECIPE, as_toml(tables).encode()), _file(MANIFEST, table.getvalue().encode())]


def _checkpoint_files(context: Context, stages: list[Stage]) -> list[Item]:
    """Files of earlier stages. Raises CheckpointError: one is missing that is not to be trained there either."""
    trained, items = {stage.name for stage in stages}, {}
    for stage in stages:
        if named := context.tables.get(stage.name, {}).get("begins_with"):
            folder, name = beginning(context, stage.name, named)
            items |= _network(CHECKPOINT, folder, name, stage, stage, named)
        for begun in _begun(stage, context.tables):
            for name in filter(context.checkpoint.has, begun.writes):
                items |= _network(CHECKPOINT, context.checkpoint, name, stage, begun)
        for read in map(find_stage, stage.reads):
            for place, folder, names in ((CHECKPOINT, context.checkpoint, read.writes), (RUNS, context.scratch, read.scratch)):
                for name in names:
                    if read.name not in trained or folder.has(name):
                        items |= _network(place, folder, name, stage, read)
    return list(items.items())


def _begun(stage: Stage, tables: dict[str, dict]) -> Iterator[Stage]:
    """Stages whose weights a stage begins with, if they are there, and those with which these began."""
    name = stage.begins(tables)
    if name:
        yield find_stage(name)
        yield from _begun(find_stage(name), tables)


def _network(place: str, folder: Folder, name: str, stage: Stage, read: Stage,
             packed_name: str = "") -> dict[str, Callable[[], bytes]]:
    """Both files of a network that `stage` needs of the stage `read`. packed_name: another than its own."""
    paths = [folder.path / f"{name}.safetensors", folder.path / f"{name}.json"]
    for path in paths:
        if not path.is_file():
            raise CheckpointError(f"{path} is missing, which stage {stage.name} needs; train stage {read.name} first.")
    return {f"{place}/{packed_name or name}{path.suffix}": partial(_read, path) for path in paths}


def _states(context: Context, stages: list[Stage], options: PackOptions, scratch: Path) -> Iterator[Item]:
    """Trainings that have begun here, networks in 16 bits (carried.py)."""
    for stage in stages:
        run, file = Path(context.general.runs) / stage.name, scratch / f"{stage.name}.safetensors"
        if options.state and (run / "state.pt").is_file():
            carried.pack(run, file)
            yield f"{STATES}/{file.name}", partial(_read, file)


def _teacher(cache: FeatureCache, needs: list[StageNeeds], scratch: Path) -> list[Item]:
    blocks = max(need.teacher for need in needs)
    if not blocks:
        return []
    store_teacher(FeatureCache(scratch / "teacher"), teacher_encoder(cache, blocks))
    return [(f"{CACHE}/{path.name}", partial(_read, path)) for path in sorted((scratch / "teacher").iterdir())]


def _packages(options: PackOptions) -> list[Item]:
    return [(f"{PACKAGES}/{wheel.name}", partial(_read, wheel)) for wheel in options.wheels]


def _speech(needs: list[StageNeeds], options: PackOptions) -> list[Item]:
    """Samples of each recording once, whatever the speeds at which it is read."""
    recordings = {content_hash(clip.path): replace(clip, speed=1.0) for need in needs if need.audio for clip in need.clips}
    if options.audio == INT16:
        return [(packed_path(key).as_posix(), partial(_samples, clip)) for key, clip in recordings.items()]
    return [(packed_path(key).with_suffix(clip.path.suffix).as_posix(), partial(_read, clip.path))
            for key, clip in recordings.items()]


def _features(cache: FeatureCache, needs: list[StageNeeds]) -> list[Item]:
    clips = {(kind, content_hash(clip.path), clip.speed): clip
             for need in needs for kind in need.features for clip in need.clips}
    other = FeatureCache(Path(CACHE))
    return [(other.file(kind + clip.variant, packed_path(key)).as_posix(), partial(_stored, kind, clip, cache))
            for (kind, key, _), clip in clips.items()]


def _file(name: str, content: bytes) -> Item:
    return name, partial(encode_file, content)


def _read(path: Path) -> bytes:
    return encode_file(path.read_bytes())


def _samples(clip: Clip) -> bytes:
    return encode_arrays({SAMPLES: quantised(clip)})


def _stored(kind: str, clip: Clip, cache: FeatureCache) -> bytes:
    return encode_arrays(stored(kind, clip, cache))
