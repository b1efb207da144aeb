from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime

PEOPLE_SAY, HOST_SAYS = "room", "host"
SOURCES = ("facebook", "tiktok", "zalo", "phone")
"""Where a sentence was said: in our room, by the host, or elsewhere and typed in by the host."""


class LiveChat(SQLModel, table=True):
    """The chat of a session. `last_number` counts its sentences; whoever speaks locks this row, so all come in turn."""

    __tablename__ = "live_chat"

    session_id: int = Field(foreign_key="live_session.id", primary_key=True)
    last_number: int = 0
    slow_s: int = 0
    """A viewer may speak once in so many seconds; 0 for no slow mode."""
    words: str = ""
    """Words that keep a sentence from others, one a line."""
    pinned_number: int | None = None
    warning: str = ""
    """What the operator warns viewers and seller of; stands in the room until it is taken back."""


class LiveSpeaker(SQLModel, table=True):
    """Who speaks in a session: a visitor of the room, or somebody elsewhere whose sentence the host typed in.

    `pay_secret` opens the cart of what they hold. `proved_at`: whose cart it is has been shown, so holds last in full.
    """

    __tablename__ = "live_speaker"
    __table_args__ = (UniqueConstraint("session_id", "key"),)

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    key: str
    visitor_key: str = ""
    """The browser's key; empty for somebody elsewhere."""
    name: str
    phone: str = Field(default="", index=True)
    cart_id: str | None = Field(default=None, foreign_key="cart.id")
    pay_secret: str = Field(unique=True)
    proved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    letters: int = 0
    """Pay links that were sent to the phone; the last was queued at `letter_at` and is good until `letter_until`."""
    letter_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    letter_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    silenced: str = ""
    """`muted`: only they see what they say; `blocked`: neither does it order anything."""


class LiveComment(SQLModel, table=True):
    """One sentence and what became of it. `number` is its place in the session; `key` makes a second sending nothing.

    `state`: shown, hidden (by the host or a word of the list) or muted (seen by its speaker alone).
    `decided` tells item by item what happened at once: "A1 held 2; A2 waiting 1".
    """

    __tablename__ = "live_comment"
    __table_args__ = (
        UniqueConstraint("session_id", "number"),
        UniqueConstraint("session_id", "key"),
        Index("ix_live_comment_speaker", "speaker_id"),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id")
    number: int
    key: str
    speaker_id: int = Field(foreign_key="live_speaker.id")
    source: str
    words: str
    kind: str
    decided: str = ""
    state: str = "shown"
    answered: bool = False
    at: datetime = Field(sa_type=UtcDateTime)


class ClaimState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    PROMOTED = "promoted"
    """Waited, and holds now."""
    ORDERED = "ordered"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


OPEN = (ClaimState.WAITING, ClaimState.HELD, ClaimState.PROMOTED)
HOLDING = (ClaimState.HELD, ClaimState.PROMOTED)
_OPEN = text("state IN ('waiting', 'held', 'promoted')")


class Claim(SQLModel, table=True):
    """What somebody wants of one item by comment: one open claim each, however often they say it.

    Those who wait are served in the order of `number`, the sentence that the claim began with.
    """

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="claims_something"),
        Index("uq_claim_open", "speaker_id", "item_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_claim_queue", "item_id", "state", "number"),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    item_id: int = Field(foreign_key="live_item.id")
    speaker_id: int = Field(foreign_key="live_speaker.id")
    number: int
    last_number: int
    """The sentence that changed it last."""
    quantity: int
    state: str = ClaimState.WAITING
    hold_id: int | None = Field(default=None, foreign_key="hold.id")
    order_id: int | None = None
    price_vnd: int | None = Field(default=None, sa_type=BigInteger)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    promoted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    corrected_by_id: int | None = None
    """The person of the co-op who set it right by hand."""
    made_at: datetime = Field(sa_type=UtcDateTime)


class LiveCrew(SQLModel, table=True):
    """Somebody who helps in one session from a phone of their own; the row is the invitation and the post.

    `role`: `moderator` keeps the chat in order, `co-host` also pins items and sets claims right. Neither sees money nor
    changes a price, unless `sees_money`.
    """

    __tablename__ = "live_crew"

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    role: str
    phone: str = ""
    """Only this number may take the post; "" for whoever opens the link first."""
    secret: str = Field(unique=True)
    sees_money: bool = False
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    name: str = ""
    """Of whoever took the post."""
    invited_by_id: int
    invited_at: datetime = Field(sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by_id: int | None = None
