"""A picture that goes on while nothing of it is recorded: its session is told, and the record of it says since when."""

from __future__ import annotations

from datetime import datetime

from livestream.models import LiveSession
from shop.core.audit import SYSTEM, audit
from shop.core.db import Database
from shop.core.pagecache import bump


def tell(db: Database, live_id: int, is_unkept: bool, now: datetime) -> None:
    """The disk is full, or there is room again. Audited; the host's pages show it at once."""
    with db.write() as session:
        live = session.get_one(LiveSession, live_id)
        if (live.unkept_since is not None) == is_unkept:
            return
        live.unkept_since = now if is_unkept else None
        before, after = ("kept", "shown only") if is_unkept else ("shown only", "kept")
        audit(session, SYSTEM, "recording", f"live:{live_id}", before, after, now, live.coop_id)
        bump(session, f"session:{live_id}")
