"""What a listener's page is sent: its own files, the texts of a study, JSON, clips, and errors as one sentence."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evaluation.listening.design.study import Study
from evaluation.listening.design.wording import LANGUAGES, TRANSLATIONS, language_for, sentence, wording_in
from evaluation.listening.errors import Refused, StoreError, StudyError
from evaluation.listening.store import AnswerStore
from evaluation.listening.store.validation import MOST_LETTERS, setup_question
from evaluation.report.rendering import players_script
from workbench.listening.leaving_page import recruitment_document
from workbench.listening.requests import RequestError, signs_in

LOG = logging.getLogger("zest.listening")
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}  # the address is the key to a private test
NOT_CACHED = ALWAYS | {"Cache-Control": "no-store"}
STATUS = {"session": 401, "answered": 409, "malformed": 400, "nowhere": 404, "method": 405, "large": 413, "often": 429,
          "broken": 500}  # of a refusal by its reason; all others are 403
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# Nothing from elsewhere, no inline script. The workbench shows the page in a frame, and a Space is itself in one.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; img-src 'self' data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://huggingface.co https://*.hf.space")
NOT_TOLD = ("refusals", "questions", "trap", "roles", TRANSLATIONS)  # these come with a trial or a refusal


def policy(hosts: Sequence[str] = ()) -> str:
    """What the page may do. hosts: of a platform that shows it in a frame and takes its form."""
    if not hosts:
        return POLICY
    listed = " ".join(hosts)
    return POLICY.replace("form-action 'none'", f"form-action {listed}").replace("frame-ancestors", f"frame-ancestors {listed}")


def document(content: Mapping[str, Any]) -> Response:
    """JSON that no cache keeps."""
    return JSONResponse(content, headers=NOT_CACHED)


def recording(content: bytes) -> Response:
    """A clip. No name, date or tag of the file: nothing in the headers differs between clips of one length."""
    return Response(content, media_type="audio/wav",
                    headers=ALWAYS | {"Cache-Control": "private, max-age=86400, immutable", "Accept-Ranges": "none"})


def language_of(request: Request, offered: Sequence[str] = tuple(LANGUAGES)) -> str:
    """The offered language that the browser, or the listener by a choice on the page, likes best; the first if none."""
    return language_for(request.headers.get("accept-language", ""), offered)


def error(problem: Exception, language: str, style: str = "") -> Response:
    """The sentence of what went wrong; a mistake of ours is logged and says only that it was one.

    Args:
        language: one of LANGUAGES, for what is not said in a study's own words.
        style: the address of the style of a page, for people; '' for JSON.
    """
    texts = wording_in(language)
    reply = _error(problem, texts)
    if not style:
        return reply
    words = escape(json.loads(bytes(reply.body))["sentence"])
    title, kind = escape(texts["title"]), f'lang="{language}" dir="{texts["page"]["direction"]}"'
    html = (f'<!doctype html><html {kind}><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="{style}">'
            f'<main><section class="card ended"><h1>{title}</h1><p>{words}</p></section></main>')
    return Response(html, reply.status_code, media_type="text/html", headers=NOT_CACHED | {"Content-Security-Policy": POLICY})


def _error(problem: Exception, texts: Mapping[str, Any]) -> Response:
    if isinstance(problem, RequestError):
        LOG.warning("turned away (%s)", problem.reason)
        return _refusal(STATUS[problem.reason], problem.reason, sentence(texts, problem.reason), problem.headers)
    if isinstance(problem, Refused):  # the store has logged it
        return _refusal(STATUS.get(problem.reason, 403), problem.reason, str(problem))
    if isinstance(problem, StudyError):
        LOG.error("a study cannot be opened: %s", problem)
        return _refusal(503, "broken", sentence(texts, "broken"))
    if isinstance(problem, StoreError):
        LOG.error("not stored: %s", problem)
        return _refusal(503, "store", str(problem), {"Retry-After": "2"})
    LOG.error("a request failed", exc_info=problem)
    return _refusal(500, "broken", sentence(texts, "broken"))


def _refusal(status: int, reason: str, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"reason": reason, "sentence": words}, status, headers=NOT_CACHED | dict(headers or {}))


def study_document(store: AnswerStore, user: str = "") -> dict[str, Any]:
    """What anyone with the link may know of a study: its texts, how long it takes, and nothing of what is judged.

    `closed` says that nobody new may enter, because the study was closed or has its listeners, and `closed_text` why.

    Args:
        user: whom the sign-in names.
    Returns:
        a JSON-able dictionary.
    Raises:
        StoreError.
    """
    study = store.study
    texts = {name: text for name, text in study.wording.items() if name not in NOT_TOLD}
    texts["setup"] = {"volume": texts["setup"]["volume"], **{name: setup_question(study, name) for name in study.setup}}
    texts["recruitment"] = {**texts["recruitment"], **recruitment_document(study)}
    count, over = len(study.design.training), store.refusal()
    return {"study": study.id, "languages": study.languages, "closed": bool(over),
            "closed_text": study.wording["refusals"][over or "closed"],
            "minutes": study.minutes, "practice": count, "checks": len(study.design.checks),
            "volume_clip": study.design.training[0].clips[0][1],
            "remark_letters": MOST_LETTERS,
            "texts": texts, "sign_in": study.sign_in, "sign_in_offered": signs_in(),
            "no_sign_in_text": study.wording["refusals"]["no_sign_in"], "signed_in": bool(user),
            "known": bool(study.sign_in and user) and store.knows(user)}


class PageFiles:
    """The listeners' page as it lies beside this file: HTML, style and scripts, read once and sent from memory.

    players.js is the one script that all pages with recordings share.
    """

    def __init__(self) -> None:
        folder = files("workbench.listening") / "page"
        self._contents = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in KINDS}
        self._contents["players.js"] = players_script().encode()

    def page(self, language: str, status: int = 200, study: Study | None = None) -> Response:
        """The page; which study it shows, its script reads from the address. language: of what is there before the script."""
        hosts = study.recruitment.form_hosts if study and study.recruitment else ()
        texts = wording_in(language)
        words = {**texts["page"], "language": language, "title": texts["title"]}
        html = Template(self._contents["listen.html"].decode()).substitute({name: escape(text) for name, text in words.items()})
        return Response(html, status, media_type="text/html",
                        headers=ALWAYS | {"Content-Security-Policy": policy(hosts), "Cache-Control": "no-cache"})

    def file(self, name: str, request: Request) -> Response:
        """A script or style, sent again only when it has changed. Raises RequestError: there is no such file."""
        kind = name.rpartition(".")[2]
        if name not in self._contents or kind == "html":
            raise RequestError("nowhere")
        tag = f'"{hashlib.sha256(self._contents[name]).hexdigest()[:16]}"'
        headers = ALWAYS | {"Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(self._contents[name], media_type=KINDS[kind], headers=headers)
