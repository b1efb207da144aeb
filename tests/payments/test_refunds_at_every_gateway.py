"""At every gateway that gives back, against its simulator: whatever it answers, money goes back once and is booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from payments import asking, ledger, verify
from payments.paying import Payer, begin
from payments.sending import send_refunds_due
from payments.service import refunds_of, request_refund, state_of
from payments.state import State
from payments.till import till_from
from shop.core.db import Database
from shop.settings import Settings
from tests.payments.factories import code_of, make_due
from tests.payments.rogue import rogue
from tests.payments.test_contract_asked import ASKED_VND, GIVING_BACK, agree, given_back_vnd


@pytest.mark.parametrize("how", ["", "answers 500", "breaks off"])
@pytest.mark.parametrize("name", GIVING_BACK)
def test_the_money_goes_back_once(settings: Settings, db: Database, name: str, how: str) -> None:
    now = datetime.now(UTC)
    with rogue(name, settings) as (gateway, ours):
        due = make_due(db, ASKED_VND, name, closes_at=now + timedelta(hours=2))
        url = begin(db, ours, due.subject, Payer("127.0.0.1"), now)
        agree(name, gateway, code_of(db, due), url)
        asking.ask_due(db, till_from(ours), now + timedelta(minutes=2))
        with db.write() as session:
            (refund,) = request_refund(session, due.subject, ASKED_VND, "cancelled", now)
        assert refund.way == name
        gateway.how = how  # it gives back, and nobody hears of it
        send_refunds_due(db, till_from(ours), now)
        gateway.how = ""
        for minutes in (1, 3, 8, 18):
            send_refunds_due(db, till_from(ours), now + timedelta(minutes=minutes))
        with db.read() as session:
            assert [(one.state, one.way) for one in refunds_of(session, due.subject)] == [("sent", name)]
            assert state_of(session, due.subject).state is State.REFUNDED
            assert ledger.balance_vnd(session, f"1120:{name}") == 0
            assert verify.check(session) == []
        assert given_back_vnd(name, gateway) == ASKED_VND
