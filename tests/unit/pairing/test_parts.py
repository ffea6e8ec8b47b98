"""Into how many parts a catalogue is cut."""

from collections.abc import Callable

import pytest

from outfit_pairing.pairing import parts
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS


@pytest.mark.parametrize(
    ("before", "products", "expected"),
    [
        (None, 0, 1),
        (None, 44_446, 1),
        (None, 220_000, 1),
        (None, 230_000, 2),
        (None, 1_000_000, 7),
        ("1 part, abc", 290_000, 1),
        ("1 part, abc", 310_000, 2),
        ("1 part, abc", 10, 1),
        ("7 parts, abc", 530_000, 7),
        ("7 parts, abc", 2_090_000, 7),
        ("7 parts, abc", 520_000, 3),
        ("7 parts, abc", 2_110_000, 14),
        ("abcdef0123", 1_000_000, 7),
    ],
)
def test_parts_stay_as_long_as_they_can(
    before: str | None, products: int, expected: int, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between half and twice their size; with other parts all outfits would be others."""
    monkeypatch.setattr(parts, "told_of", lambda store, table: before)
    store = TableStore(None, make_settings())  # type: ignore[arg-type]
    assert parts.parts_of(store, PATTERN_RECOMMENDATIONS, products).number == expected
