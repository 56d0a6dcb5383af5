"""A real PostgreSQL server of a run's own, where the machine has the programs of one (Debian: postgresql)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian keeps them out of the PATH
ABSENT = "no PostgreSQL server on this machine; on Debian: apt install postgresql"


def program(name: str) -> str | None:
    """Full path of initdb, pg_ctl or postgres."""
    return shutil.which(name) or next((str(place / name) for place in PLACES if (place / name).is_file()), None)


def available() -> bool:
    """The server refuses to run as root, so root needs the user that Debian's package makes."""
    found = all(program(name) for name in ("initdb", "pg_ctl", "postgres"))
    return found and (os.getuid() != 0 or _has_user("postgres"))


def _found(name: str) -> str:
    path = program(name)
    if path is None:
        raise RuntimeError(ABSENT)
    return path


@contextmanager
def server() -> Iterator[str]:
    """The address of a database on a fresh server, reached through a socket in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="zest-pg-"))
    data = folder / "data"
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    try:
        subprocess.run([_found("initdb"), "-D", data, "-U", "zest", "-A", "trust", "--no-sync", "-E", "UTF8"],
                       **_as_owner(folder))
        start(folder)
        yield f"postgresql://zest@/postgres?host={folder}"
    finally:
        if (data / "postmaster.pid").exists():
            stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path) -> None:
    """The server whose folder this is (the host in its address)."""
    subprocess.run([_found("pg_ctl"), "-D", folder / "data", "-w", "-l", folder / "log",
                    "-o", f"-k {folder} -c listen_addresses=''", "start"], **_as_owner(folder))


def stop(folder: Path) -> None:
    """As a server that crashes does: nobody is waited for."""
    subprocess.run([_found("pg_ctl"), "-D", folder / "data", "-m", "immediate", "stop"], **_as_owner(folder) | {"check": False})


def _as_owner(folder: Path) -> dict[str, Any]:
    """How the server's programs are run: not as root, which they refuse."""
    return {"check": True, "capture_output": True, "cwd": folder} | ({"user": "postgres"} if os.getuid() == 0 else {})


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
