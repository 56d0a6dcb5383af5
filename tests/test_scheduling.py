"""Files of tests that share a server are run by one process, and none is forgotten."""

from __future__ import annotations

from pathlib import Path

from tests.support.scheduling import GROUPS, SERVERS, name_of, place_of

TESTS = Path(__file__).resolve().parent


def test_whatever_uses_a_shared_server_stands_in_its_group(request):
    for fixture, groups in SERVERS.items():
        files = {name_of(item.path) for item in request.session.items if fixture in getattr(item, "fixturenames", ())}
        assert {name for name in files if GROUPS.get(name) not in groups} == set()
    assert [name for name in GROUPS if not (TESTS / name).is_file()] == []


def test_groups_come_first_and_light_files_last():
    files = [("listening/test_links.py", False), ("training/test_training.py", True), *((name, True) for name in GROUPS)]
    ordered = sorted(files, key=lambda file: place_of(TESTS / file[0], file[1]))
    assert [name for name, _ in ordered] == [*GROUPS, "training/test_training.py", "listening/test_links.py"]
