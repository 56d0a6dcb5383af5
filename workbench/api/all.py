"""All endpoints, in the order of their numbers."""

from __future__ import annotations

from workbench.api.batch import BATCH
from workbench.api.endpoint import Endpoint
from workbench.api.endpoints import SHORT
from workbench.api.long import LONG

ENDPOINTS: tuple[Endpoint, ...] = (*SHORT, *LONG, *BATCH)


def define_all() -> None:
    """Inside the current Blocks."""
    for one in ENDPOINTS:
        one.define()
