"""When the co-op takes orders: days, hours, how many orders and how much money of goods a day."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, Field
from starlette.responses import Response

from shop.coops import service as coops
from shop.coops.opening import service as openings
from shop.coops.opening.models import Opening
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.forms import Posted, TypedVnd, posted
from shop.core.money import format_number
from shop.core.web import Page, sentence
from shop.orders import taking
from shop.workspace.here import Desk, ShopDesk

router = APIRouter(prefix="/ban-hang/gio-nhan-don", include_in_schema=False)


def _none_if_blank(typed: Any) -> Any:
    return typed or None


class Hours(BaseModel):
    """`d1` is Monday. An empty end is midnight; an empty count is as many as come."""

    d1: bool = False
    d2: bool = False
    d3: bool = False
    d4: bool = False
    d5: bool = False
    d6: bool = False
    d7: bool = False
    opens: Annotated[time | None, BeforeValidator(_none_if_blank)] = None
    closes: Annotated[time | None, BeforeValidator(_none_if_blank)] = None
    most_orders: Annotated[int | None, BeforeValidator(_none_if_blank), Field(ge=1, le=100_000)] = None
    most_vnd: Annotated[TypedVnd | None, BeforeValidator(_none_if_blank)] = None

    def opening(self, coop_id: int) -> Opening:
        """What the answers say."""
        days = "".join(day for day in openings.ALL_DAYS if getattr(self, f"d{day}"))
        until = _minute(self.closes) or openings.ALL_DAY
        counts: dict[str, Any] = {"most_orders": self.most_orders, "most_vnd": self.most_vnd}
        return Opening(coop_id=coop_id, days=days, from_minute=_minute(self.opens), until_minute=until, **counts)


def _minute(at: time | None) -> int:
    return at.hour * 60 + at.minute if at else 0


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}" if 0 < minute < openings.ALL_DAY else ""


def _typed(opening: Opening | None) -> dict[str, Any]:
    it = opening or Opening(coop_id=0, days=openings.ALL_DAYS, from_minute=0, until_minute=openings.ALL_DAY)
    typed: dict[str, Any] = {f"d{day}": "true" if day in it.days else "" for day in openings.ALL_DAYS}
    typed |= {"opens": _clock(it.from_minute), "closes": _clock(it.until_minute), "most_orders": it.most_orders}
    return typed | {"most_vnd": format_number(it.most_vnd) if it.most_vnd else ""}


@router.get("")
def hours(db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    return _show(db, page, desk, now)


def _show(
    db: Database, page: Page, desk: Desk, now: NowDep, form: Posted[Hours] | None = None, refused: str = ""
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        opening = openings.of_coops(session, [coop.id]).get(coop.id)
        closed = taking.closed_now(session, opening, now) if opening else None
        today = taking.counted(session, coop.id, now)
    facts: dict[str, Any] = {"closed": closed, "today": today, "form": form or Posted.blank(Hours, **_typed(opening))}
    return page("workspace/hours.html", block="hours", status=422 if form else 200, coop=coop, refused=refused, **facts)


@router.post("")
def keep(
    form: Annotated[Posted[Hours], Depends(posted(Hours))], db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep
) -> Response:
    if not form.ok:
        return _show(db, page, desk, now, form)
    try:
        with db.write() as session:
            openings.keep(session, form.value.opening(desk.coop_id), desk.person, now)
    except openings.HoursWrong as refusal:
        return _show(db, page, desk, now, form, sentence(page.templates, refusal))
    return page.go("/ban-hang/gio-nhan-don", "saved")
