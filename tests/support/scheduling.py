"""Which worker process of pytest-xdist runs which files, and in which order: those that share a server stay together."""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

CONVERT, JOBS, LISTENING = "pages that convert", "the API and pages of long jobs", "pages of listeners"
TOGETHER = {  # files that use one server and one browser; those without a browser come first, and groups take equally long
    CONVERT: tuple(f"workbench/test_{name}.py" for name in ("first_visit", "access", "convert_studio", "workbench_ui")),
    LISTENING: ("workbench/test_missing_checkpoint.py", *(f"listening/test_{name}.py" for name in (
        "listen_page", "languages", "crowd_page", "results_page", "space"))),
    JOBS: tuple(f"workbench/test_{name}.py" for name in (
        "api", "api_calls", "api_agents", "evaluate_page", "long_page", "framed_report", "studio_page", "turns_page")),
}
SERVERS = {"workbench": {CONVERT, JOBS}, "listening_server": {LISTENING}}  # fixtures, and the groups that use them
GROUPS = {file: group for group, files in TOGETHER.items() for file in files}
ORDER = {file: place for place, file in enumerate(file for files in TOGETHER.values() for file in files)}


def name_of(path: PurePath | str) -> str:
    """'workbench/test_api.py', also of an absolute path."""
    return "/".join(PurePath(path).parts[-2:])


def place_of(path: PurePath, heavy: bool) -> int:
    """Groups come first, then files that take long, so that all workers end together."""
    return ORDER.get(name_of(path), len(ORDER) + (not heavy))


class Together(LoadScopeScheduling):
    """A group of files, or a file of none, is run by one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return GROUPS.get(name_of(file), file)
