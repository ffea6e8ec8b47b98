"""The question to a language model: what it is told about an anchor, and in which form it is to answer.

Equal anchors and vocabularies give equal bytes, since a reply is paid for once per distinct prompt.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from outfit_pairing.patterns.model import fingerprint
from outfit_pairing.patterns.prompt_vocabulary import PromptVocabulary
from outfit_pairing.style.product import Product
from outfit_pairing.style.rules import HOSIERY, SHIRT, TIE, flags_of
from outfit_pairing.style.vocabulary import SEASONS

__all__ = ["PROMPT_VERSION", "prompt_template", "render_prompt", "repair_message", "reply_schema"]

TEMPLATE = "prompt.txt.j2"
PARTS = "\n=== user ===\n"
LONGEST_TEXT = 120  # characters of the catalogue's own words about the anchor
LONGEST_ERROR = 600
MOST_ENUM = 120  # article types up to which a schema lists them; servers limit the size of a schema
SAID_OF_ANCHOR = ("name", "article_type", "slot", "audience", "colour", "season", "usage", "price_tier")
QUIET_COLOURS = ("navy blue", "grey", "black", "brown", "white", "blue", "beige")


def prompt_template() -> str:
    """The template as it ships, for a prompt registry."""
    return files(__package__).joinpath(TEMPLATE).read_text("utf-8")


# Changes with every letter of the template.
PROMPT_VERSION = fingerprint(prompt_template())[:12]


def render_prompt(anchor: Product, vocabulary: PromptVocabulary, count: int) -> tuple[str, str]:
    """The system and the user message that ask for `count` patterns for an anchor.

    The user message holds lines `ANCHOR: {…}`, `VOCABULARY: {…}` and `COUNT: n`, JSON on one line, that programs can read.
    """
    said = {"anchor_slot": anchor.slot, "slots": vocabulary.slots, "colours": vocabulary.colours, "occasions": vocabulary.occasions}
    flags = flags_of(vocabulary.traits)
    text = _template().render(
        anchor=_json(_told(anchor)),
        vocabulary=_json(said),
        count=count,
        slot=anchor.slot,
        slots=vocabulary.slots,
        own_kind=vocabulary.own_kind,
        tie=bool(flags & TIE),
        hosiery=bool(flags & HOSIERY),
        ties=vocabulary.ties and not flags & SHIRT,
        strict=vocabulary.traits.strict,
        wearers=list(vocabulary.wearers),
        colour=plain_text(anchor.colour or "", 40),
        narrow=vocabulary.narrow,
        example=_json({"patterns": [_example(vocabulary)]}),
    )
    system, user = text.split(PARTS)
    return system.strip(), user.strip()


def repair_message(error: str) -> str:
    """What a model is told whose reply could not be used."""
    return (
        f"That answer cannot be used: {plain_text(error, LONGEST_ERROR)}. Mend this and answer again with the whole JSON object, "
        'all patterns in it, in the same shape: {"patterns": [...]}. Use only words of VOCABULARY, and nothing but JSON.'
    )


def reply_schema(vocabulary: PromptVocabulary) -> dict[str, Any]:
    """JSON schema of a reply, in the subset that strict structured output takes everywhere.

    Every field is required, no other is allowed, and there are no bounds, patterns or references: servers differ on those.
    A season that may be null is an anyOf, the one form of "optional" that all of them know.
    """
    words = sorted({word for held in vocabulary.slots.values() for word in held})
    item = {
        "slot": _one_of(vocabulary.slots),
        "article_types": _list_of(_one_of(words) if len(words) <= MOST_ENUM else {"type": "string"}),
        "colours": _list_of(_one_of(vocabulary.colours)),
        "style": {"type": "string"},
        "required": {"type": "boolean"},
    }
    pattern = {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "occasion": _one_of(vocabulary.occasions),
        "season": {"anyOf": [_one_of(SEASONS), {"type": "null"}]},
        "items": _list_of(_object(item)),
        "confidence": {"type": "number"},
    }
    return _object({"patterns": _list_of(_object(pattern))})


def plain_text(text: str, longest: int) -> str:
    """`text` on one line, without control and format characters, cut at `longest` characters."""
    shown = text[: 10 * longest]
    if not shown.isprintable():
        seen = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in shown)
        shown = "".join(letter for letter in seen if unicodedata.category(letter) not in {"Cf", "Cs", "Co", "Cn"})
    line = " ".join(shown.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


@cache
def _template() -> Template:
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - plain text
    return environment.from_string(prompt_template())


def _told(anchor: Product) -> dict[str, str]:
    """What is said of the anchor."""
    values = {field: getattr(anchor, field) for field in SAID_OF_ANCHOR}
    return {field: plain_text(value, LONGEST_TEXT) for field, value in values.items() if value}


def _example(vocabulary: PromptVocabulary) -> dict[str, Any]:
    quiet = [colour for colour in QUIET_COLOURS if colour in vocabulary.colours] or list(vocabulary.colours)
    items = [
        {
            "slot": slot,
            "article_types": list(words),
            "colours": quiet[2 * place :][:2] or quiet[:2],
            "style": "plain",
            "required": True,
        }
        for place, (slot, words) in enumerate(vocabulary.example)
    ]
    return {
        "name": "Plain and Easy",
        "description": "Quiet pieces that let it speak.",
        "occasion": next(iter(vocabulary.occasions), "everyday"),
        "season": None,
        "items": items,
        "confidence": 0.8,
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(words: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)} if words else {"type": "string"}
