"""A deal waits while its session has no picture: what was left of its time then is left again when the picture is back.

Nobody sees the goods meanwhile, so the live price counts; who held at the deal's price before keeps it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.deals.models import LiveDeal
from livestream.models import SessionState
from shop.core.db import run


def hold_still(session: Session, live_id: int) -> None:
    """No deal of the session is claimed until the end of the transaction. To be called before its own row is locked,
    in the order in which claims lock: a claim takes the deal first and looks at the session afterwards."""
    theirs = select(LiveDeal.id).where(LiveDeal.session_id == live_id, col(LiveDeal.closed_at).is_(None))
    session.exec(theirs.order_by(col(LiveDeal.item_id)).with_for_update()).all()


def follow(session: Session, live_id: int, before: SessionState, to: SessionState, now: datetime) -> None:
    """The session went from one state to another: its deals wait, or go on with the time they had left."""
    theirs = (col(LiveDeal.session_id) == live_id, col(LiveDeal.closed_at).is_(None))
    if to == SessionState.INTERRUPTED:
        run_now = (*theirs, col(LiveDeal.paused_at).is_(None), col(LiveDeal.ends_at) > now)
        run(session, update(LiveDeal).where(*run_now).values(paused_at=now))
    elif before == SessionState.INTERRUPTED and to == SessionState.LIVE:
        for row in session.exec(select(LiveDeal).where(*theirs, col(LiveDeal.paused_at).is_not(None))):
            row.ends_at, row.paused_at = row.ends_at + (now - (row.paused_at or now)), None
        session.flush()
