"""`zest rivals`: converters by others, what each needs, and whether it is installed here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workbench.cli.options import AsJson
from workbench.cli.output import print_json


def rivals(as_json: AsJson = False) -> None:
    """List converters by others that can be evaluated as systems: what each needs, and whether it is installed here."""
    from evaluation.rivals import rivals as known

    rows = [asdict(one) | {"version": one.version, "not_available": one.why_not()} for one in known().values()]
    if as_json:
        print_json(rows)
    else:
        print("\n\n".join(_block(row) for row in rows))


def _block(row: dict[str, Any]) -> str:
    needs = [f"text: {row['text'] or 'none'}", f"GPU: {row['gpu'] or 'not said'}", f"licence: {row['licence'] or 'not said'}"]
    known = [f"{what}: {', '.join(row[what])}" for what in ("languages", "emotions") if row[what]]
    return "\n".join(filter(None, (f"{row['name']}: {row['title']}".rstrip(": "), f"  {'; '.join([*needs, *known])}",
                                   f"  {row['about']}".rstrip(), f"  {row['not_available'] or 'installed at ' + row['folder']}")))
