"""The three-way comparison: how long 100,000 movements of one gateway take beside its settlement files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from payments.comparison.compare import compare
from payments.comparison.models import ComparisonItem, SettlementBatch, SettlementFile, SettlementRow
from payments.models import PaymentAttempt, PaymentDue, PaymentFact
from shop import migrations
from shop.core.db import Database, run
from shop.core.progress import shown
from tests.bench.stand import Line
from tests.servers import NotAvailable, postgresql

MOVEMENTS, LIMIT_S = 100_000, 30.0
ODD_EVERY = 500  # one in so many is missing there, one is named by our reference only, one has another sum
_AT_ONCE = 10_000
_NOON = datetime(2026, 11, 18, 5, tzinfo=UTC)


def bench_comparison(movements: int = MOVEMENTS) -> list[Line]:
    """Seconds for the first comparison, and for the next when nothing is new; on both kinds of database."""
    with tempfile.TemporaryDirectory() as folder:
        lines = _bench("SQLite", f"sqlite:///{Path(folder) / 'chohtx.sqlite'}", movements)
    try:
        with postgresql() as server:
            return lines + _bench("PostgreSQL", server, movements)
    except NotAvailable as reason:
        return [*lines, Line(f"comparison: PostgreSQL skipped, {reason}")]


def _bench(name: str, url: str, movements: int) -> list[Line]:
    db = Database(url)
    migrations.upgrade(db)
    fill(db, movements)
    with shown() as progress:
        first_s, again_s = _timed(db, progress), _timed(db, progress)
    found = _found(db)
    db.close()
    odd = movements // ODD_EVERY
    right = found == {"matched": movements - 2 * odd, "missing_there": odd, "amount_diff": odd}
    told = ", ".join(f"{state} {count:,}" for state, count in sorted(found.items()))
    words = f"comparison: {name}, {movements:,} movements in {first_s:.1f} s, limit {LIMIT_S:.0f} s"
    return [
        Line(words, first_s <= LIMIT_S),
        Line(f"comparison: {name}, again with nothing new in {again_s:.2f} s; {told}", right),
    ]


def fill(db: Database, movements: int) -> None:
    """Paid dues and the rows of the files that name them."""
    with db.write() as session:
        file = SettlementFile(gateway="momo", digest="x", name="momo.csv", uploaded_at=_NOON, uploaded_by=1)
        session.add(file)
        session.flush()
        batch = SettlementBatch(
            file_id=file.id,
            gateway="momo",
            batch_ref="P1",
            settled_on=_NOON.date(),
            cleared_vnd=0,
            fee_vnd=0,
            net_vnd=0,
            row_count=movements,
        )
        session.add(batch)
        session.flush()
        batch_id = batch.id
    for first in range(1, movements + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, movements + 1))
        with db.write() as session:
            for model, rows in _rows(numbers, batch_id):
                run(session, model.__table__.insert(), rows)


def _rows(numbers: range, batch_id: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    yield PaymentDue, [_due(number) for number in numbers]
    yield PaymentAttempt, [_attempt(number) for number in numbers]
    yield PaymentFact, [_fact(number) for number in numbers]
    yield SettlementRow, [_row(number, batch_id) for number in numbers if number % ODD_EVERY != 1]


def _due(number: int) -> dict[str, Any]:
    named = {"id": number, "subject": f"order:{number}", "label": f"D{number}", "page_path": "", "method": "momo"}
    return named | {"amount_vnd": _sum(number), "created_at": _NOON}


def _attempt(number: int) -> dict[str, Any]:
    named = {"id": number, "due_id": number, "gateway": "momo", "reference": f"HTX{number}"}
    return named | {"amount_vnd": _sum(number), "provider_ref": "", "pay_url": "", "checks": 0, "created_at": _NOON}


def _fact(number: int) -> dict[str, Any]:
    named = {"due_id": number, "attempt_id": number, "gateway": "momo", "movement_id": f"{4 * 10**9 + number}"}
    sums = {"kind": "captured", "amount_vnd": _sum(number), "applied_vnd": _sum(number), "account": "1120:momo"}
    at = _NOON - timedelta(seconds=number)
    return named | sums | {"occurred_at": at, "recorded_at": _NOON, "via": "ipn", "code": "0"}


def _row(number: int, batch_id: int) -> dict[str, Any]:
    gross_vnd = _sum(number) - (1_000 if number % ODD_EVERY == 2 else 0)
    name = f"PORTAL{number}" if number % ODD_EVERY == 3 else f"{4 * 10**9 + number}"
    named = {"batch_id": batch_id, "gateway": "momo", "kind": "captured", "movement_id": name}
    sums = {"gross_vnd": gross_vnd, "fee_vnd": 2_000, "net_vnd": gross_vnd - 2_000}
    return named | sums | {"reference": f"HTX{number}", "settled_on": _NOON.date()}


def _sum(number: int) -> int:
    return 50_000 + number % 900 * 1_000


def _timed(db: Database, progress: Any) -> float:
    begun = time.perf_counter()
    compare(db, _NOON + timedelta(days=5), progress)
    return time.perf_counter() - begun


def _found(db: Database) -> dict[str, int]:
    with db.read() as session:
        wanted = select(ComparisonItem.state, func.count()).group_by(col(ComparisonItem.state))
        return dict(session.exec(wanted).all())
