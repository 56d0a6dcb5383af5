"""What MkDocs is told beyond mkdocs.yml: pages that follow from the code, and pages that lie outside docs/.

Pages of reference/ are written by docs/site/reference.py while the site is built, so that they cannot be old. Pages of the
repository that are no manuals, such as CONTRIBUTING.md and the model cards, are shown under project/.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from reference import PAGES  # noqa: E402

OUTSIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff", "LICENSE",
           *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "checkpoints").rglob("*_CARD.md"))))
SHOWN = "project"
LINK = re.compile(r"(\]\()([^)#\s:]+)([^)]*\))")
FENCE = re.compile(r"^```.*?^```$", re.S | re.M)


def on_files(files: Files, config: Any) -> Files:
    """Adds generated pages, and pages outside docs/."""
    for name, write in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=write()))
    for name in OUTSIDE:
        text = (ROOT / name).read_text(encoding="utf-8")
        text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)  # of a model card: for the hub
        files.append(File.generated(config, f"{SHOWN}/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files of the repository lead to where the site has them; other files are named, not linked."""
    shown = page.file.src_uri
    inside = shown.startswith(f"{SHOWN}/")
    place = shown.removeprefix(f"{SHOWN}/") if inside else f"docs/{shown}"
    fences = iter(FENCE.findall(markdown))
    return FENCE.sub(lambda _: next(fences), LINK.sub(lambda found: _relinked(found, place, shown), markdown))


def _relinked(found: re.Match, place: str, shown: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[2]))
    if not (ROOT / target).exists():
        return found[0]  # MkDocs says that there is none
    uri = target.removeprefix("docs/") if target.startswith("docs/") else f"{SHOWN}/{target}" if target in OUTSIDE else ""
    if not uri:
        raise SystemExit(f"{place} links to {target}, which the site does not have; name it as `{target}`.")
    return f"{found[1]}{os.path.relpath(uri, posixpath.dirname(shown) or '.')}{found[3]}"
