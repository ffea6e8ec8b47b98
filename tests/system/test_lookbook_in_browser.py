"""The lookbook page as a buyer meets it: in a browser, wide and on a phone, with a mouse, a keyboard, or neither."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.lookbook import render_lookbook
from outfit_pairing.publishing.outfits import Outfit, OutfitItem, ProductOutfits, ShownProduct
from outfit_pairing.style import load_style_guide
from tests.browser import Browser

SIZES = {"wide": (1440, 900), "phone": (390, 844)}
# slot, article type, audience, colour, and occasion and source of each outfit
RACK = (
    ("top", "Shirts", "women", "white", (("office", "pattern_based"), ("travel", "pattern_based"), ("dinner", "rule_based"))),
    ("top", "Tshirts", "women", "black", (("travel", "pattern_based"), ("weekend", "pattern_based"), ("gym", "pattern_based"))),
    ("top", "Shirts", "men", "white", (("office", "pattern_based"), ("travel", "rule_based"), ("dinner", "rule_based"))),
    ("bottom", "Jeans", "men", "blue", (("weekend", "lookbook_curated"), ("travel", "pattern_based"), ("dinner", "pattern_based"))),
    ("footwear", "Heels", "women", "red", (("dinner", "rule_based"), ("office", "rule_based"), ("travel", "rule_based"))),
    ("one_piece", "Dresses", "girls", "multi", (("birthday party", "pattern_based"),)),
)
LONG = "Supercalifragilisticexpialidocious-Hand-Embroidered-Limited-Edition-Made-To-Measure"
DOT = bytes.fromhex("47494638396101000100800000ff0000ffffff21f90400000000002c00000000010001000002024401003b")  # a red GIF
SHOWN = "[...document.querySelectorAll('.look')].filter(e => e.offsetParent).map(e => e.querySelector('h3').textContent)"
COUNT = "document.querySelector('.count').textContent"
CONTRAST = """
(() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const paper = (e) => {
    for (; e; e = e.parentElement) {
      const rgb = channels(getComputedStyle(e).backgroundColor);
      if (rgb.length < 4 || rgb[3] > 0) return rgb;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.offsetParent || e.closest("svg")) continue;
    let [a, b] = [light(channels(getComputedStyle(e).color)), light(paper(e))];
    if (a < b) [a, b] = [b, a];
    if ((a + .05) / (b + .05) < 4.5) poor.add(e.className || e.tagName);
  }
  return [...poor];
})()
"""


def rack(picture: str | None = None) -> list[ProductOutfits]:
    """Six products with their outfits; the first may have a picture."""
    found = []
    for number, (slot, article_type, audience, colour, offers) in enumerate(RACK):
        name = f"{number} {audience} {article_type}"
        product = ShownProduct(f"{number:05}", name, audience, slot, article_type, colour, "summer", "casual", None)
        shoes = replace(product, product_id=f"s{number}", slot="footwear", article_type="Casual Shoes", name=LONG, colour="white")
        bag = replace(product, product_id=f"b{number}", slot="bag", article_type="Handbags", name=f"{LONG}{LONG}")
        reasons = ("white with red: calm", "as relaxed as the rest", "“Office day” asks for Shoes (casual)")
        items = (OutfitItem("footwear", shoes, 0.8, reasons), OutfitItem("bag", bag, 0.7, reasons[:1]))
        outfits = tuple(
            Outfit(rank, f"o{number}{rank}", source, occasion, None, None, 0.9, 0.6, items)
            for rank, (occasion, source) in enumerate(offers, 1)
        )
        found.append(ProductOutfits(product, outfits))
    first = found[0]
    return [replace(first, product=replace(first.product, image_url=picture)), *found[1:]]


def write(folder: Path, name: str, picture: str | None = None) -> str:
    """The page in a file; its address."""
    sources = {"lookbook_curated": 1, "pattern_based": 9, "rule_based": 6}
    published = Published(6, 5, 7, 16, sources, datetime(2026, 3, 2, tzinfo=UTC))
    path = folder / name
    path.write_text(render_lookbook(rack(picture), published, load_style_guide()), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return write(folder, "lookbook.html")


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_quiet_alone_and_as_wide_as_the_screen(browser: Browser, page: str, size: str) -> None:
    """No request but for the page, nothing on the console, no sideways scrolling, also with words that do not break."""
    browser.open(page, *SIZES[size])
    assert browser.run(SHOWN) == [one.product.name for one in rack()]
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth") is True
    assert browser.run("[...document.querySelectorAll('.outfits, .chips, .items')].every(e => e.scrollWidth <= e.clientWidth + 1)")
    assert browser.requests == [page]
    assert browser.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_text_can_be_read_against_its_paper(browser: Browser, page: str, size: str) -> None:
    """WCAG AA, 4.5 to 1, for every text that is seen, with a filter set and reasons open."""
    browser.open(f"{page}#audience=women", *SIZES[size])
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.run(CONTRAST) == []
    browser.open(f"{page}#audience=girls&slot=top", *SIZES[size])
    assert browser.run(CONTRAST) == []


@pytest.mark.parametrize("size", SIZES)
def test_filters_combine_and_count(browser: Browser, page: str, size: str) -> None:
    """Each filter narrows what the others left; counts say what a choice would leave; outfits that do not fit go too."""
    browser.open(page, *SIZES[size])
    assert browser.run(COUNT) == "6 products, 16 outfits"
    browser.run("document.querySelector('#audience-women').click()")
    assert browser.run(SHOWN) == ["0 women Shirts", "1 women Tshirts", "4 women Heels"]
    assert browser.run("document.querySelector('#slot option[value=top]').textContent") == "Top (2)"
    assert browser.run("document.querySelector('#slot option[value=bottom]').textContent") == "Bottom (0)"
    choose(browser, "occasion", "travel")
    choose(browser, "source", "pattern_based")
    assert browser.run(SHOWN) == ["0 women Shirts", "1 women Tshirts"]
    assert browser.run(COUNT) == "2 products, 2 outfits"
    occasions = "[...document.querySelectorAll('.outfits > li')].filter(e => e.offsetParent).map(e => e.dataset.occasion)"
    assert browser.run(occasions) == ["travel", "travel"]
    assert browser.run("document.querySelector('label[for=audience-men] .n').textContent") == "1"
    choose(browser, "words", "tshirts black")
    assert browser.run(COUNT) == "1 product, 1 outfit"


def test_nothing_left_is_said_and_can_be_undone(browser: Browser, page: str) -> None:
    """An empty state with a way back, from which the keyboard goes on."""
    browser.open(f"{page}#slot=one_piece&source=rule_based", *SIZES["wide"])
    assert browser.run(SHOWN) == []
    assert browser.run("document.querySelector('.nothing').innerText").startswith("No outfit")
    browser.run("document.querySelector('.nothing button').click(); new Promise(done => setTimeout(done, 50))")
    assert len(browser.run(SHOWN)) == 6
    assert browser.run("[location.hash, document.activeElement.id]") == ["", "audience-any"]


def test_the_address_holds_the_filters(browser: Browser, page: str) -> None:
    """What is chosen stands in the address, an address brings it back, and what nobody knows is passed over."""
    browser.open(page, *SIZES["wide"])
    choose(browser, "slot", "top")
    choose(browser, "occasion", "office")
    choose(browser, "words", "men shirts")
    address = browser.run("location.href")
    assert address == f"{page}#slot=top&occasion=office&words=men+shirts"
    shown = browser.run(SHOWN)
    browser.open(address, *SIZES["phone"])
    assert browser.run(SHOWN) == shown == ["0 women Shirts", "2 men Shirts"]
    browser.run("location.hash = '#audience=girls'; new Promise(done => setTimeout(done, 50))")
    assert browser.run(SHOWN) == ["5 girls Dresses"]
    browser.open(f"{page}#slot=hovercraft&audience=&colour=red", *SIZES["wide"])
    assert len(browser.run(SHOWN)) == 6
    browser.open(f"{page}#looks", *SIZES["wide"])
    assert len(browser.run(SHOWN)) == 6
    assert browser.complaints == []


def test_a_filter_moves_nothing_but_the_products(browser: Browser, page: str) -> None:
    """Deep in the page the filters stay where they are, and the first product that is left lies below them."""
    browser.open(page, *SIZES["wide"])
    browser.run("scrollTo(0, 3000)")
    box = "JSON.stringify(document.querySelector('.filters').getBoundingClientRect())"
    before = browser.run(box)
    choose(browser, "occasion", "birthday party")
    assert browser.run(box) == before
    assert 0 < browser.run("document.querySelector('.look:not([hidden])').getBoundingClientRect().top") < 300
    choose(browser, "source", "rule_based")
    assert browser.run(box) == before


def test_the_keyboard_reaches_everything(browser: Browser, page: str) -> None:
    """Tab comes to each filter and to the reasons, with a ring to see; arrows choose an audience; Enter opens reasons."""
    browser.open(page, *SIZES["wide"])
    stops, ringed = [], []
    for _ in range(8):
        browser.press("Tab", 9)
        stops.append(browser.run("document.activeElement.id || document.activeElement.tagName"))
        ring = "(e => getComputedStyle(e.matches('.chip input') ? e.nextElementSibling : e).outlineStyle)(document.activeElement)"
        ringed.append(browser.run(ring))
        if stops[-1] == "audience-any":
            browser.press("ArrowRight", 39)
            assert browser.run("location.hash") == "#audience=women"
    assert stops == ["A", "audience-any", "words", "slot", "occasion", "source", "BUTTON", "SUMMARY"]
    assert set(ringed) == {"solid"}
    browser.press("Enter", 13)
    assert browser.run("document.activeElement.parentElement.open") is True


def test_every_control_and_drawing_has_a_name(browser: Browser, page: str) -> None:
    """What a screen reader says of each: never nothing."""
    browser.open(page, *SIZES["wide"])
    spoken = {"radio", "searchbox", "combobox", "button", "article", "image", "DisclosureTriangle"}
    nodes = [one for one in browser.call("Accessibility.getFullAXTree")["nodes"] if not one["ignored"]]
    named = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes]
    assert {role for role, _ in named} >= {"radio", "searchbox", "combobox", "article", "image", "main", "banner", "search"}
    silent = [role for role, name in named if role in spoken and not name.strip()]
    assert silent == []
    assert {("group", "Audience"), ("form", "Filter the outfits"), ("combobox", "Occasion")} <= set(named)
    assert ("image", "white shirts with white casual shoes, white handbags") in named


def test_a_phone_shows_two_outfits_until_all_are_asked_for(browser: Browser, page: str) -> None:
    """Short to scroll through; nothing that answers to a filter is held back."""
    seen = "[...e.querySelectorAll('.outfits > li')].filter(card => card.offsetParent).length"
    cards = f"[...document.querySelectorAll('.look')].map(e => {seen})"
    browser.open(page, *SIZES["phone"])
    assert browser.run(cards) == [2, 2, 2, 2, 2, 1]
    browser.run("document.querySelector('.all').click()")
    assert browser.run(cards) == [3, 2, 2, 2, 2, 1]
    choose(browser, "source", "rule_based")
    assert browser.run(cards) == [1, 0, 2, 0, 3, 0]
    browser.open(page, *SIZES["wide"])
    assert browser.run(cards) == [3, 3, 3, 3, 3, 1]


@pytest.mark.parametrize("size", SIZES)
def test_without_scripts_everything_is_shown(browser: Browser, page: str, size: str) -> None:
    """All cards, no filter that would do nothing, reasons that open."""
    browser.open(page, *SIZES[size], scripts=False)
    tree = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    found = browser.call("DOM.querySelectorAll", nodeId=tree, selector=".outfits > li")["nodeIds"]
    boxes = [browser.call("DOM.getBoxModel", nodeId=one)["model"] for one in found]
    assert len(boxes) == 16
    assert all(box["height"] > 100 for box in boxes)
    form = browser.call("DOM.querySelector", nodeId=tree, selector=".filters")["nodeId"]
    style = browser.call("CSS.getComputedStyleForNode", nodeId=form)["computedStyle"]
    assert next(one["value"] for one in style if one["name"] == "display") == "none"


def test_a_picture_covers_its_drawing_only_when_it_comes(browser: Browser, folder: Path) -> None:
    """A shop whose pictures come shows them; one whose pictures fail shows the drawing, and no broken frame."""
    (folder / "shirt.gif").write_bytes(DOT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state = "(e => [e.querySelectorAll('img').length, getComputedStyle(e.querySelector('svg')).visibility])"
    hero = f"{state}(document.querySelector('.hero .garment'))"
    try:
        for name, expected in (("shirt.gif", [1, "hidden"]), ("gone.gif", [0, "visible"])):
            address = f"http://127.0.0.1:{server.server_port}/{name}"
            browser.open(write(folder, f"{name}.html", address), *SIZES["wide"])
            browser.run("document.querySelector('.hero').scrollIntoView(); new Promise(done => setTimeout(done, 500))")
            assert browser.run(hero) == expected
    finally:
        server.shutdown()
        server.server_close()


def test_paper_gets_every_outfit_and_reason_and_no_filter(browser: Browser, page: str) -> None:
    """Printed from a phone: nothing is folded away."""
    browser.open(page, *SIZES["phone"])
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    try:
        assert browser.run("[...document.querySelectorAll('.outfits > li, details dd')].every(e => e.offsetHeight > 0)") is True
        assert browser.run("document.querySelector('.filters').offsetHeight") == 0
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_who_wants_no_motion_gets_none(browser: Browser, page: str) -> None:
    """prefers-reduced-motion is kept."""
    motion = "getComputedStyle(document.querySelector('.lay .garment')).transitionDuration"
    browser.open(page, *SIZES["wide"])
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    try:
        assert browser.run(motion) == "0s"
    finally:
        browser.call("Emulation.setEmulatedMedia", features=[])


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


def choose(browser: Browser, field: str, value: str) -> None:
    """As a user does: the field takes the value and says so."""
    say = "e.dispatchEvent(new Event('input', { bubbles: true }))"
    browser.run(f"(e => {{ e.value = {value!r}; {say} }})(document.getElementById({field!r}))")
