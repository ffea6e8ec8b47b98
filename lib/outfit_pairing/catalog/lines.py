"""Text of catalogue files, line by line: whatever bytes a file holds, no line takes more than a bounded place in memory."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from outfit_pairing.errors import CatalogError

LONGEST_ROW = 2_000_000  # characters; a longer row is refused without being held
_SKIPPED_AT_ONCE = 1 << 16


def _bad_bytes(fault: UnicodeError) -> tuple[str, int]:
    """What cannot be decoded, as lone surrogates; unlike `surrogateescape` also bytes below 128, for encodings of many bytes."""
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    end = max(fault.end, fault.start + 1)
    return "".join(chr(0xDC00 + byte) for byte in fault.object[fault.start : end]), end


codecs.register_error("outfit_pairing.bad_bytes", _bad_bytes)


def opened_text(stream: BinaryIO, encoding: str, newline: str = "") -> io.TextIOWrapper:
    """The stream as text; a byte that cannot be decoded becomes a lone surrogate."""
    plain = encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}
    errors = "surrogateescape" if plain else "outfit_pairing.bad_bytes"  # the first is fast
    return io.TextIOWrapper(stream, encoding, errors=errors, newline=newline)


def text_lines(stream: BinaryIO, encoding: str, path: str, newline: str = "") -> Iterator[str]:
    """Lines with their ends. One of more than LONGEST_ROW characters comes out as its first LONGEST_ROW + 1.

    newline:  as `open` takes it: "" ends lines at CR, LF and CRLF, a line feed at line feeds only.
    Raises:  CatalogError: it is not in this encoding at all.
    """
    text = opened_text(stream, encoding, newline)
    try:
        while line := text.readline(LONGEST_ROW + 1):
            yield line
            rest = line if len(line) > LONGEST_ROW else "\n"
            while rest and not rest.endswith(("\n", "\r") if newline == "" else "\n"):
                rest = text.readline(_SKIPPED_AT_ONCE)
    except UnicodeError as fault:
        raise not_in(path, encoding, fault) from None


def not_in(path: str, encoding: str, fault: UnicodeError) -> CatalogError:
    """The complaint about a file that is in another encoding."""
    return CatalogError(f"{path}: is not {encoding} text ({fault}); set `encoding:` in the mapping")


def is_sound(text: str) -> bool:
    """Whether `text` holds neither lone surrogates, which stand for undecodable bytes, nor NUL."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def readable(text: str) -> str:
    """`text` with undecodable bytes and NUL shown as the replacement sign."""
    return text if is_sound(text) else "".join("\ufffd" if "\ud800" <= sign <= "\udfff" or sign == "\0" else sign for sign in text)
