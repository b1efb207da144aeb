"""A photo taken at the door or over the counter: the parcel is delivered with it, or it is added afterwards.

It is no step that the service worker keeps without a net: a photo is too large to wait for one in a phone's memory.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shop.core import pictures
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Invalid
from shop.core.forms import Posted, posted
from shop.core.images import Stored
from shop.orders import desk as orders
from shop.orders.proof import service as proofs
from shop.orders.proof.service import Door
from shop.workspace.here import PackDesk
from shop.workspace.sent_photo import PhotoMissing, photo_sent

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


class SumUnreadable(Invalid):
    """What was typed as the cash taken is no sum."""


class Handed(BaseModel):
    received_by: str = Field(default="", max_length=80)
    collected_vnd: int | None = Field(default=None, gt=0, le=10**10)
    more_vnd: int = Field(default=0, ge=0, le=10**10)


async def _photo(request: Request, _desk: PackDesk) -> Stored | None:
    return await photo_sent(request, private=True)


@router.post("/anh-giao/{parcel_id}")
def hand_over(
    parcel_id: Id,
    photo: Annotated[Stored | None, Depends(_photo)],
    form: Annotated[Posted[Handed], Depends(posted(Handed))],
    db: DatabaseDep,
    page: PageDep,
    desk: PackDesk,
    now: NowDep,
) -> Response:
    """Raises NoSuchParcel, PhotoMissing, SumUnreadable."""
    with db.write() as session:
        orders.parcel(session, desk.coop_id, parcel_id)
        if photo is None:
            raise PhotoMissing
        if not form.ok:
            raise SumUnreadable
        kept = pictures.keep(session, photo, "", now, parcel_id)
        proofs.hand_over(session, desk.coop_id, parcel_id, kept.id, Door(**form.value.model_dump()), desk.person, now)
    return page.go(f"/ban-hang/don/{parcel_id}", "saved")
