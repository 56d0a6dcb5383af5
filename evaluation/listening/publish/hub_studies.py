"""Studies on a disk that does not last: the dataset of the answers holds each of them, too, and gives it back to an empty disk.

    studies/<study id>/study.json, design.json, wording.json, clips/*.wav     one commit, never changed afterwards

What comes back is checked like every study, and the answers' lines carry its hash: one that was altered is not used.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.hf_api import RepoFolder

from evaluation.listening.design.study import STUDY_ID, open_study, study_folders
from evaluation.listening.errors import StudyError
from pipelines.files import make_folder

PLACE = "studies"  # in the dataset
FILES = ("study.json", "design.json", "wording.json", "clips/*.wav")  # never the answers beside them
TRIES, PAUSE = 3, 0.5  # of an exchange; s between two
LOG = logging.getLogger("zest.listening")


class HubStudies:
    """Args:
        api: of the hub. dataset: 'user/name'. folder: of studies on this disk.
    """

    def __init__(self, api: HfApi, dataset: str, folder: Path):
        self._api, self._dataset, self._folder = api, dataset, folder
        self._unfit: dict[str, str] = {}  # by study of the dataset, its tree that was looked at
        self._broken: set[str] = set()  # studies of the disk that were told to be
        self._failed = False
        self._thread: threading.Thread | None = None
        self._beginning = threading.Lock()
        self.refused: dict[str, str] = {}  # by study of the dataset, why it is not used

    def round(self, push: bool) -> None:
        """Begin an exchange, unless one is under way; afterwards disk and dataset hold the same studies.

        It has a thread of its own, which does not keep the process from ending: answers never wait for clips.

        Args:
            push: whether to put any into the dataset.
        """
        with self._beginning:
            if self.wait(0):
                thread = threading.Thread(target=self._exchange, args=(push,), daemon=True)
                thread.start()  # before others may wait for it
                self._thread = thread

    def wait(self, seconds: float) -> bool:
        """For the exchange that is under way; returns whether it has ended."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(seconds)
        return not thread.is_alive()

    def _exchange(self, push: bool) -> None:
        """Tried again at once, because the client closes its connections when another thread's is cut off; a failure that stays
        is told once, and the next round tries again."""
        problem = self._tried(push)
        for _ in range(TRIES - 1):
            if problem is not None:
                time.sleep(PAUSE)
                problem = self._tried(push)
        if problem is not None and not self._failed:
            LOG.warning("Studies cannot be exchanged with the dataset %s at the moment; that is tried again later (%s).",
                        self._dataset, str(problem).partition("\n")[0] or type(problem).__name__)
        self._failed = problem is not None

    def _tried(self, push: bool) -> Exception | None:
        """What went wrong; whatever it is, answers go on being taken and sent."""
        try:
            self._level(push)
        except Exception as error:
            return error
        return None

    def _level(self, push: bool) -> None:
        there, here = self._there(), study_folders(self._folder)
        for study_id, tree in there.items():
            if study_id not in here and self._unfit.get(study_id) != tree:
                self._fetch(study_id, tree)
        for study_id, folder in here.items():
            if push and study_id not in there:
                self._push(study_id, folder)

    def _there(self) -> dict[str, str]:
        """Studies of the dataset by id, with the hash that git has of each."""
        try:
            folders = list(self._api.list_repo_tree(self._dataset, PLACE, repo_type="dataset"))
        except EntryNotFoundError:
            return {}  # none was put there yet
        named = [(Path(one.path).name, one.tree_id) for one in folders if isinstance(one, RepoFolder)]
        return {name: tree for name, tree in named if STUDY_ID.fullmatch(name)}

    def _push(self, study_id: str, folder: Path) -> None:
        if study_id in self._broken:
            return
        try:
            open_study(folder)
        except StudyError as error:
            self._broken.add(study_id)
            LOG.warning("study %s is not put into the dataset %s: %s", study_id, self._dataset, error)
            return
        self._api.upload_folder(repo_id=self._dataset, repo_type="dataset", folder_path=folder, allow_patterns=list(FILES),
                                path_in_repo=f"{PLACE}/{study_id}", commit_message=f"Study {study_id}")
        LOG.info("study %s was put into the dataset %s", study_id, self._dataset)

    def _fetch(self, study_id: str, tree: str) -> None:
        """Whole and checked, or not at all."""
        place = f"{PLACE}/{study_id}"
        make_folder(self._folder)
        with TemporaryDirectory(dir=self._folder, prefix=".fetch-") as partial:
            self._api.snapshot_download(self._dataset, repo_type="dataset", local_dir=partial,
                                        allow_patterns=[f"{place}/{name}" for name in FILES])
            fetched = Path(partial) / place
            try:
                found = open_study(fetched).id
                if found != study_id:
                    raise StudyError(f"{fetched} holds another study, {found}.")
            except StudyError as error:
                self._refuse(study_id, tree, str(error).replace(str(fetched), f"{self._dataset}/{place}"))
                return
            fetched.rename(self._folder / study_id)
        self.refused.pop(study_id, None)
        LOG.info("study %s was fetched from the dataset %s", study_id, self._dataset)

    def _refuse(self, study_id: str, tree: str, sentence: str) -> None:
        self._unfit[study_id], self.refused[study_id] = tree, sentence
        LOG.warning("study %s of the dataset %s is not used: %s", study_id, self._dataset, sentence)
