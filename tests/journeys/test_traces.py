"""Whoever changes a price, a stock, a role or a state leaves a row: who, on whose behalf, what, from, to.

Each test walks through the doors of one kind of person. Around every press the watched columns of the whole market
are compared; what changed must stand in the audit with the same words, the same numbers and the right person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from livestream.models import LiveItem, LiveReport, LiveSession
from shop.accounts import service as accounts
from shop.accounts.models import Role, RoleGrant
from shop.catalog.models import Product, Variant
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop
from shop.core.audit import AuditEntry, broken_links
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import access
from shop.orders.models import Order, Parcel
from shop.orders.placing import Placed
from shop.settings import Settings
from shop.stock.models import Pool
from tests.factories import make_certificate, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import claim, make_ready, make_session
from tests.factories_live import make_cart as empty_cart
from tests.factories_orders import answered, make_order, make_table, place, variant_of

Facts = dict[tuple[str, str], Any]


def watched(session: Session) -> Facts:
    """(what, subject) -> value of all that may not change unseen, named as the audit names it."""
    facts: Facts = {}
    for variant in session.exec(select(Variant)):
        facts["price_vnd", f"variant:{variant.id}"] = variant.price_vnd
        facts["on_sale", f"variant:{variant.id}"] = variant.on_sale
    for pool in session.exec(select(Pool)):
        shelf = f"{pool.owner}:" if pool.owner else ""
        facts["on_hand", f"{shelf}variant:{pool.variant_id}"] = pool.on_hand
    for item in session.exec(select(LiveItem)):
        facts["live_price_vnd", f"live:{item.session_id}:{item.code}"] = item.live_price_vnd
        facts["wanted", f"live:{item.session_id}:{item.code}"] = item.wanted
    for grant in session.exec(select(RoleGrant).where(col(RoleGrant.revoked_at).is_(None))):
        facts["role", f"person:{grant.person_id}"] = f"{grant.role}@coop:{grant.coop_id}"
    for report in session.exec(select(LiveReport)):
        facts["report", f"report:{report.id}"] = "seen" if report.seen_at else "open"
    for coop in session.exec(select(Coop)):
        facts["state", f"coop:{coop.id}"] = f"{coop.state}: {coop.state_reason}" if coop.state_reason else coop.state
    return facts | states(session)


def states(session: Session) -> Facts:
    """The states of everything that has one."""
    rows: tuple[tuple[str, str, type[Any]], ...] = (
        ("state", "product", Product),
        ("state", "certificate", Certificate),
        ("state", "live", LiveSession),
        ("order state", "order", Order),
        ("parcel state", "parcel", Parcel),
    )
    return {(what, f"{kind}:{row.id}"): row.state for what, kind, model in rows for row in session.exec(select(model))}


@dataclass
class Market:
    """A co-op that sells one box and can deliver it, and whoever presses a button."""

    db: Database
    settings: Settings
    new_client: Callable[[], TestClient]
    coop: Coop
    box: Variant

    def browser(self, person: Person | None = None) -> TestClient:
        return sign_in(self.new_client(), self.db, person) if person else self.new_client()

    def order(self, **how: Any) -> Placed:
        return make_order(self.db, {self.box.id: 2}, self.settings, datetime.now(UTC), **how)

    def parcel_id(self, order: Placed) -> int:
        with self.db.read() as session:
            return session.exec(select(Parcel.id).where(Parcel.order_id == order.id)).one()

    def seen(self) -> tuple[Facts, int]:
        with self.db.read() as session:
            return watched(session), len(session.exec(select(AuditEntry.id)).all())

    @contextmanager
    def traced(self, person: Person | None, *, for_coop: bool) -> Iterator[None]:
        """What changes in this block was changed by this person, and the audit says so once for each thing."""
        before, there = self.seen()
        yield
        after, _all = self.seen()
        nothing = {key: 0 for key in before | after if key[0] == "on_hand"}
        old, new = nothing | before, nothing | after
        changes = [(*key, old.get(key), new.get(key)) for key in old | new if old.get(key) != new.get(key)]
        assert changes, "a press that changes nothing proves nothing"
        who = (person.id if person else None, person.name if person else "buyer")
        behalf = f"coop:{self.coop.id}" if for_coop else ""
        with self.db.read() as session:
            rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)).offset(there)).all()
            assert list(broken_links(session)) == []
        told = Counter(whole_steps(rows))
        assert {change: told[change] for change in changes} == dict.fromkeys(changes, 1)
        by_people = [row for row in rows if row.person_name != "system"]  # which only follows what a person began
        assert {(row.person_id, row.person_name, row.on_behalf_of) for row in by_people} == {(*who, behalf)}


def whole_steps(rows: Iterable[AuditEntry]) -> list[tuple[str, str, Any, Any]]:
    """What the audit says, with steps that follow from one another told as one: on air, stopped, hidden."""
    told: list[tuple[str, str, Any, Any]] = []
    for row in rows:
        before = next((one for one in told if one[:2] == (row.what, row.subject) and one[3] == row.before), None)
        if before:
            told.remove(before)
        told.append((row.what, row.subject, before[2] if before else row.before, row.after))
    return told


@pytest.fixture
def market(db: Database, settings: Settings, new_client: Callable[[], TestClient]) -> Market:
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop, on_hand=40))
    return Market(db, settings, new_client, coop, box)


def test_what_a_manager_changes(market: Market) -> None:
    person = make_person(market.db, Role.MANAGER, coop_id=market.coop.id)
    desk = market.browser(person)

    def press(path: str, **form: str) -> None:
        with market.traced(person, for_coop=True):
            assert desk.post(f"/ban-hang/{path}", data=form).status_code == 200, path

    press(f"hang/{market.box.id}", price_vnd="185.000", on_hand="33")
    refused, delivered, impossible = (market.parcel_id(market.order()) for _ in range(3))
    for parcel in (refused, delivered):
        press(f"don/{parcel}/xac-nhan")
        press(f"don/{parcel}/dong-goi")
        press(f"giao/{parcel}", carrier_key="own")
        press(f"don/{parcel}/su-co", note="Xe hỏng")
    press(f"don/{delivered}/da-giao")
    press(f"don/{refused}/khach-khong-nhan", goods_fit="true")
    press(f"don/{impossible}/huy", note="Mưa lớn")


def test_what_a_host_changes(market: Market) -> None:
    person = make_person(market.db, Role.HOST, coop_id=market.coop.id)
    studio = market.browser(person)

    def press(path: str, **form: str) -> str:
        with market.traced(person, for_coop=True):
            answer = studio.post(f"/ban-hang/live/{path}", data=form)
            assert answer.status_code == 200, path
        return answer.url.path.rpartition("/")[2]

    item = {"variant_id": str(market.box.id), "live_price_vnd": "150000", "wanted": "10", "most_per_buyer": "5"}
    for over, hour in (("huy", 17), ("ket-thuc", 20)):
        live_id = press("moi", title="Hái sáng nay", starts_at=f"2030-11-22T{hour}:30")
        press(f"{live_id}/mon", **item)
        with market.db.read() as session:
            first = session.exec(select(LiveItem.id).where(LiveItem.session_id == int(live_id))).one()
        press(f"{live_id}/gia/{first}", live_price_vnd="140000")
        press(f"{live_id}/mon/{first}/bo")
        press(f"{live_id}/mon", **item)
        if over == "ket-thuc":
            with market.db.write() as session:
                make_ready(session, int(live_id), person, datetime.now(UTC))
            press(f"{live_id}/bat-dau")
        press(f"{live_id}/{over}")


@pytest.mark.parametrize("who", ["guest", "shopper", "manager who buys"])
def test_what_a_buyer_calls_off(market: Market, who: str) -> None:
    roles = (Role.MANAGER,) if who == "manager who buys" else ()
    person = None if who == "guest" else make_person(market.db, *roles, coop_id=market.coop.id)
    browser = market.browser(person)
    for order in (market.order(), market.order(pay="vietqr"), live_order(market)):
        link = access.secret_link(market.settings.secret_key, order.code)
        assert browser.get(link).status_code == 200
        with market.traced(person, for_coop=False):
            assert browser.post(f"/don-hang/{order.code}/huy").status_code == 200


def live_order(market: Market) -> Placed:
    """An order from a session that is over by now: its goods go home to ordinary sale."""
    now = datetime.now(UTC)
    on_air, _items, host = make_session(market.db, now, coop=market.coop)
    cart_id = empty_cart(market.db, now)
    claim(market.db, on_air.slug, cart_id, 2, now)
    market.browser(host).post(f"/ban-hang/live/{on_air.id}/ket-thuc")
    return place(market.db, answered(market.db, cart_id, market.settings, now, visitor="binh"), market.settings, now)


def test_what_officers_and_the_operator_change(market: Market) -> None:
    db, now = market.db, datetime.now(UTC)
    officer = make_person(db, Role.OFFICER, phone="+84900000004", name="Cô Hạnh")
    operator = make_person(db, Role.OPERATOR, phone="+84900000005", name="Anh Tư")
    paper = make_certificate(db, market.coop, state=CertificateState.SUBMITTED)
    on_air, _items, host = make_session(db, now, coop=market.coop)
    market.browser().post(f"/live/{on_air.slug}/bao-vi-pham", data={"reason": "fake"})
    office, house = market.browser(officer), market.browser(operator)
    with market.traced(officer, for_coop=True):
        office.post(f"/lien-minh/giay-to/{paper.id}", data={"state": "verified"})
    with market.traced(officer, for_coop=True):
        office.post(f"/lien-minh/htx/{market.coop.id}", data={"state": "suspended", "reason": "Bán hàng giả"})
    with market.traced(operator, for_coop=False):
        house.post("/quan-tri/live/bao/1")
    with market.traced(operator, for_coop=True):
        house.post(f"/quan-tri/live/{on_air.id}/dung", data={"reason": "Hàng không rõ nguồn gốc"})
    for change in (accounts.revoke, accounts.grant):
        with market.traced(operator, for_coop=True), db.write() as session:
            change(session, operator, host.id, Role.HOST, market.coop.id, now + timedelta(minutes=1))
