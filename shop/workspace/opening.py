"""The guided start: story, delivery, bank account, and on to the first product. Each step is kept as it is answered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from payments.gateways.banks import NAMES
from payments.payouts import accounts
from payments.payouts.accounts import Details
from shop.accounts.rights import Right
from shop.catalog import service as catalog
from shop.catalog.models import ProductState
from shop.coops import messages, shopfront
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core import pictures
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.forms import Posted, posted
from shop.core.images import Stored
from shop.core.web import Page
from shop.shipping import service as shipping
from shop.shipping.service import Table
from shop.workspace import fees
from shop.workspace.fees import Delivery
from shop.workspace.here import BankDesk, Desk, ShopDesk
from shop.workspace.sent_photo import photo_sent

router = APIRouter(prefix="/ban-hang/bat-dau", include_in_schema=False)
HERE = "/ban-hang/bat-dau"


class Story(BaseModel):
    name: str = Field(min_length=3, max_length=80)
    face_name: str = Field(min_length=2, max_length=100)
    story: str = Field(min_length=20, max_length=3000)


class Account(BaseModel):
    """A bank account, named as on the bank's own paper."""

    bank_bin: str = Field(pattern=r"^\d{6}$")
    account_no: str = Field(pattern=r"^[0-9A-Za-z .\-]{4,30}$")
    account_name: str = Field(min_length=2, max_length=120)

    def details(self) -> Details:
        return Details("bank", self.account_name, self.account_no, self.bank_bin)


AskedStep = Annotated[int, Query(alias="buoc", ge=0, le=5)]
StoryForm = Annotated[Posted[Story], Depends(posted(Story))]
DeliveryForm = Annotated[Posted[Delivery], Depends(posted(Delivery))]
AccountForm = Annotated[Posted[Account], Depends(posted(Account))]


def answered(session: Session, coop: Coop, now: NowDep) -> list[bool]:
    """Which of the four steps have been answered."""
    table = shipping.table_of(session, coop.id, coop.ward_code)
    seller = f"coop:{coop.id}"
    has_account = any(it.state in ("proposed", "valid") for it in accounts.history(session, seller))
    on_sale = any(it.state == ProductState.ON_SALE for it in catalog.products_of_coop(session, coop.id))
    return [bool(coop.story), bool(table.rates or coop.delivery_policy), has_account, on_sale]


@router.get("")
def begin(db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep, step: AskedStep = 0) -> Response:
    """The step asked for, else the first that is not answered; 5 when all are."""
    return _show(db, page, desk, now, step)


def _show(db: Database, page: Page, desk: Desk, now: NowDep, step: int, form: Posted[Any] | None = None) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        done = answered(session, coop, now)
        table = shipping.table_of(session, coop.id, coop.ward_code)
    step = step or next((at for at, is_done in enumerate(done, 1) if not is_done), 5)
    facts: dict[str, Any] = {"step": step, "done": done, "form": form or _blank(step, coop, table)}
    facts |= {
        "more_steps": fees.STEPS[1:],
        "banks": sorted(NAMES.items(), key=lambda bank: bank[1].lower()),
        "place": coops.place(coop),
    }
    facts["address"] = f"{page.settings.base_url}/htx/{coop.slug}"
    return page("workspace/opening.html", block="opening", status=422 if form else 200, coop=coop, **facts)


def _blank(step: int, coop: Coop, table: Table) -> Posted[Any]:
    if step == 1:
        face = coop.face_name or coop.representative
        return Posted.blank(Story, name=coop.name, face_name=face, story=coop.story)
    if step == 2:
        line = table.pickup_line or coop.line
        told = {"delivery_policy": coop.delivery_policy, "return_policy": coop.return_policy}
        return Posted.blank(
            Delivery, pickup_line=line, **fees.typed(table), **{name: text for name, text in told.items() if text}
        )
    return Posted.blank(Account)


async def _cover(request: Request, _desk: ShopDesk) -> Stored | None:
    return await photo_sent(request)


@router.post("/cau-chuyen")
def story(
    form: StoryForm,
    db: DatabaseDep,
    page: PageDep,
    desk: ShopDesk,
    cover: Annotated[Stored | None, Depends(_cover)],
    now: NowDep,
) -> Response:
    if not form.ok:
        return _show(db, page, desk, now, 1, form)
    told: dict[str, Any] = form.value.model_dump()
    with db.write() as session:
        if cover is not None:
            told["cover_photo_id"] = pictures.keep(session, cover, form.value.name, now).id
        shopfront.write(session, desk.coop_id, told, desk.person, now)
    return page.go(f"{HERE}?buoc=2")


@router.post("/giao-hang")
def delivery(form: DeliveryForm, db: DatabaseDep, page: PageDep, desk: ShopDesk, now: NowDep) -> Response:
    if form.ok:
        form.errors = fees.wrong_steps(form.value)
    if not form.ok:
        return _show(db, page, desk, now, 2, form)
    told = form.value
    with db.write() as session:
        promises = {"delivery_policy": told.delivery_policy, "return_policy": told.return_policy}
        coop = shopfront.write(session, desk.coop_id, promises, desk.person, now)
        before = shipping.table_of(session, coop.id, coop.ward_code)
        shipping.set_table(session, fees.table(before, told), desk.person, now)
    return page.go(f"{HERE}?buoc=3")


@router.post("/tai-khoan")
def account(form: AccountForm, db: DatabaseDep, page: PageDep, desk: BankDesk, now: NowDep) -> Response:
    desk.require(Right.SHOP)
    if not form.ok:
        return _show(db, page, desk, now, 3, form)
    with db.write() as session:
        put = accounts.propose(session, f"coop:{desk.coop_id}", form.value.details(), desk.person, now)
        messages.tell_account(session, desk.coop_id, put, desk.person, now)
    return page.go("/ban-hang/hang/moi")
