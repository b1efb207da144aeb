"""Everything we know about somebody, for them to take along, and the way to be forgotten. Source: law 91/2025/QH15."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlmodel import Session, SQLModel, col, select

from shop.accounts import consents, profile
from shop.accounts import service as accounts
from shop.complaints import photos
from shop.core.deps import SIGN_IN, DatabaseDep, NowDep, PageDep, Person, VisitDep
from shop.core.forms import Posted, posted
from shop.notify import choices
from shop.notify.models import Message
from shop.orders import reading
from shop.orders.reading import OrderView

router = APIRouter(prefix="/tai-khoan", include_in_schema=False)


class Goodbye(BaseModel):
    sure: Literal["1"]


GoodbyeForm = Annotated[Posted[Goodbye], Depends(posted(Goodbye))]


@router.get("/du-lieu")
def records(db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require_person()
    with db.read() as session:
        agreed = consents.of(session, f"person:{person.id}")
    return page("pages/account/records.html", block="records", consents=agreed)


@router.get("/du-lieu.json")
def take_along(db: DatabaseDep, visit: VisitDep, now: NowDep) -> Response:
    """All of it as one file."""
    person = visit.require_person()
    with db.read() as session:
        told = {"taken_at": now, **_all_of(session, person)}
    body = json.dumps(told, ensure_ascii=False, indent=2, default=str)
    as_file = {
        "Content-Disposition": 'attachment; filename="cho-htx-du-lieu-cua-toi.json"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type="application/json", headers=as_file)


def _all_of(session: Session, person: Person) -> dict[str, Any]:
    row, phones = profile.row(session, person.id), accounts.proved_phones(session, person.id)
    addresses = [*phones, *([row.email] if row.email else [])]
    messages = select(Message).where(col(Message.address).in_(addresses)).order_by(col(Message.id))
    return {
        "person": row.model_dump(exclude={"password_hash"}),
        "roles": [{"role": held.role, "coop_id": held.coop_id} for held in person.roles],
        "proved_phones": phones,
        "addresses": _plain(profile.addresses(session, person.id)),
        "consents": _plain(consents.of(session, f"person:{person.id}")),
        "orders": [_order(view) for view in reading.of_phones(session, person.id, phones, most=10_000)],
        "messages": [message.model_dump(include=_OF_MESSAGE) for message in session.exec(messages)],
    }


_OF_MESSAGE = {"kind", "channel", "address", "title", "body", "state", "created_at", "sent_at"}


def _plain(rows: list[Any]) -> list[dict[str, Any]]:
    return [row.model_dump() for row in rows if isinstance(row, SQLModel)]


def _order(view: OrderView) -> dict[str, Any]:
    parcels = [
        {"coop": part.coop.name, **part.parcel.model_dump(), "lines": _plain(part.lines)} for part in view.parcels
    ]
    happened = [{"what": event.what, "at": event.at, "note": event.note} for event in view.events]
    own = view.order.model_dump(exclude={"placement_key", "visitor_key"})
    return {**own, "parcels": parcels, "events": happened}


@router.get("/xoa")
def goodbye_page(page: PageDep, visit: VisitDep) -> Response:
    return page(
        "pages/account/goodbye.html", block="goodbye", form=Posted.blank(Goodbye), person=visit.require_person()
    )


@router.post("/xoa")
def goodbye(form: GoodbyeForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Forget who this was. Orders keep the name and address they were sent to, as accounting law wants."""
    person = visit.require_person()
    if not form.ok:
        return page("pages/account/goodbye.html", block="goodbye", status=422, form=form, person=person)
    with db.write() as session:
        row, phones = profile.row(session, person.id), accounts.proved_phones(session, person.id)
        choices.forget(session, [*phones, *([row.email] if row.email else [])], f"person:{person.id}")
        consents.withdraw(session, f"person:{person.id}", consents.ACCOUNT, "web", now)
        photos.forget_of_buyer(session, person.id, phones)
        accounts.erase(session, person.id, now)
    visit.set_cookie(SIGN_IN, "", 0)
    return page.go("/", "erased")
