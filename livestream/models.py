from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class SessionState(StrEnum):
    """Where a session stands; `livestream.moves.FROM` says which change may follow which."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LOBBY = "lobby"
    """The host has the camera page open; nobody else sees a picture yet."""
    STARTING = "starting"
    """The host pressed the button; the first picture is on its way."""
    LIVE = "live"
    INTERRUPTED = "interrupted"
    """The picture is lost for a while; selling goes on."""
    ENDING = "ending"
    """Selling has ended; the last of the picture may still arrive."""
    PROCESSING = "processing"
    REPLAY = "replay"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"
    MISSED = "missed"
    FAILED = "failed"
    TERMINATED = "terminated"
    """Stopped by the alliance or the operator."""
    HIDDEN = "hidden"
    """Kept as evidence, shown to nobody."""


AHEAD = (SessionState.SCHEDULED, SessionState.LOBBY, SessionState.STARTING)
"""Announced and not begun."""
CHANGEABLE = (SessionState.DRAFT, SessionState.SCHEDULED, SessionState.LOBBY)
"""The run and the words may still be changed at will."""
ON_AIR = (SessionState.LIVE, SessionState.INTERRUPTED)
"""Selling, chat, claims and live prices go on."""
PAST = (SessionState.ENDING, SessionState.PROCESSING, SessionState.REPLAY, SessionState.ARCHIVED)
"""Ended as the host wanted it: shown among what was."""
STOPPED = (SessionState.TERMINATED, SessionState.HIDDEN)
OVER = (*PAST, *STOPPED)
_IN_ONE_PLACE = text("state IN ('starting', 'live', 'interrupted')")


class Replay(StrEnum):
    """Who may see a session again once it is over: the seller's choice."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    """Whoever has the address; it stands in no list, and search engines are asked to leave it out."""
    HIDDEN = "hidden"
    """The co-op's desk only."""


class LiveSession(SQLModel, table=True):
    """One time when a co-op sells live. `clip_key` is the path in the media folder of the clip that is its picture."""

    __tablename__ = "live_session"
    __table_args__ = (
        CheckConstraint("planned_minutes BETWEEN 5 AND 480", name="a_day_at_most"),
        Index(
            "uq_live_session_host_on_air",
            "host_id",
            unique=True,
            sqlite_where=_IN_ONE_PLACE,
            postgresql_where=_IN_ONE_PLACE,
        ),
        Index(
            "uq_live_session_coop_on_air",
            "coop_id",
            unique=True,
            sqlite_where=_IN_ONE_PLACE,
            postgresql_where=_IN_ONE_PLACE,
        ),
    )

    id: int = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    coop_id: int = Field(foreign_key="coop.id", index=True)
    host_id: int = Field(foreign_key="person.id", index=True)
    co_host_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    """Who of the co-op sells beside the host: is in one place at a time, too."""
    co_host: str = ""
    """A guest's name, in the host's words."""
    title: str
    summary: str = ""
    starts_at: datetime = Field(sa_type=UtcDateTime, index=True)
    planned_minutes: int = 60
    state: str = Field(default=SessionState.SCHEDULED, index=True)
    state_at: datetime = Field(sa_type=UtcDateTime)
    """Since when it is in this state, by the server's clock."""
    has_video: bool = False
    """A camera has sent pictures of it."""
    unkept_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The disk is full: from then on its picture is shown and not recorded."""
    is_practice: bool = False
    """For the host alone: never public, never past the lobby."""
    legal_hold: bool = False
    """Nothing of it is deleted while somebody has asked for it as evidence."""
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pinned_item_id: int | None = None
    """The item shown large now; `live_pin` tells since when and what was shown before."""
    cover_photo_id: int | None = Field(default=None, foreign_key="photo.id")
    clip_key: str = ""
    embed: str = ""
    """Another site's player that is the picture, as `livestream.video.embeds` keeps it."""
    replay: str = Replay.PUBLIC
    peak_viewers: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    is_demo: bool = False

    @property
    def on_air(self) -> bool:
        return self.state in ON_AIR

    @property
    def is_ahead(self) -> bool:
        return self.state in AHEAD

    @property
    def is_draft(self) -> bool:
        """Nobody has heard of it: a draft, or one that was thrown away."""
        return self.state == SessionState.DRAFT or (self.state == SessionState.CANCELLED and self.ended_at is None)

    @property
    def is_past(self) -> bool:
        return self.state in PAST

    @property
    def keeps_picture_back(self) -> bool:
        """Over, and its seller shows it to nobody: from the end on no picture goes out, not of its last seconds either.

        Whoever was looking on sees what the player had loaded.
        """
        return self.is_past and self.replay == Replay.HIDDEN

    @property
    def is_kept_back(self) -> bool:
        """The same for its page, which says for those last seconds that the session is over."""
        return self.keeps_picture_back and self.state != SessionState.ENDING

    @property
    def is_for_all(self) -> bool:
        """Strangers may know of it."""
        return not (self.is_practice or self.is_draft or self.is_kept_back)

    @property
    def is_unlisted(self) -> bool:
        """Over, and to be found by its address only."""
        return self.is_past and self.replay != Replay.PUBLIC

    @property
    def is_stopped(self) -> bool:
        return self.state in STOPPED

    @property
    def talks(self) -> bool:
        """Whoever is in the room may say something."""
        return self.is_ahead or self.on_air


