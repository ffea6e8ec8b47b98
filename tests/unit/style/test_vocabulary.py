"""The words of catalogues find their article types."""

import csv
import gzip
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing import style
from outfit_pairing.style import AUDIENCES, DRESS_CODES, KINDS, SLOTS, ArticleType, load_style_guide
from outfit_pairing.style.normalise import key

GUIDE = load_style_guide()
WORDS = [(one, word) for one in GUIDE.article_types for word in (one.name, *one.names)]


def article_type(word: str) -> ArticleType:
    found = GUIDE.article_type(word)
    assert found is not None, word
    return found


def plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "sh", "ch")):
        return word if word.endswith("s") and not word.endswith("ss") else f"{word}es"
    ends_in_consonant_y = word.endswith("y") and word[-2:-1] not in "aeiou"
    return f"{word[:-1]}ies" if ends_in_consonant_y else f"{word}s"


def test_the_guide_covers_fashion_at_large() -> None:
    """At least 350 article types under at least 1,000 words, and 250 colours."""
    assert len(GUIDE.article_types) >= 350
    assert len({key(word) for _, word in WORDS}) >= 1000
    assert len(GUIDE.colours) >= 250


def test_every_entry_uses_the_words_of_the_design() -> None:
    """Slots, kinds, dress codes and audiences are known ones, and every slot has article types."""
    for one in GUIDE.article_types:
        assert one.kind in KINDS
        assert one.suits <= set(DRESS_CODES)
        assert one.audience is None or one.audience in AUDIENCES
    assert {one.slot for one in GUIDE.article_types} == set(SLOTS)


def test_whatever_is_worn_suits_an_occasion() -> None:
    """Clothes and shoes join outfits of at least one dress code."""
    assert [one.name for one in GUIDE.article_types if one.kind in ("clothing", "footwear") and not one.suits] == []


@pytest.mark.parametrize(
    ("words", "name", "slot"),
    [
        (["Tshirts", "T-Shirt", "tee", "TEES", "t shirt", "Men's T-Shirts"], "t-shirt", "top"),
        (["Trousers", "pants", "Slacks", "Women's Pants"], "trousers", "bottom"),
        (["pullover", "Jumpers", "sweater", "Knitwear"], "sweater", "top"),
        (["Sneakers", "trainers", "Trainer"], "sneakers", "footwear"),
        (["frock", "Dresses"], "dress", "one_piece"),
        (["Dungarees", "bib overalls"], "dungarees", "one_piece"),
        (["Co-ords", "co-ord set", "Coord Sets"], "co-ord set", "one_piece"),
        (["hoodie", "Hoody", "Hooded Sweatshirts"], "hoodie", "top"),
        (["gilet", "Body Warmer", "bodywarmers"], "gilet", "outerwear"),
        (["fanny pack", "Bum-Bag", "waist pouch"], "waist pouch", "bag"),
        (["Salwar", "shalwar"], "salwar", "bottom"),
        (["Lehenga Choli", "lehenga", "Ghagra Choli"], "lehenga choli", "one_piece"),
        (["Nehru Jackets", "modi jacket"], "nehru jacket", "outerwear"),
        (["Juttis", "jooti"], "jutti", "footwear"),
        (["Scarves", "scarf"], "scarf", "scarf_or_tie"),
        (["braces", "Suspenders"], "suspenders", "belt"),
        (["Beanies", "skull cap"], "beanie", "headwear"),
        (["Cuff Links", "cufflinks"], "cufflinks", "jewellery"),
        (["Jewelry Set", "jewellery sets"], "jewellery set", "jewellery"),
        (["Pajama Set", "pyjamas", "Night suits"], "night suit", "sleepwear"),
        (["Kajal & Eyeliner", "kohl"], "kajal and eyeliner", "beauty"),
        (["Body Suit", "bodysuits"], "bodysuit", "top"),
        (["T-shirts (pack of 3)"], "t-shirt", "top"),
    ],
)
def test_trade_words_find_their_article_type(words: list[str], name: str, slot: str) -> None:
    """Other catalogues' words, spellings and plurals lead to the same entry."""
    assert {(article_type(word).name, article_type(word).slot) for word in words} == {(name, slot)}


def test_unknown_words_are_not_guessed() -> None:
    """None for what the guide does not know."""
    assert [GUIDE.article_type(word) for word in ("", "NA", "zorblax", "—", "women")] == [None] * 5


def test_every_plural_leads_to_its_entry() -> None:
    """Short ones such as cover-ups too."""
    assert [word for found, word in WORDS if GUIDE.article_type(plural(word)) is not found] == []


