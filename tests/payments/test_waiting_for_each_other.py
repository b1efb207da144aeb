"""An order ends at the very moment when its money comes: both wait for each other in one order, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from payments import verify
from payments.books import lock_due
from payments.gateway import Fact, FactKind, Outcome
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import take_fact
from payments.service import state_of
from shop.core.db import Database
from shop.orders import service as orders
from shop.orders import states
from shop.orders.models import Order, Parcel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of
from tests.overtaking import overtaken

NOW = datetime.now(UTC)


def waiting(db: Database, settings: Settings) -> tuple[int, int, str]:
    """An order whose page at MoMo is open."""
    coop = make_coop(db)
    make_table(db, coop)
    placed = make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, NOW, pay="momo")
    with db.write() as session:
        attempt = session.exec(select(PaymentAttempt)).one()
        attempt.next_check_at, attempt.provider_ref = NOW, "opened"
        session.add(attempt)
        return placed.id, attempt.due_id, attempt.reference


def money(reference: str, kind: FactKind, movement: str, amount_vnd: int) -> Fact:
    account = "1120:momo"
    return Fact("momo", movement, kind, amount_vnd, NOW, "ipn", account, reference=reference, provider_ref=movement)


def ended(how: str, order_id: int) -> Any:
    def end(session: Session) -> None:
        if how == "closed":
            orders.close(session, order_id, NOW)
        else:
            orders.cancel(session, order_id, None, NOW)

    return end


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_money_and_the_end_of_its_order_do_not_wait_for_each_other_for_ever(
    db: Database, settings: Settings, how: str
) -> None:
    order_id, due_id, reference = waiting(db, settings)
    with db.write() as session:
        take_fact(session, money(reference, FactKind.CAPTURED, "1", 10_000), NOW)

    def end() -> str:
        with db.write() as session:
            ended(how, order_id)(session)
        return how

    def come(session: Session) -> None:
        lock_due(session, due_id)

    def told(session: Session) -> None:
        assert take_fact(session, money(reference, FactKind.CAPTURED, "2", 20_000), NOW) is not Outcome.DUPLICATE

    assert overtaken(db, come, end, told) == how
    with db.read() as session:
        subject = session.get_one(PaymentDue, due_id).subject
        assert state_of(session, subject).refundable_vnd == 0  # all of it goes back, or waits for a person
        assert verify.check(session) == []


def test_buyer_and_co_op_who_call_it_off_at_the_same_moment_do_so_once(db: Database, settings: Settings) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    placed = make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, NOW)
    person = make_person(db)
    with db.read() as session:
        parcel_id = session.exec(select(Parcel.id)).one()

    def co_op() -> str:
        try:
            with db.write() as session:
                states.cancel(session, coop.id, parcel_id, person, NOW)
        except states.MovedOn:
            return "too late"
        return "called off"

    def begins(session: Session) -> None:
        session.exec(update(Order).where(col(Order.id) == placed.id).values(note=""))

    def calls_off(session: Session) -> None:
        orders.cancel(session, placed.id, None, NOW)

    assert overtaken(db, begins, co_op, calls_off) == "too late"
    with db.read() as session:
        assert broken_rules(session) == verify.check(session) == []
