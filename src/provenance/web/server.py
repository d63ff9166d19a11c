"""A server on the loopback interface alone, for the one person who started it.

Other pages in the same browser, and other users of the machine, are kept out by a secret in the
path, made anew at each start; by the ``Host`` header, against names that were made to point here
(DNS rebinding); and by ``Origin`` and ``Sec-Fetch-Site``, against requests of other pages. A cookie
would not do: cookies are shared by all ports of a host.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from importlib import resources

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ProvenanceError

HOST = "127.0.0.1"

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""On every answer that does not say otherwise: nothing from or to elsewhere, nothing kept."""

Refusal = Callable[[Request, Exception], Response]


class Server:
    """Pages, ready to run.

    Args:
        part: the part of this package that the page belongs to; its folder ``page`` holds
            ``index.html`` and what belongs to it.
        routes: what else is served, below the secret.
        port: 0 for one that is free.
        command: what to type to get an address with the secret in it.
        refusal: answers for the errors of this package.

    Raises:
        ProvenanceError: The port cannot be had.
    """

    def __init__(
        self, part: str, routes: Sequence[BaseRoute], port: int, *, command: str, refusal: Refusal
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, port))
            self._socket.listen()  # so that a browser that is quicker than us waits
        except OSError as error:
            self._socket.close()
            raise ProvenanceError(f"port {port}: cannot be had: {error.strerror}") from error
        number = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(24)
        self.url = f"http://{HOST}:{number}/{token}/"
        """Where the page is; whoever knows it may use it."""
        inner = Starlette(
            routes=[Mount(f"/{token}", routes=[*_files(part), *routes])],
            exception_handlers={ProvenanceError: refusal},
        )
        config = uvicorn.Config(
            _Guard(inner, token, number, command),
            http="h11",
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until `stop`, an interrupt or a termination."""
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:
            pass  # The usual way to end it; uvicorn has closed everything by now.
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End `run`, from another thread."""
        self._server.should_exit = True


async def body(request: Request, media_type: str, limit: int) -> bytes:
    """What a request carries.

    Args:
        limit: most bytes; no more than these are read.

    Raises:
        HTTPException: 413, it is larger, or 415, of another type.
    """
    if request.headers.get("content-type") != media_type:
        raise HTTPException(415)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise HTTPException(413)
    return bytes(data)


def _files(part: str) -> list[BaseRoute]:
    """The page itself, what belongs to it, and what all pages share."""
    package = resources.files("provenance")
    page, shared = package.joinpath(part, "page"), package.joinpath("web", "page")

    def index(_: Request) -> Response:
        return FileResponse(str(page / "index.html"))

    return [
        Route("/", index),
        Mount("/page", StaticFiles(directory=str(page))),
        Mount("/shared", StaticFiles(directory=str(shared))),
    ]


class _Guard:
    """Lets only our own page in, and puts `HEADERS` on every answer."""

    def __init__(self, inner: ASGIApp, token: str, port: int, command: str) -> None:
        self._inner = inner
        self._token = token.encode()
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self._command = command

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", scope["type"]

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._inner
        if refusal := self._refusal(Headers(scope=scope), scope["path"], scope["method"]):
            answer = PlainTextResponse(refusal, 403)
        try:
            await answer(scope, receive, send_guarded)
        except asyncio.CancelledError:
            # Asked to end while somebody waits; uvicorn would tell of it in forty lines.
            await PlainTextResponse("ends", 503)(scope, receive, send)

    def _refusal(self, headers: Headers, path: str, method: str) -> str | None:
        host = headers.get("host", "")
        if host not in self._hosts:
            return "wrong host"
        origin = headers.get("origin")
        if origin is None and method not in ("GET", "HEAD"):
            return "no origin"
        if origin is not None and origin != f"http://{host}":
            return "wrong origin"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "request of another page"
        first = path.lstrip("/").partition("/")[0].encode()
        if not secrets.compare_digest(first, self._token):
            return f"open the address that `{self._command}` has printed"
        return None
