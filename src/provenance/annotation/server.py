"""The local page: a server on the loopback interface alone, for one observer.

Other pages in the same browser, and other users of the machine, are kept out by a secret in the
path, made anew at each start; by the ``Host`` header, against names that were made to point here
(DNS rebinding); and by ``Origin`` and ``Sec-Fetch-Site``, against requests of other pages. A cookie
would not do: cookies are shared by all ports of a host.
"""

from __future__ import annotations

import json
import secrets
import socket
from importlib import resources
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import AnnotationError, ProvenanceError
from .document import MAX_BYTES
from .store import ConflictError
from .study import Study

HOST = "127.0.0.1"

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""On every answer: nothing from elsewhere, nothing to elsewhere, nothing kept."""


class Server:
    """The page of a study, ready to run.

    Args:
        port: 0 for one that is free.

    Raises:
        ProvenanceError: The port cannot be had.
    """

    def __init__(self, study: Study, port: int = 0) -> None:
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
        """Where the page is; whoever knows it may annotate."""
        config = uvicorn.Config(
            app(study, token, number),
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


def app(study: Study, token: str, port: int) -> ASGIApp:
    """The application behind the guard."""
    page = resources.files("provenance").joinpath("annotation", "page")

    def index(_: Request) -> Response:
        return FileResponse(str(page / "index.html"))

    def overview(_: Request) -> Response:
        return JSONResponse(study.overview())

    def picture(request: Request) -> Response:
        rendered = study.render(_pair_id(study, request))
        side = request.path_params["side"]
        if side not in ("original", "reconstruction"):
            raise HTTPException(404)
        return Response(getattr(rendered, side), media_type="image/png")

    def get(request: Request) -> Response:
        return JSONResponse(study.get(_pair_id(study, request)))

    async def put(request: Request) -> Response:
        pair_id = _pair_id(study, request)
        submission = await _json_body(request)
        return JSONResponse(await run_in_threadpool(study.put, pair_id, submission))

    routes = [
        Route("/", index),
        Route("/study", overview),
        Route("/pairs/{pair_id}", get),
        Route("/pairs/{pair_id}", put, methods=["PUT"]),
        Route("/pairs/{pair_id}/{side}.png", picture),
        Mount("/page", StaticFiles(directory=str(page))),
    ]
    inner = Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        exception_handlers={ProvenanceError: _refusal},
    )
    return _Guard(inner, token, port)


class _Guard:
    """Lets only our own page in, and puts `HEADERS` on every answer."""

    def __init__(self, inner: ASGIApp, token: str, port: int) -> None:
        self._inner = inner
        self._token = token.encode()
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", scope["type"]

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._inner
        if refusal := self._refusal(Headers(scope=scope), scope["path"], scope["method"]):
            answer = PlainTextResponse(refusal, 403)
        await answer(scope, receive, send_guarded)

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
            return "open the address that `provenance annotate open` has printed"
        return None


def _pair_id(study: Study, request: Request) -> str:
    """The pair that a request names: one of the study's, so never a path.

    Raises:
        HTTPException: 404, there is no such pair.
    """
    pair_id: str = request.path_params["pair_id"]
    if pair_id not in study.pairs:
        raise HTTPException(404)
    return pair_id


async def _json_body(request: Request) -> Any:
    """The body of a request, bounded.

    Raises:
        HTTPException: 413 or 415.
        AnnotationError: Not JSON.
    """
    if request.headers.get("content-type") != "application/json":
        raise HTTPException(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"annotation: not JSON: {error}") from error


def _refusal(_: Request, error: Exception) -> Response:
    """An error of ours as JSON that the page shows."""
    status = 409 if isinstance(error, ConflictError) else 422
    if not isinstance(error, AnnotationError | ConflictError):
        status = 500
    return JSONResponse({"error": str(error)}, status)
