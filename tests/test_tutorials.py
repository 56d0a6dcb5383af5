"""Tutorials and how-to pages run from the top to the end as they are written (tests/support/page_runs.py), in one small corpus.

The pages that add something, and the one on a borrowed machine, run beside the tests of their subjects: ELSEWHERE.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from itertools import product
from pathlib import Path

import pytest

from evaluation.metrics import registry, tempo, words
from evaluation.pair import read_pairs
from pipelines.features.audio import save
from pipelines.training.data.cache import FeatureCache
from pipelines.training.loop.recipe import GeneralRecipe
from tests.support import tiny
from tests.support.documented import DOCS, ROOT, blocks_of
from tests.support.foreign_results import mushra_csv, votes_csv
from tests.support.page_runs import FILES, NOT_RUN, PageRun, recordings
from tests.support.speech import MAN, WOMAN, in_emotion, speak
from workbench.publishing.space import lfs_rules

HERE = {"tutorials/first-conversion.md", "tutorials/score-your-system.md", "tutorials/listening-test.md", "tutorials/train.md",
        "how-to/evaluate-your-system.md", "how-to/run-a-study-on-prolific.md", "how-to/import-results.md",
        "how-to/install.md", "how-to/install-more.md", "how-to/push-to-a-space.md", "how-to/deploy-with-docker.md",
        "how-to/use-a-gpu.md"}
ELSEWHERE = {
    "how-to/add-a-metric.md": "evaluation/test_adding.py",
    "how-to/add-a-judge.md": "evaluation/test_adding.py",
    "how-to/add-a-corpus.md": "evaluation/test_adding.py",
    "how-to/add-a-decoder.md": "workbench/test_adding_decoders.py",
    "how-to/add-a-baseline.md": "workbench/test_adding_decoders.py",
    "how-to/add-a-stage.md": "training/test_stages.py",
    "how-to/train-on-a-borrowed-machine.md": "training/test_packing.py",
}
PAGES = {page.relative_to(DOCS).as_posix() for folder in ("tutorials", "how-to") for page in (DOCS / folder).glob("*.md")}
CONVERTING = ("hubert", "units", "ease", "critics", "sace", "acoustic", "tempo")  # stages of a checkpoint that converts
SPEAKERS = {"01": MAN, "19": MAN, "20": WOMAN}  # RAVDESS's numbers; from 19 on they are unseen in training
EMOTIONS = {"01": ("01", "04"), "19": ("01", "04"), "20": ("04",)}  # neutral and sad
NAMES = {"01": "neutral", "04": "sad"}
PROLIFIC = """platform = "prolific"
[codes]
done = "C1"
failed = "C2"
screened = "C3"
full = "C4"
withdrawn = "C5"
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A folder RAVDESS: three speakers say two sentences in two emotions."""
    root = tmp_path_factory.mktemp("corpus") / "RAVDESS"
    for actor, voice in SPEAKERS.items():
        (root / f"Actor_{actor}").mkdir(parents=True)
        for emotion, sentence in product(EMOTIONS[actor], ("01", "02")):
            save(root / f"Actor_{actor}" / f"03-01-{emotion}-01-{sentence}-01-{actor}.wav",
                 speak(in_emotion(voice, NAMES[emotion]), 1.05, seed=int(actor + sentence)))
    return root


@pytest.fixture
def place(corpus, tmp_path) -> Path:
    """Where a page is followed."""
    (recordings(tmp_path) / "RAVDESS").symlink_to(corpus)
    return tmp_path


@pytest.fixture
def quick_metrics(monkeypatch):
    """Those that need no recogniser and no judge."""
    monkeypatch.setattr(registry, "METRICS", tuple(one for one in tempo.METRICS if not issubclass(one, words.TranscriptMetric)))


def own_system(run: PageRun) -> None:
    """What the reader's system does: here it gives each source back."""
    (run.folder / "MINE").mkdir()
    for pair in read_pairs(run.folder / "pairs.csv"):
        shutil.copy(pair.source, run.folder / "MINE" / f"{pair.id}.wav")


def test_first_conversion(page_run):
    page_run.run("tutorials/first-conversion.md", {"git clone": lambda run: recordings(run.folder / "zest")})
    page_run.run("how-to/use-a-gpu.md")
    assert {"me-angry.wav", "me-angrier.wav", "f0.png", "me-excited.wav"} <= {path.name for path in page_run.folder.iterdir()}


