"""Paying at a gateway's own page: opened over the network, outside every transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from sqlmodel import Session, col, select, update

from payments.books import latest_attempt, lock_due, ready_attempt, record_fact, state_of_due
from payments.gateway import AskedWithSum, Fact, FactKind, GatewayRefused, GatewaySilent, StartPayment
from payments.models import PaymentAttempt, PaymentDue
from payments.till import till_from
from shop.core.db import Database
from shop.core.errors import NotFound, Refusal

if TYPE_CHECKING:
    from shop.settings import Settings

log = structlog.get_logger()
FIRST_CHECK, OPENING = timedelta(minutes=1), timedelta(seconds=10)


class NothingToPay(Refusal):
    """This is paid already, or its method is not paid at a gateway."""


class GatewayBusy(Refusal):
    """The gateway takes no payment now, or keeps too many waiting: another way may be chosen. Facts: method."""


@dataclass(frozen=True)
class Payer:
    """Whom the gateway's page is for."""

    client_ip: str = ""
    lang: Literal["vi", "en"] = "vi"


def begin(db: Database, settings: Settings, subject: str, payer: Payer, now: datetime) -> str:
    """Where the buyer goes to pay what is missing; the same page again while its attempt still stands.

    Without an answer of the gateway that is the due's own page, which says that we are checking; the worker asks.
    Raises NothingToPay, GatewayBusy, NotFound.
    """
    with db.write() as session:
        due, attempt = _attempt(session, subject, now)
        if attempt.pay_url:
            return attempt.pay_url
        if attempt.next_check_at and now - attempt.created_at < OPENING:
            return due.page_path  # a second press while the first is at the gateway
        attempt.created_at = now  # gateways know a payment by the moment it began, too
        attempt.next_check_at = now + FIRST_CHECK  # asked even if we are killed before the answer is kept
        gateway = till_from(settings).gateways.get(due.method)
        asked: object = gateway
        if isinstance(asked, AskedWithSum):
            attempt.provider_ref = asked.asked_with(attempt.amount_vnd)
    if gateway is None:
        raise NothingToPay
    try:
        started = gateway.start(_request(settings, due, attempt, payer, now))
    except GatewaySilent as silent:  # a time-out is not a no: it is asked later
        log.warning("gateway silent", gateway=due.method, why=str(silent))
        return due.page_path
    except GatewayRefused as refused:
        _burn(db, attempt, str(refused), now)
        raise GatewayBusy(method=due.method) from refused
    with db.write() as session:
        kept = session.get_one(PaymentAttempt, attempt.id)
        kept.pay_url, kept.provider_ref = started.action.url, started.provider_ref or kept.provider_ref
    return started.action.url


def give_up(session: Session, subject: str, now: datetime, keep: str = "") -> None:
    """Nobody shall pay at the pages opened so far, but at those of the gateway `keep`: the worker has them closed.

    Money that comes by them nevertheless is taken in as any other.
    """
    due_id = session.exec(select(PaymentDue.id).where(PaymentDue.subject == subject)).one()
    lock_due(session, due_id)  # before its pages, as whoever tells of money does
    still_open = (
        col(PaymentAttempt.due_id) == due_id,
        col(PaymentAttempt.next_check_at).is_not(None),
        col(PaymentAttempt.given_up_at).is_(None),
    )
    pages = update(PaymentAttempt).where(*still_open, col(PaymentAttempt.gateway) != keep)
    session.exec(pages.values(given_up_at=now, next_check_at=now))


def _attempt(session: Session, subject: str, now: datetime) -> tuple[PaymentDue, PaymentAttempt]:
    found = session.exec(select(PaymentDue.id).where(PaymentDue.subject == subject)).first()
    if found is None:
        raise NotFound(subject=subject)
    due = lock_due(session, found)
    if not state_of_due(session, due).missing_vnd:
        raise NothingToPay
    ready_attempt(session, due, now)
    attempt = latest_attempt(session, due)
    if attempt is None:
        raise NothingToPay
    return due, attempt


def _request(settings: Settings, due: PaymentDue, attempt: PaymentAttempt, payer: Payer, now: datetime) -> StartPayment:
    base = f"{settings.base_url}/payments/{due.method}"
    return StartPayment(
        reference=attempt.reference,
        amount_vnd=attempt.amount_vnd,
        expires_at=attempt.expires_at,
        words=f"Cho HTX {due.label}",
        return_url=f"{base}/return/{attempt.reference}",
        notify_url=f"{base}/ipn",
        client_ip=payer.client_ip,
        lang=payer.lang,
        at=attempt.created_at,
        capture_later=due.method in settings.hold_first,
    )


def _burn(db: Database, attempt: PaymentAttempt, code: str, now: datetime) -> None:
    with db.write() as session:
        due = lock_due(session, attempt.due_id)
        refused = Fact(attempt.gateway, f"{attempt.reference}:refused", FactKind.FAILED, 0, now, "query", code=code)
        record_fact(session, refused, now, due, attempt.id)
