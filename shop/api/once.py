"""`Idempotency-Key`: the same key and body get the same answer, however often and however parallel they come."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import bindparam, delete, insert, select, text
from sqlmodel import Session, col

from shop.core.db import Database, run
from shop.core.errors import Invalid, Refusal
from shop.core.prepared import Prepared
from shop.orders.models import Idempotency

KEPT = timedelta(days=30)
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="a fresh random value for each order, the same for each repetition of it; a UUID is good",
    ),
]


class InProgress(Refusal):
    """The first request with this key is still at work. Facts: retry_after_s."""


class KeyUsedForOther(Invalid):
    """This key has already been used for another body."""


@dataclass(frozen=True)
class Asked:
    """One call: what it is for, its key, and what it asks."""

    scope: str
    key: str
    body_hash: str


def asked(scope: str, key: str, body: BaseModel) -> Asked:
    """The call as it is compared: by what the body means, not by how it was spaced."""
    return Asked(scope, key, hashlib.sha256(body.model_dump_json().encode()).hexdigest())


_at_work: set[tuple[str, str, str]] = set()
_guard = threading.Lock()


@contextmanager
def alone(db: Database, call: Asked) -> Iterator[None]:
    """Within the block no other request of this process works on the key. Raises InProgress."""
    mark = (db.url, call.scope, call.key)
    with _guard:
        if mark in _at_work:
            raise InProgress(retry_after_s=1)
        _at_work.add(mark)
    try:
        yield
    finally:
        with _guard:
            _at_work.discard(mark)


def answered(session: Session, call: Asked) -> dict[str, Any] | None:
    """The answer that was given to this key. Raises KeyUsedForOther for another body, InProgress (other process)."""
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
        if not session.execute(lock, {"key": f"{call.scope}:{call.key}"}).scalar_one():
            raise InProgress(retry_after_s=1)
    row = run(session, _KNOWN, {"scope": call.scope, "key": call.key}).one_or_none()
    if row is None:
        return None
    if row.body_hash != call.body_hash:
        raise KeyUsedForOther
    answer: dict[str, Any] = row.answer
    return answer


_known = Idempotency.__table__.c  # type: ignore[attr-defined]  # SQLModel does not declare it
_KNOWN = Prepared(
    select(_known.body_hash, _known.answer).where(_known.scope == bindparam("scope"), _known.key == bindparam("key"))
)


def remember(session: Session, call: Asked, answer: dict[str, Any], order_id: int, now: datetime) -> None:
    """Keep the answer for repetitions, in the transaction that made it true."""
    row = {"scope": call.scope, "key": call.key, "body_hash": call.body_hash, "answer": answer}
    run(session, _INSERT, {**row, "order_id": order_id, "created_at": now})


_INSERT = Prepared(insert(Idempotency.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it


def forget_old_keys(db: Database, now: datetime) -> None:
    """Timed job: answers are kept for a month."""
    with db.write() as session:
        session.execute(delete(Idempotency).where(col(Idempotency.created_at) < now - KEPT))
