"""Our facts beside the gateways' rows: which agree, which differ, which are missing on either side.

Streamed in pieces of some thousands, each written in a transaction of its own, so that selling goes on meanwhile. What
agrees is final, for neither a fact nor a row ever changes; only what is new or differs is looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select, update

from payments.comparison.files import FEE
from payments.comparison.models import ComparisonItem, GatewayTerms, SettlementRow
from payments.gateway import FactKind
from payments.models import PaymentAttempt, PaymentFact
from payments.statements.wire import VIETNAM
from shop.core.db import Database, run
from shop.core.progress import Progress, silent

KINDS = (FactKind.CAPTURED, FactKind.REFUNDED, FactKind.DISPUTED, FactKind.DISPUTE_WON)
_AT_ONCE = 5_000
_FEE_ROUNDING_VND = 1

_BY_MOVEMENT = """
UPDATE settlement_row SET fact_id = f.id FROM payment_fact f
WHERE settlement_row.fact_id IS NULL AND f.gateway = settlement_row.gateway
    AND f.movement_id = settlement_row.movement_id AND f.kind = settlement_row.kind
"""
"""A payment that its file names only by our reference: where that is one payment here and one row there."""
_BY_REFERENCE = """
UPDATE settlement_row SET fact_id = (
    SELECT min(f.id) FROM payment_attempt a JOIN payment_fact f ON f.due_id = a.due_id AND f.attempt_id = a.id
    WHERE a.reference = settlement_row.reference AND f.gateway = settlement_row.gateway AND f.kind = 'captured')
WHERE fact_id IS NULL AND kind = 'captured' AND reference <> ''
AND (SELECT count(*) FROM payment_attempt a JOIN payment_fact f ON f.due_id = a.due_id AND f.attempt_id = a.id
    WHERE a.reference = settlement_row.reference AND f.gateway = settlement_row.gateway AND f.kind = 'captured') = 1
AND (SELECT count(*) FROM settlement_row r
    WHERE r.gateway = settlement_row.gateway AND r.reference = settlement_row.reference AND r.kind = 'captured') = 1
AND NOT EXISTS (SELECT 1 FROM settlement_row r JOIN payment_fact f ON f.id = r.fact_id
    JOIN payment_attempt a ON a.id = f.attempt_id WHERE a.reference = settlement_row.reference AND r.kind = 'captured')
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a gateway."""

    fee_bps: int | None = None
    fee_fixed_vnd: int = 0
    settles_after_days: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a movement stands; `agreed_fee_vnd` is None where no rate is set."""

    state: str
    agreed_fee_vnd: int | None = None


def judge(
    kind: str, our_vnd: int | None, their_vnd: int | None, fee_vnd: int | None, day: date, terms: Terms, today: date
) -> Verdict:
    """How one movement stands. A gateway has until the end of day T + `settles_after_days` to list what we know."""
    if their_vnd is None:
        late = today > day + timedelta(days=terms.settles_after_days)
        return Verdict("missing_there" if late else "not_yet")
    if our_vnd is None:
        return Verdict("missing_here")
    agreed_vnd = None
    if kind == FactKind.CAPTURED and terms.fee_bps is not None:
        agreed_vnd = (their_vnd * terms.fee_bps + 5_000) // 10_000 + terms.fee_fixed_vnd
    if our_vnd != their_vnd:
        return Verdict("amount_diff", agreed_vnd)
    wrong_fee = agreed_vnd is not None and abs((fee_vnd or 0) - agreed_vnd) > _FEE_ROUNDING_VND
    return Verdict("fee_diff" if wrong_fee else "matched", agreed_vnd)


def compare_daily(db: Database, now: datetime) -> None:
    """Timed job: as `compare`, unwatched."""
    compare(db, now)


def compare(db: Database, now: datetime, progress: Progress = silent) -> int:
    """Look at everything that is new or differed before; returns how many movements were looked at."""
    for done, statement in enumerate((_BY_MOVEMENT, _BY_REFERENCE)):
        progress("names", done, 2)
        with db.write() as session:
            run(session, text(statement))
    with db.read() as session:
        rates = _terms(session)
    looked = _pass(db, "movements here", _facts, lambda session, rows: _add(session, rows, rates, now), progress)
    looked += _pass(db, "movements there", _rows, lambda session, rows: _add(session, rows, rates, now), progress)
    looked += _pass(db, "differences", _open, lambda session, rows: _again(session, rows, rates, now), progress)
    return looked