@given(st.sampled_from(WORDS), st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from(["-", " ", "  ", "_"]))
def test_every_word_leads_to_its_one_entry(entry: tuple[ArticleType, str], case: Callable[[str], str], hyphen: str) -> None:
    """Case, plural and hyphen never matter."""
    found, word = entry
    spelled = case(word.replace(" ", hyphen))
    assert GUIDE.article_type(spelled) is found
    assert GUIDE.article_type(plural(word)) is found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Women > Clothing > Dresses > Maxi Dresses", "maxi dress"),
        ("Apparel/Topwear", "top"),
        ("Tops, Tees & Blouses", "top"),
        ("Jackets & Vests", "jacket"),
        ("Puma Men Future Cat Remix SF Black Casual Shoes", "casual shoes"),
        ("ADIDAS Women Stripe Black Swimming Cap", "swimming cap"),
        ("Vishudh Women Pink Churidar Kurta with Dupatta", "kurta"),
    ],
)
def test_article_types_are_found_inside_longer_texts(text: str, name: str) -> None:
    """Category paths and product names give the type they end in."""
    found = GUIDE.article_type_in(text)
    assert found is not None
    assert found.name == name


def test_texts_without_an_article_type_give_none() -> None:
    """Nothing is made up for a text that names no type."""
    assert GUIDE.article_type_in("Zorblax 3000 limited") is None


# What rules build on: dress code → article types that can join its outfits, and some that cannot.
COMPANIONS = {
    "sports": (
        "t-shirt, shorts, sports shoes, cap, backpack, duffel bag, track jacket, sports bra, watch",
        "heels, formal shoes, handbag, jeans, earrings, blazer, kurta, saree",
    ),
    "ethnic": (
        "earrings, heels, flats, sandals, clutch, handbag, leggings, dupatta, jutti, jeans, shawl",
        "sneakers, t-shirt, sweatshirt, cap, shorts, tie, sports shoes",
    ),
    "formal": (
        "shirt, trousers, suit, blazer, tie, cufflinks, belt, watch, formal shoes, heels, laptop bag",
        "flip-flops, sports shoes, sports sandals, sandals, shorts, cap, backpack, jeans, t-shirt",
    ),
}


@pytest.mark.parametrize("code", COMPANIONS)
def test_dress_codes_let_in_what_a_stylist_would(code: str) -> None:
    """Sports, ethnic and formal outfits take their companions and no others."""
    welcome, unwelcome = (names.split(", ") for names in COMPANIONS[code])
    assert [name for name in welcome if code not in article_type(name).suits] == []
    assert [name for name in unwelcome if code in article_type(name).suits] == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("tracksuit", "sports"), ("saree", "ethnic"), ("kurta", "ethnic"), ("suit", "formal"), ("swimsuit", "beach"), ("jeans", None)],
)
def test_some_articles_impose_their_dress_code(name: str, code: str | None) -> None:
    """A tracksuit makes the outfit sports, a saree makes it ethnic, jeans leave it open."""
    assert article_type(name).strict == code


def test_the_real_catalogue_is_known(catalogue_file: Path) -> None:
    """Every article type, colour and audience of a catalogue of 44,446 products is understood."""
    with gzip.open(catalogue_file, "rt", encoding="utf-8") as lines:
        rows = [line[:10] for line in csv.reader(lines)][1:]
    assert [word for word in sorted({row[4] for row in rows}) if GUIDE.article_type(word) is None] == []
    assert [word for word in sorted({row[5] for row in rows}) if GUIDE.colour(word) is None] == ["NA"]
    assert {GUIDE.audience(row[1]) for row in rows} == {"women", "men", "unisex", "girls", "boys"}


def test_the_guide_travels_to_workers() -> None:
    """The loaded guide can be pickled and finds the same afterwards."""
    copy = pickle.loads(pickle.dumps(GUIDE))
    assert copy.article_type("tees") == GUIDE.article_type("tees")
    assert copy.colour("dark teal") == GUIDE.colour("dark teal")


def test_the_facade_holds_what_it_names() -> None:
    """Every name of `__all__` is there, once."""
    assert len(set(style.__all__)) == len(style.__all__)
    assert [name for name in style.__all__ if not hasattr(style, name)] == []


def test_importing_the_style_room_is_light() -> None:
    """The domain needs neither Spark nor a model nor pandas."""
    code = "import sys, outfit_pairing.style; print({'pyspark', 'torch', 'pandas', 'pydantic'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
