"""The day half done at a co-op's office: its accountant and packer, an account that waits, and two shops on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from payments.payouts import accounts as payout_accounts
from payments.payouts.accounts import Details
from shop.accounts import passwords
from shop.accounts import service as accounts
from shop.accounts.models import Role, RoleGrant
from shop.coops.applying import ApplicationForm, apply
from shop.coops.models import Coop, CoopState
from shop.coops.people import service as people
from shop.coops.service import set_state
from shop.core.db import Database
from shop.core.deps import Person
from shop.demo.people import PASSWORD, Invented
from shop.settings import Settings

COLLEAGUES = (
    Invented("+84900000007", "Hồ Thị Tính", Role.ACCOUNTANT),
    Invented("+84900000008", "Đặng Văn Gói", Role.PACKER),
)
OFFICER, DIRECTOR = "+84900000004", "+84900000002"
COMING = (
    ("HTX Rau Hàm Chính", "9900000104", "Võ Thị Rau", "+84900000091", "Thôn 2"),
    ("HTX Bưởi Ma Lâm", "9900000111", "Trương Văn Bưởi", "+84900000092", "Thôn 5"),
)


def make_staff(db: Database, settings: Settings, now: datetime) -> None:
    """Colleagues of the demo's director, one application that waits, one shop that its director can set up now."""
    if not settings.demo:
        return
    with db.read() as session:
        missing = [one for one in COLLEAGUES if accounts.find_by_phone(session, one.phone) is None]
    hashed = passwords.hashed(PASSWORD) if missing else ""
    with db.write() as session:
        selling = select(Coop).where(col(Coop.is_demo), Coop.state == CoopState.SELLING)
        first = session.exec(selling.order_by(col(Coop.id))).first()
        if first is None:
            return
        for one in missing:
            _hire(session, one, hashed, first.id, now)
        _let_account_wait(session, first.id, now)
        _let_shops_come(session, settings, now)


def _hire(session: Session, one: Invented, hashed: str, coop_id: int, now: datetime) -> None:
    row = accounts.register(session, name=one.name, phone=one.phone, password_hash=hashed, now=now)
    accounts.prove_phone(session, row.id, one.phone, "demo", now)
    session.add(RoleGrant(person_id=row.id, role=str(one.role), coop_id=coop_id, granted_at=now))
    session.flush()


def _let_account_wait(session: Session, coop_id: int, now: datetime) -> None:
    """The accountant has typed another account in; the director has not looked yet."""
    by = _person(session, COLLEAGUES[0].phone)
    seller = f"coop:{coop_id}"
    if any(it.proposed_by == by.id for it in payout_accounts.history(session, seller)):
        return
    told = Details("bank", "HTX MINH HOA", "0900 0000 0007", "970405")
    payout_accounts.propose(session, seller, told, by, now - timedelta(hours=2))


def _let_shops_come(session: Session, settings: Settings, now: datetime) -> None:
    officer, known = _person(session, OFFICER), set(session.exec(select(Coop.tax_code)))
    for name, tax_code, representative, phone, line in COMING:
        if tax_code in known:
            continue
        told = ApplicationForm(
            name=name, legal_name=name.replace("HTX", "Hợp tác xã"), tax_code=tax_code, representative=representative,
            phone=phone, founded_on=2019, member_count=23, line=line, ward_code="23059",
        )  # fmt: skip
        coop = apply(session, told, officer, now - timedelta(days=1))
        coop.is_demo = True
        if name == COMING[-1][0]:
            set_state(session, coop.id, CoopState.VERIFIED, officer, now)
            people.invite(session, coop.id, Role.MANAGER, phone, representative, officer, settings.secret_key, now)


def _person(session: Session, phone: str) -> Person:
    row = accounts.find_by_phone(session, phone)
    if row is None:
        raise LookupError(phone)
    return accounts.as_person(session, row)
