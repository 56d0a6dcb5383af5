"""Scripts and styles of the studio's components, joined from the files of `page/`: nothing is fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

PLAYER = ("shared.js", "sound.js", "blind.js", "lanes.js", "roving.js", "player_view.js", "player.js")
CONTOURS = ("shared.js", "roving.js", "axes.js", "picture.js", "saving.js", "contours.js")
LANE = ("shared.js", "lane_time.js", "lane_line.js", "lane_mix.js", "lane_panel.js", "lane_player.js", "lane.js")

MIXER = ("shared.js", "mixer.js")

MOUNT = """
const root = element.querySelector('[data-studio]');
const shown = root.zestStudio = new {kind}(root, root.dataset.studio{more});
shown.give(props.value);
watch('value', () => shown.give(props.value));
"""


def script(names: Sequence[str], kind: str, more: str = "") -> str:
    """What runs when a component is loaded.

    Args:
        names: of files. kind: the class that fills the component. more: what it is given beside its element, such as 'trigger'.
    """
    return "'use strict';\n" + "\n".join(map(_file, names)) + MOUNT.format(kind=kind, more=more and f", {more}")


def style(name: str) -> str:
    """A style sheet, which Gradio confines to the component."""
    return _file(name)


@cache
def _file(name: str) -> str:
    return files("workbench.studio").joinpath(f"page/{name}").read_text(encoding="utf-8")
