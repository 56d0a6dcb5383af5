"""The archive of a study that reviewers ask for: the frozen study, answers without identities, analysis, checklist, hashes.

    export/       as export.py writes it; listeners.csv is the screening log
    clips/*.wav   what listeners heard, by opaque names; export/design.json says what each is
    checklist.md  what a paper should say of a listening test, filled in from the study
    SHA256SUMS    of every file, as sha256sum --check reads it
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from pathlib import Path

from evaluation.listening.analysis.results import StudyResults, results_of
from evaluation.listening.design.study import Study
from evaluation.listening.publish.checklist import checklist_markdown
from evaluation.listening.publish.export import export_study
from evaluation.listening.store.collected import Collected
from pipelines.errors import OutputError
from pipelines.files import make_folder, write_whole

SUMS = "SHA256SUMS"
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the same study gives the same bytes


def archive_study(study: Study, collected: Collected, path: Path | str, results: StudyResults | None = None) -> Path:
    """Write the archive as one zip; returns its path.

    Args:
        results: analysed here if None.
    Raises:
        OutputError: the file is no zip by its name, exists already, lies in the study's own folder, or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        raise OutputError(f"{path} does not end in .zip, and the archive is one; name it so with -o.")
    if path.exists():
        raise OutputError(f"{path} exists already, and nothing was replaced; name a new file with -o.")
    if study.folder.resolve() in path.resolve().parents:
        raise OutputError(f"{path} lies in the folder of the study, which never changes; write the archive somewhere else.")
    results = results or results_of(study, collected)
    make_folder(path.parent)
    with tempfile.TemporaryDirectory(prefix="zest-archive-") as partial:
        folder = Path(partial) / "archive"
        export_study(study, collected, folder / "export", results)
        write_whole(folder / "checklist.md", checklist_markdown(results).encode())
        clips = make_folder(folder / "clips")
        for name in sorted(study.info["clips"]):
            write_whole(clips / f"{name}.wav", study.clip(name).read_bytes())
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        hashes = {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        sums = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
        whole = Path(partial) / "archive.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.writestr(_entry(study, file.relative_to(folder).as_posix()), file.read_bytes())
            archive.writestr(_entry(study, SUMS), sums)
        return write_whole(path, whole.read_bytes())


def _entry(study: Study, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"study-{study.id}/{name}", MOMENT)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry
