"""The API as programs meet it: answers, errors, caching, keys and limits, without a socket."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from outfit_pairing.serving import ready as ready_module
from outfit_pairing.serving.delta_store import DeltaStore
from outfit_pairing.serving.edge import MOST_BODY
from outfit_pairing.serving.experiments import CONTROL, Experiment
from outfit_pairing.serving.http import Options, create_app
from outfit_pairing.serving.monitoring import AccessLog
from outfit_pairing.serving.service import RecommendationsService
from outfit_pairing.settings import load_settings
from tests.delta import read_table
from tests.served_shop import ServedShop
from tests.unit.serving.test_service import Notes, user_of

OUTFITS = "/v1/products/women-top-00/outfits"
Open = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ServedShop:
    made = ServedShop(tmp_path_factory.mktemp("shop")).stock().release(0, ("pattern_based", "rule_based", "lookbook_curated"))
    made.check()
    return made


@contextmanager
def opened(warehouse: Path, key: str | None = None, log: io.StringIO | None = None, **service: Any) -> Iterator[TestClient]:
    """A client of the application over a warehouse, once it is ready or says that it is not."""
    settings = load_settings(overrides=[f"storage.warehouse={warehouse}", "serve.poll_s=0.05"], environment={})
    app = create_app(RecommendationsService(DeltaStore(settings), **service), Options(key), AccessLog(log or io.StringIO()))
    with TestClient(app, raise_server_exceptions=False) as client:
        deadline = time.monotonic() + 30
        while "being loaded" in client.get("/health/ready").text and time.monotonic() < deadline:
            time.sleep(0.02)
        yield client


@pytest.fixture(scope="module")
def client(shop: ServedShop) -> Iterator[TestClient]:
    with opened(shop.warehouse) as found:
        yield found


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    """The answer is an error as RFC 9457 says it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def test_a_product_comes_with_its_outfits(client: TestClient, shop: ServedShop) -> None:
    found = client.get(OUTFITS).json()
    (released_at,) = read_table(shop.warehouse, "releases")["updated_at"].to_pylist()
    assert found["release"] == {"number": 1, "run_id": "run-1", "released_at": released_at.astimezone(UTC).isoformat()}
    assert found["product"]["name"] == "Women White Shirts 0"
    assert [one["rank"] for one in found["outfits"]] == [1, 2, 3]
    assert found["outfits"][0]["items"][0]["product"]["product_id"] == "women-bottom-01"
    assert found["outfits"][0]["items"][0]["reasons"] == ["bottom of shift 0", "as relaxed as the rest"]
    assert (found["released"], found["left_out"], found["without_outfits"]) == (3, {"sold_out": 0, "filtered": 0}, None)


def test_the_short_way_and_the_long_way_say_the_same(client: TestClient) -> None:
    """No query goes the short way at once, a query the second time."""
    plain = client.get(OUTFITS)
    long_way = client.get(f"{OUTFITS}?number=20")
    assert plain.content == long_way.content == client.get(f"{OUTFITS}?number=20").content
    assert plain.headers["etag"] == long_way.headers["etag"]


@pytest.mark.parametrize(
    ("query", "ranks"),
    [
        ("slot=watch", [2]),
        ("slot=bag&slot=footwear", [1, 3]),
        ("source=rule_based&source=lookbook_curated", [2, 3]),
        ("occasion=office", [2]),
        ("min_confidence=0.5", [1, 2]),
        ("audience=men", []),
        ("number=1", [1]),
        ("max_price=10", []),
        ("min_price=1&max_price=100000", [1, 2, 3]),
    ],
)
def test_filters(client: TestClient, query: str, ranks: list[int]) -> None:
    for _ in range(2):  # made, and ready
        assert [one["rank"] for one in client.get(f"{OUTFITS}?{query}").json()["outfits"]] == ranks


