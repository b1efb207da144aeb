"""A buyer is given money back for a parcel: for some goods or a sum, never more than it brought, a large sum by two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

import pytest
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from payments import ledger
from payments import service as payments
from payments.earnings.service import balances
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt, PaymentDue, Refund
from payments.receive import take_fact
from payments.verify import check
from shop.accounts.models import Role
from shop.catalog.models import Variant
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import access, giving_back, states
from shop.orders import service as orders
from shop.orders.giving_back import AnotherMustAgree, NothingChosen, TooMuchBack, Wish
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel
from shop.orders.verify import broken_rules as order_rules
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of
from tests.overtaking import overtaken

LIMIT_VND = 5_000_000


@pytest.fixture
def coop(db: Database) -> Coop:
    coop = make_coop(db)
    make_table(db, coop)
    return coop


@pytest.fixture
def box(db: Database, coop: Coop) -> Variant:
    """At 200.000 đ."""
    return variant_of(db, make_product(db, coop, on_hand=50))


@pytest.fixture
def manager(db: Database, coop: Coop) -> Person:
    return make_person(db, Role.MANAGER, coop_id=coop.id)


@pytest.fixture(autouse=True)
def every_rule_holds_at_the_end(db: Database) -> Iterator[None]:
    yield
    with db.read() as session:
        assert check(session) == []
        assert stock.broken_rules(session) == []
        assert order_rules(session) == []


def paid(db: Database, wanted: dict[int, int], settings: Settings, now: datetime) -> list[Parcel]:
    """An order paid by MoMo; its parcels."""
    placed = make_order(db, wanted, settings, now, pay="momo")
    subject = f"order:{placed.id}"
    with db.write() as session:
        due = session.exec(select(PaymentDue).where(PaymentDue.subject == subject)).one()
        reference = session.exec(select(PaymentAttempt.reference).where(PaymentAttempt.due_id == due.id)).one()
        came = Fact("momo", f"m{placed.id}", FactKind.CAPTURED, due.amount_vnd, now, "ipn", "1120:momo", "", reference)
        take_fact(session, came, now)
        orders.mark_paid(session, placed.id, now)
    with db.read() as session:
        return list(session.exec(select(Parcel).where(Parcel.order_id == placed.id).order_by(col(Parcel.id))))


def wish(db: Database, parcel: Parcel, steps: int = 0, amount_vnd: int | None = None, *, fit: bool = False) -> Wish:
    with db.read() as session:
        line_id = session.exec(select(OrderLine.id).where(OrderLine.parcel_id == parcel.id)).first()
    return Wish({line_id: steps} if steps else {}, amount_vnd, "Dập một thùng", fit)  # type: ignore[dict-item]  # it has one


def give(db: Database, parcel: Parcel, what: Wish, person: Person, now: datetime) -> MoneyBack:
    with db.write() as session:
        money = giving_back.parcel_money(session, parcel.id)
        return giving_back.give_back(session, money, what, person, now, LIMIT_VND)


def left(db: Database, box: Variant) -> int:
    with db.read() as session:
        return stock.available(session, [box.id])[box.id]


def deliver(db: Database, parcel: Parcel, person: Person, now: datetime) -> None:
    with db.write() as session:
        states.pack(session, parcel.coop_id, parcel.id, person, now)
        states.hand_over(session, parcel.coop_id, parcel.id, person, now, carrier_key="own")
        states.deliver(session, parcel.coop_id, parcel.id, person, now)


@pytest.mark.parametrize(("fit", "on_shelf"), [(True, 49), (False, 48)])
def test_one_box_of_two_goes_back_the_way_it_came_and_on_the_shelf_only_when_fit(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime, fit: bool, on_shelf: int
) -> None:
    (parcel,) = paid(db, {box.id: 2}, settings, now)
    given = give(db, parcel, wish(db, parcel, 1, fit=fit), manager, now)
    with db.read() as session:
        (refund,) = session.exec(select(Refund)).all()
    assert (given.state, refund.way, refund.amount_vnd) == ("given", "momo", 200_000)
    assert left(db, box) == on_shelf


def test_a_part_given_back_before_delivery_is_not_earned(
    db: Database, settings: Settings, box: Variant, coop: Coop, manager: Person, now: datetime
) -> None:
    other = make_coop(db, name="HTX Khác")
    make_table(db, other)
    rice = variant_of(db, make_product(db, other, on_hand=50))
    parcels = paid(db, {box.id: 2, rice.id: 1}, settings, now)
    mine = next(parcel for parcel in parcels if parcel.coop_id == coop.id)
    theirs = next(parcel for parcel in parcels if parcel.coop_id == other.id)
    give(db, mine, wish(db, mine, amount_vnd=50_000), manager, now)
    for parcel in (mine, theirs):
        deliver(db, parcel, manager, now)
    with db.read() as session:
        for parcel, gross_vnd in ((mine, mine.total_vnd - 50_000), (theirs, theirs.total_vnd)):
            seller = f"coop:{parcel.coop_id}"
            commission_vnd = -ledger.balance_vnd(session, f"4110:{seller}")
            assert balances(session, seller).pending_vnd + commission_vnd == gross_vnd


def test_after_delivery_the_coop_gives_it_back_of_what_it_earned(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime
) -> None:
    (parcel,) = paid(db, {box.id: 2}, settings, now)
    deliver(db, parcel, manager, now)
    give(db, parcel, wish(db, parcel, amount_vnd=parcel.total_vnd), manager, now)
    with db.read() as session:
        assert balances(session, f"coop:{parcel.coop_id}").pending_vnd == 0
    with pytest.raises(TooMuchBack):
        give(db, parcel, wish(db, parcel, amount_vnd=1), manager, now)


def test_cash_goes_back_by_transfer_and_only_once_it_is_there(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime
) -> None:
    placed = make_order(db, {box.id: 2}, settings, now, pay="cod")
    with db.read() as session:
        parcel = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()
    with pytest.raises(TooMuchBack):
        give(db, parcel, wish(db, parcel, 1), manager, now)
    deliver(db, parcel, manager, now)
    give(db, parcel, wish(db, parcel, 1), manager, now)
    with db.read() as session:
        assert [(one.way, one.amount_vnd) for one in session.exec(select(Refund))] == [("transfer", 200_000)]


def test_what_was_given_back_is_not_given_back_again_when_the_parcel_is_cancelled(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime
) -> None:
    (parcel,) = paid(db, {box.id: 2}, settings, now)
    give(db, parcel, wish(db, parcel, 1, fit=True), manager, now)
    with db.write() as session:
        states.cancel(session, parcel.coop_id, parcel.id, manager, now)
    with db.read() as session:
        assert payments.refundable_vnd(session, f"order:{parcel.order_id}") == 0
    assert left(db, box) == 50


@pytest.mark.parametrize(("steps", "amount_vnd", "error"), [(3, None, NothingChosen), (0, None, NothingChosen)])
def test_more_than_was_bought_or_nothing_is_refused(
    db: Database,
    settings: Settings,
    box: Variant,
    manager: Person,
    now: datetime,
    steps: int,
    amount_vnd: int | None,
    error: type[Exception],
) -> None:
    (parcel,) = paid(db, {box.id: 2}, settings, now)
    with pytest.raises(error):
        give(db, parcel, wish(db, parcel, steps, amount_vnd), manager, now)
    with pytest.raises(TooMuchBack):
        give(db, parcel, wish(db, parcel, amount_vnd=parcel.total_vnd + 1), manager, now)


def test_a_box_is_given_back_once(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime
) -> None:
    (parcel,) = paid(db, {box.id: 2}, settings, now)
    give(db, parcel, wish(db, parcel, 2, amount_vnd=10_000, fit=True), manager, now)
    with pytest.raises(NothingChosen):
        give(db, parcel, wish(db, parcel, 1, fit=True), manager, now)
    assert left(db, box) == 50


def test_a_large_sum_takes_two_people(
    db: Database, settings: Settings, box: Variant, manager: Person, now: datetime
) -> None:
    (parcel,) = paid(db, {box.id: 30}, settings, now)
    proposal = give(db, parcel, wish(db, parcel, 30), manager, now)
    assert proposal.state == "proposed"
    with db.read() as session:
        assert session.exec(select(Refund)).all() == []
    with pytest.raises(AnotherMustAgree), db.write() as session:
        giving_back.agree(session, proposal.id, manager, now)
    operator = make_person(db, Role.OPERATOR, phone="+84900000005")
    with db.write() as session:
        giving_back.agree(session, proposal.id, operator, now)
    with pytest.raises(states.MovedOn), db.write() as session:
        giving_back.agree(session, proposal.id, operator, now)
    with db.read() as session:
        assert [one.amount_vnd for one in session.exec(select(Refund))] == [6_000_000]


class TestPages:
    def test_the_coop_gives_back_a_box_and_the_buyer_reads_of_it(
        self,
        db: Database,
        settings: Settings,
        client: TestClient,
        new_client: Callable[[], TestClient],
        box: Variant,
        manager: Person,
        now: datetime,
    ) -> None:
        (parcel,) = paid(db, {box.id: 2}, settings, now)
        desk = sign_in(client, db, manager)
        assert f"/ban-hang/tra-lai/{parcel.id}" in desk.get(f"/ban-hang/don/{parcel.id}").text
        page = desk.get(f"/ban-hang/tra-lai/{parcel.id}").text
        assert "2 × = 400.000" in page
        with db.read() as session:
            line = session.exec(select(OrderLine)).one()
            order = session.get_one(Order, parcel.order_id)
        told = {"lines": f"{line.id}:1", "reason": "Dập một thùng", "goods_fit": "true"}
        assert desk.post(f"/ban-hang/tra-lai/{parcel.id}", data={"lines": told["lines"]}).status_code == 422
        assert "Đã ghi trả lại tiền" in desk.post(f"/ban-hang/tra-lai/{parcel.id}", data=told).text
        buyer = new_client()
        theirs = buyer.get(access.secret_link(settings.secret_key, order.code)).text
        assert "Đang trả lại" in theirs
        assert "200.000" in theirs
        assert "Ví MoMo" in theirs

    def test_the_same_form_sent_twice_gives_the_sum_back_once(
        self, db: Database, settings: Settings, client: TestClient, box: Variant, manager: Person, now: datetime
    ) -> None:
        (parcel,) = paid(db, {box.id: 2}, settings, now)
        desk = sign_in(client, db, manager)
        with db.read() as session:
            left_vnd = giving_back.parcel_money(session, parcel.id).left_vnd
        assert f'name="seen_left_vnd" value="{left_vnd}"' in desk.get(f"/ban-hang/tra-lai/{parcel.id}").text
        told = {"amount_vnd": "30.000", "reason": "Dập vài quả", "seen_left_vnd": str(left_vnd)}
        answers = [desk.post(f"/ban-hang/tra-lai/{parcel.id}", data=told).status_code for _ in range(2)]
        assert answers == [200, 409]
        with db.read() as session:
            assert [refund.amount_vnd for refund in session.exec(select(Refund))] == [30_000]

    def test_the_operator_finds_the_order_and_another_agrees_to_a_large_sum(
        self,
        db: Database,
        settings: Settings,
        client: TestClient,
        new_client: Callable[[], TestClient],
        box: Variant,
        now: datetime,
    ) -> None:
        (parcel,) = paid(db, {box.id: 30}, settings, now)
        with db.read() as session:
            code = session.get_one(Order, parcel.order_id).code
        first = sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))
        second = sign_in(new_client(), db, make_person(db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))
        assert "Không có đơn nào" in first.get("/quan-tri/tra-lai?ma=SAI").text
        assert f"/quan-tri/tra-lai/{parcel.id}" in first.get(f"/quan-tri/tra-lai?ma={code.lower()}").text
        told = {"amount_vnd": "5.500.000", "reason": "Hư gần hết"}
        assert "Cần một người khác" in first.post(f"/quan-tri/tra-lai/{parcel.id}", data=told).text
        assert first.post("/quan-tri/tra-lai/de-nghi/1/dong-y").status_code == 409
        with db.read() as session:
            assert giving_back.count_proposals(session) == 1
        assert "Đồng ý trả lại" in second.get("/quan-tri/hoan-tien").text
        assert second.post("/quan-tri/tra-lai/de-nghi/1/dong-y").status_code == 200
        page = first.get("/quan-tri/hoan-tien").text
        assert "Đang tự trả lại" in page
        assert "5.500.000" in page
        assert "Chuyển khoản thay" in first.get("/quan-tri/hoan-tien").text
        assert first.post("/quan-tri/hoan-tien/1/chuyen-khoan-thay").status_code == 200
        assert "Mã giao dịch chuyển trả" in first.get("/quan-tri/hoan-tien").text
        assert first.post("/quan-tri/hoan-tien/1/thu-lai").status_code == 200
        assert first.post("/quan-tri/hoan-tien/1", data={"reference": "FT1"}).status_code == 409


@pytest.fixture
def two_parcels(db: Database, settings: Settings, box: Variant, coop: Coop, now: datetime) -> Parcel:
    """One order of two co-ops; the parcel of `coop`."""
    other = make_coop(db, name="HTX Khác")
    make_table(db, other)
    rice = variant_of(db, make_product(db, other, on_hand=50))
    return next(it for it in paid(db, {box.id: 2, rice.id: 3}, settings, now) if it.coop_id == coop.id)


def test_a_parcel_that_is_cancelled_at_the_same_moment_gives_its_money_back_once(
    db: Database, two_parcels: Parcel, manager: Person, now: datetime
) -> None:
    whole = wish(db, two_parcels, amount_vnd=two_parcels.total_vnd)

    def too() -> str:
        try:
            return give(db, two_parcels, whole, manager, now).state
        except TooMuchBack:
            return "too late"

    first = partial(states.cancel, coop_id=two_parcels.coop_id, parcel_id=two_parcels.id, person=manager, now=now)
    assert overtaken(db, first, too) == "too late"
    with db.read() as session:
        assert sum(session.exec(select(Refund.amount_vnd))) == two_parcels.total_vnd


def test_two_proposals_agreed_at_the_same_moment_are_together_no_more_than_the_parcel(
    db: Database, two_parcels: Parcel, manager: Person, now: datetime
) -> None:
    most = wish(db, two_parcels, amount_vnd=two_parcels.total_vnd - 10_000)
    second = make_person(db, Role.OPERATOR, phone="+84900000077")
    rows = []
    for _ in range(2):
        with db.write() as session:
            money = giving_back.parcel_money(session, two_parcels.id)
            rows.append(giving_back.give_back(session, money, most, manager, now, 0))

    def agree(session: Session, row: MoneyBack) -> None:
        giving_back.agree(session, row.id, second, now)

    def too() -> str:
        try:
            with db.write() as session:
                agree(session, rows[1])
        except TooMuchBack:
            return "too late"
        return "given"

    assert overtaken(db, lambda session: agree(session, rows[0]), too) == "too late"