class LiveItem(SQLModel, table=True):
    """A variant in the run of a session, under a code that viewers say ("A1"). Counts are in selling steps."""

    __tablename__ = "live_item"
    __table_args__ = (
        UniqueConstraint("session_id", "code"),
        UniqueConstraint("session_id", "variant_id"),
        CheckConstraint("live_price_vnd > 0 AND wanted > 0 AND most_per_buyer > 0", name="sells_something"),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id")
    code: str
    variant_id: int = Field(foreign_key="variant.id")
    live_price_vnd: int = Field(sa_type=BigInteger)
    wanted: int
    """What the host asked to set aside."""
    most_per_buyer: int = 5
    allotted: int | None = None
    """What was set aside at the start; less than `wanted` when less was left."""
    pool_id: int | None = Field(default=None, foreign_key="pool.id")
    papers: str = ""
    """What proves the goods when no certificate in the market does: "Giấy ATTP số 12/2026" and the like."""
    replay_price_vnd: int | None = Field(default=None, sa_type=BigInteger)
    """What a step costs whoever watches the replay; None is the ordinary price."""
    position: int
    prompt: str = ""
    """What the host wants to say about it; nobody else reads it."""


class LivePin(SQLModel, table=True):
    """From when to when an item was shown large."""

    __tablename__ = "live_pin"
    __table_args__ = (
        Index(
            "uq_live_pin_open",
            "session_id",
            unique=True,
            sqlite_where=text("unpinned_at IS NULL"),
            postgresql_where=text("unpinned_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    item_id: int = Field(foreign_key="live_item.id")
    person_id: int | None = None
    """Who pinned it; None when the session's start or the demo's clock did."""
    pinned_at: datetime = Field(sa_type=UtcDateTime)
    unpinned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LiveClaim(SQLModel, table=True):
    """Each time a buyer reserved in the room: what, how much, at which price. Rows are only added."""

    __tablename__ = "live_claim"
    __table_args__ = (Index("ix_live_claim_visitor", "visitor_key", "item_id"),)

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    item_id: int = Field(foreign_key="live_item.id")
    hold_owner: str = Field(index=True)
    visitor_key: str
    """Whose browser pressed: a visitor who opens a fresh cart stays one buyer."""
    quantity: int
    price_vnd: int = Field(sa_type=BigInteger)
    held_until: datetime = Field(sa_type=UtcDateTime)
    at: datetime = Field(sa_type=UtcDateTime)


class LiveReport(SQLModel, table=True):
    """A viewer says that something in the room breaks the rules; the operator looks at it.

    Source: law on e-commerce 122/2025/QH15, Art. 22 to 24 (warning tool and complaints during the session).
    """

    __tablename__ = "live_report"
    __table_args__ = (UniqueConstraint("session_id", "visitor_key", "reason", "comment_number"),)

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    visitor_key: str
    reason: str
    words: str = ""
    item_id: int | None = None
    """What was pinned when the viewer pressed."""
    comment_number: int = 0
    """The sentence that breaks the rules; 0 for the session as a whole."""
    said: str = ""
    """That sentence as it stood, with who said it: whatever the seller does with it later."""
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_by_id: int | None = None


keep_insert_only(LiveClaim)
