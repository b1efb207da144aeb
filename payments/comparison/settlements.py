"""Settlement files: looked at, then taken in, each row once; and what was agreed with the gateway that wrote them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select, update

from payments.comparison.files import Movement, Row, Settlement
from payments.comparison.models import GatewayTerms, SettlementBatch, SettlementFile, SettlementRow
from payments.statements.columns import Mapping
from shop.core.audit import audit
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal

GATEWAYS = ("momo", "zalopay", "vnpay", "shopeepay", "viettel", "stripe", "payos")
_AT_ONCE = 5_000
_NO_TERMS = {"columns": {}, "fee_fixed_vnd": 0, "settles_after_days": 1}


class FileTakenIn(Refusal):
    """This file was taken in before."""


@dataclass(frozen=True)
class Preview:
    """A file before it is taken in: what is new, known already, or changed since (row, what we have)."""

    settlement: Settlement
    new: list[Movement]
    known: int
    changed: list[tuple[Movement, SettlementRow]]
    problems: list[Row]


def remembered(session: Session, gateway: str) -> Mapping | None:
    """Which column meant what in the gateway's last file."""
    known = session.get(GatewayTerms, gateway)
    return known.columns if known and known.columns else None


def upload(
    session: Session, gateway: str, name: str, content: bytes, columns: Mapping, person: Person, now: datetime
) -> int:
    """Keep a file that was read by `columns`, to be looked at; the same file again is the same row. Raises NotFound."""
    if gateway not in GATEWAYS:
        raise NotFound(gateway=gateway)
    insert_once(session, GatewayTerms, {"gateway": gateway, **_NO_TERMS}, ["gateway"])
    row = {
        "gateway": gateway,
        "digest": hashlib.sha256(content).hexdigest(),
        "name": name[:200],
        "content": content,
        "columns": columns,
        "uploaded_at": now,
        "uploaded_by": person.id,
        "row_count": 0,
    }
    mine = (col(SettlementFile.gateway) == gateway, col(SettlementFile.digest) == row["digest"])
    if not insert_once(session, SettlementFile, row, ["gateway", "digest"]):  # perhaps read by other columns now
        waits = col(SettlementFile.taken_at).is_(None)
        run(session, update(SettlementFile).where(*mine, waits).values(columns=columns))
    return session.exec(select(SettlementFile.id).where(*mine)).one()


def file_of(session: Session, file_id: int) -> SettlementFile:
    """One file. Raises NotFound."""
    file = session.get(SettlementFile, file_id)
    if file is None:
        raise NotFound(file_id=file_id)
    return file


def preview(session: Session, gateway: str, settlement: Settlement) -> Preview:
    """What taking this file of a gateway in would do."""
    known = _known(session, gateway, settlement.movements)
    new: dict[tuple[str, str], Movement] = {}
    changed, same = [], 0
    for it in settlement.movements:
        name = (it.kind, it.movement_id)
        before = known.get(name) or new.get(name)
        if before is None:
            new[name] = it
        elif (before.gross_vnd, before.fee_vnd) == (it.gross_vnd, it.fee_vnd):
            same += 1
        elif isinstance(before, SettlementRow):
            changed.append((it, before))
    problems = [row for row in settlement.rows if row.problem]
    return Preview(settlement, list(new.values()), same, changed, problems)


def take_in(session: Session, file_id: int, settlement: Settlement, person: Person, now: datetime) -> int:
    """Keep every new row, in its batch; returns how many. What is known already changes nothing.

    Raises FileTakenIn, NotFound.
    """
    gateway = file_of(session, file_id).gateway
    _lock_gateway(session, gateway)
    told = preview(session, gateway, settlement)
    mine = (col(SettlementFile.id) == file_id, col(SettlementFile.taken_at).is_(None))
    values = {"taken_at": now, "row_count": len(told.new), "content": b""}
    if run(session, update(SettlementFile).where(*mine).values(**values)).rowcount == 0:
        raise FileTakenIn(file_id=file_id)
    file = session.get_one(SettlementFile, file_id, populate_existing=True)
    run(session, update(GatewayTerms).where(col(GatewayTerms.gateway) == file.gateway).values(columns=file.columns))
    batches: dict[str, list[Movement]] = defaultdict(list)
    for movement in told.new:
        batches[movement.batch_ref].append(movement)
    for ref, movements in batches.items():
        _add_batch(session, file, ref, movements)
    audit(
        session, person, "settlement file", f"settlement:{file_id}", "", {"name": file.name, "rows": len(told.new)}, now
    )
    return len(told.new)


