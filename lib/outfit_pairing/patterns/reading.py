"""From what a writer gave to patterns that may be stored: translated, mended where that is safe, judged, and told apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from outfit_pairing.patterns.article_words import Way
from outfit_pairing.patterns.model import LEAST_ITEMS, MOST_ITEMS, Pattern
from outfit_pairing.patterns.occasions import nearest_occasion
from outfit_pairing.patterns.prompt import plain_text
from outfit_pairing.patterns.prompt_vocabulary import ENOUGH, prompt_vocabulary
from outfit_pairing.patterns.translate import Translated, Translator
from outfit_pairing.patterns.verdicts import MIN_SCORE, Judged, judge_pattern, judge_set
from outfit_pairing.style.product import Product
from outfit_pairing.style.traits import OWN_KIND
from outfit_pairing.style.vocabulary import DRESS_CODES
from outfit_pairing.style.wording import idea_name

UNSURE = 0.5  # confidence where none is said, or none that can be read
LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_ERROR = 60, 500, 600
MOST_PATTERNS = 200  # read for one anchor, however many are given
MOST_READ = 12  # items read of one pattern
ITEMS = ("items", "pattern_items", "pieces")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a writer's patterns for one anchor.

    judged: patterns that may be stored, best first, with their verdicts.   rejected: (index in the data, why).
    ways: how many words were translated in which way.   dropped: words left out, as "word: reason".
    items: how many were given.   lost: (index in the data, why) of each item that cannot be said in the catalogue's words.
    error: what to tell the writer when there are too few patterns, else None.
    """

    judged: tuple[Judged, ...]
    rejected: tuple[tuple[int, str], ...]
    ways: Mapping[Way, int]
    dropped: tuple[str, ...]
    items: int
    lost: tuple[tuple[int, str], ...]
    error: str | None

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns alone."""
        return tuple(one.pattern for one in self.judged)

    def with_error(self, error: str) -> "Reading":
        """The same with another message to the writer."""
        return replace(self, error=error)


def read_patterns(
    data: Sequence[Any], anchor: Product, translator: Translator, *, count: int = ENOUGH, min_score: float = MIN_SCORE
) -> Reading:
    """Patterns for an anchor from raw mappings, of a reply or an imported file. Never raises, whatever `data` holds.

    Mended: missing confidence, colours, style, occasion, season; more than four items; items that the catalogue does not
    have, or that are the anchor itself, when the rest is an outfit. Anything else has to be right.

    Args:    count: patterns that were asked for; ENOUGH of them make a reply valid, or all where fewer were asked for or can exist.
    """
    vocabulary = prompt_vocabulary(anchor, translator.guide, translator.vocabulary)
    reader = _Reader(anchor, translator, vocabulary.occasions)
    rejected: dict[int, str] = {}
    good: list[Judged] = []
    places: dict[int, int] = {}
    for index, raw in enumerate(data[:MOST_PATTERNS]):
        pattern = reader.pattern(index, raw)
        if isinstance(pattern, str):
            rejected[index] = pattern
            continue
        judged = _judged(pattern, anchor, translator, min_score)
        if judged.verdict.usable:
            good.append(judged)
            places[id(judged)] = index
        else:
            rejected[index] = f"{'; '.join(judged.verdict.reasons)} (score {judged.verdict.score:g})"
    rejected |= dict.fromkeys(range(MOST_PATTERNS, len(data)), f"is beyond the {MOST_PATTERNS} patterns read for one anchor")
    kept, same = judge_set(good, narrow=vocabulary.narrow)
    rejected |= {places[id(one)]: "has the same slots and article types as a better pattern" for one in same}
    return Reading(
        judged=_apart(kept),
        rejected=tuple(sorted(rejected.items())),
        ways=dict(reader.ways),
        dropped=tuple(reader.dropped),
        items=reader.items,
        lost=tuple(reader.lost),
        error=_error(data, len(kept), min(vocabulary.enough, count), rejected),
    )


def _judged(pattern: Pattern, anchor: Product, translator: Translator, min_score: float) -> Judged:
    """The pattern with its verdict; when it cannot be used, without what it says the outfit can do without."""

    def judged(one: Pattern) -> Judged:
        return Judged(one, judge_pattern(one, anchor, translator.guide, translator.vocabulary, min_score))

    whole = judged(pattern)
    core = tuple(item for item in pattern.items if item.required)
    if whole.verdict.usable or not LEAST_ITEMS <= len(core) < len(pattern.items):
        return whole
    shorter = judged(pattern.model_copy(update={"items": core}))
    return shorter if shorter.verdict.usable else whole


class _Reader:
    """Reads patterns of one anchor, and counts what happened to their words."""

    def __init__(self, anchor: Product, translator: Translator, occasions: tuple[str, ...]) -> None:
        self.anchor, self.translator, self.occasions = anchor, translator, occasions
        self.ways: Counter[Way] = Counter()
        self.dropped: list[str] = []
        self.lost: list[tuple[int, str]] = []
        self.items = 0

    def pattern(self, index: int, raw: Any) -> Pattern | str:
        """The pattern at that place of the data, or why there is none."""
        if not isinstance(raw, Mapping):
            return "is no JSON object"
        items = next((raw[name] for name in ITEMS if isinstance(raw.get(name), list | tuple)), None)
        if items is None:
            return "has no list of items"
        translated = [self._item(index, item) for item in items[:MOST_READ]]
        if len(items) < LEAST_ITEMS:
            return f"has {len(items)} items; {LEAST_ITEMS} to {MOST_ITEMS} are needed"
        said = _without_repeats([item for one in translated if one.item is not None and (item := self._beside_anchor(one.item))])
        if len(said) < LEAST_ITEMS:
            lost = [one.reason for one in translated if one.reason]
            return f"too few of its items are in the catalogue ({'; '.join(lost) or 'one of them is the anchor'})"
        return self._validated(raw, _most_needed(said))

    def _beside_anchor(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The item without the anchor's own article type, which writers like to list; None when nothing is left of it."""
        if item["slot"] != self.anchor.slot or self.anchor.article_type not in item["article_types"]:
            return dict(item)
        others = tuple(word for word in item["article_types"] if word != self.anchor.article_type)
        shared = self.anchor.slot in (*OWN_KIND, "jewellery")
        return dict(item) | {"article_types": others} if others and shared else None

    def _item(self, index: int, raw: Any) -> Translated:
        one = self.translator.translate(raw if isinstance(raw, Mapping) else {}, self.anchor)
        self.items += 1
        self.lost += [(index, one.reason)] if one.reason else []
        self.ways.update(one.ways)
        self.dropped += one.dropped
        return one

    def _validated(self, raw: Mapping[str, Any], items: list[dict[str, Any]]) -> Pattern | str:
        name, description = (plain_text(_text(raw, field), longest) for field, longest in _TEXTS)
        try:
            return Pattern.model_validate(
                {
                    "name": name or "Outfit idea",
                    "description": description,
                    "occasion": self._occasion(raw, name, description, items),
                    "season": self.translator.guide.season(_text(raw, "season")),
                    "items": items,
                    "confidence": _confidence(raw.get("confidence")),
                }
            )
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "pattern"
            return f"{where}: {first['msg']}"

    def _occasion(self, raw: Mapping[str, Any], name: str, description: str, items: Sequence[Mapping[str, Any]]) -> str:
        codes = Counter(code for item in items if (code := str(item["style"]).replace(" ", "_")) in DRESS_CODES)
        usual = codes.most_common(1)[0][0] if codes and self.anchor.slot not in OWN_KIND else None
        hints = f"{name} {description}"
        return nearest_occasion(_text(raw, "occasion"), hints, self.occasions, usual)


