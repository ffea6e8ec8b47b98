"""Every file of conf/ works as it stands."""

from pathlib import Path

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import GateSettings, Settings, load_settings
from tests.conftest import REPOSITORY

FILES = sorted((REPOSITORY / "conf").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_key_of_a_settings_file_is_known(path: Path) -> None:
    """A key that nobody reads would be a limit that nobody keeps."""
    assert load_settings(path, environment={})


def test_a_misspelt_limit_is_refused(tmp_path: Path) -> None:
    """With the nearest one that there is."""
    path = tmp_path / "night.yaml"
    path.write_text("quality:\n  gates:\n    drift_product: 0.1\n")
    with pytest.raises(
        SettingsError, match=r"quality\.gates\.drift_product is no setting; did you mean quality\.gates\.drift_products"
    ):
        load_settings(path, environment={})


def conf(name: str) -> Settings:
    return load_settings(REPOSITORY / "conf" / f"{name}.yaml", environment={})


def test_databricks_has_the_limits_of_each_place() -> None:
    """In development those of a laptop, in production the strict ones; ai_query tells no cost, so none is limited."""
    assert conf("databricks").quality == conf("local").quality
    strict = conf("production").quality.gates.model_copy(update={"model_cost": None})
    assert conf("databricks_production").quality.gates == strict
    besides = {"run_id", "quality"}
    assert conf("databricks").model_dump(exclude=besides) == conf("databricks_production").model_dump(exclude=besides)


def test_production_is_stricter_than_the_defaults_in_every_limit() -> None:
    """And leaves no limit unset; what it does not judge more strictly it judges as strictly."""
    gates, usual = (
        one.model_dump()
        for one in (load_settings(REPOSITORY / "conf" / "production.yaml", environment={}).quality.gates, GateSettings())
    )
    assert None not in gates.values()
    lower_is_laxer = {"coverage", "from_patterns", "catalogue_share", "different_outfits", "pattern_yield", "smallest_file"}
    for name, limit in usual.items():
        if limit is not None and name != "least_products":
            assert gates[name] >= limit if name in lower_is_laxer else gates[name] <= limit, name
