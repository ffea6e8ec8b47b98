"""JSON as models write it: trailing commas, Python's literals, other quotes, comments, cut anywhere.

A value that cannot be read to its end still yields what was complete inside it. Time is linear in the length of the text,
whatever it holds: every reading is charged to one purse, and an empty purse ends it.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 12  # a reply in two wrappers has its innermost list at depth 9

# No possessive quantifier around something that may itself go back: Python before 3.11.5 matches wrongly there.
_SPACE = re.compile(r"(?:[\s\ufeff\u200b]++|//[^\n]*+)*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[A-Za-z_]+")
_DOUBLE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE = re.compile(r"'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
# With `patient`, a quote ends a string only where something follows that can follow a string.
_FOLLOWS = r'\s*+(?:[,:}\]]|\Z)|[ \t]*+\n\s*+"'
_PATIENT_DOUBLE = re.compile(rf'"(?:[^"\\]++|\\.|"(?!{_FOLLOWS}))*"(?={_FOLLOWS})', re.DOTALL)
_SMART = re.compile(r"[“”„‟«][^“”„‟»\"\\]*+(?:\\.[^“”„‟»\"\\]*+)*+[“”„‟»\"]", re.DOTALL)
_SMART_SINGLE = re.compile(r"[‘’‚][^‘’‚\\]*+(?:\\.[^‘’‚\\]*+)*+[‘’]", re.DOTALL)
_QUOTED = {'"': (_DOUBLE, ""), "'": (_SINGLE, "single quotes")}
_QUOTED |= dict.fromkeys("“”„‟«", (_SMART, "smart quotes")) | dict.fromkeys("‘’‚", (_SMART_SINGLE, "smart quotes"))
_LITERALS = {"true": True, "false": False, "null": None}
_OTHER_LITERALS = {"True": True, "False": False, "None": None, "TRUE": True, "FALSE": False, "NULL": None}
_OTHER_LITERALS |= {"NaN": None, "Infinity": None, "nan": None, "inf": None, "undefined": None}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U(00[01][0-9a-fA-F]{5})|(.))", re.DOTALL)
_STRINGS = json.JSONDecoder(strict=False)
_NO_SPACE = frozenset('"{}[]:,')
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Unreadable(Exception):  # noqa: N818 - named by what happened
    """The value ends at `position`, before it is complete; `cut` when the text ends there too."""

    def __init__(self, position: int, *, cut: bool) -> None:
        super().__init__(position, cut)
        self.position, self.cut = position, cut


class Exhausted(Exception):  # noqa: N818 - named by what happened
    """The purse is empty: the text is too odd to be worth more time."""


@dataclass(slots=True)
class LenientReader:
    """Reads values out of `text`. After Unreadable, `open_values` holds the containers that were open, outermost first.

    A container is (key, value): key is the name under which an object was about to store it, None in a list.
    `repairs` names what had to be forgiven in the value read last. `patient`: quotes inside strings may lack a backslash.
    """

    text: str
    purse: int
    patient: bool = False
    open_values: list[tuple[str | None, Any]] = field(default_factory=list)
    repairs: set[str] = field(default_factory=set)

    def read(self, start: int) -> tuple[Any, int]:
        """The value that starts at `start`, and where it ends.

        Raises: Unreadable; Exhausted.
        """
        self.open_values.clear()
        self.repairs.clear()
        return self._value(start, None)

    def _value(self, at: int, key: str | None) -> tuple[Any, int]:
        mark = self.text[at : at + 1]
        if mark == "{":
            return self._object(at, key)
        if mark == "[":
            return self._list(at, key)
        if mark in _QUOTED:
            return self._string(at)
        self._pay(1)
        if found := _NUMBER.match(self.text, at):
            return self._number(found)
        if found := _WORD.match(self.text, at):
            return self._word(found)
        raise self._failure(at)

    def _object(self, at: int, key: str | None) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        self._open(at, key, values)
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "}":
            name, at = self._name(at)
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                raise self._failure(at)
            values[name], at = self._value(self._skip(at + 1), name)
            at = self._next(at, "}")
        self.open_values.pop()
        return values, at + 1

    def _list(self, at: int, key: str | None) -> tuple[list[Any], int]:
        values: list[Any] = []
        self._open(at, key, values)
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "]":
            value, at = self._value(at, None)
            values.append(value)
            at = self._next(at, "]")
        self.open_values.pop()
        return values, at + 1

    def _open(self, at: int, key: str | None, value: Any) -> None:
        self._pay(1)
        if len(self.open_values) == DEEPEST:
            raise Unreadable(at, cut=False)
        self.open_values.append((key, value))

    def _next(self, at: int, end: str) -> int:
        """Where the next member starts, or the closing bracket stands."""
        at = self._skip(at)
        mark = self.text[at : at + 1]
        if mark == ",":
            at = self._skip(at + 1)
            if self.text[at : at + 1] == end:
                self.repairs.add("trailing comma")
        elif mark in _QUOTED or mark == "{":
            self.repairs.add("missing comma")
        elif mark != end:
            raise self._failure(at)
        return at

    def _name(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] in _QUOTED:
            return self._string(at)
        if found := _WORD.match(self.text, at):
            self._pay(1)
            if found.end() == len(self.text):
                raise self._failure(found.end())
            self.repairs.add("names without quotes")
            return found[0], found.end()
        raise self._failure(at)

    def _string(self, at: int) -> tuple[str, int]:
        pattern, repair = _QUOTED[self.text[at]]
        if self.patient and pattern is _DOUBLE:
            pattern = _PATIENT_DOUBLE
        found = pattern.match(self.text, at)
        self._pay(1 + (found.end() if found else len(self.text)) - at)
        if found is None:
            raise self._failure(len(self.text))
        if repair:
            self.repairs.add(repair)
        return self._unescaped(found[0]), found.end()

    def _unescaped(self, literal: str) -> str:
        if literal[0] == '"':
            try:
                return str(_STRINGS.decode(literal))
            except ValueError:
                self.repairs.add("escapes or quotes in a string")
        inner = _ESCAPE.sub(_meant, literal[1:-1])
        # two halves of a character that were escaped one by one
        return inner.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _number(self, found: re.Match[str]) -> tuple[float | int | None, int]:
        if found.end() == len(self.text):
            raise self._failure(found.end())
        self._pay(len(found[0]))
        try:
            return json.loads(found[0]), found.end()
        except ValueError:
            pass
        try:
            self.repairs.add("number")
            return float(found[0]), found.end()
        except (ValueError, OverflowError):
            return None, found.end()

    def _word(self, found: re.Match[str]) -> tuple[bool | None, int]:
        self._pay(len(found[0]))
        if found.end() == len(self.text):
            raise self._failure(found.end())
        if found[0] in _LITERALS:
            return _LITERALS[found[0]], found.end()
        if found[0] in _OTHER_LITERALS:
            self.repairs.add("Python literals")
            return _OTHER_LITERALS[found[0]], found.end()
        raise self._failure(found.start())

    def _skip(self, at: int) -> int:
        if self.text[at : at + 1] in _NO_SPACE:  # mostly
            self._pay(1)
            return at
        found = _SPACE.match(self.text, at)
        end = found.end() if found else at
        self._pay(1 + end - at)
        if "//" in self.text[at:end]:
            self.repairs.add("comments")
        return end

    def _pay(self, price: int) -> None:
        self.purse -= price
        if self.purse < 0:
            raise Exhausted

    def _failure(self, at: int) -> Unreadable:
        rest = self.text[at : at + 12]  # a number may be cut before its first or after its last digit
        return Unreadable(at, cut=len(rest) < 12 and not rest.strip("+-.eE0123456789"))


def _meant(escape: re.Match[str]) -> str:
    """The character of an escape of JSON or Python; a backslash before any other one is left out."""
    digits = escape[1] or escape[2] or escape[3]
    if digits is not None:
        return chr(min(int(digits, 16), 0x10FFFF))
    return _CONTROLS.get(escape[4], escape[4])
