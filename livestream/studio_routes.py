"""The host's pages: plan a session, go on air, pin, change a price, end. Made for one thumb; all work by reload."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, NaiveDatetime
from sqlmodel import Session

from livestream import desk, replays, schedule
from livestream import room as rooms
from livestream import service as live
from livestream.chat import crew, talk
from livestream.gate import service as gate
from livestream.models import CHANGEABLE, LiveSession
from livestream.room import Room
from livestream.schedule import NoSuchSession, Plan
from livestream.screen import studio_room
from livestream.states import last_minutes
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, HubDep, Id, NowDep, PageDep, Person, SettingsDep, VisitDep
from shop.core.errors import NotAllowed, Refusal
from shop.core.forms import Posted, posted
from shop.core.hub import Hub
from shop.core.i18n import HERE, local
from shop.core.streams import live_room, stream_path
from shop.core.web import Page, sentence
from shop.settings import Settings

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)
STREAM_S = 24 * 3600
OWN = ("host", "manager")
SELLERS = (*OWN, "helper")
"""A helper prepares and pins; sums, what is given away and whether there is a session at all are the co-op's own."""


class PlanForm(BaseModel):
    """`starts_at` is what a clock in Vietnam shows."""

    coop_id: int = Field(default=0, ge=0, le=2**31 - 1)
    title: str = Field(min_length=3, max_length=120)
    starts_at: NaiveDatetime
    planned_minutes: int = Field(default=60, ge=5, le=480)
    summary: str = Field(default="", max_length=500)
    co_host_id: int = Field(default=0, ge=0, le=2**31 - 1)
    co_host: str = Field(default="", max_length=80)
    at_once: bool = False
    draft: bool = False

    def plan(self, now: datetime) -> Plan:
        """With `at_once` it begins now, whatever the clock in the form says."""
        starts_at = now if self.at_once else self.starts_at.replace(tzinfo=HERE)
        beside = self.co_host_id or None
        return Plan(self.title, starts_at, self.planned_minutes, self.summary, self.co_host, beside)


class ItemForm(BaseModel):
    variant_id: int = Field(ge=1, le=2**31 - 1)
    live_price_vnd: int = Field(ge=1000, le=1_000_000_000)
    wanted: int = Field(ge=1, le=100_000)
    most_per_buyer: int = Field(default=5, ge=1, le=999)


class PriceForm(BaseModel):
    live_price_vnd: int = Field(ge=1000, le=1_000_000_000)


class PinForm(BaseModel):
    item_id: int = Field(ge=0, le=2**31 - 1)


NewPlan = Annotated[Posted[PlanForm], Depends(posted(PlanForm))]
NewItem = Annotated[Posted[ItemForm], Depends(posted(ItemForm))]
NewPrice = Annotated[Posted[PriceForm], Depends(posted(PriceForm))]
NewPin = Annotated[Posted[PinForm], Depends(posted(PinForm))]


def _seller(visit: VisitDep) -> Person:
    """Somebody who sells live for at least one co-op. Raises NotSignedIn, NotAllowed."""
    person = visit.require_person()
    if not person.coop_ids(*SELLERS):
        raise NotAllowed
    return person


def _host(visit: VisitDep) -> Person:
    """Somebody who may be on air. Raises NotSignedIn, NotAllowed."""
    person = visit.require_person()
    if not person.coop_ids("host"):
        raise NotAllowed
    return person


def _own_people(visit: VisitDep) -> Person:
    """One of a co-op's own people who sell live, no helper. Raises NotSignedIn, NotAllowed."""
    person = visit.require_person()
    if not person.coop_ids(*OWN):
        raise NotAllowed
    return person


OwnDep = Annotated[Person, Depends(_own_people)]
SellerDep = Annotated[Person, Depends(_seller)]
HostDep = Annotated[Person, Depends(_host)]


def own(session: Session, live_id: int, person: Person, *roles: str) -> LiveSession:
    """The session, if this person sells for its co-op; others' sessions do not exist here. Raises NoSuchSession."""
    row = session.get(LiveSession, live_id)
    if row is None or row.coop_id not in person.coop_ids(*(roles or SELLERS)):
        raise NoSuchSession
    return row


@router.get("")
def sessions(db: DatabaseDep, page: PageDep, person: SellerDep) -> Response:
    with db.read() as session:
        mine = person.coop_ids(*SELLERS)
        cards = rooms.of_coop(session, mine)
        invited = crew.open_invitations(session, person)
        coop = coops.get(session, mine[0])
    return page("live/studio_list.html", block="sessions", sessions=cards, coop=coop, person=person, invited=invited)


