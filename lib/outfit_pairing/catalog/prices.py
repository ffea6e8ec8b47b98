"""Prices and stock as shops write them."""

import re
from math import isnan

# Signs and words of currencies that no letter may touch; shared ones mean the catalogue's own currency where it has one of them.
_WORDS = {
    "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL",
    "mx$": "MXN", "rs": "INR", "zł": "PLN", "kr": "SEK", "kč": "CZK", "ft": "HUF", "lei": "RON", "fr": "CHF", "sfr": "CHF",
    "tl": "TRY", "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pounds": "GBP", "лв": "BGN", "руб": "RUB",
}  # fmt: skip
_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₪": "ILS", "₫": "VND", "฿": "THB",
    "₱": "PHP", "₴": "UAH", "$": "USD",
}  # fmt: skip
_SHARED = {
    "SEK": {"NOK", "DKK", "ISK"},
    "USD": {"CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS"},
    "JPY": {"CNY"},
    "INR": {"PKR", "LKR", "NPR"},
}
CODES = frozenset({
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HRK", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "KWD", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK",
    "NPR", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY",
    "TWD", "UAH", "USD", "UYU", "VND", "ZAR",
})  # fmt: skip
# Where a point before three figures groups them: no price there has three decimals.
_POINT_GROUPS = frozenset({
    "EUR", "DKK", "NOK", "SEK", "ISK", "CHF", "PLN", "CZK", "HUF", "RON", "TRY", "BRL", "ARS", "CLP", "COP", "IDR",
    "VND",
})  # fmt: skip
_MOST = 1e12  # in the smallest of currencies; what is larger is no price
_NUMBER = re.compile(r"\d[\d.,'’\s]*")
_MINUS = frozenset("-−")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_LETTERS = re.compile(r"(?:[^\W\d_]|\$)+")
_OUT = frozenset(
    {"no", "n", "false", "f", "out", "sold", "unavailable", "outofstock", "soldout", "notavailable", "discontinued", "none"}
)
_IN = frozenset({"yes", "y", "true", "t", "in", "available", "instock", "preorder", "backorder", "limited", "lowstock", "onsale"})


def price_of(text: str) -> tuple[float, str | None] | None:
    """Amount and, when it is written beside it, currency: "1,299.00", "1.299,00 €", "CHF 89.-", "kr 499", "₹ 1,299".

    None when there is no positive amount in it, or more than one number (a range has no one price).
    """
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1 or not _MINUS.isdisjoint(text.partition(numbers[0])[0]):
        return None
    currency = currency_of(text)
    try:
        amount = float(_with_point(re.sub(r"['’\s]", "", numbers[0]).rstrip(".,"), currency))
    except ValueError:  # 1,2.3,4
        return None
    return (amount, currency) if 0 < amount <= _MOST else None


def currency_of(text: str, default: str | None = None) -> str | None:
    """The ISO 4217 code that the text gives or whose sign it holds; `default` settles what a shared sign ("kr", "$") means."""
    codes: list[str] = _CODE.findall(text.upper())
    known = next((code for code in codes if code in CODES), None)
    if known:
        return known
    words = (_WORDS.get(word) for word in _LETTERS.findall(text.lower()))
    found = next(filter(None, words), None) or next((code for sign, code in _SIGNS.items() if sign in text), None)
    if found is None:
        others: list[str] = _CODE.findall(text)
        return others[0] if others else None
    return default if default and default in _SHARED.get(found, ()) else found


def _with_point(number: str, currency: str | None) -> str:
    """The number with a decimal point and no group signs; the last sign is decimal unless three digits follow a comma."""
    comma, point = number.rfind(","), number.rfind(".")
    if comma > point:
        lone_group = point < 0 and (number.count(",") > 1 or len(number) - comma == 4)
        return number.replace(",", "") if lone_group else number.replace(".", "").replace(",", ".")
    if number.count(".") > 1:
        return number.replace(".", "") if comma < 0 else number.replace(",", "").replace(".", "")
    if comma < 0 and len(number) - point == 4 and point > 0 and currency in _POINT_GROUPS:
        return number.replace(".", "")
    return number.replace(",", "")


def stock_of(text: str) -> bool | None:
    """Whether it can be bought: a quantity above zero, or a word for yes or no; None when it says neither."""
    try:
        quantity = float(text)
        return None if isnan(quantity) else quantity > 0
    except ValueError:
        word = "".join(letter for letter in text.casefold() if letter.isalpha())
        return True if word in _IN else False if word in _OUT else None
