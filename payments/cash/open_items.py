"""What a carrier collected and has not paid out: claimed, paid later, or given up by two people."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from payments import ledger
from payments.cash.models import CarrierCash
from payments.cash.remittances import AlreadyBooked, end_money, name_of, waiting_money
from payments.ledger import Line
from payments.models import Journal
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal


class MoreThanOpen(Refusal):
    """The carrier does not owe that much of this parcel. Facts: open_vnd."""


class NotProposed(Refusal):
    """Nobody has proposed to give this up, or somebody took it back."""


class GivenUpByTwo(Refusal):
    """Who proposed to give money up cannot agree to it."""


_OPEN = col(CarrierCash.remitted_vnd) + col(CarrierCash.written_off_vnd) < col(CarrierCash.collected_vnd)


def open_items(session: Session, account: str = "", most: int = 200) -> list[CarrierCash]:
    """The oldest first; of one carrier's `account` only, if given."""
    wanted = select(CarrierCash).where(_OPEN)
    mine = wanted.where(CarrierCash.account == account) if account else wanted
    return list(session.exec(mine.order_by(col(CarrierCash.id)).limit(most)))


def count_disputed(session: Session) -> int:
    """Parcels of which a carrier paid only a part, or that were claimed."""
    started = (col(CarrierCash.remitted_vnd) > 0) | (col(CarrierCash.claim) != "")
    return session.exec(select(func.count()).select_from(CarrierCash).where(_OPEN, started)).one()


def claim(session: Session, cash_id: int, note: str, person: Person, now: datetime) -> None:
    """Note that the carrier was asked for what is open, and what it said."""
    cash = _lock(session, cash_id)
    before, cash.claim, cash.claimed_at = cash.claim, note, now
    _keep(session, cash, person, now, before, note)


def pay_later(
    session: Session,
    cash_id: int,
    amount_vnd: int,
    person: Person,
    now: datetime,
    *,
    bank_reference: str = "",
    unmatched_id: int | None = None,
) -> None:
    """The carrier paid (a part of) what was open, seen in the bank under `bank_reference` or as unmatched money.

    Raises MoreThanOpen, and AlreadyBooked for the same reference again or money that somebody else placed.
    """
    cash = _lock(session, cash_id)
    money = waiting_money(session, unmatched_id, told_by_bank=False) if unmatched_id else None
    paid_vnd = money.amount_vnd if money else amount_vnd
    if not 0 < paid_vnd <= cash.open_vnd:
        raise MoreThanOpen(open_vnd=cash.open_vnd)
    event = f"carrier_cash:{cash.id}:" + (f"unmatched:{money.id}" if money else bank_reference)
    if session.exec(select(Journal.id).where(Journal.source_event == event)).first():
        raise AlreadyBooked
    lines = [Line(money.account if money else ledger.BANK, paid_vnd), Line(cash.account, -paid_vnd)]
    ledger.post(session, event, "carrier_paid", lines, now)
    before = cash.open_vnd
    cash.remitted_vnd += paid_vnd
    cash.write_off_by = None
    if money:
        end_money(session, money, "carrier", person, now)
    _keep(session, cash, person, now, before, cash.open_vnd)


def propose_write_off(session: Session, cash_id: int, person: Person, now: datetime) -> None:
    """The first of two people: what is open will not come any more."""
    cash = _lock(session, cash_id)
    cash.write_off_by = person.id
    _keep(session, cash, person, now, "", f"write-off of {cash.open_vnd} proposed")


def agree_write_off(session: Session, cash_id: int, person: Person, now: datetime) -> None:
    """The second of two people: what is open is lost. Raises NotProposed, GivenUpByTwo."""
    cash = _lock(session, cash_id)
    if cash.write_off_by is None:
        raise NotProposed
    if cash.write_off_by == person.id:
        raise GivenUpByTwo
    lost_vnd = cash.open_vnd
    lines = [Line(ledger.account("5310", name_of(cash.account)), lost_vnd), Line(cash.account, -lost_vnd)]
    ledger.post(session, f"carrier_cash:{cash.id}:written_off", "written_off", lines, now)
    cash.written_off_vnd += lost_vnd
    _keep(session, cash, person, now, f"open {lost_vnd}", "written off")


def withdraw_write_off(session: Session, cash_id: int, person: Person, now: datetime) -> None:
    """Take the proposal back. Raises NotProposed."""
    cash = _lock(session, cash_id)
    if cash.write_off_by is None:
        raise NotProposed
    cash.write_off_by = None
    _keep(session, cash, person, now, "write-off proposed", "")


def _lock(session: Session, cash_id: int) -> CarrierCash:
    wanted = select(CarrierCash).where(CarrierCash.id == cash_id).with_for_update()
    cash = session.exec(wanted.execution_options(populate_existing=True)).first()
    if cash is None:
        raise NotFound(cash_id=cash_id)
    if not cash.open_vnd:
        raise AlreadyBooked
    return cash


def _keep(session: Session, cash: CarrierCash, person: Person, now: datetime, before: object, after: object) -> None:
    session.add(cash)
    session.flush()
    audit(session, person, "carrier cash", cash.parcel, before, after, now)
