"""A carrier pays out what it collected: its sheet is kept, looked at, and booked once.

Differences stay open per parcel (`CarrierCash`); money that no parcel explains waits as unmatched money.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, func, select, update

from payments import ledger
from payments.books import record_fact
from payments.cash.freight import charge_freight
from payments.cash.models import CarrierCash, Remittance, RemittanceRow
from payments.cash.plan import Fate, Plan, Planned, plan
from payments.cash.sheet import Sheet
from payments.cod import carrier_account, collect_cod
from payments.gateway import Fact, FactKind
from payments.ledger import Line
from payments.models import Entry, PaymentFact, UnmatchedMoney
from payments.unmatched import is_bank_line
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

SOURCE = "carrier"


class AlreadyBooked(Refusal):
    """This was booked before."""


class NotAllReadable(Refusal):
    """Rows of the sheet cannot be read, so its sum is not known. Facts: rows."""


class NothingInIt(Refusal):
    """No row of the sheet is new."""


class SumsDiffer(Refusal):
    """The bank's sum is not what the sheet adds up to. Facts: net_vnd, received_vnd."""


@dataclass(frozen=True)
class Carrier:
    """Who holds cash of ours: its name as folded in the account, what it holds, what it has still to collect."""

    name: str
    account: str
    held_vnd: int
    expected_vnd: int


def carriers(session: Session) -> list[Carrier]:
    """Every carrier that ever took a parcel to be paid in cash."""
    sums = select(Entry.account, Entry.pending, func.sum(Entry.amount_vnd)).where(
        col(Entry.account).startswith("1130:")
    )
    held: dict[str, dict[bool, int]] = {}
    for account, pending, sum_vnd in session.exec(sums.group_by(col(Entry.account), col(Entry.pending))):
        held.setdefault(account, {})[pending] = int(sum_vnd)
    shown = (account for account in sorted(held) if not account.startswith("1130:own:"))
    return [
        Carrier(name_of(account), account, held[account].get(False, 0), held[account].get(True, 0)) for account in shown
    ]


def name_of(account: str) -> str:
    """`1130:viettel-post` -> `viettel-post`."""
    return account.partition(":")[2]


def take_in(
    session: Session, carrier: str, file_name: str, content: bytes, sheet: Sheet, person: Person, now: datetime
) -> int:
    """Keep a sheet to look at; the id. The same file again is the same remittance, and nothing changes."""
    sha256 = hashlib.sha256(content).hexdigest()
    if known := session.exec(select(Remittance.id).where(Remittance.sheet_sha256 == sha256)).first():
        return known
    remittance = Remittance(
        carrier=carrier,
        account=carrier_account(carrier),
        sheet_sha256=sha256,
        file_name=file_name[:120],
        mapping=sheet.mapping,
        uploaded_by=person.id,
        uploaded_at=now,
    )
    session.add(remittance)
    session.flush()
    session.add_all(RemittanceRow(remittance_id=remittance.id, **asdict(row)) for row in sheet.rows)
    session.flush()
    audit(session, person, "remittance", f"remittance:{remittance.id}", None, "read", now)
    return remittance.id


def remembered(session: Session, carrier: str) -> dict[str, str] | None:
    """How the columns of this carrier's last sheet were understood."""
    last = select(Remittance.mapping).where(Remittance.account == carrier_account(carrier))
    mapping = session.exec(last.order_by(col(Remittance.id).desc()).limit(1)).first()
    return dict(mapping) if mapping else None


def get(session: Session, remittance_id: int) -> Remittance:
    """Raises NotFound."""
    remittance = session.get(Remittance, remittance_id)
    if remittance is None:
        raise NotFound(remittance_id=remittance_id)
    return remittance


def newest(session: Session, most: int = 30) -> list[Remittance]:
    """The newest first."""
    return list(session.exec(select(Remittance).order_by(col(Remittance.id).desc()).limit(most)))


def rows_of(session: Session, remittance: Remittance) -> list[Planned]:
    """The rows as they are to be booked, or as they were."""
    if remittance.state == "read":
        return plan(session, remittance).rows
    mine = select(RemittanceRow, CarrierCash.label).where(RemittanceRow.remittance_id == remittance.id)
    joined = mine.outerjoin(CarrierCash, col(CarrierCash.parcel) == RemittanceRow.parcel)
    found = session.exec(joined.order_by(col(RemittanceRow.number)))
    return [
        Planned(row, Fate(row.fate), row.parcel, label or "", applied_vnd=row.applied_vnd) for row, label in found.all()
    ]


def drop(session: Session, remittance_id: int, person: Person, now: datetime) -> None:
    """Forget a sheet that was not booked. Raises NotFound, AlreadyBooked."""
    remittance = _lock(session, remittance_id)
    session.exec(delete(RemittanceRow).where(col(RemittanceRow.remittance_id) == remittance.id))
    session.exec(delete(Remittance).where(col(Remittance.id) == remittance.id))
    audit(session, person, "remittance", f"remittance:{remittance_id}", "read", None, now)


