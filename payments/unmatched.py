"""Money that nobody can place: the operator says whose it is or sends it back; above a limit two people must say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from payments import ledger
from payments.books import capture, lock_due, record_fact, state_of_due
from payments.content import beginning_in
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import PaymentAttempt, PaymentDue, PaymentFact, Refund, UnmatchedMoney
from payments.refunding import goes_by, left_on_vnd
from payments.state import PaymentState
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.ids import read_crockford

OPEN = ("waiting", "proposed")
UNCLAIMED = timedelta(days=90)


class NoSuchOrder(Refusal):
    """Nothing owes under this code. Facts: code."""

    status = 404


class NothingMissing(Refusal):
    """That order needs no more money. Facts: code."""


class AlreadyDecided(Refusal):
    """Somebody else was quicker."""


class NeedsSecondPerson(Refusal):
    """Above the limit the second word must come from somebody else. Facts: amount_vnd."""


class TooSoonToKeep(Refusal):
    """Money without an owner is kept only when nobody claimed it for a long time. Facts: days."""


@dataclass(frozen=True)
class Waiting:
    """A row of the inbox as the operator reads it; `suggested` is the code of an order that it may be meant for."""

    money: UnmatchedMoney
    label: str
    suggested: str
    target: str


@dataclass(frozen=True)
class Short:
    """An order of which only a part was paid; it stays open and asks for the rest."""

    due: PaymentDue
    state: PaymentState


def waiting(session: Session, most: int = 200) -> list[Waiting]:
    """What waits for a decision, oldest first."""
    rows = session.exec(
        select(UnmatchedMoney).where(col(UnmatchedMoney.state).in_(OPEN)).order_by(col(UnmatchedMoney.id)).limit(most)
    ).all()
    ids = {row.due_id for row in rows} | {row.target_due_id for row in rows}
    wanted = select(PaymentDue.id, PaymentDue.label).where(col(PaymentDue.id).in_(ids - {None}))
    labels: dict[int | None, str] = dict(session.exec(wanted).all())
    return [
        Waiting(row, labels.get(row.due_id, ""), _suggested(session, row), labels.get(row.target_due_id, ""))
        for row in rows
    ]


def is_bank_line(session: Session, money: UnmatchedMoney) -> bool:
    """Whether a line of our bank account told of it, so that a batch or a carrier's remittance may own it."""
    return session.get_one(PaymentFact, money.fact_id).account == ledger.BANK


def count_waiting(session: Session) -> int:
    """How many sums wait for a decision."""
    wanted = select(func.count()).select_from(UnmatchedMoney).where(col(UnmatchedMoney.state).in_(OPEN))
    return session.exec(wanted).one()


def short(session: Session, most: int = 200) -> list[Short]:
    """Orders of which a part was paid, newest first."""
    captured = (
        select(PaymentFact.due_id, func.sum(PaymentFact.applied_vnd).label("paid_vnd"))
        .where(PaymentFact.kind == FactKind.CAPTURED, col(PaymentFact.due_id).is_not(None))
        .group_by(col(PaymentFact.due_id))
        .subquery()
    )
    wanted = (
        select(PaymentDue)
        .join(captured, captured.c.due_id == PaymentDue.id)
        .where(captured.c.paid_vnd < PaymentDue.amount_vnd, PaymentDue.method != "cod")
        .order_by(col(PaymentDue.id).desc())
        .limit(most)
    )
    shorts = [Short(due, state_of_due(session, due)) for due in session.exec(wanted)]
    return [row for row in shorts if row.state.received_vnd and row.state.missing_vnd]


def match(session: Session, money_id: int, code: str, person: Person, now: datetime, limit_vnd: int) -> str:
    """Give the money to the order with this code: "matched", or "proposed" when a second person must agree.

    Raises NoSuchOrder, NothingMissing, AlreadyDecided.
    """
    money = _lock(session, money_id, "waiting")
    due = session.exec(select(PaymentDue).where(col(PaymentDue.label).in_(_readings(code)))).first()
    if due is None:
        raise NoSuchOrder(code=code)
    if not state_of_due(session, due).missing_vnd:
        raise NothingMissing(code=due.label)
    money.decision, money.target_due_id = "match", due.id
    return _decide(session, money, person, now, limit_vnd)


def send_back(session: Session, money_id: int, person: Person, now: datetime, limit_vnd: int) -> str:
    """Return the money to whoever sent it: "sent_back" (a refund then waits to be sent) or "proposed".

    Raises AlreadyDecided.
    """
    money = _lock(session, money_id, "waiting")
    money.decision = "send_back"
    return _decide(session, money, person, now, limit_vnd)


def keep(session: Session, money_id: int, person: Person, now: datetime) -> str:
    """Nobody claimed the money in `UNCLAIMED`: "proposed" to keep it, which always takes two people.

    Raises TooSoonToKeep, AlreadyDecided.
    """
    money = _lock(session, money_id, "waiting")
    if now - money.arrived_at < UNCLAIMED or money.account != ledger.UNAPPLIED:
        raise TooSoonToKeep(days=UNCLAIMED.days)
    money.decision = "keep"
    return _decide(session, money, person, now, -1)


def agree(session: Session, money_id: int, person: Person, now: datetime) -> str:
    """The second person agrees to what was proposed. Raises NeedsSecondPerson for the same person, AlreadyDecided."""
    money = _lock(session, money_id, "proposed")
    if money.proposed_by == person.id:
        raise NeedsSecondPerson(amount_vnd=money.amount_vnd)
    return _carry_out(session, money, person, now)


