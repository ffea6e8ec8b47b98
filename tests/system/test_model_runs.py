"""Whole runs against a model server that fails, and runs that are killed: nothing is lost, paid for twice or given away."""

import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outfit_pairing.catalog import stage as ingest
from outfit_pairing.catalog.sample import write_sample
from outfit_pairing.cli import main
from outfit_pairing.errors import BudgetSpent
from outfit_pairing.patterns.asking.chat import ChatReply
from outfit_pairing.patterns.asking.entries import ReplyFile
from outfit_pairing.patterns.by_model import ModelProvider
from outfit_pairing.patterns.stage import open_provider, read_vocabulary
from outfit_pairing.pipeline import run_stages
from outfit_pairing.settings import load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, PRODUCTS
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from tests.delta import read_table
from tests.model_server import Behaviour, ModelServer
from tests.model_stylist import good_reply
from tests.processes import ServerProcess, Session, serving, spark_home
from tests.system.command import BIN, QUICK_START, Ended, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes to kill in /proc (Linux)")

SAMPLE, ANCHORS = 300, 40
WORKERS, CONCURRENCY = 2, 3
KILLS = 3
KEY = "sk-shop-0123456789abcdefghij"
FAULTS = {"seed": 5, "malformed": 0.1, "off_schema": 0.1, "busy": 0.1, "down": 0.05, "retry_after_s": 0.2}
OF_A_PROMPT = ("VOCABULARY:", "You are a stylist of an online fashion shop")


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with products, and anchors that the fake model has enough ideas for. Copied, never written."""
    folder = tmp_path_factory.mktemp("shop")
    write_sample(folder / "sample.csv.gz", SAMPLE, seed=1)
    settings = load_settings(
        overrides=[
            f"storage.warehouse={folder / 'warehouse'}", f"catalog.path={folder / 'sample.csv.gz'}", "catalog.mapping=sample",
            "embedding.model=hashing", "patterns.provider=openai", "llm.model=fake",
        ],
        environment={},
    )  # fmt: skip
    ingest.run(spark, settings)
    store = TableStore(spark, settings)
    products = store.read(PRODUCTS)
    model = open_provider(spark, settings, read_vocabulary(products))
    assert isinstance(model, ModelProvider)
    chosen = anchors_with_ideas(model, [Product.from_row(row.asDict()) for row in products.select(*PRODUCT_COLUMNS).collect()])
    rows = [(one.product_id, one.slot, 1, 1, rank) for rank, one in enumerate(chosen, 1)]
    store.merge(ANCHOR_PRODUCTS, spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema))
    return folder / "warehouse"


def anchors_with_ideas(model: ModelProvider, products: list[Product]) -> list[Product]:
    """Products whose questions differ and which a good reply of the fake model satisfies."""
    check, chosen = model.check(8), dict[str, Product]()
    ordered = sorted(products, key=lambda one: one.product_id)
    for product, question in zip(ordered, model.questions(ordered, 8), strict=True):
        if question is None:
            continue
        reply = ChatReply(text=json.dumps(good_reply(question.user)), finish_reason="stop")
        if len(check.reading(question, reply).patterns) >= 5:
            chosen.setdefault(question.request_hash, product)
        if len(chosen) == ANCHORS:
            return list(chosen.values())
    raise AssertionError(f"only {len(chosen)} anchors")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(tmp_path, latency_s=0.25, key=KEY) as running:
        yield running


@dataclass(frozen=True)
class Shop:
    """A copy of the shop in a folder of its own, and the command that asks about its anchors."""

    folder: Path
    server: ServerProcess

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def command(self, *more: str) -> list[str]:
        given = {
            "patterns.provider": "openai", "embedding.model": "hashing", "llm.model": "fake", "llm.base_url": self.server.base_url,
            "llm.api_key_env": "SHOP_KEY", "llm.journal": self.journal, "llm.workers": WORKERS, "llm.concurrency": CONCURRENCY,
            "spark.master": f"local[{WORKERS},3]",
        }  # fmt: skip
        given |= dict(one.split("=", 1) for one in more)
        overrides = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
        return ["generate-patterns", "--warehouse", str(self.warehouse), *overrides]

    def start(self, name: str, *more: str, **environment: str) -> Session:
        own = {"SHOP_KEY": KEY, "SPARK_LOCAL_DIRS": str(self.folder / "spark"), **QUICK_START, **environment}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        command = [str(BIN / "outfit-pairing"), *self.command(*more)]
        return Session(command, self.folder, name, {**os.environ, "PATH": path, **own})

    def patterns(self) -> Counter[str]:
        """Patterns of the model, by anchor."""
        rows = read_table(self.warehouse, OUTFIT_PATTERNS.name).to_pylist()
        return Counter(row["anchor_product_id"] for row in rows if row["provider"] == "openai")


def shop_in(folder: Path, shop: Path, server: ServerProcess) -> Shop:
    shutil.copytree(shop, folder / "warehouse")
    return Shop(folder, server)


@dataclass(frozen=True)
class Killed:
    """A run that was killed again and again, and what the server had counted at the end."""

    shop: Shop
    in_flight: tuple[int, ...]  # at each kill, as the server saw it
    last: Ended
    counts: dict[str, Any]


@pytest.fixture(scope="module")
def killed(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """KILLS times killed -9 at random moments while it asks, each time started again; then left to end."""
    folder = tmp_path_factory.mktemp("killed")
    dice, in_flight = random.Random(11), []
    with serving(folder, latency_s=0.25, key=KEY, **FAULTS) as server:
        copy = shop_in(folder, shop, server)
        for number in range(KILLS):
            before = server.counts()["calls"]
            with copy.start(f"killed-{number}") as session:
                server.wait_for_calls(before + dice.randint(2, 12))
                assert session.running
                in_flight.append(server.counts()["in_flight"])
                session.kill()
        half_write_a_reply(copy.journal)
        with copy.start("last") as session:
            code = session.wait()
        last = Ended(code, session.stdout.read_text(), session.stderr.read_text())
        yield Killed(copy, tuple(in_flight), last, server.counts())


def half_write_a_reply(journal: Path) -> None:
    """As storage without atomic writes would leave it: half of a good reply, where a killed request has none."""
    whole = next(path for path in sorted(journal.rglob("*.reply.json")) if json.loads(path.read_text())["reply"]["text"])
    there = {path.with_name(path.name.replace(".sent.", ".reply.")) for path in journal.rglob("*.sent.json")}
    lost = sorted(path for path in there if not path.exists())
    assert lost, "no kill hit a request in flight"
    lost[0].write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def assert_bought_once(counts: dict[str, Any], *, more: int) -> None:
    """Each prompt has a good reply, and at most `more` were bought in vain."""
    assert counts["prompts_with_good_reply"] == counts["distinct_prompts"] == ANCHORS
    assert counts["good_replies"] <= ANCHORS + more


def test_a_run_that_is_killed_again_and_again_pays_once(killed: Killed) -> None:
    """One good reply per prompt, and no more in vain than can have been in flight when it was killed."""
    assert killed.last.code == 0, killed.last.stderr
    assert_bought_once(killed.counts, more=KILLS * WORKERS * CONCURRENCY)


def test_a_run_that_was_killed_has_the_same_result(killed: Killed) -> None:
    """Five patterns or more of the model for every anchor; the attempts that were lost are in the table."""
    patterns = killed.shop.patterns()
    assert len(patterns) == ANCHORS
    assert min(patterns.values()) >= 5
    told = re.search(r"(\d+) questions have their answer in the journal, (\d+) are open", killed.last.stderr)
    assert told is not None
    assert int(told[1]) + int(told[2]) == ANCHORS
    requests = read_table(killed.shop.warehouse, "pattern_requests").to_pylist()
    assert len({(row["request_hash"], row["attempt"]) for row in requests}) == len(requests)
    assert {row["request_hash"] for row in requests if row["status"] == "ok"} == {row["request_hash"] for row in requests}
    assert len(requests) <= killed.counts["calls"] + KILLS * WORKERS * CONCURRENCY


def test_what_is_half_written_does_not_count(killed: Killed) -> None:
    """Kills leave whole files only; a half one from elsewhere is asked again and said."""
    broken = []
    for path in killed.shop.journal.rglob("*.reply.json"):
        try:
            ReplyFile.model_validate_json(path.read_bytes())
        except ValueError:
            broken.append(path)
    assert len(broken) == 1
    assert "journal files ignored 1" in " ".join(killed.last.stdout.replace("│", " ").split())
    assert "cannot be read and will be ignored" in killed.last.stderr


def test_neither_key_nor_prompt_are_written_anywhere(killed: Killed) -> None:
    """No file of the run holds the key; logs, tables and journal hold no word of the prompt."""
    files = [path for path in killed.shop.folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    said = [path for path in files if (killed.shop.folder / "spark") not in path.parents]
    assert not [path for path in said if any(words.encode() in path.read_bytes() for words in OF_A_PROMPT)]
    for table in sorted(path.parent for path in killed.shop.warehouse.rglob("_delta_log")):
        text = json.dumps(read_table(killed.shop.warehouse, table.name).to_pylist(), default=str)
        assert not [words for words in (KEY, *OF_A_PROMPT) if words in text], table.name


def test_a_worker_that_dies_is_replaced_and_pays_once(shop: Path, server: ServerProcess, tmp_path: Path) -> None:
    """Spark tries its task again; no reply is bought twice but those that were in flight."""
    copy = shop_in(tmp_path, shop, server)
    with copy.start("run") as session:
        server.wait_for_calls(10)
        asking = session.connected_to(server.port)
        assert len(asking) == WORKERS
        os.kill(asking[0], 9)
        assert session.wait() == 0, session.stderr.read_text()
    assert_bought_once(server.counts(), more=CONCURRENCY)
    assert min(copy.patterns().values()) >= 5


def test_a_cluster_pays_once(shop: Path, server: ServerProcess, tmp_path: Path) -> None:
    """Executors in processes of their own, as on a cluster, with faults of the server: every prompt has one good reply."""
    server.behave(**FAULTS)
    copy = shop_in(tmp_path, shop, server)
    with copy.start("run", "spark.master=local-cluster[2,1,2048]", SPARK_HOME=str(spark_home(tmp_path))) as session:
        assert session.wait() == 0, session.stderr.read_text()
    assert_bought_once(server.counts(), more=0)
    assert min(copy.patterns().values()) >= 5
    logs = [path for path in (tmp_path / "spark-home" / "work").rglob("*") if path.is_file() and path.suffix != ".jar"]
    assert logs
    assert not [path for path in logs if any(word.encode() in path.read_bytes() for word in (KEY, *OF_A_PROMPT))]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("patterns.provider=openai llm.model=m llm.api_key_env=NO_SUCH_KEY", "NO_SUCH_KEY"),
        ("patterns.provider=oracle llm.model=m", "patterns.provider"),
        ("patterns.provider=openai llm.model=m llm.budget_tokens=-1", "llm.budget_tokens"),
        ("patterns.provider=openai llm.model=m llm.price_prompt=-0.5", "llm.price_prompt"),
        ("patterns.provider=openai llm.model=m llm.base_url=http://127.0.0.1:9/v1 llm.budget_cost=1", "llm.price_prompt"),
        ("patterns.provider=openai llm.model=m llm.base_url=http://127.0.0.1:9/v1 llm.journal={}/a_file/journal", "llm.journal"),
        ("patterns.provider=openai llm.base_url=http://127.0.0.1:9/v1", "llm.model"),
        ("patterns.provider=openai llm.model=m llm.base_url=127.0.0.1:9", "llm.base_url"),
    ],
)
def test_settings_that_cannot_work_are_one_line_before_anything_starts(tmp_path: Path, settings: str, says: str) -> None:
    """What, where and how to mend it; nothing is written."""
    (tmp_path / "a_file").write_text("no folder")
    given = [part for one in settings.format(tmp_path).split() for part in ("--set", one)]
    ended = run("generate-patterns", "--warehouse", tmp_path / "warehouse", *given)
    assert ended.code == 2, ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert says in ended.stderr
    assert not list((tmp_path / "warehouse").rglob("*"))


@pytest.fixture
def here(
    spark: "SparkSession", capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """The command in this process, with the session that is there: no JVM to start."""

    def command(arguments: Sequence[str], key: str = KEY) -> Ended:
        monkeypatch.setenv("SHOP_KEY", key)
        with caplog.at_level("INFO"):
            code = main(arguments)
        return Ended(code, capsys.readouterr().out, "\n".join(record.getMessage() for record in caplog.records))

    return command


def test_a_server_that_is_not_there_is_one_line(shop: Path, here: Callable[..., Ended], tmp_path: Path) -> None:
    """The address and what to do about it; nothing is written."""
    copy = shop_in(tmp_path, shop, ServerProcess(9))
    ended = here(copy.command())
    assert ended.code == 2, ended.stderr
    [complaint] = ended.complaints
    assert "llm.base_url http://127.0.0.1:9/v1 cannot be reached" in complaint
    assert not (copy.warehouse / OUTFIT_PATTERNS.name).exists()
    assert not list(copy.journal.rglob("*.json"))


def test_a_key_that_is_refused_stops_the_run_at_once(
    shop: Path, server: ServerProcess, here: Callable[..., Ended], tmp_path: Path
) -> None:
    """One line that says where the key comes from and not what it is."""
    copy = shop_in(tmp_path, shop, server)
    ended = here(copy.command(), key="sk-wrong-0123456789abcdefgh")
    assert ended.code == 2, ended.stderr
    [complaint] = ended.complaints
    assert "environment variable SHOP_KEY" in complaint
    assert "sk-wrong" not in ended.stdout + ended.stderr
    assert server.counts()["calls"] <= WORKERS * CONCURRENCY  # what was under way with the first one


def test_a_budget_that_is_spent_says_what_is_missing(
    shop: Path, server: ServerProcess, here: Callable[..., Ended], tmp_path: Path
) -> None:
    """The server's own count stays below it; what was paid for is in the tables; exit code 1."""
    copy = shop_in(tmp_path, shop, server)
    ended = here(copy.command("llm.budget_tokens=30000"))
    assert ended.code == 1, ended.stderr
    counts, had = server.counts(), len(copy.patterns())
    assert 0 < counts["prompt_tokens"] + counts["completion_tokens"] <= 30_000
    assert 0 < had == counts["good_replies"] < ANCHORS
    assert [
        line for line in ended.complaints if f"{ANCHORS - had} of {ANCHORS} anchors have no patterns" in line
    ] == ended.complaints


