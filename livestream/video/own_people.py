"""Who may look at pictures that a seller keeps back: the session's own people, and those who watch over all."""

from __future__ import annotations

from datetime import datetime

from livestream.models import LiveSession
from livestream.studio_routes import OWN
from shop.accounts import service as accounts
from shop.core.db import Database


def may_look(db: Database, live_id: int, sign_in: str, now: datetime) -> bool:
    """Whether this sign-in cookie is of one of the co-op's own people (no helper), an officer or the operator."""
    person = accounts.who_is(db, sign_in, now)
    if person is None:
        return False
    with db.read() as session:
        live = session.get(LiveSession, live_id)
    return live is not None and (person.is_officer or live.coop_id in person.coop_ids(*OWN))
