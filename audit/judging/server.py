"""The web application in which documents are judged: one page, and the few requests that it makes.

Everything that is shown comes from a crawl, and the addresses of the application can be reached from any page that
the same browser has open. So: a token in the path that other pages cannot know; only hosts that were named, so that
another site's name that points here opens nothing (DNS rebinding); no request from another origin; a
Content-Security-Policy without inline script or style; texts are sent as JSON and put on the page as text.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from aiohttp import web

from polysieve.audit import untrusted
from polysieve.audit.judging.codes import CODES, PAIRS_ONLY
from polysieve.audit.judging.database import Database, Judgement, JudgementError, Stored
from polysieve.audit.judging.sample import SHOWN, Sample

NAME_LIMIT, NOTE_LIMIT, KEY_LIMIT = 64, 2_000, 64
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BODY_LIMIT = 64 * 2**10
_PAGE = {
    "": ("index.html", "text/html"),
    "judge.css": ("judge.css", "text/css"),
    "judge.js": ("judge.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Judging:
    """What is judged, and who may come."""

    database: Database
    labels: Mapping[str, int]
    """The languages that can be judged, and how many documents each has."""
    draw: Callable[[str], Sample]
    """Draws a language's sample; may take a while, and is called in a thread."""
    run: Callable[[], str]
    """What identifies the output as it is now; another value makes samples be drawn anew."""
    token: str
    """First part of every path."""
    seed: int = 0
    size: int = 100
    is_blind: bool = False
    """Whether people are kept from seeing what the run decided."""
    hosts: tuple[str, ...] = LOOPBACK
    """Names by which the application may be addressed."""
    _drawing: dict[str, asyncio.Lock] = field(default_factory=dict)


def application(judging: Judging) -> web.Application:
    """The application; `aiohttp.web.run_app` or a test serves it."""
    app = web.Application(middlewares=[_guard(judging)], client_max_size=_BODY_LIMIT)
    files = resources.files("polysieve.audit.judging") / "page"

    def file(name: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        body = (files / name).read_bytes()

        async def send(request: web.Request) -> web.Response:
            return web.Response(body=body, content_type=kind, charset="utf-8")

        return send

    async def languages(request: web.Request) -> web.Response:
        progress = judging.database.progress(_name(request.query.get("rater")))
        rows = [
            {
                "label": label,
                "population": n,
                **progress.get(label, {"documents": None, "judged": 0}),
            }
            for label, n in judging.labels.items()
        ]
        return web.json_response({"languages": rows, "blind": judging.is_blind})

    async def queue(request: web.Request) -> web.Response:
        label, rater = request.query.get("label", ""), _name(request.query.get("rater"))
        if label not in judging.labels:
            raise web.HTTPNotFound(text="no such language here")
        await _ready(judging, label)
        hidden = ("stage", "reason") if judging.is_blind else ()
        rows = [
            {key: value for key, value in row.items() if key not in hidden}
            for row in judging.database.queue(label, rater)
        ]
        return web.json_response(
            {
                "label": label,
                "lang": untrusted.language_tag(label),
                "dir": untrusted.direction(label),
                "documents": rows,
            }
        )

    async def document(request: web.Request) -> web.Response:
        found = judging.database.document(request.query.get("document", ""))
        if found is None:
            raise web.HTTPNotFound(text="no such document here")
        return web.json_response(_shown(found))

    async def judge(request: web.Request) -> web.Response:
        judgement = _judgement(await _json(request))
        try:
            number = judging.database.add(judgement)
        except JudgementError as error:
            raise web.HTTPConflict(text=str(error)) from None
        return web.json_response({"number": number})

    root = f"/{judging.token}"
    for path, (name, kind) in _PAGE.items():
        app.router.add_get(f"{root}/{path}", file(name, kind))
    app.router.add_get(f"{root}/api/languages", languages)
    app.router.add_get(f"{root}/api/queue", queue)
    app.router.add_get(f"{root}/api/document", document)
    app.router.add_post(f"{root}/api/judge", judge)
    return app


def _guard(judging: Judging) -> Any:
    """What every request passes first."""

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            _admit(request, judging)
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.text)
        response.headers.update(_HEADERS)
        return response

    return guard