def withdraw(session: Session, money_id: int, person: Person, now: datetime) -> None:
    """Take a proposal back; anybody who may decide may do it. Raises AlreadyDecided."""
    money = _lock(session, money_id, "proposed")
    before = money.decision
    money.decision, money.target_due_id, money.proposed_by = "", None, None
    _move(session, money, "waiting", person, now, before, "")


def _decide(session: Session, money: UnmatchedMoney, person: Person, now: datetime, limit_vnd: int) -> str:
    if money.amount_vnd <= limit_vnd:
        return _carry_out(session, money, person, now)
    money.proposed_by = person.id
    _move(session, money, "proposed", person, now, "", money.decision)
    return "proposed"


def _carry_out(session: Session, money: UnmatchedMoney, person: Person, now: datetime) -> str:
    if money.decision == "match":
        _give_to_due(session, money, now)
    elif money.decision == "keep":
        lines = [Line(money.account, money.amount_vnd), Line(ledger.account("4310", "unclaimed"), -money.amount_vnd)]
        ledger.post(session, f"own:unmatched:{money.id}", "kept", lines, now)
    else:
        _promise_back(session, money, person, now)
    if money.account.startswith("2130:"):
        _leave_due(session, money, now)
    money.decided_by, money.decided_at = person.id, now
    state = "sent_back" if money.decision == "send_back" else "matched"
    _move(session, money, state, person, now, money.state, state)
    return state


def _give_to_due(session: Session, money: UnmatchedMoney, now: datetime) -> None:
    """Of no attempt: one that is open at a gateway stays open there, and is still asked about."""
    fact = Fact(
        "own", f"unmatched:{money.id}", FactKind.CAPTURED, money.amount_vnd, money.arrived_at, "manual", money.account
    )
    capture(session, money.target_due_id or 0, None, fact, now, content=money.content)


def _promise_back(session: Session, money: UnmatchedMoney, person: Person, now: datetime) -> None:
    refund = Refund(
        due_id=money.due_id,
        unmatched_id=money.id,
        amount_vnd=money.amount_vnd,
        reason=money.reason,
        requested_at=now,
        requested_by=person.id,
    )
    session.add(goes_by(refund, _came_by(session, money), now))
    session.flush()
    lines = [
        Line(money.account, money.amount_vnd),
        Line(ledger.account("2120", f"refund:{refund.id}"), -money.amount_vnd),
    ]
    ledger.post(session, f"own:unmatched:{money.id}", "send_back", lines, now)


def _came_by(session: Session, money: UnmatchedMoney) -> PaymentFact | None:
    """The payment on which a gateway can give all of it back, None where none can: the one that came too much, or the
    newest of an order that was closed.
    """
    movement = session.get_one(PaymentFact, money.fact_id)
    if movement.due_id is None:
        return None
    lock_due(session, movement.due_id)
    came = [movement]
    if movement.kind == FactKind.SET_ASIDE:
        captured = (PaymentFact.due_id == movement.due_id, PaymentFact.kind == FactKind.CAPTURED)
        came = list(session.exec(select(PaymentFact).where(*captured).order_by(col(PaymentFact.id).desc())))
    return next((one for one in came if left_on_vnd(session, one) >= money.amount_vnd), None)


def _leave_due(session: Session, money: UnmatchedMoney, now: datetime) -> None:
    """The buyer's credit on the due it came for is gone: it went to another due, or back."""
    due = lock_due(session, money.due_id or 0)
    movement = f"unmatched:{money.id}:reassigned"
    record_fact(session, Fact("own", movement, FactKind.REASSIGNED, money.amount_vnd, now, "manual"), now, due)


def _lock(session: Session, money_id: int, state: str) -> UnmatchedMoney:
    """One guarded statement decides who acts on the row: two people never both do."""
    mine = (col(UnmatchedMoney.id) == money_id, col(UnmatchedMoney.state) == state)
    claimed = session.exec(update(UnmatchedMoney).where(*mine).values(state=state))
    money = session.get(UnmatchedMoney, money_id, populate_existing=True)
    if money is None:
        raise NotFound(unmatched_id=money_id)
    if claimed.rowcount == 0:
        raise AlreadyDecided
    return money


def _move(
    session: Session, money: UnmatchedMoney, state: str, person: Person, now: datetime, before: str, after: str
) -> None:
    money.state = state
    session.add(money)
    session.flush()
    audit(session, person, "unmatched money", f"unmatched:{money.id}", before, after, now)


def _readings(code: str) -> set[str]:
    return {code.strip(), read_crockford(code) or ""} - {""}


def _suggested(session: Session, money: UnmatchedMoney) -> str:
    """The order that the money may be meant for: the same sum, and the beginning of its code in the bank's text."""
    if money.reason not in ("unknown", "wrong_account", "several"):
        return ""
    same_sum = (
        select(PaymentAttempt.reference, PaymentDue.label)
        .join(PaymentDue, col(PaymentDue.id) == PaymentAttempt.due_id)
        .where(PaymentAttempt.amount_vnd == money.amount_vnd, PaymentAttempt.gateway != "cod")
        .order_by(col(PaymentAttempt.id).desc())
        .limit(500)
    )
    named = {label for reference, label in session.exec(same_sum) if beginning_in(money.content, reference)}
    return named.pop() if len(named) == 1 else ""
