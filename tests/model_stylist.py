"""What the fake model answers: good patterns from the prompt's own vocabulary, and bad replies of every kind."""

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from outfit_pairing.style import load_style_guide
from outfit_pairing.style.rules import flags_of, structure_fault, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits, traits_of

CORES = {
    "top": (("bottom", "footwear"),),
    "bottom": (("top", "footwear"),),
    "one_piece": (("footwear", "bag"), ("footwear",)),
    "outerwear": (("top", "bottom", "footwear"), ("one_piece", "footwear")),
    "footwear": (("top", "bottom"), ("one_piece", "bag")),
}
CORES_OF_ACCESSORIES = (("top", "bottom", "footwear"), ("one_piece", "footwear"), ("top", "bottom"))
EXTRAS = ("bag", "watch", "eyewear", "outerwear", "belt", "headwear", "jewellery", "scarf_or_tie")
NEUTRALS = ("black", "white", "grey", "navy blue", "beige", "brown", "cream", "tan")
STYLES = ("clean lines, matte finish", "soft cotton, relaxed cut", "slim fit, fine texture", "classic, understated details")
ADJECTIVES = ("Easy", "Crisp", "Quiet", "Bold", "Bright", "Polished", "Relaxed", "City", "Weekend", "Evening", "Modern", "Classic")
MOST_DRAWS = 800
WITHOUT_VOCABULARY = {
    "anchor_slot": "top",
    "slots": {
        "bottom": ["jeans", "trousers", "chinos"],
        "footwear": ["casual shoes", "formal shoes", "sneakers"],
        "belt": ["belt"],
        "watch": ["watch"],
        "bag": ["backpack"],
    },
    "colours": ["black", "white", "grey", "navy blue", "brown"],
    "occasions": ["everyday", "office"],
}


def good_reply(prompt: str) -> dict[str, Any]:
    """`{"patterns": […]}` for a user prompt that holds the lines VOCABULARY and COUNT; the same prompt, the same reply."""
    vocabulary = _line(prompt, "VOCABULARY") or WITHOUT_VOCABULARY
    count = _line(prompt, "COUNT") or 8
    anchor = _line(prompt, "ANCHOR")
    return {"patterns": _Stylist(vocabulary, anchor if isinstance(anchor, dict) else {}, random.Random(prompt)).patterns(count)}


def _line(prompt: str, name: str) -> Any:
    found = re.search(rf"^{name}:[ \t]*(.+)$", prompt, re.MULTILINE)
    try:
        return json.loads(found[1]) if found else None
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def _traits(article_type: str, slot: str, usage: str | None = None) -> Traits:
    return traits_of(article_type, slot, usage, None, load_style_guide())


