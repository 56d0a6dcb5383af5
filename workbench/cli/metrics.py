"""`zest metrics`: every metric, what it asks, and whether it can be measured here."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import exit_codes
from workbench.cli.options import AsJson
from workbench.cli.output import print_json

if TYPE_CHECKING:
    from evaluation.audit.found import Verdict

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "closer": "closer to natural speech is better"}


def metrics(
    every: Annotated[bool, typer.Option(
        "--all", help="Also other metrics and models than the default ones, as arousal-shift@acoustic and cer@small.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the metrics: what each asks, which way is better, its range, its models, and whether it can be measured here."""
    raise typer.Exit(show_metrics(every, as_json))


def show_metrics(every: bool, as_json: bool) -> int:
    """Print the table, or JSON."""
    rows = describe(every)
    if as_json:
        print_json(rows)
    else:
        print(table(rows))
    return exit_codes.OK


def describe(every: bool = False) -> list[dict[str, Any]]:
    """One row a metric: MetricInfo's fields; 'range'; 'default'; 'shares': features in common with the converter, or ''; 'audit':
    'passed', where it failed, or '' where it has none; 'needs_marks'; 'not_available': None or the sentence why.

    Args:
        every: all models, not only the default set. Weights are not loaded, but the hub may be asked whether it is there.
    """
    from evaluation.audit.stored import verdict_of
    from evaluation.metrics import registry

    rows = []
    for name in registry.names() if every else registry.default_names():
        info = registry.metric(name).info
        about = {key: value if not isinstance(value, float) or isfinite(value) else None for key, value in asdict(info).items()}
        rows.append(about | {"range": _range(info.low, info.high), "default": name in registry.default_names(),
                             "shares": registry.metric(name).described_sharing(), "audit": _audit(verdict_of(name)),
                             "needs_marks": registry.needs_natural_reference(name), "not_available": registry.available(name)})
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """A block a metric: name, direction, range, unit; the question; the models; their training data; availability."""
    width = max(len(row["name"]) for row in rows)
    blocks = []
    for row in rows:
        second = "; scored in a second pass, after natural speech was measured" if row["needs_marks"] else ""
        indent = " " * (width + 2)
        lines = [f"{row['name']:{width}}  {row['question']}",
                 f"{indent}{DIRECTIONS[row['better']]}; {_measured(row)}; {row['models']}",
                 *([f"{indent}learnt from {row['training']}"] if row["training"] else []),
                 *([f"{indent}{row['shares']}"] if row["shares"] else []),
                 *([f"{indent}audit: {row['audit']}"] if row["audit"] else []),
                 f"{indent}{row['not_available'] or 'available'}{second}"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _audit(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    return "passed" if verdict.passed else f"failed, {'; '.join(verdict.reasons)}"


def _measured(row: dict[str, Any]) -> str:
    """Range and unit: '0 to 100 %', '0 % and more', 'predicted MOS, 1 to 5'."""
    if row["unit"] == "probability" or row["unit"].endswith(" 1-5"):  # a scale rather than a unit
        return f"{row['unit'].removesuffix(' 1-5')}, {row['range']}"
    start, more, rest = row["range"].partition(" and more")
    return f"{start} {row['unit']}{more}{rest}".replace("  ", " ").strip()


def _range(low: float, high: float) -> str:
    if isfinite(low):
        return f"{low:g} to {high:g}" if isfinite(high) else f"{low:g} and more"
    return "any number"
