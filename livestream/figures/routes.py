"""The figures of a session for its host, its co-op's managers, the alliance's officers and the operator."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlmodel import Session

from livestream.figures.chart import HEIGHT, WIDTH, chart
from livestream.figures.packing import packing
from livestream.figures.reading import Figures, earlier, figures
from livestream.figures.sales import Fate
from livestream.models import LiveSession
from livestream.room import read
from livestream.schedule import session_of
from livestream.studio_routes import OWN, SellerDep, own
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, VisitDep
from shop.core.errors import NotAllowed
from shop.core.i18n import local
from shop.core.web import CSP_ROOM

router = APIRouter(prefix="/ban-hang/live/{live_id}", include_in_schema=False)


def _seen_by(session: Session, live_id: int, person: Person) -> LiveSession:
    """The session, if this person sells for its co-op or watches over all. Raises NoSuchSession."""
    return session_of(session, live_id) if person.is_officer else own(session, live_id, person, *OWN)


def _onlooker(visit: VisitDep) -> Person:
    """Somebody who sells live or watches over those who do. Raises NotSignedIn, NotAllowed."""
    person = visit.require_person()
    if not (person.is_officer or person.coop_ids(*OWN)):
        raise NotAllowed
    return person


OnlookerDep = Annotated[Person, Depends(_onlooker)]


@router.get("/so-lieu")
def show(live_id: Id, db: DatabaseDep, page: PageDep, person: OnlookerDep, now: NowDep) -> Response:
    with db.read() as session:
        live = _seen_by(session, live_id, person)
        told, others = figures(session, live, now), earlier(session, live.coop_id, now)
    facts: dict[str, Any] = {"told": told, "room": told.room, "coop": told.room.coop, "others": others}
    fates = [fate.value for fate in Fate]
    drawn: dict[str, Any] = {"chart": chart(told), "width": WIDTH, "height": HEIGHT, "fates": fates}
    return page("live/figures.html", csp=CSP_ROOM, person=person, **drawn, **facts)


@router.get("/so-lieu.csv")
def as_csv(live_id: Id, db: DatabaseDep, person: OnlookerDep, now: NowDep) -> Response:
    """One row an order line, then one a minute: numbers without separators, times as a clock in Vietnam shows them."""
    with db.read() as session:
        told = figures(session, _seen_by(session, live_id, person), now)
    headers = {
        "Content-Disposition": f'attachment; filename="live-{told.room.live.slug}.csv"',
        "Cache-Control": "no-store",
    }
    return Response("\ufeff" + _rows(told), media_type="text/csv; charset=utf-8", headers=headers)


_MONEY = ("total_vnd", "fate", "given_back_vnd", "kept_vnd")


def _rows(told: Figures) -> str:
    codes = {item.variant.id: item.code for item in told.room.items}
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(["order", "at", "item", "goods", "quantity", "price_vnd", "discount_vnd", *_MONEY])
    for one in told.money.sales:
        goods = f"{one.product_name}, {one.variant_name}".lstrip("=+-@\t\r")  # a sheet would take it for a formula
        sums = (one.quantity, one.price_vnd, one.discount_vnd, one.total_vnd)
        kept = (one.fate.value, one.back_vnd, one.kept_vnd)
        write([one.order_code, _clock(one.at), codes.get(one.variant_id, ""), goods, *sums, *kept])
    write([])
    write(["minute", "viewers", "ordered_vnd", "orders"])
    for minute in told.minutes:
        write([_clock(minute.at), minute.viewers, minute.ordered_vnd, minute.orders])
    return out.getvalue()


def _clock(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M:%S}"


@router.get("/dong-goi")
def to_pack(live_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep) -> Response:
    """Names and addresses: for the co-op alone."""
    with db.read() as session:
        room = read(session, own(session, live_id, person))
        listed = packing(session, live_id)
    return page("live/packing.html", room=room, coop=room.coop, listed=listed, person=person)
