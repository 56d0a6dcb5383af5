"""The administrator's access on a page: the pass that was unlocked, and the check that stands before everything it opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from pipelines.errors import ZestError
from workbench.listening.admin import Administration
from workbench.listening.studies import studies_folder
from workbench.tabs.alerts import as_alerts


@dataclass(frozen=True)
class AdminAccess:
    """Attributes:
        administration: who may. key: the pass of this visit; Gradio keeps a State on the server and reads no such value from
            a request, and a pass is signed besides.
    """

    administration: Administration
    key: gr.State

    @contextmanager
    def open_to(self, key: object, profile: gr.OAuthProfile | None, request: gr.Request, what: str) -> Iterator[None]:
        """The block runs for an administrator only; whatever goes wrong in it is one sentence. Raises gr.Error."""
        with as_alerts():
            self.administration.check(key, profile, address_of(request), what)
            try:
                yield
            except ZestError as error:
                raise ZestError(without_folders(error)) from error


def without_folders(error: ZestError) -> str:
    """Its sentence for the page: files by their place among the studies or uploads, not by where these lie on the server."""
    sentence = str(error)
    for folder in (studies_folder(), Path(get_upload_folder())):
        for name in (folder.absolute(), folder.resolve()):
            sentence = sentence.replace(f"{name}/", "")
    return sentence


def address_of(request: gr.Request) -> str:
    """Where a request comes from, as the server saw it."""
    client = getattr(request, "client", None)
    return getattr(client, "host", None) or "unknown"
