"""Where each co-op is paid: typed in by one person, compared with the paper by another."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from payments.earnings.service import balances
from payments.gateways.banks import NAMES, bank_name
from payments.payouts import accounts, reading
from payments.payouts.accounts import Details
from shop.coops import service as coops
from shop.coops.names import named_alike
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, VisitDep
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/quan-tri/tra-tien")


class Account(BaseModel):
    kind: str = Field(max_length=10)
    bank_bin: str = Field(default="", max_length=6)
    bank_name: str = Field(default="", max_length=80)
    account_no: str = Field(default="", max_length=40)
    account_name: str = Field(max_length=120)


AccountForm = Annotated[Posted[Account], Depends(posted(Account))]


@router.get("/htx/{coop_id}")
def coop_account(coop_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    return _page(db, page, coop_id, now, person=person, form=Posted.blank(Account))


@router.post("/htx/{coop_id}")
def propose(coop_id: Id, form: AccountForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return _page(db, page, coop_id, now, person=person, form=form, status=422)
    with db.write() as session:
        coop = coops.get(session, coop_id)
        accounts.propose(session, f"coop:{coop.id}", Details(**form.value.model_dump()), person, now)
    return page.go(f"/quan-tri/tra-tien/htx/{coop_id}", notice="money-proposed")


@router.post("/tai-khoan/{account_id}/dong-y")
def agree(account_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        seller = accounts.agree(session, account_id, person, now).seller
    return page.go(_of(seller), notice="saved")


@router.post("/tai-khoan/{account_id}/rut-lai")
def withdraw(account_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        seller = accounts.withdraw(session, account_id, person, now).seller
    return page.go(_of(seller), notice="saved")


@router.post("/tai-khoan/{account_id}/da-kiem-tra")
def checked(account_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        seller = accounts.checked(session, account_id, person, now).seller
    return page.go(_of(seller), notice="saved")


def _of(seller: str) -> str:
    return f"/quan-tri/tra-tien/htx/{seller.partition(':')[2]}"


def _page(db: DatabaseDep, page: PageDep, coop_id: int, now: NowDep, *, status: int = 200, **facts: Any) -> Response:
    seller = f"coop:{coop_id}"
    with db.read() as session:
        facts |= {
            "coop": coops.get(session, coop_id),
            "stands": balances(session, seller),
            "account": accounts.in_force(session, seller, now),
            "accounts": accounts.history(session, seller),
            "payouts": reading.payouts_of(session, seller),
        }
    banks = sorted(NAMES.items(), key=lambda bank: bank[1].lower())
    facts |= {"banks": banks, "masked": accounts.masked, "bank_name": bank_name, "named_alike": named_alike}
    return page("admin/payout_account.html", status=status, **facts)
