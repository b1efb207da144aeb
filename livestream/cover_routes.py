"""The cover of a session: a photo of the host's own; without one the goods are its cover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from livestream.schedule import session_of
from livestream.studio_routes import SellerDep, own
from shop.core import pictures
from shop.core.audit import audit
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person
from shop.core.images import Stored
from shop.core.pagecache import bump
from shop.core.uploads import photos_sent

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


async def _cover(live_id: Id, request: Request, db: DatabaseDep, person: SellerDep) -> Stored | None:
    """Raises NoSuchSession before a byte is read, and what `photos_sent` raises."""
    with db.read() as session:
        own(session, live_id, person)
    return next(iter(await photos_sent(request, "photo")), None)


@router.post("/{live_id}/anh-bia")
def set_cover(
    live_id: Id,
    db: DatabaseDep,
    page: PageDep,
    person: SellerDep,
    stored: Annotated[Stored | None, Depends(_cover)],
    now: NowDep,
) -> Response:
    """With a picture it is the cover; without one the goods are again."""
    with db.write() as session:
        own(session, live_id, person)
        keep_cover(session, live_id, stored, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


def keep_cover(session: Session, live_id: int, stored: Stored | None, person: Person, now: datetime) -> None:
    """Audited. Raises NoSuchSession."""
    live = session_of(session, live_id)
    before = live.cover_photo_id
    live.cover_photo_id = pictures.keep(session, stored, live.title, now).id if stored else None
    audit(session, person, "cover", f"live:{live_id}", before, live.cover_photo_id, now, live.coop_id)
    bump(session, "live", f"session:{live_id}")
