"""The text model's files and the language model's server are looked at; nothing is fetched, asked or paid."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.doctor import models
from outfit_pairing.doctor.examination import _check_model
from outfit_pairing.embedding.models import model_here
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings
from tests.unit.doctor.machines import a_machine

Make = Callable[..., Settings]


def weights(folder: Path, *, cut: int = 0) -> Path:
    """A model folder with one tensor of 64 bytes, `cut` of them missing."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    header = json.dumps({"__metadata__": {}, "a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(64 - cut))
    return folder


def test_a_whole_model_is_well_and_a_torn_one_a_fault(tmp_path: Path, make_settings: Make) -> None:
    """A download that broke off, or the pointer that a repository keeps in a file's place, is not met by a run first."""
    whole = make_settings(f"embedding.model={weights(tmp_path / 'whole')}")
    assert models.text_model(whole, a_machine()).state == "ok"
    torn = models.text_model(make_settings(f"embedding.model={weights(tmp_path / 'torn', cut=10)}"), a_machine())
    assert (torn.state, "lacks its last 10 bytes" in torn.found) == ("fault", True)
    pointer = weights(tmp_path / "pointer")
    (pointer / "model.safetensors").write_text("version https://example.org/spec/v1\noid sha256:0\n")
    assert models.text_model(make_settings(f"embedding.model={pointer}"), a_machine()).state == "fault"


def test_a_model_that_is_nowhere_is_a_fault_with_its_cure(tmp_path: Path, make_settings: Make) -> None:
    """A folder that is not there, an empty one, and a name that no network can bring."""
    for model in (tmp_path / "absent", tmp_path):
        found = models.text_model(make_settings(f"embedding.model={model}"), a_machine())
        assert (found.state, "embedding.model=hashing" in found.cure) == ("fault", True)
    pytest.importorskip("huggingface_hub", reason="the `embed` extra is not installed")
    far = make_settings("embedding.model=owner/model")
    away = a_machine(reach=lambda _: "no route")
    assert models.text_model(far, away, here=lambda _: None).state == "fault"
    assert models.text_model(far, a_machine(environment={"HF_HUB_OFFLINE": "1"}), here=lambda _: None).state == "fault"
    assert models.text_model(far, a_machine(), here=lambda _: None).state == "warning"
    assert models.text_model(make_settings("embedding.model=hashing"), away).state == "ok"


def test_looking_for_a_model_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub never gave is None, also with a network."""
    hub = pytest.importorskip("huggingface_hub", reason="the `embed` extra is not installed")
    asked = []

    def fetched(*_: object, **flags: object) -> str:
        asked.append(flags["local_files_only"])
        raise FileNotFoundError

    monkeypatch.setattr(hub, "snapshot_download", fetched)
    assert model_here("owner/model-that-nobody-has") is None
    assert asked == [True]


def test_without_a_model_that_writes_patterns_nothing_is_checked(make_settings: Make) -> None:
    """The style guide needs no key and no server."""

    def never(_: Settings) -> None:
        raise AssertionError

    assert models.language_model(make_settings(), a_machine(reach=lambda _: "down"), never).state == "ok"


def test_what_a_run_would_refuse_is_a_fault(make_settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check as before a run: found and cure are the two halves of its message."""
    monkeypatch.delenv("SHOP_KEY", raising=False)
    nameless = models.language_model(make_settings("patterns.provider=openai"), a_machine(), _check_model)
    assert (nameless.found, nameless.cure[:13]) == ("patterns.provider openai needs llm.model", "set it to the")
    pytest.importorskip("openai", reason="the `llm` extra is not installed")
    keyless = make_settings("patterns.provider=openai", "llm.model=m", "llm.api_key_env=SHOP_KEY")
    found = models.language_model(keyless, a_machine(), _check_model)
    assert (found.state, "SHOP_KEY is not set" in found.found) == ("fault", True)


def test_the_server_is_reached_for_and_the_key_never_shown(make_settings: Make) -> None:
    """One connection, no request; the line names the variable, not what it holds."""
    settings = make_settings(
        "patterns.provider=openai", "llm.model=m", "llm.base_url=http://127.0.0.1:9/v1", "llm.api_key_env=SHOP_KEY"
    )
    machine = a_machine(environment={"SHOP_KEY": "sk-very-secret"})
    found = models.language_model(settings, machine, lambda _: None)
    assert (found.state, "environment variable SHOP_KEY" in found.found, "sk-very-secret" in repr(found)) == ("ok", True, False)
    assert "SHOP_KEY is not set" in models.language_model(settings, a_machine(), lambda _: None).found
    down = models.language_model(settings, a_machine(reach=lambda _: "Connection refused"), lambda _: None)
    assert (down.state, "Connection refused" in down.found) == ("fault", True)


def test_ai_query_is_for_databricks(make_settings: Make) -> None:
    """Elsewhere it is a fault, said before Spark starts."""
    settings = make_settings("patterns.provider=ai_query", "llm.model=endpoint")
    assert models.language_model(settings, a_machine(), lambda _: None).state == "fault"
    there = a_machine(environment={"DATABRICKS_RUNTIME_VERSION": "18.0"})
    assert models.language_model(settings, there, lambda _: None).state == "ok"


def test_an_error_of_settings_is_a_fault(make_settings: Make) -> None:
    """Whatever the check raises on purpose."""

    def refuses(_: Settings) -> None:
        raise SettingsError("llm.budget_cost needs both prices; set them")

    found = models.language_model(make_settings("patterns.provider=openai"), a_machine(), refuses)
    assert (found.found, found.cure) == ("llm.budget_cost needs both prices", "set them")