@router.get("/moi")
def new_session(db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    with db.read() as session:
        evening = schedule.free_evening(session, person.coop_ids("host"), person.id, now)
    blank = Posted.blank(PlanForm, starts_at=f"{evening:%Y-%m-%dT%H:%M}", planned_minutes=schedule.USUAL_MINUTES)
    return _plan_page(db, page, person, blank)


def _plan_page(
    db: Database,
    page: Page,
    person: Person,
    form: Posted[PlanForm],
    refusal: Refusal | None = None,
    planned: LiveSession | None = None,
) -> Response:
    """The form of a new session, or of one that is `planned` already; a session in its way can be opened from it."""
    with db.read() as session:
        mine = coops.get_many(session, person.coop_ids("host"))
        coop = coops.get(session, planned.coop_id if planned else person.coop_ids(*SELLERS)[0])
        beside = _beside(session, [coop.id] if planned else mine, planned.host_id if planned else person.id)
    status = 409 if refusal else 422 if form.errors else 200
    facts: dict[str, Any] = {"form": form, "coops": list(mine.values()), "coop": coop, "beside": beside}
    facts["refused"] = sentence(page.templates, refusal) if refusal else ""
    facts["in_the_way"] = refusal.facts if isinstance(refusal, schedule.HostIsBusy) else None
    return page("live/studio_plan.html", block="plan", status=status, person=person, planned=planned, **facts)


def _beside(session: Session, coop_ids: Iterable[int], host_id: int) -> list[tuple[int, str]]:
    """Who may be chosen as co-host."""
    found: dict[int, str] = {}
    for coop_id in coop_ids:
        found |= schedule.partners(session, coop_id, but=host_id)
    return sorted(found.items(), key=lambda one: one[1])


@router.post("/moi")
def make_session(form: NewPlan, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    if not form.ok:
        return _plan_page(db, page, person, form)
    coop_id = form.value.coop_id or person.coop_ids("host")[0]
    if coop_id not in person.coop_ids("host"):
        raise NotAllowed
    try:
        with db.write() as session:
            made = schedule.plan(session, coop_id, person, form.value.plan(now), now, draft=form.value.draft)
    except Refusal as refusal:
        return _plan_page(db, page, person, form, refusal)
    return page.go(f"/ban-hang/live/{made.id}", "saved")


@router.get("/{live_id}/sua")
def change_session(live_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep) -> Response:
    with db.read() as session:
        planned = _planned(session, live_id, person)
    words = planned.model_dump(include={"title", "planned_minutes", "summary", "co_host", "co_host_id"})
    form = Posted.blank(PlanForm, starts_at=f"{local(planned.starts_at):%Y-%m-%dT%H:%M}", **words)
    return _plan_page(db, page, person, form, planned=planned)


@router.post("/{live_id}/sua")
def replan(live_id: Id, form: NewPlan, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    with db.read() as session:
        planned = _planned(session, live_id, person)
    if not form.ok:
        return _plan_page(db, page, person, form, planned=planned)
    try:
        with db.write() as session:
            schedule.replan(session, live_id, form.value.plan(now), person, now)
    except Refusal as refusal:
        return _plan_page(db, page, person, form, refusal, planned)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


def _planned(session: Session, live_id: int, person: Person) -> LiveSession:
    """A session of this person's that has not begun. Raises NoSuchSession, NotScheduled."""
    row = own(session, live_id, person)
    if row.state not in CHANGEABLE:
        raise schedule.NotScheduled(title=row.title)
    return row


@router.get("/{live_id}")
def studio(
    live_id: Id,
    db: DatabaseDep,
    page: PageDep,
    person: SellerDep,
    hub: HubDep,
    settings: SettingsDep,
    now: NowDep,
    was: str = "",
) -> Response:
    """The desk. What was opened when the session `was` still ahead is opened anew: there are other buttons below."""
    if was and page.wants_fragment:
        with db.read() as session:
            if stage_of(own(session, live_id, person)) != was:
                return page.go(f"/ban-hang/live/{live_id}")
    return _studio(db, page, person, hub, settings, live_id, now)


def _studio(
    db: Database,
    page: Page,
    person: Person,
    hub: Hub,
    settings: Settings,
    live_id: int,
    now: datetime,
    form: Posted[ItemForm] | None = None,
    refused: str = "",
    short: list[live.Short] | None = None,
) -> Response:
    until_s = int(now.timestamp()) + STREAM_S
    stream = f"{stream_path(settings.secret_key, studio_room(live_id), until_s)}?tu={hub.cursor(studio_room(live_id))}"
    with db.read() as session:
        room = replays.with_prices(session, rooms.read(session, own(session, live_id, person)), now)
        facts = _facts(session, room, now, timedelta(hours=settings.live_longest_hours))
    status = 409 if refused else 422 if form and form.errors else 200
    facts |= {"room": room, "coop": room.coop, "viewers": hub.viewers(live_room(room.live.slug)), "stream": stream}
    facts["stage"] = stage_of(room.live)
    facts |= {"form": form, "refused": refused, "short": short or [], "person": person, "may_host": _may(person, room)}
    return page("live/studio.html", block="desk", status=status, **facts)


def _facts(session: Session, room: Room, now: datetime, longest: timedelta) -> dict[str, Any]:
    takings = desk.takings(session, room)
    choices = desk.choices(session, room) if room.is_scheduled else []
    asked = gate.look(session, room.live, now) if room.is_scheduled else None
    facts: dict[str, Any] = {"takings": takings, "choices": choices, "gaps": asked.gaps if asked else []}
    facts["missing"] = {paper.item_id: paper.missing for paper in asked.papers} if asked else {}
    facts["last_minutes"] = last_minutes(room.live, now, longest)
    return {**facts, "warning": talk.chat_of(session, room.live.id).warning}


def stage_of(row: LiveSession) -> str:
    """What the buttons below the desk depend on."""
    return "on-air" if row.on_air else "ahead" if row.is_ahead or row.is_draft else "over"


def _may(person: Person, room: Room) -> bool:
    return room.coop.id in person.coop_ids("host")


@router.post("/{live_id}/mon")
def add_item(
    live_id: Id,
    form: NewItem,
    db: DatabaseDep,
    page: PageDep,
    person: SellerDep,
    hub: HubDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    refused = ""
    if form.ok:
        told = form.value
        try:
            with db.write() as session:
                own(session, live_id, person)
                facts = (told.variant_id, told.live_price_vnd, told.wanted, told.most_per_buyer)
                schedule.add_item(session, live_id, *facts, person, now)
            if not page.wants_fragment:
                return page.go(f"/ban-hang/live/{live_id}", "saved")
        except Refusal as refusal:
            refused = sentence(page.templates, refusal)
    kept = form if refused or not form.ok else None
    return _studio(db, page, person, hub, settings, live_id, now, kept, refused)


@router.post("/{live_id}/mon/{item_id}/bo")
def drop_item(live_id: Id, item_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person)
        schedule.drop_item(session, live_id, item_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.get("/{live_id}/gia/{item_id}")
def price_page(live_id: Id, item_id: Id, db: DatabaseDep, page: PageDep, person: SellerDep) -> Response:
    return _price_page(db, page, person, live_id, item_id)


def _price_page(
    db: Database,
    page: Page,
    person: Person,
    live_id: int,
    item_id: int,
    form: Posted[PriceForm] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person))
        schedule.item_by_id(session, live_id, item_id)
    item = next(item for item in room.items if item.id == item_id)
    status = 409 if refused else 422 if form and form.errors else 200
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "item": item, "form": form, "refused": refused}
    return page("live/studio_price.html", block="price", status=status, person=person, **facts)


@router.post("/{live_id}/gia/{item_id}")
def set_price(
    live_id: Id, item_id: Id, form: NewPrice, db: DatabaseDep, page: PageDep, person: SellerDep, now: NowDep
) -> Response:
    if not form.ok:
        return _price_page(db, page, person, live_id, item_id, form)
    try:
        with db.write() as session:
            own(session, live_id, person)
            live.set_price(session, live_id, item_id, form.value.live_price_vnd, person, now)
    except Refusal as refusal:
        return _price_page(db, page, person, live_id, item_id, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}", "saved")


@router.post("/{live_id}/bat-dau")
def begin(
    live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, hub: HubDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Go on air. When less was left than wanted, the page that answers says so."""
    try:
        with db.write() as session:
            own(session, live_id, person, "host")
            short = live.start(session, live_id, person, now)
    except Refusal as refusal:
        words = sentence(page.templates, refusal)
        return _studio(db, page, person, hub, settings, live_id, now, refused=words)
    if not short:
        return page.go(f"/ban-hang/live/{live_id}")
    return _studio(db, page, person, hub, settings, live_id, now, short=short)


@router.post("/{live_id}/ghim")
def pin(
    live_id: Id,
    form: NewPin,
    db: DatabaseDep,
    page: PageDep,
    person: HostDep,
    hub: HubDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    if form.ok:
        with db.write() as session:
            own(session, live_id, person, "host")
            live.pin(session, live_id, form.value.item_id or None, now, person)
    if page.wants_fragment:
        return _studio(db, page, person, hub, settings, live_id, now)
    return page.go(f"/ban-hang/live/{live_id}")


@router.post("/{live_id}/ket-thuc")
def finish(live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, "host")
        live.end(session, live_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}", "live-ended")


@router.post("/{live_id}/huy")
def cancel(live_id: Id, db: DatabaseDep, page: PageDep, person: OwnDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, *OWN)
        schedule.cancel(session, live_id, person, now)
    return page.go("/ban-hang/live", "saved")
