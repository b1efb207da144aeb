"""What must always hold of live sessions, for `chohtx verify`."""

from __future__ import annotations

from sqlmodel import Session, col, select

from livestream.models import LivePin, LiveSession, SessionState
from shop.stock.models import Pool


def broken_rules(session: Session) -> list[str]:
    """One line for each session that keeps units after its end, or shows another item than its pins say."""
    return [*_kept_back(session), *_wrong_pins(session)]


def _kept_back(session: Session) -> list[str]:
    on_air = {
        f"live:{row}" for row in session.exec(select(LiveSession.id).where(LiveSession.state == SessionState.LIVE))
    }
    free = select(Pool).where(col(Pool.owner).startswith("live:"), col(Pool.on_hand) > col(Pool.held))
    return [
        f"live: pool {pool.id} of {pool.owner}, which is not on air, keeps {pool.on_hand - pool.held} free units"
        for pool in session.exec(free)
        if pool.owner not in on_air
    ]


def _wrong_pins(session: Session) -> list[str]:
    still_shown = select(LivePin.session_id, LivePin.item_id).where(col(LivePin.unpinned_at).is_(None))
    shown = dict(session.exec(still_shown).all())
    return [
        f"live: session {row.id} shows item {row.pinned_item_id}, its pins say {shown.get(row.id)}"
        for row in session.exec(select(LiveSession))
        if row.pinned_item_id != shown.get(row.id)
    ]
