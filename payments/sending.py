"""Refunds leave by themselves through the gateway that took the money; called over the network, in no transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session, col, select, update

from payments.asking import BACK_OFF, HOURLY
from payments.gateway import CanRefund, Fact, GatewayRefused, GatewaySilent, Paid
from payments.models import PaymentAttempt, PaymentFact, Refund
from payments.refunding import TRANSFER, by_transfer, take_refund
from payments.till import Till
from shop.core.db import Database

log = structlog.get_logger()
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_AT_ONCE = 20


def send_refunds_due(db: Database, till: Till, now: datetime) -> int:
    """Send every refund whose turn it is, ask about those under way; returns how many. A silent gateway stops no other.

    What is sent is marked before, so that a process killed in between asks afterwards instead of sending twice.
    """
    with db.read() as session:
        turn = (col(Refund.next_check_at) <= now, Refund.way != TRANSFER)
        refunds = session.exec(select(Refund).where(*turn).order_by(col(Refund.next_check_at)).limit(_AT_ONCE)).all()
    silent: set[str] = set()
    for refund in refunds:
        gateway: object = till.gateways.get(refund.way)
        if isinstance(gateway, CanRefund):
            if refund.way not in silent and not _send(db, gateway, refund, now):
                silent.add(refund.way)
        elif refund.state == "requested":
            with db.write() as session:
                _by_transfer(session, refund.id, "", now)
        else:  # it may have been sent before this gateway was taken out of the settings
            _put_off(db, refund.way, now, HOURLY)
    for way in silent:
        _put_off(db, way, now, BACK_OFF[0])
    return len(refunds)


def _put_off(db: Database, way: str, now: datetime, wait: timedelta) -> None:
    """What waits for this gateway stands in nobody else's way until then."""
    with db.write() as session:
        due = (col(Refund.way) == way, col(Refund.next_check_at) <= now)
        session.exec(update(Refund).where(*due).values(next_check_at=now + wait))


def _send(db: Database, gateway: CanRefund, before: Refund, now: datetime) -> bool:
    """One call about one refund; False when the gateway gave no usable answer."""
    with db.write() as session:
        claimed = _claim(session, before, now)
    if claimed is None:
        return True
    refund, paid = claimed
    try:
        facts = _call(gateway, refund, paid, now, is_new=before.state == "requested")
    except GatewayRefused as refused:
        with db.write() as session:
            _by_transfer(session, refund.id, str(refused), now)
        return True
    except GatewaySilent as reason:
        log.warning("gateway silent", gateway=refund.way, refund=refund.gateway_id, why=str(reason))
        return False
    except Exception:  # an adapter's own mistake must not keep all others from being sent
        log.exception("refund not sent", gateway=refund.way, refund=refund.gateway_id)
        return False
    with db.write() as session:
        for fact in facts:
            take_refund(session, fact, now)
    return True


def _call(gateway: CanRefund, refund: Refund, paid: Paid, now: datetime, *, is_new: bool) -> Sequence[Fact]:
    """A new refund is sent; one that may have been sent is asked about, and sent again only if it is not known there.

    Only where the same id never pays twice, that is, and after the gateway has answered. Raises GatewayRefused,
    GatewaySilent.
    """
    facts = () if is_new else gateway.query_refund(refund.gateway_id, paid, now)
    if facts or not (is_new or gateway.refund_again):
        return facts
    return gateway.refund(refund.gateway_id, paid, refund.amount_vnd, "Cho HTX hoan tien", now)


def _claim(session: Session, before: Refund, now: datetime) -> tuple[Refund, Paid] | None:
    """Mark the refund as being sent, once whoever else tries; None when somebody has."""
    is_new = before.state == "requested"
    tries, checks = (before.tries + 1, 0) if is_new else (before.tries, before.checks + 1)
    wait = BACK_OFF[checks] if checks < len(BACK_OFF) else HOURLY
    values = {"state": "sending", "tries": tries, "checks": checks, "next_check_at": now + wait}
    if is_new:
        day = now.astimezone(_VIETNAM).strftime("%y%m%d")
        values["gateway_id"] = f"{day}-R{before.id}" + (f"-{tries}" if tries > 1 else "")
    as_it_was = (
        col(Refund.id) == before.id,
        col(Refund.state) == before.state,
        col(Refund.way) == before.way,
        col(Refund.next_check_at) == before.next_check_at,
    )
    if session.exec(update(Refund).where(*as_it_was).values(**values)).rowcount == 0:
        return None
    refund = session.get_one(Refund, before.id, populate_existing=True)
    return refund, _paid(session, refund)


def _paid(session: Session, refund: Refund) -> Paid:
    movement = session.get_one(PaymentFact, refund.fact_id)
    attempt = session.get_one(PaymentAttempt, movement.attempt_id)
    return Paid(attempt.reference, attempt.provider_ref, movement.movement_id, movement.amount_vnd, attempt.created_at)


def _by_transfer(session: Session, refund_id: int, why: str, now: datetime) -> None:
    """Unless the gateway told in the meantime that it is done."""
    locked = select(Refund).where(Refund.id == refund_id, Refund.state != "sent").with_for_update()
    if refund := session.exec(locked).first():
        by_transfer(session, refund, why, now)