def _admit(request: web.Request, judging: Judging) -> None:
    """Raises the web.HTTPException that a request from elsewhere deserves."""
    first = request.path.split("/", 2)[1]
    if not hmac.compare_digest(first.encode("utf-8", "replace"), judging.token.encode()):
        raise web.HTTPNotFound(
            text="not found: the address holds a token, which was printed at the start"
        )
    host = request.headers.get("Host", "")
    if _host_name(host) not in judging.hosts:
        raise web.HTTPForbidden(text="this host name is not served here; see --allow-host")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        raise web.HTTPForbidden(text="requests from other pages are not answered")
    # A person may follow the address from another page: that opens this one, and tells the other nothing.
    is_opened = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin") and not is_opened:
        raise web.HTTPForbidden(text="requests from other pages are not answered")


def _host_name(host: str) -> str:
    """`[::1]:80` -> `::1`, `localhost:80` -> `localhost`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


async def _ready(judging: Judging, label: str) -> None:
    """Draw a language's sample unless it is the one that is there."""
    async with judging._drawing.setdefault(label, asyncio.Lock()):
        run = judging.run()
        if not judging.database.has_sample(label, run, judging.seed, judging.size):
            sample = await asyncio.to_thread(judging.draw, label)
            judging.database.set_sample(label, run, judging.seed, judging.size, sample)


def _shown(document: Stored) -> dict[str, object]:
    """A document as the page shows it. Whether it was kept is not in it."""
    shown: dict[str, object] = {
        "document": document["document"],
        "id": untrusted.line(document["id"]),
        "url": untrusted.line(document["url"] or ""),
        "language_score": document["language_score"],
        "text": untrusted.prose(document["text"], SHOWN),
        "more": max(0, document["characters"] - SHOWN),
        "codes": [c for c in CODES if c not in PAIRS_ONLY or document["source_text"] is not None],
        "source": None,
    }
    label = document["source_language"]
    if document["source_text"] is not None and label is not None:
        shown["source"] = {
            "label": label,
            "lang": untrusted.language_tag(label),
            "dir": untrusted.direction(label),
            "text": untrusted.prose(document["source_text"], SHOWN),
        }
    return shown


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send JSON")
    try:
        return await request.json()
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="not JSON") from None


def _judgement(data: Any) -> Judgement:
    """A judgement from what was sent. Raises web.HTTPBadRequest."""
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(text="send an object")
    code = data.get("code")
    key, document, note = (data.get(name) for name in ("key", "document", "note"))
    flags = [data.get(name, False) for name in ("offensive", "porn")]
    if not isinstance(key, str) or not 16 <= len(key) <= KEY_LIMIT or not key.isascii():
        raise web.HTTPBadRequest(text=f"key: give 16 to {KEY_LIMIT} ASCII characters")
    if code is not None and not isinstance(code, str):
        raise web.HTTPBadRequest(text="code: give a string or null")
    if not isinstance(document, str) or not all(isinstance(flag, bool) for flag in flags):
        raise web.HTTPBadRequest(text="document: give a string; offensive, porn: true or false")
    if not isinstance(note, str) or len(note) > NOTE_LIMIT:
        raise web.HTTPBadRequest(text=f"note: give at most {NOTE_LIMIT} characters")
    offensive, porn = flags
    return Judgement(
        key, _name(data.get("rater")), _encodable(document), code and _encodable(code), offensive, porn,
        _encodable(note),
    )  # fmt: skip


def _name(rater: Any) -> str:
    """A person's name. Raises web.HTTPBadRequest."""
    if not isinstance(rater, str) or not rater.strip() or len(rater) > NAME_LIMIT:
        raise web.HTTPBadRequest(text=f"rater: give a name of at most {NAME_LIMIT} characters")
    return untrusted.line(" ".join(_encodable(rater).split()))


def _encodable(text: str) -> str:
    """JSON may hold half a surrogate pair, SQLite and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode()
