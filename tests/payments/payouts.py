"""Co-ops with money to be paid out, made through the services that make it in life."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from sqlmodel import col, select

from payments import cod, ledger
from payments import service as payments
from payments.earnings.service import Sale, earn, release_due
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import PaymentAttempt
from payments.payouts import accounts
from payments.payouts.accounts import Details
from payments.payouts.models import PayoutRun, Settlement
from payments.payouts.service import Limits, start_run
from payments.receive import take_fact
from shop.core.db import Database
from shop.core.deps import Person
from tests.payments.factories import COLLEAGUE, OPERATOR

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(least_vnd=50_000, two_person_vnd=5_000_000)
BANK = Details("bank", "HTX Thanh long Hòa Lệ", "0011 0042 6688", bank_bin="970405")
_number = count(1)


def earned(db: Database, seller: str, goods_vnd: int = 200_000, commission_vnd: int = 10_000) -> str:
    """A parcel that was paid by wallet and delivered; returns its name. Payable after `release`."""
    number = next(_number)
    subject, parcel = f"order:{9_000 + number}", f"parcel:{9_000 + number}"
    with db.write() as session:
        payments.open_due(session, subject, goods_vnd, "momo", None, NOW, label=f"DON{number}")
        newest = select(PaymentAttempt.reference).order_by(col(PaymentAttempt.id).desc())
        reference = session.exec(newest).first() or ""
        fact = Fact("momo", f"m{number}", FactKind.CAPTURED, goods_vnd, NOW, "ipn", "1120:momo", reference=reference)
        take_fact(session, fact, NOW)
        earn(session, Sale(seller, subject, f"DON{number}", parcel, goods_vnd, 0, commission_vnd, NOW), NOW)
    return parcel


def payable(db: Database, seller: str, goods_vnd: int = 200_000, commission_vnd: int = 10_000) -> str:
    """The same, and the time for claims is over."""
    parcel = earned(db, seller, goods_vnd, commission_vnd)
    release_due(db, NOW)
    return parcel


def refund(db: Database, parcel: str, amount_vnd: int) -> None:
    """A buyer gets a part of the parcel back."""
    with db.write() as session:
        payments.request_refund(session, parcel.replace("parcel", "order"), amount_vnd, "claim", NOW, parcel=parcel)


def cash_sale(db: Database, seller: str, goods_vnd: int) -> None:
    """The co-op delivered a parcel itself and has the buyer's cash; no commission, payable."""
    number = next(_number)
    subject, parcel = f"order:{9_000 + number}", f"parcel:{9_000 + number}"
    with db.write() as session:
        payments.open_due(session, subject, goods_vnd, "cod", None, NOW, label=f"DON{number}")
        cod.hand_over_cod(session, subject, parcel, f"own:{seller}", goods_vnd, NOW)
        cod.collect_cod(session, parcel, NOW)
        earn(session, Sale(seller, subject, f"DON{number}", parcel, goods_vnd, 0, 0, NOW), NOW)
    release_due(db, NOW)


def owes(db: Database, seller: str, amount_vnd: int) -> None:
    """The co-op owes the market for something that no order explains."""
    with db.write() as session:
        lines = [Line(ledger.account("1210", seller), amount_vnd), Line(ledger.BANK, -amount_vnd)]
        ledger.post(session, f"test:owes:{next(_number)}", "test", lines, NOW)


def with_account(db: Database, seller: str, details: Details = BANK, now: datetime = LONG_AGO) -> int:
    """Proposed by one person, agreed to by the other."""
    with db.write() as session:
        account = accounts.propose(session, seller, details, OPERATOR, now)
        return accounts.agree(session, account.id, COLLEAGUE, now).id


def run_it(
    db: Database, key: str = "press", person: Person = OPERATOR, now: datetime = NOW, limits: Limits = LIMITS
) -> PayoutRun:
    with db.write() as session:
        return start_run(session, person, now, key, limits)


def settlements(db: Database) -> list[Settlement]:
    with db.read() as session:
        return sorted(session.exec(select(Settlement)), key=lambda it: it.id)


def paid_out(db: Database, seller: str) -> int:
    """A first run with one settlement to a first account: all three have the number that is returned."""
    with_account(db, seller, Details("bank", "Tài khoản kín", "998877665", bank_bin="970405"))
    payable(db, seller)
    return run_it(db).id
