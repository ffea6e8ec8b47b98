"""The pages of the service as a shopper or buyer meets them: in a browser, wide and on a phone, with and without scripts."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.served_shop import ServedShop
from tests.system.test_lookbook_in_browser import CONTRAST, SIZES
from tests.system.test_serving import PATIENCE_S, serving

CARDS = "[...document.querySelectorAll('.outfits h3')].map(e => e.textContent)"
RACK = "[...document.querySelectorAll('.rack .name:not(.quiet)')].map(e => e.textContent)"
HERE = "location.pathname + location.search"
PRODUCT = "/products/women-top-00"


@pytest.fixture(scope="module")
def site(folder: Path, browser: Browser) -> Iterator[str]:
    """Where a running service shows a small shop."""
    shop = ServedShop(folder).stock().release(0, ("pattern_based", "rule_based", "lookbook_curated"))
    shop.check()
    with serving(folder, shop.warehouse, "--set", "serve.feedback=off") as service:
        service.wait_for("/health/ready", 200)
        yield f"http://127.0.0.1:{service.port}"


def wait_until(browser: Browser, script: str, expected: object) -> None:
    """Until the page that is loading now is there and says so."""
    end = time.monotonic() + PATIENCE_S
    found = None
    while time.monotonic() < end:
        try:
            if (found := browser.run(f"document.readyState === 'complete' ? ({script}) : null")) == expected:
                return
        except AssertionError:  # the page is being replaced
            found = None
        time.sleep(0.05)
    raise AssertionError(f"{script} is {found!r}, not {expected!r}")


@pytest.mark.parametrize("size", SIZES)
def test_search_open_filter_click_through_and_back(browser: Browser, site: str, size: str) -> None:
    """A shopper's way through the pages; each place has an address that can be sent on, and back leads back."""
    browser.open(site, *SIZES[size])
    browser.run("(e => { e.value = 'women white shirts'; e.form.requestSubmit(); })(document.getElementById('q'))")
    wait_until(browser, RACK, ["Women White Shirts 0"])
    assert browser.run(HERE) == "/?q=women+white+shirts"
    browser.run("document.querySelector('.rack a').click()")
    wait_until(browser, CARDS, ["Easy weekend", "Easy office", "Easy travel"])
    assert browser.run(HERE) == PRODUCT
    choose = "(e => { e.value = %r; e.dispatchEvent(new Event('change', { bubbles: true })); })(document.getElementById(%r))"
    browser.run(choose % ("office", "occasion"))
    wait_until(browser, CARDS, ["Easy office"])
    assert browser.run(HERE) == f"{PRODUCT}?occasion=office"
    assert browser.run("document.activeElement.id") == "occasion"
    browser.run("document.querySelector('#reasons').click()")
    wait_until(browser, "document.querySelectorAll('.why').length", 6)
    shared = browser.run("location.href")
    browser.run("document.querySelector('.items a').click()")
    wait_until(browser, "document.querySelector('h1').textContent", "Women Grey Jeans 2")
    assert browser.run(HERE) == "/products/women-bottom-02?reasons=1"
    browser.run("history.back()")
    wait_until(browser, "location.href", shared)
    wait_until(browser, CARDS, ["Easy office"])
    browser.open(shared, *SIZES[size])
    assert browser.run(CARDS) == ["Easy office"]
    assert browser.run("document.querySelector('#occasion').value") == "office"
    browser.run("document.querySelector('.told a').click()")
    wait_until(browser, CARDS, ["Easy weekend", "Easy office", "Easy travel"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["/", "/?q=blue", PRODUCT, f"{PRODUCT}?reasons=1&occasion=office", "/products/gift-1", "/quality"])
def test_pages_are_quiet_readable_and_as_wide_as_the_screen(browser: Browser, site: str, path: str, size: str) -> None:
    """Nothing on the console, nothing from elsewhere, no sideways scrolling, texts at 4.5 to 1, touch targets on a phone."""
    browser.open(f"{site}{path}", *SIZES[size])
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth") is True
    assert browser.run(CONTRAST) == []
    assert browser.complaints == []
    assert {one.split("/")[2] for one in browser.requests if not one.startswith("data:")} == {site.split("/")[2]}
    if size == "phone":
        touched = "[...document.querySelectorAll('main button, main select, .switch, .items a, .rack a, nav a')]"
        assert browser.run(f"{touched}.filter(e => e.offsetHeight && e.offsetHeight < 40).length") == 0


def test_without_scripts_everything_works(browser: Browser, site: str) -> None:
    """Search and filters are forms with a button, reasons a box in them, items links."""
    browser.open(f"{site}{PRODUCT}?slot=watch&reasons=1", *SIZES["wide"], scripts=False)
    tree = browser.call("DOM.getDocument", depth=-1)["root"]["nodeId"]

    def count(selector: str) -> int:
        return len(browser.call("DOM.querySelectorAll", nodeId=tree, selector=selector)["nodeIds"])

    assert count(".outfits > li") == 1
    assert count(".why") == 6
    assert count(".items a[href^='/products/']") == 3
    button = browser.call("DOM.querySelector", nodeId=tree, selector=".switches button")["nodeId"]
    assert browser.call("DOM.getBoxModel", nodeId=button)["model"]["height"] > 40
    assert count("form[method=get] select, form[method=get] input") >= 6


def test_the_keyboard_reaches_everything(browser: Browser, site: str) -> None:
    """Tab comes to search, filters and items, with a ring to see, and to no drawing."""
    browser.open(f"{site}{PRODUCT}", *SIZES["wide"])
    stops, rings = [], []
    for _ in range(16):
        browser.press("Tab", 9)
        stops.append(browser.run("(e => e.id || e.className || e.textContent.trim())(document.activeElement)"))
        rings.append(browser.run("getComputedStyle(document.activeElement).outlineStyle"))
    expected = ["skip", "brand", "q", "Search", "Products", "Quality", "occasion", "slot", "source", "max_price", "min_confidence",
                "reasons", "sold_out"]  # fmt: skip
    assert stops[: len(expected)] == expected
    assert all(stop.startswith(("Black jeans", "black jeans", "brown casual", "brown handbags")) for stop in stops[len(expected) :])
    assert set(rings) <= {"solid", "auto"}


def test_every_control_and_place_has_a_name(browser: Browser, site: str) -> None:
    """What a screen reader says of each."""
    browser.open(f"{site}{PRODUCT}", *SIZES["wide"])
    nodes = [one for one in browser.call("Accessibility.getFullAXTree")["nodes"] if not one["ignored"]]
    named = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes]
    roles = {role for role, _ in named}
    assert roles >= {"searchbox", "combobox", "button", "link", "checkbox", "main", "banner", "navigation", "search", "contentinfo"}
    spoken = {"searchbox", "combobox", "button", "link", "checkbox", "spinbutton", "image"}
    assert [role for role, name in named if role in spoken and not name.strip()] == []
    assert {("combobox", "Occasion"), ("form", "Filter the outfits"), ("checkbox", "Show reasons")} <= set(named)


def test_the_quality_page_draws_gates_and_history(browser: Browser, site: str) -> None:
    browser.open(f"{site}/quality", *SIZES["wide"])
    assert browser.run("document.querySelector('h1').textContent") == "All 2 gates met"
    assert browser.run("[...document.querySelectorAll('.charts h3')].map(e => e.textContent.split(':')[0])") == [
        "Coverage", "From patterns", "Violations", "Outfits", "Spend", "Seconds",
    ]  # fmt: skip
    assert browser.run("document.querySelectorAll('.charts svg circle').length") >= 3
