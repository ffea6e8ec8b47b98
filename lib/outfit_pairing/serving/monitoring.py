"""What the service tells of itself: figures for Prometheus, and one line of JSON per request."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
FLUSH_S = 0.2  # lines wait so long for others, so that a busy service writes few large pieces
MOST_WAITING = 500  # lines


class Figures:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("route", "method", "status")
        self.requests = Counter("outfit_requests", "Requests answered", names, registry=self.registry)
        self.seconds = Histogram("outfit_request_seconds", "Time to answer", ("route",), registry=self.registry, buckets=BUCKETS)
        self.in_flight = Gauge("outfit_requests_in_flight", "Requests being answered", registry=self.registry)
        self.ready_answers = Counter(
            "outfit_ready_answers", "Answers by whether their bytes lay ready", ("kept",), registry=self.registry
        )
        self.release = Gauge("outfit_release_number", "Number of the release that is shown", registry=self.registry)
        self.released_at = Gauge("outfit_release_timestamp_seconds", "When it was released", registry=self.registry)
        self.products = Gauge("outfit_release_products", "Products that have outfits", registry=self.registry)
        self.outfits = Gauge("outfit_release_outfits", "Their outfits", registry=self.registry)
        self.ready = Gauge("outfit_ready", "Whether a release is shown", registry=self.registry)
        self.feedback = Counter("outfit_feedback_events", "Feedback events taken", ("event",), registry=self.registry)
        self._children: dict[tuple[str, ...], tuple[Counter, Histogram]] = {}
        self.kept, self.made = self.ready_answers.labels("yes"), self.ready_answers.labels("no")

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (route, method, str(status))
        found = self._children.get(key)
        if found is None:  # finding the child of some labels costs more than counting
            found = self._children[key] = (self.requests.labels(*key), self.seconds.labels(route))
        found[0].inc()
        found[1].observe(seconds)


class AccessLog:
    """One line of JSON per request, without addresses, users and queries: nothing personal is written."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to
        self._waiting: list[str] = []
        self._flush_planned = False

    def write(self, request_id: str, method: str, path: str, *, route: str, status: int, seconds: float, size: int) -> None:
        """Note one request."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "method": method,
            "path": path,
            "route": route,
            "status": status,
            "ms": round(seconds * 1_000, 2),
            "bytes": size,
        }
        self._waiting.append(json.dumps(line))
        if len(self._waiting) >= MOST_WAITING:
            self.flush()
        elif not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write down what waits."""
        self._flush_planned = False
        lines, self._waiting = self._waiting, []
        if lines:
            out = self._to or sys.stderr
            out.write("\n".join(lines) + "\n")
            out.flush()
