"""A warehouse behind a URL: the chain on an S3 server, with conf/s3.yaml, gives the same bits as on a disk; a second adds none."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from outfit_pairing.storage.tables import TABLES
from tests.postgres import free_port
from tests.system.command import REPOSITORY, Ended, run
from tests.system.test_clusters import flags
from tests.whole_shop import EVENTS, Shop, assert_equal_rows, ordered

SERVER = shutil.which("versitygw") or shutil.which("versitygw", path=str(Path.home() / "go" / "bin"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(SERVER is None, reason="no S3 server: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"),
]

KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tester-secret"}
BUCKET = "shop"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server over a folder, with one empty bucket."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / BUCKET).mkdir()
    address = f"127.0.0.1:{free_port()}"
    roots = {"ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
    process = subprocess.Popen(
        [str(SERVER), "--port", address, "posix", str(folder)], env={**os.environ, **roots}, stdout=subprocess.DEVNULL
    )
    try:
        host, _, port = address.partition(":")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert process.poll() is None, "the S3 server did not start"
            try:
                socket.create_connection((host, int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def chain(catalogue: Path, warehouse: str, *more: str, config: bool = False, **environment: str) -> Ended:
    own = flags(warehouse, "spark.master=local[2]", *more)
    own += ["--config", str(REPOSITORY / "conf" / "s3.yaml")] if config else []
    return run("run", "--catalog", catalogue, "--mapping", "sample", *own, timeout=1800, **environment)


def on_s3(endpoint: str, table: str) -> DeltaTable:
    access = {"aws_endpoint": endpoint, "aws_region": "us-east-1", "aws_allow_http": "true"}
    keys = {name.lower(): value for name, value in KEYS.items()}
    return DeltaTable(f"s3://{BUCKET}/outfits/{table}", storage_options=access | keys)


def test_the_chain_on_s3_gives_the_same(endpoint: str, tmp_path: Path) -> None:
    catalogue, shop = tmp_path / "sample.csv", Shop(tmp_path)
    assert run("sample", "--products", 400, "--seed", 3, "--out", catalogue).code == 0
    assert chain(catalogue, str(shop.warehouse)).code == 0
    s3 = ("endpoint=" + endpoint, "endpoint.region=us-east-1", "path.style.access=true")
    spark = [f"spark.conf.spark.hadoop.fs.s3a.{one}" for one in s3]
    exports = tmp_path / "exports"
    ended = chain(catalogue, f"s3a://{BUCKET}/outfits", *spark, f"publish.folder={exports}", config=True, **KEYS)
    assert ended.code == 0, ended.stderr
    made = [name for name in TABLES if name not in EVENTS and (shop.warehouse / name).exists()]
    assert {"outfit_recommendations", "product_embeddings"} <= set(made)
    for name in made:
        assert_equal_rows(name, ordered(on_s3(endpoint, name).to_pyarrow_table().to_pylist()), shop.rows(name))
    manifest = json.loads((exports / "manifest.json").read_text("utf-8"))
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == shop.files().sums
    before = {name: on_s3(endpoint, name).version() for name in made}
    again = chain(catalogue, f"s3a://{BUCKET}/outfits", *spark, f"publish.folder={exports}", config=True, **KEYS)
    assert again.code == 0, again.stderr
    assert "nothing had changed, no row was rewritten" in again.stdout
    assert {name: on_s3(endpoint, name).version() for name in made} == before
