"""The figures of one session, added up from its facts; nothing here is kept, so nothing can disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from livestream.chat.models import HOST_SAYS, Claim, ClaimState, LiveComment, LiveSpeaker
from livestream.figures.models import LiveMinute
from livestream.figures.sales import STANDING, Fate, Sold, sold
from livestream.models import ON_AIR, OVER, LiveClaim, LiveSession
from livestream.room import Pin, Room, pins, read

MINUTE = timedelta(minutes=1)
COMPARED = 8


@dataclass(frozen=True)
class Money:
    """Sums over order lines; `ordered_vnd` is exactly the sum of the five fates."""

    sales: Sequence[Sold]

    def of(self, *fates: Fate) -> int:
        return sum(one.total_vnd for one in self.sales if one.fate in fates)

    @property
    def ordered_vnd(self) -> int:
        return sum(one.total_vnd for one in self.sales)

    @property
    def standing_vnd(self) -> int:
        """Ordered and not called off: what is meant by the turnover of a session."""
        return self.of(*STANDING)

    @property
    def back_vnd(self) -> int:
        return sum(one.back_vnd for one in self.sales)

    @property
    def kept_vnd(self) -> int:
        """Paid, less what was given back."""
        return sum(one.kept_vnd for one in self.sales)

    @property
    def orders(self) -> int:
        return len({one.order_id for one in self.sales if one.fate in STANDING})

    @property
    def steps(self) -> int:
        return sum(one.quantity for one in self.sales if one.fate in STANDING)


@dataclass(frozen=True)
class Funnel:
    """From wish to money, counted as (buyer, item): who wanted, who held, who ordered, who paid."""

    claims: int
    holds: int
    ordered: int
    paid: int


@dataclass(frozen=True)
class OfItem:
    """What one item of the run brought."""

    code: str
    name: str
    unit: str
    claims: int
    money: Money


@dataclass(frozen=True)
class Minute:
    """One minute of the session: who watched, and what was ordered in it and not called off."""

    at: datetime
    viewers: int
    ordered_vnd: int
    orders: int


@dataclass(frozen=True)
class Figures:
    """All figures of a session as they stand now."""

    room: Room
    money: Money
    funnel: Funnel
    items: Sequence[OfItem]
    minutes: Sequence[Minute]
    pins: Sequence[Pin]
    watched_minutes: int
    comments: int
    after_vnd: int
    """Ordered after the end, by who held before it."""

    @cached_property
    def peak(self) -> int:
        return max((minute.viewers for minute in self.minutes), default=0) or self.room.live.peak_viewers


def figures(session: Session, live: LiveSession, now: datetime) -> Figures:
    """Read everything about one session."""
    room, sales = read(session, live), sold(session, live.id)
    wished = _wishes(session, live.id)
    minutes = _minutes(session, live, sales, now)
    ended = live.ended_at
    after = [one for one in sales if ended and one.at >= ended and one.fate in STANDING]
    return Figures(
        room=room,
        money=Money(sales),
        funnel=_funnel(session, live.id, wished, sales),
        items=[
            OfItem(
                code=item.code,
                name=item.variant.shown_name,
                unit=item.unit,
                claims=sum(item_id == item.id for _who, item_id in wished),
                money=Money([one for one in sales if one.variant_id == item.variant.id]),
            )
            for item in room.items
        ],
        minutes=minutes,
        pins=pins(session, room),
        watched_minutes=_watched_minutes(session, live.id),
        comments=_comments(session, live.id),
        after_vnd=sum(one.total_vnd for one in after),
    )


def _on_air(live_id: int) -> tuple[ColumnElement[bool], ...]:
    """Claims of the session itself, not of those who watched it again."""
    return col(LiveClaim.session_id) == live_id, ~col(LiveClaim.hold_owner).contains(":replay:")


def _wishes(session: Session, live_id: int) -> set[tuple[str, int]]:
    """(who, item) of everybody who wanted something, by the button or by a comment, held or in the line."""
    pressed = select(LiveClaim.visitor_key, LiveClaim.item_id).where(*_on_air(live_id))
    said = select(LiveSpeaker.visitor_key, LiveSpeaker.key, Claim.item_id)
    said = said.join(Claim, col(Claim.speaker_id) == LiveSpeaker.id).where(Claim.session_id == live_id)
    wished = set(session.exec(pressed).all())
    return wished | {(visitor_key or key, item_id) for visitor_key, key, item_id in session.exec(said)}


def _funnel(session: Session, live_id: int, wished: set[tuple[str, int]], sales: Sequence[Sold]) -> Funnel:
    held = select(LiveClaim.visitor_key, LiveClaim.item_id).where(*_on_air(live_id)).distinct()
    standing = {(one.order_id, one.variant_id) for one in sales if one.fate in STANDING}
    paid = {(one.order_id, one.variant_id) for one in sales if one.fate == Fate.PAID}
    return Funnel(len(wished), len(session.exec(held).all()), len(standing), len(paid))


def waiting(session: Session, live_id: int) -> int:
    """How many claims still wait in line."""
    line = select(func.count()).select_from(Claim)
    return session.exec(line.where(Claim.session_id == live_id, Claim.state == ClaimState.WAITING)).one()


def _minutes(session: Session, live: LiveSession, sales: Iterable[Sold], now: datetime) -> list[Minute]:
    """Every minute from the start to the end, also those in which nothing happened."""
    if live.started_at is None:
        return []
    start = live.started_at.replace(second=0, microsecond=0)
    end = live.ended_at or now
    seen = select(LiveMinute.minute_at, LiveMinute.viewers).where(LiveMinute.session_id == live.id)
    viewers = dict(session.exec(seen).all())
    ordered: dict[datetime, list[Sold]] = {}
    for one in sales:
        if one.fate in STANDING and (live.ended_at is None or one.at < end):
            ordered.setdefault(max(start, one.at.replace(second=0, microsecond=0)), []).append(one)
    return [
        Minute(
            at=(at := start + number * MINUTE),
            viewers=viewers.get(at, 0),
            ordered_vnd=sum(one.total_vnd for one in ordered.get(at, [])),
            orders=len({one.order_id for one in ordered.get(at, [])}),
        )
        for number in range(int((end - start) / MINUTE) + 1)
    ]


def _watched_minutes(session: Session, live_id: int) -> int:
    watched = select(func.coalesce(func.sum(LiveMinute.watched_s), 0)).where(LiveMinute.session_id == live_id)
    return int(session.exec(watched).one()) // 60


def _comments(session: Session, live_id: int) -> int:
    """What people said, without the host."""
    said = select(func.count()).select_from(LiveComment).where(LiveComment.session_id == live_id)
    return session.exec(said.where(LiveComment.source != HOST_SAYS)).one()


@dataclass(frozen=True)
class Earlier:
    """One session of the co-op in the comparison."""

    id: int
    title: str
    started_at: datetime
    minutes: int
    peak: int
    watched_minutes: int
    comments: int
    money: Money


def earlier(session: Session, coop_id: int, now: datetime, most: int = COMPARED) -> list[Earlier]:
    """The sessions of a co-op that were on air, the newest first."""
    theirs = select(LiveSession).where(LiveSession.coop_id == coop_id, col(LiveSession.started_at).is_not(None))
    theirs = theirs.where(col(LiveSession.state).in_((*ON_AIR, *OVER)))
    rows = session.exec(theirs.order_by(col(LiveSession.started_at).desc()).limit(most)).all()
    return [
        Earlier(
            id=live.id,
            title=live.title,
            started_at=live.started_at,
            minutes=int(((live.ended_at or now) - live.started_at) / MINUTE),
            peak=live.peak_viewers,
            watched_minutes=_watched_minutes(session, live.id),
            comments=_comments(session, live.id),
            money=Money(sold(session, live.id)),
        )
        for live in rows
        if live.started_at
    ]
