"""New orders come in by themselves; confirm, pack, hand over, deliver with one thumb."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.accounts.rights import READING, STAFF, Right
from shop.complaints import service as complaints
from shop.complaints.models import ComplaintState
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.streams import stream_path
from shop.core.web import Page
from shop.notify.webpush import vapid_public
from shop.orders import at_the_door, by_hand, cash, states
from shop.orders import desk as orders
from shop.orders.pickup import service as pickup
from shop.orders.proof import service as proofs
from shop.orders.undo import service as undo
from shop.reviews import service as reviews
from shop.shipping.carrier import TrackingMissing
from shop.workspace.here import CHOSEN, Desk, OrdersDesk, PackDesk, ReadingDesk, StaffDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
STREAM_S = 24 * 3600
DECIDED = ("xac-nhan", "huy", "cho-tra-tien-mat")  # the buyer is promised or refused something: not the packer's word
STEPS = {"xac-nhan": states.confirm, "dong-goi": states.pack}


class HandOver(BaseModel):
    carrier_key: str = Field(max_length=20)
    carrier_name: str = Field(default="", max_length=60)
    tracking_code: str = Field(default="", max_length=60)


class Trouble(BaseModel):
    note: str = Field(default="", max_length=500)
    goods_fit: bool = False
    collected_vnd: int | None = Field(default=None, gt=0, le=10**10)
    more_vnd: int = Field(default=0, ge=0, le=10**10)


class Counter(BaseModel):
    code: str = Field(max_length=40)


TroubleForm = Annotated[Posted[Trouble], Depends(posted(Trouble))]


@router.get("")
def home(db: DatabaseDep, page: PageDep, desk: StaffDesk, settings: SettingsDep, now: NowDep) -> Response:
    if desk.coop_id not in desk.person.coop_ids(*STAFF):
        return page.go("/ban-hang/live")  # a host's work is there
    with db.read() as session:
        facts = _home_facts(session, desk)
    until_s = int(now.timestamp()) + STREAM_S
    facts["push_key"] = vapid_public(settings.secret_key)
    facts["stream"] = stream_path(settings.secret_key, f"coop:{facts['coop'].id}", until_s)
    return page("workspace/home.html", block="tasks", **facts)


def _home_facts(session: Session, desk: Desk) -> dict[str, Any]:
    coop = coops.get(session, desk.coop_id)
    mine = list(coops.get_many(session, desk.coop_ids).values())
    facts: dict[str, Any] = {"coop": coop, "coops": mine, "counts": None, "newest": []}
    if desk.may(*READING):
        facts |= {"counts": orders.counts(session, coop.id), "newest": orders.parcels(session, coop.id, "new", most=5)}
        facts["latest"] = orders.latest(session, coop.id)
        facts["claims"] = complaints.count(session, ComplaintState.OPEN, coop.id)
        facts["questions"] = reviews.waiting(session, coop.id)
    return facts


@router.post("/htx/{coop_id}")
def choose_coop(coop_id: Id, page: PageDep, visit: VisitDep, desk: StaffDesk) -> Response:
    if coop_id in desk.coop_ids:
        visit.set_cookie(CHOSEN, str(coop_id))
    return page.go("/ban-hang")


@router.get("/don")
def parcels(
    db: DatabaseDep,
    page: PageDep,
    desk: ReadingDesk,
    now: NowDep,
    trang_thai: str = "new",
    sau: Id | None = None,
    ma: str = "",
) -> Response:
    """One state's parcels from `sau` on, or those of the order with the code `ma`, whatever their state."""
    state, code = trang_thai if trang_thai in orders.STATES else "new", ma[:40].strip()
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        found = orders.sought(session, coop.id, code) if code else orders.parcels(session, coop.id, state, sau)
        counts = orders.counts(session, coop.id)
        deed = undo.last_of(session, coop.id, desk.person, now)
    facts: dict[str, Any] = {"state": state, "code": code, "parcels": found, "most": orders.PAGE, "deed": deed}
    return page("workspace/parcels.html", block="parcels", coop=coop, counts=counts, **facts)


