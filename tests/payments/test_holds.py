"""Money that a gateway only holds: taken when the first co-op packs, let go when the order is called off before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from payments import calls, ledger, verify
from payments.asking import ask_due
from payments.disputes.models import ReviewItem
from payments.gateway import HELD_FOR, CanCapture
from payments.holds import service as holds
from payments.holds.models import Hold
from payments.holds.settling import settle_due
from payments.models import UnmatchedMoney
from payments.paying import Payer, begin
from payments.service import refunds_of, state_of
from payments.state import PaymentState, State
from payments.till import till_from
from shop.catalog.models import Variant
from shop.core.audit import SYSTEM
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.events import deliver_due
from shop.main import HANDLERS
from shop.orders import preorders, states
from shop.orders import service as orders
from shop.orders.models import Order, Parcel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.rogue import Rogue, rogue

BOTH = pytest.mark.parametrize("name", sorted(HELD_FOR))


@dataclass
class Sale:
    """An order whose buyer has paid at a gateway that only holds the money."""

    name: str
    gateway: Rogue
    settings: Settings
    db: Database
    order_id: int
    now: datetime
    hand: Person

    @property
    def subject(self) -> str:
        return f"order:{self.order_id}"

    @property
    def desk(self) -> Any:
        return self.gateway.gateway.state.desk  # type: ignore[attr-defined]  # the simulator's memory

    def later(self, **by: int) -> None:
        self.now += timedelta(**by)

    def settle(self) -> None:
        """The worker's turn, some minutes later, with what follows from it."""
        self.later(minutes=2)
        settle_due(self.db, till_from(self.settings), self.now)
        self.events()

    def ask(self) -> None:
        self.later(minutes=2)
        ask_due(self.db, till_from(self.settings), self.now)
        self.events()

    def events(self) -> None:
        while deliver_due(self.db, HANDLERS, self.now):
            pass

    def money(self) -> PaymentState:
        with self.db.read() as session:
            assert broken_rules(session) == verify.check(session) == []
            return state_of(session, self.subject)

    def books(self) -> tuple[int, int]:
        """What the gateway owes us, posted and pending."""
        with self.db.read() as session:
            account = ledger.account("1120", self.name)
            return ledger.balance_vnd(session, account), ledger.balance_vnd(session, account, pending=True)

    def state(self) -> str:
        with self.db.read() as session:
            return session.get_one(Order, self.order_id).state

    def parcels(self) -> list[Parcel]:
        with self.db.read() as session:
            return list(session.exec(select(Parcel).where(Parcel.order_id == self.order_id).order_by(col(Parcel.id))))

    def do(self, what: Any, parcel: Parcel, **how: Any) -> None:
        with self.db.write() as session:
            what(session, parcel.coop_id, parcel.id, self.hand, self.now, **how)

    def send_off(self, parcel: Parcel) -> None:
        self.do(states.hand_over, parcel, carrier_key="own")

    def cancel(self) -> None:
        with self.db.write() as session:
            orders.cancel(session, self.order_id, None, self.now)

    def held_there(self) -> int:
        """What the gateway's own memory says that it holds."""
        if self.name == "stripe":
            return sum(one["amount_capturable"] for one in self.desk.intents.values())
        return sum(one.amount for one in self.desk.payments.values() if one.result == 9000)

    def taken_there(self) -> int:
        if self.name == "stripe":
            return sum(one["amount_received"] for one in self.desk.intents.values())
        return sum(one.amount for one in self.desk.payments.values() if one.result == 0)


@contextmanager
def sale(name: str, settings: Settings, db: Database, coops: int = 1, *, ahead: bool = False) -> Iterator[Sale]:
    with rogue(name, settings) as (gateway, played):
        ours = played.model_copy(update={f"{name}_hold_first": True})
        goods, now = {}, datetime.now(UTC)
        for _ in range(coops):
            coop = make_coop(db)
            make_table(db, coop)
            box = variant_of(db, make_product(db, coop, on_hand=0 if ahead else 100))
            goods[box.id] = 1
            if ahead:
                with db.write() as session:
                    told = (coop.id, session.get_one(Variant, box.id), 100, now.date() + timedelta(days=40))
                    preorders.open_up(session, *told, SYSTEM, now)
        placed = make_order(db, goods, ours, now, pay=name)
        one = Sale(name, gateway, ours, db, placed.id, now, make_person(db))
        begin(db, ours, one.subject, Payer("127.0.0.1"), now)
        if name == "stripe":
            one.desk._pay(next(iter(one.desk.sessions.values())), 0)
        else:
            one.desk.decide(next(iter(one.desk.payments.values())), "agree")
        one.ask()
        yield one


@BOTH
def test_held_money_places_the_order_and_is_taken_when_the_co_op_packs(
    settings: Settings, db: Database, name: str
) -> None:
    with sale(name, settings, db) as one:
        money = one.money()
        assert (one.state(), money.state, money.received_vnd) == ("placed", State.HELD, 0)
        assert money.complete
        assert one.books() == (0, money.due_vnd)
        one.settle()
        assert one.taken_there() == 0  # nobody has packed
        (parcel,) = one.parcels()
        one.do(states.pack, parcel)
        with pytest.raises(states.MoneyOnlyHeld):
            one.send_off(parcel)
        one.settle()
        one.settle()
        assert one.books() == (money.due_vnd, 0)
        assert (one.held_there(), one.taken_there()) == (0, money.due_vnd)
        assert one.money().state is State.PAID
        one.send_off(parcel)


@BOTH
def test_money_for_a_harvest_to_come_is_taken_at_once(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db, ahead=True) as one:
        assert one.state() == "placed"
        one.settle()
        assert (one.held_there(), one.taken_there()) == (0, one.money().due_vnd)


