"""The vouchers of a co-op outside its sessions: made and stopped by whoever keeps its goods; the co-op bears them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from livestream.deals.voucher_routes import NewVoucher, VoucherForm
from shop.coops import service as coops
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import Refusal
from shop.core.forms import Posted
from shop.core.web import Page, sentence
from shop.vouchers import service as vouchers
from shop.workspace.here import Desk, GoodsDesk

router = APIRouter(prefix="/ban-hang/ma-giam", include_in_schema=False)


@router.get("")
def show(db: DatabaseDep, page: PageDep, desk: GoodsDesk) -> Response:
    return _page(db, page, desk)


def _page(db: Database, page: Page, desk: Desk, form: Posted[VoucherForm] | None = None, refused: str = "") -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        listed = vouchers.of_owner(session, vouchers.shop_owner(coop.id))
    status = 409 if refused else 422 if form and form.errors else 200
    here = "/ban-hang/ma-giam"
    return page(
        "workspace/vouchers.html",
        block="vouchers",
        status=status,
        coop=coop,
        listed=listed,
        form=form,
        refused=refused,
        here=here,
    )


@router.post("")
def make(form: NewVoucher, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    if not form.ok:
        return _page(db, page, desk, form)
    try:
        with db.write() as session:
            owner = vouchers.shop_owner(desk.coop_id)
            vouchers.make(session, owner, desk.coop_id, form.value.terms(), desk.person, now)
    except Refusal as refusal:
        return _page(db, page, desk, form, sentence(page.templates, refusal))
    return page.go("/ban-hang/ma-giam", "saved")


@router.post("/{voucher_id}/dung")
def stop(voucher_id: Id, db: DatabaseDep, page: PageDep, desk: GoodsDesk, now: NowDep) -> Response:
    with db.write() as session:
        vouchers.close(session, vouchers.shop_owner(desk.coop_id), voucher_id, desk.person, now)
    return page.go("/ban-hang/ma-giam", "saved")