def test_a_system_is_scored_and_a_listening_test_follows(place, page_run, quick_metrics):
    page_run.run("tutorials/score-your-system.md", {"zest evaluate": own_system})
    report = (place / "RUN" / "report.md").read_text()
    assert all(system in report for system in ("source", "copy", "f0-swap", "residual_neural", "mine"))
    page_run.run("tutorials/listening-test.md")
    assert (place / "studies" / "first").is_dir() and any((place / "FOLDER").iterdir())
    (place / "prolific.toml").write_text(PROLIFIC)
    page_run.run("how-to/run-a-study-on-prolific.md")
    assert (place / "STUDY").is_dir()


def test_results_of_other_tools_are_imported(tmp_path, page_run):
    (tmp_path / "mushra.csv").write_text(mushra_csv())
    (tmp_path / "votes_per_worker_.csv").write_text(votes_csv())
    page_run.run("how-to/import-results.md")
    assert (tmp_path / "RESULTS" / "levels-mushra.png").is_file() and (tmp_path / "VOTES" / "mos-quality.png").is_file()


def test_a_system_is_evaluated(place, page_run, quick_metrics):
    page_run.run("how-to/evaluate-your-system.md", {"zest evaluate": own_system})
    assert "mine" in (place / "RUN" / "report.md").read_text() and (place / "STUDY").is_dir()


def small_recipe(run: PageRun) -> None:
    """mine.toml as the page tells it: recipes/mini.toml with another [general], here with networks of a few steps."""
    general, = (block.text for block in blocks_of("tutorials/train.md") if block.kind == "toml")
    tables = tomllib.loads((ROOT / "recipes" / "mini.toml").read_text())
    assert tables["general"].keys() < tomllib.loads(general)["general"].keys()
    small = {name: tiny.SIZES[name] for name in CONVERTING if name in tables}
    (run.folder / "mine.toml").write_text(general + tiny.toml(small))
    tiny.pretend_teacher(FeatureCache(run.folder / GeneralRecipe().cache), run.folder / "manifest.csv")


def test_training(place, page_run):
    with tiny.without_plots():
        page_run.run("tutorials/train.md", {"zest train all": small_recipe})
    assert (place / "checkpoints" / "mine" / "acoustic.safetensors").is_file() and list(place.glob("me-sad*.wav"))


@pytest.fixture
def checkout(tmp_path) -> Path:
    """What a Space looks at, committed."""
    folder = tmp_path / "zest"
    folder.mkdir()
    for name in ("README.md", "app.py", "pyproject.toml", "requirements.txt", "packages.txt"):
        shutil.copy(ROOT / name, folder)
    for call in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "a"]):
        subprocess.run(["git", *call], cwd=folder, check=True)
    return folder


def add_rules(run: PageRun) -> None:
    """What the page says of the clone that goes by git push."""
    (run.folder.parent / "for-the-space" / ".gitattributes").write_text(lfs_rules())


@pytest.mark.parametrize("page", ["install", "install-more", "push-to-a-space", "deploy-with-docker"])
def test_installing_and_publishing(page, checkout, page_run):
    page_run.folder = checkout
    page_run.run(f"how-to/{page}.md", {"python -m workbench.publishing.space --git-push": add_rules})
    assert bool(page_run.ran) == (page != "deploy-with-docker") and page_run.ran != page_run.left


def test_every_page_is_run_by_a_test():
    assert {page for page in PAGES if blocks_of(page)} == HERE | ELSEWHERE.keys()
    own = Path(__file__).read_text().split("PAGES = ")[1]
    assert [page for page in HERE if f"{page[:-3]}.md" not in own and f'"{Path(page).stem}"' not in own] == []
    for page, file in ELSEWHERE.items():
        text = (ROOT / "tests" / file).read_text()
        assert "page_run.run(" in text and Path(page).name in text, page


def test_what_is_not_run_is_on_a_page_and_has_its_reason():
    blocks = [block for page in PAGES for block in blocks_of(page)]
    lines = [" ".join(command) for block in blocks if block.kind == "commands" for command in block.commands()]
    assert all(NOT_RUN.values()) and NOT_RUN.keys() == {_listed(line) for line in lines} - {None}
    assert FILES.keys() <= {block.kind for block in blocks}


def _listed(line: str) -> str | None:
    return next((beginning for beginning in NOT_RUN if f"{line} ".startswith(f"{beginning} ")), None)


def test_a_command_that_no_test_runs_is_noticed(page_run):
    with pytest.raises(AssertionError, match="No test runs 'rm -rf x'"):
        page_run._command(["rm", "-rf", "x"], {})
    with pytest.raises(AssertionError):
        page_run._command(["zest", "convert", "missing.wav", "--emotion", "sad"], {})
