"""Finding out, once per server, how it is told to answer in JSON."""

from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat

FAILS_LIKE_A_REFUSAL = frozenset({500, 501})  # llama.cpp answers 500 to a json_schema that it does not take
FAILURES_IN_A_ROW = 2  # of one format, before it is taken for refused
ROUNDS = 3  # through all formats without a reply, before the server is said to take none


class FormatTrial:
    """The format to ask for. Tries json_schema, json_object, then the schema in the prompt; a reply confirms.

    remembered: what an earlier run has confirmed, and is believed until the server refuses it.
    """

    def __init__(self, remembered: ReplyFormat | None = None) -> None:
        self._refused: set[ReplyFormat] = set()  # the server said so
        self._suspected: set[ReplyFormat] = set()  # the server failed, which may have other reasons
        self._failures = self._rounds = 0
        self._proven = False  # by a reply of this run
        self.current = remembered or next(iter(ReplyFormat))
        self.confirmed = remembered is not None

    @property
    def exhausted(self) -> bool:
        """Whether the server has refused every format in so many words, to several requests."""
        return self._rounds >= ROUNDS

    def replied(self, asked: ReplyFormat) -> None:
        """A reply came in the format asked for."""
        if asked == self.current:
            self.confirmed = self._proven = True
            self._failures = self._rounds = 0

    def refused(self, asked: ReplyFormat) -> None:
        """The server does not take the format; the next one is tried, also after one that was only remembered.

        Once a reply has come, a refusal is about one request, not about the server. So is one of plain prompts: all formats
        are tried again with the next request, a few times.
        """
        if self._proven or asked != self.current:
            return
        self._refused.add(asked)
        if asked is ReplyFormat.PROMPT:
            self._rounds += 1
            self._refused.clear()
            self._suspected.clear()
        self._next()

    def failed(self, asked: ReplyFormat, reply: ChatReply) -> bool:
        """Whether a failure may be how this server refuses a format; so it is not (yet) a sign that the server is down."""
        like_a_refusal = reply.fault is Fault.DOWN and reply.http_status in FAILS_LIKE_A_REFUSAL
        if self.confirmed or not like_a_refusal:
            return False
        if asked in self._suspected:  # sent before others had shown it
            return True
        if asked != self.current or not self._others():
            return False
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._suspected.add(asked)
            self._next()
        return True

    def server_was_down(self) -> None:
        """The server fails whatever the format: what was only suspected is tried again from the first."""
        if not self.confirmed and self._suspected:
            self._suspected.clear()
            self._next()

    def _others(self) -> list[ReplyFormat]:
        return [kind for kind in ReplyFormat if kind != self.current and kind not in self._refused | self._suspected]

    def _next(self) -> None:
        self.confirmed, self._failures = False, 0
        left = [kind for kind in ReplyFormat if kind not in self._refused | self._suspected]
        self.current = left[0] if left else self.current
