"""What requests and answers of the API hold, for its description (OpenAPI) and for checking what is sent."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from outfit_pairing.serving.feedback import FeedbackEvent
from outfit_pairing.serving.service import MOST_BASKET
from outfit_pairing.serving.wishes import MOST_OUTFITS, Wishes

Slot = Literal[
    "top", "bottom", "one_piece", "outerwear", "footwear", "bag", "belt", "headwear", "eyewear", "watch", "jewellery",
    "scarf_or_tie", "innerwear", "sleepwear", "swimwear", "beauty", "other",
]  # fmt: skip
Audience = Literal["women", "men", "unisex", "girls", "boys", "kids"]
Source = Literal["lookbook_curated", "lookbook_algorithmic", "pattern_based", "rule_based"]
Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
MOST_EVENTS = 100  # of one request
MOST_PAGE = 100  # products of one page of a search
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DEEPEST = 100_000  # offset of a search

SHIRT: dict[str, Any] = {
    "product_id": "15970",
    "name": "Turtle Check Men Navy Blue Shirt",
    "audience": "men",
    "slot": "top",
    "article_type": "Shirts",
    "colour": "navy blue",
    "season": "fall",
    "usage": "casual",
    "image_url": None,
    "price": None,
    "currency": None,
    "in_stock": True,
}
JEANS: dict[str, Any] = SHIRT | {
    "product_id": "39386",
    "name": "Peter England Men Party Blue Jeans",
    "slot": "bottom",
    "article_type": "Jeans",
    "colour": "blue",
}
RELEASE: dict[str, Any] = {"number": 12, "run_id": "20260302T021500-4f1c2a9b", "released_at": "2026-03-02T02:41:07+00:00"}
ITEM: dict[str, Any] = {
    "slot": "bottom",
    "product": JEANS,
    "score": 0.82,
    "reasons": ["navy blue with blue: calm", "as relaxed as the rest"],
}
OUTFIT: dict[str, Any] = {
    "rank": 1, "outfit_id": "5b0f…", "source": "pattern_based", "occasion": "weekend", "pattern_name": "Easy weekend",
    "anchor_product_id": "15970", "score": 0.86, "confidence": 0.6, "items": [ITEM],
}  # fmt: skip


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReleaseAnswer(_Answer):
    """Which released result the answer is made of: always one, never two."""

    number: int
    run_id: str
    released_at: str


class ProductAnswer(_Answer):
    """A product; null is what the shop does not say. `in_stock` null: it has left the catalogue."""

    model_config = ConfigDict(json_schema_extra={"example": SHIRT})

    product_id: str
    name: str | None
    audience: str | None
    slot: str | None
    article_type: str | None
    colour: str | None
    season: str | None
    usage: str | None
    image_url: str | None
    price: float | None
    currency: str | None
    in_stock: bool | None


class ItemAnswer(_Answer):
    """One product of an outfit, in the slot that it fills."""

    slot: str
    product: ProductAnswer
    score: float | None
    reasons: list[str] = Field(default=[], description="Why it was chosen; left out with reasons=false.")


class OutfitAnswer(_Answer):
    """One outfit; the product itself is not among the items."""

    rank: int
    outfit_id: str
    source: str
    occasion: str | None
    pattern_name: str | None
    anchor_product_id: str | None
    score: float | None
    confidence: float | None
    items: list[ItemAnswer]


class LeftOut(_Answer):
    """Released outfits that are not among the answer's."""

    sold_out: int = Field(description="Because an item is sold out or has left the catalogue.")
    filtered: int = Field(description="Because of the filters.")


class OutfitsAnswer(_Answer):
    """A product with its outfits, best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": RELEASE, "product": SHIRT, "outfits": [OUTFIT], "released": 5,
                "left_out": {"sold_out": 1, "filtered": 3}, "without_outfits": None, "variant": None,
            }
        }
    )  # fmt: skip

    release: ReleaseAnswer
    product: ProductAnswer
    outfits: list[OutfitAnswer]
    released: int = Field(description="Outfits that are released for the product.")
    left_out: LeftOut
    without_outfits: str | None = Field(description="Why none is released, where none is.")
    variant: str | None = Field(description="Variant of the running experiment; null without a user or an experiment.")


class AnchorAnswer(_Answer):
    """An anchor that lent patterns to the product."""

    product: ProductAnswer
    patterns: list[str]
    ranks: list[int] = Field(description="Of the outfits that follow them.")


class FactsAnswer(_Answer):
    """A product and where its outfits come from."""

    release: ReleaseAnswer
    product: ProductAnswer
    outfits: int
    sources: dict[str, int] = Field(description="Outfits by source.")
    anchors: list[AnchorAnswer] = Field(description="Products alike that the patterns were written for.")
    without_outfits: str | None


class HitsAnswer(_Answer):
    """One page of a search."""

    release: ReleaseAnswer
    products: list[ProductAnswer]
    total: int
    limit: int
    next_offset: int | None = Field(description="Where the next page begins; null on the last one.")


class LeftOutProduct(_Answer):
    """A product of the basket that a look does not hold."""

    product_id: str
    reason: str


class LookAnswer(_Answer):
    """One look around the basket."""

    around: str = Field(description="The product of the basket whose released outfit it follows.")
    outfit_id: str
    rank: int
    source: str
    occasion: str | None
    pattern_name: str | None
    confidence: float | None
    held: list[str] = Field(description="Products of the basket that it holds.")
    missing: list[ItemAnswer] = Field(description="What completes the look.")
    exchanged: list[str] = Field(description="Items of the outfit whose places products of the basket have taken.")
    left_out: list[LeftOutProduct]


class CompletedAnswer(_Answer):
    """Looks around a basket, those with most of it first."""

    release: ReleaseAnswer
    basket: list[ProductAnswer]
    unknown: list[str] = Field(description="Ids that the catalogue does not have.")
    looks: list[LookAnswer]


class MetricAnswer(_Answer):
    """One figure of check-quality."""

    run_id: str
    metric: str
    value: float | None
    threshold: float | None = Field(description="Its gate; null for a figure without one.")
    passed: bool | None
    detail: str | None
    updated_at: str


class QualityAnswer(_Answer):
    """What was measured on the run that is shown, and on those before it, oldest first."""

    release: ReleaseAnswer
    metrics: list[MetricAnswer]
    history: list[MetricAnswer]


class HealthAnswer(_Answer):
    """How the service is."""

    status: Literal["live", "ready"]


class ReadyAnswer(_Answer):
    """What the service shows."""

    status: Literal["ready"]
    release: ReleaseAnswer
    products: int
    outfits: int


class TakenAnswer(_Answer):
    """How many events were taken."""

    taken: int


class WrongInput(_Answer):
    """One thing that is wrong with a request."""

    where: str
    what: str


class Problem(BaseModel):
    """An error (RFC 9457, application/problem+json)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "the catalogue has no product 99",
                        "request_id": "0f6d8a4b9c3e4f0a8f6f7f6a4e3d2c1b"}
        }
    )  # fmt: skip

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[WrongInput] = Field(default=[], description="With status 422: everything that is wrong.")


