"""What docs/extending.md says works as it stands there."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from outfit_pairing.catalog import open_catalogue
from outfit_pairing.catalog.mapping import load_mapping
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.cli import main
from outfit_pairing.patterns import by_model
from outfit_pairing.quality import audit
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.style import rules
from outfit_pairing.style.bearings import load_bearings
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from tests.unit.patterns.shops import anchor, shop
from tests.unit.quality.outfits import GUIDE, outfit
from tests.unit.style.test_rules import traits

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "extending.md").read_text("utf-8")
STYLIST = "import sys, json; from tests.model_stylist import good_reply; print(json.dumps(good_reply(sys.stdin.read())))"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands(*with_words: str) -> list[list[str]]:
    """The commands of the page that start no Spark, without their comments."""
    lines = [line.split("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line[0] == "outfit-pairing" and line[1] in with_words]


@pytest.fixture
def atelier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the catalogue of the page, and its mapping."""
    (csv,), (mapping, _) = blocks("csv"), blocks("yaml")
    (tmp_path / "atelier.csv").write_text(csv, "utf-8")
    (tmp_path / "conf" / "mappings").mkdir(parents=True)
    (tmp_path / "conf" / "mappings" / "atelier.yaml").write_text(mapping, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_mapping_reads_the_catalogue(atelier: Path) -> None:
    """Ids keep their zeros, words are understood, audiences are those of the mapping."""
    mapping = load_mapping(str(atelier / "conf" / "mappings" / "atelier.yaml"))
    settings = load_settings(overrides=["catalog.path=atelier.csv", "catalog.mapping=conf/mappings/atelier.yaml"], environment={})
    catalogue = open_catalogue(settings)
    reader = ProductReader(catalogue.mapping, GUIDE, "EUR")
    rows = {row["product_id"]: row for row in map(reader.read, catalogue.rows())}
    assert mapping.columns.product_id == "ref"
    assert {key: (row["slot"], row["audience"], row["colour"], row["price"]) for key, row in rows.items()} == {
        "0001": ("one_piece", "women", "sky blue", 59.9), "0002": ("bottom", "men", "navy blue", 79.0),
        "0003": ("top", "women", "white", 39.0), "0004": ("footwear", "men", "white", 89.0),
    }  # fmt: skip


def test_the_commands_about_the_catalogue_run(atelier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand on the page."""
    (draft,), (gaps,) = commands("suggest-mapping"), commands("guide-gaps")
    given = atelier / "conf" / "mappings" / "atelier.yaml"
    written = given.read_text("utf-8")
    assert main([*draft[1:], "--set", "embedding.model=hashing"]) == 0
    drafted = given.read_text("utf-8")
    assert drafted != written
    assert "ref" in drafted
    given.write_text(written, "utf-8")
    capsys.readouterr()
    assert main([*gaps[1:], "--set", "embedding.model=hashing"]) == 0
    assert capsys.readouterr().out


def test_the_bearing_keeps_hikers_from_suits(tmp_path: Path) -> None:
    """With the guide's own entries still there."""
    _, entry = blocks("yaml")
    own = (GUIDE_FOLDER / "bearings.yaml").read_text("utf-8")
    (tmp_path / "bearings.yaml").write_text(f"{own}\n{entry}", "utf-8")
    found = load_bearings(GUIDE, tmp_path)
    outdoor = found.all[found.of("Vaude Women Grey Trekking Backpack") - 1]
    assert outdoor.name == "outdoor"
    assert outdoor.at_odds(traits("Suits", "formal"))
    assert not outdoor.at_odds(traits("Jeans"))
    assert len(found.all) == len(load_bearings(GUIDE).all) + 1


def test_the_hard_rule_holds_for_matcher_and_audit() -> None:
    """A cap and a formal shirt; both say so, each in its own code."""
    matcher, auditor, _ = blocks("python")
    of_rules: dict[str, Any] = dict(vars(rules))
    exec(matcher, of_rules)
    found = of_rules["_headwear_verdict"](traits("Shirts", "formal"), traits("Caps"))
    assert (found.allowed, found.rule) == (False, 10)
    assert of_rules["_headwear_verdict"](traits("Tshirts"), traits("Caps")) is None

    of_audit: dict[str, Any] = dict(vars(audit))
    exec(auditor, of_audit)
    broken = outfit(["formal shirt", "formal trousers", "cap"])
    kept = outfit(["tee", "jeans", "cap"])
    for made, breaches in ((broken, 1), (kept, 0)):
        assert sum(bool(one.outfits.any()) for one in of_audit["headwear"](audit.Outfits.of(made, GUIDE))) == breaches


def test_the_provider_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that writes patterns, asked through journal, checks and repair; a second run asks nothing."""
    _, _, provider = blocks("python")
    code: dict[str, Any] = {"__name__": "by_command"}
    exec(provider, code)
    monkeypatch.setitem(by_model.ASK, "command", code["ask"])
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'lib'}:{REPOSITORY}")
    command = f'{sys.executable} -c "{STYLIST}"'
    settings = named(
        load_settings(overrides=[f"llm.model={command}", f"llm.journal={tmp_path}", "embedding.model=hashing"], environment={})
    )
    model = by_model.ModelProvider(None, settings, GUIDE, shop())  # type: ignore[arg-type]
    answers = model.answer([anchor("Shirts")], 8)
    assert [one.status for one in answers.answers] == ["ok"]
    assert len(answers.answers[0].patterns) >= 5
    monkeypatch.setitem(by_model.ASK, "command", lambda *_: pytest.fail("asked again"))
    assert model.answer([anchor("Shirts")], 8).answers[0].patterns == answers.answers[0].patterns


def named(settings: Settings) -> Settings:
    """With the provider that the page adds, which the settings do not know."""
    return settings.model_copy(update={"patterns": settings.patterns.model_copy(update={"provider": "command"})})