def test_reasons_can_be_left_out(client: TestClient) -> None:
    assert "reasons" not in client.get(f"{OUTFITS}?reasons=false").json()["outfits"][0]["items"][0]


def test_search_facts_and_quality(client: TestClient) -> None:
    hits = client.get("/v1/products?query=blue+jeans&limit=3").json()
    assert (hits["total"], hits["next_offset"], len(hits["products"])) == (4, 3, 3)
    assert client.get("/v1/products?query=blue+jeans&limit=3&offset=3").json()["next_offset"] is None
    facts = client.get("/v1/products/women-top-01").json()
    assert facts["sources"] == {"pattern_based": 1, "rule_based": 1, "lookbook_curated": 1}
    assert facts["anchors"][0]["product"]["product_id"] == "women-top-00"
    assert client.get("/v1/products/gift-1").json()["without_outfits"].startswith("free item")
    quality = client.get("/v1/quality").json()
    assert {one["metric"]: one["passed"] for one in quality["metrics"]}["coverage"] is True


def test_a_look_is_completed(client: TestClient) -> None:
    found = client.post("/v1/looks/complete", json={"products": ["women-top-00", "women-watch-02", "nix"], "number": 2}).json()
    assert found["unknown"] == ["nix"]
    assert found["looks"][0]["held"] == ["women-top-00", "women-watch-02"]
    assert [item["slot"] for item in found["looks"][0]["missing"]] == ["bottom", "footwear"]


@pytest.mark.parametrize(
    "path", [OUTFITS, f"{OUTFITS}?number=2", "/v1/products?query=blue", "/v1/products/women-top-00", "/v1/quality"]
)
def test_an_unchanged_answer_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300"
    assert first.headers["etag"].startswith('"1-')
    for given in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}', "*"):
        again = client.get(path, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_head_has_the_headers_of_get(client: TestClient) -> None:
    for path in (OUTFITS, "/v1/quality", "/"):
        got, headed = client.get(path), client.head(path)
        assert (headed.status_code, headed.content, headed.headers["etag"]) == (200, b"", got.headers["etag"])
        assert headed.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/products/nix", 404),
        ("GET", "/v1/products/nix/outfits", 404),
        ("GET", "/v1/products/nix/outfits?number=1", 404),
        ("DELETE", OUTFITS, 405),
        ("POST", "/health/live", 405),
        ("GET", f"{OUTFITS}?number=0", 422),
        ("GET", f"{OUTFITS}?slot=hat", 422),
        ("GET", f"{OUTFITS}?min_price=nan", 422),
        ("GET", f"{OUTFITS}?slots=top", 422),
        ("GET", f"/v1/products/{'x' * 300}/outfits?number=1", 422),
        ("GET", f"/v1/products?query={'x' * 201}", 422),
        ("GET", "/v1/products?limit=1000", 422),
        ("GET", f"/v1/products?query={'x' * 40_000}", 414),
    ],
)
def test_every_error_is_a_problem(client: TestClient, method: str, path: str, status: int) -> None:
    told = is_problem(client.request(method, path), status)
    if status == 422:
        assert told["errors"][0]["where"]
        assert told["errors"][0]["what"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"products": []}',
        b'{"products": ["a"], "number": 0}',
        b'{"products": ["a"], "more": 1}',
        json.dumps({"products": ["a"] * 21}).encode(),
        b"\xff\xfe",
    ],
)
def test_a_body_that_cannot_be_used_is_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/looks/complete", content=body, headers={"content-type": "application/json"})
    assert is_problem(answer, answer.status_code)["status"] in {400, 422}


def test_a_body_beyond_the_limit_is_refused(client: TestClient) -> None:
    """By its length where that is said, else while it comes."""
    large = b"x" * (MOST_BODY + 1)
    is_problem(client.post("/v1/feedback", content=large), 413)
    is_problem(client.post("/v1/feedback", content=iter([large[:40_000], large[40_000:]])), 413)


