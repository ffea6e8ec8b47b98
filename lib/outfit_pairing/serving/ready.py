"""Answers that lie ready as bytes, and the short way to them.

The outfits of a product are what nearly every request asks for. They are looked up before the framework is troubled: without a
query, or with a query that was answered before, one look-up gives the bytes. Whatever is odd goes on to the framework, which
checks it, answers it and puts the bytes here. All that is kept belongs to one release and is dropped with it.
"""

import hashlib
import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from outfit_pairing.serving.answers import offer_bytes
from outfit_pairing.serving.monitoring import Figures
from outfit_pairing.serving.service import NoSuchProduct, Offer, RecommendationsService
from outfit_pairing.serving.store import Release, StoreNotReady
from outfit_pairing.serving.wishes import Wishes

MOST_BYTES = 96 * 1024**2  # of all bodies that are kept
FRESH_S = 60  # a page may show a result for so long without asking again
LONGEST_USER = 256
BEFORE, AFTER = "/v1/products/", "/outfits"
OUTFITS_ROUTE = "/v1/products/{product_id}/outfits"
Key = tuple[str, bytes, str | None]  # path, query, variant of an experiment


@dataclass(frozen=True, slots=True)
class Ready:
    """One answer.   offer: what it shows, kept for the log of an experiment alone.   until: when it is to be made anew."""

    body: bytes
    etag: bytes
    offer: Offer | None
    until: float


class ReadyAnswers:
    """Bodies by path and query, of one release; those longest unused go first, and old ones where a release has no edition."""

    def __init__(self, figures: Figures, most_bytes: int = MOST_BYTES) -> None:
        self.figures, self.most_bytes = figures, most_bytes
        self._kept: OrderedDict[Key, Ready] = OrderedDict()
        self._bytes = 0
        self._release: Release | None = None

    def get(self, key: Key, release: Release) -> Ready | None:
        """The answer, if it is of this release and fresh."""
        if release is not self._release and release != self._release:
            self._kept.clear()
            self._bytes = 0
        self._release = release
        found = self._kept.get(key)
        if found is None or found.until < time.monotonic():
            return None
        self._kept.move_to_end(key)
        self.figures.kept.inc()
        return found

    def make(self, offer: Offer, *, reasons: bool = True) -> Ready:
        """Encode an answer."""
        self.figures.made.inc()
        body = offer_bytes(offer, reasons=reasons)
        # Outside of an experiment nobody asks for the offer again, and bytes alone give the garbage collector nothing to walk.
        until = math.inf if offer.release.edition else time.monotonic() + FRESH_S  # with an edition, every change is told
        return Ready(body, etag_of(offer.release, body), offer if offer.variant else None, until)

    def keep(self, key: Key, offer: Offer, *, reasons: bool = True) -> Ready:
        """Encode an answer and keep it, unless another release is shown by now."""
        ready = self.make(offer, reasons=reasons)
        if offer.release == self._release:
            former = self._kept.pop(key, None)
            self._bytes += len(ready.body) - (len(former.body) if former else 0)
            self._kept[key] = ready
            while self._bytes > self.most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1].body)
        return ready


class LeanOutfits:
    """The short way of GET /v1/products/{product_id}/outfits; everything else goes on to `app`."""

    def __init__(self, app: ASGIApp, service: RecommendationsService, ready: ReadyAnswers, *, private: bool) -> None:
        self.app, self.service, self.ready, self.private = app, service, ready, private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            path: str = scope["path"]
            if path.startswith(BEFORE) and path.endswith(AFTER) and len(path) > len(BEFORE) + len(AFTER):
                user = header(scope, b"x-user").decode("latin-1")
                found = await self._find(path, scope["query_string"], user) if len(user) <= LONGEST_USER else None
                if found:
                    scope["lean_route"] = OUTFITS_ROUTE
                    if found.offer:
                        await self.service.expose(found.offer)
                    await send_ready(found, scope, send, private=self.private)
                    return
        await self.app(scope, receive, send)

    async def _find(self, path: str, query: bytes, user: str) -> Ready | None:
        """The answer; None: the framework is to give it."""
        try:
            variant = self.service.variant(user)
            key = (path, query, variant)
            found = self.ready.get(key, await self.service.store.release())
            if found or query:
                return found
            offer = await self.service.offer(path[len(BEFORE) : -len(AFTER)], Wishes(), variant)
        except (StoreNotReady, NoSuchProduct):
            return None
        return self.ready.keep(key, offer)


async def send_ready(found: Ready, scope: Scope, send: Send, *, private: bool) -> None:
    """Send an answer, or that what the client has is the same."""
    own = found.offer is not None
    headers = [(b"etag", found.etag), (b"cache-control", cache_control(private=private or own))]
    if own:
        headers.append((b"vary", b"x-user"))
    if matches(header(scope, b"if-none-match"), found.etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(found.body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": found.body})


def etag_of(release: Release, body: bytes) -> bytes:
    """The release, and what is said: stock may change while a release stays."""
    return b'"%d-%s"' % (release.number, hashlib.sha256(body).hexdigest()[:24].encode())


def cache_control(*, private: bool) -> bytes:
    """How long an answer may be kept, and by whom: where a key is asked for, or a user named, by nobody in between."""
    return b"%s, max-age=%d, stale-while-revalidate=%d" % (b"private" if private else b"public", FRESH_S, 5 * FRESH_S)


def matches(given: bytes, etag: bytes) -> bool:
    """Whether If-None-Match names what would be sent."""
    return bool(given) and (given.strip() == b"*" or etag in {one.strip().removeprefix(b"W/") for one in given.split(b",")})


def header(scope: Scope, name: bytes) -> bytes:
    """A header of the request, empty where it is not given."""
    return next((value for key, value in scope["headers"] if key == name), b"")
