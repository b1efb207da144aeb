"""Goods sold before their harvest: never more than promised, sent by a day, told when it moves, packed from a lot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.cart.basket import holder
from shop.catalog.models import Variant
from shop.checkout import service as checkout
from shop.checkout.models import Checkout
from shop.core.audit import GUEST, AuditEntry
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.core.i18n import local
from shop.notify.models import Message
from shop.orders import days, desk, placing, preorders, states, weighing
from shop.orders import service as orders
from shop.orders.events import ShipByMoved
from shop.orders.from_lots import NotHarvestedYet
from shop.orders.messages import tell_ship_by
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.pickup import service as pickup
from shop.orders.pickup.models import PickupBooking, PickupSlot
from shop.orders.placing import Placed
from shop.orders.preorders import Preorder
from shop.orders.verify import broken_rules
from shop.orders.weighing import Real
from shop.settings import Settings
from shop.stock import promising
from shop.stock import service as stock
from shop.stock.lots import service as lots
from shop.stock.lots.service import Harvest
from shop.stock.promising import HarvestShort, StillOnHand
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import answered, make_cart, make_order, make_table, place, variant_of


class Season:
    """A co-op that sells twelve boxes of the harvest to come, sent within a month."""

    def __init__(self, db: Database, settings: Settings, now: datetime, units: int = 12) -> None:
        self.db, self.settings, self.now = db, settings, now
        self.coop = make_coop(db)
        self.person = make_person(db, Role.MANAGER, coop_id=self.coop.id, phone=f"+8491{self.coop.id:07d}")
        make_table(db, self.coop)
        self.product = make_product(db, self.coop, on_hand=0, price_vnd=20_000)
        self.box = variant_of(db, self.product)
        self.ship_by = local(now).date() + timedelta(days=30)
        if units:
            self.sell_ahead(units)

    def sell_ahead(self, units: int) -> None:
        self.open_up(self.box.id, units, self.ship_by)

    def open_up(self, variant_id: int, units: int, ship_by: date) -> None:
        with self.db.write() as session:
            box = session.get_one(Variant, variant_id)
            preorders.open_up(session, self.coop.id, box, units, ship_by, self.person, self.now)

    def another_harvest(self, in_days: int) -> Variant:
        box = variant_of(self.db, make_product(self.db, self.coop, on_hand=0, price_vnd=20_000))
        self.open_up(box.id, 5, local(self.now).date() + timedelta(days=in_days))
        return box

    def parcel(self, parcel_id: int) -> Parcel:
        with self.db.read() as session:
            return session.get_one(Parcel, parcel_id)

    def leave_out(self, parcel: Parcel, boxes: int) -> None:
        """So many boxes of a parcel are spoilt."""
        with self.db.write() as session:
            line = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).one()
            real = {line.id: Real(line.quantity - boxes)}
            weighing.settle(session, self.coop.id, parcel.id, real, self.person, self.now)

    def promised(self) -> int:
        with self.db.read() as session:
            return promising.promised(session, [self.box.id])[self.box.id]

    def lot(self, code: str) -> Harvest:
        return Harvest(self.coop.id, self.product.id, code, date(2026, 11, 20))

    def order(self, boxes: int, **how: Any) -> tuple[Placed, Parcel]:
        placed = make_order(self.db, {self.box.id: boxes}, self.settings, self.now, **how)
        with self.db.read() as session:
            mine = (Parcel.order_id == placed.id, Parcel.coop_id == self.coop.id)
            return placed, session.exec(select(Parcel).where(*mine)).one()

    def move(self, later_days: int) -> int:
        with self.db.write() as session:
            box = session.get_one(Variant, self.box.id)
            day = self.ship_by + timedelta(days=later_days)
            return preorders.move(session, self.coop.id, box, day, self.person, self.now)

    def harvest(self, units: int, code: str = "L1", *, in_part: bool = False) -> None:
        with self.db.write() as session:
            box = session.get_one(Variant, self.box.id)
            preorders.receive(session, self.lot(code), box, units, self.person, self.now, in_part=in_part)

    def give_up(self) -> int:
        with self.db.write() as session:
            box = session.get_one(Variant, self.box.id)
            return preorders.give_up(session, self.coop.id, box, self.person, self.now)

    def waits(self) -> Preorder:
        with self.db.read() as session:
            found = preorders.of_variant(session, self.coop.id, self.box.id)
        assert found
        return found

    def pack(self, parcel: Parcel) -> None:
        with self.db.write() as session:
            states.pack(session, self.coop.id, parcel.id, self.person, self.now)

    def for_sale(self) -> int:
        with self.db.read() as session:
            return stock.available(session, [self.box.id])[self.box.id]

    def broken(self) -> list[str]:
        with self.db.read() as session:
            return [*stock.broken_rules(session), *broken_rules(session)]


@pytest.fixture
def season(db: Database, settings: Settings, now: datetime) -> Season:
    return Season(db, settings, now)


def test_no_more_is_sold_than_was_promised(season: Season) -> None:
    season.order(7)
    with pytest.raises(Refusal):
        season.order(6)
    season.order(5)
    assert season.for_sale() == 0
    assert season.broken() == []


def test_what_is_on_hand_is_sold_before_the_next_harvest_is_promised(
    db: Database, settings: Settings, now: datetime
) -> None:
    coop = make_coop(db)
    person = make_person(db, Role.MANAGER, coop_id=coop.id)
    box = variant_of(db, make_product(db, coop, on_hand=3))
    with pytest.raises(StillOnHand), db.write() as session:
        preorders.open_up(session, coop.id, session.get_one(Variant, box.id), 9, date(2027, 1, 5), person, now)


def test_the_order_keeps_the_day_and_expects_the_parcel_after_it(season: Season) -> None:
    _placed, parcel = season.order(2)
    assert parcel.awaits_harvest
    assert parcel.expected_from >= season.ship_by
    with season.db.read() as session:
        line = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).one()
    assert (line.ship_by, line.ship_by_was) == (season.ship_by, None)


def test_nothing_is_packed_before_its_harvest_and_no_list_of_the_day_shows_it(season: Season) -> None:
    _placed, parcel = season.order(2)
    with season.db.write() as session:
        states.confirm(session, season.coop.id, parcel.id, season.person, season.now)
    with pytest.raises(NotHarvestedYet):
        season.pack(parcel)
    with season.db.read() as session:
        assert days.picks(session, season.coop.id) == []
        assert desk.counts(session, season.coop.id)["confirmed"] == 0
        (waiting,) = preorders.waiting(session, season.box.id)
    assert (waiting[1].id, waiting[2]) == (parcel.id, 2)
    season.harvest(12)
    with season.db.read() as session:
        assert [pick.quantity for pick in days.picks(session, season.coop.id)] == [2]
    season.pack(parcel)
    assert season.for_sale() == 10
    assert season.broken() == []


def test_a_smaller_harvest_than_was_sold_is_refused_and_a_larger_one_is_on_sale(season: Season) -> None:
    season.order(5)
    with pytest.raises(HarvestShort) as refusal:
        season.harvest(4)
    assert refusal.value.facts == {"harvested": 4, "sold": 5}
    season.harvest(20)
    assert season.for_sale() == 15
    with season.db.read() as session:
        assert session.get_one(Variant, season.box.id).ship_by is None
    assert season.broken() == []


def test_a_later_day_is_told_to_each_buyer_who_gets_the_money_back_with_one_press(season: Season) -> None:
    placed, parcel = season.order(3, pay="vietqr")
    with season.db.write() as session:
        orders.mark_paid(session, placed.id, season.now)
    with pytest.raises(preorders.NothingMoved), season.db.write() as session:
        preorders.call_off(session, session.get_one(Order, placed.id), parcel.id, None, season.now)
    assert season.move(10) == 1
    with season.db.write() as session:
        days_told = ((season.ship_by + timedelta(days=by)).isoformat() for by in (0, 10))
        tell_ship_by(session, ShipByMoved(parcel.id, *days_told), season.now)
        moved = session.get_one(Parcel, parcel.id)
        assert moved.expected_to == parcel.expected_to + timedelta(days=10)
        letters = session.exec(select(Message).where(Message.kind == "ship_by")).all()
        assert letters
        assert "Nhận lại tiền" in letters[0].body
        preorders.call_off(session, session.get_one(Order, placed.id), parcel.id, None, season.now)
        assert session.get_one(Order, placed.id).state == "cancelled"
    assert season.for_sale() == 12
    assert season.broken() == []


def test_of_two_coops_only_the_parcel_that_waits_longer_is_called_off(season: Season) -> None:
    other = make_coop(season.db)
    make_table(season.db, other)
    there = variant_of(season.db, make_product(season.db, other, price_vnd=20_000))
    placed = make_order(season.db, {season.box.id: 2, there.id: 1}, season.settings, season.now)
    season.move(5)
    with season.db.write() as session:
        parcels = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).all()
        mine = next(parcel for parcel in parcels if parcel.coop_id == season.coop.id)
        preorders.call_off(session, session.get_one(Order, placed.id), mine.id, None, season.now)
    with season.db.read() as session:
        found = {p.coop_id: p.state for p in session.exec(select(Parcel).where(Parcel.order_id == placed.id))}
        assert found == {season.coop.id: "cancelled", other.id: "new"}
        assert session.get_one(Order, placed.id).state == "placed"
        entry = session.exec(select(AuditEntry).where(AuditEntry.subject == f"parcel:{mine.id}")).all()[-1]
    assert entry.person_name == GUEST.name
    assert season.broken() == []


def test_a_day_that_has_passed_gives_the_money_back_as_well(season: Season) -> None:
    _placed, parcel = season.order(1)
    with season.db.read() as session:
        lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).all()
    assert not preorders.may_call_off(parcel, lines, season.ship_by)
    assert preorders.may_call_off(parcel, lines, season.ship_by + timedelta(days=1))


def test_a_parcel_waits_for_its_latest_harvest_whichever_day_moves(season: Season) -> None:
    late = season.another_harvest(40)
    placed = make_order(season.db, {season.box.id: 1, late.id: 1}, season.settings, season.now)
    with season.db.read() as session:
        before = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()
    season.move(5)
    assert season.parcel(before.id).expected_to == before.expected_to
    season.move(15)
    assert season.parcel(before.id).expected_to == before.expected_to + timedelta(days=5)


def test_a_later_day_frees_the_hour_at_which_the_buyer_would_have_come(season: Season) -> None:
    _placed, parcel = season.order(1)
    with season.db.write() as session:
        hour = PickupSlot(coop_id=0, weekday=0, from_minute=420, to_minute=540, places=1, cut_off_minutes=0)
        pickup.add(session, season.coop.id, hour, season.person, season.now)
        session.add(PickupBooking(parcel_id=parcel.id, slot_id=hour.id, day=parcel.expected_from))
    season.move(-1)
    with season.db.read() as session:
        assert pickup.of_parcels(session, [parcel.id])
    season.move(3)
    with season.db.read() as session:
        assert pickup.of_parcels(session, [parcel.id]) == {}


@pytest.mark.parametrize("pay", ["cod", "vietqr"])
def test_who_orders_while_the_day_moves_has_the_new_day_and_may_take_the_money_back(season: Season, pay: str) -> None:
    cart_id = make_cart(season.db, {season.box.id: 1}, season.now)
    checkout_id = answered(season.db, cart_id, season.settings, season.now, pay=pay)
    with season.db.read() as session:  # as the checkout would have read it, had it come a moment sooner
        chosen = checkout.standing(session, session.get_one(Checkout, checkout_id), season.now).parts
    season.move(9)
    with season.db.write() as session:
        parts = [placing.Part(it.parcel, it.quote) for it in chosen if it.quote]
        placed = placing.place(
            session, "k" * 20, placing.Buyer("An", "+84912345678", "68", "23095", "12 Trần Phú"), parts, pay,
            season.settings, season.now, held_for=holder(cart_id),
        )  # fmt: skip
    with season.db.read() as session:
        line = session.exec(select(OrderLine).where(OrderLine.order_id == placed.id)).one()
        parcel = session.get_one(Parcel, line.parcel_id)
    assert (line.ship_by, line.ship_by_was) == (season.ship_by + timedelta(days=9), season.ship_by)
    assert parcel.expected_from > season.ship_by + timedelta(days=8)
    assert preorders.may_call_off(parcel, [line], local(season.now).date())


def test_orders_at_the_moment_of_the_harvest_are_in_its_books(season: Season) -> None:
    begun = [
        answered(
            season.db, make_cart(season.db, {season.box.id: 1}, season.now), season.settings, season.now,
            phone=f"+849870000{n:02d}", visitor=f"v{n}",
        )
        for n in range(4)
    ]  # fmt: skip
    acts: list[Callable[[], Any]] = [partial(place, season.db, it, season.settings, season.now) for it in begun]
    acts.insert(2, partial(season.harvest, 20))
    with ThreadPoolExecutor(5) as hands:
        for done in [hands.submit(act) for act in acts]:
            done.result()
    assert season.broken() == []


@pytest.mark.parametrize("in_lots", [False, True])
def test_an_older_box_that_spoils_is_none_of_those_that_are_promised(
    db: Database, settings: Settings, now: datetime, in_lots: bool
) -> None:
    season = Season(db, settings, now, units=0)
    with db.write() as session:
        if in_lots:
            lots.receive(session, season.lot("CU"), {season.box.id: 3}, {}, season.person, now)
        else:
            stock.set_on_hand(session, season.box.id, 3, season.person, now)
    _placed, old = season.order(3)
    season.sell_ahead(10)
    _placed, ahead = season.order(4)
    season.leave_out(old, 2)
    assert (season.promised(), season.for_sale()) == (10, 6)
    season.leave_out(ahead, 1)
    assert (season.promised(), season.for_sale()) == (9, 6)
    assert season.broken() == []


def test_the_desk_opens_moves_and_harvests_and_the_shopper_reads_the_day(
    season: Season, client: TestClient, now: datetime
) -> None:
    sign_in(client, season.db, season.person)
    here = f"/ban-hang/dat-truoc/{season.box.id}"
    shown = f"Đặt trước, gửi trước ngày {season.ship_by:%d/%m/%Y}"
    assert shown in client.get(f"/san-pham/{season.product.slug}").text
    _placed, parcel = season.order(2)
    assert f"/ban-hang/don/{parcel.id}" in client.get(here).text
    assert "12" in client.get("/ban-hang/dat-truoc").text
    wrong = client.post(f"{here}/doi-ngay", data={"ship_by": "2020-01-01"})
    assert wrong.status_code == 422
    day = season.ship_by + timedelta(days=3)
    client.post(f"{here}/doi-ngay", data={"ship_by": day.isoformat()})
    assert f"Đặt trước, gửi trước ngày {day:%d/%m/%Y}" in client.get(f"/san-pham/{season.product.slug}").text
    short = client.post(f"{here}/thu-hoach", data={"units": "1", "code": "L9", "harvested_on": "2026-11-20"})
    assert "mà chỉ thu hoạch 1" in short.text
    assert 'name="in_part"' in short.text
    client.post(f"{here}/thu-hoach", data={"units": "1", "code": "L8", "harvested_on": "2026-11-20", "in_part": "1"})
    assert "Chưa đủ: đã hái 1, còn 2 thùng của 1 đơn" in client.get(here).text
    client.post(f"{here}/thu-hoach", data={"units": "14", "code": "L9", "harvested_on": "2026-11-20"})
    assert season.for_sale() == 13
    assert "Đặt trước, gửi" not in client.get(f"/san-pham/{season.product.slug}").text
