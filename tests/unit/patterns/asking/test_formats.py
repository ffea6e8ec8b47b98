"""How a server wants to be asked for JSON is found out once."""

from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.formats import ROUNDS, FormatTrial

SCHEMA, OBJECT, PROMPT = ReplyFormat
FAILED = ChatReply(fault=Fault.DOWN, http_status=500)


def test_formats_are_tried_from_the_strictest_on() -> None:
    """json_schema, json_object, then the prompt; a reply confirms."""
    trial, asked = FormatTrial(), []
    for _ in range(2):
        asked.append(trial.current)
        trial.refused(trial.current)
    assert [*asked, trial.current] == [SCHEMA, OBJECT, PROMPT]
    assert not trial.confirmed
    trial.replied(PROMPT)
    assert trial.confirmed


def test_two_failures_in_a_row_are_a_refusal() -> None:
    """llama.cpp answers 500 to a json_schema; other failures prove nothing about the format."""
    trial = FormatTrial()
    assert trial.failed(SCHEMA, FAILED)
    assert trial.current is SCHEMA
    assert not trial.failed(SCHEMA, ChatReply(fault=Fault.DOWN, http_status=503))
    assert trial.failed(SCHEMA, FAILED)
    assert trial.current is OBJECT


def test_a_server_that_fails_whatever_the_format_is_down() -> None:
    """After the last format a failure is one of the server, and all formats are tried again when it is back."""
    trial = FormatTrial()
    assert [trial.failed(trial.current, FAILED) for _ in range(6)] == [True, True, True, True, False, False]
    trial.server_was_down()
    assert trial.current is SCHEMA


def test_a_remembered_format_is_believed_until_it_is_refused() -> None:
    """Another server may answer at the same address; it is tried from the first format on."""
    trial = FormatTrial(OBJECT)
    assert trial.confirmed
    trial.refused(OBJECT)
    assert (trial.current, trial.confirmed) == (SCHEMA, False)
    trial.refused(SCHEMA)
    assert trial.current is PROMPT


def test_one_odd_request_does_not_change_the_format_of_a_server_that_replies() -> None:
    """A refusal after replies is about the request."""
    trial = FormatTrial()
    trial.replied(SCHEMA)
    trial.refused(SCHEMA)
    assert (trial.current, trial.confirmed) == (SCHEMA, True)


def test_one_odd_first_request_does_not_end_the_trial() -> None:
    """Only a server that refuses every format several times takes none."""
    trial = FormatTrial()
    for _ in range(3):
        trial.refused(trial.current)
    assert trial.current is SCHEMA
    assert not trial.exhausted
    for _ in range(3 * (ROUNDS - 1)):
        trial.refused(trial.current)
    assert trial.exhausted
