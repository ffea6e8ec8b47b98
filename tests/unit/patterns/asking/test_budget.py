"""A budget is never exceeded, and bounds are upper bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.errors import SettingsError
from outfit_pairing.patterns.asking.budget import Budget, TokenBound, Usage, most_prompt_tokens, usage_of
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, Message


@given(
    limit=st.integers(0, 5_000),
    cost=st.one_of(st.none(), st.floats(0, 0.02)),
    prices=st.tuples(st.floats(0, 10), st.floats(0, 30)),
    requests=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 600), st.sampled_from(["settle", "give_back", "leave"]), st.floats(0, 1))
    ),
)
def test_what_is_spent_and_reserved_never_exceeds_the_limit(
    limit: int, cost: float | None, prices: tuple[float, float], requests: list[tuple[int, int, str, float]]
) -> None:
    """In tokens and in money, whatever settles in whatever order."""
    budget = Budget(limit, cost, *prices)
    reserved: dict[int, tuple[int, int]] = {}
    spent = [0, 0]
    for permit, (prompt, completion, fate, share) in enumerate(requests):
        if not budget.reserve(permit, prompt, completion):
            continue
        reserved[permit] = (prompt, completion)
        prompts, completions = (spent[i] + sum(most[i] for most in reserved.values()) for i in (0, 1))
        assert prompts + completions <= limit
        assert cost is None or (prompts * prices[0] + completions * prices[1]) / 1e6 <= cost
        if fate == "settle":
            used = Usage(int(prompt * share), int(completion * share))
            budget.settle(permit, used)
            spent = [spent[0] + used.prompt_tokens, spent[1] + used.completion_tokens]
        elif fate == "give_back":
            budget.give_back(permit)
        if fate != "leave":
            del reserved[permit]
    assert [budget.spent.prompt_tokens, budget.spent.completion_tokens] == spent


def test_without_a_limit_everything_fits_and_is_counted() -> None:
    """None is no limit; the sums are kept all the same."""
    budget = Budget(None, None, 1.0, 2.0)
    assert budget.reserve(1, 10**9, 10**9)
    budget.settle(1, Usage(1_000_000, 500_000))
    assert budget.spent.tokens == 1_500_000
    assert budget.cost == 2.0
    assert Budget(None, None, None, None).cost is None


def test_a_budget_in_money_needs_both_prices() -> None:
    """One line says which settings are missing."""
    with pytest.raises(SettingsError, match=r"llm\.price_prompt and llm\.price_completion"):
        Budget(None, 1.0, 1.0, None)


@pytest.mark.parametrize(
    ("reply", "usage"),
    [
        (None, Usage(100, 50, exact=False)),
        (ChatReply(text="{}"), Usage(100, 50, exact=False)),
        (ChatReply(text="{}", prompt_tokens=70, completion_tokens=30), Usage(70, 30)),
        (ChatReply(text="{}", prompt_tokens=-70, completion_tokens=-30), Usage(0, 0)),
        (ChatReply(text="{}", prompt_tokens=70), Usage(70, 50, exact=False)),
        (ChatReply(fault=Fault.DOWN, may_be_billed=True), Usage(100, 50, exact=False)),
        (ChatReply(fault=Fault.DOWN, http_status=503), Usage(0, 0)),
        (ChatReply(fault=Fault.BUSY, http_status=429), Usage(0, 0)),
        (ChatReply(fault=Fault.BAD_REQUEST, prompt_tokens=70), Usage(70, 0)),
    ],
)
def test_what_is_not_known_counts_as_much_as_it_can_have_cost(reply: ChatReply | None, usage: Usage) -> None:
    """No reply, a reply without figures, and one that may have been billed; a refusal costs nothing."""
    assert usage_of(reply, 100, 50) == usage


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.text(max_size=40))
def test_a_bound_without_a_tokenizer_is_above_one_token_per_byte(texts: list[str], schema: str) -> None:
    """No tokenizer makes more tokens than bytes; the chat template is allowed for."""
    messages = [Message("user", text) for text in texts]
    assert most_prompt_tokens(messages, schema) >= sum(len(text.encode()) for text in [*texts, schema]) + 16 * len(texts)


def test_a_bound_comes_closer_with_what_the_server_counts() -> None:
    """After five replies the highest share of tokens per byte and a margin count; it never rises above the sure bound."""
    bound, messages = TokenBound(), [Message("user", "x" * 4_000)]
    for tokens in (900, 1_000, 800, 950):
        bound.learn(messages, tokens)
    assert bound.most(messages) == most_prompt_tokens(messages)
    bound.learn(messages, 990)
    assert bound.most(messages) == 1_000 * 1.25 + 64
    bound.learn(messages, 3_900)
    assert bound.most(messages) == most_prompt_tokens(messages)
