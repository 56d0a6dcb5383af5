"""`zest check`: what is doubtful about recordings, before they are converted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.counting import counted
from workbench.cli import exit_codes
from workbench.cli.options import AsJson
from workbench.cli.output import print_json
from workbench.cli.pipes import piped_in, shown

if TYPE_CHECKING:
    from evaluation.doctor.check import CheckUp


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Check recordings: noise, clipping, hum, bandwidth, reverberation, speakers, music, whisper, length."""
    from evaluation.doctor.check import check as check_recording

    with piped_in(*files) as paths:
        checked = [(shown(path), check_recording(path)) for path in paths if path is not None]
    if as_json:
        print_json({"recordings": [{"file": name} | one.document() for name, one in checked]})
    else:
        for name, one in checked:
            print("\n".join(lines(name, one)))
    if not all(one.usable for _, one in checked):
        raise typer.Exit(exit_codes.BAD_INPUT)


def lines(name: str, checked: CheckUp) -> list[str]:
    """What a terminal shows of one recording."""
    if not checked.usable and checked.measures is None:
        cost = checked.findings[0].cost
        return [cost if cost.startswith(Path(name).name) else f"{name}: {cost}"]  # most name the file themselves
    about = f"{name}: {checked.seconds:.1f} s, {checked.rate} Hz"
    if not checked.findings:
        return [f"{about}; nothing is doubtful."]
    return [f"{about}; {counted(len(checked.findings), 'thing')} {'is' if len(checked.findings) == 1 else 'are'} doubtful:", *(
            f"  {one.code}{f' ({one.said})' if one.said else ''}: {one.cost} {one.advice}".rstrip() for one in checked.findings)]
