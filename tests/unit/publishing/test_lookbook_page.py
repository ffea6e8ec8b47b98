"""The lookbook page stands alone, is honest in its figures, and can be read by everyone."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from outfit_pairing.errors import MissingTable, SettingsError
from outfit_pairing.publishing.checked import Checked, Figure, duration
from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.icons import OF_FAMILY, icon_of
from outfit_pairing.publishing.lookbook import page_to_write, render_lookbook
from outfit_pairing.publishing.looks import choices, look_of
from outfit_pairing.publishing.outfits import ProductOutfits
from outfit_pairing.settings import load_settings
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


@pytest.mark.parametrize(
    "hostile", ['"><script>alert(1)</script>', "' onload='x", "</style><b>", "{{ 7 * 7 }}", "&lt;b&gt;", "\u202e&#60;"]
)
def test_no_word_of_a_catalogue_is_taken_for_markup(found: ProductOutfits, published: Published, hostile: str) -> None:
    """Names, ids, types, colours, occasions, sources and reasons alike: the page keeps its elements and shows the words."""
    product = replace(found.product, name=hostile, product_id=hostile, article_type=hostile, colour=hostile, usage=hostile)
    first = found.outfits[0]
    items = tuple(replace(one, product=product, reasons=(hostile, hostile)) for one in first.items)
    outfit = replace(first, pattern_name=hostile, occasion=hostile, source=hostile, items=items)
    tame = replace(
        outfit, pattern_name="a", occasion="a", source="a", items=tuple(replace(one, reasons=("a", "a")) for one in items)
    )
    shown = Page(render_lookbook([ProductOutfits(product, (outfit,))], published, GUIDE))
    plain = Page(render_lookbook([ProductOutfits(replace(product, name="a"), (tame,))], published, GUIDE))
    assert shown.open == []
    assert [name for name, _ in shown.elements] == [name for name, _ in plain.elements]
    assert {key for _, one in shown.elements for key in one} == {key for _, one in plain.elements for key in one}
    assert hostile in shown.text


def test_pictures_of_the_shop_lie_over_the_drawing(found: ProductOutfits, published: Published) -> None:
    """image_url becomes a picture, with the silhouette there for when it fails; other schemes are not followed."""
    drawn = Page(render_lookbook([found], published, GUIDE))
    pictured = replace(found.product, image_url="https://shop.example/15970.jpg?a=1&b=2")
    page = Page(render_lookbook([replace(found, product=pictured)], published, GUIDE))
    assert {one["src"] for one in page.every("img")} == {"https://shop.example/15970.jpg?a=1&b=2"}
    assert len(page.every("svg")) == len(drawn.every("svg"))
    for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//shop.example/1.jpg", " ", ""):
        unsafe = replace(found.product, image_url=address)
        assert not Page(render_lookbook([replace(found, product=unsafe)], published, GUIDE)).every("img")


def test_the_header_states_the_figures_of_the_run(html: str) -> None:
    """Products, outfits and where they come from."""
    words = " ".join(" ".join(Page(html).text).split())
    for figure in ("200", "products, of 64", "95.0%", "75.0%", "from patterns", "25.0%", "from style rules", "2 March 2026"):
        assert figure in words


def test_the_page_says_what_the_check_found(found: ProductOutfits, published: Published) -> None:
    """Figures with their gates, when it was, how long the run took; what changed since, and what was missed."""
    figures = (Figure("hard rules broken", "3", "0", False), Figure("mean score of an outfit, of 1", "0.90", None, None))
    checked = Checked(figures, 6, 0, datetime(2026, 3, 1, tzinfo=UTC), 170.4, stale=False)

    def words(state: Checked | None) -> str:
        return " ".join(" ".join(Page(render_lookbook([found], published, GUIDE, state)).text).split())

    assert "All 6 gates met Checked on 1 March 2026; the stages of that run took 2 min 50 s." in words(checked)
    assert "hard rules broken 3 misses its gate, 0" in words(checked)
    assert "Outfits have changed since" not in words(checked)
    assert "Outfits have changed since" in words(replace(checked, stale=True))
    assert "2 of 6 gates missed" in words(replace(checked, missed=2, seconds=None))
    assert "Not checked yet" in words(None)
    assert "outfit-pairing check-quality" in words(None)


def test_durations_are_said_in_words() -> None:
    """No part more than needed."""
    assert [duration(seconds) for seconds in (0.4, 59.6, 170, 3_840)] == ["0 s", "1 min 0 s", "2 min 50 s", "1 h 4 min"]


def test_filters_offer_what_is_there_with_counts(found: ProductOutfits) -> None:
    """In the order of the vocabularies; an occasion of two outfits counts its product once."""
    other = replace(found, product=replace(found.product, audience=None, slot="belt"), outfits=found.outfits[:1])
    offered = choices([look_of(other, GUIDE), look_of(found, GUIDE)])
    said = {name: [(one.value, one.said, one.count) for one in values] for name, values in offered.items()}
    assert said == {
        "audience": [("men", "Men", 1), ("unisex", "Unisex", 1)],
        "slot": [("top", "Top", 1), ("belt", "Belt", 1)],
        "source": [("pattern_based", "Pattern", 2), ("rule_based", "Style rules", 1)],
        "occasion": [("smart casual", "Smart casual", 2)],
    }


def test_the_page_goes_where_it_can(tmp_path: Path) -> None:
    """Beside the tables unless said otherwise; what cannot work is said before Spark starts."""
    here = load_settings(overrides=[f"storage.warehouse={tmp_path}"], environment={})
    away = load_settings(overrides=["storage.warehouse=s3://shop/outfits"], environment={})
    with pytest.raises(MissingTable, match="outfit-pairing publish"):
        page_to_write(here, None)
    with pytest.raises(SettingsError, match="--out FILE"):
        page_to_write(away, None)
    with pytest.raises(SettingsError, match="is a folder"):
        page_to_write(here, tmp_path)
    (tmp_path / "outfit_recommendations").mkdir()
    assert page_to_write(here, None) == tmp_path / "lookbook.html"
    assert page_to_write(away, tmp_path / "new" / "page.html") == tmp_path / "new" / "page.html"


def test_not_quite_all_never_reads_as_all(found: ProductOutfits, published: Published) -> None:
    """43,990 of 44,003 is 99.9 %."""
    nearly = replace(published, products=44_003, with_three=43_990)
    assert "99.9%" in render_lookbook([found], nearly, GUIDE)


def test_the_page_can_be_used_without_eyes_or_mouse(html: str) -> None:
    """Landmarks, a skip link, labels for every field, words for every drawing."""
    page = Page(html)
    names = [name for name, _ in page.elements]
    assert [name for name in names if name in {"h1", "h2", "h3", "h4"}] == ["h1", "h2", "h2", "h3", "h4", "h4"]
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
