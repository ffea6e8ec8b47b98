"""The words of catalogues say for whom, when and what for."""

import pytest

from outfit_pairing.style import AUDIENCES, load_style_guide

GUIDE = load_style_guide()


@pytest.mark.parametrize(
    ("gender", "age_group", "audience"),
    [
        ("Women", None, "women"),
        ("W", None, "women"),
        ("Ladies", None, "women"),
        ("Damen", None, "women"),
        ("women's", None, "women"),
        ("Male", None, "men"),
        ("MENS", "Adult", "men"),
        ("Menswear", None, "men"),
        ("Unisex", None, "unisex"),
        ("Men, Women", None, "unisex"),
        ("Boys", None, "boys"),
        ("Girls", "10-12Y", "girls"),
        ("Baby Girl", None, "girls"),
        ("Women", "4-6 years", "girls"),
        ("Women", "Kids-Girls", "girls"),
        (None, "Adults-Men", "men"),
        ("Boys & Girls", None, "kids"),
        ("Unisex", "Kids-Unisex", "kids"),
        ("Kids", None, "kids"),
        (None, "0-3 months", "kids"),
        ("Male", "Adult (16+ years)", "men"),
        (None, "Adult", "unisex"),
        ("Zorblax", None, None),
        ("", "", None),
        (None, None, None),
    ],
)
def test_gender_and_age_group_give_the_audience(gender: str | None, age_group: str | None, audience: str | None) -> None:
    """Either text may be missing, or say it all."""
    assert GUIDE.audience(gender, age_group) == audience
    assert audience is None or audience in AUDIENCES


@pytest.mark.parametrize(
    ("text", "season"),
    [
        ("Summer", "summer"),
        ("Fall", "fall"),
        ("Autumn", "fall"),
        ("Spring", "spring"),
        ("winter 2011", "winter"),
        ("Autumn/Winter 2012", "winter"),
        ("AW12-13", "winter"),
        ("FW 20", "winter"),
        ("SS13", "summer"),
        ("Spring/Summer", "summer"),
        ("all season", None),
        ("Spring, Summer, Fall, Winter", None),
        ("", None),
    ],
)
def test_seasons_are_read(text: str, season: str | None) -> None:
    """Half-years count by their peak; all-year wear has no season."""
    assert GUIDE.season(text) == season


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("Casual", "casual"),
        ("Smart Casual", "smart_casual"),
        ("business-casual", "smart_casual"),
        ("Work Wear", "formal"),
        ("Casual, Party", "casual"),
        ("Evening", "party"),
        ("Festive", "ethnic"),
        ("Yoga & Training", "sports"),
        ("Activewear", "sports"),
        ("Home", "home"),
        ("NA", None),
        ("", None),
    ],
)
def test_usages_are_read(text: str, usage: str | None) -> None:
    """What a product is for, in the eight words of the design."""
    assert GUIDE.usage(text) == usage
