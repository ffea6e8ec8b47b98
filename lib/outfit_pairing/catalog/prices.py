"""Prices and stock as shops write them."""

import re

_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY", "rs": "INR", "zł": "PLN", "kr": "SEK"}
_NUMBER = re.compile(r"\d[\d.,'’\s]*")
_CODE = re.compile(r"\b[A-Z]{3}\b")
_OUT = frozenset(
    {"no", "n", "false", "f", "out", "sold", "unavailable", "outofstock", "soldout", "notavailable", "discontinued", "none"}
)
_IN = frozenset({"yes", "y", "true", "t", "in", "available", "instock", "preorder", "backorder", "limited", "lowstock", "onsale"})


def price_of(text: str) -> tuple[float, str | None] | None:
    """Amount and, when it is written beside it, currency: "1,299.00", "12,50 €", "15.00 USD", "₹ 1,299".

    None when there is no positive amount in it, or more than one number (a range has no one price).
    """
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1 or "-" in text.partition(numbers[0])[0]:
        return None
    amount = float(_with_point(re.sub(r"['’\s]", "", numbers[0]).rstrip(".,")))
    return (amount, currency_of(text)) if amount > 0 else None


def currency_of(text: str) -> str | None:
    """The ISO 4217 code that the text gives or whose sign it holds."""
    code = _CODE.search(text.upper())
    if code:
        return code.group()
    return next((code for sign, code in _SYMBOLS.items() if sign in text.lower()), None)


def _with_point(number: str) -> str:
    """The number with a decimal point and no group signs; the last sign is decimal unless three digits follow a comma."""
    comma, point = number.rfind(","), number.rfind(".")
    if comma > point:
        lone_group = point < 0 and (number.count(",") > 1 or len(number) - comma == 4)
        return number.replace(",", "") if lone_group else number.replace(".", "").replace(",", ".")
    if number.count(".") > 1:
        return number.replace(".", "") if comma < 0 else number.replace(",", "").replace(".", "")
    return number.replace(",", "")


def stock_of(text: str) -> bool | None:
    """Whether it can be bought: a quantity above zero, or a word for yes or no; None when it says neither."""
    try:
        return float(text) > 0
    except ValueError:
        word = "".join(letter for letter in text.casefold() if letter.isalpha())
        return True if word in _IN else False if word in _OUT else None
