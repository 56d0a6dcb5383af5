"""Files that programs give: what they name becomes a path here, or one sentence says why it cannot.

A file is named by the path that /gradio_api/upload answered, by the URL of a result or any other URL, as data:...;base64,DATA, or
by its own path, where it lies in the folder of WORKBENCH_FILES. Files elsewhere on the server are never read.
"""

from __future__ import annotations

import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gradio.data_classes import FileData
from gradio.processing_utils import save_base64_to_cache, ssrf_protected_download
from gradio.utils import get_upload_folder

from workbench.api.errors import BAD_CALL, NOT_FOUND, CallError
from workbench.api.values import said
from workbench.api.variables import FILES_VARIABLE

BLANKS = dict.fromkeys(map(ord, " \t\r\n"))  # between lines, which may be
UPLOAD = "/gradio_api/upload"
SERVED = "/gradio_api/file="
HOW = f"the path that POST {UPLOAD} answers for it, a URL, or data:audio/wav;base64,DATA"
NOT_A_FILE = "Give {name} as a file: {how}; not {value}."
LACKS_FILE = "Give {name}: {how}."
NOT_HERE = "The workbench has no file {value} for {name}; upload it by POST " + UPLOAD + ", and give the path that this answers."
NOT_FETCHED = "The file {value} for {name} cannot be fetched; upload it by POST " + UPLOAD + " instead."
NOT_BASE64 = "The data for {name} are not base64; give data:audio/wav;base64,DATA or upload the file by POST " + UPLOAD + "."


def path_of(name: str, value: Any) -> str:
    """Where a file that a program names lies here.

    Args:
        name: of the parameter. value: as above, or Gradio's object for a file, which has one of these as its `path`.
    Raises:
        CallError: it names no file, or none that is here.
    """
    given = value.get("path") if is_file_object(value) else value
    if given is None or given == "":
        raise CallError(BAD_CALL, LACKS_FILE.format(name=name, how=HOW))
    if not isinstance(given, str) or not given.strip():
        raise CallError(BAD_CALL, NOT_A_FILE.format(name=name, how=HOW, value=said(value)))
    given = given.strip()
    if given.startswith("data:"):
        return _decoded(name, given)
    if given.startswith(("http://", "https://")):
        return _fetched(name, given)
    path = _here(given)
    if path is None:
        raise CallError(NOT_FOUND, NOT_HERE.format(name=name, value=said(Path(given).name)))
    return path


def paths_of(name: str, values: Any) -> list[str]:
    """The same for several; one alone may stand for a list of it, and None for none."""
    if values is None or values == "":
        return []
    return [path_of(name, one) for one in (values if isinstance(values, list) else [values])]


def given_out(path: str | Path) -> dict[str, Any]:
    """A file as answers hold it; Gradio adds the URL."""
    return FileData(path=str(path), orig_name=Path(path).name).model_dump()


def is_file_object(value: Any) -> bool:
    """Whether this is what `gradio_client.handle_file` makes of a file."""
    if not isinstance(value, Mapping):
        return False
    meta = value.get("meta")
    return isinstance(value.get("path"), str) and isinstance(meta, Mapping) and meta.get("_type") == "gradio.FileData"


def _here(given: str) -> str | None:
    """The path, where it is a file that calls may name; links do not lead out of the folders."""
    allowed = [get_upload_folder(), *filter(None, [os.environ.get(FILES_VARIABLE)])]
    try:
        path = Path(os.path.realpath(given))
        inside = any(path.is_relative_to(os.path.realpath(folder)) for folder in allowed)
        return str(path) if inside and path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def _fetched(name: str, url: str) -> str:
    """A result of this workbench is read where it lies; other addresses are asked, those of private networks never."""
    parts = urlsplit(url)
    own = _here(unquote(parts.path.partition(SERVED)[2])) if SERVED in parts.path else None
    if own is not None:
        return own
    try:
        return ssrf_protected_download(url, get_upload_folder())
    except Exception as error:  # of the address, the network or the other side: all mean the same to the caller
        raise CallError(NOT_FOUND, NOT_FETCHED.format(name=name, value=said(url))) from error


def _decoded(name: str, data: str) -> str:
    try:
        binascii.a2b_base64(data.partition(",")[2].translate(BLANKS), strict_mode=True)  # Gradio passes by what is no base64
        return save_base64_to_cache(data, get_upload_folder())
    except (ValueError, IndexError, binascii.Error) as error:
        raise CallError(BAD_CALL, NOT_BASE64.format(name=name)) from error
