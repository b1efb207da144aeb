"""The co-op's own money: what it earned, what is on its way, and a statement to the đồng. Never another co-op's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from payments import ledger
from payments.earnings import week
from payments.earnings.service import balances, own_cash
from payments.gateways.banks import bank_name
from payments.payouts import accounts, bankfile, listing, reading
from payments.payouts import service as payouts
from payments.payouts.statement import Statement, movements_on, statement
from shop.coops import service as coops
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.i18n import HERE
from shop.core.i18n import gettext as _
from shop.workspace.here import Desk, MoneyDesk

router = APIRouter(prefix="/ban-hang/tien", include_in_schema=False)
WORDS = {"masked": accounts.masked, "bank_name": bank_name}


@router.get("")
def money(db: DatabaseDep, page: PageDep, desk: MoneyDesk, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        facts = _facts(session, desk)
        seller = f"coop:{facts['coop'].id}"
        facts |= {
            "week": week.last_days(session, seller, now),
            "today_rows": week.rows(session, seller, now, 0),
            "week_rows": week.rows(session, seller, now, week.DAYS - 1),
            "next": payouts.next_for(session, seller, now, settings.payout_least_vnd),
            "stands": balances(session, seller),
            "account": accounts.in_force(session, seller, now),
            "waiting": reading.waiting(session, seller),
            "payable": listing.rows(session, seller),
            "payouts": reading.payouts_of(session, seller),
            "debts": movements_on(session, ledger.account("1210", seller)),
            "cash": movements_on(session, ledger.account("1130", own_cash(seller))),
        }
    return page("workspace/money.html", **facts)


@router.get("/khoan/{settlement_id}")
def one_payout(settlement_id: Id, db: DatabaseDep, page: PageDep, desk: MoneyDesk) -> Response:
    with db.read() as session:
        facts = _facts(session, desk)
        payout = reading.one_payout(session, settlement_id, f"coop:{facts['coop'].id}")
        rows = reading.listed(session, settlement_id)
    return page("workspace/payout.html", payout=payout, rows=rows, **facts)


@router.get("/sao-ke")
def month(db: DatabaseDep, page: PageDep, desk: MoneyDesk, now: NowDep, thang: str = "") -> Response:
    first = _month(thang, now)
    with db.read() as session:
        facts = _facts(session, desk)
        found = _statement(session, desk, first)
    before, after = first - timedelta(days=1), _next(first)
    facts["before"] = f"{before:%Y-%m}"
    facts["after"] = f"{after:%Y-%m}" if after <= now else ""
    return page("workspace/statement.html", first=first, month=f"{first:%Y-%m}", statement=found, **facts)


@router.get("/sao-ke.csv")
def month_file(db: DatabaseDep, desk: MoneyDesk, now: NowDep, thang: str = "") -> Response:
    first = _month(thang, now)
    with db.read() as session:
        found = _statement(session, desk, first)
    headers = {
        "Content-Disposition": f'attachment; filename="sao-ke-{first:%Y-%m}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(bankfile.as_csv(_table(found)), media_type=bankfile.CSV, headers=headers)


def _facts(session: Session, desk: Desk) -> dict[str, Any]:
    return {"coop": coops.get(session, desk.coop_id), **WORDS}


def _statement(session: Session, desk: Desk, first: datetime) -> Statement:
    return statement(session, f"coop:{desk.coop_id}", first.astimezone(UTC), _next(first).astimezone(UTC))


def _table(found: Statement) -> list[tuple[str | int, ...]]:
    rows: list[tuple[str | int, ...]] = [(_("Ngày"), _("Việc"), _("Đơn, khoản trả"), _("Số tiền"), _("Số dư"))]
    rows.append(("", _("Số dư đầu tháng"), "", "", found.opening_vnd))
    for it in found.movements:
        at = it.at.astimezone(HERE)
        rows.append((f"{at:%d/%m/%Y %H:%M}", _said(it.kind), it.label, it.amount_vnd, it.balance_vnd))
    return [*rows, ("", _("Số dư cuối tháng"), "", "", found.closing_vnd)]


def _month(text: str, now: datetime) -> datetime:
    """The first moment of the month named "2026-11" here in Vietnam; of this month for anything else."""
    named = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    today = now.astimezone(HERE)
    year, month = (int(named[1]), int(named[2])) if named else (today.year, today.month)
    return datetime(year, month, 1, tzinfo=HERE)


def _next(first: datetime) -> datetime:
    return (first + timedelta(days=32)).replace(day=1)


def _said(kind: str) -> str:
    """As `workspace/money_words.html` says it on the page."""
    words = {
        "earned": _("Tiền hàng đã giao"),
        "captured": _("HTX thu tiền mặt của khách"),
        "refund_requested": _("Hoàn lại cho khách"),
        "freight": _("Cước hãng giao hàng đã trừ"),
        "payout_sent": _("Chợ chuyển tiền cho HTX"),
        "payout_bounced": _("Khoản chuyển bị ngân hàng trả lại"),
    }
    return words.get(kind, _("Khoản khác"))
