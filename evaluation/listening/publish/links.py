"""The address of a listening test: whole, so that it can be pasted into a mail."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from evaluation.listening.design.study import Study
from pipelines.shipped import is_checkout

ADDRESS_VARIABLE = "WORKBENCH_ADDRESS"  # where listeners reach the workbench
SPACE_VARIABLE = "SPACE_HOST"  # Spaces sets it
ROOT_VARIABLE, PORT_VARIABLE = "GRADIO_ROOT_PATH", "GRADIO_SERVER_PORT"  # Gradio's own
STUDIES_VARIABLE = "WORKBENCH_STUDIES"  # the folder of studies, if it is not ./studies
ROOT = Path(__file__).resolve().parents[3] if is_checkout() else Path()  # where the workbench starts, which looks for ./studies
LOCAL, PORT = "http://127.0.0.1", "7860"  # where `python app.py` serves unless told otherwise
HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")


def study_link(study_id: str, address: str) -> str:
    """The address for listeners. address: of the workbench, with or without a slash at its end."""
    return f"{address.rstrip('/')}/?study={study_id}"


def listeners_link(study: Study, address: str) -> str:
    """As `study_link`, with what the study's platform fills in."""
    return study_link(study.id, address) + (study.recruitment.query() if study.recruitment else "")


def configured_address() -> str:
    """The public address that the environment names, '' where it names none that can be opened."""
    named = os.environ.get(ADDRESS_VARIABLE, "").strip() or os.environ.get(SPACE_VARIABLE, "").strip()
    if named and "://" not in named:
        named = f"https://{named}"
    return _bare(named)


def requested_address(headers: Mapping[str, str], url: str = "") -> str:
    """The workbench's address as its visitor sees it, '' where a request does not tell.

    The browser's own word is best: proxies may hide scheme, host and path. Without it, what the proxy adds is taken.

    Args:
        headers: of a request, names in lower case. url: that the server was asked for.
    """
    if headers.get("sec-fetch-site") == "same-origin" and (seen := _bare(headers.get("referer", ""))):
        return seen
    root = os.environ.get(ROOT_VARIABLE, "").strip()
    if _bare(root):
        return _bare(root)
    host = _first(headers, "x-forwarded-host") or headers.get("host", "") or urlsplit(url).netloc
    scheme = _first(headers, "x-forwarded-proto") or urlsplit(url).scheme or "http"
    path = _first(headers, "x-forwarded-prefix") or root
    return _bare(f"{scheme}://{host}/{path.strip('/')}") if HOST.fullmatch(host) else ""


def local_address() -> str:
    """Where `python app.py` serves on this machine."""
    return f"{LOCAL}:{os.environ.get(PORT_VARIABLE, '').strip() or PORT}"


def is_local(address: str) -> bool:
    """Whether only this machine reaches the address."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def link_sentences(study: Study) -> list[str]:
    """The id and link of a study that lies on this disk, and what is missing until the link works."""
    address, folder = configured_address(), study.folder.resolve().parent
    link = listeners_link(study, address or local_address())
    said = [f"Its id is {study.id}; the link for listeners is {link}"]
    if Path(os.environ.get(STUDIES_VARIABLE) or ROOT / "studies").resolve() != folder:
        said.append(f"The workbench serves it when it is started with {STUDIES_VARIABLE}={folder}.")
    if not address:
        said.append(f"Others reach the workbench by another address: set {ADDRESS_VARIABLE} to it, and links have it.")
    if study.sign_in:
        said.append("Listeners sign in with Hugging Face, so they can enter on a Space only.")
    return said


def _bare(address: str) -> str:
    """Scheme, host and path of an address of the web without a slash at its end; '' where it is none."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(parts.netloc):
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _first(headers: Mapping[str, str], name: str) -> str:
    """A header's value; the first where several proxies have added theirs."""
    return headers.get(name, "").partition(",")[0].strip()
