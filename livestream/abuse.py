"""Against orders that nobody means: so many things held at once for one phone and one browser, over all sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, bindparam, case, func, or_, select
from sqlmodel import Session, col

from livestream.chat.models import LiveSpeaker
from livestream.models import LiveClaim
from shop.core.db import run
from shop.core.errors import Refusal
from shop.core.prepared import Prepared
from shop.stock.models import Hold, HoldState

MOST_OPEN = 20
"""Things one buyer holds live and has not ordered yet: more than any cart of a real evening, few enough to bear."""


class TooManyOpen(Refusal):
    """This browser or phone holds that much already and has ordered none of it. Facts: most."""


def require_room(session: Session, visitor_key: str, phone: str, now: datetime) -> None:
    """One more thing may be held for this browser, and for whoever gave the same phone. Raises TooManyOpen."""
    theirs = {"visitor": visitor_key, "phone": phone or "-", "now": now}
    if run(session, _OPEN, theirs).one().things >= MOST_OPEN:
        raise TooManyOpen(most=MOST_OPEN)


def _open() -> Prepared:
    visitor: BindParameter[str] = bindparam("visitor")
    key = case((col(LiveSpeaker.visitor_key) == "", col(LiveSpeaker.key)), else_=col(LiveSpeaker.visitor_key))
    same_phone = select(key).where(col(LiveSpeaker.phone) == bindparam("phone"))
    claimed = or_(col(LiveClaim.visitor_key) == visitor, col(LiveClaim.visitor_key).in_(same_phone))
    owners = select(col(LiveClaim.hold_owner)).where(claimed)
    held = select(func.count().label("things")).where(col(Hold.owner).in_(owners), col(Hold.state) == HoldState.OPEN)
    return Prepared(held.where(col(Hold.expires_at) > bindparam("now")))


_OPEN = _open()  # made once: it runs for every comment that orders something
