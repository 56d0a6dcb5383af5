"""The PostgreSQL server of the test run (benchmarks/postgres_server.py), and what only tests do to it."""

from __future__ import annotations

import os

import psycopg
import pytest

from benchmarks.postgres_server import ABSENT, available, server, start, stop

__all__ = ["available", "cut_off", "empty", "needed", "server", "start", "stop"]


def needed() -> None:
    """Without a server the test is skipped here, and fails in CI, where it has to be there."""
    if not available():
        pytest.fail(ABSENT) if os.environ.get("CI") else pytest.skip(ABSENT)


def empty(url: str) -> None:
    """Forget every table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def cut_off(url: str) -> None:
    """End everybody's connection, as a server that restarts does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                           "AND backend_type = 'client backend'")