_TEXTS = (("name", LONGEST_NAME), ("description", LONGEST_DESCRIPTION))


def _apart(judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """The same patterns with names of their own."""
    taken: set[str] = set()
    apart = []
    for one in judged:
        name = idea_name(one.pattern.name, taken)
        taken.add(name)
        apart.append(one if name == one.pattern.name else Judged(one.pattern.model_copy(update={"name": name}), one.verdict))
    return tuple(apart)


def _text(raw: Mapping[str, Any], field: str) -> str:
    value = raw.get(field)
    return value if isinstance(value, str) else ""


def _confidence(value: Any) -> float:
    """In [0, 1]; per cent are read as such, and what is no such number as "not sure"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNSURE
    if 0 <= value <= 1:
        return float(value)
    return value / 100 if 1 < value <= 100 else UNSURE


def _most_needed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most four items, the required ones first to stay; order kept."""
    wanted = sorted(range(len(items)), key=lambda place: not items[place]["required"])[:MOST_ITEMS]
    return [items[place] for place in sorted(wanted)]


def _without_repeats(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No article type twice in a pattern: words that one item already asks for are taken out of later ones."""
    asked: set[tuple[str, str]] = set()
    kept = []
    for item in items:
        words = tuple(word for word in item["article_types"] if (item["slot"], word) not in asked)
        asked |= {(item["slot"], word) for word in words}
        if words:
            kept.append(item | {"article_types": words})
    return kept


def _error(data: Sequence[Any], good: int, needed: int, rejected: Mapping[int, str]) -> str | None:
    if good >= needed:
        return None
    if not data:
        return "there are no patterns in the answer"
    faults = Counter(rejected.values())
    said = "; ".join(f"{reason} ({times} patterns)" if times > 1 else reason for reason, times in faults.most_common())
    text = f"only {good} of {len(data)} patterns can be used, at least {needed} are needed: {said or 'there are too few'}"
    return plain_text(text, LONGEST_ERROR)
