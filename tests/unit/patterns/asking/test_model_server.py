"""The fake server is a fair judge: it repeats itself, counts right and gives what it promises."""

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.model import PatternReply
from outfit_pairing.style.rules import flags_of, structure_fault
from outfit_pairing.style.traits import traits_of
from tests.model_behaviour import Behaviour
from tests.model_server import ModelServer
from tests.model_stylist import good_reply, off_schema_text
from tests.unit.style.wardrobes import GUIDE

SLOTS = {
    "top": ["shirt", "tshirt", "blouse"],
    "bottom": ["jeans", "trousers", "skirt"],
    "footwear": ["casual shoes", "sandals", "heels"],
    "bag": ["handbag", "backpack"],
    "belt": ["belt"],
    "watch": ["watch"],
    "scarf_or_tie": ["tie", "scarf"],
}


def prompt(anchor_slot: str, slots: dict[str, list[str]], count: int = 8) -> str:
    """A prompt as the package writes it, as far as the server reads it."""
    said = {"anchor_slot": anchor_slot, "slots": slots, "colours": ["black", "red"], "occasions": ["everyday", "office"]}
    return f"Please.\nVOCABULARY: {json.dumps(said)}\nCOUNT: {count}\nThank you."


def post(server: ModelServer, text: str, **more: Any) -> tuple[int, Any]:
    """Status and body of one call; status 0 when the line broke."""
    data = json.dumps({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": text}], **more}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{server.base_url}/chat/completions", data), timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as fault:
        return fault.code, json.loads(fault.read())
    except (OSError, ValueError, http.client.HTTPException):
        return 0, None


class TestGoodReplies:
    """What a good model would say."""

    @pytest.mark.parametrize("anchor_slot", [*SLOTS, "one_piece", "outerwear", "eyewear"])
    def test_they_are_outfits_from_the_prompts_vocabulary(self, anchor_slot: str) -> None:
        """Patterns differ, fill no slot twice nor the anchor's, and keep the rules of structure."""
        slots = {slot: words for slot, words in SLOTS.items() if slot != anchor_slot}
        reply = PatternReply.model_validate_json(json.dumps(good_reply(prompt(anchor_slot, slots))))
        kinds = {frozenset((item.slot, item.article_types) for item in pattern.items) for pattern in reply.patterns}
        assert len(kinds) == len(reply.patterns) == 8
        for pattern in reply.patterns:
            filled = [item.slot for item in pattern.items]
            assert len(set(filled)) == len(filled)
            assert all(set(item.article_types) <= set(slots[item.slot]) for item in pattern.items)
            assert pattern.occasion in {"everyday", "office"}
            worn = [("", anchor_slot), *((item.article_types[0], item.slot) for item in pattern.items)]
            flags = 0
            for word, slot in worn:
                flags |= flags_of(traits_of(word, slot, None, None, GUIDE))
            assert structure_fault(flags, len(worn)) == 0

    def test_things_of_their_own_kind_stay_among_themselves(self) -> None:
        """A lipstick gets beauty products of different types."""
        slots = {"beauty": ["nail polish", "mascara", "perfume", "face wash", "lip gloss"]}
        reply = good_reply(prompt("beauty", slots))
        assert len(reply["patterns"]) == 8
        for pattern in reply["patterns"]:
            words = [word for item in pattern["items"] for word in item["article_types"]]
            assert len(set(words)) == len(words) >= 2

    def test_the_anchor_is_dressed_for(self) -> None:
        """A line ANCHOR says what it is: nothing for the beach goes with a suit."""
        slots = {
            "top": ["shirt", "tshirt"],
            "footwear": ["flip-flops", "formal shoes", "sports shoes"],
            "bottom": ["formal trousers", "shorts"],
        }
        said = json.dumps({"article_type": "blazer", "usage": "formal"})
        reply = good_reply(f"ANCHOR: {said}\n{prompt('outerwear', slots, 2)}")
        words = {word for pattern in reply["patterns"] for item in pattern["items"] for word in item["article_types"]}
        assert not words & {"flip-flops", "sports shoes"}

    @given(
        st.dictionaries(st.sampled_from(sorted(SLOTS)), st.lists(st.sampled_from("abcdef"), max_size=3, unique=True)),
        st.integers(1, 10),
    )
    def test_no_vocabulary_raises(self, slots: dict[str, list[str]], count: int) -> None:
        """A small one gives fewer different patterns, or none."""
        assert len(good_reply(prompt("top", slots, count))["patterns"]) in {0, count}

    def test_off_schema_replies_are_json_without_a_usable_pattern(self) -> None:
        """Each kind of them."""
        for draw in (0.1, 0.4, 0.6, 0.9):
            patterns = json.loads(off_schema_text(good_reply("p"), draw)).get("patterns", [])
            assert not [one for one in patterns if len(one.get("items", [])) > 1 and one["items"][0]["slot"] != "gadget"]


class TestFaults:
    """Rates hold, and runs repeat."""

    @given(st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 9))
    def test_rates_are_shares_of_the_prompts(self, busy: float, down: float, seed: int) -> None:
        """Over many prompts, and in any order."""
        behaviour = Behaviour(seed=seed, busy=busy, down=down)
        outcomes = [behaviour.outcome(f"p{number}", 0) for number in range(600)]
        assert abs(outcomes.count("busy") / 600 - busy) < 0.1
        assert abs(outcomes.count("down") / 600 - down) < 0.1
        assert outcomes == [behaviour.outcome(f"p{number}", 0) for number in range(600)]

    def test_the_same_calls_get_the_same_answers(self) -> None:
        """Another server with the same seed repeats the run."""
        behaviour = Behaviour(busy=0.3, down=0.2, malformed=0.2, retry_after_s=0)
        runs = []
        for _ in range(2):
            with ModelServer(behaviour) as server:
                runs.append([post(server, f"p{number % 5}")[0] for number in range(20)])
        assert runs[0] == runs[1]
        assert len(set(runs[0])) > 1

    def test_a_fault_passes(self) -> None:
        """A prompt that is asked again gets its good reply in the end."""
        with ModelServer(Behaviour(busy=0.5, retry_after_s=0)) as server:
            assert 200 in [post(server, "p")[0] for _ in range(20)]

    def test_the_behaviour_can_change_while_it_runs(self) -> None:
        """A server goes down and comes back."""
        with ModelServer() as server:
            server.behaviour = Behaviour(down=1)
            assert post(server, "p")[0] >= 500
            server.behaviour = Behaviour()
            assert post(server, "p")[0] == 200


