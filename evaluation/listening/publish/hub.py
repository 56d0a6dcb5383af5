"""Answers on a disk that does not last: every line of the journal is also sent to a dataset on the Hugging Face hub.

WORKBENCH_DATASET=user/name names the dataset, and HF_TOKEN may write there. The dataset's lines are fetched when a study is
opened. This process's own lines are pushed every other minute and when it ends. The dataset is private, because it holds
completion codes, and the studies with their keys (hub_studies.py). While the hub is away answers go on being taken, and are
sent once it is back.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as TooLong
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import CommitInfo, CommitScheduler, HfApi, RepoUrl
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import disable_progress_bars, validate_repo_id

from evaluation.listening.errors import StoreError
from evaluation.listening.publish.hub_studies import HubStudies
from evaluation.listening.store.journal import Journal, whole_lines

VARIABLE = "WORKBENCH_DATASET"
FOLDER = ".journal"  # beside the studies
MINUTES = 2.0  # between pushes: the hub takes about a hundred commits an hour
WAIT = 20  # seconds that the opening of a study waits for the hub
NOT_ALLOWED = (401, 403, 404)
LOG = logging.getLogger("zest.listening")
Take = Callable[[Iterable[str]], None]


class HubJournal(Journal):
    """A journal whose files a CommitScheduler pushes.

    Args:
        dataset: 'user/name'. folder: of the journal. minutes: between pushes.
    Raises:
        StoreError: the dataset has no valid name.
    """

    def __init__(self, dataset: str, folder: Path, minutes: float = MINUTES):
        try:
            validate_repo_id(dataset)
        except HFValidationError as error:
            raise StoreError(f"{VARIABLE} is {dataset!r}, which is no name of a dataset; it looks like user/name.") from error
        disable_progress_bars()  # of a server nobody watches
        self.dataset = dataset
        self._takers: dict[str, Take] = {}
        self._fetched: dict[str, set[str]] = {}  # by study, lines since it was opened
        self._broken: dict[str, StoreError] = {}  # by study, why its lines could not be taken in
        self._blobs: dict[str, str] = {}  # by path in the dataset, what was fetched of it
        super().__init__(folder)
        api = _LateApi()
        self.studies = HubStudies(api, dataset, folder.parent)
        self.scheduler = _Scheduler(api, dataset, folder, minutes, self._after)
        self.lock = self.scheduler.lock

    def first_round(self) -> None:
        """Wait until the studies of the dataset are on this disk; not for long, where the hub is away."""
        until = time.monotonic() + WAIT
        try:
            self.scheduler.trigger().result(timeout=WAIT)
            complete = self.studies.wait(max(0.0, until - time.monotonic()))
        except TooLong:
            complete = False
        if not complete:
            LOG.warning("The hub does not answer, or not at once; studies of the dataset %s come in once it does.", self.dataset)

    def attach(self, study_id: str, take: Take) -> set[str]:
        """Take what is on this disk and in the dataset now, and what comes into the dataset later.

        Raises:
            StoreError: the dataset may not be read or written, or holds lines of another version of the study.
        """
        known = super().attach(study_id, take)
        self._takers[study_id] = take
        try:
            self.scheduler.trigger().result(timeout=WAIT)
        except TooLong:
            LOG.warning("The hub does not answer; answers of earlier sessions come in once it does.")
        if study_id in self._broken:
            raise self._broken.pop(study_id)
        problem = self.scheduler.problem
        if isinstance(problem, HfHubHTTPError) and problem.response.status_code in NOT_ALLOWED:
            raise StoreError(f"The dataset {self.dataset} for the answers cannot be read and written: check {VARIABLE} and "
                             "HF_TOKEN.") from problem
        return known | self._fetched.get(study_id, set())

    def is_whole(self, study_id: str) -> bool:
        """Whether the dataset's lines were fetched once; until then a listener may be one whom it knows."""
        return study_id in self._fetched

    def _after(self, private: bool) -> None:
        """What a round does once lines were pushed. A public dataset is given no study: everybody could read its key."""
        self._fetch()
        self.studies.round(push=private)

    def _fetch(self) -> None:
        """New lines of other processes, for every study that is open here."""
        for study_id, take in list(self._takers.items()):
            files = [file for file in self._files(study_id) if self._blobs.get(file.path) != file.blob_id]
            lines = [line for file in files for line in self._lines(file)]
            try:
                take(lines)
            except StoreError as error:  # one study's trouble is not the others'
                LOG.warning("study %s: lines of the dataset %s were not taken in: %s", study_id, self.dataset, error)
                self._broken[study_id] = error
                continue
            self._fetched.setdefault(study_id, set()).update(lines)
            self._blobs.update({file.path: file.blob_id for file in files})

    def _files(self, study_id: str) -> list[RepoFile]:
        """The dataset's files of a study, without this process's own."""
        tree = self.scheduler.api.list_repo_tree(self.dataset, study_id, repo_type="dataset")
        try:
            return [file for file in tree if isinstance(file, RepoFile) and not self.wrote(Path(file.path).name)]
        except EntryNotFoundError:
            return []  # nobody has answered yet

    def _lines(self, file: RepoFile) -> list[str]:
        with TemporaryDirectory() as fresh:  # not the hub's cache, which answers with an old file while the hub is away
            path = self.scheduler.api.hf_hub_download(self.dataset, file.path, repo_type="dataset", local_dir=fresh)
            return whole_lines(Path(path).read_bytes())


