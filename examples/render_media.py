"""Render what the README shows of one conversion: its picture, recordings before and after, and a short film of both.

    python -m examples.render_media docs/media

Converts examples/source-woman.wav with the shipped checkpoint and scores it. Needs requirements-dev.txt, Chromium, and for the
words requirements-offline.txt. Run it again when the weights change. No person's voice is in these files.
"""

from __future__ import annotations

import argparse
import base64
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from evaluation.instruments.f0 import STEP, world_f0
from evaluation.plots import PREDICTED_COLOUR, SOURCE_COLOUR, Panel, contour_figure, save_figure
from evaluation.score_card import score_card
from examples.render_examples import EXAMPLES
from pipelines.conversion import Converter
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.features.pitch import F0Contour
from workbench.score_card.card import card_html, verdict_html
from workbench.score_card.style import CSS

ROOT = Path(__file__).resolve().parents[1]
SOURCE, EMOTION = "source-woman", "surprised"
TEXT = next(one.text for one in EXAMPLES if one.name == SOURCE)
FRAMES_PER_SECOND, PAUSE = 12, 0.6  # of the film; s of silence between both recordings
CURSOR = (190, 40, 60)
CRF = "30"  # quality of H.264: small, and lines stay sharp
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>
:root {{ --border-color-primary: #e2e8f0; --radius-lg: 8px; --block-background-fill: #fff; --body-text-color: #1e293b;
  --body-text-color-subdued: #475569; --background-fill-secondary: #f1f5f9; --zest-accent: #4f46e5; --color-accent: #4f46e5; }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 0; padding: 18px; width: 1064px; color: #1e293b; background: #f8fafc; }}
h1 {{ font-size: 19px; margin: 0 0 10px; }} img {{ width: 100%; border: 1px solid #e2e8f0; border-radius: 8px; }}
{css}
.zest-verdict ul {{ display: none; }} .zest-card-note, .zest-card-foot {{ font-size: 11px; color: #475569; margin: 8px 0 0; }}
</style><h1>{title}</h1><img src="data:image/png;base64,{plot}" alt="">{card}</html>"""


def picture(plot: Path, card: str, title: str, output: Path) -> None:
    """Contours above the score card, as the page shows them, 1100 pixels wide."""
    html = PAGE.format(css=CSS, title=title, plot=base64.b64encode(plot.read_bytes()).decode(), card=card)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        page.set_content(html)
        page.screenshot(path=str(output), full_page=True)
        browser.close()


def film(plot: Path, recordings: list[np.ndarray], spans: list[tuple[float, float]], output: Path) -> None:
    """An MP4 of the contours, with a line where the sound is.

    Args:
        recordings: (n,) at 16 kHz, one for each panel.
        spans: left and right of each panel's axis, as shares of the picture's width.
    """
    still = Image.open(plot).convert("RGB")
    still = still.resize((1080, round(still.height * 1080 / still.width / 2) * 2))
    with av.open(str(output), "w") as container:
        video = container.add_stream("h264", rate=FRAMES_PER_SECOND, options={"crf": CRF, "tune": "stillimage"})
        video.width, video.height, video.pix_fmt = still.width, still.height, "yuv420p"
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", bit_rate=64_000)
        longest = max(len(one) for one in recordings) / SAMPLE_RATE
        for samples, (left, right) in zip(recordings, spans, strict=True):
            for frame in range(round((len(samples) / SAMPLE_RATE + PAUSE) * FRAMES_PER_SECOND)):
                share = min(frame / FRAMES_PER_SECOND, len(samples) / SAMPLE_RATE) / longest
                column = round((left + share * (right - left)) * still.width)
                drawn = np.array(still)
                drawn[:, column:column + 3] = CURSOR
                container.mux(video.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24")))
        container.mux(video.encode())
        joined = np.concatenate([np.pad(one, (0, _padding(len(one)))) for one in recordings]).astype(np.float32)
        spoken = av.AudioFrame.from_ndarray(joined[None], format="fltp", layout="mono")
        spoken.sample_rate, spoken.pts, spoken.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        container.mux(sound.encode(spoken))
        container.mux(sound.encode())


def _padding(samples: int) -> int:
    """Silence behind a recording, so that its sound takes as long as its frames."""
    frames = round((samples / SAMPLE_RATE + PAUSE) * FRAMES_PER_SECOND)
    return max(0, round(frames * SAMPLE_RATE / FRAMES_PER_SECOND) - samples)


def contours(before: F0Contour, after: F0Contour, output: Path) -> list[tuple[float, float]]:
    """F0 before and after, side by side. Returns where the panels lie, as shares of the picture's width."""
    figure = contour_figure([Panel("Before", before, SOURCE_COLOUR), Panel(f"After, {EMOTION}", after, PREDICTED_COLOUR)])
    figure.set_size_inches(11, 2.9)
    figure.axes[0].set_xlim(0, max(one.seconds[-1] for one in (before, after)))
    save_figure(figure, output)
    places = [axis.get_position() for axis in figure.axes]
    return [(place.x0, place.x1) for place in places]


def _f0(samples: np.ndarray) -> F0Contour:
    """As the score card tracks it, so that the numbers of the picture agree."""
    return F0Contour(world_f0(samples), STEP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "media")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    source = ROOT / "examples" / f"{SOURCE}.wav"
    before, after, plot = folder / "before.wav", folder / "after.wav", folder / "plot.png"
    shutil.copy(source, before)
    converted = Converter.from_pretrained().convert(source, emotion=EMOTION)
    converted.save(after)
    own = load(source).samples
    spans = contours(_f0(own), _f0(converted.samples), plot)
    card = score_card(source, None, after, TEXT, EMOTION)
    title = f"“{TEXT}” A synthetic voice, converted to {EMOTION}"
    picture(plot, verdict_html(card) + card_html(card), title, folder / "conversion.png")
    film(plot, [own, converted.samples], spans, folder / "before-after.mp4")
    plot.unlink()
    for path in sorted(folder.iterdir()):
        print(path, f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