def _pass(
    db: Database,
    what: str,
    wanted: Callable[[int], Select[Any]],
    act: Callable[[Session, Sequence[Row[Any]]], None],
    progress: Progress,
) -> int:
    with db.read() as session:
        of = session.connection().execute(select(func.count()).select_from(wanted(0).subquery())).scalar_one()
    done, last = 0, 0
    progress(what, 0, of)
    while True:
        with db.read() as session:
            rows = session.connection().execute(wanted(last).limit(_AT_ONCE)).all()
        if not rows:
            return done
        with db.write() as session:
            act(session, rows)
        last, done = rows[-1].seen_id, done + len(rows)
        progress(what, done, max(of, done))


def _facts(after_id: int) -> Select[Any]:
    """Our movements at gateways that no item names yet, with the row that answers them."""
    row, by_fact, by_row = SettlementRow, aliased(ComparisonItem), aliased(ComparisonItem)
    return (
        _columns(col(PaymentFact.id))
        .select_from(PaymentFact)
        .outerjoin(PaymentAttempt, col(PaymentAttempt.id) == PaymentFact.attempt_id)
        .outerjoin(row, col(row.fact_id) == PaymentFact.id)
        .outerjoin(by_fact, col(by_fact.fact_id) == PaymentFact.id)
        .outerjoin(by_row, col(by_row.row_id) == row.id)
        .where(col(PaymentFact.id) > after_id, col(PaymentFact.kind).in_(KINDS), col(PaymentFact.amount_vnd) > 0)
        .where(col(PaymentFact.account).startswith("1120:"), col(by_fact.id).is_(None), col(by_row.id).is_(None))
        .order_by(col(PaymentFact.id))
    )


def _rows(after_id: int) -> Select[Any]:
    """Their movements that none of ours answers and no item names yet."""
    row, item, nothing = SettlementRow, ComparisonItem, PaymentFact
    return (
        _columns(col(row.id))
        .select_from(row)
        .outerjoin(nothing, col(nothing.id) == row.fact_id)
        .outerjoin(PaymentAttempt, col(PaymentAttempt.id) == nothing.attempt_id)
        .outerjoin(item, col(item.row_id) == row.id)
        .where(col(row.id) > after_id, col(row.fact_id).is_(None), col(row.kind) != FEE, col(item.id).is_(None))
        .order_by(col(row.id))
    )


def _open(after_id: int) -> Select[Any]:
    """Items that do not agree yet, with the fact or the row that may have come since."""
    item, own, answer = ComparisonItem, aliased(SettlementRow), aliased(SettlementRow)
    found_row = aliased(SettlementRow)
    row_id = func.coalesce(own.id, answer.id)
    fact_id = func.coalesce(item.fact_id, own.fact_id)
    return (
        _columns(col(item.id), found_row)
        .add_columns(
            *(col(getattr(item, name)).label(f"was_{name}") for name in _JUDGED),
            col(item.day).label("was_day"),
            col(item.kind).label("was_kind"),
            col(item.closed_at).label("was_closed_at"),
        )
        .select_from(item)
        .outerjoin(own, col(own.id) == item.row_id)
        .outerjoin(answer, col(answer.fact_id) == item.fact_id)
        .outerjoin(found_row, col(found_row.id) == row_id)
        .outerjoin(PaymentFact, col(PaymentFact.id) == fact_id)
        .outerjoin(PaymentAttempt, col(PaymentAttempt.id) == PaymentFact.attempt_id)
        .where(col(item.id) > after_id, col(item.state) != "matched")
        .order_by(col(item.id))
    )


_JUDGED = ("fact_id", "row_id", "our_vnd", "their_vnd", "fee_vnd", "agreed_fee_vnd", "state")


