"""Stage `units`: k-means over one layer of the HuBERT (paper, section 3.1: 100 clusters), and a head for soft units."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from tqdm import tqdm

from pipelines.checkpoints.loading import load_content_encoder
from pipelines.counting import counted
from pipelines.errors import RecipeError
from pipelines.networks.units import ContentEncoder
from pipelines.training.data.corpus import Clip, read_samples
from pipelines.training.stages.stage import Context, Prepared, Stage, StageNeeds


@dataclass(frozen=True)
class UnitsRecipe:
    """layer counts from 1; 0 is the embedding below the transformer. clips: how many, evenly over speakers.

    soft_clusters: of the finer codebook that soft units are mixtures of; 0: they are of the same one.
    head: principal components that soft units are instead, without a codebook; 0: there are none.
    keep: the checkpoint's own centroids stay, and the finer codebook or the head alone is found.
    """

    clusters: int = 100
    soft_clusters: int = 0
    head: int = 0
    layer: int = 5
    clips: int = 1500
    keep: bool = False


def choose_clips(clips: list[Clip], count: int, seed: int) -> list[Clip]:
    """Clips in turn from every speaker, so that the speakers with many do not decide the clusters."""
    random = np.random.default_rng(seed)
    by_speaker: dict[str, list[Clip]] = {}
    for index in random.permutation(len(clips)):
        by_speaker.setdefault(clips[index].speaker, []).append(clips[index])
    turns = [(turn, speaker) for speaker, own in by_speaker.items() for turn in range(len(own))]
    turns.sort(key=lambda pair: pair[0])
    return [by_speaker[speaker][turn] for turn, speaker in turns[:count]]


def train_units(recipe: UnitsRecipe, clips: list[Clip], encoder: ContentEncoder, seed: int) -> dict[str, torch.Tensor]:
    """What the recipe asks for, and the file `units` holds.

    Returns:
        `centroids` (clusters, width), unless they are kept; `soft_centroids` (soft clusters, width); `head_centre` (width,) and
        `head` (width, numbers).
    Raises:
        RecipeError: there is no such layer, or there are fewer components than the recipe asks for.
    """
    layers = encoder.hubert.config.num_hidden_layers
    if not 0 <= recipe.layer <= layers:
        raise RecipeError(f"The content encoder has {counted(layers, 'layer')}; [units] layer must lie between 0 and {layers}, "
                          f"not {recipe.layer}.")
    width = encoder.hubert.config.hidden_size
    if not 0 <= recipe.head <= width:
        raise RecipeError(f"States have {counted(width, 'number')}; [units] head must lie between 0 and {width}, not "
                          f"{recipe.head}.")
    frames = states_of(choose_clips(clips, recipe.clips, seed), encoder, recipe.layer)
    sizes = {"centroids": 0 if recipe.keep else recipe.clusters, "soft_centroids": recipe.soft_clusters}
    found = {name: torch.from_numpy(cluster(frames, size, seed)) for name, size in sizes.items() if size}
    return found | (linear_head(frames, recipe.head) if recipe.head else {})


@torch.inference_mode()
def states_of(clips: list[Clip], encoder: ContentEncoder, layer: int) -> np.ndarray:
    """(frames, width) of one layer, of all clips one after the other."""
    encoder.eval()
    device = next(encoder.parameters()).device
    frames = []
    for clip in tqdm(clips, desc="units", unit="clip", mininterval=5):
        states = encoder(torch.from_numpy(read_samples(clip))[None].to(device))
        frames.append(states[layer][0].cpu().numpy())
    return np.concatenate(frames)


def linear_head(frames: np.ndarray, size: int) -> dict[str, torch.Tensor]:
    """`head_centre` (width,) and `head` (width, size), float32, of (frames, width); each number has variance 1.

    Clusters keep little of a state. All of it would tell more of the emotion and the speaker than its first components do.
    """
    pca = PCA(size).fit(frames)
    head = np.asarray(pca.components_).T / np.sqrt(pca.explained_variance_)
    centre = np.asarray(pca.mean_, np.float32)
    return {"head_centre": torch.from_numpy(centre), "head": torch.from_numpy(head.astype(np.float32))}


def cluster(frames: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """(frames, width) to (clusters, width) float32."""
    kmeans = MiniBatchKMeans(clusters, batch_size=8192, n_init=3, max_iter=200, random_state=seed)
    return kmeans.fit(frames).cluster_centers_.astype(np.float32)


def prepare(context: Context, recipe: UnitsRecipe) -> Prepared:
    """Clusters are found when they are exported. Raises as `train_units`."""
    def export() -> None:
        encoder = load_content_encoder(context.checkpoint).to(context.device)
        kept = {"centroids": context.checkpoint.tensors("units")["centroids"]} if recipe.keep else {}
        found = train_units(recipe, context.clips, encoder, context.general.seed)
        context.checkpoint.write("units", found | kept, asdict(recipe))

    return Prepared(None, 0, export)


STAGE = Stage(
    "units",
    learns="100 clusters of one of its layers",
    source="clips of every speaker in turn",
    loss="k-means",
    recipes={"": UnitsRecipe}, prepare=prepare, needs=lambda context, recipe: StageNeeds(context.clips, audio=True),
    writes=("units",), reads=("hubert",))
