"""Prices and stock are understood as shops write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.catalog.prices import currency_of, price_of, stock_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1299", (1299.0, None)),
        ("1,299.00", (1299.0, None)),
        ("1.299,00", (1299.0, None)),
        ("1,299", (1299.0, None)),
        ("1,299,000", (1299000.0, None)),
        ("1.299.000", (1299000.0, None)),
        ("12,5", (12.5, None)),
        ("12.50", (12.5, None)),
        ("15.00 USD", (15.0, "USD")),
        ("$15", (15.0, "USD")),
        ("12,50 €", (12.5, "EUR")),
        ("₹ 1,299", (1299.0, "INR")),
        ("Rs. 499", (499.0, "INR")),
        ("CHF 1'299.50", (1299.5, "CHF")),
        ("1.299,00 €", (1299.0, "EUR")),
        ("1.299 €", (1299.0, "EUR")),
        ("CHF 89.-", (89.0, "CHF")),
        ("Fr. 89.90", (89.9, "CHF")),
        ("kr 499", (499.0, "SEK")),
        ("499,90:-", (499.9, None)),
        ("1 199,00 Kč", (1199.0, "CZK")),
        ("R$ 199,90", (199.9, "BRL")),
        ("12 dollars", (12.0, "USD")),
        ("Now 12.99 €", (12.99, "EUR")),
    ],
)
def test_a_price_is_read_with_its_currency(text: str, expected: tuple[float, str | None]) -> None:
    """Group signs, decimal commas, symbols and codes are all understood."""
    assert price_of(text) == expected


@pytest.mark.parametrize(
    ("sign", "own", "code"), [("kr 499", "NOK", "NOK"), ("kr 499", "EUR", "SEK"), ("$5", "CAD", "CAD"), ("€5", "CAD", "EUR")]
)
def test_a_shared_sign_means_the_catalogues_own_currency(sign: str, own: str, code: str) -> None:
    """Crowns and dollars of several countries look alike; other signs stay what they are."""
    assert currency_of(sign, own) == code


@pytest.mark.parametrize("text", ["on request", "", "0", "0.00", "-5", "10 - 20", "free"])
def test_what_is_no_single_price_is_none(text: str) -> None:
    """Ranges, zeros and words are not guessed at."""
    assert price_of(text) is None


@settings(deadline=None)
@given(st.decimals("0.01", "9999999", places=2))
def test_plain_amounts_are_read_exactly(amount: object) -> None:
    """A number with a point comes back as that number, also with groups."""
    found, grouped = price_of(f"{amount}"), price_of(f"{amount:,}")
    assert found is not None
    assert grouped is not None
    assert found[0] == grouped[0] == float(str(amount))


@settings(deadline=None)
@given(
    st.integers(1, 9_999_999),
    st.integers(0, 99),
    st.sampled_from([".", " ", "\u00a0", ""]),
    st.sampled_from(["{} €", "€ {}", "EUR {}"]),
)
def test_prices_with_decimal_commas_are_read_exactly(whole: int, cents: int, group: str, pattern: str) -> None:
    """Whatever groups the figures, a price in euros comes back as that amount."""
    text = pattern.format(f"{whole:,}".replace(",", group) + f",{cents:02}")
    assert price_of(text) == (float(f"{whole}.{cents:02}"), "EUR")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", True), ("0", False), ("0.0", False), ("-1", False), ("in stock", True), ("In_Stock", True), ("out of stock", False),
        ("OutOfStock", False), ("yes", True), ("FALSE", False), ("sold out", False), ("preorder", True), ("who knows", None),
    ],
)  # fmt: skip
def test_stock_is_a_quantity_or_a_word(text: str, expected: bool | None) -> None:
    """Quantities, flags and feed words mean what they say; other words say nothing."""
    assert stock_of(text) is expected


@pytest.mark.parametrize("text", ["−5", "-5", "1e308", "1,2.3,4", "1.299,00,00", "9" * 400, "99" * 9, "inf", "nan", "²", ""])
def test_what_is_no_price_is_none(text: str) -> None:
    """Below zero, beyond all money, or with signs that do not fit: no product costs that."""
    assert price_of(text) is None


def test_not_a_number_says_nothing_of_stock() -> None:
    """A program that had no quantity wrote NaN; the product is not sold out."""
    assert stock_of("NaN") is None
