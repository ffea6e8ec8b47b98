"""The HTTP service: API, pages and health over one store, as an ASGI application."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from outfit_pairing import __version__
from outfit_pairing.errors import printable, short
from outfit_pairing.serving.api import Api
from outfit_pairing.serving.api_models import Problem
from outfit_pairing.serving.edge import FAILED, Edge
from outfit_pairing.serving.monitoring import AccessLog, Figures
from outfit_pairing.serving.opening import Opening
from outfit_pairing.serving.page import Pages
from outfit_pairing.serving.problems import problem
from outfit_pairing.serving.ready import LeanOutfits, ReadyAnswers
from outfit_pairing.serving.service import NoSuchProduct, RecommendationsService
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.style.sources import BASE_CONFIDENCE
from outfit_pairing.style.vocabulary import SLOTS

MOST_ERRORS = 20  # that one answer lists
LONGEST = 200  # characters of what is said of one
DESCRIPTION = """Outfits for the products of a fashion catalogue, as they were released last.

Every answer is made of one release, which it names, and may be kept for a minute; its `ETag` begins with the release.
Errors are `application/problem+json` (RFC 9457)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the service is open.   key: whoever does not give it is refused; None: open to all."""

    key: str | None = None


def create_app(service: RecommendationsService, options: Options = Options(), log: AccessLog | None = None) -> ASGIApp:
    """The application. It opens store and feedback when it starts, and closes them when it ends.

    Args:  log: where requests are noted; stderr by default.
    """
    figures, log = Figures(), log or AccessLog()
    ready = ReadyAnswers(figures)
    private = options.key is not None
    opening = Opening(service)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await opening.start()
        try:
            yield
        finally:
            await opening.end()
            log.flush()

    app = FastAPI(
        title="outfit-pairing",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts of another host
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(Api(service, ready, figures, private=private).router())
    app.include_router(Pages(service, private=private).router())
    _tell_problems(app)
    _describe(app, with_key=private)
    return Edge(LeanOutfits(app, service, ready, private=private), options.key, figures, log)


def _tell_problems(app: FastAPI) -> None:
    """Every error as a problem; pages get one that people can read."""

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, fault: HTTPException) -> Response:
        if fault.status_code == 400:  # of FastAPI: the body is not even text
            return problem(
                422, "body: it is no JSON", request.scope["request_id"], errors=[{"where": "body", "what": "it is no JSON"}]
            )
        told = {404: "nothing lies at this address", 405: f"{request.method} is not answered here"}
        detail = told.get(fault.status_code, fault.detail)
        return problem(fault.status_code, detail, request.scope["request_id"], dict(fault.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def wrong_input(request: Request, fault: RequestValidationError) -> Response:
        errors = [{"where": _where(one["loc"]), "what": _what(str(one["msg"]))} for one in fault.errors()[:MOST_ERRORS]]
        told = "; ".join(f"{one['where']}: {one['what']}" for one in errors[:3])
        return problem(422, told, request.scope["request_id"], errors=errors)

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:  # it goes on to the edge, which logs it
        return problem(500, FAILED, request.scope["request_id"], {"cache-control": "no-store"})

    @app.exception_handler(NoSuchProduct)
    async def no_product(request: Request, fault: NoSuchProduct) -> Response:
        return problem(404, fault.what, request.scope["request_id"])

    @app.exception_handler(StoreNotReady)
    async def not_ready(request: Request, fault: StoreNotReady) -> Response:
        headers = {"retry-after": str(fault.retry_after_s), "cache-control": "no-store"}
        return problem(503, fault.what, request.scope["request_id"], headers)


def _what(message: str) -> str:
    """What pydantic says, as one short line."""
    return printable(" ".join(message.removeprefix("Value error, ").split()))[:LONGEST]


def _where(place: tuple[int | str, ...]) -> str:
    """`query.number`, `body.events.3.rank`."""
    return short(".".join(str(one) for one in place))


def _describe(app: FastAPI, *, with_key: bool) -> None:
    """The description of the API: errors are problems, and a key is told of where one is asked for."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            parts = found.setdefault("components", {}).setdefault("schemas", {})
            told = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.update(told.pop("$defs", {}))
            parts["Problem"] = told
            event = parts["FeedbackEvent"]["properties"]
            event["source"]["enum"] = list(BASE_CONFIDENCE)
            event["slot"]["anyOf"][0]["enum"] = list(SLOTS)
            for name in ("HTTPValidationError", "ValidationError"):
                parts.pop(name, None)
            if with_key:
                found["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
                found["security"] = [{"key": []}]
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
