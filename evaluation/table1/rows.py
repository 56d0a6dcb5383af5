"""The rows of the paper's table 1 and those that this project sets beside them; which of them can be converted here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.run import parse_systems, why_not
from pipelines.errors import CheckpointError, ZestError

ENCODERS = "'zest ablate', or 'zest train generate', with {} = false in [generate] of a recipe"


@dataclass(frozen=True)
class TableRow:
    """A row.

    Attributes:
        name: as on the command line and in the run. about: what it is, as in the table.
        published: the system in evaluation/report/published.py that it stands beside, '' where the paper has none.
        system: as --system has it, '' where that is the name.
        training: what trains its weights, '' where there are none. own_weights: they are another checkpoint than the other rows'.
    """

    name: str
    about: str
    published: str = ""
    system: str = ""
    training: str = ""
    own_weights: bool = False


ROWS = {row.name: row for row in (
    TableRow("source", "the natural source, unchanged"),
    TableRow("copy", "WORLD copy-synthesis of the source"),
    TableRow("copy-neural", "copy-synthesis by the neural vocoder", training="'zest train vocoder'"),
    TableRow("f0-swap", "F0 mean and range of the reference"),
    TableRow("vawgan", "VAW-GAN, by the reference's label", "VAWGAN", training="'zest train vawgan'"),
    TableRow("polyak", "Polyak et al., F0 codes of the reference", "Polyak et al.",
             training="'zest train f0_codes' and 'zest train polyak'"),
    TableRow("generate", "ZEST, as in the paper", "ZEST", training="'zest train generate'"),
    TableRow("generate-f0source", "ZEST with the source's F0", "ZEST no F0 predictor", training="'zest train generate'"),
    TableRow("generate-f0reference", "ZEST with the reference's F0", "ZEST no F0 predictor", training="'zest train generate'"),
    TableRow("no-adversarial", "ZEST, no adversarial losses", "ZEST no adversarial", "generate",
             "'zest ablate', or 'zest train' of ease, sace and generate, with emotion_weight = 0 in [ease] and "
             "speaker_weight = 0 in [sace] of a recipe", own_weights=True),
    TableRow("no-f0-encoder", "ZEST, no F0 encoder", "ZEST no F0 encoder", "generate", ENCODERS.format("f0_encoder"),
             own_weights=True),
    TableRow("no-unit-encoder", "ZEST, no unit encoder", "ZEST no unit encoder", "generate", ENCODERS.format("unit_encoder"),
             own_weights=True),
    TableRow("transfer_neural", "residual decoder, neural vocoder", training="'zest train vocoder'"),
    TableRow("transfer", "residual decoder, WORLD", training="'zest train' of the stages hubert to tempo"),
)}


@dataclass(frozen=True)
class Available:
    """systems: of the rows that can be converted, for `evaluate`. left_out: row to the sentence why it cannot."""

    systems: tuple
    left_out: Mapping[str, str]


def chosen(names: Sequence[str]) -> list[TableRow]:
    """Rows by name, in the table's order. Raises ZestError for a name that is not there."""
    unknown = next((name for name in names if name not in ROWS), None)
    if unknown is not None or not names:
        raise ZestError(f"There is no row '{unknown or ''}'; the rows are {', '.join(ROWS)}.")
    return [row for name, row in ROWS.items() if name in names]


def available(rows: Sequence[TableRow], checkpoint: str | None = None, weights: Mapping[str, str] | None = None,
              device: str = "cpu") -> Available:
    """The systems of those rows whose weights are here; loads the weights.

    Args:
        checkpoint: folder or hub id for all rows but those that `weights` names; zest-mini if None.
        weights: row to another checkpoint.

    Raises:
        ZestError: `weights` names no row, or there is no such device. CheckpointError: no row is left.
    """
    from pipelines.device import check_device

    check_device(device)
    chosen(list(weights or ROWS))
    systems, left_out = [], {}
    for row in rows:
        found = _system(row, checkpoint, weights or {}, device)
        if isinstance(found, str):
            trained = f" What trains it: {row.training}." if row.training else ""
            left_out[row.name] = f"Row {row.name} is left out: {found}{trained}"
        else:
            systems.append(found)
    if not systems:
        raise CheckpointError(f"No row of the table can be converted. {next(iter(left_out.values()))}")
    return Available(tuple(systems), left_out)


def _system(row: TableRow, checkpoint: str | None, weights: Mapping[str, str], device: str):
    """The row's system, or the sentence why there is none."""
    if row.own_weights and row.name not in weights:
        return f"it needs a checkpoint of its own, given as --weights {row.name}=FOLDER."
    spec = f"{row.name}={row.system}" if row.system else row.name
    try:
        system = parse_systems([spec], checkpoint=weights.get(row.name, checkpoint), device=device)[0]
    except ZestError as error:
        return str(error)
    return why_not(system) or system


def absent(name: str) -> str:
    """What a page says of a row that is left out: the same without the reason, which may name folders of this machine."""
    row = ROWS[name]
    return f"Row {name} ({row.about}) is left out: its weights are not here. What trains them: {row.training}."