class _Filters(BaseModel):
    """Filters that a query and a basket share."""

    model_config = ConfigDict(extra="forbid")

    slot: list[Slot] = Field([], max_length=17, description="Only outfits that fill this slot; given again: all of them.")
    source: list[Source] = Field([], max_length=4, description="Only outfits from this source; given again: one of them.")
    occasion: list[Annotated[str, Field(max_length=100)]] = Field(
        [], max_length=10, description="Only outfits for this occasion; given again: one of them."
    )
    audience: Audience | None = Field(None, description="Only outfits whose every item suits this audience.")
    min_confidence: float = Field(0.0, ge=0, le=1, description="Only outfits of at least this confidence.")
    min_price: Price | None = Field(None, description="Every item costs at least this; items without a price do not fit.")
    max_price: Price | None = Field(None, description="Every item costs at most this; items without a price do not fit.")
    in_stock: bool = Field(True, description="Outfits with a sold-out or vanished item are left out; false: they are not.")
    reasons: bool = Field(True, description="Whether items say why they were chosen.")

    def wishes(self, number: int) -> Wishes:
        """As the service takes them."""
        return Wishes(
            slots=frozenset(self.slot),
            sources=frozenset(self.source),
            occasions=frozenset(self.occasion),
            audience=self.audience,
            min_confidence=self.min_confidence,
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock=self.in_stock,
            number=number,
        )


class OutfitsQuery(_Filters):
    """Query of GET /v1/products/{product_id}/outfits."""

    number: int = Field(MOST_OUTFITS, ge=1, le=MOST_OUTFITS, description="The best so many.")
    user: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="Who is looking, for the running experiment: hashed to find the variant, never kept. Better sent as X-User.",
    )


class SearchQuery(BaseModel):
    """Query of GET /v1/products."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field("", max_length=200, description="Words of id, name, type or colour; all of them must be held.")
    limit: int = Field(24, ge=1, le=MOST_PAGE, description="Products on a page.")
    offset: int = Field(0, ge=0, le=DEEPEST, description="Products before the page.")


class Basket(_Filters):
    """Body of POST /v1/looks/complete."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"products": ["15970", "39386"], "number": 3}})

    products: list[Annotated[str, Field(min_length=1, max_length=256)]] = Field(
        min_length=1, max_length=MOST_BASKET, description="Ids of the products in the basket."
    )
    number: int = Field(5, ge=1, le=MOST_OUTFITS, description="The best so many looks.")


class Events(BaseModel):
    """Body of POST /v1/feedback."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "events": [
                    {"event": "clicked", "product_id": "15970", "outfit_id": "5b0f…", "rank": 1, "source": "pattern_based",
                     "slot": "bottom", "item_product_id": "39386", "release": 12}
                ]
            }
        },
    )  # fmt: skip

    events: list[FeedbackEvent] = Field(min_length=1, max_length=MOST_EVENTS, description="What shoppers did with outfits.")

    @field_validator("events", mode="before")
    @classmethod
    def _dated(cls, events: Any) -> Any:
        """Times are written out: a bare number could be seconds or milliseconds."""
        given = [one["at"] for one in events if isinstance(one, dict) and "at" in one] if isinstance(events, list) else []
        if not all(isinstance(one, str) and DATE.match(one) for one in given):
            raise ValueError("at: write it as 2026-03-02T10:15:00+01:00")
        return events


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its description."""
    told = {
        401: "No API key, or another.",
        404: "No such product.",
        413: "The body is too large.",
        414: "Path or query is too long.",
        422: "Something in the request cannot be used; `errors` says what.",
        503: "Nothing can be shown now; Retry-After says when to ask again.",
        500: "Something failed that should not.",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": told[status], "content": content} for status in (*statuses, 401, 414, 500)}
