"""Whether a Space of Hugging Face would take a checkout: `python -m workbench.publishing.space`, before anything is pushed.

Looked at: the header of README.md, files that a plain push may not hold, lists of packages, and size. No network is asked.
The rules are those of the hub's documentation (Spaces Configuration Reference; Repositories: Storage limits).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from pipelines.counting import counted

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 10 * 1024**2  # bytes of a file that a push takes without LFS
ALL_FILES = 1024**3  # bytes of a Space's repository that costs nothing
IN_A_FOLDER = 10_000  # entries
LONGEST_DESCRIPTION = 60  # letters
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SDKS = ("gradio", "docker", "static")
BINARY = ("safetensors", "npz", "png", "wav", "mp4")  # of this repository; a push takes none of them without LFS
LFS = "filter=lfs diff=lfs merge=lfs -text"


@dataclass(frozen=True)
class Refusal:
    """What a Space would refuse. where: a file. why: a sentence. remedy: what to do, a sentence."""

    where: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why} {self.remedy}"


def refusals(root: Path, plain_push: bool = False) -> list[Refusal]:
    """All that a Space would refuse, in no order of weight; none where it would take the checkout.

    Args:
        root: of a checkout. plain_push: it goes there by `git push`, which needs LFS for some files; else by `hf upload`.
    """
    files = committed(root)
    found = [*_header(root), *_requirements(root), *_debian_packages(root), *_sizes(root, files)]
    return [*found, *(_unfit_for_git(root, files) if plain_push else ())]


def committed(root: Path) -> list[str]:
    """Files of a checkout by git's index, or all files where it is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return sorted(name for name in listed.stdout.split("\0") if name and (root / name).is_file())
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def lfs_rules() -> str:
    """Lines for .gitattributes by which git-lfs takes what a plain push may not hold."""
    return "".join(f"*.{ending} {LFS}\n" for ending in BINARY)


def _header(root: Path) -> Iterator[Refusal]:
    """The YAML at the beginning of README.md."""
    text = (root / "README.md").read_text(encoding="utf-8") if (root / "README.md").is_file() else ""
    parts = re.match(r"---\n(.*?)\n---\n", text, re.S)
    try:
        header: Any = yaml.safe_load(parts.group(1)) if parts else None
    except yaml.YAMLError as error:
        yield Refusal("README.md", f"Its header is not YAML ({str(error).splitlines()[0]}).", "Correct it.")
        return
    if not isinstance(header, dict):
        yield Refusal("README.md", "It has no header of YAML between two lines of ---.", "Write one with sdk and app_file.")
        return
    for why, remedy in _wrong_keys(root, header):
        yield Refusal("README.md", why, remedy)


def _wrong_keys(root: Path, header: dict[str, Any]) -> Iterator[tuple[str, str]]:
    sdk, described = header.get("sdk"), str(header.get("short_description", ""))
    if sdk not in SDKS:
        yield f"Its sdk is {sdk!r}.", f"Take one of {', '.join(SDKS)}."
    for key in ("title", "emoji"):
        if not header.get(key):
            yield f"Its header has no {key}.", "Write one."
    for key in ("colorFrom", "colorTo"):
        if header.get(key) not in COLOURS:
            yield f"Its {key} is {header.get(key)!r}.", f"Take one of {', '.join(COLOURS)}."
    if len(described) > LONGEST_DESCRIPTION:
        yield f"Its short_description has {counted(len(described), 'letter')}.", f"Write at most {LONGEST_DESCRIPTION}."
    if sdk == "gradio" and not (root / str(header.get("app_file", "app.py"))).is_file():
        yield f"Its app_file {header.get('app_file')} is not there.", "Name the file that starts the page."
    if sdk == "gradio" and not _is_version(header.get("sdk_version")):
        yield f"Its sdk_version is {header.get('sdk_version')!r}.", "Name a version of Gradio, as 6.31.0."


