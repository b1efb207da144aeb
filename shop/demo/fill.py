"""Fills the demo market, each room its own part, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlmodel import select

from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.progress import Progress, shown, silent
from shop.demo import scale as many
from shop.demo.live import make_sessions
from shop.demo.market import make_market
from shop.demo.orders import make_orders
from shop.demo.payouts import make_payouts
from shop.demo.people import make_people
from shop.demo.season import make_season
from shop.demo.shed import make_shed
from shop.demo.staff import make_staff
from shop.demo.trust import make_trust
from shop.settings import Settings

Part = Callable[[Database, Settings, datetime], None]
PARTS: tuple[tuple[str, Part], ...] = (
    ("people", make_people),
    ("orders", make_orders),
    ("payouts", make_payouts),
    ("staff", make_staff),
    ("trust", make_trust),
    ("shed", make_shed),
    ("season", make_season),
)
"""What comes after the goods; a room adds its part here."""


def fill(db: Database, settings: Settings, now: datetime, progress: Progress = silent, draw: bool = True) -> None:
    """Make everything that is missing of the demo market. A second run changes nothing."""
    make_market(db, settings, now, progress, draw)
    sessions: Part = partial(make_sessions, draw=draw)
    for name, part in (*PARTS, ("live sessions", sessions)):
        progress(name, 0, 1)
        part(db, settings, now)
        progress(name, 1, 1)


def demo_market(
    db: Database, settings: Settings, now: datetime, *, scale: int = 0, only_if_empty: bool = False
) -> None:
    """What `chohtx demo` does: fill, with a progress bar, and add `scale` products for measuring."""
    with db.read() as session:
        if only_if_empty and session.exec(select(Coop.id).limit(1)).first() is not None:
            return
    with shown() as progress:
        fill(db, settings, now, progress)
        if scale:
            many.make_many(db, scale, max(1, scale // 100), progress=progress)
