"""Who comes to fetch goods today, hour by hour; and the hours of the week at which they can."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.forms import Posted, posted
from shop.core.i18n import local
from shop.core.web import Page
from shop.orders import desk as orders
from shop.orders.pickup import service as pickup
from shop.orders.pickup.models import PickupSlot
from shop.workspace.here import Desk, PackDesk, ShopDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)


class Hours(BaseModel):
    """One or several days of the week, 0 is Monday."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7)
    begins: time
    ends: time
    places: int = Field(ge=1, le=1000)
    cut_off_hours: int = Field(default=2, ge=0, le=72)

    @model_validator(mode="after")
    def _in_order(self) -> Hours:
        if self.ends <= self.begins:
            raise PydanticCustomError("hours", "ends before it begins")
        return self

    def slots(self) -> list[dict[str, Any]]:
        """A row for each day."""
        told = {"from_minute": _minute(self.begins), "to_minute": _minute(self.ends), "places": self.places}
        return [{**told, "weekday": day, "cut_off_minutes": self.cut_off_hours * 60} for day in sorted(set(self.days))]


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


@router.get("/lay-hang")
def today(db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep, ngay: date | None = None) -> Response:
    """Who comes on a day, by the hour; today when none is named."""
    day = ngay or local(now).date()
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        rows = pickup.coming(session, coop.id, day)
        any_time = pickup.any_time(session, coop.id)
        found = orders.of_numbers(session, coop.id, [*(row[0] for row in rows), *any_time])
    facts: dict[str, Any] = {"rows": rows, "any_time": any_time, "found": found, "day": day}
    return page("workspace/pickups.html", coop=coop, tomorrow=local(now).date() + timedelta(days=1), at=now, **facts)


@router.get("/gio-lay")
def hours(db: DatabaseDep, page: PageDep, desk: ShopDesk) -> Response:
    return _show(db, page, desk)


def _show(db: Database, page: Page, desk: Desk, form: Posted[Hours] | None = None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        slots = pickup.slots(session, coop.id)
    shown = form or Posted.blank(Hours, begins="07:00", ends="09:00", places=10, cut_off_hours=2)
    return page("workspace/pickup_hours.html", status=422 if form else 200, coop=coop, slots=slots, form=shown)


@router.post("/gio-lay")
def add_hours(
    form: Annotated[Posted[Hours], Depends(posted(Hours))], db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep
) -> Response:
    if not form.ok:
        return _show(db, page, desk, form)
    with db.write() as session:
        for told in form.value.slots():
            pickup.add(session, desk.coop_id, PickupSlot(**told), desk.person, now)
    return page.go("/ban-hang/gio-lay", "saved")


@router.post("/gio-lay/{slot_id}/dung")
def stop(slot_id: Id, db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    with db.write() as session:
        pickup.stop(session, desk.coop_id, slot_id, desk.person, now, again=False)
    return page.go("/ban-hang/gio-lay", "saved")


@router.post("/gio-lay/{slot_id}/mo")
def go_on(slot_id: Id, db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    with db.write() as session:
        pickup.stop(session, desk.coop_id, slot_id, desk.person, now, again=True)
    return page.go("/ban-hang/gio-lay", "saved")
