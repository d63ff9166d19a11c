"""The local page of a study."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import AnnotationError
from ..files import shown
from ..labels.schema import MAX_BYTES, load_json
from ..web import server
from .store import ConflictError
from .study import Study


class Server(server.Server):
    """The page of a study, ready to run.

    Args:
        port: 0 for one that is free.

    Raises:
        ProvenanceError: The port cannot be had.
    """

    def __init__(self, study: Study, port: int = 0) -> None:
        super().__init__(
            "annotation",
            _routes(study),
            port,
            command="provenance annotate open",
            refusal=_refusal,
        )


def _routes(study: Study) -> list[Route]:
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
        sent = await server.body(request, "application/json", MAX_BYTES)
        submission = load_json(sent, "annotation", AnnotationError)
        return JSONResponse(await run_in_threadpool(study.put, pair_id, submission))

    return [
        Route("/study", overview),
        Route("/pairs/{pair_id}", get),
        Route("/pairs/{pair_id}", put, methods=["PUT"]),
        Route("/pairs/{pair_id}/{side}.png", picture),
    ]


def _pair_id(study: Study, request: Request) -> str:
    """The pair that a request names: one of the study's, so never a path.

    Raises:
        HTTPException: 404, there is no such pair.
    """
    pair_id: str = request.path_params["pair_id"]
    if pair_id not in study.pairs:
        raise HTTPException(404)
    return pair_id


def _refusal(_: Request, error: Exception) -> Response:
    """An error of ours as JSON that the page shows."""
    status = 409 if isinstance(error, ConflictError) else 422
    if not isinstance(error, AnnotationError | ConflictError):
        status = 500
    return JSONResponse({"error": shown(str(error))}, status)