class TestCounts:
    """What tests rely on."""

    def test_every_call_is_counted_once(self) -> None:
        """By status and outcome, with its time of arrival; good replies by prompt."""
        with ModelServer(Behaviour(busy=0.2, down=0.2, malformed=0.2, reset=0.1, cut=0.1, retry_after_s=0)) as server:
            statuses = [post(server, f"p{number % 10}")[0] for number in range(40)]
            counts = server.counts.snapshot()
        assert counts["calls"] == len(counts["arrivals"]) == sum(counts["by_status"].values()) == 40
        assert sum(counts["by_outcome"].values()) == 40
        assert counts["by_status"]["200"] == statuses.count(200)
        assert counts["good_replies"] == counts["by_outcome"]["good"] == sum(counts["good"].values())
        assert counts["distinct_prompts"] == 10
        assert (counts["in_flight"], counts["in_flight_max"]) == (0, 1)
        assert counts["lost_completion_tokens"] > 0

    def test_tokens_are_those_of_complete_replies(self) -> None:
        """Equal to what callers were told."""
        with ModelServer(Behaviour(malformed=0.5, parts=True)) as server:
            usages = [post(server, f"p{number}")[1]["usage"] for number in range(6)]
            assert server.counts.completion_tokens == sum(usage["completion_tokens"] for usage in usages)
            assert server.counts.prompt_tokens == sum(usage["prompt_tokens"] for usage in usages)

    def test_callers_who_do_not_wait_are_seen(self) -> None:
        """Retry-After holds for the prompt."""
        with ModelServer(Behaviour(busy=1, retry_after_s=60)) as server:
            post(server, "p"), post(server, "q"), post(server, "p")
            assert server.counts.too_early == 1

    def test_refusals_are_no_questions(self) -> None:
        """They change nothing about what later calls get."""
        with ModelServer(Behaviour(refuses=("json_schema",))) as server:
            assert post(server, "p", response_format={"type": "json_schema"})[0] == 400
            assert server.counts.asked == {}


def test_it_outlives_its_caller(tmp_path: Path) -> None:
    """As a program it writes its port and its counters to files, and can be told to behave otherwise."""
    script = Path(__file__).resolve().parents[3] / "model_server.py"
    port_file, counts_file = tmp_path / "port", tmp_path / "counts.json"
    arguments = ["--port-file", port_file, "--counts-file", counts_file, "--latency-ms", "1", "--down", "1", "--refuses", "a,b"]
    program = subprocess.Popen(
        [sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": ""}
    )
    try:
        assert program.stdout is not None
        base_url = program.stdout.readline().strip()
        assert base_url == f"http://127.0.0.1:{port_file.read_text()}/v1"
        root = base_url.removesuffix("/v1")
        changes = urllib.request.Request(f"{root}/behaviour", json.dumps({"down": 0}).encode())
        with urllib.request.urlopen(changes, timeout=10) as answer:
            assert json.loads(answer.read())["refuses"] == ["a", "b"]
        question = urllib.request.Request(
            f"{base_url}/chat/completions", json.dumps({"messages": [{"role": "user", "content": "p"}]}).encode()
        )
        with urllib.request.urlopen(question, timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{root}/counts", timeout=10) as answer:
            assert json.loads(answer.read())["good_replies"] == 1
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(20)
    assert json.loads(counts_file.read_text())["calls"] == 1
