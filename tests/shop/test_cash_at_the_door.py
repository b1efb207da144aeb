"""Whether cash on delivery is offered: the sum, earlier refusals of the phone, and a person who lifts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments import unmatched
from payments.earnings.service import balances, earnings_of
from payments.models import PaymentAttempt
from payments.service import state_of
from payments.verify import check as payments_rules
from shop.accounts.models import Role
from shop.cart.routes import COOKIE as CART
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.i18n import local
from shop.demo.orders import transfer
from shop.orders import cash, desk, states
from shop.orders.access import secret_link
from shop.orders.cash import CodNotOffered, NothingToLift
from shop.orders.models import Order, Parcel
from shop.orders.paying import switch
from shop.orders.placing import Placed
from shop.orders.service import CannotSwitch
from shop.orders.verify import broken_rules
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import ANSWERS, answered, make_cart, make_order, make_table, variant_of
from tests.payments.factories import arrive, make_line

NOW = datetime.now(UTC)
PHONE = ANSWERS["phone"]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def person(db: Database) -> Person:
    return make_person(db, Role.OPERATOR)


@pytest.fixture
def coop(db: Database) -> Coop:
    coop = make_coop(db)
    make_table(db, coop)
    return coop


@pytest.fixture
def box(db: Database, coop: Coop) -> int:
    return variant_of(db, make_product(db, coop)).id


def refused(
    db: Database, settings: Settings, coop: Coop, box: int, at: datetime, person: Person, pay: str = "cod"
) -> None:
    """An order that goes out with the co-op's own van and comes back."""
    placed = make_order(db, {box: 1}, settings, at, pay=pay)
    with db.write() as session:
        if pay != "cod":
            transfer(session, session.get_one(Order, placed.id), settings, at)
        parcel = session.exec(select(Parcel.id).where(Parcel.order_id == placed.id)).one()
        states.pack(session, coop.id, parcel, person, at)
        states.hand_over(session, coop.id, parcel, person, at, carrier_key="own")
        states.refuse(session, coop.id, parcel, person, at, goods_fit=True)


class TestAfterThreeRefusedParcels:
    @pytest.fixture(autouse=True)
    def three(self, db: Database, settings: Settings, coop: Coop, box: int, person: Person) -> None:
        for days in (50, 20, 1):
            refused(db, settings, coop, box, NOW - days * DAY, person)

    def test_only_prepayment_is_offered_until_a_date_that_is_said(
        self, db: Database, settings: Settings, box: int
    ) -> None:
        with pytest.raises(CodNotOffered) as refusal:
            make_order(db, {box: 1}, settings, NOW)
        assert refusal.value.facts["until"] == local(NOW + 10 * DAY).date().isoformat()
        assert make_order(db, {box: 1}, settings, NOW, pay="vietqr").total_vnd

    def test_cash_is_offered_again_when_sixty_days_have_passed(
        self, db: Database, settings: Settings, box: int
    ) -> None:
        assert make_order(db, {box: 1}, settings, NOW + 11 * DAY).total_vnd

    def test_a_person_may_lift_it_and_that_is_written_down(
        self, db: Database, settings: Settings, box: int, person: Person
    ) -> None:
        with db.write() as session:
            assert [one.refused for one in cash.blocked(session, NOW)] == [3]
            cash.lift(session, PHONE, person, NOW)
        assert make_order(db, {box: 1}, settings, NOW).total_vnd
        with db.read() as session:
            assert cash.blocked(session, NOW) == []
            told = session.exec(select(AuditEntry).where(col(AuditEntry.what) == "cash on delivery")).one()
            assert (told.person_id, told.subject) == (person.id, f"phone:{PHONE}")
        with pytest.raises(NothingToLift), db.write() as session:
            cash.lift(session, PHONE, person, NOW)

    def test_another_phone_is_not_meant(self, db: Database, settings: Settings, box: int) -> None:
        assert make_order(db, {box: 1}, settings, NOW, phone="+84987654321").total_vnd

    def test_a_program_reads_why_and_until_when(self, client: TestClient, db: Database, box: int) -> None:
        order = {
            "cart_id": make_cart(db, {box: 1}, datetime.now(UTC)),
            "contact": {"name": "An", "phone": "0912345678"},
            "address": {"province_code": "68", "ward_code": "23095", "line": "12 Trần Phú"},
            "payment_method": "cod",
        }
        answer = client.post("/api/v1/orders", json=order, headers={"Idempotency-Key": "k" * 20})
        assert answer.status_code == 409
        told = answer.json()
        assert (told["type"], told["why"]) == ("/problems/cod-not-offered", "refused")
        assert "ba lần không nhận hàng" in told["detail"]
        assert datetime.fromisoformat(told["until"])

    def test_the_rules_of_verify_hold(self, db: Database) -> None:
        with db.read() as session:
            assert broken_rules(session) == []


