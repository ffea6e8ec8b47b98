"""The API under /v1, and what load balancers and monitoring ask."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from outfit_pairing.serving import answers
from outfit_pairing.serving.api_models import (
    Basket,
    CompletedAnswer,
    Events,
    FactsAnswer,
    HealthAnswer,
    HitsAnswer,
    OutfitsAnswer,
    OutfitsQuery,
    QualityAnswer,
    ReadyAnswer,
    SearchQuery,
    TakenAnswer,
    problems,
)
from outfit_pairing.serving.monitoring import Figures
from outfit_pairing.serving.ready import LONGEST_USER, ReadyAnswers, cache_control, etag_of, matches, send_ready
from outfit_pairing.serving.service import RecommendationsService
from outfit_pairing.serving.store import Release, StoreNotReady

ProductId = Annotated[str, Path(min_length=1, max_length=256, description="The shop's own id.", examples=["15970"])]
NO_STORE = {"cache-control": "no-store"}


class _ReadyResponse(Response):
    """Bytes that lie ready, or 304."""

    def __init__(self, found: Any, *, private: bool) -> None:
        super().__init__()
        self.found, self.private = found, private

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        await send_ready(self.found, scope, send, private=self.private)


class Api:
    """The routes over one service.   private: a key is asked for, so that nobody in between may keep answers."""

    def __init__(self, service: RecommendationsService, ready: ReadyAnswers, figures: Figures, *, private: bool) -> None:
        self.service, self.ready, self.figures, self.private = service, ready, figures, private

    def router(self) -> APIRouter:
        """All routes with their descriptions."""
        router = APIRouter()

        @router.get(
            "/v1/products",
            tags=["products"],
            summary="Search the catalogue",
            response_model=HitsAnswer,
            responses=problems(422, 503),
        )
        async def search(asked: Annotated[SearchQuery, Query()], request: Request) -> Response:
            """Products whose id, name, type or colour hold all words of the query, those with outfits first; all for no word."""
            hits = await self.service.search(asked.query, asked.limit, asked.offset)
            return self._answer(request, hits.release, answers.hits_json(hits, asked.limit, asked.offset))

        @router.get(
            "/v1/products/{product_id:path}/outfits",
            tags=["outfits"],
            summary="Outfits of a product",
            response_model=OutfitsAnswer,
            responses=problems(404, 422, 503) | {304: {"description": "What If-None-Match names is still shown."}},
        )
        async def outfits(
            product_id: ProductId,
            asked: Annotated[OutfitsQuery, Query()],
            request: Request,
            x_user: Annotated[str | None, Header(max_length=LONGEST_USER, description="As `user`.")] = None,
        ) -> Response:
            """Released outfits of a product, best first, as far as the filters leave them.

            Outfits with an item that is sold out, or has left the catalogue, are not offered unless `in_stock=false`.
            """
            variant = self.service.variant(x_user or asked.user)
            offer = await self.service.offer(product_id, asked.wishes(asked.number), variant)
            query = b"" if asked.user else request.scope["query_string"]
            key = (request.scope["path"], query, variant)
            found = (
                self.ready.make(offer, reasons=asked.reasons) if asked.user else self.ready.keep(key, offer, reasons=asked.reasons)
            )
            await self.service.expose(offer)
            return _ReadyResponse(found, private=self.private)

        @router.get(
            "/v1/products/{product_id:path}",
            tags=["products"],
            summary="A product and where its outfits come from",
            response_model=FactsAnswer,
            responses=problems(404, 422, 503),
        )
        async def product(product_id: ProductId, request: Request) -> Response:
            """A product, how many outfits it has from which source, and the anchors that lent their patterns."""
            facts = await self.service.product(product_id)
            return self._answer(request, facts.release, answers.facts_json(facts))

        @router.post(
            "/v1/looks/complete",
            tags=["outfits"],
            summary="Complete the look",
            response_model=CompletedAnswer,
            responses=problems(404, 413, 422, 503),
        )
        async def complete(basket: Basket) -> Response:
            """Looks that hold as much of a basket as goes together, and what is missing to wear them.

            Every released outfit of every product of the basket is tried; its other products take their places in it where
            all hard rules allow. Looks with more of the basket come first. Filters judge the released outfits.
            """
            done = await self.service.complete(basket.products, basket.wishes(basket.number), basket.number)
            body = answers.encoded(answers.completed_json(done, reasons=basket.reasons))
            return Response(body, headers=NO_STORE, media_type="application/json")

        @router.get(
            "/v1/quality", tags=["quality"], summary="What was measured", response_model=QualityAnswer, responses=problems(503)
        )
        async def quality(request: Request) -> Response:
            """Figures and gates of the run that is shown, and of the runs before it."""
            found = await self.service.quality()
            return self._answer(request, found.release, answers.quality_json(found))

        @router.post(
            "/v1/feedback",
            tags=["feedback"],
            status_code=202,
            summary="What shoppers did with outfits",
            response_model=TakenAnswer,
            responses=problems(413, 422, 503),
        )
        async def feedback(given: Events) -> Response:
            """Keep events: outfits shown, clicked, bought or dismissed.

            Events with an `event_id` may be sent again; they count once. No event says who it was: unknown fields are refused.
            """
            await self.service.feedback.add(given.events)
            for event in given.events:
                self.figures.feedback.labels(event.event).inc()
            body = answers.encoded({"taken": len(given.events)})
            return Response(body, 202, headers=NO_STORE, media_type="application/json")

        self._add_health(router)
        return router

    def _add_health(self, router: APIRouter) -> None:
        @router.get("/health/live", tags=["health"], summary="Is the process alive?", response_model=HealthAnswer)
        async def live() -> Response:
            """Needs no key."""
            return Response(b'{"status":"live"}', headers=NO_STORE, media_type="application/json")

        @router.get(
            "/health/ready",
            tags=["health"],
            summary="Is there something to show?",
            response_model=ReadyAnswer,
            responses={key: value for key, value in problems(503).items() if key not in {401, 414}},
        )
        async def is_ready() -> Response:
            """503 until a release is loaded. Needs no key."""
            release = await self.service.store.release()
            told = {
                "status": "ready",
                "release": answers.release_json(release),
                "products": release.products,
                "outfits": release.outfits,
            }
            return Response(answers.encoded(told), headers=NO_STORE, media_type="application/json")

        @router.get("/metrics", include_in_schema=False)
        async def metrics() -> Response:
            """Figures for Prometheus."""
            await self.tell_release()
            return Response(generate_latest(self.figures.registry), headers={**NO_STORE, "content-type": CONTENT_TYPE_LATEST})

    async def tell_release(self) -> None:
        """Bring the figures about the release up to date."""
        try:
            release = await self.service.store.release()
        except StoreNotReady:
            self.figures.ready.set(0)
            return
        self.figures.ready.set(1)
        self.figures.release.set(release.number)
        self.figures.released_at.set(release.released_at.timestamp())
        self.figures.products.set(release.products)
        self.figures.outfits.set(release.outfits)

    def _answer(self, request: Request, release: Release, answer: answers.Json) -> Response:
        """A JSON answer that caches may keep for a while."""
        body = answers.encoded(answer)
        etag = etag_of(release, body)
        headers = {"etag": etag.decode(), "cache-control": cache_control(private=self.private).decode()}
        if matches(request.headers.get("if-none-match", "").encode("latin-1"), etag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")