def test_feedback_is_taken_and_nothing_personal_with_it(shop: ServedShop) -> None:
    notes = Notes()
    event = {
        "event": "clicked",
        "product_id": "women-top-00",
        "outfit_id": "o1",
        "rank": 1,
        "source": "pattern_based",
        "release": 1,
    }
    with opened(shop.warehouse, feedback=notes) as client:
        assert client.post("/v1/feedback", json={"events": [event, event | {"event": "bought"}]}).json() == {"taken": 2}
        is_problem(client.post("/v1/feedback", json={"events": [event | {"user": "me"}]}), 422)
        is_problem(client.post("/v1/feedback", json={"events": [event] * 101}), 422)
        notes.full = True
        answer = client.post("/v1/feedback", json={"events": [event]})
        is_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    assert [one.event for one in notes.events] == ["clicked", "bought"]


def test_a_failure_of_ours_is_a_problem_that_tells_nothing_of_it(shop: ServedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("password=secret")

    with opened(shop.warehouse) as client:
        monkeypatch.setattr(RecommendationsService, "quality", fail)
        told = is_problem(client.get("/v1/quality"), 500)
        assert "secret" not in json.dumps(told)


def test_request_ids_come_back_unless_they_could_harm_a_log(client: TestClient) -> None:
    assert client.get("/health/live", headers={"x-request-id": "abc-1.2:3"}).headers["x-request-id"] == "abc-1.2:3"
    for given in ('"},{"', "x" * 65, "a b"):
        assert client.get("/health/live", headers={"x-request-id": given}).headers["x-request-id"] != given


def test_the_log_has_one_line_of_json_per_request_and_nobody_in_it(shop: ServedShop) -> None:
    log = io.StringIO()
    with opened(shop.warehouse, log=log) as client:
        log.seek(0)
        log.truncate()
        client.get(f"{OUTFITS}?user=anna", headers={"x-user": "bert", "x-request-id": "r1"})
        client.get("/v1/products?query=secret")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = next(one for one in lines if one["request_id"] == "r1")
    assert (told["method"], told["path"], told["status"]) == ("GET", OUTFITS, 200)
    assert told["route"] == "/v1/products/{product_id}/outfits"
    assert told["bytes"] > 1_000
    assert not {"anna", "bert", "secret", "testclient"} & set(log.getvalue().replace('"', " ").split())


def test_without_the_key_only_health_and_assets_are_open(shop: ServedShop) -> None:
    import base64

    with opened(shop.warehouse, key="open sesame") as client:
        closed = (
            OUTFITS,
            "/v1/products",
            "/v1/quality",
            "/metrics",
            "/openapi.json",
            "/",
            "/products/women-top-00",
            "/quality",
            "/nix",
        )
        for path in closed:
            told = client.get(path)
            is_problem(told, 401)
            assert told.headers["www-authenticate"].startswith("Basic ")
        assert {client.get(path).status_code for path in ("/health/live", "/health/ready")} == {200}
        login = base64.b64encode(b"anyone:open sesame").decode()
        for given in ({"x-api-key": "open sesame"}, {"authorization": "Bearer open sesame"}, {"authorization": f"Basic {login}"}):
            assert client.get(OUTFITS, headers=given).status_code == 200
            assert client.get(OUTFITS, headers=given).headers["cache-control"].startswith("private")
        for given in ({"x-api-key": "open"}, {"x-api-key": ""}, {"authorization": "Basic !"}, {"authorization": "Bearer"}):
            is_problem(client.get(OUTFITS, headers=given), 401)


def test_variants_by_header_or_query(shop: ServedShop) -> None:
    """The control group is offered nothing; nobody in between may keep the answer of a user; what was shown is noted each time."""
    experiment, notes = Experiment("spring", (CONTROL, "outfits")), Notes()
    control, treated = (user_of(experiment, variant) for variant in experiment.variants)
    with opened(shop.warehouse, experiment=experiment, feedback=notes) as client:
        for user, variant, count in ((control, CONTROL, 0), (treated, "outfits", 3)):
            for answer in (
                client.get(OUTFITS, headers={"x-user": user}),
                client.get(OUTFITS, headers={"x-user": user}),
                client.get(f"{OUTFITS}?user={user}"),
            ):
                assert (answer.json()["variant"], len(answer.json()["outfits"])) == (variant, count)
                assert answer.headers["cache-control"].startswith("private")
                assert answer.headers["vary"] == "x-user"
        assert client.get(OUTFITS).json()["variant"] is None
        is_problem(client.get(OUTFITS, headers={"x-user": "x" * 257}), 422)
    assert len(notes.events) == 9
    assert {one.variant for one in notes.events} == {"outfits"}


def test_nothing_to_show_is_said_with_when_to_ask_again(tmp_path: Path) -> None:
    """Programs get 503 and Retry-After, people a page; the process itself lives."""
    with opened(tmp_path / "empty") as client:
        for path in (OUTFITS, "/v1/products", "/v1/quality", "/health/ready"):
            answer = client.get(path)
            assert "holds no table releases" in is_problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        assert client.get("/health/live").status_code == 200
        page = client.get("/")
        assert (page.status_code, page.headers["retry-after"]) == (503, "1")
        assert "Not ready yet" in page.text
        assert "outfit_ready 0.0" in client.get("/metrics").text


def test_a_newer_release_is_shown_without_a_restart(tmp_path: Path) -> None:
    shop = ServedShop(tmp_path).stock().release()
    with opened(shop.warehouse) as client:
        before = client.get(OUTFITS)
        shop.release(1)
        deadline = time.monotonic() + 20
        while client.get("/health/ready").json()["release"]["number"] == 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        after = client.get(OUTFITS, headers={"if-none-match": before.headers["etag"]})
        assert after.status_code == 200
        assert after.json()["outfits"][0]["outfit_id"] == "women-top-00-1-1"


def test_kept_answers_stay_within_their_room(shop: ServedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first, and each goes when it is no longer fresh."""
    monkeypatch.setattr(ready_module, "MOST_BYTES", 10_000)
    monkeypatch.setattr(ready_module.ReadyAnswers.__init__, "__defaults__", (10_000,))
    with opened(shop.warehouse) as client:
        for number in range(4):
            assert client.get(f"/v1/products/women-top-0{number}/outfits").status_code == 200
        client.get("/v1/products/women-top-03/outfits")
        client.get("/v1/products/women-top-00/outfits")
        figures = client.get("/metrics").text
    assert 'outfit_ready_answers_total{kept="yes"} 1.0' in figures
    assert 'outfit_ready_answers_total{kept="no"} 5.0' in figures


def test_figures_for_prometheus(client: TestClient) -> None:
    """Few names, whatever is asked: an id or an address never becomes a label."""
    client.get("/v1/products/surely-unknown")
    client.get("/surely/nowhere")
    figures = client.get("/metrics").text
    assert 'outfit_requests_total{method="GET",route="/v1/products/{product_id}/outfits",status="200"}' in figures
    assert "outfit_release_number 1.0" in figures
    assert "outfit_release_outfits 120.0" in figures
    assert "outfit_ready 1.0" in figures
    assert "surely" not in figures


def test_the_description_tells_of_every_route_and_its_errors(client: TestClient) -> None:
    told = client.get("/openapi.json").json()
    assert set(told["paths"]) == {
        "/v1/products",
        "/v1/products/{product_id}",
        "/v1/products/{product_id}/outfits",
        "/v1/looks/complete",
        "/v1/quality",
        "/v1/feedback",
        "/health/live",
        "/health/ready",
    }
    for path, methods in told["paths"].items():
        for method in methods.values():
            assert method["summary"]
            assert method["description"]
            for status, answer in method["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)
    outfits = told["paths"]["/v1/products/{product_id}/outfits"]["get"]
    assert all(one.get("description") for one in outfits["parameters"])
    assert "example" in json.dumps(told["components"]["schemas"]["OutfitsAnswer"])


HOSTILE = (
    "' OR '1'='1", "'; DROP TABLE products; --", '"><script>alert(1)</script>', "{{ 7 * 7 }}", "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd", "%00", "a\u202eb", "${jndi:ldap://x}", "%s%s%n", "\\..\\..\\windows", "x\r\nset-cookie: a=b",
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_id_name_or_filter_is_taken_for_anything_else(client: TestClient, hostile: str) -> None:
    """SQL, markup, templates, paths and line breaks are words that nothing is found for."""
    from urllib.parse import quote

    asked = quote(hostile, safe="")
    for path in (f"/v1/products/{asked}/outfits", f"/v1/products/{asked}", f"/products/{asked}", f"/assets/{asked}"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "set-cookie" not in answer.headers
        assert "root:" not in answer.text
        assert "<script>alert" not in answer.text or answer.headers["content-type"] == "application/problem+json"
    assert client.get(f"/v1/products?query={asked}").json()["total"] == 0
    assert client.get(f"{OUTFITS}?occasion={asked}").json()["outfits"] == []
    is_problem(client.get(f"{OUTFITS}?slot={asked}"), 422)
    for page in (f"/?q={asked}", f"/?q=blue&page={asked}", *(f"/products/women-top-00?{name}={asked}" for name in
                 ("occasion", "slot", "source", "max_price", "min_confidence", "reasons"))):  # fmt: skip
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "<script>alert" not in answer.text
        assert ">49<" not in answer.text
    assert client.post("/v1/looks/complete", json={"products": [hostile]}).status_code in {404, 422}


def test_words_of_a_catalogue_are_never_markup(tmp_path: Path) -> None:
    """Names, colours, occasions and reasons come from a shop's files, which anybody may have written."""
    shop = ServedShop(tmp_path).stock()
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    for row in shop.products:
        row |= {"name": evil, "image_url": "javascript:alert(1)"}
    shop.sell_out()
    rows = [row | {"pattern_name": evil, "occasion": evil} for row in shop.outfits("women", 0, ["pattern_based"])]
    for row in rows:
        for item in row["items"]:
            item["reasons"] = [evil]
    shop.run = 1
    from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS

    shop.write(OUTFIT_RECOMMENDATIONS, rows)
    shop.tell("run-1", rows)
    with opened(shop.warehouse) as client:
        for path in ("/", "/?q=script", "/products/women-top-00?reasons=1", "/quality"):
            page = client.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "javascript:" not in page.text
        assert "&lt;script&gt;" in client.get("/products/women-top-00?reasons=1").text


def test_pages_keep_a_strict_policy_and_load_nothing_from_elsewhere(client: TestClient) -> None:
    """No inline script or style, so that nothing of a catalogue can ever run."""
    import re

    for path in ("/", "/?q=blue", "/products/women-top-00?reasons=1", "/products/gift-1", "/products/nix", "/quality"):
        page = client.get(path)
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?! src=\"/assets/)", page.text), path
        loaded = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
        assert len(loaded) == 2
        assert all(client.get(one).status_code == 200 for one in loaded)
        assert all("immutable" in client.get(one).headers["cache-control"] for one in loaded)


def test_a_product_id_with_a_slash_has_its_addresses(tmp_path: Path) -> None:
    shop = ServedShop(tmp_path).stock()
    shop.products[-1]["product_id"] = "gift/1 ü"
    shop.sell_out()
    shop.release()
    with opened(shop.warehouse) as client:
        for path in ("/v1/products/gift%2F1%20%C3%BC", "/v1/products/gift%2F1%20%C3%BC/outfits", "/products/gift%2F1%20%C3%BC"):
            assert client.get(path).status_code == 200, path
        assert "/products/gift%2F1%20%C3%BC" in client.get("/?q=gift").text
