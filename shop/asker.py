"""The timed jobs that ask others over the network: gateways, banks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments import asking, sending
from payments.holds import settling
from payments.statements.catching_up import catch_up
from payments.till import till_from
from shop.core.db import Database
from shop.settings import Settings
from shop.worker import Job


def asking_jobs(settings: Settings) -> Sequence[Job]:
    """In a thread of their own: a gateway that keeps us waiting must not keep messages waiting."""

    def ask_gateways(db: Database, now: datetime) -> None:
        asking.ask_due(db, till_from(settings), now)

    def send_refunds(db: Database, now: datetime) -> None:
        sending.send_refunds_due(db, till_from(settings), now)

    def settle_holds(db: Database, now: datetime) -> None:
        settling.settle_due(db, till_from(settings), now)

    def read_statements(db: Database, now: datetime) -> None:
        catch_up(db, till_from(settings), now)

    return (
        Job("ask-gateways", 5, ask_gateways),
        Job("send-refunds", 5, send_refunds),
        Job("settle-holds", 5, settle_holds),
        Job("read-statements", 300, read_statements),
    )
