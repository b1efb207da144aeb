"""What becomes of each row of a carrier's sheet, before anything is booked: matched to a parcel, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from payments.cash.models import CarrierCash, Remittance, RemittanceRow
from payments.cod import METHOD, is_own
from payments.content import squeeze
from payments.gateway import FactKind
from payments.models import PaymentAttempt, PaymentDue, PaymentFact

_OUR_REFERENCE = re.compile(r"(.+)-(\d{1,15})")
_AT_ONCE = 500
Found = tuple[PaymentAttempt, PaymentDue, CarrierCash | None]


class Fate(StrEnum):
    """What becomes of a row. Only of the first three a part or all of the sum is the cash of a parcel."""

    EXACT = "exact"
    SHORT = "short"
    OVER = "over"
    TWICE = "twice"  # nothing is open of that parcel any more
    UNKNOWN = "unknown"
    SEVERAL = "several"
    FEE = "fee"  # the carrier takes a fee and pays nothing
    KNOWN = "known"  # this row was booked from another file: left out
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Planned:
    """A row and its fate. `open_vnd` is what the carrier still owed of the parcel, `applied_vnd` what it pays of it.

    `early`: the carrier has the cash of a parcel that the co-op has not marked as delivered.
    """

    row: RemittanceRow
    fate: Fate
    parcel: str = ""
    label: str = ""
    open_vnd: int = 0
    applied_vnd: int = 0
    early: bool = False

    @property
    def counts(self) -> bool:
        return self.fate not in (Fate.KNOWN, Fate.UNREADABLE)

    @property
    def unexplained_vnd(self) -> int:
        return self.row.collected_vnd - self.applied_vnd if self.counts else 0


@dataclass(frozen=True)
class Plan:
    """A whole sheet. `net_vnd` is what should have come to the bank."""

    rows: list[Planned]

    def total(self, name: str) -> int:
        """The sum of `collected_vnd`, `fee_vnd` or `freight_vnd` over the rows that count."""
        return sum(getattr(one.row, name) for one in self.rows if one.counts)

    @property
    def net_vnd(self) -> int:
        return self.total("collected_vnd") - self.total("fee_vnd") - self.total("freight_vnd")

    @property
    def unreadable(self) -> int:
        return sum(one.fate is Fate.UNREADABLE for one in self.rows)

    @property
    def counting(self) -> int:
        return sum(one.counts for one in self.rows)

    @property
    def early(self) -> list[str]:
        """The parcels that the co-op has not marked as delivered, each once."""
        return sorted({one.parcel for one in self.rows if one.early})


def plan(session: Session, remittance: Remittance) -> Plan:
    """Match every row by tracking code, else by our reference (order code, or order code-parcel)."""
    rows = session.exec(
        select(RemittanceRow).where(RemittanceRow.remittance_id == remittance.id).order_by(col(RemittanceRow.number))
    ).all()
    known = _booked_keys(session, remittance, [row.key for row in rows])
    return Plan(list(_planned(rows, known, _Parcels(session, rows))))


def _planned(rows: Sequence[RemittanceRow], known: set[str], parcels: _Parcels) -> Iterator[Planned]:
    left: dict[str, int] = {}
    for row in rows:
        if row.problem:
            yield Planned(row, Fate.UNREADABLE)
        elif row.key in known:
            yield Planned(row, Fate.KNOWN)
        elif not row.collected_vnd:
            yield Planned(row, Fate.FEE)
        else:
            found = parcels.of(row)
            if len(found) != 1:
                yield Planned(row, Fate.SEVERAL if found else Fate.UNKNOWN)
                continue
            held = found[0]
            open_vnd = left.get(held.parcel, held.open_vnd)
            applied_vnd = min(row.collected_vnd, open_vnd)
            left[held.parcel] = open_vnd - applied_vnd
            fate = _fate(row.collected_vnd, open_vnd)
            yield Planned(row, fate, held.parcel, held.label, open_vnd, applied_vnd, held.early)


def _fate(collected_vnd: int, open_vnd: int) -> Fate:
    if not open_vnd:
        return Fate.TWICE
    return Fate.EXACT if collected_vnd == open_vnd else Fate.SHORT if collected_vnd < open_vnd else Fate.OVER


def _booked_keys(session: Session, remittance: Remittance, keys: Sequence[str]) -> set[str]:
    booked = (Remittance.account == remittance.account, Remittance.state == "booked", Remittance.id != remittance.id)
    wanted = select(RemittanceRow.key).join(Remittance).where(*booked)
    return {key for some in _batches(keys) for key in session.exec(wanted.where(col(RemittanceRow.key).in_(some)))}


@dataclass(frozen=True)
class _Held:
    parcel: str
    label: str
    open_vnd: int
    early: bool


class _Parcels:
    """The parcels that the rows of a sheet name, read in a few questions however many rows there are."""

    def __init__(self, session: Session, rows: Sequence[RemittanceRow]) -> None:
        self.by_tracking: dict[str, list[_Held]] = {}
        self.by_reference: dict[str, list[_Held]] = {}
        codes = {squeeze(row.code) for row in rows} - {""}
        labels = {label for row in rows for label in _labels(row)}
        parcels = {f"parcel:{number}" for row in rows if (number := _parcel_number(row))}
        for attempt, due, cash in self._attempts(session, codes, labels, parcels):
            held = self._held(session, attempt, due, cash)
            if held is None:
                continue
            self.by_tracking.setdefault(attempt.provider_ref, []).append(held)
            for name in (squeeze(due.label), squeeze(due.label) + "-" + attempt.reference.partition(":")[2]):
                self.by_reference.setdefault(name, []).append(held)

    def of(self, row: RemittanceRow) -> list[_Held]:
        """The parcels that a row may mean: one, none, or several that a machine cannot choose from."""
        found = self.by_tracking.get(squeeze(row.code), []) if row.code else []
        for said in (row.reference, row.code) if not found else ():
            found = found or self.by_reference.get(_normal(said), [])
        still_open = [held for held in found if held.open_vnd]
        return still_open if len(still_open) == 1 else found

    def _attempts(self, session: Session, codes: set[str], labels: set[str], parcels: set[str]) -> Iterable[Found]:
        found: dict[int, Found] = {}
        wanted = (
            select(PaymentAttempt, PaymentDue, CarrierCash)
            .join(PaymentDue, col(PaymentDue.id) == PaymentAttempt.due_id)
            .outerjoin(CarrierCash, col(CarrierCash.parcel) == PaymentAttempt.reference)
            .where(PaymentAttempt.gateway == METHOD, col(PaymentAttempt.given_up_at).is_(None))
        )
        for column, values in (
            (PaymentAttempt.provider_ref, codes),
            (PaymentDue.label, labels),
            (PaymentAttempt.reference, parcels),
        ):
            for some in _batches(sorted(values)):
                found |= {one[0].id: one for one in session.exec(wanted.where(col(column).in_(some)))}
        return found.values()

    def _held(
        self, session: Session, attempt: PaymentAttempt, due: PaymentDue, cash: CarrierCash | None
    ) -> _Held | None:
        if cash:
            return _Held(cash.parcel, cash.label, cash.open_vnd, early=False)
        mine = (PaymentFact.attempt_id == attempt.id, PaymentFact.kind == FactKind.AUTHORISED)
        handed = session.exec(select(PaymentFact).where(*mine)).first()
        if handed is None or is_own(handed.account):
            return None
        return _Held(attempt.reference, due.label, attempt.amount_vnd, early=True)


def _normal(said: str) -> str:
    """Our reference as it is looked up: the order's code, or code-parcel."""
    whole = _OUR_REFERENCE.fullmatch(said.strip())
    return f"{squeeze(whole[1])}-{int(whole[2])}" if whole else squeeze(said)


def _labels(row: RemittanceRow) -> set[str]:
    """The order codes that a row may name, as they are kept."""
    found = {said.strip() for said in (row.reference, row.code)}
    return (found | {said.upper() for said in found}) - {""}


def _parcel_number(row: RemittanceRow) -> int:
    for said in (row.reference, row.code):
        if whole := _OUR_REFERENCE.fullmatch(said.strip()):
            return int(whole[2])
    return 0


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
