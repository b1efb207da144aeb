"""A bank notification comes in: inbox, facts, books and event in one transaction; the answer goes out after its commit.

Whatever is odd about the money (no code, a wrong one, the wrong account) is a row for the operator, never an exception.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from payments import ledger
from payments.books import authorised_event, capture, lock_due, note, record_fact
from payments.content import codes_in, squeeze
from payments.disputes.service import DISPUTES, ask_a_person, take_dispute
from payments.gateway import BankLine, Fact, FactKind, Notice, Outcome, RawRequest, Via
from payments.ledger import Line
from payments.models import InboxRequest, PaymentAttempt, UnmatchedMoney
from payments.refunding import take_refund
from payments.scrubbing import stored
from payments.service import after_dispute
from payments.till import Till
from shop.core.db import insert_once, run
from shop.core.prepared import Prepared

_KEPT_HEADERS = ("content-type", "user-agent", "x-sepay-timestamp")
_OF_AN_ATTEMPT = (
    *(FactKind.STARTED, FactKind.AUTHORISED, FactKind.CAPTURED, FactKind.VOIDED),
    *(FactKind.FAILED, FactKind.EXPIRED, FactKind.CANCELLED),
)
_ODD = (Outcome.UNKNOWN_REF, Outcome.AMOUNT_MISMATCH, Outcome.RECORDED, Outcome.DUPLICATE)  # the oddest answers


def receive(
    session: Session,
    till: Till,
    source: str,
    raw: RawRequest,
    lines: Sequence[BankLine],
    now: datetime,
    via: Via = "ipn",
) -> Outcome:
    """Take in the genuine `lines` of one notification, each once; returns the oddest of their outcomes.

    Lines that were asked for (`via` "query") or uploaded ("statement") come in by the same door.
    """
    outcomes = {_receive_line(session, till, source, raw, line, now, via) for line in lines}
    return next((outcome for outcome in _ODD if outcome in outcomes), Outcome.RECORDED)


def receive_notice(session: Session, source: str, raw: RawRequest, notice: Notice, now: datetime) -> Outcome:
    """Take in what a gateway tells of its own payments, each delivery and each movement once; the oddest outcome."""
    movements = [fact.movement_id for fact in notice.facts]
    if not _into_inbox(session, source, notice.delivery_id, raw, Outcome.RECORDED, movements):
        return Outcome.DUPLICATE
    outcomes = {take_fact(session, fact, now) for fact in notice.facts}
    outcome = next((outcome for outcome in _ODD if outcome in outcomes), Outcome.RECORDED)
    if outcome is not Outcome.RECORDED:
        row = session.exec(select(InboxRequest).where(*_delivery(source, notice.delivery_id))).one()
        row.outcome = outcome
        session.add(row)
    return outcome


def take_fact(session: Session, fact: Fact, now: datetime) -> Outcome:
    """Apply one fact of a gateway to the attempt or the refund it names, whether it was told or asked."""
    if fact.review:
        ask_a_person(session, fact, now)
    if fact.kind in DISPUTES:
        outcome = take_dispute(session, fact, now)
        if fact.kind is FactKind.DISPUTE_WON and outcome is Outcome.RECORDED:
            after_dispute(session, fact.gateway, fact.of_movement, now)
        return outcome
    if fact.refund_id is not None:
        return take_refund(session, fact, now)
    named = (PaymentAttempt.gateway == fact.gateway, PaymentAttempt.reference == fact.reference)
    attempt = session.exec(select(PaymentAttempt).where(*named)).first()
    if attempt is None or fact.kind not in _OF_AN_ATTEMPT:
        return _unknown(session, fact, now)
    lock_due(session, attempt.due_id)  # before anything of the attempt is read or written, as the buyer's page does
    if fact.provider_ref and (fact.kind is FactKind.CAPTURED or not attempt.provider_ref):
        attempt.provider_ref = fact.provider_ref
        session.add(attempt)
    if fact.kind is FactKind.CAPTURED:
        told = {"bank_reference": fact.provider_ref, "pending_event": authorised_event(session, attempt.id)}
        known = capture(session, attempt.due_id, attempt.id, fact, now, **told)
    else:
        known = note(session, attempt, fact, now)
    if known is None:
        return Outcome.DUPLICATE
    short = fact.kind is FactKind.CAPTURED and known.amount_vnd != attempt.amount_vnd
    if short:
        ask_a_person(session, fact, now, "amount")
    return Outcome.AMOUNT_MISMATCH if short else Outcome.RECORDED


def _unknown(session: Session, fact: Fact, now: datetime) -> Outcome:
    """Money under a reference that is not ours to know waits for a person; anything else is only kept in the inbox."""
    if fact.kind is not FactKind.CAPTURED:
        return Outcome.UNKNOWN_REF
    known = record_fact(session, fact, now)
    if known is None:
        return Outcome.DUPLICATE
    lines = [Line(fact.account, fact.amount_vnd), Line(ledger.UNAPPLIED, -fact.amount_vnd)]
    event = f"{fact.gateway}:{fact.movement_id}"
    ledger.post(session, event, "unapplied", lines, now, effective_at=fact.occurred_at)
    session.add(
        UnmatchedMoney(
            fact_id=known.id,
            amount_vnd=fact.amount_vnd,
            reason="unknown",
            account=ledger.UNAPPLIED,
            content=fact.reference,
            bank_reference=fact.movement_id,
            arrived_at=fact.occurred_at,
        )
    )
    return Outcome.UNKNOWN_REF


def keep_malformed(session: Session, source: str, raw: RawRequest) -> None:
    """Keep a genuine notification that nobody can read, for the operator."""
    _into_inbox(session, source, f"sha256:{hashlib.sha256(raw.said).hexdigest()}", raw, Outcome.MALFORMED)


def _receive_line(
    session: Session, till: Till, source: str, raw: RawRequest, line: BankLine, now: datetime, via: Via
) -> Outcome:
    movements = [line.line_id] if line.incoming else []
    if not _into_inbox(session, source, line.line_id, raw, Outcome.RECORDED, movements):
        return Outcome.DUPLICATE
    if not line.incoming:
        return Outcome.RECORDED
    outcome = _book(session, till, source, line, now, via)
    if outcome is not Outcome.RECORDED:
        row = session.exec(select(InboxRequest).where(*_delivery(source, line.line_id))).one()
        row.outcome = outcome
        session.add(row)
    return outcome


def _book(session: Session, till: Till, source: str, line: BankLine, now: datetime, via: Via) -> Outcome:
    ours = bool({line.account_no, line.sub_account} & till.our_accounts)
    attempts = _attempts(session, line)
    if not ours or len(attempts) != 1:
        reason = "wrong_account" if not ours else "several" if attempts else "unknown"
        _park(session, source, line, reason, now, via)
        return Outcome.UNKNOWN_REF
    attempt = attempts[0]
    movement = _movement(source, line, ledger.BANK, via)
    fact = capture(
        session,
        attempt.due_id,
        attempt.id,
        movement,
        now,
        content=line.content,
        bank_reference=line.bank_reference,
    )
    if fact is None:
        return Outcome.DUPLICATE
    return Outcome.RECORDED if fact.amount_vnd == attempt.amount_vnd else Outcome.AMOUNT_MISMATCH


def _attempts(session: Session, line: BankLine) -> list[_Asked]:
    """The attempts that a line names: by the code its source recognised, else by every code in its content.

    Two codes of one due are the same answer; codes of two dues are not for a machine to split.
    """
    by_source = _asked(session, [squeeze(line.code)]) if line.code else []
    return by_source or _asked(session, codes_in(line.content))


def _asked(session: Session, codes: Sequence[str]) -> list[_Asked]:
    found = (run(session, _BY_CODE, {"code": code}).first() for code in codes)
    return list({attempt.due_id: attempt for attempt in sorted(_Asked._make(row) for row in found if row)}.values())


class _Asked(NamedTuple):
    """What a bank line needs to know of an attempt: it never changes."""

    id: int
    due_id: int
    amount_vnd: int


_ATTEMPT: Any = PaymentAttempt.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_BY_CODE = Prepared(
    sa.select(*(_ATTEMPT.c[name] for name in _Asked._fields)).where(_ATTEMPT.c.reference == sa.bindparam("code"))
)


def _park(session: Session, source: str, line: BankLine, reason: str, now: datetime, via: Via) -> None:
    """Book money that nobody can place yet, and put it before the operator."""
    bank = ledger.OTHER_BANK if reason == "wrong_account" else ledger.BANK
    fact = record_fact(session, _movement(source, line, bank, via), now)
    if fact is None:
        return
    lines = [Line(bank, line.amount_vnd), Line(ledger.UNAPPLIED, -line.amount_vnd)]
    ledger.post(session, f"{source}:{line.line_id}", "unapplied", lines, now, effective_at=line.occurred_at)
    session.add(
        UnmatchedMoney(
            fact_id=fact.id,
            amount_vnd=line.amount_vnd,
            reason=reason,
            account=ledger.UNAPPLIED,
            content=line.content,
            bank_reference=line.bank_reference,
            arrived_at=line.occurred_at,
        )
    )


def _movement(source: str, line: BankLine, account: str, via: Via) -> Fact:
    kind = FactKind.CAPTURED
    return Fact(source, line.line_id, kind, line.amount_vnd, line.occurred_at, via, account, line.bank_reference)


def _into_inbox(
    session: Session,
    source: str,
    delivery_id: str,
    raw: RawRequest,
    outcome: Outcome,
    movements: Sequence[str] = (),
) -> bool:
    kept = {name: raw.headers[name] for name in _KEPT_HEADERS if name in raw.headers}
    row = {
        "source": source,
        "delivery_id": delivery_id,
        "headers": json.dumps(kept),
        "body": stored(raw.said),
        "received_at": raw.received_at,
        "outcome": outcome,
        "movements": json.dumps(movements),
    }
    return insert_once(session, InboxRequest, row, ["source", "delivery_id"])


def _delivery(source: str, delivery_id: str) -> tuple[bool, bool]:
    return InboxRequest.source == source, InboxRequest.delivery_id == delivery_id


def unreadable(session: Session, most: int = 20) -> list[InboxRequest]:
    """Genuine notifications that nobody could read, newest first: money may be behind them."""
    wanted = select(InboxRequest).where(InboxRequest.outcome == Outcome.MALFORMED)
    return list(session.exec(wanted.order_by(col(InboxRequest.id).desc()).limit(most)))
