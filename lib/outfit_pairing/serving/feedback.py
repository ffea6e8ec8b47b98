"""What shoppers did with outfits: events of product pages, kept to see which outfits work. Nothing personal is taken.

An event says which outfit was shown, clicked, bought or dismissed, never by whom: there is no field for a person, a session or
an address, and an event that carries one is refused.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings
from outfit_pairing.style import SLOTS
from outfit_pairing.style.sources import BASE_CONFIDENCE

Kind = Literal["shown", "clicked", "bought", "dismissed"]


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds signs that cannot be printed")
    return text


def _known_source(text: str) -> str:
    if text not in BASE_CONFIDENCE:
        raise ValueError(f"no such source; known are {', '.join(BASE_CONFIDENCE)}")
    return text


def _known_slot(text: str) -> str:
    if text not in SLOTS:
        raise ValueError(f"no such slot; known are {', '.join(SLOTS)}")
    return text


Id = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]


def _event_id() -> str:
    return uuid.uuid4().hex


def _now() -> datetime:
    return datetime.now(UTC)


class FeedbackEvent(BaseModel):
    """One thing that happened to one outfit on one page. Other fields are refused, so that nothing personal slips in.

    event_id may be given by the client: an event that is sent again with the same id counts once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] = Field(
        default_factory=_event_id, description="Given by the client so that a repeated event counts once; made up when unset."
    )
    event: Kind = Field(description="What happened to the outfit.")
    at: AwareDatetime = Field(default_factory=_now, description="When, with its offset; now when unset.")
    product_id: Id = Field(description="The product whose page showed the outfit.")
    outfit_id: Id = Field(description="The outfit.")
    rank: int = Field(ge=1, le=100, description="At which rank it stood.")
    source: Annotated[str, AfterValidator(_known_source)] = Field(description="Where the outfit comes from.")
    slot: Annotated[str, AfterValidator(_known_slot)] | None = Field(None, description="Slot of the item, when it was about one.")
    item_product_id: Id | None = Field(None, description="The item's product, when it was about one.")
    experiment: Name | None = Field(None, description="A/B test that the page took part in.")
    variant: Name | None = Field(None, description="Its variant.")
    release: int = Field(ge=1, description="Number of the release that was shown.")


class FeedbackLog(Protocol):
    """Keeps events. Appends only."""

    async def open(self) -> None:
        """Get ready. Does not raise when the place is away: it may come back."""

    async def add(self, events: Sequence[FeedbackEvent]) -> None:
        """Take events; those with a known event_id count once.    Raises: StoreNotReady: they cannot be kept now."""

    async def close(self) -> None:
        """Write down what is waiting, and let go."""


class NoFeedback:
    """Keeps nothing: serve.feedback is off."""

    async def open(self) -> None:
        """Nothing to get ready."""

    async def add(self, events: Sequence[FeedbackEvent]) -> None:
        """Events go nowhere."""

    async def close(self) -> None:
        """Nothing waits."""


def open_feedback(settings: Settings) -> FeedbackLog:
    """The log that `serve.feedback` names; call `open` before use.

    Raises:  SettingsError: no such place: postgres without publish.postgres, delta in a catalogue, or a package is missing.
    """
    if settings.serve.feedback == "off":
        return NoFeedback()
    if settings.serve.feedback == "postgres":
        from outfit_pairing.serving.feedback_postgres import PostgresFeedback

        return PostgresFeedback(settings)
    if settings.storage.catalog or settings.storage.schema_:
        raise SettingsError(
            "serve.feedback = delta appends to a table by its path, which storage.catalog does not tell; "
            "set serve.feedback to postgres or off"
        )
    from outfit_pairing.serving.feedback_delta import DeltaFeedback

    return DeltaFeedback(settings)
