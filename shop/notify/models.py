from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Channel(StrEnum):
    PAGE = "page"
    MAIL = "mail"
    PUSH = "push"


class MessageState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    DROPPED = "dropped"
    """What it says was over before it could go out."""


class Message(SQLModel, table=True):
    """One message to one address about one event; `key` makes it go out once."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """`order:17:paid:mail`."""
    kind: str
    """placed, paid, handed_over, problem, cancelled, refunded, closed, new_order …"""
    channel: str
    address: str = Field(index=True)
    """A phone number for the outbox page, a mail address, or the id of a push subscription."""
    lang: str = "vi"
    title: str
    body: str
    link: str = ""
    state: str = Field(default=MessageState.QUEUED, index=True)
    attempts: int = 0
    error: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    useful_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Afterwards it would say what is no longer so: it does not go out any more."""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OptOut(SQLModel, table=True):
    """This address wants no more messages of this kind (`*` for all)."""

    __tablename__ = "opt_out"

    address: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class PushSubscription(SQLModel, table=True):
    """A browser that asked to be told about `subject` (`order:17`, `coop:3`). Source: RFC 8030, RFC 8291."""

    __tablename__ = "push_subscription"
    __table_args__ = (UniqueConstraint("subject", "endpoint"),)

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    endpoint: str
    p256dh: str
    auth: str
    lang: str = "vi"
    created_at: datetime = Field(sa_type=UtcDateTime)


class Follow(SQLModel, table=True):
    """Who asked to be told about `subject` ("live:17", "coop:3", "product:9"): a mail address, a browser, a phone.

    A mail address counts from `confirmed_at` on: whoever typed it may not be whose it is.
    """

    __table_args__ = (UniqueConstraint("subject", "channel", "address"),)

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    channel: str
    address: str = Field(index=True)
    """A mail address, the id of the browser's push subscription, or a phone number."""
    lang: str = "vi"
    asked_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Set when what was waited for has happened and is not waited for again: goods are back."""