def _requirements(root: Path) -> Iterator[Refusal]:
    """Of requirements.txt: what pip cannot read, what lies outside, and a Gradio that contradicts the header."""
    lines = _lines(root / "requirements.txt")
    header = re.search(r"^sdk_version: *(\S+)", (root / "README.md").read_text() if (root / "README.md").is_file() else "", re.M)
    for line in lines:
        if line.startswith("-"):
            yield Refusal("requirements.txt", f"'{line}' is an option.", "Write requirements only.")
            continue
        try:
            one = Requirement(line)
        except InvalidRequirement:
            yield Refusal("requirements.txt", f"'{line}' is no requirement.", "Correct it.")
            continue
        version = header.group(1).strip("\"'") if header else ""
        if one.name == "gradio" and _is_version(version) and not one.specifier.contains(version):
            yield Refusal("requirements.txt", f"{line} contradicts the header's sdk_version {version}.",
                          "Let one follow the other.")
    if not lines:
        yield Refusal("requirements.txt", "It is missing or empty.", "List what app.py imports.")


def _debian_packages(root: Path) -> Iterator[Refusal]:
    for line in _lines(root / "packages.txt"):
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", line):
            yield Refusal("packages.txt", f"'{line}' is no name of a Debian package.", "Write one name a line.")


def _sizes(root: Path, files: Sequence[str]) -> Iterator[Refusal]:
    size = sum((root / name).stat().st_size for name in files)
    if size > ALL_FILES:
        yield Refusal(".", f"All files take {size / 1e9:.1f} GB, and 1.07 are free of charge.", "Leave some out.")
    folders = [name.rpartition("/")[0] for name in files]
    for folder in sorted(set(folders)):
        if folders.count(folder) > IN_A_FOLDER:
            yield Refusal(folder, f"It has more than {IN_A_FOLDER:,} files.", "Divide it.")


def _unfit_for_git(root: Path, files: Sequence[str]) -> Iterator[Refusal]:
    """Files that are large or binary and have no rule for LFS."""
    remedy = "Use 'hf upload', or add the lines of 'python -m workbench.publishing.space --lfs-rules' to .gitattributes."
    plain = _without_lfs(root, files)
    for name in plain:
        size = (root / name).stat().st_size
        if size > LARGEST:
            yield Refusal(name, f"It has {size / 1e6:.1f} MB, and a plain push takes 10.5 MB.", remedy)
        elif b"\0" in (root / name).read_bytes()[:8000]:
            yield Refusal(name, "It is binary, and a plain push takes text only.", remedy)


def _without_lfs(root: Path, files: Sequence[str]) -> list[str]:
    """Those that .gitattributes leaves to plain git."""
    asked = subprocess.run(["git", "check-attr", "-z", "--stdin", "filter"], cwd=root, input="\0".join(files),
                           capture_output=True, text=True, check=False)
    if asked.returncode != 0:  # no git repository: no rule holds
        return list(files)
    fields = asked.stdout.split("\0")
    with_lfs = {name for name, value in zip(fields[0::3], fields[2::3]) if value == "lfs"}
    return [name for name in files if name not in with_lfs]


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [line for line in (raw.split("#")[0].strip() for raw in text.splitlines()) if line]


def _is_version(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(Version(text))
    except InvalidVersion:
        return False


def main(
    folder: Annotated[Path, typer.Argument(help="a checkout; this one if left out")] = ROOT,
    git_push: Annotated[bool, typer.Option("--git-push", help="it goes there by git push, not by hf upload")] = False,
    print_rules: Annotated[bool, typer.Option("--lfs-rules", help="print lines for .gitattributes, and look at nothing")] = False,
) -> None:
    """Say what a Space would refuse; exit code 1 where there is anything."""
    if print_rules:
        sys.stdout.write(lfs_rules())
        return
    if not folder.is_dir():
        raise typer.BadParameter(f"There is no folder {folder}.")
    found = refusals(folder, git_push)
    for one in found:
        print(one)
    print(f"{counted(len(found), 'refusal')}." if found else f"A Space takes {folder.resolve().name} as it is.")
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    typer.run(main)