def files(session: Session, most: int = 30) -> list[SettlementFile]:
    """The newest first."""
    return list(session.exec(select(SettlementFile).order_by(col(SettlementFile.id).desc()).limit(most)))


def set_terms(
    session: Session, gateway: str, fee_bps: int | None, fee_fixed_vnd: int, days: int, person: Person, now: datetime
) -> None:
    """What was agreed with a gateway: fee in hundredths of a percent and a fixed part, days until it pays out."""
    if gateway not in GATEWAYS:
        raise NotFound(gateway=gateway)
    insert_once(session, GatewayTerms, {"gateway": gateway, **_NO_TERMS}, ["gateway"])
    terms = session.get_one(GatewayTerms, gateway)
    before = {"fee_bps": terms.fee_bps, "fee_fixed_vnd": terms.fee_fixed_vnd, "days": terms.settles_after_days}
    terms.fee_bps, terms.fee_fixed_vnd, terms.settles_after_days = fee_bps, fee_fixed_vnd, days
    session.add(terms)
    after = {"fee_bps": fee_bps, "fee_fixed_vnd": fee_fixed_vnd, "days": days}
    audit(session, person, "gateway terms", f"gateway:{gateway}", before, after, now)


def terms(session: Session) -> dict[str, GatewayTerms]:
    """What was agreed with each gateway that has terms."""
    return {it.gateway: it for it in session.exec(select(GatewayTerms))}


def _lock_gateway(session: Session, gateway: str) -> None:
    """Two files of one gateway are taken in one after the other, so that each row of both counts once."""
    session.exec(select(GatewayTerms).where(GatewayTerms.gateway == gateway).with_for_update()).one()


def _known(
    session: Session, gateway: str, movements: Sequence[Movement]
) -> dict[tuple[str, str], SettlementRow | Movement]:
    known: dict[tuple[str, str], SettlementRow | Movement] = {}
    for some in _batched(list({it.movement_id for it in movements}), 500):
        wanted = select(SettlementRow).where(SettlementRow.gateway == gateway, col(SettlementRow.movement_id).in_(some))
        known.update({(row.kind, row.movement_id): row for row in session.exec(wanted)})
    return known


def _add_batch(session: Session, file: SettlementFile, ref: str, movements: list[Movement]) -> None:
    mine = (SettlementBatch.gateway == file.gateway, SettlementBatch.batch_ref == ref)
    parts = session.exec(select(func.count()).select_from(SettlementBatch).where(*mine)).one()
    cleared_vnd = sum(it.cleared_vnd for it in movements)
    fee_vnd = sum(it.own_fee_vnd for it in movements)
    batch = SettlementBatch(
        file_id=file.id,
        gateway=file.gateway,
        batch_ref=ref,
        part=parts + 1,
        settled_on=max(it.settled_on for it in movements),
        cleared_vnd=cleared_vnd,
        fee_vnd=fee_vnd,
        net_vnd=cleared_vnd - fee_vnd,
        row_count=len(movements),
    )
    session.add(batch)
    session.flush()
    for some in _batched(movements, _AT_ONCE):
        rows = [
            {name: getattr(it, name) for name in _ROW} | {"batch_id": batch.id, "gateway": file.gateway} for it in some
        ]
        run(session, SettlementRow.__table__.insert(), rows)  # type: ignore[attr-defined]  # SQLModel does not declare it


_ROW = ("kind", "movement_id", "reference", "gross_vnd", "fee_vnd", "net_vnd", "settled_on")


def _batched(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
