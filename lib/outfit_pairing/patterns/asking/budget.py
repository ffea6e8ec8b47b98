"""What requests cost: upper bounds before they go out, true figures afterwards, and a limit that is never exceeded."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from outfit_pairing.errors import SettingsError
from outfit_pairing.patterns.asking.chat import ChatReply, Message

PER_MESSAGE = 16  # tokens that a chat template may add to a message
PER_REQUEST = 64  # … and to a request
LEARN_FROM = 5  # replies before a learned bound is trusted
MARGIN = 1.25  # over the highest tokens per byte seen
MILLION = 1_000_000  # prices are per million tokens


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. `exact`: as the server counted them, not an upper bound."""

    prompt_tokens: int
    completion_tokens: int
    exact: bool = True

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


def usage_of(reply: ChatReply | None, most_prompt_tokens: int, most_completion_tokens: int) -> Usage:
    """What a request counts for. None (no reply was ever recorded), a reply without figures and one that may have been
    billed although nothing came back count as much as they can have cost; a refusal or a busy server costs nothing.
    """
    prompt, completion = (reply.prompt_tokens, reply.completion_tokens) if reply else (None, None)
    exact = prompt is not None and completion is not None
    if reply is not None and reply.text is None and not reply.may_be_billed:
        most_prompt_tokens, most_completion_tokens, exact = 0, 0, True
    # a server that counts below zero would refill the budget
    prompt = most_prompt_tokens if prompt is None else max(0, prompt)
    completion = most_completion_tokens if completion is None else max(0, completion)
    return Usage(prompt, completion, exact)


class Budget:
    """A limit in tokens, in money, or both (None: no limit): what is spent and what is reserved together never exceed it.

    Prices are per million tokens. Sums are kept as whole tokens, so that no rounding adds up.
    Raises: SettingsError: a limit in money without both prices.
    """

    def __init__(self, tokens: int | None, cost: float | None, price_prompt: float | None, price_completion: float | None) -> None:
        if cost is not None and (price_prompt is None or price_completion is None):
            raise SettingsError("llm.budget_cost needs both prices; set llm.price_prompt and llm.price_completion")
        self._most_tokens, self._most_cost = tokens, cost
        self._prices = None if price_prompt is None or price_completion is None else (price_prompt, price_completion)
        self._prompt = self._completion = 0  # spent
        self._inexact = 0
        self._reserved: dict[int, Usage] = {}
        self._reserved_prompt = self._reserved_completion = 0

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self._most_tokens is not None or self._most_cost is not None

    def fits(self, most_prompt_tokens: int, most_completion_tokens: int) -> bool:
        """Whether a request that may cost so much can be reserved now."""
        prompt = self._prompt + self._reserved_prompt + most_prompt_tokens
        completion = self._completion + self._reserved_completion + most_completion_tokens
        if self._most_tokens is not None and prompt + completion > self._most_tokens:
            return False
        return self._most_cost is None or (self._cost(prompt, completion) or 0.0) <= self._most_cost

    def reserve(self, permit: int, most_prompt_tokens: int, most_completion_tokens: int) -> bool:
        """Set aside what a request may cost; False, and nothing is set aside, when that would exceed the limit."""
        if not self.fits(most_prompt_tokens, most_completion_tokens):
            return False
        self._reserved[permit] = Usage(most_prompt_tokens, most_completion_tokens)
        self._reserved_prompt += most_prompt_tokens
        self._reserved_completion += most_completion_tokens
        return True

    def settle(self, permit: int, usage: Usage) -> None:
        """Count what a reserved request cost in truth."""
        if self.give_back(permit):
            self.spend(usage)

    def give_back(self, permit: int) -> bool:
        """Free what was set aside for a request that was not sent; False when there was nothing."""
        most = self._reserved.pop(permit, None)
        if most is None:
            return False
        self._reserved_prompt -= most.prompt_tokens
        self._reserved_completion -= most.completion_tokens
        return True

    def spend(self, usage: Usage) -> None:
        """Count what was not reserved here: an earlier run's request."""
        self._prompt += usage.prompt_tokens
        self._completion += usage.completion_tokens
        self._inexact += 0 if usage.exact else usage.tokens

    @property
    def spent(self) -> Usage:
        """All that is counted as spent so far; not `exact` when upper bounds are part of it."""
        return Usage(self._prompt, self._completion, exact=self._inexact == 0)

    @property
    def spent_at_most(self) -> int:
        """Those of the tokens spent that are upper bounds, since the server's figures are not known."""
        return self._inexact

    @property
    def cost(self) -> float | None:
        """Money spent so far; None without prices."""
        return self._cost(self._prompt, self._completion)

    def _cost(self, prompt: int, completion: int) -> float | None:
        return None if self._prices is None else (prompt * self._prices[0] + completion * self._prices[1]) / MILLION


def most_prompt_tokens(messages: Sequence[Message], schema: str = "") -> int:
    """Upper bound without a tokenizer: no token of a text is shorter than a byte. `schema`: what is sent beside the messages."""
    return _bytes(messages, schema) + PER_MESSAGE * len(messages) + PER_REQUEST


class TokenBound:
    """The bound of `most_prompt_tokens`, closer once some replies have shown how many bytes a token has. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replies = 0
        self._per_byte = 0.0

    def learn(self, messages: Sequence[Message], prompt_tokens: int, schema: str = "") -> None:
        """Remember what a server counted for messages."""
        with self._lock:
            self._replies += 1
            self._per_byte = max(self._per_byte, prompt_tokens / max(1, _bytes(messages, schema)))

    def most(self, messages: Sequence[Message], schema: str = "") -> int:
        """Most prompt tokens that these messages may be counted as."""
        surely = most_prompt_tokens(messages, schema)
        with self._lock:
            if self._replies < LEARN_FROM:
                return surely
            return min(surely, math.ceil(self._per_byte * MARGIN * _bytes(messages, schema)) + PER_REQUEST)


def _bytes(messages: Sequence[Message], schema: str) -> int:
    texts = [message.content for message in messages]
    return sum(len(text.encode("utf-8", "replace")) for text in [*texts, schema])
