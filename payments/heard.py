"""What was told to us, word for word, as the operator reads it: without proofs, and with account numbers covered."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlmodel import Session, col, func, select

from payments.gateway import Outcome
from payments.models import InboxRequest, PaymentDue, PaymentFact
from payments.scrubbing import COVERED, LONG, NUMBER, PROOF, cover
from shop.core.errors import NotFound

PAGE, MOST_UNREAD = 50, 20


@dataclass(frozen=True)
class Heard:
    """A request, and the orders for which its money came."""

    request: InboxRequest
    movements: list[PaymentFact]
    labels: list[str]


@dataclass(frozen=True)
class Said:
    """One request to be read: its headers and its body, covered; the body is None when it was forgotten."""

    heard: Heard
    headers: dict[str, str]
    body: str | None


def requests(session: Session, source: str = "", outcome: str = "", before: int | None = None) -> list[Heard]:
    """The newest requests. Those that nobody could read stand before all others, on the first page."""
    wanted = select(InboxRequest).order_by(col(InboxRequest.id).desc())
    if source:
        wanted = wanted.where(InboxRequest.source == source)
    unread = wanted.where(InboxRequest.outcome == Outcome.MALFORMED).limit(MOST_UNREAD)
    urgent = [] if outcome or before is not None else session.exec(unread).all()
    wanted = wanted.where(InboxRequest.outcome == outcome if outcome else InboxRequest.outcome != Outcome.MALFORMED)
    if before is not None:
        wanted = wanted.where(col(InboxRequest.id) < before)
    return _with_money(session, [*urgent, *session.exec(wanted.limit(PAGE))])


def sources(session: Session) -> list[str]:
    """Who has told us anything."""
    return list(session.exec(select(InboxRequest.source).distinct().order_by(InboxRequest.source)))


def count_unreadable(session: Session) -> int:
    """How many genuine requests nobody could read."""
    mine = InboxRequest.outcome == Outcome.MALFORMED
    return session.exec(select(func.count()).select_from(InboxRequest).where(mine)).one()


def said(session: Session, request_id: int) -> Said:
    """One request. Raises NotFound."""
    request = session.get(InboxRequest, request_id)
    if request is None:
        raise NotFound(request_id=request_id)
    (heard,) = _with_money(session, [request])
    headers = json.loads(request.headers) if request.headers else {}
    body = request.body.decode("utf-8", "replace") if request.headers else None
    return Said(heard, headers, None if body is None else covered(body))


def covered(body: str) -> str:
    """A body as it may be read: proofs gone, of long numbers the last four digits."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        pairs = parse_qsl(body, keep_blank_values=True) if "=" in body else []
        if not pairs:
            return LONG.sub(cover, body)
        told = dict(pairs)
    return json.dumps(_scrub(told), ensure_ascii=False, indent=1)


def _scrub(told: Any, name: str = "") -> Any:
    if isinstance(told, dict):
        return {key: _scrub(value, str(key)) for key, value in told.items()}
    if isinstance(told, list):
        return [_scrub(value, name) for value in told]
    if told and PROOF.search(name):
        return COVERED
    if NUMBER.search(name) and not isinstance(told, bool) and re.fullmatch(r"[0-9 .-]{5,}", str(told)):
        return COVERED + str(told)[-4:]
    return LONG.sub(cover, told) if isinstance(told, str) else told


def _with_money(session: Session, rows: Sequence[InboxRequest]) -> list[Heard]:
    named = {row.id: json.loads(row.movements or "[]") for row in rows}
    ids = {movement for movements in named.values() for movement in movements}
    wanted = (
        select(PaymentFact, PaymentDue.label)
        .outerjoin(PaymentDue, col(PaymentDue.id) == PaymentFact.due_id)
        .where(col(PaymentFact.movement_id).in_(ids))
    )
    found = [(fact, label) for fact, label in session.exec(wanted)] if ids else []
    heard: list[Heard] = []
    for row in rows:
        mine = [pair for pair in found if pair[0].gateway == row.source and pair[0].movement_id in named[row.id]]
        heard.append(Heard(row, [fact for fact, _ in mine], sorted({label for _, label in mine if label})))
    return heard