class _Stylist:
    """Composes outfits that differ and keep the hard rules, as far as the vocabulary allows."""

    def __init__(self, vocabulary: Mapping[str, Any], anchor: Mapping[str, Any], dice: random.Random) -> None:
        self.slots: dict[str, list[str]] = {slot: list(words) for slot, words in vocabulary["slots"].items() if words}
        self.slot = str(vocabulary.get("anchor_slot") or "top")
        self.occasions = list(vocabulary.get("occasions") or ["everyday"])
        colours = list(vocabulary.get("colours") or ["black"])
        self.colours = [colour for colour in colours if colour.lower() in NEUTRALS] or colours
        self.anchor = _traits(str(anchor["article_type"]), self.slot, anchor.get("usage")) if "article_type" in anchor else None
        self.dice = dice

    def patterns(self, count: int) -> list[dict[str, Any]]:
        chosen: dict[frozenset[tuple[str, str]], list[tuple[str, str]]] = {}
        for strict in (True, False):
            for _ in range(MOST_DRAWS):
                if len(chosen) == count:
                    break
                pieces = self._draw()
                if len(pieces) >= 2 and (not strict or self._goes_together(pieces)):
                    chosen.setdefault(frozenset(pieces), pieces)
        looks = list(chosen.values())
        repeated = [looks[number % len(looks)] for number in range(count)] if looks else []
        return [self._pattern(number, pieces) for number, pieces in enumerate(repeated)]

    def _draw(self) -> list[tuple[str, str]]:
        if self.slot in OWN_KIND:
            words = self.slots.get(self.slot, [])
            wanted = min(len(words), self.dice.randint(2, 4))
            return [(self.slot, word) for word in self.dice.sample(words, wanted)]
        cores = [core for core in CORES.get(self.slot, CORES_OF_ACCESSORIES) if set(core) <= self.slots.keys()]
        core = self.dice.choice(cores) if cores else ()
        extras = [slot for slot in EXTRAS if slot in self.slots and slot not in core and slot != self.slot]
        wanted = self.dice.randint(max(0, 2 - len(core)), max(0, 4 - len(core)))
        slots = [*core, *self.dice.sample(extras, min(wanted, len(extras)))]
        return [(slot, self.dice.choice(self.slots[slot])) for slot in slots]

    def _goes_together(self, pieces: Sequence[tuple[str, str]]) -> bool:
        worn = [_traits(word, slot) for slot, word in pieces]
        everything = [*worn, self.anchor] if self.anchor else worn
        if not all(verdict(one, other).allowed for place, one in enumerate(everything) for other in everything[:place]):
            return False
        flags = flags_of(self.anchor) if self.anchor else flags_of(_traits("", self.slot))
        for traits in worn:
            flags |= flags_of(traits)
        return self.slot in OWN_KIND or structure_fault(flags, len(worn) + 1) == 0

    def _pattern(self, number: int, pieces: Sequence[tuple[str, str]]) -> dict[str, Any]:
        occasion = self.occasions[number % len(self.occasions)]
        words = " and ".join(word for _, word in pieces)
        return {
            "name": f"{ADJECTIVES[number % len(ADJECTIVES)]} {occasion} look {number + 1}"[:80],
            "description": (
                f"A look for {occasion}: {words} bring the piece forward without shouting over it, and leave room for one detail."
            )[:500],
            "occasion": occasion,
            "season": None,
            "items": [self._item(slot, word, required=place < 2) for place, (slot, word) in enumerate(pieces)],
            "confidence": round(0.95 - 0.02 * number, 2),
        }

    def _item(self, slot: str, word: str, *, required: bool) -> dict[str, Any]:
        colours = self.dice.sample(self.colours, min(2, len(self.colours)))
        return {"slot": slot, "article_types": [word], "colours": colours, "style": self.dice.choice(STYLES), "required": required}


def malformed_text(good: Mapping[str, Any], draw: float) -> str:
    """A reply that no mending turns into patterns; `draw` in [0, 1) picks the kind."""
    whole = json.dumps(good)
    kinds = (
        whole[: len(whole) // (3 * max(1, len(good["patterns"])))],  # ends inside the first pattern
        "I would love to help! Which occasion do you have in mind, and what does the customer usually wear?",
        "",
        whole.replace('"items"', "items =>").replace("[", "(").replace("]", ")"),
    )
    return kinds[int(draw * len(kinds))]


def off_schema_text(good: Mapping[str, Any], draw: float) -> str:
    """JSON whose patterns cannot be used: wrong vocabulary, a field missing, one item only, or another shape."""
    patterns = good["patterns"]
    kinds: tuple[Any, ...] = (
        {"patterns": [pattern | {"items": [_odd(item) for item in pattern["items"]]} for pattern in patterns]},
        {"patterns": [{name: value for name, value in pattern.items() if name != "items"} for pattern in patterns]},
        {"patterns": [pattern | {"items": pattern["items"][:1]} for pattern in patterns]},
        {"suggestion": "wear it with confidence", "rating": 5},
    )
    return json.dumps(kinds[int(draw * len(kinds))])


def _odd(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "slot": "gadget", "article_types": [f"zorblat {len(word)}" for word in item["article_types"]]}


def sloppy_text(good: Mapping[str, Any], draw: float) -> str:
    """A good reply that has to be mended first."""
    neat = json.dumps(good, indent=1)
    kinds = (
        f"```json\n{neat}\n```",
        f"Here are the outfits you asked for:\n\n{neat}\n\nLet me know if you would like more!",
        f"<think>The anchor is [a top], so {{bottom}} and footwear first.</think>\n{neat}",
        re.sub(r"(\n\s*[\]}])", r",\1", neat),
        json.dumps(good["patterns"]),
        repr(good),
    )
    return kinds[int(draw * len(kinds))]


def tokens(text: str) -> int:
    """How this model counts."""
    return math.ceil(len(text) / 4)
