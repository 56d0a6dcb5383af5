"""What a few codes keep of a contour: F0 of held-out speakers through the checkpoint's `f0_codes` and back.

python -m benchmarks.f0_codes --manifest MANIFEST --checkpoint DIR [--json f0_codes.json]

Errors are over frames that the tracker calls voiced. Beside them those of a flat line at the recording's own mean, which is
what is known of a contour without codes. Perplexity is of all codes of the corpus together; it is the number of codes where all
are used alike.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks import JsonFile, columns, write_json
from pipelines.checkpoints.folder import Folder, find_folder
from pipelines.checkpoints.loading import load_f0_codes
from pipelines.errors import ZestError
from pipelines.features.prosody import analyse
from pipelines.networks.f0_codes import F0Codes, hertz, standardised
from pipelines.training.data.corpus import dev_clips, read_manifest, read_samples


@dataclass(frozen=True)
class Coded:
    """One recording: Hz (frames,) as tracked, as decoded, and at its mean; which frames are voiced, and are decoded as voiced."""

    hz: np.ndarray
    decoded: np.ndarray
    mean: np.ndarray
    voiced: np.ndarray
    decoded_voiced: np.ndarray
    codes: np.ndarray


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv; its dev clips are measured")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id with f0_codes")],
    json_file: JsonFile = None,
) -> None:
    """Print one row per corpus, and one of all."""
    try:
        network, corpora = load_f0_codes(Folder(find_folder(checkpoint))), defaultdict(list)
        for clip in dev_clips(read_manifest(manifest)):
            corpora[clip.corpus].append(coded(network, read_samples(clip)))
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    corpora["all"] = [one for each in list(corpora.values()) for one in each]
    rows = {corpus: summary(each, len(network.codebook)) for corpus, each in corpora.items()}
    heads = ["corpus", *next(iter(rows.values()))]
    print(columns(heads, [[corpus, *(f"{value:.2f}" for value in row.values())] for corpus, row in rows.items()]))
    if json_file is not None:
        write_json(json_file, rows)


def coded(network: F0Codes, samples: np.ndarray) -> Coded:
    """(n,) float32 at 16 kHz."""
    prosody = analyse(samples)
    own, count = standardised(prosody), len(prosody.f0)
    codes = network.encode(own)
    flat = np.full(count, 100.0 * 2.0**own.mean)
    voicing = network.decode(codes)[1][:count]
    return Coded(prosody.f0, hertz(network, codes, own, count), flat, own.voiced > 0, voicing > 0.5, codes)


def summary(recordings: list[Coded], codes: int) -> dict[str, float]:
    """Medians of absolute errors over voiced frames, and what else there is to know."""
    voiced = [one.voiced for one in recordings]
    hz, decoded, mean = (np.concatenate([getattr(one, name)[there] for one, there in zip(recordings, voiced, strict=True)])
                         for name in ("hz", "decoded", "mean"))
    wrong = np.concatenate([one.voiced != one.decoded_voiced for one in recordings])
    used = np.bincount(np.concatenate([one.codes for one in recordings]), minlength=codes)
    share = used[used > 0] / used.sum()
    return {"clips": float(len(recordings)), "Hz": float(np.median(np.abs(decoded - hz))),
            "semitones": _semitones(decoded, hz), "semitones, flat line": _semitones(mean, hz),
            "wrong voicing %": 100 * float(wrong.mean()), "perplexity": float(np.exp(-(share * np.log(share)).sum()))}


def _semitones(decoded: np.ndarray, real: np.ndarray) -> float:
    return float(np.median(np.abs(12 * np.log2(decoded / real))))


if __name__ == "__main__":
    typer.run(main)
