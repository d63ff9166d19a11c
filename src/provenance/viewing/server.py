"""The local page that shows files by risk."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from importlib import resources
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ..errors import TooLargeError
from ..labels.catalogue import catalogue, languages
from ..viewer import report
from ..web import server
from . import collection
from .collection import Collection, Item

ANY = "application/octet-stream"
"""Type that files are sent as: no form of another page can send it without asking first."""

REPORT_POLICY = f"{report.policy()}; frame-ancestors 'self'; sandbox allow-scripts"
"""The report's own, in a frame of ours and in no origin: it reaches nothing of this server."""


class Server(server.Server):
    """The page of a collection, ready to run.

    Args:
        port: 0 for one that is free.

    Raises:
        ProvenanceError: The port cannot be had.
    """

    def __init__(self, files: Collection, port: int = 0) -> None:
        super().__init__(
            "viewing", _routes(files), port, command="provenance view", refusal=_refusal
        )


def _routes(files: Collection) -> list[BaseRoute]:
    one_upload = asyncio.Lock()

    def listed(_: Request) -> Response:
        return JSONResponse(
            {
                "languages": languages(),
                "limits": {
                    "bytes": collection.MAX_DROPPED_BYTES,
                    "files": collection.MAX_DROPPED,
                },
                "files": [_told(item) for item in list(files.items.values())],
            }
        )

    def words(request: Request) -> Response:
        return JSONResponse(dict(catalogue(request.path_params["language"])))

    async def add(request: Request) -> Response:
        if int(request.headers.get("content-length", 0)) > collection.MAX_DROPPED_BYTES:
            raise HTTPException(413)
        async with one_upload:
            data = await server.body(request, ANY, collection.MAX_DROPPED_BYTES)
        name = request.query_params.get("name", "")
        return JSONResponse(_told(await run_in_threadpool(files.add, name, data)), 201)

    def remove(request: Request) -> Response:
        files.remove(_known(files, request.path_params["item"]))
        return Response(status_code=204)

    def summary(request: Request) -> Response:
        item = _known(files, request.path_params["item"])
        return JSONResponse(asdict(files.summary(item)))

    def thumbnail(request: Request) -> Response:
        item = _known(files, request.path_params["item"])
        return Response(files.thumbnail(item), media_type="image/webp")

    def picture(request: Request) -> Response:
        item = _known(files, request.path_params["item"])
        return Response(files.picture(item), media_type="image/png")

    def told(request: Request) -> Response:
        item = _known(files, request.path_params["item"])
        original = request.query_params.get("original")
        if original is not None:
            original = _known(files, original)
        page = files.report(item, request.query_params.get("language", "en"), original)
        return HTMLResponse(page, headers={"content-security-policy": REPORT_POLICY})

    icons = resources.files("provenance").joinpath("viewer", "icons")
    return [
        Route("/files", listed),
        Route("/files", add, methods=["POST"]),
        Route("/files/{item}", summary),
        Route("/files/{item}", remove, methods=["DELETE"]),
        Route("/files/{item}/thumbnail.webp", thumbnail),
        Route("/files/{item}/picture.png", picture),
        Route("/files/{item}/report", told),
        Route("/words/{language}", words),
        Mount("/icons", StaticFiles(directory=str(icons))),
    ]


def _told(item: Item) -> dict[str, Any]:
    """What the page is told before a file was looked at."""
    return {"id": item.id, "name": item.name, "dropped": item.data is not None}


def _known(files: Collection, item_id: str) -> str:
    """The file that a request names: one of the collection's, so never a path.

    Raises:
        HTTPException: 404, there is no such file.
    """
    if item_id not in files.items:
        raise HTTPException(404)
    return item_id


def _refusal(_: Request, error: Exception) -> Response:
    """An error of ours as JSON that the page shows."""
    status = 413 if isinstance(error, TooLargeError) else 422
    return JSONResponse({"error": str(error)}, status)
