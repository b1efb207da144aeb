"""What a voucher of the market took off: the seller is paid whole, refunds return each part to whoever paid it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from payments import ledger, verify
from payments import service as payments
from payments.earnings.models import Earning
from payments.earnings.service import GIFTS, Sale, earn, release
from payments.gateway import Fact, FactKind
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import take_fact
from shop.core.db import Database

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
_number = count(1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paid_vnd=st.integers(1_000, 10**8),
    gift_percent=st.integers(1, 100),
    commission_bp=st.integers(0, 3_000),
    refunds=st.lists(st.integers(1, 100), max_size=4),
    released_after=st.integers(0, 4),
)
def test_in_any_history_of_refunds_every_part_returns_to_whoever_paid_it(
    db: Database, paid_vnd: int, gift_percent: int, commission_bp: int, refunds: list[int], released_after: int
) -> None:
    number = next(_number)
    subject, seller, parcel = f"order:{number}", f"coop:{number}", f"parcel:{number}"
    gift_vnd = paid_vnd * gift_percent // 100
    commission_vnd = (paid_vnd + gift_vnd) * commission_bp // 10_000
    with db.write() as session:
        was_vnd = ledger.balance_vnd(session, GIFTS)
        payments.open_due(session, subject, paid_vnd, "momo", None, NOW)
        due = select(PaymentAttempt.reference).join(PaymentDue).where(PaymentDue.subject == subject)
        reference = session.exec(due).one()
        fact = Fact("momo", subject, FactKind.CAPTURED, paid_vnd, NOW, "ipn", "1120:momo", reference=reference)
        take_fact(session, fact, NOW)
        earn(session, Sale(seller, subject, "ABC", parcel, paid_vnd, 0, commission_vnd, NOW, gift_vnd), NOW)
        earning = session.exec(select(Earning).where(Earning.parcel == parcel)).one()
        assert earning.net_vnd == paid_vnd + gift_vnd - commission_vnd  # as without the voucher
        for at, percent in enumerate([*refunds, 100]):
            if at == released_after:
                release(session, earning.id, NOW)
            if back_vnd := earning.left_vnd * percent // 100:
                payments.request_refund(session, subject, back_vnd, "claim", NOW, parcel=parcel)
            assert verify.check(session) == []
            assert 0 <= earning.returned_gift_vnd <= gift_vnd
        assert (earning.left_vnd, earning.returned_vnd, earning.kept_vnd) == (0, earning.gross_vnd, 0)
        assert ledger.balance_vnd(session, GIFTS) == was_vnd
