"""The patterns in what a model said, as raw data: whatever stands around them, and as far as the reply came.

Whether a pattern is a good one is not judged here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outfit_pairing.patterns.lenient_json import DEEPEST, Exhausted, LenientReader, Unreadable

MOST_CHARACTERS = 200_000  # of a reply that is no plain JSON; about 50,000 tokens
PURSE_PER_CHARACTER, LEAST_PURSE = 8, 20_000

_THOUGHT = re.compile(r"\s*<(?:think|thinking|thought|reasoning)\b[^>]{0,80}>")
_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning)>")
_FENCE = re.compile(r"```[A-Za-z0-9_-]{0,12}")
# Where a reply may start: an object with a name in it, or a list of objects. Runs of brackets are no start.
_START = re.compile(r"\{(?=\s*+[\"'“”„‟«‘’‚/A-Za-z_])|\[(?=\s*+\{)")


@dataclass(frozen=True, slots=True)
class ReadReply:
    """`patterns` in the order of the reply, unchecked. `repaired` names what had to be mended, in alphabetical order.

    `error`: why there are no patterns, one line; None as well when the reply says that there are none.
    """

    patterns: tuple[Mapping[str, Any], ...]
    repaired: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """Patterns that stand in text[start:end]. `whole`: as an object or list of patterns that was closed."""

    patterns: tuple[Any, ...]
    start: int
    end: int
    whole: bool
    repairs: frozenset[str] = frozenset()


def read_reply(text: str, finish_reason: str | None) -> ReadReply:
    """The patterns in a model's reply. Never raises; time is linear in the length of the text.

    Finds them in fences, after thoughts, amid prose, in another wrapper or in none; forgives trailing commas, Python's
    literals and odd quotes. Of a reply that was cut, the patterns that were complete are kept.
    """
    if (plain := _plain(text)) is not None:
        return _read(plain, "")
    start = _after_thoughts(text)
    best = _best(text[start : start + MOST_CHARACTERS])
    if best is None and start:
        start, best = 0, _best(text[:MOST_CHARACTERS])
    if best is None or not (best.patterns or best.whole):
        return ReadReply((), (), _why_nothing(text, finish_reason))
    end = start + best.end if best.whole else len(text)
    return _read(best, text[: start + best.start] + "\n" + text[end:])


def _read(found: _Found, outside: str) -> ReadReply:
    patterns = tuple(_storable(pattern) for pattern in found.patterns if isinstance(pattern, dict))
    repairs = set(found.repairs)
    repairs |= {"members that are no patterns"} if len(patterns) < len(found.patterns) else set()
    repairs |= {"thoughts"} if _THOUGHT_ENDS.search(outside) else set()
    repairs |= {"fences"} if _FENCE.search(outside) else set()
    last_thought = max((ends.end() for ends in _THOUGHT_ENDS.finditer(outside)), default=0)
    repairs |= {"prose"} if _FENCE.sub("", outside[last_thought:]).strip() else set()
    return ReadReply(patterns, tuple(sorted(repairs)))


def _why_nothing(text: str, finish_reason: str | None) -> str:
    if not text.strip():
        return "the reply is empty"
    if finish_reason == "length":
        return "the reply was cut at the length limit before its first pattern was complete"
    return "the reply holds no JSON object with complete patterns"


def _plain(text: str) -> _Found | None:
    """The usual case: nothing but the JSON that was asked for."""
    try:
        content = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    found = _whole(content, 0, len(text), set())
    return found if found and not found.repairs else None


def _after_thoughts(text: str) -> int:
    opening = _THOUGHT.match(text)
    closing = _THOUGHT_ENDS.search(text, opening.end()) if opening else None
    return closing.end() if closing else 0


def _best(text: str) -> _Found | None:
    """The reading with most patterns: first with strict quotes, then, unless the reply was whole, with patient ones."""
    strict = _choice(text, list(_readings(text, patient=False)))
    if strict and strict.whole and strict.patterns:
        return strict
    patient = _choice(text, list(_readings(text, patient=True)))
    if strict is None or (patient is not None and len(patient.patterns) > len(strict.patterns)):
        return patient
    return strict


def _choice(text: str, readings: Sequence[_Found]) -> _Found | None:
    """Most patterns; of equals a whole reply, and the later one. What follows a thought beats what stands in it."""
    thought = _last_thought_end(text, readings)
    after = [found for found in readings if found.start >= thought and found.patterns] or readings
    pieces = [found for found in after if not found.whole]
    wholes = [found for found in after if found.whole]
    return max([*wholes, *_joined(pieces)], key=lambda found: (len(found.patterns), found.whole, found.start), default=None)


def _last_thought_end(text: str, readings: Sequence[_Found]) -> int:
    """Where the last thought ends that is no text of a pattern; readings are in order and do not overlap."""
    last = place = 0
    for ending in _THOUGHT_ENDS.finditer(text):
        while place < len(readings) and readings[place].end <= ending.start():
            place += 1
        if place == len(readings) or ending.start() < readings[place].start:
            last = ending.start()
    return last


def _joined(pieces: Sequence[_Found]) -> list[_Found]:
    """Complete patterns around a break belong to one reply."""
    if not pieces:
        return []
    patterns = tuple(pattern for piece in pieces for pattern in piece.patterns)
    repairs = frozenset(repair for piece in pieces for repair in piece.repairs)
    return [_Found(patterns, pieces[0].start, pieces[-1].end, whole=False, repairs=repairs)]


def _readings(text: str, *, patient: bool) -> Iterator[_Found]:
    reader = LenientReader(text, PURSE_PER_CHARACTER * len(text) + LEAST_PURSE, patient)
    at = 0
    try:
        while start := _START.search(text, at):
            at = start.start() + 1  # what holds no patterns may hold something that does
            try:
                value, end = reader.read(start.start())
                found = _whole(value, start.start(), end, reader.repairs) or _single(value, start.start(), end, reader.repairs)
            except Unreadable as fault:
                found = _rest(reader, start.start(), fault)
            if found is not None:
                yield found
                at = max(at, found.end)
    except Exhausted:
        return


def _whole(value: Any, start: int, end: int, repairs: set[str]) -> _Found | None:
    if isinstance(value, dict) and isinstance(value.get("patterns"), list):
        return _Found(tuple(value["patterns"]), start, end, whole=True, repairs=frozenset(repairs))
    if isinstance(value, list) and any(_is_pattern(one) for one in value):
        return _Found(tuple(value), start, end, whole=True, repairs=frozenset(repairs | {"list without a name"}))
    return None


def _single(value: Any, start: int, end: int, repairs: set[str]) -> _Found | None:
    if not _is_pattern(value):
        return None
    return _Found((value,), start, end, whole=False, repairs=frozenset(repairs | {"patterns outside a list"}))


def _rest(reader: LenientReader, start: int, fault: Unreadable) -> _Found | None:
    """The patterns that were complete where the reading broke off."""
    for key, value in reader.open_values:
        if not isinstance(value, list) or not (key == "patterns" or any(_is_pattern(one) for one in value)):
            continue
        complete = tuple(one for one in value if isinstance(one, dict))
        if complete or fault.cut:
            repair = "cut before its end" if fault.cut else "broken in the middle"
            return _Found(complete, start, fault.position, whole=False, repairs=frozenset(reader.repairs | {repair}))
    return None


def _is_pattern(value: Any) -> bool:
    items = value.get("items") if isinstance(value, dict) else None
    return isinstance(items, list) and any(isinstance(item, dict) for item in items)


def _storable(value: Any, depth: int = 0) -> Any:
    """Without lone surrogates, which JSON can write and UTF-8 cannot, and without what lies deeper than any pattern."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if depth > DEEPEST or not isinstance(value, dict | list):
        return None if isinstance(value, dict | list) else value
    if isinstance(value, list):
        return [_storable(one, depth + 1) for one in value]
    return {_storable(name): _storable(one, depth + 1) for name, one in value.items()}
