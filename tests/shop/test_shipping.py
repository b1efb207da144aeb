"""Delivery: a co-op's own table decides fee and date, and fresh goods never travel longer than they keep."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.db import Database
from shop.core.deps import Person
from shop.shipping.carrier import Consignment, TooLateToCancel, TrackingMissing, UnknownCarrier
from shop.shipping.carriers import CARRIERS, carrier
from shop.shipping.service import Load, Rate, Table, WrongTable, choices, price, set_table, table_of
from tests.factories import make_coop
from tests.factories_orders import RATES, make_table

HERE, SAME_PROVINCE, SAME_REGION, FAR = "23059", "23095", "20500", "27316"
TABLE = Table(1, HERE, RATES, free_from_vnd=500_000, pickup_line="Kho HTX")


def fee(load: Load, ward: str, now: datetime, table: Table = TABLE) -> int | None:
    quote = choices(table, load, ward, now).by("delivery")
    return quote.fee_vnd if quote else None


class TestTheTable:
    def test_the_smallest_step_that_holds_the_parcel_counts(self, now: datetime) -> None:
        assert fee(Load(5_000, 100_000), SAME_PROVINCE, now) == 25_000
        assert fee(Load(5_001, 100_000), SAME_PROVINCE, now) == 35_000

    def test_what_is_heavier_than_the_last_step_goes_as_several_parcels(self, now: datetime) -> None:
        assert fee(Load(30_000, 100_000), SAME_PROVINCE, now) == 60_000
        assert fee(Load(30_001, 100_000), SAME_PROVINCE, now) == 60_000 + 25_000
        assert fee(Load(66_000, 100_000), SAME_PROVINCE, now) == 60_000 + 60_000 + 35_000

    def test_the_zone_is_how_far_the_ward_lies(self, now: datetime) -> None:
        load = Load(1_000, 100_000)
        assert fee(load, HERE, now) == 15_000
        assert fee(load, SAME_PROVINCE, now) == 25_000
        assert {fee(load, SAME_REGION, now), fee(load, FAR, now)} == {90_000, 150_000}

    def test_from_a_sum_on_delivery_is_free(self, now: datetime) -> None:
        assert fee(Load(1_000, 499_999), SAME_PROVINCE, now) == 25_000
        assert fee(Load(1_000, 500_000), SAME_PROVINCE, now) == 0

    def test_delivery_is_not_offered_when_it_takes_longer_than_the_goods_keep_less_a_day(self, now: datetime) -> None:
        slow = max((ward for ward in (SAME_REGION, FAR)), key=lambda ward: fee(Load(1_000, 0), ward, now) or 0)
        assert fee(Load(1_000, 0, shelf_life_days=6), slow, now) == 150_000
        too_old = choices(TABLE, Load(1_000, 0, shelf_life_days=5), slow, now)
        assert (too_old.by("delivery"), too_old.obstacle) == (None, "too-long")

    def test_picking_up_at_the_coop_is_free_and_always_there(self, now: datetime) -> None:
        quote = choices(TABLE, Load(90_000, 0, shelf_life_days=1), FAR, now).by("pickup")
        assert quote is not None
        assert quote.fee_vnd == 0

    def test_a_zone_without_rates_is_not_delivered_to(self, now: datetime) -> None:
        near_only = Table(1, HERE, RATES[:1])
        assert choices(near_only, Load(1_000, 0), FAR, now).obstacle == "not-there"

    def test_without_a_ward_only_pick_up_can_be_told(self, now: datetime) -> None:
        told = choices(TABLE, Load(1_000, 0), None, now)
        assert ([quote.way for quote in told.quotes], told.obstacle) == (["pickup"], "no-ward")

    def test_dates_count_packing_days_and_the_way_by_the_clock_of_vietnam(self) -> None:
        late_evening_utc = datetime.fromisoformat("2026-11-21T18:30:00+00:00")  # already the 22nd in Vietnam
        quote = choices(TABLE, Load(1_000, 0), SAME_PROVINCE, late_evening_utc).by("delivery")
        assert quote is not None
        assert (quote.earliest, quote.latest) == (date(2026, 11, 24), date(2026, 11, 25))

    @given(
        grams=st.integers(1, 300_000),
        steps=st.lists(st.integers(500, 40_000), min_size=1, max_size=6, unique=True),
        fees=st.lists(st.integers(0, 500_000), min_size=6, max_size=6),
    )
    def test_a_fee_is_always_a_sum_of_steps_that_hold_the_parcel(
        self, grams: int, steps: list[int], fees: list[int]
    ) -> None:
        rates = [Rate("nation", up_to_g, fees[at], 1, 2) for at, up_to_g in enumerate(sorted(steps))]
        told = price(rates, grams)
        assert told is not None
        full = (grams - 1) // max(steps)
        rest = grams - full * max(steps)
        assert told[0] == full * rates[-1].fee_vnd + min((r for r in rates if r.up_to_g >= rest), key=_size).fee_vnd


def _size(rate: Rate) -> int:
    return rate.up_to_g


class TestSettingTheTable:
    def test_a_manager_replaces_it_whole(self, db: Database, manager: Person, now: datetime) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        wanted = Table(coop.id, coop.ward_code, (Rate("nation", 1_000, 9_000, 1, 3),), None, False, "", 2)
        with db.write() as session:
            set_table(session, wanted, manager, now)
        with db.read() as session:
            assert table_of(session, coop.id, coop.ward_code) == wanted

    @pytest.mark.parametrize(
        "rates",
        [
            (Rate("nation", 1_000, 1, 1, 2), Rate("nation", 1_000, 2, 1, 2)),
            (Rate("nation", 1_000, 1, 3, 2),),
            (Rate("moon", 1_000, 1, 1, 2),),
            (Rate("nation", 0, 1, 1, 2),),
            (Rate("nation", 1_000, -1, 1, 2),),
        ],
    )
    def test_a_table_that_cannot_be_is_refused_and_the_old_one_stays(
        self, db: Database, manager: Person, now: datetime, rates: tuple[Rate, ...]
    ) -> None:
        coop = make_coop(db)
        before = make_table(db, coop)
        with pytest.raises(WrongTable), db.write() as session:
            set_table(session, Table(coop.id, coop.ward_code, rates), manager, now)
        with db.read() as session:
            assert set(table_of(session, coop.id, coop.ward_code).rates) == set(before.rates)


PARCEL = Consignment("ABC-1", HERE, FAR, "Hoa", "+84912345678", "12 Trần Phú", 5_400, 0)


class TestCarriers:
    def test_a_typed_carrier_needs_its_name_and_its_code(self) -> None:
        made = carrier("typed").create(PARCEL, " Viettel  Post ", " VTP 123 ")
        assert (made.carrier_name, made.tracking_code) == ("Viettel Post", "VTP123")
        for name, code in (("", "VTP123"), ("Viettel Post", " ")):
            with pytest.raises(TrackingMissing):
                carrier("typed").create(PARCEL, name, code)

    def test_the_coops_own_delivery_has_no_code_and_can_turn_back(self) -> None:
        made = carrier("own").create(PARCEL, "", "")
        assert made.tracking_code == ""
        carrier("own").cancel(made)
        with pytest.raises(TooLateToCancel):
            carrier("typed").cancel(carrier("typed").create(PARCEL, "GHN", "1"))

    def test_an_unknown_carrier_is_refused(self) -> None:
        with pytest.raises(UnknownCarrier):
            carrier("drone")

    @pytest.mark.parametrize("name", sorted(CARRIERS))
    def test_every_carrier_answers_the_whole_protocol(self, name: str) -> None:
        way = carrier(name)
        made = way.create(PARCEL, "Nhà xe", "1")
        assert (way.name, way.quote(PARCEL), way.label(made), way.track(made)) == (name, None, None, [])
