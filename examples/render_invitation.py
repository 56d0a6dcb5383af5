"""Draw what the Convert tab shows before there is a result: F0 of its first example, before and after.

    python -m examples.render_invitation

Converts examples/source-man.wav to angry with the shipped checkpoint. Run it again when the weights change.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, folder_key
from pipelines.conversion import Converter
from pipelines.features.contour import FASTEST
from pipelines.features.pitch import F0Contour, track
from pipelines.shipped import shipped

SOURCE, EMOTION = "source-man", "angry"
OUTPUT = Path(__file__).resolve().parents[1] / "workbench" / "tabs" / "page" / "invitation.svg"
WIDTH, HEIGHT, MARGIN = 640, 150, 8
LOW, HIGH = 70.0, 200.0  # Hz at the lower and the upper edge, on a logarithmic scale


def path_of(contour: F0Contour, seconds: float) -> str:
    """The voiced stretches of a contour as an SVG path, broken where the tracker jumps. seconds: at the right edge."""
    steps, pen, last = [], "M", 0.0
    for at, hertz in zip(contour.seconds, contour.hz, strict=True):
        if hertz <= 0:
            pen, last = "M", 0.0
            continue
        if last and abs(np.log2(hertz / last)) > FASTEST:
            pen = "M"
        x = MARGIN + (WIDTH - 2 * MARGIN) * at / seconds
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * np.log(hertz / LOW) / np.log(HIGH / LOW)
        steps.append(f"{pen}{x:.0f} {y:.0f}")
        pen, last = "L", hertz
    return "".join(steps)


def main() -> None:
    converted = Converter.from_pretrained().convert(shipped("examples") / f"{SOURCE}.wav", emotion=EMOTION)
    before, after = converted.source, track(converted.samples).contour()
    seconds = max(float(one.seconds[-1]) for one in (before, after))
    paths = "\n".join(f'<path class="{name}" d="{path_of(one, seconds)}"/>'
                      for name, one in (("before", before), ("after", after)))
    OUTPUT.write_text(f'<!-- {SOURCE} to {EMOTION}, weights {folder_key(DEFAULT_CHECKPOINT, CONVERTING)} -->\n'
                      f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">\n{paths}\n</svg>\n', encoding="utf-8")
    print(OUTPUT)


if __name__ == "__main__":
    main()
