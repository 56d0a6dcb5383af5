"""The stages in the order of training. A new one is a file beside this one that defines its STAGE, and a line here.

Nothing here imports torch before a stage's definition is asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from pipelines.errors import ZestError

if TYPE_CHECKING:
    from pipelines.training.stages.stage import Stage

STAGES = {  # name to module
    "hubert": "hubert",
    "units": "units",
    "ease": "ease",
    "critics": "emotion_classifiers",
    "sace": "sace",
    "acoustic": "acoustic",
    "tempo": "tempo",
    "vocoder": "vocoder",
    "generate": "generate",
    "f0_codes": "f0_codes",
    "polyak": "polyak",
    "vawgan": "vawgan",
}
EVERY_CONVERSION = ("units", "speaker", "sace", "pitch", "presets")  # checkpoint files that no decoder can do without


def check_stage(name: str, others: tuple[str, ...] = ()) -> None:
    """others: names that mean something else than a stage. Raises ZestError: there is no such stage."""
    if name not in (*STAGES, *others):
        raise ZestError(f"There is no stage '{name}'; choose one of {', '.join((*STAGES, *others))}.")


@cache
def find_stage(name: str) -> Stage:
    """Its definition. Raises ZestError: there is no such stage."""
    check_stage(name)
    return import_module(f"pipelines.training.stages.{STAGES[name]}").STAGE


def writers(files: tuple[str, ...]) -> set[str]:
    """Stages that write one of these checkpoint files first, and all that those read."""
    found: set[str] = set()
    for file in files:
        name = next(name for name in STAGES if file in find_stage(name).writes)
        stage = find_stage(name)
        found |= {name} | {read for read in stage.reads if find_stage(read).writes}
    return found


def stage_table() -> str:
    """What each stage learns, as the Markdown table of docs/training.md."""
    rows = [("stage", "learns", "from", "loss", "reads", "writes"), ("---",) * 6]
    for name in STAGES:
        stage = find_stage(name)
        reads = ", ".join(f"`{read}`" for read in stage.reads) or "-"
        begins = f"; begins with `{stage.begins_with}`" if stage.begins_with else ""
        writes = ", ".join(f"`{file}`" for file in stage.writes) or f"`{stage.scratch[0]}` beside the runs"
        rows.append((f"`{name}`", stage.learns, stage.source, stage.loss, f"{reads}{begins}", writes))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