def test_two_refusals_and_prepaid_ones_do_not_count(
    db: Database, settings: Settings, coop: Coop, box: int, person: Person
) -> None:
    refused(db, settings, coop, box, NOW - DAY, person)
    refused(db, settings, coop, box, NOW - DAY, person)
    refused(db, settings, coop, box, NOW - DAY, person, pay="vietqr")
    assert make_order(db, {box: 1}, settings, NOW).total_vnd


def test_a_sum_above_the_ceiling_is_paid_first(db: Database, settings: Settings, box: int) -> None:
    settings.cod_most_vnd = 100_000
    with pytest.raises(CodNotOffered) as refusal:
        make_order(db, {box: 1}, settings, NOW)
    assert (refusal.value.facts["why"], refusal.value.facts["most_vnd"]) == ("sum", 100_000)


def test_a_new_phone_has_a_lower_ceiling_until_it_received_an_order(
    db: Database, settings: Settings, coop: Coop, box: int, person: Person
) -> None:
    settings.cod_most_new_phone_vnd = 400_000
    placed = make_order(db, {box: 1}, settings, NOW)
    with pytest.raises(CodNotOffered) as refusal:
        make_order(db, {box: 2}, settings, NOW)
    assert refusal.value.facts["why"] == "new_phone"
    with db.write() as session:
        parcel = session.exec(select(Parcel.id).where(Parcel.order_id == placed.id)).one()
        states.pack(session, coop.id, parcel, person, NOW)
        states.hand_over(session, coop.id, parcel, person, NOW, carrier_key="own")
        states.deliver(session, coop.id, parcel, person, NOW)
    assert make_order(db, {box: 2}, settings, NOW).total_vnd > 400_000


class TestAnOrderThatWaitsForATransfer:
    @pytest.fixture
    def waiting(self, db: Database, settings: Settings, box: int) -> Placed:
        return make_order(db, {box: 2}, settings, NOW, pay="vietqr")

    def switched(self, db: Database, settings: Settings, waiting: Placed) -> None:
        with db.write() as session:
            switch(session, session.get_one(Order, waiting.id), "cod", settings, NOW)

    def test_may_be_paid_at_the_door_instead(
        self, client: TestClient, db: Database, settings: Settings, waiting: Placed
    ) -> None:
        link = secret_link(settings.secret_key, waiting.code)
        assert "Tiền mặt khi nhận hàng" in client.get(link).text
        page = client.post(f"/don-hang/{waiting.code}/cach-tra", data={"payment_method": "cod"})
        assert "Bạn trả tiền mặt khi nhận hàng" in page.text
        with db.read() as session:
            order = session.get_one(Order, waiting.id)
            assert (order.state, order.payment_method, order.pay_by) == ("placed", "cod", None)
            assert session.exec(select(Parcel.state)).all() == ["new"]
            assert broken_rules(session) == payments_rules(session) == []

    def test_a_transfer_that_comes_after_all_waits_for_a_person(
        self, db: Database, settings: Settings, waiting: Placed, coop: Coop, person: Person
    ) -> None:
        with db.read() as session:
            content = session.exec(select(PaymentAttempt.reference)).one()
        self.switched(db, settings, waiting)
        arrive(db, make_line(content, waiting.total_vnd))
        with db.write() as session:
            (row,) = unmatched.waiting(session)
            assert (row.money.reason, row.money.amount_vnd) == ("cash", waiting.total_vnd)
            parcel = session.exec(select(Parcel.id)).one()
            states.pack(session, coop.id, parcel, person, NOW)
            states.hand_over(session, coop.id, parcel, person, NOW, carrier_key="own")
            states.refuse(session, coop.id, parcel, person, NOW, goods_fit=True)
            assert broken_rules(session) == payments_rules(session) == []

    @pytest.mark.parametrize("rest_vnd", [0, 30_000])
    def test_and_its_transfer_is_matched_so_only_the_rest_is_asked_in_cash(
        self, db: Database, settings: Settings, waiting: Placed, coop: Coop, person: Person, rest_vnd: int
    ) -> None:
        with db.read() as session:
            content = session.exec(select(PaymentAttempt.reference)).one()
        self.switched(db, settings, waiting)
        arrive(db, make_line(content, waiting.total_vnd - rest_vnd))
        with db.write() as session:
            (row,) = unmatched.waiting(session)
            assert unmatched.match(session, row.money.id, waiting.code, person, NOW, 10**9) == "matched"
            parcel = session.exec(select(Parcel.id)).one()
            states.pack(session, coop.id, parcel, person, NOW)
            assert desk.parcel(session, coop.id, parcel).cash_vnd == rest_vnd
            states.hand_over(session, coop.id, parcel, person, NOW, carrier_key="own")
            states.deliver(session, coop.id, parcel, person, NOW)
            money = state_of(session, f"order:{waiting.id}")
            assert (money.received_vnd, money.surplus_vnd) == (waiting.total_vnd, 0)
            assert balances(session, f"coop:{coop.id}").cash_vnd == rest_vnd
            assert broken_rules(session) == payments_rules(session) == []

    def test_is_not_switched_when_cash_is_not_offered_or_a_part_came(
        self, db: Database, settings: Settings, waiting: Placed
    ) -> None:
        settings.cod_most_vnd = 10_000
        with pytest.raises(CodNotOffered):
            self.switched(db, settings, waiting)
        settings.cod_most_vnd = 5_000_000
        with db.write() as session:
            transfer(session, session.get_one(Order, waiting.id), settings, NOW, 1_000)
        with pytest.raises(CannotSwitch):
            self.switched(db, settings, waiting)