class _Scheduler(CommitScheduler):
    """Pushes, then calls after(whether the dataset is private); starts without the hub.

    problem: why the last round failed, None if it did not.
    """

    def __init__(self, api: HfApi, dataset: str, folder: Path, minutes: float, after: Callable[[bool], None]):
        self.problem: Exception | None = None
        self._after, self._created = after, False
        super().__init__(repo_id=dataset, repo_type="dataset", folder_path=folder, every=minutes, hf_api=api,
                         allow_patterns="*.jsonl")

    def push_to_hub(self) -> CommitInfo | None:
        """One round; a failure is told once, and the next round tries again."""
        try:
            private = self._ensure_dataset()
            pushed = super().push_to_hub()
            self._after(private)
        except Exception as error:  # whatever it is, answers go on being taken
            if self.problem is None:
                LOG.warning("Answers cannot be sent to the dataset %s at the moment; they are kept here and sent later, and "
                            "studies that are only there come in later (%s).", self.repo_id, _first_line(error))
            self.problem = error
            return None
        if self.problem is not None:
            LOG.warning("Answers are sent to the dataset %s again.", self.repo_id)
        self.problem = None
        return pushed

    def _ensure_dataset(self) -> bool:
        """The dataset, if it is not there; private, because whoever can read it sees completion codes. Returns whether it is.

        Called every round: this call tells at once when the hub is away, where others try again for half a minute.
        """
        if not self._created:
            HfApi.create_repo(self.api, self.repo_id, repo_type="dataset", private=True, exist_ok=True)
        private = self.api.repo_info(self.repo_id, repo_type="dataset").private
        if not private and not self._created:
            LOG.warning("The dataset %s is public: everybody can read the answers and completion codes in it. Studies hold the "
                        "key to the answers, so they are not put there; make it private.", self.repo_id)
        self._created = True
        return bool(private)


class _LateApi(HfApi):
    """CommitScheduler creates its repository when it starts, and fails with the hub; here the first round creates it."""

    def create_repo(self, repo_id: str, **_given: object) -> RepoUrl:
        return RepoUrl(f"{self.endpoint}/datasets/{repo_id}", endpoint=self.endpoint)


@lru_cache(maxsize=1)
def hub_journal(studies: Path) -> HubJournal | None:
    """The journal that WORKBENCH_DATASET asks for, one of this process; None where it is not set. Raises StoreError."""
    dataset = os.environ.get(VARIABLE, "").strip()
    return HubJournal(dataset, studies / FOLDER) if dataset else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
