"""One asker per request at a time, so that a retried or speculative task does not pay for the same reply again."""

from typing import Literal


class Leases:
    """Who may ask for what. A request that another asker has held before is handed over with a warning."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}  # request hash → asker
        self._held_before: dict[str, str] = {}

    def take(self, request_hash: str, asker: str) -> Literal["held", "handed_over", "others"]:
        """Whether the asker holds the lease now.

        `handed_over`: it does, but another asker held it earlier in this run and may have written a reply since this one
        looked in the journal; so it must look again.
        """
        holder = self._holders.setdefault(request_hash, asker)
        if holder != asker:
            return "others"
        before = self._held_before.get(request_hash, asker)
        self._held_before[request_hash] = asker
        return "held" if before == asker else "handed_over"

    def free(self, request_hash: str, asker: str) -> None:
        """Free a lease; one that another asker holds stays."""
        if self._holders.get(request_hash) == asker:
            del self._holders[request_hash]

    def free_all(self, asker: str) -> None:
        """Free all leases of an asker."""
        for request_hash in [key for key, holder in self._holders.items() if holder == asker]:
            del self._holders[request_hash]
