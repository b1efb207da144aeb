"""The vouchers of a session: the host makes and stops them, before it and on air."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from livestream.service import live_owner
from livestream.studio_routes import OWN, OwnDep, own
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Person
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.pagecache import bump
from shop.core.web import Page, sentence
from shop.vouchers import service as vouchers
from shop.vouchers.service import Terms

router = APIRouter(prefix="/ban-hang/live/{live_id}/ma-giam", include_in_schema=False)


class VoucherForm(BaseModel):
    """`off_vnd` is the sum that comes off; with `percent` it is the ceiling for one order. `by` says which is meant."""

    by: Literal["", "percent", "sum"] = ""
    code: str = Field(min_length=3, max_length=12, pattern="^[A-Za-z0-9]+$")
    percent: int = Field(default=0, ge=0, le=50)
    off_vnd: int = Field(ge=1000, le=10_000_000)
    least_vnd: int = Field(default=0, ge=0, le=1_000_000_000)
    quantity: int = Field(ge=1, le=100_000)
    most_per_buyer: int = Field(default=1, ge=1, le=99)
    with_deals: bool = False

    @field_validator("percent")
    @classmethod
    def _is_a_share(cls, percent: int, info: ValidationInfo) -> int:
        if info.data.get("by") == "percent" and not percent:
            raise PydanticCustomError("missing", "no share")
        return percent

    def terms(self) -> Terms:
        percent = 0 if self.by == "sum" else self.percent
        sum_vnd = 0 if percent else self.off_vnd
        rest = (self.least_vnd, self.quantity, self.most_per_buyer, self.with_deals)
        return Terms(self.code, percent, sum_vnd, self.off_vnd, *rest)


NewVoucher = Annotated[Posted[VoucherForm], Depends(posted(VoucherForm))]


@router.get("")
def show(live_id: Id, db: DatabaseDep, page: PageDep, person: OwnDep) -> Response:
    return _page(db, page, person, live_id)


def _page(
    db: Database,
    page: Page,
    person: Person,
    live_id: int,
    form: Posted[VoucherForm] | None = None,
    refused: str = "",
) -> Response:
    with db.read() as session:
        row = own(session, live_id, person, *OWN)
        listed, coop = vouchers.of_owner(session, live_owner(live_id)), coops.get(session, row.coop_id)
    status = 409 if refused else 422 if form and form.errors else 200
    facts: dict[str, Any] = {"live": row, "coop": coop, "listed": listed, "form": form, "refused": refused}
    return page("live/studio_vouchers.html", block="vouchers", status=status, person=person, **facts)


@router.post("")
def make(live_id: Id, form: NewVoucher, db: DatabaseDep, page: PageDep, person: OwnDep, now: NowDep) -> Response:
    if not form.ok:
        return _page(db, page, person, live_id, form)
    try:
        with db.write() as session:
            row = own(session, live_id, person, *OWN)
            vouchers.make(session, live_owner(live_id), row.coop_id, form.value.terms(), person, now)
            bump(session, f"session:{live_id}")
    except Refusal as refusal:
        return _page(db, page, person, live_id, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}/ma-giam", "saved")


@router.post("/{voucher_id}/dung")
def stop(live_id: Id, voucher_id: Id, db: DatabaseDep, page: PageDep, person: OwnDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, *OWN)
        vouchers.close(session, live_owner(live_id), voucher_id, person, now)
        bump(session, f"session:{live_id}")
    return page.go(f"/ban-hang/live/{live_id}/ma-giam", "saved")
