"""Lots: what expires first is packed first, nothing is packed from a lot on hold, and lots and pools always agree."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.models import Product
from shop.catalog.undo import service as undo
from shop.catalog.undo.models import HandChange
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.errors import Refusal
from shop.orders import from_lots, states
from shop.orders.models import Parcel
from shop.orders.service import cancel
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.lots import service as lots
from shop.stock.lots.models import Lot, LotState, LotUnits
from shop.stock.lots.service import Harvest
from shop.stock.lots.units import LotsShort
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of

FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


class Shed:
    """A co-op with ten boxes from before lots began, then a harvest good until Monday, then one until Friday."""

    def __init__(self, db: Database, settings: Settings, now: datetime) -> None:
        self.db, self.settings, self.now = db, settings, now
        coop = make_coop(db)
        self.person = make_person(db, Role.MANAGER, coop_id=coop.id, phone=f"+8491{coop.id:07d}")
        make_table(db, coop)
        self.product: Product = make_product(db, coop, on_hand=10, price_vnd=20_000)
        self.box = variant_of(db, self.product)

    def harvest(self, code: str, until: date | None, units: int) -> int:
        with self.db.write() as session:
            told = Harvest(self.product.coop_id, self.product.id, code, date(2026, 11, 20), until)
            waiting = from_lots.unpacked(session, self.box.id)
            return lots.receive(session, told, {self.box.id: units}, waiting, self.person, self.now).id

    def order(self, boxes: int) -> Parcel:
        placed = make_order(self.db, {self.box.id: boxes}, self.settings, self.now)
        with self.db.read() as session:
            return session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()

    def pack(self, parcel: Parcel) -> None:
        with self.db.write() as session:
            states.pack(session, parcel.coop_id, parcel.id, self.person, self.now)

    def turn(self, code: str, state: LotState) -> None:
        with self.db.write() as session:
            lot = session.exec(select(Lot).where(Lot.code == code)).one()
            lots.set_state(session, lot, state, "dư lượng", self.person, self.now)

    def left(self) -> dict[str, int]:
        with self.db.read() as session:
            rows = session.exec(select(Lot.code, LotUnits.left).join(LotUnits)).all()
        return {"before" if code.startswith("TRUOC") else code: left for code, left in rows}

    def for_sale(self) -> int:
        with self.db.read() as session:
            return stock.available(session, [self.box.id])[self.box.id]

    def broken(self) -> list[str]:
        with self.db.read() as session:
            return [*stock.broken_rules(session), *broken_rules(session)]


@pytest.fixture
def shed(db: Database, settings: Settings, now: datetime) -> Shed:
    return Shed(db, settings, now)


def test_what_expires_first_is_packed_first(shed: Shed) -> None:
    early = shed.order(2)
    shed.harvest("T2", MONDAY, 5)
    shed.harvest("T6", FRIDAY, 3)
    assert shed.left() == {"before": 10, "T2": 5, "T6": 3}
    shed.pack(shed.order(4))
    assert shed.left() == {"before": 10, "T2": 4, "T6": 0}
    shed.pack(early)
    assert shed.left() == {"before": 10, "T2": 2, "T6": 0}
    assert shed.for_sale() == 12
    assert shed.broken() == []


def test_a_count_that_is_taken_back_leaves_every_lot_as_it_was(shed: Shed) -> None:
    shed.harvest("T2", MONDAY, 5)
    shed.harvest("T6", FRIDAY, 3)
    shed.harvest("GIU", MONDAY, 4)
    shed.turn("GIU", LotState.HELD)
    was, coop_id = shed.left(), shed.product.coop_id
    for minute, left in ((1, 0), (2, 25), (3, 7)):
        at = shed.now + timedelta(minutes=minute)
        with shed.db.write() as session:
            undo.price_and_count(session, coop_id, shed.box.id, 20_000, left, shed.person, at)
            change = undo.last_of(session, coop_id, shed.person, at)
        assert shed.left() != was
        assert shed.left()["GIU"] == 4  # what is counted anew is in no lot that waits
        assert change is not None
        with shed.db.write() as session:
            undo.take_back(session, coop_id, change.id, shed.person, at)
        assert shed.left() == was
    assert shed.for_sale() == 18
    assert shed.broken() == []


def test_a_refused_parcel_returns_to_the_lots_it_was_packed_from(shed: Shed) -> None:
    shed.harvest("T2", MONDAY, 5)
    shed.harvest("T6", FRIDAY, 3)
    for fit, left in ((True, {"before": 10, "T2": 5, "T6": 3}), (False, {"before": 10, "T2": 4, "T6": 0})):
        parcel = shed.order(4)
        shed.pack(parcel)
        with shed.db.write() as session:
            told = (session, parcel.coop_id, parcel.id, shed.person, shed.now)
            states.hand_over(*told, carrier_key="own")
            states.refuse(*told, goods_fit=fit)
        assert shed.left() == left
        assert shed.broken() == []


def test_a_lot_on_hold_is_off_sale_and_not_packed_until_it_is_released(shed: Shed) -> None:
    shed.harvest("T6", FRIDAY, 3)
    shed.turn("T6", LotState.HELD)
    assert shed.for_sale() == 10
    shed.pack(shed.order(1))
    assert shed.left() == {"before": 9, "T6": 3}
    shed.turn("T6", LotState.RELEASED)
    assert shed.for_sale() == 12
    shed.turn("T6", LotState.RECALLED)
    assert shed.for_sale() == 9
    with pytest.raises(lots.LotGone):
        shed.turn("T6", LotState.RELEASED)
    assert shed.broken() == []


def test_what_was_sold_of_a_lot_that_is_held_is_not_packed_from_it(shed: Shed) -> None:
    shed.harvest("T6", FRIDAY, 3)
    parcel = shed.order(12)
    shed.turn("T6", LotState.HELD)
    with pytest.raises(LotsShort) as refusal:
        shed.pack(parcel)
    assert refusal.value.facts["short"] == 2
    assert shed.left() == {"before": 10, "T6": 3}
    assert shed.broken() == []


def test_a_correction_says_why_and_moves_what_is_for_sale(shed: Shed) -> None:
    lot_id = shed.harvest("T6", FRIDAY, 3)
    with shed.db.write() as session:
        lot = lots.get(session, shed.product.coop_id, lot_id)
        lots.correct(session, lot, shed.box.id, 1, "chuột cắn", shed.person, shed.now)
    assert (shed.left()["T6"], shed.for_sale()) == (1, 11)
    with shed.db.write() as session:
        stock.set_on_hand(session, shed.box.id, 4, shed.person, shed.now)
    assert shed.left() == {"before": 4, "T6": 0}
    with shed.db.read() as session:
        row = session.exec(select(AuditEntry).where(AuditEntry.what == "lot_left")).one()
    assert (row.before, row.after) == (3, [1, "chuột cắn"])
    assert shed.broken() == []


def test_a_lot_on_hold_is_not_counted_below_what_was_sold_of_it(shed: Shed) -> None:
    lot_id = shed.harvest("T6", FRIDAY, 3)
    shed.order(12)
    shed.turn("T6", LotState.HELD)

    def count(left: int) -> None:
        with shed.db.write() as session:
            lot = lots.get(session, shed.product.coop_id, lot_id)
            lots.correct(session, lot, shed.box.id, left, "đếm lại", shed.person, shed.now)

    with pytest.raises(stock.HeldByBuyers):
        count(1)
    count(2)  # the one that was off sale
    assert (shed.left()["T6"], shed.for_sale()) == (2, 0)
    assert shed.broken() == []


def test_what_was_packed_before_there_were_lots_comes_back_into_the_one_that_was_there_before(shed: Shed) -> None:
    shed.pack(parcel := shed.order(4))
    shed.harvest("T6", FRIDAY, 6)
    with shed.db.write() as session:
        states.hand_over(session, parcel.coop_id, parcel.id, shed.person, shed.now, carrier_key="own")
        states.refuse(session, parcel.coop_id, parcel.id, shed.person, shed.now, goods_fit=True)
    assert shed.left() == {"before": 10, "T6": 6}
    assert shed.for_sale() == 16
    assert shed.broken() == []


def test_a_code_is_used_once_and_a_lot_is_good_after_its_harvest(shed: Shed) -> None:
    shed.harvest("T6", FRIDAY, 3)
    with pytest.raises(lots.LotCodeTaken):
        shed.harvest("T6", MONDAY, 3)
    with pytest.raises(lots.LotDatesWrong):
        shed.harvest("T7", date(2026, 11, 20), 3)
    assert shed.for_sale() == 13


def test_the_rule_finds_units_that_are_in_no_lot(shed: Shed) -> None:
    shed.harvest("T6", FRIDAY, 3)
    with shed.db.write() as session:
        session.exec(select(LotUnits)).all()[0].left += 1
    assert any(line.startswith("lots: variant") for line in shed.broken())


def test_a_lot_is_received_counted_and_held_at_the_desk(shed: Shed, client: TestClient) -> None:
    sign_in(client, shed.db, shed.person)
    form = {"variant_id": str(shed.box.id), "units": "6", "code": "L1", "harvested_on": "2026-11-20"}
    assert client.post("/ban-hang/lo", data={**form, "best_before": "2026-11-19"}).status_code == 422
    page = client.post("/ban-hang/lo", data={**form, "best_before": "2026-12-01"}).text
    assert "Hàng có từ trước" in page
    with shed.db.read() as session:
        lot = session.exec(select(Lot).where(Lot.code == "L1")).one()
    here = f"/ban-hang/lo/{lot.id}"
    client.post(f"{here}/dem", data={"variant_id": str(shed.box.id), "left": "5", "reason": "dập một thùng"})
    client.post(f"{here}/trang-thai", data={"state": "held", "reason": "chờ kiểm"})
    assert "dập một thùng" in client.get(here).text
    client.post(f"/ban-hang/hang/{shed.box.id}/het")
    assert "Báo hết hàng" in client.get(f"/ban-hang/lo/{lot.id - 1}").text
    with shed.db.read() as session:
        change = session.exec(select(HandChange)).one()
    client.post(f"/ban-hang/hoan-tac/{change.id}")
    assert (shed.left()["L1"], shed.for_sale()) == (5, 10)
    assert client.post("/ban-hang/lo", data=form).status_code == 422
    assert shed.broken() == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["harvest", "order", "pack", "cancel", "hold", "release", "count", "correct", "refuse"]),
        st.integers(0, 4),
        st.integers(1, 6),
    ),
    max_size=14,
)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@given(steps=STEPS)
@rounds(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_lots_and_pools_agree(
    db: Database, settings: Settings, now: datetime, steps: list[tuple[str, int, int]]
) -> None:
    shed = Shed(db, settings, now)
    for at, (step, which, units) in enumerate(steps):
        with suppress(Refusal):
            _do(shed, step, which, units, now + timedelta(minutes=at), at)
        assert shed.broken() == []


def _do(shed: Shed, step: str, which: int, units: int, now: datetime, at: int) -> None:
    with shed.db.read() as session:
        mine = session.exec(select(Parcel).where(Parcel.coop_id == shed.product.coop_id)).all()
        my_lots = session.exec(select(Lot).where(Lot.coop_id == shed.product.coop_id)).all()
    parcel = mine[which % len(mine)] if mine else None
    lot = my_lots[which % len(my_lots)] if my_lots else None
    if step == "harvest":
        shed.harvest(f"L{at}", FRIDAY + timedelta(days=which), units)
    elif step == "order":
        shed.order(units)
    elif step == "pack" and parcel:
        shed.pack(parcel)
    elif step == "cancel" and parcel:
        with shed.db.write() as session:
            cancel(session, parcel.order_id, None, now)
    elif step == "refuse" and parcel:
        with shed.db.write() as session:
            states.hand_over(session, parcel.coop_id, parcel.id, shed.person, now, carrier_key="own")
            states.refuse(session, parcel.coop_id, parcel.id, shed.person, now, goods_fit=bool(which % 2))
    elif step in ("hold", "release") and lot:
        with shed.db.write() as session:
            state = LotState.HELD if step == "hold" else LotState.RELEASED
            lots.set_state(session, lots.get(session, lot.coop_id, lot.id), state, "thử", shed.person, now)
    elif step == "count":
        with shed.db.write() as session:
            stock.set_on_hand(session, shed.box.id, units * 2, shed.person, now)
    elif step == "correct" and lot:
        with shed.db.write() as session:
            found = lots.get(session, lot.coop_id, lot.id)
            lots.correct(session, found, shed.box.id, units, "đếm lại", shed.person, now)


def test_a_parcel_packed_by_a_slip_is_taken_back_and_packed_again_from_the_same_lots(shed: Shed) -> None:
    shed.harvest("friday", FRIDAY, 4)
    parcel = shed.order(3)
    before = shed.left()
    shed.pack(parcel)
    packed = shed.left()
    assert packed != before
    with shed.db.write() as session:
        states.step_back(session, parcel.coop_id, parcel.id, shed.person, shed.now)
        assert session.get_one(Parcel, parcel.id).state == "confirmed"
    assert shed.left() == before
    shed.pack(parcel)
    assert shed.left() == packed
    with shed.db.read() as session:
        assert list(from_lots.broken_rules(session)) == []


def test_a_parcel_that_no_lot_can_fill_stops_no_other_that_was_ticked(shed: Shed, client: TestClient) -> None:
    shed.harvest("T6", FRIDAY, 3)
    first, short, last = shed.order(1), shed.order(10), shed.order(2)
    shed.turn("T6", LotState.HELD)
    sign_in(client, shed.db, shed.person)
    ticked = {"ids": [str(it.id) for it in (first, short, last)]}
    page = client.post("/ban-hang/dong-goi", data=ticked)
    assert page.status_code == 200
    with shed.db.read() as session:
        stands = [session.get_one(Parcel, it.id).state for it in (first, short, last)]
    assert stands == ["packed", "new", "packed"]
    assert "Còn 1 kiện chưa được" in page.text
    assert "2 kiện khác đã xong" in page.text
    assert f"/ban-hang/don/{short.id}" in page.text
    assert "/ban-hang/nhan-lai/" in page.text
    assert shed.broken() == []
