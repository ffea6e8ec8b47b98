"""Nothing from outside becomes code, and nothing that lets somebody in is written down."""

import ast
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import InputError, ModelRefused, SettingsError
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCTS, identifier, quoted
from outfit_pairing.style.lookbook_model import load_model

LIBRARY = Path(__file__).resolve().parents[2] / "lib"
SAFE_LOADERS = {"_UniqueKeys", "_StrictLoader", "SafeLoader"}  # the first two are SafeLoaders
FORBIDDEN = {"eval", "exec", "compile", "os.system", "os.popen", "torch.load", "joblib.load", "marshal.loads", "shelve.open"}
SECRET = "hunter2-sk-0123456789"
URLS = {
    "llm.base_url": f"https://me:{SECRET}@models.example.org/v1",
    "tracking.uri": f"https://me:{SECRET}@tracking.example.org",
    "llm.journal": f"https://store.example.org/replies?sig={SECRET}",
    "catalog.path": f"https://me:{SECRET}@shop.example.org/catalogue.csv?token={SECRET}",
}


def calls() -> list[tuple[Path, str, ast.Call]]:
    """(file, dotted name, call) of every call in the package."""
    nodes = ((path, node) for path in LIBRARY.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return [(path, ast.unparse(node.func), node) for path, node in nodes if isinstance(node, ast.Call)]


def flags(call: ast.Call) -> dict[str, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg}


def test_nothing_read_is_run() -> None:
    """No pickle from storage, no pickled array, no unsafe YAML, no eval, no shell, no code of a model's repository."""
    for path, name, call in calls():
        where = f"{path.name}: {ast.unparse(call)}"
        assert name not in FORBIDDEN, where
        assert not name.startswith(("pickle.", "cloudpickle.", "dill.")), where
        assert flags(call).get("shell", "False") == "False", where
        assert flags(call).get("trust_remote_code", "False") == "False", where
        assert name not in {"np.load", "numpy.load"} or flags(call).get("allow_pickle") == "False", where
        assert name not in {"yaml.load", "yaml.load_all"} or flags(call).get("Loader") in SAFE_LOADERS, where
        assert name not in {"yaml.full_load", "yaml.unsafe_load"}, where
        assert name != "Environment" or flags(call).get("autoescape") == "True" or path.name == "prompt.py", where


def test_a_style_model_that_holds_a_pickle_is_refused(tmp_path: Path) -> None:
    """The file comes from somebody; opening it runs nothing."""
    ran: list[str] = []

    class Runs:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return ran.append, ("it ran",)

    path = tmp_path / "model.npz"
    np.savez(path, told=np.array([Runs()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="is no model of fit-compatibility"):
        load_model(path)
    path.write_bytes(pickle.dumps("nothing"))
    with pytest.raises(InputError, match="is no model of fit-compatibility"):
        load_model(path)
    assert ran == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("storage.schema", "shop'; DROP TABLE x; --"), ("storage.schema", "a`.`b"), ("storage.catalog", "main.shop"),
        ("storage.catalog", "${env:HOME}"), ("storage.schema", "a/b"), ("storage.warehouse", "data/${env:HOME}"),
        ("storage.warehouse", "data/[0-9]*"), ("storage.warehouse", "data\\x"), ("run_id", "../../etc/cron.d/x"), ("run_id", "."),
    ],
)  # fmt: skip
def test_names_that_could_be_more_than_names_are_refused(key: str, value: str) -> None:
    """One clear line before Spark starts."""
    with pytest.raises(SettingsError, match=key):
        load_settings(overrides=[f"{key}={value}"], environment={})


@pytest.mark.parametrize(
    "name",
    [
        "fs.s3a.secret.key", "fs.s3a.access.key", "fs.s3a.session.token", "fs.s3a.encryption.key",
        "fs.s3a.server-side-encryption.key", "fs.azure.account.key.shop.dfs.core.windows.net", "fs.azure.sas.files.shop",
        "fs.azure.sas.fixed.token", "fs.azure.account.oauth2.client.secret", "fs.gs.auth.service.account.private.key",
        "ssl.keystore.password", "ssl.passphrase",
    ],
)  # fmt: skip
def test_secrets_of_spark_are_refused_as_settings(name: str) -> None:
    """Settings are written down; what opens a store comes from the environment."""
    with pytest.raises(SettingsError, match="holds a secret"):
        load_settings(overrides=[f"spark.conf.spark.hadoop.{name}={SECRET}"], environment={})


def test_what_gets_through_is_one_name_of_sql(tmp_path: Path) -> None:
    """Backticks in a path are doubled, quotes in a literal escaped; both end where they should."""
    folder = tmp_path / "it's a `shop`; DROP TABLE x"
    settings = load_settings(overrides=[f"storage.warehouse={folder}"], environment={})
    assert TableStore(None, settings).place(PRODUCTS) == f"`delta`.`{tmp_path}/it's a ``shop``; DROP TABLE x/products`"  # type: ignore[arg-type]
    named = load_settings(overrides=["storage.catalog=a'b", "storage.schema=c;d"], environment={})
    assert TableStore(None, named).place(PRODUCTS) == "`a'b`.`c;d`.`products`"  # type: ignore[arg-type]
    assert identifier("a`b", "c") == "`a``b`.`c`"
    assert quoted("it's \\'") == "'it\\'s \\\\\\''"


def test_settings_are_kept_without_what_lets_somebody_in(make_settings: Callable[..., Settings]) -> None:
    """The runs table and MLflow get these; the settings themselves go on working."""
    settings = make_settings(*(f"{key}={url}" for key, url in URLS.items()))
    kept = json.dumps(settings.kept())
    assert SECRET not in kept
    assert "//…@models.example.org/v1" in json.loads(kept)["llm"]["base_url"]
    assert settings.llm.base_url == URLS["llm.base_url"]
    assert json.loads(kept)["storage"]["warehouse"] == settings.storage.warehouse
    for text in ("abfss://outfits@account.example.net/a", "data/warehouse", "https://models.example.org/v1", "me:you@here"):
        assert without_credentials(text) == text
    assert without_credentials(f"https://{SECRET}@models.example.org") == "https://…@models.example.org"
    assert without_credentials(f"host=db user=me password={SECRET} dbname=shop") == "host=db user=me password=… dbname=shop"
    assert SECRET not in without_credentials(f"mysql://me:it's {SECRET}@db/x?a='b' {SECRET}")
    said = f"s3://me:{SECRET}@shop/styles.csv?X-Amz-Signature={SECRET}; has no column id"
    assert without_credentials(f"cannot read {said}") == "cannot read s3://…@shop/styles.csv?… has no column id"


def test_no_key_is_told_in_a_complaint(caplog: pytest.LogCaptureFixture) -> None:
    """A key given where its name belongs, as a setting that is none, or inside a URL."""
    from outfit_pairing.cli import main

    wrong = [
        ("llm.api_key_env", f"sk-{SECRET}"),
        ("llm.api_key_secret", f"sk-{SECRET}"),
        ("llm.api_key", SECRET),
        ("llm.base_url", f"ftp://me:{SECRET}@host/v1"),
        ("storage.warehouse", f"s3://me:{SECRET}@host/[a]"),
    ]
    for key, value in wrong:
        with caplog.at_level(logging.DEBUG):
            assert main(["publish", "--set", f"{key}={value}"]) == 2
        assert key in caplog.text
        assert SECRET not in caplog.text
        caplog.clear()


def test_an_error_of_the_server_names_no_key() -> None:
    """The variable's name stands for it."""
    error = ModelRefused(without_credentials(URLS["llm.base_url"]), "m", "HTTP 401", "correct the key in SHOP_KEY")
    assert SECRET not in error.what
    assert "SHOP_KEY" in error.what
