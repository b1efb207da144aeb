"""Photos of parcels: shown to the buyer, to the co-op's people and to who decides a claim, never kept by a cache."""

from __future__ import annotations

import pathlib
from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from shop.complaints import photos
from shop.core.deps import DatabaseDep, Id, SettingsDep, Visit, VisitDep
from shop.core.images import EXTENSIONS, widths_for
from shop.core.pictures import Photo, file_of
from shop.orders.access import Sight
from shop.orders.models import Order, Parcel
from shop.orders.routes import opened
from shop.orders.service import NoSuchOrder
from shop.settings import Settings

router = APIRouter(include_in_schema=False)
FORMATS = {extension: format for format, extension in EXTENSIONS.items()}


@router.get("/anh-kien/{photo_id}/{width}.{extension}")
def photo(
    photo_id: Id,
    width: Annotated[int, Path(ge=1, le=9999)],
    extension: str,
    db: DatabaseDep,
    visit: VisitDep,
    settings: SettingsDep,
) -> Response:
    """Whoever may not see it learns no more than that there is nothing here."""
    with db.read() as session:
        found = session.get(Photo, photo_id)
        file = _file(found, width, extension, settings) if found and _may_see(session, found, visit, settings) else None
    if file is None or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers={"Cache-Control": "private, no-store"})


def _file(photo: Photo, width: int, extension: str, settings: Settings) -> pathlib.Path | None:
    format = FORMATS.get(extension, "")
    there = width in widths_for(photo.width) and format in photo.formats
    return file_of(photo, width, format, settings) if there else None


def _may_see(session: Session, photo: Photo, visit: Visit, settings: Settings) -> bool:
    parcel = session.get(Parcel, photo.parcel_id) if photo.parcel_id else None
    if parcel is None:
        return False
    person = visit.person
    if person is not None and photos.needed_by(session, parcel, person):
        return True
    order = session.get_one(Order, parcel.order_id)
    try:
        return opened(session, order.code, visit, person, settings)[1] is Sight.FULL
    except NoSuchOrder:
        return False