@BOTH
def test_an_order_called_off_before_packing_is_let_go_and_nothing_is_refunded(
    settings: Settings, db: Database, name: str
) -> None:
    with sale(name, settings, db) as one:
        one.cancel()
        one.settle()
        one.settle()
        assert (one.state(), one.books(), one.taken_there(), one.held_there()) == ("cancelled", (0, 0), 0, 0)
        with db.read() as session:
            assert refunds_of(session, one.subject) == []
            assert holds.waiting(session) == []
            assert session.exec(select(ReviewItem)).all() == []
        assert one.money().state is State.UNPAID


@BOTH
def test_what_a_co_op_cannot_send_is_never_taken(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db, coops=2) as one:
        gone, stays = one.parcels()
        one.do(states.cancel, gone)
        one.do(states.pack, stays)
        one.settle()
        assert one.taken_there() == stays.total_vnd
        assert one.books() == (stays.total_vnd, 0)
        assert one.money().received_vnd == stays.total_vnd
        with db.read() as session:
            assert refunds_of(session, one.subject) == []
            assert session.exec(select(ReviewItem)).all() == []
        one.send_off(stays)


@BOTH
def test_when_no_co_op_can_send_anything_all_of_it_is_let_go(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db) as one:
        (parcel,) = one.parcels()
        one.do(states.cancel, parcel)
        one.settle()
        assert (one.state(), one.taken_there(), one.held_there(), one.books()) == ("cancelled", 0, 0, (0, 0))


@BOTH
def test_a_hold_that_has_waited_as_long_as_it_may_is_taken(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db) as one:
        one.later(seconds=int(HELD_FOR[name].total_seconds()) - 600)
        one.settle()
        assert one.taken_there() == 0
        one.later(minutes=10)
        one.settle()
        money = one.money()
        assert (one.taken_there(), money.state) == (money.due_vnd, State.PAID)
        one.cancel()  # still possible: now it is a refund
        with db.read() as session:
            assert [refund.amount_vnd for refund in refunds_of(session, one.subject)] == [money.due_vnd]


@BOTH
@pytest.mark.parametrize("called_off", [False, True], ids=["taking", "letting go"])
def test_after_silence_the_gateway_is_asked_before_it_is_told_again(
    settings: Settings, db: Database, name: str, *, called_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sale(name, settings, db) as one:
        due_vnd = one.money().due_vnd
        if called_off:
            one.cancel()
        else:
            one.do(states.pack, one.parcels()[0])
        one.gateway.how = "hangs"  # it does its work and says nothing
        with monkeypatch.context() as impatient:
            impatient.setattr(calls, "TIMEOUT_S", 0.5)
            one.settle()
        assert one.books() == (0, due_vnd)
        one.gateway.how = ""
        one.settle()
        assert one.books() == ((0, 0) if called_off else (due_vnd, 0))
        assert one.taken_there() == (0 if called_off else due_vnd)
        with db.read() as session:
            assert session.exec(select(ReviewItem)).all() == []


@BOTH
def test_money_let_go_by_the_gateway_itself_ends_the_order(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db) as one:
        if name == "stripe":
            next(iter(one.desk.intents.values())).update(status="canceled", amount_capturable=0)
        else:
            next(iter(one.desk.payments.values())).result = 1003
        one.ask()
        one.settle()
        assert (one.state(), one.books()) == ("cancelled", (0, 0))
        with db.read() as session:
            assert [item.reason for item in session.exec(select(ReviewItem))] == ["hold_lost"]


@BOTH
def test_with_its_goods_packed_a_person_is_asked_about_a_lost_hold(settings: Settings, db: Database, name: str) -> None:
    with sale(name, settings, db) as one:
        (parcel,) = one.parcels()
        one.do(states.pack, parcel)
        if name == "stripe":
            next(iter(one.desk.intents.values())).update(status="canceled", amount_capturable=0)
        else:
            next(iter(one.desk.payments.values())).result = 1003
        one.settle()
        assert one.state() == "placed"
        with db.read() as session:
            assert [item.reason for item in session.exec(select(ReviewItem))] == ["hold_lost"]
        with pytest.raises(states.MoneyOnlyHeld):
            one.send_off(parcel)


@BOTH
def test_money_held_for_an_order_that_is_over_is_let_go(settings: Settings, db: Database, name: str) -> None:
    with rogue(name, settings) as (gateway, played):
        ours = played.model_copy(update={f"{name}_hold_first": True})
        coop, now = make_coop(db), datetime.now(UTC)
        make_table(db, coop)
        goods = variant_of(db, make_product(db, coop, on_hand=100)).id
        placed = make_order(db, {goods: 1}, ours, now, pay=name)
        one = Sale(name, gateway, ours, db, placed.id, now, make_person(db))
        begin(db, ours, one.subject, Payer("127.0.0.1"), now)
        one.cancel()
        if name == "stripe":
            one.desk._pay(next(iter(one.desk.sessions.values())), 0)
        else:
            one.desk.decide(next(iter(one.desk.payments.values())), "agree")
        one.ask()
        one.settle()
        assert (one.books(), one.held_there(), one.taken_there()) == ((0, 0), 0, 0)
        with db.read() as session:
            assert session.exec(select(UnmatchedMoney)).all() == []
            assert session.exec(select(Hold.wish)).all() == ["let_go"]


def test_whoever_can_hold_is_known_to_hold_and_does_so_only_when_it_is_set(settings: Settings) -> None:
    till = till_from(settings)
    assert {name for name, gateway in till.gateways.items() if isinstance(gateway, CanCapture)} == set(HELD_FOR)
    assert settings.hold_first == frozenset()
