"""Bank lines whose notification was lost: the sources that have a list are asked for it every few minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from payments.gateway import AskedTooOften, BankLine, CanListSince, GatewaySilent, Malformed, RawRequest, Via
from payments.receive import keep_malformed, receive
from payments.statements.models import StatementCursor
from payments.till import Till
from shop.core.db import Database

log = structlog.get_logger()
AT_ONCE = 100
_MOST_TURNS = 20


def catch_up(db: Database, till: Till, now: datetime) -> None:
    """Timed job: read on where each source was left. One silent source stops no other."""
    for source in till.sources.values():
        if isinstance(source, CanListSince):
            try:
                _read_on(db, till, source, now)
            except AskedTooOften as refused:
                _keep(db, source.code, None, now + timedelta(seconds=refused.wait_s))
            except GatewaySilent as silent:
                log.warning("statement source silent", source=source.code, why=str(silent))
            except Malformed as error:
                log.warning("statement list not understood", source=source.code, why=str(error))
                with db.write() as session:
                    keep_malformed(session, source.code, RawRequest({}, f"list: {error}".encode(), now))


def take_in(db: Database, till: Till, source: str, lines: Sequence[BankLine], now: datetime, via: Via) -> None:
    """Put lines through the inbox, some at a time, so that nobody waits long for the database."""
    for first in range(0, len(lines), AT_ONCE):
        with db.write() as session:
            for line in lines[first : first + AT_ONCE]:
                body = json.dumps(asdict(line), default=str, ensure_ascii=False).encode()
                receive(session, till, source, RawRequest({}, body, now), [line], now, via)


def _read_on(db: Database, till: Till, source: CanListSince, now: datetime) -> None:
    with db.read() as session:
        kept = session.get(StatementCursor, source.code)
    if kept and kept.next_at > now:
        return
    cursor = kept.cursor if kept else ""
    for _ in range(_MOST_TURNS):
        lines, reached = source.list_since(cursor, now)
        take_in(db, till, source.code, lines, now, "query")
        if reached == cursor:
            return
        _keep(db, source.code, reached, now)  # only now: what comes again is taken once, what is skipped never
        cursor = reached


def _keep(db: Database, source: str, cursor: str | None, next_at: datetime) -> None:
    with db.write() as session:
        kept = session.get(StatementCursor, source) or StatementCursor(source=source, next_at=next_at)
        kept.cursor = kept.cursor if cursor is None else cursor
        kept.next_at = next_at
        session.add(kept)
