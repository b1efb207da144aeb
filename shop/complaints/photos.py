"""Photos of a parcel, taken when it was handed over or when its goods arrived spoilt: who sees them, and how long.

They show homes and faces: law 91/2025/QH15 on personal data wants them seen by who needs them, and no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, update
from sqlmodel import Session, col, or_, select

from shop.accounts.rights import READING, roles_with
from shop.complaints.models import Complaint, ComplaintState
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.pictures import Photo
from shop.orders.models import Order, Parcel
from shop.orders.proof.models import HandOverProof
from shop.settings import Settings

UNDER_WAY = timedelta(days=1)
"""A file without a row may belong to a form that is being read."""


def needed_by(session: Session, parcel: Parcel, person: Person) -> bool:
    """Whether somebody works with this parcel: for its co-op, or at a claim about it that came before the alliance."""
    if parcel.coop_id in person.coop_ids(*roles_with(*READING)):
        return True
    if not person.has("officer") and not person.has("operator"):
        return False
    raised = select(Complaint.id).where(Complaint.parcel_id == parcel.id, col(Complaint.raised_at).is_not(None))
    return session.exec(raised.limit(1)).first() is not None


def keeper(settings: Settings) -> Callable[[Database, datetime], None]:
    """The job that lets go of photos whose days are over, and of files that no row names (any more)."""

    def forget_old(db: Database, now: datetime) -> None:
        with db.write() as session:
            old = select(Photo.id, Photo.parcel_id).where(
                col(Photo.parcel_id).is_not(None),
                col(Photo.created_at) < now - timedelta(days=settings.parcel_photos_days),
            )
            _forget(session, session.exec(old).all())
        _sweep(db, settings.private_dir, now)

    return forget_old


def forget_of_buyer(session: Session, person_id: int, phones: Iterable[str]) -> None:
    """Somebody is forgotten, and so are photos of what they bought; their files go with the next round of the job."""
    theirs = select(Order.id).where(or_(Order.person_id == person_id, col(Order.phone).in_(list(phones))))
    parcels = select(Parcel.id).where(col(Parcel.order_id).in_(theirs))
    _forget(session, session.exec(select(Photo.id, Photo.parcel_id).where(col(Photo.parcel_id).in_(parcels))).all())


def _forget(session: Session, found: Iterable[tuple[int, int | None]]) -> None:
    """All but what a claim that is still open needs."""
    undecided = col(Complaint.state).in_((ComplaintState.OPEN, ComplaintState.RAISED))
    needed = set(session.exec(select(Complaint.parcel_id).where(undecided)))
    gone = [photo_id for photo_id, parcel_id in found if parcel_id not in needed]
    for at in range(0, len(gone), 500):
        some = gone[at : at + 500]
        run(session, update(HandOverProof).where(col(HandOverProof.photo_id).in_(some)).values(photo_id=None))
        run(session, delete(Photo).where(col(Photo.id).in_(some)))


def _sweep(db: Database, folder: Path, now: datetime) -> None:
    with db.read() as session:
        named = set(session.exec(select(Photo.key).where(col(Photo.parcel_id).is_not(None))))
    for file in folder.rglob("*.*") if folder.is_dir() else ():
        if file.stem.partition("-")[0] not in named and file.stat().st_mtime < (now - UNDER_WAY).timestamp():
            file.unlink(missing_ok=True)
