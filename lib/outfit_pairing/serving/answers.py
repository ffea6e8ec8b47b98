"""Answers as JSON bytes. What is written here is what api_models.py describes."""

import json
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from outfit_pairing.publishing.outfits import Outfit, OutfitItem, ShownProduct
from outfit_pairing.serving.completing import CompletedLook
from outfit_pairing.serving.service import Anchor, Completed, Offer, ProductFacts
from outfit_pairing.serving.store import Hits, Metric, Quality, Release

Json = dict[str, Any]
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
PRODUCT_FIELDS = tuple(ShownProduct.__dataclass_fields__)


def encoded(answer: Json) -> bytes:
    """As compact UTF-8."""
    return _encode(answer).encode("utf-8", "replace")


def offer_bytes(offer: Offer, *, reasons: bool) -> bytes:
    """GET /v1/products/{id}/outfits. Put together of pieces that are encoded once: nearly all answers are of this kind."""
    told = encoded(
        {
            "released": offer.released,
            "left_out": {"sold_out": offer.sold_out, "filtered": offer.filtered},
            "without_outfits": offer.without_outfits,
            "variant": offer.variant,
        }
    )
    outfits = ",".join(_outfit_text(one, reasons=reasons) for one in offer.outfits)
    begin = f'{{"release":{_text_of_release(offer.release)},"product":{_text_of_product(offer.product)},"outfits":[{outfits}],'
    return begin.encode("utf-8", "replace") + told[1:]


def _outfit_text(outfit: Outfit, *, reasons: bool) -> str:
    items = ",".join(_item_text(one, reasons=reasons) for one in outfit.items)
    anchor = _text_of(outfit.anchor_product_id)
    return (
        f'{{"rank":{outfit.rank},"outfit_id":{encode_basestring(outfit.outfit_id)},"source":{_text_of(outfit.source)},'
        f'"occasion":{_text_of(outfit.occasion)},"pattern_name":{_text_of(outfit.pattern_name)},"anchor_product_id":{anchor},'
        f'"score":{_number(outfit.score)},"confidence":{_number(outfit.confidence)},"items":[{items}]}}'
    )


def _item_text(item: OutfitItem, *, reasons: bool) -> str:
    why = f',"reasons":[{",".join(map(_text_of, item.reasons))}]' if reasons else ""
    return f'{{"slot":{_text_of(item.slot)},"product":{_text_of_product(item.product)},"score":{_number(item.score)}{why}}}'


def facts_json(facts: ProductFacts) -> Json:
    """GET /v1/products/{id}."""
    return {
        "release": release_json(facts.release),
        "product": product_json(facts.product),
        "outfits": facts.outfits,
        "sources": facts.sources,
        "anchors": [_anchor_json(one) for one in facts.anchors],
        "without_outfits": facts.without_outfits,
    }


def hits_json(hits: Hits, limit: int, offset: int) -> Json:
    """GET /v1/products?query=."""
    following = offset + len(hits.products)
    return {
        "release": release_json(hits.release),
        "products": [product_json(one) for one in hits.products],
        "total": hits.total,
        "limit": limit,
        "next_offset": following if hits.products and following < hits.total else None,
    }


def completed_json(completed: Completed, *, reasons: bool) -> Json:
    """POST /v1/looks/complete."""
    return {
        "release": release_json(completed.release),
        "basket": [product_json(one) for one in completed.basket],
        "unknown": list(completed.unknown),
        "looks": [_look_json(one, reasons=reasons) for one in completed.looks],
    }


def quality_json(quality: Quality) -> Json:
    """GET /v1/quality."""
    return {
        "release": release_json(quality.release),
        "metrics": [_metric_json(one) for one in quality.metrics],
        "history": [_metric_json(one) for one in quality.history],
    }


def release_json(release: Release) -> Json:
    """Which result an answer is made of."""
    return {"number": release.number, "run_id": release.run_id, "released_at": release.released_at.isoformat()}


def product_json(product: ShownProduct) -> Json:
    """What is shown of a product."""
    return {name: getattr(product, name) for name in PRODUCT_FIELDS}


def _item_json(item: OutfitItem, *, reasons: bool) -> Json:
    found: Json = {"slot": item.slot, "product": product_json(item.product), "score": item.score}
    if reasons:
        found["reasons"] = item.reasons
    return found


def _look_json(look: CompletedLook, *, reasons: bool) -> Json:
    return {
        "around": look.around.product_id,
        "outfit_id": look.outfit.outfit_id,
        "rank": look.outfit.rank,
        "source": look.outfit.source,
        "occasion": look.outfit.occasion,
        "pattern_name": look.outfit.pattern_name,
        "confidence": look.outfit.confidence,
        "held": [one.product_id for one in look.held],
        "missing": [_item_json(one, reasons=reasons) for one in look.missing],
        "exchanged": list(look.exchanged),
        "left_out": [{"product_id": product_id, "reason": why} for product_id, why in look.left_out.items()],
    }


def _anchor_json(anchor: Anchor) -> Json:
    return {"product": product_json(anchor.product), "patterns": list(anchor.patterns), "ranks": list(anchor.ranks)}


def _metric_json(metric: Metric) -> Json:
    value = metric.value if metric.value is None or metric.value == metric.value else None  # NaN is no JSON
    return {
        "run_id": metric.run_id,
        "metric": metric.metric,
        "value": value,
        "threshold": metric.threshold,
        "passed": metric.passed,
        "detail": metric.detail,
        "updated_at": metric.updated_at.isoformat(),
    }


@lru_cache(maxsize=16_384)
def _text_of(words: str | None) -> str:
    """Reasons, occasions and names: few, and said again and again."""
    return _encode(words)


@lru_cache(maxsize=65_536)
def _text_of_product(product: ShownProduct) -> str:
    return _encode(product_json(product))


@lru_cache(maxsize=8)
def _text_of_release(release: Release) -> str:
    return _encode(release_json(release))


def _number(value: float | None) -> str:
    return "null" if value is None else repr(float(value))