def book(
    session: Session,
    remittance_id: int,
    person: Person,
    now: datetime,
    *,
    received_vnd: int | None = None,
    unmatched_id: int | None = None,
) -> None:
    """Book a sheet: what each parcel brought, fees, and what came to the bank.

    `received_vnd` is what really came when that is less than the sheet says: the rest stays open on its last parcels.
    `unmatched_id` names the row of the unmatched money that is this sum, which is then not counted again.
    Raises AlreadyBooked, NotAllReadable, NothingInIt, SumsDiffer.
    """
    remittance = _lock(session, remittance_id)
    for parcel in plan(session, remittance).early:
        collect_cod(session, parcel, now)
    found = plan(session, remittance)
    if found.unreadable:
        raise NotAllReadable(rows=found.unreadable)
    if not found.counting:
        raise NothingInIt
    money = waiting_money(session, unmatched_id) if unmatched_id else None
    came_vnd = money.amount_vnd if money else found.net_vnd if received_vnd is None else received_vnd
    applied = _less(found, found.net_vnd - came_vnd)
    if applied is None or came_vnd < 0:
        raise SumsDiffer(net_vnd=found.net_vnd, received_vnd=came_vnd)
    from_account = money.account if money else ledger.BANK
    _post(session, remittance, found, applied, from_account, came_vnd, now)
    _keep(session, remittance, found, applied)
    paid = sorted({one.parcel for one in found.rows if one.parcel})
    remittance.state, remittance.net_vnd = "booked", came_vnd
    remittance.booked_by, remittance.booked_at = person.id, now
    session.add(remittance)
    session.flush()
    charge_freight(session, paid, now)
    if money:
        _tie(session, remittance, money, person, now)
    audit(session, person, "remittance", f"remittance:{remittance.id}", "read", "booked", now)


def tie(session: Session, remittance_id: int, unmatched_id: int, person: Person, now: datetime) -> None:
    """The bank told of a booked remittance later: its row of the unmatched money is the same sum, so it leaves again.

    Raises NotFound, AlreadyBooked (tied already), SumsDiffer.
    """
    wanted = select(Remittance).where(Remittance.id == remittance_id).with_for_update()
    remittance = session.exec(wanted.execution_options(populate_existing=True)).first()
    if remittance is None or remittance.state != "booked":
        raise NotFound(remittance_id=remittance_id)
    if remittance.unmatched_id is not None:
        raise AlreadyBooked
    money = waiting_money(session, unmatched_id)
    if money.amount_vnd != remittance.net_vnd:
        raise SumsDiffer(net_vnd=remittance.net_vnd, received_vnd=money.amount_vnd)
    lines = [Line(money.account, money.amount_vnd), Line(ledger.BANK, -money.amount_vnd)]
    ledger.post(session, f"remittance:{remittance.id}:tied", "remittance_tied", lines, now)
    _tie(session, remittance, money, person, now)


def could_be(session: Session, amount_vnd: int) -> list[UnmatchedMoney]:
    """The rows of the unmatched money that may be this sum."""
    return same_sum(session, [amount_vnd]).get(amount_vnd, [])


def same_sum(session: Session, sums: Iterable[int], *, told_by_bank: bool = True) -> dict[int, list[UnmatchedMoney]]:
    """Money without an owner on our bank account, by its sum; `told_by_bank` as in `waiting_money`."""
    waiting = (UnmatchedMoney.state == "waiting", UnmatchedMoney.account == ledger.UNAPPLIED)
    wanted = select(UnmatchedMoney).join(PaymentFact).where(*waiting, PaymentFact.account == ledger.BANK)
    if told_by_bank:
        wanted = wanted.where(PaymentFact.gateway != SOURCE)
    found: dict[int, list[UnmatchedMoney]] = {}
    for money in session.exec(wanted.where(col(UnmatchedMoney.amount_vnd).in_(set(sums)))):
        found.setdefault(money.amount_vnd, []).append(money)
    return found


def _lock(session: Session, remittance_id: int) -> Remittance:
    """The sheet, unbooked; nobody else books one of its carrier until the end of the transaction."""
    account = get(session, remittance_id).account
    siblings = select(Remittance).where(Remittance.account == account).order_by(col(Remittance.id)).with_for_update()
    locked = {it.id: it for it in session.exec(siblings.execution_options(populate_existing=True))}
    if remittance_id not in locked:
        raise NotFound(remittance_id=remittance_id)
    if locked[remittance_id].state != "read":
        raise AlreadyBooked
    return locked[remittance_id]


def _less(found: Plan, short_vnd: int) -> dict[int, int] | None:
    """What is applied of each row (by its id) when `short_vnd` did not come: taken off the last rows first.

    None if more came than the sheet says, or if it lacks more than its parcels bring.
    """
    applied = {one.row.id: one.applied_vnd for one in found.rows}
    for row_id in reversed(applied):
        less_vnd = min(applied[row_id], max(0, short_vnd))
        applied[row_id] -= less_vnd
        short_vnd -= less_vnd
    return None if short_vnd else applied


