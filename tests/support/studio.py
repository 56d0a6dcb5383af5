"""A page with nothing but the studio's components, and a conversion whose tempo, levels and contours are known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np

from evaluation.instruments.word_times import TimedWord
from pipelines.conversion import Conversion
from pipelines.features.audio import save
from pipelines.features.pitch import FRAME_SECONDS, F0Contour
from pipelines.settings import Settings
from tests.support.speech import MAN, WOMAN, speak
from workbench.conversion import DescribedConversion, describe
from workbench.conversion_request import ConversionRequest
from workbench.studio.components import contour_view, player
from workbench.studio.contours import ContourSeries, contour_series, contours_value
from workbench.studio.tracks import REFERENCE, SOURCE, TAKE, Track, player_value, track
from workbench.tabs.convert_run import Shown, siblings
from workbench.tabs.head import head
from workbench.tabs.score import one_conversion
from workbench.tabs.theme import CSS, theme

SECONDS, SLOWER = 4.0, 5.0  # of the source, and of the take whose second half is stretched
ALT = "F0 contours over time. Source: mean 120 Hz."


def slower_timing() -> np.ndarray:
    """(frames,) seconds of the source for each frame of the take: 2 s as they are, then 2 s in 3."""
    return np.interp(np.arange(int(SLOWER / FRAME_SECONDS)) * FRAME_SECONDS, [0, 2, SLOWER], [0, 2, SECONDS])


def a_conversion() -> Conversion:
    """Source 120 Hz, predicted 240 Hz: an octave higher; unvoiced for its first half second."""
    frames, moved = round(SECONDS / FRAME_SECONDS), round(SLOWER / FRAME_SECONDS)
    silent = (np.arange(frames) < 25)
    return Conversion(samples=speak(WOMAN, SLOWER), source=F0Contour(np.where(silent, 0.0, 120.0)), reference=None,
                      predicted=F0Contour(np.full(moved, 240.0)), target="angry", settings=Settings(), source_seconds=SECONDS,
                      timing=slower_timing())


def a_described(folder: Path, **settings) -> DescribedConversion:
    """The same, saved. settings: of the conversion."""
    one = replace(a_conversion(), settings=Settings(decoder="residual_neural", **settings))
    measured = F0Contour(one.predicted.hz)
    return DescribedConversion(one, measured, save(folder / "man-angry.wav", one.samples), describe(one, measured))


def some_series() -> list[ContourSeries]:
    conversion = a_conversion()
    series = contour_series(conversion, F0Contour(conversion.predicted.hz), speak(MAN, SECONDS))
    return [replace(series[0], words=(TimedWord(0.6, 1.0, "kids"), TimedWord(1.0, 1.4, "talk"))), *series[1:]]


def some_tracks(folder: Path) -> list[Track]:
    """Source, reference and three takes, of which one is slower and one soft."""
    def one(key: str, kind: str, samples: np.ndarray, timing: np.ndarray | None = None) -> Track:
        path = save(folder / f"{key}.wav", samples)
        return track(key, f"{key} voice", kind, str(path), samples, SECONDS, timing)

    return [one("source", SOURCE, speak(MAN, SECONDS)), one("reference", REFERENCE, speak(WOMAN, 2.0, seed=1)),
            one("slower", TAKE, speak(WOMAN, SLOWER), slower_timing()), one("soft", TAKE, 0.1 * speak(MAN, SECONDS, seed=2)),
            one("plain", TAKE, speak(MAN, SECONDS, seed=3))]


@contextmanager
def studio_page(folder: Path) -> Iterator[str]:
    """Serve them beside a player of Gradio's and what scores one conversion; yields the address."""
    tracks = some_tracks(folder)
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.Audio(tracks[0].path, elem_id="other", interactive=False)
        player("studio-player", value=player_value(tracks))
        contour_view("studio-contours", value=contours_value(some_series(), ALT, "man-angry"))
        shown = Shown(ConversionRequest("man.wav", "angry"), "man-angry.wav", SimpleNamespace(), {
            "target": "angry", "mix": None, "converted_seconds": SECONDS, "f0": {"converted": None}})
        gr.HTML(siblings([shown] * 3, 0)["value"])
        one_conversion()
    try:
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, theme=theme(), css=CSS, head=head(),
                                allowed_paths=[str(folder)], ssr_mode=False, footer_links=[])
        yield url
    finally:
        demo.close()
