"""The lookbook page stands alone, is honest in its figures, and can be read by everyone."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.icons import OF_FAMILY, icon_of
from outfit_pairing.publishing.lookbook import look_of, render_lookbook
from outfit_pairing.publishing.outfits import ProductOutfits
from outfit_pairing.style import SLOTS, load_style_guide

GUIDE = load_style_guide()
VOID = {"meta", "link", "input", "img", "br"}


class Page(HTMLParser):
    """Elements of a page, and whether every one is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def html(found: ProductOutfits, published: Published) -> str:
    """The page with one product."""
    return render_lookbook([found], published, GUIDE)


def test_the_page_is_well_formed_and_shows_every_outfit(html: str, found: ProductOutfits) -> None:
    """Each product is an article, each outfit a card with all items and reasons."""
    page = Page(html)
    words = " ".join(" ".join(page.text).split())
    assert page.open == []
    assert len(page.every("article")) == 1
    assert all(reason in words for outfit in found.outfits for item in outfit.items for reason in item.reasons)
    assert "Peter England <b>Party</b> Jeans" in words


def test_names_from_the_catalogue_cannot_become_markup(html: str) -> None:
    """What a shop writes in a name is text, also inside attributes."""
    assert "<b>" not in html
    assert not Page(html).every("b")


def test_the_page_needs_no_network(html: str) -> None:
    """No address of another host in anything the browser loads by itself."""
    assert re.findall(r"https?://", html) == []
    assert all((one.get("href") or "").startswith(("#", "data:")) for one in Page(html).every("link") + Page(html).every("use"))


def test_pictures_of_the_shop_are_shown_and_drawn_when_they_fail(found: ProductOutfits, published: Published) -> None:
    """image_url becomes a picture with a silhouette in reserve; other schemes are not followed."""
    pictured = replace(found.product, image_url="https://shop.example/15970.jpg?a=1&b=2")
    page = Page(render_lookbook([replace(found, product=pictured)], published, GUIDE))
    assert {one["src"] for one in page.every("img")} == {"https://shop.example/15970.jpg?a=1&b=2"}
    assert page.every("template")
    unsafe = replace(found.product, image_url="javascript:alert(1)")
    assert "javascript:" not in render_lookbook([replace(found, product=unsafe)], published, GUIDE)


def test_the_header_states_the_figures_of_the_run(html: str) -> None:
    """Products, outfits and where they come from."""
    words = " ".join(" ".join(Page(html).text).split())
    for figure in ("200", "products, of 64", "95.0%", "75.0%", "from patterns", "25.0%", "from style rules", "2 March 2026"):
        assert figure in words


def test_not_quite_all_never_reads_as_all(found: ProductOutfits, published: Published) -> None:
    """43,990 of 44,003 is 99.9 %."""
    nearly = replace(published, products=44_003, with_three=43_990)
    assert "99.9%" in render_lookbook([found], nearly, GUIDE)


def test_the_page_can_be_used_without_eyes_or_mouse(html: str) -> None:
    """Landmarks, a skip link, labels for every field, words for every drawing."""
    page = Page(html)
    names = [name for name, _ in page.elements]
    assert all(landmark in names for landmark in ("header", "search", "main", "footer"))
    assert ("a", {"class": "skip", "href": "#looks"}) in page.elements
    labelled = {one["for"] for one in page.every("label")}
    assert labelled == {one["id"] for one in page.every("input") + page.every("select")}
    assert all(one.get("aria-label") for name, one in page.elements if one.get("role") == "img")
    assert all(one.get("aria-hidden") == "true" for one in page.every("svg"))
    assert "navy blue shirts with blue jeans, black casual shoes" in html


def test_every_silhouette_is_drawn() -> None:
    """Each slot and family that names an icon finds it in the page."""
    page = render_lookbook([], Published(0, 0, 0, 0, {}, None), GUIDE)
    drawn = set(re.findall(r'symbol id="i-([a-z_]+)"', page))
    assert {*SLOTS, *OF_FAMILY.values()} <= drawn
    families = {one.family for one in GUIDE.article_types}
    assert set(OF_FAMILY) <= families
    assert icon_of("Sneakers", "footwear", "men", GUIDE) == "footwear"
    assert icon_of("who knows", "nowhere", None, GUIDE) == "other"


def test_an_outfit_is_laid_out_as_worn(found: ProductOutfits) -> None:
    """Top above bottom above footwear; the rest beside."""
    card = look_of(found, GUIDE).cards[1]
    assert [one.slot for one in card.worn] == ["top", "bottom", "footwear"]
    assert [one.slot for one in card.beside] == ["watch"]
    assert card.beside[0].said == "watch"


def test_search_finds_a_product_by_what_its_outfits_hold(found: ProductOutfits) -> None:
    """Names, types, colours and pattern names, in lower case."""
    words = look_of(found, GUIDE).words.split()
    assert {"turtle", "jeans", "casual", "office", "15970"} <= set(words)