def test_a_co_op_that_collected_less_says_so_and_earns_less(
    client: TestClient, db: Database, settings: Settings, coop: Coop, box: int, person: Person
) -> None:
    placed = make_order(db, {box: 1}, settings, NOW)
    with db.write() as session:
        parcel = session.exec(select(Parcel.id)).one()
        states.pack(session, coop.id, parcel, person, NOW)
        states.hand_over(session, coop.id, parcel, person, NOW, carrier_key="own")
    manager = make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000077")
    sign_in(client, db, manager)
    form = {"collected_vnd": str(placed.total_vnd + 1)}
    assert client.post(f"/ban-hang/don/{parcel}/da-giao", data=form).status_code == 409
    form = {"collected_vnd": str(placed.total_vnd - 5_000)}
    assert client.post(f"/ban-hang/don/{parcel}/da-giao", data=form).status_code == 200
    with db.read() as session:
        assert state_of(session, f"order:{placed.id}").missing_vnd == 5_000
        assert earnings_of(session, f"coop:{coop.id}")[0].gross_vnd == placed.total_vnd - 5_000
        assert broken_rules(session) == payments_rules(session) == []


def test_a_manager_lifts_it_on_the_page_of_a_parcel(
    client: TestClient, db: Database, settings: Settings, coop: Coop, box: int, person: Person
) -> None:
    for _ in range(3):
        refused(db, settings, coop, box, NOW - DAY, person)
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000077"))
    assert "Cho trả tiền mặt lại" in client.get("/ban-hang/don/1").text
    page = client.post("/ban-hang/don/1/cho-tra-tien-mat")
    assert page.status_code == 200
    assert "Cho trả tiền mặt lại" not in page.text
    assert make_order(db, {box: 1}, settings, NOW).total_vnd


def test_the_checkout_says_why_cash_is_not_offered(
    client: TestClient, db: Database, settings: Settings, box: int
) -> None:
    settings.cod_most_new_phone_vnd = 1_000
    cart_id = make_cart(db, {box: 1}, NOW)
    answered(db, cart_id, settings, NOW, pay="vietqr")
    client.cookies.set(CART, cart_id)
    page = client.get("/thanh-toan/nhan-hang").text
    assert "Lần đầu mua ở chợ" in page
    assert 'value="cod"' not in page
    refusal = client.post("/thanh-toan/nhan-hang", data={"payment_method": "cod"})
    assert refusal.status_code == 422
