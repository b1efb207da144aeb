"""An order typed in from a call or Zalo, and a sale across the counter: for whoever comes without a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from shop.addresses.forms import AddressChoices, AddressForm
from shop.checkout import by_desk
from shop.checkout.message import LONGEST, read_message
from shop.coops import service as coops
from shop.core.deps import DatabaseDep, NowDep, PageDep, SettingsDep
from shop.core.forms import Posted, posted
from shop.core.i18n import phone as spoken
from shop.core.ids import secret_token
from shop.core.phones import Phone, read_phone
from shop.orders.placing import Buyer
from shop.workspace.here import OrdersDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
MOST_STEPS = 999
USUAL = 5


class Call(AddressForm):
    """Who called and where it goes; picked up, the address is not asked for."""

    name: str = Field(min_length=2, max_length=80)
    phone: Phone
    note: str = Field(default="", max_length=500)
    way: str = Field(default="delivery", pattern="^(delivery|pickup)$")


class Said(BaseModel):
    """What a customer wrote, as it was pasted; or a phone number alone, shorter than `SHORT`."""

    said: str = Field(default="", max_length=LONGEST)


SHORT = 21
SaidForm = Annotated[Posted[Said], Depends(posted(Said))]
CallForm = Annotated[Posted[Call], Depends(posted(Call))]
Mon = Annotated[list[int], Query(max_length=200)]


async def _wanted(request: Request) -> dict[int, int]:
    form = await request.form(max_fields=600)
    typed = {name[2:]: str(value).strip() for name, value in form.items() if name.startswith("m-")}
    return {
        int(number): min(int(steps), MOST_STEPS)
        for number, steps in typed.items()
        if number.isdecimal() and len(number) < 12 and steps.isdecimal() and 0 < len(steps) < 6 and int(steps)
    }


Wanted = Annotated[dict[int, int], Depends(_wanted)]
"""How many steps of each variant: the fields `m-17`."""


async def _key(request: Request) -> str:
    typed = (await request.form()).get("key")
    return typed[:64] if isinstance(typed, str) and len(typed) >= 20 else secret_token()


KeyField = Annotated[str, Depends(_key)]
"""The same form sent twice is one sale."""


@router.get("/quay")
def counter(db: DatabaseDep, page: PageDep, desk: OrdersDesk, mon: Mon = []) -> Response:  # noqa: B006  never changed
    """Each press adds one: what lies on the counter stands in the address."""
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        shelf = by_desk.shelf(session, coop.id)
    lying = Counter(mon)
    total_vnd = sum(it.price_vnd * lying[it.variant_id] for it in shelf)
    facts: dict[str, Any] = {"shelf": shelf, "lying": lying, "mon": mon, "total_vnd": total_vnd}
    return page("workspace/counter.html", coop=coop, key=secret_token(), **facts)


@router.post("/quay")
def sold(
    wanted: Wanted, key: KeyField, db: DatabaseDep, page: PageDep, desk: OrdersDesk, settings: SettingsDep, now: NowDep
) -> Response:
    """The cash is in the drawer."""
    coop_id, person = desk.coop_id, desk.person
    with db.write() as session:
        by_desk.sell_at_counter(session, coop_id, f"counter:{coop_id}:{key}", wanted, person, settings, now)
    return page.go("/ban-hang/quay", "counter-sold")


@router.get("/ghi-don")
def blank_call(db: DatabaseDep, page: PageDep, desk: OrdersDesk) -> Response:
    return _call(db, page, desk, Posted.blank(Call, key=secret_token(), way="delivery"), {})


@router.post("/ghi-don/tin-nhan")
def from_message(form: SaidForm, db: DatabaseDep, page: PageDep, desk: OrdersDesk) -> Response:
    """What a customer wrote, or their phone alone, fills the form in as far as it goes; nothing is ordered yet."""
    said = form.typed.get("said", "").strip()[:LONGEST]
    told = read_message(said)
    typed = {"key": secret_token(), "way": "pickup" if told.comes else "delivery"}
    typed |= {
        "phone": spoken(told.phone) if told.phone else said if len(said) < SHORT else "",
        "name": told.name,
        "line": told.line,
    }
    with db.read() as session:
        known = by_desk.customer(session, desk.coop_id, told.phone) if told.phone else None
    if told.place:
        typed["address_q"] = told.place
    elif known:
        typed |= {"line": known.line, "ward_code": known.ward_code}
        typed |= {"province_code": known.province_code, "legacy_text": known.legacy_text}
    if known:
        typed["name"] = known.name
    return _call(db, page, desk, Posted.blank(Call, **typed), {}, said=said if len(said) >= SHORT else "")


def _call(
    db: DatabaseDep,
    page: PageDep,
    desk: OrdersDesk,
    form: Posted[Call],
    wanted: dict[int, int],
    status: int = 200,
    said: str = "",
) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        there = [it for it in by_desk.shelf(session, coop.id) if it.left > 0]
        sold = by_desk.sold_lately(session, coop.id)
    by_use = sorted(there, key=lambda it: (it.variant_id not in wanted, -sold.get(it.variant_id, 0)))
    first = max(USUAL, len(wanted)) if len(there) > USUAL + 1 else len(there)
    facts: dict[str, Any] = {"form": form, "address": AddressChoices(form.typed), "wanted": wanted, "said": said}
    return page("workspace/call.html", status=status, coop=coop, usual=by_use[:first], rest=by_use[first:], **facts)


@router.post("/ghi-don")
def called(
    form: CallForm,
    wanted: Wanted,
    key: KeyField,
    db: DatabaseDep,
    page: PageDep,
    desk: OrdersDesk,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    if AddressChoices(form.typed).asked:
        return _call(db, page, desk, Posted(Call, form.typed), wanted)
    picked_up = form.typed.get("way") == "pickup" and set(form.errors) <= {"line", "ward_code", "__root__"}
    if not wanted or not (form.ok or picked_up):
        if not wanted:
            form.errors["goods"] = "missing"
        return _call(db, page, desk, form, wanted, 422)
    coop_id = desk.coop_id
    with db.write() as session:
        buyer = _of_form(form.value) if form.ok else _at_the_shed(session, coop_id, form.typed)
        way, key = form.typed.get("way", "delivery"), f"call:{coop_id}:{key}"
        code = by_desk.order(session, coop_id, key, wanted, buyer, way, settings, now).code
    return page.go(f"/ban-hang/don?ma={code}", "call-saved")


def _of_form(told: Call) -> Buyer:
    where = (told.province_code, told.ward_code, told.line, told.legacy_text)
    return Buyer(told.name, told.phone, *where, told.note)


def _at_the_shed(session: Session, coop_id: int, typed: Mapping[str, str]) -> Buyer:
    """Whoever comes for the goods need not say where they live."""
    coop = coops.get(session, coop_id)
    phone = read_phone(typed["phone"]) or ""
    return Buyer(typed["name"], phone, coop.province_code, coop.ward_code, coop.line, "", typed.get("note", ""))
