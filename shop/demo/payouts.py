"""The demo's payouts: accounts of its co-ops, what waits and what is payable, and one run that was sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from payments.earnings import service as earnings
from payments.earnings.models import SellerAccount
from payments.payouts import accounts, service
from payments.payouts.accounts import Details
from payments.payouts.models import PayoutAccount, PayoutRun, Settlement
from payments.payouts.service import Limits
from shop.accounts.models import PersonRow
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.settings import Settings

FIRST, SECOND = "+84900000005", "+84900000006"
KEY = "demo:first-run"
AGO = timedelta(days=1)
BANKS = ("970405", "970436", "970446", "970449")


def make_payouts(db: Database, settings: Settings, now: datetime) -> None:
    """Every third co-op with earnings is paid through a fund or by voucher; one has no account yet.

    The run of yesterday paid what was payable then and was sent; what becomes payable later waits for the next.
    """
    with db.read() as session:
        two = session.exec(select(PersonRow).where(col(PersonRow.phone).in_((FIRST, SECOND)))).all()
        done = session.exec(select(PayoutRun.id).where(PayoutRun.key == KEY)).first()
    if done or len(two) < 2 or not settings.demo:
        return
    first, second = (Person(row.id, row.name, row.phone or "") for row in sorted(two, key=lambda row: row.phone or ""))
    earnings.release_due(db, now - AGO)
    with db.write() as session:
        for at, coop in enumerate(_earning_coops(session)):
            _make_account(session, coop, at, first, second, now - 20 * AGO)
        _pay(session, first, second, settings, now - AGO)
    earnings.release_due(db, now)


def _earning_coops(session: Session) -> list[Coop]:
    sellers = session.exec(select(SellerAccount.seller).order_by(col(SellerAccount.seller))).all()
    ids = [int(seller.partition(":")[2]) for seller in sellers]
    return list(session.exec(select(Coop).where(col(Coop.id).in_(ids)).order_by(col(Coop.id))))


def _make_account(session: Session, coop: Coop, at: int, first: Person, second: Person, now: datetime) -> None:
    if at == 3 or session.exec(select(PayoutAccount.id).where(PayoutAccount.seller == f"coop:{coop.id}")).first():
        return
    number = f"{1900200 + coop.id}{4171 + at * 37}"
    details = Details("bank", coop.legal_name, number, bank_bin=BANKS[at % len(BANKS)])
    if at % 3 == 1:
        details = Details("fund", coop.legal_name, number, bank_name="Quỹ tín dụng nhân dân (minh họa)")
    elif at % 3 == 2:
        details = Details("voucher", coop.representative)
    account = accounts.propose(session, f"coop:{coop.id}", details, first, now)
    accounts.agree(session, account.id, second, now)


def _pay(session: Session, first: Person, second: Person, settings: Settings, now: datetime) -> None:
    limits = Limits(settings.payout_least_vnd, settings.two_person_above_vnd)
    if not any(not it.reason for it in service.prospects(session, now, limits.least_vnd)):
        return
    run = service.start_run(session, first, now, KEY, limits)
    if run.released_at is None:
        service.release(session, run.id, second, now)
    wanted = select(Settlement.id).where(Settlement.run_id == run.id).order_by(col(Settlement.seller))
    for at, settlement_id in enumerate(session.exec(wanted).all()):
        service.mark_sent(session, settlement_id, f"FT-MINH-HOA-{at + 1:03d}", second, now)
