"""Render the example recordings of the Convert tab with espeak-ng and our own converter, so that no one's voice is committed.

    python examples/render_examples.py examples/

Needs espeak-ng (apt install espeak-ng). The same version gives the same files.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np

from pipelines.conversion import Converter
from pipelines.features.audio import SAMPLE_RATE, from_array, load, save

TRIM_DB = 45  # below the peak counts as silence
MARGIN = 0.1  # seconds of silence left at both ends
PEAK = -9.0  # dB of full scale, of sources: an angry voice is louder, and needs the room


@dataclass(frozen=True)
class ExampleRecording:
    """voice: espeak-ng's name; prosody: SSML attributes, empty for the voice as it is. emotion: a preset that the voice is then
    converted to, because a synthetic voice, however lively its settings, is not perceived as emotional."""

    name: str
    voice: str
    words_per_minute: int
    text: str
    prosody: str = ""
    emotion: str = ""


EXAMPLES = (
    ExampleRecording("source-man", "en-us", 150, "The package arrived on Monday, and nobody opened it."),
    ExampleRecording("source-woman", "en-us+f3", 155, "We are going to the station in the afternoon."),
    ExampleRecording("reference-lively", "en-gb+f2", 190, "Look at that, you really did it!",
                     'pitch="+45%" range="+90%" volume="loud"', emotion="surprised"),
)


def render(example: ExampleRecording, folder: Path) -> Path:
    """Speak, resample to 16 kHz, trim silence, leave room above, write 16-bit WAV."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as raw:
        text = f"<speak><prosody {example.prosody}>{example.text}</prosody></speak>" if example.prosody else example.text
        subprocess.run(["espeak-ng", "-m", "-v", example.voice, "-s", str(example.words_per_minute), "-w", raw.name, text],
                       check=True)
        samples = load(raw.name).samples
    _, (start, end) = librosa.effects.trim(samples, top_db=TRIM_DB)
    margin = int(MARGIN * SAMPLE_RATE)
    samples = samples[max(0, start - margin):end + margin]
    if example.emotion:
        spoken = from_array(samples, SAMPLE_RATE, example.name)
        samples = Converter.from_pretrained().convert(spoken, emotion=example.emotion).samples
    else:
        samples = samples * 10 ** (PEAK / 20) / np.abs(samples).max()
    return save(folder / f"{example.name}.wav", samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("examples"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        print(render(example, folder))


if __name__ == "__main__":
    main()
