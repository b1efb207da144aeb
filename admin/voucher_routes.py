"""The vouchers that the market itself gives and pays for: made and stopped by the operator."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from livestream.deals.voucher_routes import VoucherForm
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.i18n import HERE, local
from shop.core.web import Page, sentence
from shop.vouchers import service as vouchers
from shop.vouchers.service import Given

router = APIRouter(prefix="/quan-tri/ma-giam")


class MarketVoucher(VoucherForm):
    """Both days count, as days in Vietnam."""

    budget_vnd: int = Field(ge=1000, le=10_000_000_000)
    starts_on: date = Field(ge=date(2026, 1, 1), le=date(2100, 1, 1))
    ends_on: date = Field(ge=date(2026, 1, 1), le=date(2100, 1, 1))

    def given(self) -> Given:
        opens_at = datetime.combine(self.starts_on, time(), HERE)
        return Given(self.budget_vnd, opens_at, datetime.combine(self.ends_on + timedelta(days=1), time(), HERE))


NewVoucher = Annotated[Posted[MarketVoucher], Depends(posted(MarketVoucher))]


@router.get("")
def show(db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    visit.require("operator")
    return _page(db, page, now)


def _page(
    db: Database, page: Page, now: datetime, form: Posted[MarketVoucher] | None = None, refused: str = ""
) -> Response:
    with db.read() as session:
        listed = vouchers.of_owner(session, vouchers.MARKET)
        is_open = {it.id: vouchers.is_open(it, now) for it in listed}
    status = 409 if refused else 422 if form and form.errors else 200
    facts: dict[str, Any] = {
        "listed": listed,
        "is_open": is_open,
        "today": local(now).date(),
        "form": form,
        "refused": refused,
    }
    return page("admin/vouchers.html", block="vouchers", status=status, **facts)


@router.post("")
def make(form: NewVoucher, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return _page(db, page, now, form)
    try:
        with db.write() as session:
            vouchers.give(session, form.value.terms(), form.value.given(), person, now)
    except Refusal as refusal:
        return _page(db, page, now, form, sentence(page.templates, refusal))
    return page.go("/quan-tri/ma-giam", "saved")


@router.post("/{voucher_id}/dung")
def stop(voucher_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        vouchers.close(session, vouchers.MARKET, voucher_id, person, now)
    return page.go("/quan-tri/ma-giam", "saved")
