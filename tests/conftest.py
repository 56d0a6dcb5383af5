"""What tests share: recordings made here, the shipped checkpoint, the command line, a browser.

Test audio comes from the examples that the repository ships (synthetic voices); nothing is fetched.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.forkserver import FORKED_WORKER, share
from tests.support.scheduling import place_of
from tests.support.session import begin_session
from workbench.gradio_stubs import without_stubs

if TYPE_CHECKING:  # torch is imported by tests that need it, and not by the process that hands out tests
    from pipelines.checkpoints.folder import Folder
    from pipelines.checkpoints.loading import Models
    from pipelines.conversion import Converter
    from pipelines.features.audio import Recording
    from tests.support.page_runs import PageRun

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
BROWSER = pytest.StashKey[Any]()
BROWSER_FILES = pytest.StashKey[set[Path]]()  # files with tests that need it


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # pytest-xdist's worker processes have one
        return
    begin_session()
    if config.getoption("numprocesses", None) and not config.option.collectonly:
        share(["tests.support.preloaded"])
        if not config.getoption("cov_source", None):  # it counts the lines that imports run
            config.option.tx = [f"popen//python={sys.executable} {FORKED_WORKER}"] * len(config.option.tx)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.support.scheduling import Together

    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    gc.disable()  # what is collected stays until the end, and searching it for garbage takes a third of the time
    try:
        with without_stubs():  # files of tests import Gradio
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


STARTERS = {"chromium": "browser", "studio": "server", "workbench": "server", "served": "server", "administered": "server",
            "listening_server": "server", "server": "server"}  # fixtures that start something, and the marker of their tests


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in STARTERS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(STARTERS[fixture])
    heavy = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "browser", "server")))}
    session.stash[BROWSER_FILES] = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: place_of(item.path, item.path in heavy))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    browser = item.config.stash.get(BROWSER, None)
    if browser is not None and (nextitem is None or nextitem.path not in item.session.stash[BROWSER_FILES]):
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def commands_built_once() -> Iterator[None]:
    """Typer builds all commands anew at each call, which takes longer than many a call; a command keeps nothing between calls."""
    import typer

    built = lru_cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", built)
        patch.setattr("typer.testing._get_command", built)
        yield


@pytest.fixture(scope="session", autouse=True)
def shipped_weights_read_once() -> Iterator[None]:
    """Nothing changes networks that were loaded, so conversions by the shipped checkpoint share them; loading takes longer."""
    conversion = sys.modules.get("pipelines.conversion")  # not imported for tests that need none
    if conversion is None:
        yield
        return
    load, shipped, known = conversion.load_models, conversion.DEFAULT_CHECKPOINT.resolve(), {}

    def load_models(folder: Folder, device: str = "cpu") -> Models:
        if device != "cpu" or folder.path.resolve() != shipped:
            return load(folder, device)
        if not known:
            known["models"] = load(folder, device)
        return known["models"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "load_models", load_models)
        yield


@pytest.fixture(scope="session")
def source_path() -> Path:
    return EXAMPLES / "source-man.wav"


@pytest.fixture(scope="session")
def reference_path() -> Path:
    return EXAMPLES / "reference-lively.wav"


@pytest.fixture(scope="session")
def recording(source_path: Path) -> Recording:
    """3.5 s of speech, mono, 16 kHz."""
    from pipelines.features.audio import load

    return load(source_path)


@pytest.fixture(scope="session")
def converter() -> Converter:
    """The shipped checkpoint, loaded once."""
    from pipelines.conversion import Converter

    return Converter.from_pretrained()


@pytest.fixture
def zest_here(tmp_path: Path, monkeypatch, capfd) -> Callable[..., subprocess.CompletedProcess]:
    """Run the command line as a user would: `zest_here("convert", source, "--emotion", "sad")`, in a folder of its own.

    It runs in this process, which has imported everything already; not for signals and for what happens at a start.
    """
    from workbench.cli.main import main

    def run(*arguments: object, folder: Path = tmp_path) -> subprocess.CompletedProcess:
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["zest", *map(str, arguments)])
            patch.setenv("COLUMNS", "120")
            capfd.readouterr()  # what was said before
            main()
        return subprocess.CompletedProcess(sys.argv, ended.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def page_run(tmp_path: Path, zest_here: Callable[..., subprocess.CompletedProcess], monkeypatch: pytest.MonkeyPatch) -> PageRun:
    """Runs pages of docs/ as they are written, in a folder of its own."""
    from tests.support.page_runs import PageRun

    return PageRun(tmp_path, zest_here, monkeypatch)


@pytest.fixture(scope="session")
def workbench(tmp_path_factory) -> Iterator[str]:
    """Address of a running `python app.py`, one for all tests that need no study, password or checkpoint of their own."""
    from tests.support.browser import running_workbench  # imported late: few files need a browser

    with running_workbench(tmp_path_factory.mktemp("workbench"), GRADIO_MCP_SERVER="true") as url:
        yield url


@pytest.fixture(scope="session")
def listening_place(tmp_path_factory) -> Path:
    """Where `listening_server` keeps its log, and in `studies` the studies that tests add while it runs."""
    place = tmp_path_factory.mktemp("listening")
    (place / "studies").mkdir()
    return place


@pytest.fixture(scope="session")
def listening_server(listening_place) -> Iterator[str]:
    """Address of a workbench with studies, a password that is too short, and no checkpoint."""
    from tests.support.browser import running_workbench

    with running_workbench(listening_place, WORKBENCH_STUDIES=str(listening_place / "studies"), WORKBENCH_ADMIN_PASSWORD="short",
                           ZEST_CHECKPOINT=str(listening_place / "nowhere")) as url:
        yield url


@pytest.fixture
def chromium(request):
    """A headless browser, one for files that follow each other. Its pages end with the test: they would go on asking."""
    from tests.support.browser import SharedBrowser

    browser = request.config.stash.setdefault(BROWSER, SharedBrowser()).get()
    yield browser
    for context in browser.contexts:
        context.close()


# A listening test over HTTP; files with a study of their own say so.


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """All questions, in a folder of studies."""
    from tests.support.listener_http import big_study

    return big_study(tmp_path_factory.mktemp("served"))


@pytest.fixture
def store(study, tmp_path, monkeypatch):
    """Its answers: none yet. The workbench serves it."""
    from tests.support.listener_http import fresh_store
    from workbench.listening import studies

    yield fresh_store(study, tmp_path, monkeypatch)
    studies._open.cache_clear()


@pytest.fixture
def client(store):
    """Speaks HTTP with the listeners' side of the workbench."""
    from tests.support.listener_http import serving

    return serving()


@pytest.fixture
def listener(client, store):
    """Somebody who has entered."""
    from tests.support.listener_http import Listener

    return Listener(client, store)