def _post(
    session: Session,
    remittance: Remittance,
    found: Plan,
    applied: dict[int, int],
    came_to: str,
    came_vnd: int,
    now: datetime,
) -> None:
    """One journal for the parcels and the fees; a journal of its own for each sum that no parcel explains."""
    cash = _cash(session, [one.parcel for one in found.rows if applied[one.row.id]])
    explained: dict[str, int] = {}
    for one in found.rows:
        if applied_vnd := applied[one.row.id]:
            held = cash[one.parcel]
            explained[held.account] = explained.get(held.account, 0) + applied_vnd
            held.remitted_vnd += applied_vnd
            session.add(held)
    odd = [one for one in found.rows if one.unexplained_vnd]
    name = name_of(remittance.account)
    lines = [
        Line(came_to, came_vnd - sum(one.unexplained_vnd for one in odd)),
        Line(ledger.account("5120", name), found.total("fee_vnd")),
        Line(ledger.account("2310", name), found.total("freight_vnd")),
        *(Line(account, -sum_vnd) for account, sum_vnd in explained.items()),
    ]
    if any(line.amount_vnd for line in lines):
        ledger.post(session, f"remittance:{remittance.id}", "remittance", lines, now)
    for one in odd:
        _park(session, remittance, one, came_to, now)


def _park(session: Session, remittance: Remittance, one: Planned, came_to: str, now: datetime) -> None:
    movement = f"remittance:{remittance.id}:{one.row.number}"
    fact = Fact(SOURCE, movement, FactKind.CAPTURED, one.unexplained_vnd, now, "manual", ledger.BANK)
    known = record_fact(session, fact, now)
    if known is None:
        return
    lines = [Line(came_to, one.unexplained_vnd), Line(ledger.UNAPPLIED, -one.unexplained_vnd)]
    ledger.post(session, f"{SOURCE}:{movement}", "unapplied", lines, now)
    session.add(
        UnmatchedMoney(
            fact_id=known.id,
            amount_vnd=one.unexplained_vnd,
            reason="carrier",
            account=ledger.UNAPPLIED,
            content=one.row.said,
            bank_reference=remittance.file_name[:60],
            arrived_at=now,
        )
    )


def _cash(session: Session, parcels: Sequence[str]) -> dict[str, CarrierCash]:
    """The cash of these parcels, locked."""
    found: dict[str, CarrierCash] = {}
    for start in range(0, len(parcels), 500):
        some = select(CarrierCash).where(col(CarrierCash.parcel).in_(parcels[start : start + 500]))
        locked = some.order_by(col(CarrierCash.id)).with_for_update().execution_options(populate_existing=True)
        found |= {cash.parcel: cash for cash in session.exec(locked)}
    return found


def _keep(session: Session, remittance: Remittance, found: Plan, applied: dict[int, int]) -> None:
    for one in found.rows:
        one.row.fate, one.row.parcel, one.row.applied_vnd = one.fate, one.parcel, applied[one.row.id]
        if applied[one.row.id] < one.applied_vnd:
            one.row.fate = Fate.SHORT
        session.add(one.row)
    remittance.collected_vnd, remittance.fee_vnd = found.total("collected_vnd"), found.total("fee_vnd")
    remittance.freight_vnd = found.total("freight_vnd")


def waiting_money(session: Session, unmatched_id: int, *, told_by_bank: bool = True) -> UnmatchedMoney:
    """Money without an owner, claimed: one guarded statement decides who takes it. Raises AlreadyBooked.

    `told_by_bank`: a line of our bank account, not a sum that a remittance left unexplained.
    """
    mine = [col(UnmatchedMoney.id) == unmatched_id, col(UnmatchedMoney.state) == "waiting"]
    mine += [col(UnmatchedMoney.account) == ledger.UNAPPLIED]
    mine += [col(UnmatchedMoney.reason) != "carrier"] if told_by_bank else []
    if session.exec(update(UnmatchedMoney).where(*mine).values(state="waiting")).rowcount == 0:
        raise AlreadyBooked
    money = session.get_one(UnmatchedMoney, unmatched_id, populate_existing=True)
    if told_by_bank and not is_bank_line(session, money):
        raise AlreadyBooked
    return money


def _tie(session: Session, remittance: Remittance, money: UnmatchedMoney, person: Person, now: datetime) -> None:
    remittance.unmatched_id = money.id
    session.add(remittance)
    end_money(session, money, "remittance", person, now)


def end_money(session: Session, money: UnmatchedMoney, decision: str, person: Person, now: datetime) -> None:
    """The row of unmatched money found its place elsewhere than on an order."""
    money.state, money.decision, money.decided_by, money.decided_at = "matched", decision, person.id, now
    session.add(money)
    session.flush()
    audit(session, person, "unmatched money", f"unmatched:{money.id}", "waiting", f"matched: {decision}", now)
