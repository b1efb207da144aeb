"""Cash on delivery: on the way, collected, refused."""

from __future__ import annotations

import pytest

from payments import ledger
from payments.cash.models import RemittanceRow
from payments.cash.plan import _Parcels
from payments.cod import CodDiffers, collect_cod, hand_over_cod, left_to_collect, take_back_cod, void_cod
from payments.models import PaymentDue
from payments.service import action, change_due, state_of
from payments.state import State
from payments.verify import check
from shop.core.db import Database
from shop.core.errors import NotFound
from shop.settings import Settings
from tests.payments.factories import NOW, make_due

WITH_GHN = "1130:ghn"


@pytest.fixture
def due(db: Database) -> object:
    """An order of two parcels, 200.000 ₫ and 55.000 ₫, both with GHN."""
    due = make_due(db, method="cod", closes_at=None)
    with db.write() as session:
        hand_over_cod(session, due.subject, "parcel:1", "GHN", 200_000, NOW)
        hand_over_cod(session, due.subject, "parcel:1", "GHN", 200_000, NOW)
        hand_over_cod(session, due.subject, "parcel:2", "GHN", 55_000, NOW)
    yield due
    with db.read() as session:
        assert check(session) == []


def balances(db: Database, name: str) -> tuple[int, int]:
    with db.read() as session:
        return ledger.balance_vnd(session, name), ledger.balance_vnd(session, name, pending=True)


def test_handed_over_is_expected_and_not_yet_ours(db: Database, due: PaymentDue) -> None:
    assert balances(db, WITH_GHN) == (0, 255_000)
    with db.read() as session:
        assert state_of(session, due.subject).state is State.CASH_ON_THE_WAY


def test_collected_is_ours_in_the_carriers_hands(db: Database, due: PaymentDue) -> None:
    for parcel in ("parcel:1", "parcel:2", "parcel:2"):
        with db.write() as session:
            collect_cod(session, parcel, NOW)
    assert balances(db, WITH_GHN) == (255_000, 0)
    assert balances(db, f"2110:{due.subject}") == (-255_000, 0)
    with db.read() as session:
        assert state_of(session, due.subject).state is State.PAID


def test_refused_leaves_nothing_behind_and_is_no_longer_owed(db: Database, due: PaymentDue) -> None:
    with db.write() as session:
        collect_cod(session, "parcel:1", NOW)
        void_cod(session, "parcel:2", NOW)
        void_cod(session, "parcel:2", NOW)
        change_due(session, due.subject, 200_000, NOW)
    assert balances(db, WITH_GHN) == (200_000, 0)
    with db.read() as session:
        assert state_of(session, due.subject).state is State.PAID


def test_a_carrier_that_collected_less_leaves_the_rest_open(db: Database, due: PaymentDue) -> None:
    with db.write() as session:
        collect_cod(session, "parcel:1", NOW, 150_000)
    assert balances(db, WITH_GHN) == (150_000, 55_000)
    with db.read() as session:
        state = state_of(session, due.subject)
    assert (state.state, state.missing_vnd) == (State.PART, 105_000)


def test_a_carrier_cannot_have_collected_more(db: Database, due: PaymentDue) -> None:
    with pytest.raises(CodDiffers), db.write() as session:
        collect_cod(session, "parcel:1", NOW, 200_001)


def test_a_parcel_that_was_never_handed_over(db: Database, due: PaymentDue) -> None:
    with db.write() as session:
        void_cod(session, "parcel:404", NOW)
    with pytest.raises(NotFound), db.write() as session:
        collect_cod(session, "parcel:404", NOW)


def test_the_buyer_is_told_to_have_the_sum_ready(db: Database, due: PaymentDue, settings: Settings) -> None:
    with db.read() as session:
        todo = action(session, due.subject, settings)
    assert todo is not None
    assert (todo.kind, todo.amount_vnd, todo.qr_text) == ("instructions", 255_000, "")


def test_a_parcel_that_stayed_after_all_is_handed_to_somebody_else(db: Database, due: PaymentDue) -> None:
    for carrier in ("own:coop:7", "Xe Phương Trang"):
        with db.write() as session:
            assert take_back_cod(session, "parcel:1", NOW)
            hand_over_cod(session, due.subject, "parcel:1", carrier, 200_000, NOW, "PT1")
            hand_over_cod(session, due.subject, "parcel:1", carrier, 200_000, NOW, "PT1")
    assert balances(db, WITH_GHN) == (0, 55_000)
    assert balances(db, "1130:own:coop:7") == (0, 0)
    assert balances(db, "1130:xe-phuong-trang") == (0, 200_000)
    with db.write() as session:
        assert left_to_collect(session, due.subject, 255_000) == 0
        collect_cod(session, "parcel:1", NOW)
        assert not take_back_cod(session, "parcel:1", NOW), "its cash came"
        void_cod(session, "parcel:2", NOW)
        assert not take_back_cod(session, "parcel:2", NOW), "it was refused"
        assert take_back_cod(session, "parcel:3", NOW), "nobody was to collect anything"
    assert balances(db, "1130:xe-phuong-trang") == (200_000, 0)
    assert balances(db, WITH_GHN) == (0, 0)


def test_a_carriers_sheet_finds_the_parcel_it_has_and_not_the_one_that_was_called_back(
    db: Database, due: PaymentDue
) -> None:
    with db.write() as session:
        assert take_back_cod(session, "parcel:1", NOW)
        assert take_back_cod(session, "parcel:2", NOW)
        hand_over_cod(session, due.subject, "parcel:1", "GHN", 200_000, NOW)
        row = RemittanceRow(remittance_id=1, number=1, key="1", code="", reference=due.label)
        assert [held.parcel for held in _Parcels(session, [row]).of(row)] == ["parcel:1"]
