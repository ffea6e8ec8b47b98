"""generate-patterns with a language model: paid once whatever Spark does, within the budget, and clear when it cannot go on."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from pyspark.errors import AnalysisException
from pyspark.sql.pandas.functions import pandas_udf
from tests.model_server import Behaviour, ModelServer
from tests.model_stylist import good_reply
from tests.spark.test_patterns_stage import choose, fill_shop

from outfit_pairing.errors import BudgetSpent, InputError, ModelRefused, NoPatterns, SettingsError
from outfit_pairing.patterns import stage
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.udf import AskQuestions, ask_in_workers
from outfit_pairing.patterns.by_model import ModelProvider, open_journal
from outfit_pairing.patterns.by_workers import OpenAsker
from outfit_pairing.patterns.planning import plan
from outfit_pairing.patterns.trying import try_patterns
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_REQUESTS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ANCHORS = ("women-Dresses-0", "women-Jeans-1", "men-Shirts-1", "men-Jeans-2", "men-Watches-3", "women-Heels-4")
KEY = "sk-test-0123456789abcdef"
FAULTS = Behaviour(seed=3, malformed=0.15, off_schema=0.15, busy=0.15, down=0.1, retry_after_s=0.05)


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with products and anchors."""
    folder = tmp_path_factory.mktemp("shop") / "warehouse"
    store = fill_shop(spark, load_settings(overrides=[f"storage.warehouse={folder}"], environment={}))
    choose(store, *ANCHORS)
    return folder


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def ask(shop: Path, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings for the shop and the server, with a fresh journal: `ask("llm.budget_tokens=0")`."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def make(*overrides: str) -> Settings:
        given = {
            "storage.warehouse": shop,
            "embedding.model": "hashing",
            "patterns.provider": "openai",
            "llm.base_url": server.base_url,
            "llm.model": "fake",
            "llm.journal": tmp_path / "journal",
            "llm.workers": 2,
            "llm.concurrency": 4,
            "full": "true",  # other tests have left patterns
        }
        given |= dict(one.split("=", 1) for one in overrides)
        return load_settings(overrides=[f"{key}={value}" for key, value in given.items()], environment={})

    return make


def provider(spark: "SparkSession", settings: Settings) -> ModelProvider:
    opened = stage.open_provider(spark, settings, stage.read_vocabulary(TableStore(spark, settings).read(PRODUCTS)))
    assert isinstance(opened, ModelProvider)
    return opened


def requests(spark: "SparkSession", settings: Settings) -> list[Any]:
    """Rows of pattern_requests that came of this journal."""
    known = open_journal(settings)
    rows = TableStore(spark, settings).read(PATTERN_REQUESTS).collect()
    return [row for row in rows if row.attempt in {entry.sent.attempt for entry in known.of(row.request_hash)}]


def test_faults_of_a_server_are_mended_and_every_reply_is_paid_for_once(spark, server, ask) -> None:
    """Bad replies are re-asked, faults retried; a second run asks nothing; the table shows every attempt."""
    server.behaviour = FAULTS
    settings = ask()
    report = stage.run(spark, settings)
    patterns = TableStore(spark, settings).read(OUTFIT_PATTERNS).collect()
    assert {row.anchor_product_id for row in patterns} == set(ANCHORS)
    assert report.counters["patterns_per_anchor_min"] >= 5
    assert {(row.provider, row.model) for row in patterns} == {("openai", "fake")}
    counts = server.counts.snapshot()
    assert set(counts["good"].values()) == {1}
    assert len(requests(spark, settings)) == counts["calls"] == report.counters["requests"]
    tokens = counts["prompt_tokens"] + counts["completion_tokens"]
    assert sum((row.prompt_tokens or 0) + (row.completion_tokens or 0) for row in requests(spark, settings)) == tokens

    again = stage.run(spark, ask())
    assert server.counts.snapshot()["calls"] == counts["calls"]
    assert (again.counters["requests"], again.counters["rows_written"]) == (0, 0)


def test_spark_may_evaluate_the_frame_as_often_as_it_likes(spark, server, ask) -> None:
    """Two actions and a filter on the result: no reply is bought twice."""
    settings = ask()
    model = provider(spark, settings)
    anchors = stage.read_anchors(
        TableStore(spark, settings).read(PRODUCTS), TableStore(spark, settings).read(stage.ANCHOR_PRODUCTS)
    )
    questions = [one for one in model.questions(anchors, 8) if one]
    with serve(Coordinator(settings.llm), "127.0.0.1") as coordinator:
        opener = OpenAsker(
            open_journal(settings), coordinator.address, coordinator.authkey, model.check(8), settings.llm, settings.run_id
        )
        frame = ask_in_workers(spark, questions, AskQuestions(opener, 4), 2)
        assert frame.where("status = 'ok'").count() == len(ANCHORS)
        assert {row.status for row in frame.collect()} == {"ok"}
        assert frame.where("status = 'ok' AND error IS NULL").groupBy("status").count().collect()[0]["count"] == len(ANCHORS)
    assert list(server.counts.snapshot()["good"].values()) == [1] * len(ANCHORS)


def test_anchors_that_have_their_patterns_are_not_asked_about(spark, server, ask, tmp_path) -> None:
    """Not even when no journal remembers the reply; only when everything is to be made anew."""
    stage.run(spark, ask())
    calls = server.counts.snapshot()["calls"]
    report = stage.run(spark, ask("full=false", f"llm.journal={tmp_path / 'other'}"))
    assert (report.counters["anchors_kept"], report.rows_out) == (len(ANCHORS), report.counters["patterns"])
    assert server.counts.snapshot()["calls"] == calls
    stage.run(spark, ask(f"llm.journal={tmp_path / 'other'}"))
    assert server.counts.snapshot()["calls"] > calls


def test_a_budget_is_never_exceeded_and_the_next_run_pays_for_the_rest_only(spark, server, ask) -> None:
    """The server's own count stays below; what is missing is said; a larger budget finishes."""
    with pytest.raises(BudgetSpent, match=r"of 6 anchors have no patterns: .*raise llm.budget_tokens"):
        stage.run(spark, ask("llm.budget_tokens=9000"))
    counts = server.counts.snapshot()
    assert 0 < counts["prompt_tokens"] + counts["completion_tokens"] <= 9_000
    report = stage.run(spark, ask("llm.budget_tokens=1000000"))
    assert report.counters["patterns_per_anchor_min"] >= 5
    assert list(server.counts.snapshot()["good"].values()) == [1] * len(ANCHORS)


def test_a_budget_of_nothing_asks_nothing(spark, server, ask) -> None:
    """Zero is a limit."""
    with pytest.raises(BudgetSpent):
        stage.run(spark, ask("llm.budget_tokens=0"))
    assert server.counts.snapshot()["calls"] == 0


def test_a_refused_key_stops_the_run_at_once(spark, server, ask) -> None:
    """One clear line that names where the key should be; nothing is asked beyond what was under way already."""
    server.behaviour = Behaviour(key=KEY)
    settings = ask("llm.workers=2", "llm.concurrency=1")
    with pytest.raises(ModelRefused, match="environment variable OPENAI_API_KEY"):
        stage.run(spark, settings)
    assert server.counts.snapshot()["calls"] <= settings.llm.workers * settings.llm.concurrency < len(ANCHORS)


def test_the_key_goes_nowhere(spark, server, ask, monkeypatch, tmp_path, caplog) -> None:  # noqa: PLR0917
    """Not into the journal, the tables, the plan or the log; nor does the prompt go into the log."""
    server.behaviour = Behaviour(key=KEY)
    monkeypatch.setenv("SHOP_KEY", KEY)
    settings = ask("llm.api_key_env=SHOP_KEY")
    with caplog.at_level("INFO"):
        stage.run(spark, settings)
    written = [path for root in (tmp_path, Path(settings.storage.warehouse)) for path in root.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in caplog.text
    assert "VOCABULARY" not in caplog.text


def test_a_secret_scope_gives_the_key(spark, server, ask) -> None:
    """`secret(scope, key)`, as Databricks has it."""
    server.behaviour = Behaviour(key=KEY)
    spark.udf.register("secret", lambda scope, name: KEY if (scope, name) == ("shop", "llm") else None)
    assert stage.run(spark, ask("llm.api_key_secret=shop/llm")).rows_out > 0


def test_replies_of_no_use_are_quarantined_and_replayed_on_demand(spark, server, ask) -> None:
    """Nothing usable at all is an error; the replies are kept; a mended model is asked again only when told so."""
    server.behaviour = Behaviour(malformed=1.0)
    with pytest.raises(NoPatterns, match="none of 6 anchors got patterns from fake"):
        stage.run(spark, ask())
    calls = server.counts.snapshot()["calls"]
    assert calls == 3 * len(ANCHORS)
    assert {row.status for row in requests(spark, ask())} == {"invalid", "quarantined"}
    server.behaviour = Behaviour()
    with pytest.raises(NoPatterns):
        stage.run(spark, ask())
    assert server.counts.snapshot()["calls"] == calls
    assert stage.run(spark, ask("patterns.retry_quarantined=true")).counters["patterns_per_anchor_min"] >= 5


def test_a_dry_run_tells_what_asking_would_take(spark, server, ask) -> None:
    """Requests, tokens and cost; nothing is asked; what is in the journal is not planned again."""
    prices = ("llm.price_prompt=1", "llm.price_completion=2")
    found = plan(spark, ask(*prices))
    assert (found.anchors, found.requests, found.answered) == (6, 6, 0)
    assert found.cost == pytest.approx((found.prompt_tokens + 2 * found.completion_tokens) / 1e6, abs=1e-6)
    assert server.counts.snapshot()["calls"] == 0
    stage.run(spark, ask())
    assert (plan(spark, ask()).requests, plan(spark, ask()).cost) == (0, None)


def test_trying_shows_prompt_reply_and_verdict_and_writes_nothing(spark, server, ask, tmp_path) -> None:
    """The check before a batch."""
    settings = ask()
    before = sorted(Path(settings.storage.warehouse).rglob("*"))
    trials = try_patterns(spark, settings, 2)
    assert len(trials) == 2
    for trial in trials:
        assert trial.prompt is not None
        assert "VOCABULARY" in trial.prompt[1]
        assert trial.answer.attempts[0].raw_reply
        assert all(0 < verdict.score <= 1 for _, verdict in trial.judged)
        assert len(trial.judged) >= 5
    assert sorted(Path(settings.storage.warehouse).rglob("*")) == before
    assert not (tmp_path / "journal").exists()


def test_a_server_that_is_not_there_is_named(spark, ask) -> None:
    """Address and cure in one line, before any worker waits for it."""
    with pytest.raises(SettingsError, match=r"llm.base_url http://127.0.0.1:9/v1 cannot be reached"):
        stage.run(spark, ask("llm.base_url=http://127.0.0.1:9/v1"))


def test_a_half_written_journal_file_is_ignored_and_reported(spark, server, ask, tmp_path) -> None:
    """The question is asked again, and the run counts what it could not read."""
    stage.run(spark, ask())
    broken = next((tmp_path / "journal").rglob("*.reply.json"))
    broken.write_text(broken.read_text()[:40])
    report = stage.run(spark, ask())
    assert (report.counters["requests"], report.counters["journal_files_ignored"]) == (1, 1)


@pytest.fixture
def ai_query(spark: "SparkSession") -> Iterator[Callable[[Callable[[str], str | None]], None]]:
    """Registers a function with the arguments of Databricks' ai_query; an answer of None is an error."""

    def register(answer: Callable[[str], str | None]) -> None:
        def query(endpoint: pd.Series, request: pd.Series, modelParameters: pd.DataFrame, failOnError: pd.Series) -> pd.DataFrame:
            assert set(endpoint) == {"fake"}
            assert not failOnError.any()
            texts = [answer(text) for text in request]
            return pd.DataFrame({"result": texts, "errorMessage": ["HTTP 503" if text is None else None for text in texts]})

        spark.udf.register("ai_query", pandas_udf(query, "result string, errorMessage string"))

    yield register
    spark.sql("DROP TEMPORARY FUNCTION IF EXISTS ai_query")


def test_ai_query_answers_through_sql(spark, server, ask, ai_query, tmp_path) -> None:
    """The same prompts, parsing and tables; a failure and a useless reply are asked again; a second run asks nothing."""
    calls = tmp_path / "calls"
    calls.mkdir()

    def is_mine(number: int) -> bool:
        """Workers ask at the same time: whoever makes the file has the number."""
        try:
            (calls / str(number)).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def answer(text: str) -> str | None:
        number = next(filter(is_mine, itertools.count()))
        return None if number == 1 else "no idea" if number == 2 else json.dumps(good_reply(text))

    ai_query(answer)
    report = stage.run(spark, ask("patterns.provider=ai_query"))
    assert report.counters["patterns_per_anchor_min"] >= 5
    assert {row.provider for row in TableStore(spark, ask()).read(OUTFIT_PATTERNS).collect()} == {"ai_query"}
    assert report.counters["requests"] == len(list(calls.iterdir())) == len(ANCHORS) + 2
    assert stage.run(spark, ask("patterns.provider=ai_query")).counters["requests"] == 0
    assert server.counts.snapshot()["calls"] == 0


def test_an_endpoint_that_is_not_there_stops_ai_query_at_once(spark, ask, tmp_path) -> None:
    """It fails the query whole; nothing was paid for, so that nothing counts into the budget, and the line says what to mend."""
    spark.sql(
        "CREATE TEMPORARY FUNCTION ai_query"
        "(endpoint STRING, request STRING, modelParameters STRUCT<max_tokens: INT, temperature: DOUBLE>, failOnError BOOLEAN) "
        "RETURNS STRUCT<result: STRING, errorMessage: STRING> "
        "RETURN raise_error('[REMOTE_FUNCTION_HTTP_FAILED_ERROR] code 404: RESOURCE_DOES_NOT_EXIST, endpoint fake')"
    )
    try:
        with pytest.raises(ModelRefused, match=r"ai_query refuses requests for model fake: .*RESOURCE_DOES_NOT_EXIST.*CAN QUERY"):
            stage.run(spark, ask("patterns.provider=ai_query"))
    finally:
        spark.sql("DROP TEMPORARY FUNCTION ai_query")
    replies = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "journal").rglob("*.reply.json")]
    assert replies
    assert not any(reply["reply"]["may_be_billed"] for reply in replies)


def test_a_query_that_fails_for_another_reason_is_no_fault_of_the_model(spark, ask, tmp_path) -> None:
    """It is told as it is, and asked once: what was sent counts as nothing worse than unanswered."""
    spark.sql(
        "CREATE TEMPORARY FUNCTION ai_query(endpoint STRING, request STRING, modelParameters STRUCT<x: INT>, failOnError BOOLEAN) "
        "RETURNS STRUCT<result: STRING, errorMessage: STRING> RETURN NULL"
    )
    try:
        with pytest.raises(AnalysisException, match="Cannot resolve"):
            stage.run(spark, ask("patterns.provider=ai_query"))
    finally:
        spark.sql("DROP TEMPORARY FUNCTION ai_query")
    assert not list((tmp_path / "journal").rglob("*.reply.json"))


def test_ai_query_says_where_it_is_to_be_had(spark, ask) -> None:
    """Elsewhere than on Databricks it is one clear line."""
    with pytest.raises(InputError, match="this Spark has no function ai_query"):
        stage.run(spark, ask("patterns.provider=ai_query"))
