"""What ai_query gives is read as a reply, whatever form the model answers in."""

import json

import pytest

from outfit_pairing.patterns.asking.chat import Fault
from outfit_pairing.patterns.by_query import _reply

TEXT = '{"patterns": [{"name": "Sunday “Best”"}]}'
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Which shoes go with it?"}]}


@pytest.mark.parametrize(
    "result",
    [
        TEXT,
        json.dumps([THOUGHT, {"type": "text", "text": TEXT}]),
        json.dumps([THOUGHT, {"type": "text", "text": TEXT[:20]}, {"type": "text", "text": TEXT[20:]}], indent=1),
    ],
    ids=["text", "blocks", "more blocks"],
)
def test_the_text_of_a_model_that_thinks_first_is_read_without_its_thoughts(result: str) -> None:
    """Models that reason answer in blocks."""
    reply = _reply({"result": result, "errorMessage": None}, 1.0)
    assert (reply.text, reply.fault) == (TEXT, None)


@pytest.mark.parametrize("result", ["[1, 2]", "[]", '[{"name": "a list of patterns"}]', "[half"])
def test_other_lists_are_left_to_who_reads_patterns(result: str) -> None:
    """They may be patterns without what is around them."""
    assert _reply({"result": result}, 1.0).text == result


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("BAD_REQUEST: this model does not support the temperature parameter", Fault.REFUSED),
        ("RESOURCE_DOES_NOT_EXIST: endpoint fake", Fault.REFUSED),
        ("HTTP 429 REQUEST_LIMIT_EXCEEDED", Fault.BUSY),
        ("HTTP 503", Fault.DOWN),
    ],
)
def test_what_went_wrong_is_told_apart(said: str, fault: Fault) -> None:
    """A refusal stops the run, and counts nothing."""
    reply = _reply({"result": None, "errorMessage": said}, 1.0)
    assert (reply.fault, reply.may_be_billed) == (fault, fault is Fault.DOWN)
