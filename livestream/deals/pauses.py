"""A deal waits while its session has no picture: what was left of its time then is left again when the picture is back.

It waits from the last piece that came, not from the moment in which that was noticed: each cut would cost it seconds
that nobody saw. Nobody sees the goods meanwhile, so the live price counts; who held at the deal's price keeps it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from livestream.deals.models import LiveDeal
from livestream.models import LiveSession, SessionState

NO_TIME = timedelta(0)


def hold_still(session: Session, live_id: int) -> None:
    """No deal of the session is claimed until the end of the transaction. To be called before its own row is locked,
    in the order in which claims lock: a claim takes the deal first and looks at the session afterwards."""
    theirs = select(LiveDeal.id).where(LiveDeal.session_id == live_id, col(LiveDeal.closed_at).is_(None))
    session.exec(theirs.order_by(col(LiveDeal.item_id)).with_for_update()).all()


def follow(session: Session, live: LiveSession, before: SessionState, since: datetime, now: datetime) -> None:
    """The session went from one state to another: its deals wait `since` its picture went away, noticed `now`, or go
    on with the time they had left. A deal whose end came before anybody noticed is over."""
    theirs = (col(LiveDeal.session_id) == live.id, col(LiveDeal.closed_at).is_(None))
    if live.state == SessionState.INTERRUPTED:
        run_now = (*theirs, col(LiveDeal.paused_at).is_(None), col(LiveDeal.ends_at) > now)
        for row in session.exec(select(LiveDeal).where(*run_now)):
            row.paused_at = paused_from(row.starts_at, since, now)
    elif before == SessionState.INTERRUPTED and live.state == SessionState.LIVE:
        for row in session.exec(select(LiveDeal).where(*theirs, col(LiveDeal.paused_at).is_not(None))):
            row.ends_at, row.paused_at = goes_on_until(row.ends_at, row.paused_at or now, now), None
    session.flush()


def paused_from(began_at: datetime, since: datetime, now: datetime) -> datetime:
    """When a deal began to wait for a picture that is away `since` then: not before the deal began itself."""
    return min(max(began_at, since), now)


def goes_on_until(ends_at: datetime, paused_at: datetime, now: datetime) -> datetime:
    """The end of a deal that waited, now that the picture is back."""
    return ends_at + max(now - paused_at, NO_TIME)
