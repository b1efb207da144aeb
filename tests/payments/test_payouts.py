"""Co-ops are paid once, to the đồng, and what bounces is paid again."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import count
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from sqlmodel import col, select

from payments import ledger
from payments.earnings.models import Earning
from payments.earnings.service import Balances, balances, release_due
from payments.payouts import accounts, service
from payments.payouts.accounts import AccountDecided, AccountIncomplete, AgreedByProposer, Details
from payments.payouts.models import PayoutAccount, PayoutLeftOut, PayoutRow
from payments.payouts.service import Limits, NobodyToPay, NotReleased, PayoutMoved, ReleasedByStarter
from payments.verify import check
from shop.core.audit import AuditEntry
from shop.core.db import Database
from tests.payments.factories import COLLEAGUE, OPERATOR
from tests.payments.many import many
from tests.payments.payouts import (
    BANK,
    NOW,
    cash_sale,
    earned,
    owes,
    payable,
    refund,
    run_it,
    settlements,
    with_account,
)

COOP, OTHER = "coop:7", "coop:8"
STEPS = ["parcel", "parcel", "refund", "cash", "run", "run", "sent", "bounced"]
_example = count(100)


def stands(db: Database, seller: str = COOP) -> Balances:
    with db.read() as session:
        assert check(session) == []
        return balances(session, seller)


def rows_of(db: Database, settlement_id: int) -> list[tuple[str, int]]:
    with db.read() as session:
        wanted = select(PayoutRow).where(PayoutRow.settlement_id == settlement_id).order_by(col(PayoutRow.id))
        return [(row.kind, row.amount_vnd) for row in session.exec(wanted)]


def send(db: Database, settlement_id: int, reference: str = "FT1") -> None:
    with db.write() as session:
        service.mark_sent(session, settlement_id, reference, OPERATOR, NOW)


def bounce(db: Database, settlement_id: int) -> None:
    with db.write() as session:
        service.mark_bounced(session, settlement_id, "Sai tên người nhận", OPERATOR, NOW)


def look_at_account(db: Database, account_id: int) -> None:
    with db.write() as session:
        accounts.checked(session, account_id, COLLEAGUE, NOW)


def press_elsewhere(url: str, key: str) -> bool:
    """Another process with a Database of its own presses the button; whether it was the one that paid."""
    db = Database(url)
    try:
        run_it(db, key)
    except NobodyToPay:
        return False
    finally:
        db.close()
    return True


class TestARunPays:
    def test_every_co_op_its_earnings_in_one_settlement(self, db: Database) -> None:
        for seller in (COOP, OTHER):
            with_account(db, seller)
            payable(db, seller)
        payable(db, COOP, 100_000, 5_000)
        earned(db, COOP, 500_000)  # claims still possible

        run = run_it(db)

        mine, others = settlements(db)
        assert (run.total_vnd, mine.amount_vnd, others.amount_vnd) == (475_000, 285_000, 190_000)
        assert rows_of(db, mine.id) == [("earning", 190_000), ("earning", 95_000)]
        assert stands(db) == Balances(490_000, 0, 285_000, 0, 0)

    def test_nothing_twice_and_a_second_run_has_nobody_to_pay(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        assert run_it(db).id == run_it(db).id
        with pytest.raises(NobodyToPay):
            run_it(db, "another press")
        assert len(settlements(db)) == 1

    def test_those_left_out_are_named_with_the_reason(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        payable(db, "coop:1")  # no account
        with_account(db, "coop:2")
        payable(db, "coop:2", 50_000, 1_000)  # 49,000
        returned = with_account(db, "coop:3")
        payable(db, "coop:3")
        with db.write() as session:
            session.get_one(PayoutAccount, returned).needs_check = True

        run_it(db)

        with db.read() as session:
            left_out = {it.seller: it.reason for it in session.exec(select(PayoutLeftOut))}
        assert left_out == {"coop:1": "no_account", "coop:2": "below_least", "coop:3": "account_to_check"}

    def test_cash_that_the_co_op_holds_is_netted_first_then_its_debt(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        cash_sale(db, COOP, 60_000)
        owes(db, COOP, 30_000)

        run_it(db)

        assert settlements(db)[0].amount_vnd == 190_000 + 60_000 - 60_000 - 30_000
        assert rows_of(db, 1) == [("earning", 190_000), ("earning", 60_000), ("cash", -60_000), ("debt", -30_000)]
        assert stands(db) == Balances(0, 0, 160_000, 0, 0)

    def test_cash_that_covers_everything_leaves_the_co_op_out(self, db: Database) -> None:
        with_account(db, COOP)
        cash_sale(db, COOP, 60_000)
        with db.read() as session:
            assert [it.reason for it in service.prospects(session, NOW, 50_000)] == ["own_cash"]
        with pytest.raises(NobodyToPay):
            run_it(db)

    def test_a_refund_from_the_payable_balance_is_a_row(self, db: Database) -> None:
        with_account(db, COOP)
        parcel = payable(db, COOP)
        refund(db, parcel, 100_000)
        run_it(db)
        assert rows_of(db, 1) == [("earning", 190_000), ("refund", -95_000)]
        assert stands(db).on_the_way_vnd == 95_000

    def test_a_refund_after_the_payout_is_a_debt_that_the_next_one_nets(self, db: Database) -> None:
        with_account(db, COOP)
        parcel = payable(db, COOP)
        run_it(db)
        send(db, 1)
        refund(db, parcel, 100_000)
        assert stands(db) == Balances(0, 0, 0, 95_000, 0)
        payable(db, COOP)
        run_it(db, "next week")
        assert rows_of(db, 2) == [("earning", 190_000), ("debt", -95_000)]
        assert stands(db) == Balances(0, 0, 95_000, 0, 0)


class TestSending:
    def test_sent_leaves_the_bank_once(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        run_it(db)
        send(db, 1, "FT26326")
        with pytest.raises(PayoutMoved):
            send(db, 1)
        assert stands(db) == Balances(0, 0, 0, 0, 0)
        with db.read() as session:
            assert ledger.balance_vnd(session, ledger.BANK) == -190_000
        assert settlements(db)[0].reference == "FT26326"

    def test_the_whole_file_at_once_but_no_voucher(self, db: Database) -> None:
        with_account(db, COOP)
        with_account(db, OTHER, Details("voucher", "Trần Văn Tám"))
        payable(db, COOP)
        payable(db, OTHER)
        run_it(db)
        with db.write() as session:
            assert service.mark_all_sent(session, 1, "LO26", OPERATOR, NOW) == 1
        assert [it.state for it in settlements(db)] == ["sent", "ordered"]

    def test_above_the_limit_a_second_person_releases_the_run(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP, 6_000_000)
        run_it(db)
        with pytest.raises(NotReleased):
            send(db, 1)
        with pytest.raises(ReleasedByStarter), db.write() as session:
            service.release(session, 1, OPERATOR, NOW)
        with db.write() as session:
            service.release(session, 1, COLLEAGUE, NOW)
        with pytest.raises(PayoutMoved), db.write() as session:
            service.release(session, 1, COLLEAGUE, NOW)
        send(db, 1)
        assert stands(db).on_the_way_vnd == 0


class TestBouncing:
    @pytest.mark.parametrize("was_sent", [False, True])
    def test_it_is_payable_again_and_the_next_run_pays_it(self, db: Database, was_sent: bool) -> None:
        account = with_account(db, COOP)
        payable(db, COOP)
        cash_sale(db, COOP, 60_000)
        run_it(db)
        if was_sent:
            send(db, 1)
        bounce(db, 1)
        assert stands(db) == Balances(0, 190_000, 0, 0, 0)
        with pytest.raises(NobodyToPay):  # the account is to be looked at first
            run_it(db, "too early")
        look_at_account(db, account)

        run_it(db, "again")

        assert sorted(rows_of(db, 2)) == sorted(rows_of(db, 1))
        send(db, 2)
        assert stands(db) == Balances(0, 0, 0, 0, 0)
        with db.read() as session:
            assert ledger.balance_vnd(session, ledger.BANK) == -190_000

    def test_only_once(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        run_it(db)
        bounce(db, 1)
        with pytest.raises(PayoutMoved):
            bounce(db, 1)
        with pytest.raises(PayoutMoved):
            send(db, 1)
        assert stands(db).payable_vnd == 190_000


class TestAtOnce:
    def test_the_same_press_sixteen_times_is_one_run(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        with ThreadPoolExecutor(8) as pool:
            runs = set(pool.map(lambda _: run_it(db).id, range(16)))
        assert len(runs) == 1
        assert [it.amount_vnd for it in settlements(db)] == [190_000]
        assert stands(db).on_the_way_vnd == 190_000

    def test_eight_people_at_once_pay_once(self, db: Database) -> None:
        for seller in (COOP, OTHER):
            with_account(db, seller)
            payable(db, seller)

        def press(at: int) -> bool:
            try:
                run_it(db, f"press {at}")
            except NobodyToPay:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(press, range(8))) == 1
        assert sorted(it.seller for it in settlements(db)) == [COOP, OTHER]
        assert stands(db).on_the_way_vnd == 190_000

    def test_two_processes_at_once_pay_once(self, db: Database) -> None:
        for seller in (COOP, OTHER):
            with_account(db, seller)
            payable(db, seller)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            runs = list(pool.map(press_elsewhere, [db.url] * 2, ["one press", "another"]))
        assert sum(runs) == 1
        assert sorted(it.seller for it in settlements(db)) == [COOP, OTHER]
        assert stands(db).on_the_way_vnd == 190_000

    def test_refunds_and_releases_while_a_run_is_made(self, db: Database) -> None:
        with_account(db, COOP)
        parcels = [payable(db, COOP) for _ in range(4)]
        for _ in range(4):
            earned(db, COOP)

        def act(at: int) -> None:
            if at % 2:
                refund(db, parcels[at // 2], 20_000)
            elif at == 0:
                run_it(db)
            else:
                release_due(db, NOW)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, range(8)))
        assert sum(vnd for _, vnd in rows_of(db, 1)) == settlements(db)[0].amount_vnd
        after = stands(db)
        assert after.payable_vnd + after.on_the_way_vnd - after.debt_vnd == 8 * 190_000 - 4 * 19_000

    def test_sent_and_bounced_at_once_happen_in_some_order(self, db: Database) -> None:
        with_account(db, COOP)
        payable(db, COOP)
        run_it(db)

        def act(at: int) -> None:
            try:
                send(db, 1) if at % 2 else bounce(db, 1)
            except PayoutMoved:
                return

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, range(8)))
        assert stands(db) == Balances(0, 190_000, 0, 0, 0)


class TestAccounts:
    def test_a_second_person_agrees_and_the_first_account_counts_at_once(self, db: Database) -> None:
        with db.write() as session:
            account = accounts.propose(session, COOP, BANK, OPERATOR, NOW)
            assert accounts.in_force(session, COOP, NOW) is None
            with pytest.raises(AgreedByProposer):
                accounts.agree(session, account.id, OPERATOR, NOW)
            accounts.agree(session, account.id, COLLEAGUE, NOW)
            found = accounts.in_force(session, COOP, NOW)
        assert found is not None
        assert found.account_no == "001100426688"

    def test_a_change_waits_a_day_and_can_be_stopped_in_it(self, db: Database) -> None:
        first = with_account(db, COOP)
        second = with_account(db, COOP, Details("fund", "HTX Hòa Lệ", "555001", bank_name="QTDND Hàm Thuận"), NOW)
        day = timedelta(days=1)
        with db.write() as session:
            assert accounts.all_in_force(session, NOW + day - timedelta(seconds=1))[COOP].id == first
            assert accounts.all_in_force(session, NOW + day)[COOP].id == second
            accounts.withdraw(session, second, OPERATOR, NOW)
            assert accounts.all_in_force(session, NOW + day)[COOP].id == first
            with pytest.raises(AccountDecided):
                accounts.withdraw(session, first, OPERATOR, NOW)

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            (Details("gold", "A"), "kind"),
            (Details("bank", "A", "123456", bank_bin="Agribank"), "bank"),
            (Details("bank", "A", "=1+1", bank_bin="970405"), "account_no"),
            (Details("fund", "A", "123456"), "bank"),
            (Details("voucher", " . "), "account_name"),
        ],
    )
    def test_details_that_cannot_be_paid_are_refused(self, db: Database, typed: Details, field: str) -> None:
        with pytest.raises(AccountIncomplete) as refused, db.write() as session:
            accounts.propose(session, COOP, typed, OPERATOR, NOW)
        assert refused.value.facts == {"field": field}

    def test_the_number_is_in_no_audit_row_and_no_log(self, db: Database) -> None:
        account_id = with_account(db, COOP)
        with db.read() as session:
            told = repr(session.exec(select(AuditEntry)).all()) + repr(session.get(PayoutAccount, account_id))
        assert "6688" in told
        assert "00426688" not in told


@with_settings(max_examples=many(8, 120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 10**7)), min_size=4, max_size=14))
def test_whatever_happens_every_dong_is_listed_and_paid_once(db: Database, steps: list[tuple[str, int]]) -> None:
    seller, cash_vnd, parcels = f"coop:{next(_example)}", 0, []
    account = with_account(db, seller)
    for step, amount_vnd in steps:
        mine = [it for it in settlements(db) if it.seller == seller]
        if step == "parcel":
            parcels.append(payable(db, seller, amount_vnd, amount_vnd // 20))
        elif step == "cash":
            cash_sale(db, seller, amount_vnd)
            cash_vnd += amount_vnd
        elif step == "refund" and parcels:
            refund(db, parcels.pop(), 1)
        elif step == "run":
            with suppress(NobodyToPay):
                run_it(db, f"run {next(_example)}", limits=Limits(1, 10**12))
        elif step == "sent" and mine and mine[-1].state == "ordered":
            send(db, mine[-1].id)
        elif step == "bounced" and mine and mine[-1].state != "bounced":
            bounce(db, mine[-1].id)
            look_at_account(db, account)
    left = stands(db, seller)  # every rule of `verify` holds: rows add up, nothing is listed twice
    paid_vnd = sum(it.amount_vnd for it in settlements(db) if it.seller == seller and it.state == "sent")
    with db.read() as session:
        kept_vnd = sum(it.kept_vnd for it in session.exec(select(Earning).where(Earning.seller == seller)))
    on_hand_vnd = left.payable_vnd + left.on_the_way_vnd - left.debt_vnd - left.cash_vnd
    assert paid_vnd + on_hand_vnd == kept_vnd - cash_vnd
