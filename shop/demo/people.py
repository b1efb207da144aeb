"""The demo's sign-ins: one person for each way to work with the market. Made once, never touched again."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from shop.accounts import passwords
from shop.accounts import service as accounts
from shop.accounts.models import Role, RoleGrant, SavedAddress
from shop.coops.models import Coop
from shop.core.db import Database
from shop.settings import Settings

PASSWORD = "chohtx-demo"  # noqa: S105  printed at the start and in the README
STAFFED_COOPS = 2


class Invented(NamedTuple):
    """Somebody who does not exist: phone, name, role (none for the shopper)."""

    phone: str
    name: str
    role: Role | None


PEOPLE = (
    Invented("+84900000001", "Trần Minh Khách", None),
    Invented("+84900000002", "Nguyễn Thị Nguyện", Role.MANAGER),
    Invented("+84900000003", "Lê Văn Phát", Role.HOST),
    Invented("+84900000004", "Phạm Thị Liên", Role.OFFICER),
    Invented("+84900000005", "Đỗ Quang Hành", Role.OPERATOR),
    Invented("+84900000006", "Vũ Thị Duyệt", Role.OPERATOR),
)
HAM_THUAN = ("68", "23059")


def make_people(db: Database, settings: Settings, now: datetime) -> None:
    """The six sign-ins of the README, all with the password `chohtx-demo`. Does nothing outside the demo.

    The manager and the host work for the first co-ops of the demo market, so that they can switch between them.
    """
    if not settings.demo:
        return
    with db.read() as session:
        missing = [one for one in PEOPLE if accounts.find_by_phone(session, one.phone) is None]
    hashes = {one.phone: passwords.hashed(PASSWORD) for one in missing}
    with db.write() as session:
        for one in missing:
            _make(session, one, hashes[one.phone], now)
        for one in PEOPLE:
            _give_role(session, one, now)


def _make(session: Session, one: Invented, password_hash: str, now: datetime) -> None:
    row = accounts.register(session, name=one.name, phone=one.phone, password_hash=password_hash, now=now)
    accounts.prove_phone(session, row.id, one.phone, "demo", now)
    if one.role is None:
        province_code, ward_code = HAM_THUAN
        session.add(
            SavedAddress(
                person_id=row.id,
                name=one.name,
                phone=one.phone,
                province_code=province_code,
                ward_code=ward_code,
                line="Thôn 2, gần chợ Ma Lâm",
            )
        )


def _give_role(session: Session, one: Invented, now: datetime) -> None:
    """No audit row: nobody gave these roles, the demo was born with them."""
    person = accounts.find_by_phone(session, one.phone)
    if person is None or one.role is None:
        return
    had = set(session.exec(select(RoleGrant.coop_id).where(RoleGrant.person_id == person.id)))
    bound = one.role in (Role.MANAGER, Role.HOST)
    for coop_id in _staffed(session) if bound else [None]:
        if coop_id not in had:
            session.add(RoleGrant(person_id=person.id, role=one.role, coop_id=coop_id, granted_at=now))


def _staffed(session: Session) -> list[int]:
    of_demo = select(Coop.id).where(col(Coop.is_demo).is_(True), Coop.state == "selling")
    return list(session.exec(of_demo.order_by(col(Coop.id)).limit(STAFFED_COOPS)))
