"""Where the co-op's money goes: put forward by one of its people, agreed to by another, and a change waits a day."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from payments.gateways.banks import NAMES, bank_name
from payments.payouts import accounts
from payments.payouts.models import PayoutAccount
from shop.coops import messages
from shop.coops import service as coops
from shop.coops.names import named_alike
from shop.core.db import Database
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.errors import NotFound
from shop.core.forms import Posted
from shop.core.web import Page
from shop.workspace.here import BankDesk, Desk
from shop.workspace.opening import Account, AccountForm

router = APIRouter(prefix="/ban-hang/tai-khoan", include_in_schema=False)


class NoSuchAccount(NotFound):
    """This co-op has put no such account forward."""


@router.get("")
def account(db: DatabaseDep, page: PageDep, desk: BankDesk, now: NowDep) -> Response:
    return _show(db, page, desk, now, None)


def _show(db: Database, page: Page, desk: Desk, now: NowDep, form: Posted[Account] | None) -> Response:
    seller = f"coop:{desk.coop_id}"
    with db.read() as session:
        facts: dict[str, Any] = {
            "coop": coops.get(session, desk.coop_id),
            "account": accounts.in_force(session, seller, now),
            "accounts": accounts.history(session, seller),
        }
    facts |= {"banks": sorted(NAMES.items(), key=lambda bank: bank[1].lower()), "me": desk.person}
    facts |= {
        "masked": accounts.masked,
        "bank_name": bank_name,
        "named_alike": named_alike,
        "form": form or Posted.blank(Account),
    }
    return page("workspace/bank.html", block="bank", status=422 if form else 200, **facts)


@router.post("")
def propose(form: AccountForm, db: DatabaseDep, page: PageDep, desk: BankDesk, now: NowDep) -> Response:
    if not form.ok:
        return _show(db, page, desk, now, form)
    with db.write() as session:
        put = accounts.propose(session, f"coop:{desk.coop_id}", form.value.details(), desk.person, now)
        messages.tell_account(session, desk.coop_id, put, desk.person, now)
    return page.go("/ban-hang/tai-khoan", "money-proposed")


@router.post("/{account_id}/dong-y")
def agree(account_id: Id, db: DatabaseDep, page: PageDep, desk: BankDesk, now: NowDep) -> Response:
    """The second person. Raises AgreedByProposer for the first."""
    with db.write() as session:
        _own(session, desk, account_id)
        put = accounts.agree(session, account_id, desk.person, now)
        messages.tell_account(session, desk.coop_id, put, desk.person, now)
    return page.go("/ban-hang/tai-khoan", "saved")


@router.post("/{account_id}/rut-lai")
def withdraw(account_id: Id, db: DatabaseDep, page: PageDep, desk: BankDesk, now: NowDep) -> Response:
    with db.write() as session:
        _own(session, desk, account_id)
        accounts.withdraw(session, account_id, desk.person, now)
    return page.go("/ban-hang/tai-khoan", "saved")


def _own(session: Session, desk: Desk, account_id: int) -> None:
    found = session.get(PayoutAccount, account_id)
    if found is None or found.seller != f"coop:{desk.coop_id}":
        raise NoSuchAccount