@router.post("/tien-mat")
def paid_at_counter(
    form: Annotated[Posted[Counter], Depends(posted(Counter))],
    db: DatabaseDep,
    page: PageDep,
    desk: OrdersDesk,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    """The buyer of an unpaid order came to the shelf and paid in cash."""
    person, coop_id = desk.person, desk.coop_id
    if not form.ok:
        return page.go("/ban-hang/don", "code-missing")
    with db.write() as session:
        became = by_hand.confirm_at_counter(session, coop_id, form.value.code, person, settings, now)
    return page.go("/ban-hang/don", "paid-by-hand" if became == "booked" else "money-proposed")


@router.get("/don/{parcel_id}")
def parcel(parcel_id: Id, db: DatabaseDep, page: PageDep, desk: ReadingDesk, now: NowDep) -> Response:
    return _show(db, page, desk, parcel_id, None, now)


def _show(
    db: Database,
    page: Page,
    desk: Desk,
    parcel_id: int,
    form: Posted[HandOver] | None,
    now: datetime,
    status: int = 200,
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        view = orders.parcel(session, coop.id, parcel_id)
        no_cash_until = cash.blocked_until(session, view.order.phone, now)
        together = orders.together(session, view)
        deed = undo.last_of(session, coop.id, desk.person, now)
        shown = proofs.of_parcels(session, [parcel_id]).get(parcel_id, [])
        more_vnd = at_the_door.more(session, view.parcel).more_vnd
        come = pickup.of_parcels(session, [parcel_id]).get(parcel_id) if view.parcel.way == "pickup" else None
    form = form or Posted.blank(HandOver, carrier_key="own")
    status = 422 if form.errors else status
    return page(
        "workspace/parcel.html",
        block="parcel",
        status=status,
        coop=coop,
        view=view,
        form=form,
        no_cash_until=no_cash_until,
        together=together,
        come=come,
        proofs=shown,
        more_vnd=more_vnd,
        deed=deed if deed and deed.parcel_ids == [parcel_id] else None,
    )


@router.post("/don/{parcel_id}/{step}")
def move_on(
    parcel_id: Id, step: str, db: DatabaseDep, page: PageDep, desk: PackDesk, form: TroubleForm, now: NowDep
) -> Response:
    """Confirm, pack, mark delivered; or say what went wrong."""
    coop_id = desk.coop_id
    if step in DECIDED:
        desk.require(Right.ORDERS)
    if not form.ok:
        return _show(db, page, desk, parcel_id, None, now, status=422)
    with db.write() as session:
        _move(session, desk.person, coop_id, parcel_id, step, form.value, now)
    return _after(db, page, desk, parcel_id, now)


def _move(
    session: Session, person: Person, coop_id: int, parcel_id: int, step: str, told: Trouble, now: datetime
) -> None:
    if step in STEPS:
        STEPS[step](session, coop_id, parcel_id, person, now)
        undo.note(session, coop_id, "confirmed" if step == "xac-nhan" else "packed", [parcel_id], person, now)
    elif step == "da-giao" and told.more_vnd:
        at_the_door.deliver(session, coop_id, parcel_id, told.more_vnd, person, now, told.note.strip()[:80])
    elif step == "da-giao":
        states.deliver(session, coop_id, parcel_id, person, now, told.collected_vnd, told.note.strip()[:80])
    elif step == "cho-tra-tien-mat":
        phone = orders.parcel(session, coop_id, parcel_id).order.phone
        cash.lift(session, phone, person, now, coop_id)
    elif step == "su-co":
        states.report_problem(session, coop_id, parcel_id, person, now, told.note)
    elif step == "khach-khong-nhan":
        states.refuse(session, coop_id, parcel_id, person, now, goods_fit=told.goods_fit, note=told.note)
    elif step == "huy":
        states.cancel(session, coop_id, parcel_id, person, now, told.note)
    else:
        raise states.NoSuchParcel


def _after(db: Database, page: Page, desk: Desk, parcel_id: int, now: datetime) -> Response:
    if page.wants_fragment:
        return _show(db, page, desk, parcel_id, None, now)
    return page.go(f"/ban-hang/don/{parcel_id}", "saved")


@router.post("/giao/{parcel_id}")
def hand_over(
    parcel_id: Id,
    db: DatabaseDep,
    page: PageDep,
    desk: PackDesk,
    form: Annotated[Posted[HandOver], Depends(posted(HandOver))],
    now: NowDep,
) -> Response:
    person, coop_id = desk.person, desk.coop_id
    if not form.ok:
        return _show(db, page, desk, parcel_id, form, now)
    try:
        with db.write() as session:
            states.hand_over(session, coop_id, parcel_id, person, now, **form.value.model_dump())
            undo.note(session, coop_id, "handed_over", [parcel_id], person, now)
    except TrackingMissing:
        missing = [name for name in ("carrier_name", "tracking_code") if not form.typed[name]]
        form.errors = dict.fromkeys(missing, "carrier")
        return _show(db, page, desk, parcel_id, form, now)
    return _after(db, page, desk, parcel_id, now)