@pytest.mark.skipif(
    not all(find_spec(name) for name in ("mlflow", "sqlalchemy", "alembic")), reason="no MLflow with SQLite: install .[tracking]"
)
def test_mlflow_holds_what_asking_cost_and_no_key(
    shop: Path, spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests, tokens, cost and seconds per reply, also of a run that was stopped; the prompt; and the key in no row."""
    import mlflow

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    shutil.copytree(shop, tmp_path / "warehouse")
    monkeypatch.setenv("SHOP_KEY", KEY)
    with ModelServer(Behaviour(key=KEY)) as server:
        given = [
                f"storage.warehouse={tmp_path / 'warehouse'}", "embedding.model=hashing", "patterns.provider=openai",
                f"llm.base_url={server.base_url}", "llm.model=fake", "llm.api_key_env=SHOP_KEY", "llm.price_prompt=1",
                "llm.price_completion=2", f"tracking.uri={uri}",
            ]  # fmt: skip
        with pytest.raises(BudgetSpent):
            run_stages(spark, load_settings(overrides=[*given, "llm.budget_tokens=30000"], environment={}), ["generate-patterns"])
        run_stages(spark, load_settings(overrides=given, environment={}), ["generate-patterns"])
        counts = server.counts.snapshot()
    last, stopped = mlflow.search_runs(experiment_names=["outfit-pairing"], output_format="list")
    metrics = [
        Counter({name.removeprefix("generate-patterns."): value for name, value in run.data.metrics.items()})
        for run in (last, stopped)
    ]
    assert min(one["requests"] for one in metrics) > 0
    figures = {name: sum(one[name] for one in metrics) for name in ("requests", "prompt_tokens", "completion_tokens", "cost")}
    tokens = counts["prompt_tokens"], counts["completion_tokens"]
    assert (figures["requests"], figures["prompt_tokens"], figures["completion_tokens"]) == (counts["calls"], *tokens)
    assert figures["cost"] == pytest.approx((tokens[0] + 2 * tokens[1]) / 1e6, abs=1e-6)
    assert 0 < metrics[0]["reply_seconds_p50"] <= metrics[0]["reply_seconds_p95"]
    assert last.data.params["llm.model"] == "fake"
    [prompt] = mlflow.MlflowClient(uri, registry_uri=uri).search_prompt_versions("outfit_patterns")
    assert prompt.tags["prompt_version"] == last.data.tags["generate-patterns.prompt_version"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