def _columns(seen_id: Any, row: type[SettlementRow] = SettlementRow) -> Select[Any]:
    return select(  # type: ignore[call-overload,no-any-return]  # more columns than SQLModel has overloads for
        seen_id.label("seen_id"),
        col(PaymentFact.id).label("fact_id"),
        col(PaymentFact.gateway).label("fact_gateway"),
        col(PaymentFact.kind).label("fact_kind"),
        col(PaymentFact.movement_id).label("fact_movement"),
        col(PaymentFact.amount_vnd).label("our_vnd"),
        col(PaymentFact.occurred_at).label("occurred_at"),
        col(PaymentAttempt.reference).label("fact_reference"),
        col(row.id).label("row_id"),
        col(row.gateway).label("row_gateway"),
        col(row.kind).label("row_kind"),
        col(row.movement_id).label("row_movement"),
        col(row.reference).label("row_reference"),
        col(row.gross_vnd).label("their_vnd"),
        col(row.fee_vnd).label("fee_vnd"),
        col(row.settled_on).label("settled_on"),
    )


def _add(session: Session, rows: Sequence[Row[Any]], rates: dict[str, Terms], now: datetime) -> None:
    items = [_item(row, rates, now) for row in rows]
    if session.get_bind().dialect.name == "sqlite":
        run(session, sqlite.insert(ComparisonItem).on_conflict_do_nothing(), items)
    else:  # one statement with one value, else each row travels alone
        names = ", ".join(items[0])
        rows_of = f"SELECT {names} FROM jsonb_populate_recordset(NULL::comparison_item, CAST(:rows AS jsonb))"  # noqa: S608  our own names
        statement = text(f"INSERT INTO comparison_item ({names}) {rows_of} ON CONFLICT DO NOTHING")
        run(session, statement, {"rows": json.dumps(items, default=str)})


def _item(row: Row[Any], rates: dict[str, Terms], now: datetime) -> dict[str, Any]:
    ours = row.fact_id is not None
    gateway, kind = (row.fact_gateway, row.fact_kind) if ours else (row.row_gateway, row.row_kind)
    day = row.occurred_at.astimezone(VIETNAM).date() if ours else row.settled_on
    return {
        "gateway": gateway,
        "kind": kind,
        "movement_id": row.fact_movement if ours else row.row_movement,
        "reference": (row.fact_reference if ours else "") or row.row_reference or "",
        "day": day,
        "seen_at": now,
        "changed_at": now,
        "note": "",
        **_judged(row, kind, day, rates.get(gateway, Terms()), now),
    }


def _judged(row: Row[Any], kind: str, day: date, terms: Terms, now: datetime) -> dict[str, Any]:
    verdict = judge(kind, row.our_vnd, row.their_vnd, row.fee_vnd, day, terms, now.astimezone(VIETNAM).date())
    told = {"fact_id": row.fact_id, "row_id": row.row_id, "our_vnd": row.our_vnd, "their_vnd": row.their_vnd}
    more = {"fee_vnd": row.fee_vnd, "agreed_fee_vnd": verdict.agreed_fee_vnd, "state": verdict.state}
    return told | more


def _again(session: Session, rows: Sequence[Row[Any]], rates: dict[str, Terms], now: datetime) -> None:
    """Write what became otherwise; another difference than a person closed is open again, its note stays."""
    changed = list(_changed(rows, rates, now))
    if changed:
        table: Any = ComparisonItem.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
        names = (*_JUDGED, "changed_at", "closed_at")
        values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        run(session, update(table).where(table.c.id == bindparam("of_id")).values(**values), changed)


def _changed(rows: Sequence[Row[Any]], rates: dict[str, Terms], now: datetime) -> Iterator[dict[str, Any]]:
    for row in rows:
        gateway = row.fact_gateway or row.row_gateway
        new = _judged(row, row.was_kind, row.was_day, rates.get(gateway, Terms()), now)
        if any(value != getattr(row, f"was_{name}") for name, value in new.items()):
            same = new["state"] == row.was_state
            told = {f"new_{name}": value for name, value in new.items()}
            closed_at = row.was_closed_at if same else None
            yield told | {"of_id": row.seen_id, "new_changed_at": now, "new_closed_at": closed_at}


def _terms(session: Session) -> dict[str, Terms]:
    return {
        it.gateway: Terms(it.fee_bps, it.fee_fixed_vnd, it.settles_after_days)
        for it in session.exec(select(GatewayTerms))
    }
