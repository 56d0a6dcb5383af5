"""Where a report's numbers come from: hashes, models, versions, seed, device, and the commands that repeat it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from evaluation.report.blocks import Cell, Column, Paragraph, Row, Section, Table
from evaluation.report.results import RunResults
from evaluation.run.folder import EvaluationRun

UNKNOWN = "unknown"


def provenance(run: EvaluationRun, results: RunResults) -> Section:
    """The last section."""
    record = run.record
    facts = {
        "pairs": f"{len(run.pairs)}, hash {record.pairs_hash}", "created": _known(record.created),
        "seed of the run": _known(record.seed), "device": _known(record.device),
        "bootstrap": f"{results.draws} resamples, seed {results.seed}, source speakers and then their pairs",
    }
    systems = [Row(name, (Cell(_spec(about.spec), mark="words"), Cell(about.checkpoint_hash or "no weights")))
               for name, about in record.systems.items()]
    metrics = [Row(name, (Cell(str(about.key), mark="words"), Cell(about.models or UNKNOWN, mark="words"),
                          Cell(about.not_measured or "measured", mark="words"))) for name, about in record.metrics.items()]
    return Section("provenance", "Provenance", (
        _facts("The run", facts),
        Table("Systems", "system", (Column("made with", words=True), Column("checkpoint hash")), tuple(systems)),
        Table("Metrics", "metric", tuple(Column(name, words=True) for name in ("observer", "models", "state")), tuple(metrics)),
        _facts("Versions", record.versions),
        *([_facts("Versions of later parts of the run", record.versions_later)] if record.versions_later else []),
        Paragraph("To repeat:"), Paragraph(commands(run), "code")))


def commands(run: EvaluationRun) -> str:
    """What to type: the command that the run recorded, or one with the same pairs, systems and seed."""
    systems = [word for name in run.systems for word in ("--system", name)]
    seed = [] if run.record.seed is None else ["--seed", str(run.record.seed)]
    evaluate = run.record.command or shlex.join(["zest", "evaluate", "pairs.csv", *systems, *seed, "-o", run.folder.name])
    return f"{evaluate}\n{shlex.join(['zest', 'report', run.folder.name])}"


def _facts(caption: str, facts: Mapping[str, Any]) -> Table:
    rows = [Row(name, (Cell(str(value), mark="words"),)) for name, value in facts.items()]
    return Table(caption, "what", (Column("value", words=True),), tuple(rows))


def _known(value: Any) -> Any:
    return UNKNOWN if value is None else value


def _spec(spec: Any) -> str:
    if isinstance(spec, dict):
        return ", ".join(f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in spec.items())
    return UNKNOWN if spec is None else str(spec)
