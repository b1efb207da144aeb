"""Who may send a session's picture. One phone has the lease; another takes it over only when it says so.

The token that goes with every piece is made of the session and the lease's number, so nothing secret is stored and an
older one is known for what it is: taken over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col

from livestream.video.models import LivePublisher
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.ids import derived_token, same
from shop.core.pagecache import bump

SILENT = timedelta(seconds=15)
MTX = "mtx"
"""The device of an encoder that MediaMTX took in: its picture does not come through here."""


class AlreadyPublishing(Refusal):
    """Another phone sends this session's picture."""


@dataclass(frozen=True)
class Lease:
    """`epoch` is the number of the recording to begin with."""

    number: int
    epoch: int


def take(session: Session, live_id: int, person: Person, device: str, now: datetime, *, take_over: bool) -> Lease:
    """Be the one who sends. The phone that sent before is told with its next piece. Raises AlreadyPublishing.

    Free are a lease of this very browser, one that was given back, and one from which nothing came for 15 seconds.
    """
    make_row(session, live_id, now)
    row = LivePublisher
    last = col(row.seen_at).is_(None) & (col(row.taken_at) < now - SILENT)
    free = or_(col(row.number) == 0, col(row.device).in_((device, "")), last, col(row.seen_at) < now - SILENT)
    theirs = update(LivePublisher).where(col(row.session_id) == live_id)
    theirs = theirs if take_over else theirs.where(free)
    facts = {"person_id": person.id, "device": device, "taken_at": now, "seen_at": None}
    taken = theirs.values(number=row.number + 1, epoch=row.epoch + 1, **facts)
    if not run(session, taken).rowcount:
        raise AlreadyPublishing
    bump(session, f"session:{live_id}")
    mine = session.get_one(LivePublisher, live_id, populate_existing=True)
    return Lease(mine.number, mine.epoch)


def give_back(session: Session, live_id: int, number: int) -> None:
    """Nothing more comes by the lease of this number: whoever asks next has it."""
    mine = (col(LivePublisher.session_id) == live_id, col(LivePublisher.number) == number)
    run(session, update(LivePublisher).where(*mine).values(device=""))


def make_row(session: Session, live_id: int, now: datetime) -> None:
    """The row in which a session's lease stands, held by nobody; once."""
    blank = {"session_id": live_id, "taken_at": now, "number": 0, "epoch": 0, "device": "", "keys_made": 0}
    insert_once(session, LivePublisher, blank, ["session_id"])


def is_by_mtx(session: Session, live_id: int) -> bool:
    """Whether MediaMTX has this session's picture now, or had it last."""
    row = session.get(LivePublisher, live_id)
    return row is not None and row.number > 0 and row.device == MTX


def seen(session: Session, live_id: int, number: int, epoch: int, now: datetime) -> None:
    """Pieces of this recording arrive. Says nothing to anybody."""
    mine = (col(LivePublisher.session_id) == live_id, col(LivePublisher.number) == number)
    run(session, update(LivePublisher).where(*mine).values(seen_at=now))
    run(session, update(LivePublisher).where(*mine, col(LivePublisher.epoch) < epoch).values(epoch=epoch))


def token(secret_key: str, live_id: int, number: int) -> str:
    """What proves the lease of this number."""
    return f"{live_id}.{number}.{derived_token(secret_key, 'publish', f'{live_id}:{number}')}"


def number_of(secret_key: str, live_id: int, given: str) -> int | None:
    """The lease's number that a token proves for this session; None when it proves nothing."""
    session_id, _, rest = given.partition(".")
    number, _, _ = rest.partition(".")
    if session_id != str(live_id) or not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    return int(number) if same(token(secret_key, live_id, int(number)), given) else None
