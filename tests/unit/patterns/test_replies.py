"""Whatever a model wraps its patterns in, they are read; whatever else it says, nothing breaks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.replies import read_reply
from tests.model_stylist import good_reply, malformed_text, sloppy_text

WORDS = st.text(max_size=30)
ITEMS = st.fixed_dictionaries(
    {
        "slot": st.sampled_from(["top", "bottom", "footwear"]),
        "article_types": st.lists(WORDS, min_size=1, max_size=2),
        "colours": st.lists(WORDS, max_size=2),
        "style": WORDS,
        "required": st.booleans(),
    }
)
PATTERNS = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS,
            "description": st.text(max_size=60),
            "occasion": WORDS,
            "season": st.none() | WORDS,
            "items": st.lists(ITEMS, min_size=1, max_size=4),
            "confidence": st.floats(0, 1),
        }
    ),
    max_size=5,
)
PROSE = st.text(alphabet="ab {}[]\"'`,:.\n-<>1“”/\\", max_size=25) | st.sampled_from(
    [
        "Sure! Here are 8 outfits [as asked]:\n",
        "Note: {bottom} first, then 'footwear'.\n",
        '["',
        '{"',
        "[{",
        "{'",
        "```json\n",
        "```\n",
    ]
)
INDENTS = st.sampled_from([None, 0, 2])
REPLY = good_reply("a prompt")


def written(patterns: list[Any], indent: int | None = None) -> str:
    """The reply as a model should write it."""
    return json.dumps({"patterns": patterns}, indent=indent, ensure_ascii=False)


def read(text: str, finish_reason: str | None = "stop") -> list[Any]:
    """Patterns only."""
    return [dict(pattern) for pattern in read_reply(text, finish_reason).patterns]


class TestWhatIsWrapped:
    """A valid reply comes back equal, whatever stands around it."""

    @given(PATTERNS, INDENTS)
    def test_a_plain_reply_is_read_without_repairs(self, patterns: list[Any], indent: int | None) -> None:
        """The usual case is not touched."""
        reply = read_reply(written(patterns, indent), "stop")
        assert (list(reply.patterns), reply.repaired, reply.error) == (patterns, (), None)

    @given(PROSE, PATTERNS.filter(bool), INDENTS, PROSE)
    def test_prose_around_a_reply_is_left_out(self, before: str, patterns: list[Any], indent: int | None, after: str) -> None:
        """Politeness, brackets and stray quotes do no harm."""
        assert read(before + written(patterns, indent) + after) == patterns

    @given(PATTERNS, st.text(alphabet='ab{}[]"\n', max_size=60), INDENTS)
    def test_thoughts_and_fences_are_left_out(self, patterns: list[Any], thought: str, indent: int | None) -> None:
        """Reasoning models think aloud first."""
        text = f"<think>{thought}</think>\n```json\n{written(patterns, indent)}\n```"
        reply = read_reply(text, "stop")
        assert (list(reply.patterns), reply.error) == (patterns, None)
        assert {"fences", "thoughts"} <= set(reply.repaired)

    @given(PATTERNS.filter(bool))
    def test_trailing_commas_are_forgiven(self, patterns: list[Any]) -> None:
        """A comma before a closing bracket is the commonest slip."""

        def sloppy(value: Any) -> str:
            if isinstance(value, dict):
                return "{" + "".join(f"{json.dumps(name)}: {sloppy(one)},\n" for name, one in value.items()) + "}"
            if isinstance(value, list):
                return "[" + "".join(f"{sloppy(one)}," for one in value) + "]"
            return json.dumps(value)

        reply = read_reply(sloppy({"patterns": patterns}), "stop")
        assert (list(reply.patterns), reply.repaired) == (patterns, ("trailing comma",))

    @given(PATTERNS.filter(bool), PROSE)
    def test_a_bare_list_is_read(self, patterns: list[Any], after: str) -> None:
        """Some models leave out the outermost name."""
        assert read(json.dumps(patterns) + after) == patterns

    @given(PATTERNS.filter(bool))
    def test_python_literals_are_read(self, patterns: list[Any]) -> None:
        """Some models answer with what Python would print."""
        assert read(repr({"patterns": patterns})) == patterns

    @given(PATTERNS.filter(bool))
    def test_one_pattern_per_line_is_read(self, patterns: list[Any]) -> None:
        """JSON lines are as good as a list."""
        assert read("\n".join(json.dumps(pattern) for pattern in patterns)) == patterns

    @pytest.mark.parametrize("wrapper", [{"result": {"patterns": REPLY["patterns"]}}, {"outfits": REPLY["patterns"]}])
    def test_other_wrappers_are_opened(self, wrapper: dict[str, Any]) -> None:
        """Another name outside changes nothing inside."""
        assert read(json.dumps(wrapper)) == REPLY["patterns"]

    @pytest.mark.parametrize("draw", [0.05, 0.2, 0.4, 0.6, 0.7, 0.95])
    def test_every_sloppy_reply_of_the_fake_model_is_read(self, draw: float) -> None:
        """What the server calls mendable is mended."""
        assert read(sloppy_text(REPLY, draw)) == REPLY["patterns"]


class TestWhatIsBroken:
    """Complete patterns are kept, the rest is left out."""

    @given(PATTERNS, INDENTS, st.sampled_from(["", "Here you are:\n```json\n", "<think>so [what]</think>"]), st.data())
    def test_a_cut_anywhere_leaves_the_first_patterns(
        self, patterns: list[Any], indent: int | None, before: str, data: st.DataObject
    ) -> None:
        """What is kept is a prefix, and no complete pattern is lost."""
        reply = (before + written(patterns, indent)).encode("utf-8")
        length = data.draw(st.integers(0, len(reply)))
        kept = read(reply[:length].decode("utf-8", "ignore"), "length")
        assert kept == patterns[: len(kept)]
        if length == len(reply):
            assert kept == patterns

    def test_no_complete_pattern_is_lost_to_a_cut(self) -> None:
        """Each pattern counts from the character that completes it."""
        text, ends, at = json.dumps(REPLY), [], 0
        for pattern in REPLY["patterns"]:
            at = text.index(json.dumps(pattern), at) + len(json.dumps(pattern))
            ends.append(at)
        for number, end in enumerate(ends, 1):
            assert len(read(text[:end])) == number
            assert len(read(text[: end - 1])) == number - 1

    def test_a_cut_is_named(self) -> None:
        """A reply at the length limit is told apart from a whole one."""
        text = json.dumps(REPLY)
        half = read_reply(text[: len(text) // 2], "length")
        assert half.patterns
        assert (half.repaired, half.error) == (("cut before its end",), None)
        none = read_reply(text[:40], "length")
        assert none.patterns == ()
        assert "length limit" in (none.error or "")

    def test_a_broken_pattern_costs_only_itself(self) -> None:
        """Those before and after it are kept."""
        text = json.dumps(REPLY)
        third = json.dumps(REPLY["patterns"][2])
        reply = read_reply(text.replace(third, third.replace('"occasion":', '"occasion" => ')), "stop")
        assert list(reply.patterns) == REPLY["patterns"][:2] + REPLY["patterns"][3:]
        assert "broken in the middle" in reply.repaired

    def test_quotes_inside_a_string_are_forgiven(self) -> None:
        """A quotation without backslashes is text, where what follows shows it."""
        text = json.dumps(REPLY).replace("without shouting over it", 'without "shouting" over it')
        patterns = read(text)
        assert len(patterns) == len(REPLY["patterns"])
        assert 'without "shouting" over it' in patterns[0]["description"]

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("{“patterns”: [{“name”: “Desk”, “items”: [{}]}]}", "Desk"),
            ("{'patterns': [{'name': \"It's\", 'items': [{}]}]}", "It's"),
            ('{"patterns": [{"name": "“Quoted” inside", "items": [{}]}]} ok', "“Quoted” inside"),
            ('{patterns: [{name: "Desk", items: [{}]}]}', "Desk"),
            ('{"patterns": [ // the list\n{"name": "http://x", "items": [{}]}]}', "http://x"),
            ('{"patterns": [{"name": "a\tb\\_c", "items": [{}]},]}', "a\tb_c"),
            ('{"patterns": [{"name": "Desk" "items": [{}]}]}', "Desk"),
        ],
    )
    def test_odd_quotes_and_names_are_read(self, text: str, value: str) -> None:
        """Straight, smart or single quotes, bare names, comments, a comma that was forgotten."""
        assert [pattern["name"] for pattern in read(text)] == [value]

    def test_the_answer_beats_a_draft_in_the_thoughts(self) -> None:
        """Chat templates often swallow the tag that opens a thought."""
        draft = json.dumps({"patterns": [REPLY["patterns"][0]] * 9})
        assert read(f"First idea: {draft}</think>{json.dumps(REPLY)}") == REPLY["patterns"]

    def test_a_tag_inside_a_pattern_is_text(self) -> None:
        """It ends no thought."""
        patterns = [{**REPLY["patterns"][0], "description": "no </think> here"}, REPLY["patterns"][1]]
        assert read(f"Voila: {written(patterns)}") == patterns

    def test_what_is_no_number_is_null(self) -> None:
        """NaN cannot be stored."""
        assert read('{"patterns": [{"confidence": NaN, "items": [{}]}]}')[0]["confidence"] is None

    def test_half_characters_are_replaced(self) -> None:
        """A lone surrogate would make a row that cannot be written."""
        assert read('{"patterns": [{"name": "\\ud800x", "items": []}]}')[0]["name"] == "?x"

    def test_members_that_are_no_patterns_are_left_out(self) -> None:
        """Only objects can be patterns."""
        reply = read_reply('{"patterns": ["Desk", {"name": "Desk"}, null]}', "stop")
        assert (len(reply.patterns), reply.repaired) == (1, ("members that are no patterns",))


class TestWhatIsNoReply:
    """Nothing is found, and nothing breaks."""

    @pytest.mark.parametrize("text", ["", " \n", "I would love to help!", "{}", "[]", "null", "3", '{"rating": 5}', "\x00", "{'a"])
    def test_no_patterns_is_an_error_in_one_line(self, text: str) -> None:
        """It says why."""
        reply = read_reply(text, "stop")
        assert reply.patterns == ()
        assert reply.error
        assert "\n" not in reply.error

    def test_an_empty_list_is_no_error(self) -> None:
        """The model says that there are none."""
        assert read_reply('Sorry: {"patterns": []}', "stop").error is None

    @pytest.mark.parametrize("draw", [0.1, 0.3, 0.6, 0.9])
    def test_no_malformed_reply_of_the_fake_model_yields_enough_patterns(self, draw: float) -> None:
        """What the server calls malformed has to be asked for again."""
        assert len(read(malformed_text(REPLY, draw))) < 2

    @given(st.text(max_size=400) | st.text(alphabet="{}[]\"':,\\ntru1", max_size=400))
    def test_no_text_raises(self, text: str) -> None:
        """Whatever it is."""
        read_reply(text, None)

    @pytest.mark.parametrize(
        "unit",
        [
            "[",
            "{",
            '{"a":',
            '["',
            '{"',
            "[{",
            '{"a":[{"a":',
            "{“",
            "{a:'",
            '{"patterns":[{"items":[{',
            "<think>",
            '{"items":[{}]}</think>',
            "{/",
            '{"a" ',
            "\\",
            '{"\\"',
            "{ ",
        ],
    )
    @pytest.mark.timeout(120)
    def test_ten_megabytes_of_brackets_are_survived(self, unit: str) -> None:
        """A time that grew with the square of the length would end in the time-out."""
        read_reply(unit * (10_000_000 // len(unit)), "length")

    @pytest.mark.parametrize("depth", [20, 500, 5_000, 100_000])
    def test_deep_nesting_is_survived(self, depth: int) -> None:
        """Deeper than any stack."""
        read_reply('{"patterns": [{"a": ' + "[" * depth + "]" * depth + "}]}", "stop")
