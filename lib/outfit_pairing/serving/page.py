"""The pages: search the catalogue, look at a product's outfits, go from item to item; and what was measured.

Made on the server and whole without scripts. What a page shows is in its address, so that it can be sent on and gone back to.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outfit_pairing.publishing.looks import Choice, Look, look_of, source_name, spoken
from outfit_pairing.publishing.outfits import ProductOutfits, ShownProduct
from outfit_pairing.publishing.spread import Group, spread
from outfit_pairing.quality.written import shown
from outfit_pairing.serving.quality_page import quality_page
from outfit_pairing.serving.ready import cache_control, etag_of, matches
from outfit_pairing.serving.service import NoSuchProduct, Offer, RecommendationsService
from outfit_pairing.serving.store import Hits, Release, StoreNotReady
from outfit_pairing.serving.wishes import Wishes
from outfit_pairing.style.vocabulary import SLOTS

FOLDER = Path(__file__).parent
LOOK_FOLDER = FOLDER.parent / "publishing"  # templates and style that the lookbook page shares
PAGE = 24  # products of a page
SPREAD_PAGES, SPREAD_PAGE = 24, 12  # of the catalogue, that the start page draws from
LONGEST = 200  # characters of a query
DEEPEST = 400  # pages of a search
POLICY = (
    "default-src 'none'; img-src 'self' data: http: https:; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
Handler = Callable[..., Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class State:
    """What the address of a product page says: filters as they were sent, empty where they were not."""

    occasion: str = ""
    slot: str = ""
    source: str = ""
    max_price: str = ""
    min_confidence: str = ""
    reasons: bool = False
    sold_out: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "State":
        """From a query; what cannot be used is left out, as an address may come from anywhere."""
        slot = query.get("slot", "")
        return cls(
            occasion=query.get("occasion", "")[:100],
            slot=slot if slot in SLOTS else "",
            source=query.get("source", "")[:100],
            max_price=_number(query.get("max_price", ""), 1e9),
            min_confidence=_number(query.get("min_confidence", ""), 1.0),
            reasons=bool(query.get("reasons")),
            sold_out=bool(query.get("sold_out")),
        )

    @property
    def narrowed(self) -> bool:
        """Whether a filter is set."""
        return any((self.occasion, self.slot, self.source, self.max_price, self.min_confidence))

    def wishes(self) -> Wishes:
        """As the service takes them."""
        return Wishes(
            slots=frozenset(filter(None, [self.slot])),
            sources=frozenset(filter(None, [self.source])),
            occasions=frozenset(filter(None, [self.occasion])),
            min_confidence=float(self.min_confidence or 0),
            max_price=float(self.max_price) if self.max_price else None,
            in_stock=not self.sold_out,
        )


class Pages:
    """The pages over one service.   private: a key is asked for, so that nobody in between may keep pages."""

    def __init__(self, service: RecommendationsService, *, private: bool) -> None:
        self.service, self.private = service, private
        self.assets = {"page.css": _css(), "page.js": (FOLDER / "page.js").read_bytes()}
        self.names = {name: f"{hashlib.sha256(body).hexdigest()[:12]}.{name}" for name, body in self.assets.items()}
        self.templates = Environment(
            loader=FileSystemLoader([FOLDER, LOOK_FOLDER]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {"spoken": spoken, "path": _path, "priced": priced, "day": _day, "figure": shown}
        self._start: tuple[Release, list[ShownProduct]] | None = None

    def router(self) -> APIRouter:
        """All pages and what they load."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self._page(self._start_page))
        router.add_api_route("/products/{product_id:path}", self._page(self._product_page))
        router.add_api_route("/quality", self._page(self._quality_page))
        router.add_api_route("/assets/{name}", self._asset)
        return router

    async def _start_page(self, request: Request) -> Response:
        query = " ".join(request.query_params.get("q", "")[:LONGEST].split())
        page = min(_whole(request.query_params.get("page", "")), DEEPEST)
        if not query:
            release, products = await self._spread()
            shown_all = {"total": len(products), "first": 1, "last": len(products), "earlier": "", "later": ""}
            return self._answer(
                request, "page_start.html.j2", release, place="start", query="", tiles=self._tiles(products), **shown_all
            )
        hits = await self.service.search(query, PAGE, (page - 1) * PAGE)
        return self._answer(request, "page_start.html.j2", hits.release, place="", query=query, **self._found(hits, query, page))

    def _found(self, hits: Hits, query: str, page: int) -> dict[str, Any]:
        last = (page - 1) * PAGE + len(hits.products)
        return {
            "tiles": self._tiles(hits.products),
            "total": hits.total,
            "first": (page - 1) * PAGE + 1,
            "last": last,
            "earlier": f"/?{urlencode({'q': query, 'page': page - 1})}" if page > 1 else "",
            "later": f"/?{urlencode({'q': query, 'page': page + 1})}"
            if hits.products and last < hits.total and page < DEEPEST
            else "",
        }

    async def _product_page(self, request: Request, product_id: str) -> Response:
        state = State.of(request.query_params)
        everything = await self.service.offer(product_id, Wishes(in_stock=False), None)
        offer = await self.service.offer(product_id, state.wishes(), None)
        facts = await self.service.product(product_id)
        look = self._look(everything)
        shown_cards = self._look(offer).cards
        own = _address(product_id)
        kept = {"reasons": "1"} if state.reasons else {}
        items = {item.product.product_id for outfit in offer.outfits for item in outfit.items}
        return self._answer(
            request,
            "page_product.html.j2",
            offer.release,
            place="",
            tile=look.tile,
            cards=shown_cards,
            offer=offer,
            released=offer.released,
            state=state,
            choices=_choices(look),
            priced=any(item.product.price is not None for outfit in everything.outfits for item in outfit.items),
            narrowed=state.narrowed or (bool(offer.sold_out) and not shown_cards),
            clear=f"{own}?{urlencode({**kept, **({'sold_out': '1'} if state.sold_out or offer.sold_out else {})})}",
            addresses={one: _address(one, kept) for one in items},
            anchors=[(one, self._tiles([one.product])[0]) for one in facts.anchors if one.product.product_id != product_id],
        )

    async def _quality_page(self, request: Request) -> Response:
        quality = await self.service.quality()
        return self._answer(request, "page_quality.html.j2", quality.release, place="quality", **quality_page(quality))

    async def _asset(self, name: str) -> Response:
        found = next((file for file, address in self.names.items() if address == name), None)
        if found is None:
            return Response(status_code=404)
        headers = {"cache-control": FOREVER, "content-type": TYPES[Path(found).suffix]}
        return Response(self.assets[found], headers=headers)

    async def _spread(self) -> tuple[Release, list[ShownProduct]]:
        """Some products to begin with, spread over slots and audiences; the same until the next release."""
        release = await self.service.store.release()
        if self._start and self._start[0] == release:
            return self._start
        groups: dict[Group, list[str]] = {}
        products: dict[str, ShownProduct] = {}
        step = max(release.products // SPREAD_PAGES, SPREAD_PAGE)
        for offset in range(0, release.products, step):
            there = min(SPREAD_PAGE, release.products - offset)  # those without outfits come last
            for one in (await self.service.search("", there, offset)).products:
                if one.product_id not in products and one.in_stock:
                    products[one.product_id] = one
                    groups.setdefault((one.slot or "other", one.audience or "unisex"), []).append(one.product_id)
        chosen = spread({group: len(ids) for group, ids in groups.items()}, groups, PAGE)
        self._start = (release, [products[one] for one in chosen])
        return self._start

    def _look(self, offer: Offer) -> Look:
        return look_of(ProductOutfits(offer.product, offer.outfits), self.service.guide)

    def _tiles(self, products: Any) -> list[Any]:
        return [look_of(ProductOutfits(one, ()), self.service.guide).tile for one in products]

    def _page(self, handler: Handler) -> Handler:
        """What goes wrong is said on a page, not as a problem for programs."""

        @wraps(handler)
        async def handle(*args: Any, **kwargs: Any) -> Response:
            try:
                return await handler(*args, **kwargs)
            except NoSuchProduct as fault:
                return self._message(404, "No such product", f"The catalogue has no product {fault.product_id[:LONGEST]}.")
            except StoreNotReady as fault:
                told = "Outfits cannot be shown at the moment. Try again in a few seconds."
                answer = self._message(503, "Not ready yet", told)
                answer.headers["retry-after"] = str(fault.retry_after_s)
                return answer

        return handle

    def _message(self, status: int, title: str, told: str) -> Response:
        body = self._render("page_message.html.j2", None, place="", title=title, told=told)
        return Response(body, status, {"cache-control": "no-store", "content-security-policy": POLICY}, "text/html; charset=utf-8")

    def _answer(self, request: Request, template: str, release: Release, **values: Any) -> Response:
        page = self._render(template, release, **values)
        etag = etag_of(release, page)
        headers = {
            "etag": etag.decode(),
            "cache-control": cache_control(private=self.private).decode(),
            "content-security-policy": POLICY,
        }
        if matches(request.headers.get("if-none-match", "").encode("latin-1"), etag):
            return Response(status_code=304, headers=headers)
        return Response(page, headers=headers, media_type="text/html; charset=utf-8")

    def _render(self, template: str, release: Release | None, **values: Any) -> bytes:
        page = self.templates.get_template(template).render(release=release, assets=self.names, **values)
        return page.encode("utf-8", "replace")


def priced(product: ShownProduct) -> str:
    """A price with its currency; empty where the shop says none."""
    return "" if product.price is None else f"{product.price:,.2f} {product.currency or ''}".strip()


def _choices(look: Look) -> dict[str, list[Choice]]:
    """What the filters can take, with the outfits that each leaves."""
    occasions = Counter(card.outfit.occasion for card in look.cards if card.outfit.occasion)
    sources = Counter(card.outfit.source for card in look.cards)
    slots = Counter(slot for card in look.cards for slot in {one.slot for one in card.items})
    return {
        "occasion": [Choice(one, spoken(one).capitalize(), occasions[one]) for one in sorted(occasions)],
        "source": [Choice(one, source_name(one).capitalize(), sources[one]) for one in sorted(sources)],
        "slot": [Choice(one, spoken(one).capitalize(), slots[one]) for one in SLOTS if one in slots],
    }


def _css() -> bytes:
    return b"\n".join(((LOOK_FOLDER / "look.css").read_bytes(), (FOLDER / "page.css").read_bytes()))


def _address(product_id: str, query: Mapping[str, str] | None = None) -> str:
    return f"/products/{_path(product_id)}{'?' + urlencode(query) if query else ''}"


def _path(product_id: str) -> str:
    return quote(product_id, safe="")


def _number(text: str, most: float) -> str:
    try:
        value = float(text)
    except ValueError:
        return ""
    return f"{value:g}" if 0 <= value <= most else ""


def _whole(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
