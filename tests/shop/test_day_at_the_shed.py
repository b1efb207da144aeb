"""A day at the shed: lists agree with the orders after edits and weighings, and every step is one press."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments import ledger
from payments import service as payments
from payments.verify import check
from shop.accounts.models import Role
from shop.catalog.models import Variant, VariantKind
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.money import format_vnd
from shop.demo.orders import transfer
from shop.notify.models import Message, MessageState
from shop.orders import access, days, messages
from shop.orders.events import ParcelChanged, ParcelSettled
from shop.orders.models import Order, OrderLine, Parcel, Settled
from shop.orders.undo import service as undo
from shop.orders.undo.models import DeskDeed
from shop.orders.verify import broken_rules
from shop.settings import Settings
from shop.shipping.models import Shipment
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of


@pytest.fixture
def coop(db: Database) -> Coop:
    coop = make_coop(db)
    make_table(db, coop)
    return coop


@pytest.fixture
def packer(client: TestClient, db: Database, coop: Coop) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id))


def make_parcels(db: Database, settings: Settings, now: datetime, coop: Coop, count: int) -> list[Parcel]:
    """Orders of two boxes each, by different buyers."""
    box = variant_of(db, make_product(db, coop, on_hand=100))
    for n in range(count):
        make_order(db, {box.id: 2}, settings, now, phone=f"+8491100000{n}", name=f"Khách số {n}", visitor=f"v{n}")
    with db.read() as session:
        return list(session.exec(select(Parcel).where(Parcel.coop_id == coop.id).order_by(Parcel.id)))  # type: ignore[arg-type]


def test_the_whole_day_from_taking_the_orders_to_setting_off(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    parcels = make_parcels(db, settings, now, coop, 3)
    assert "Nhận cả 3 đơn này" in packer.get("/ban-hang/don").text
    packer.post("/ban-hang/nhan-het", data={"ids": [it.id for it in parcels]})
    with db.read() as session:
        (pick,) = days.picks(session, coop.id)
        assert (pick.quantity, pick.parcels) == (6, 3)
        line = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcels[0].id)).one()
    weights = {f"steps-{line.id}": "1", f"weight-{line.id}": ""}
    shown = packer.post(f"/ban-hang/can/{parcels[0].id}", data=weights).text
    seen = shown.partition('name="seen_vnd" value="')[2].partition('"')[0]
    assert "bớt cho khách" in shown
    packer.post(f"/ban-hang/can/{parcels[0].id}", data={**weights, "seen_vnd": seen})
    with db.read() as session:
        assert [it.quantity for it in days.picks(session, coop.id)] == [5]
        assert [it.lines[0].quantity for it in days.packs(session, coop.id)] == [1, 2, 2]
    for it in parcels:
        packer.post(f"/ban-hang/don/{it.id}/dong-goi")
    page = packer.get("/ban-hang/chuyen-giao").text
    with db.read() as session:
        cash_vnd = sum(stop.cash_vnd for stop in days.stops(session, coop.id))
        assert cash_vnd == sum(session.get_one(Parcel, it.id).total_vnd for it in parcels)
    assert f"{cash_vnd:,}".replace(",", ".") in page
    packer.post("/ban-hang/chuyen-giao", data={"ids": [it.id for it in parcels[:2]]})
    with db.read() as session:
        states = [stop.state for stop in days.stops(session, coop.id)]
    assert sorted(states) == ["handed_over", "handed_over", "packed"]


def test_what_was_just_pressed_is_taken_back_for_ten_seconds(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    parcels = make_parcels(db, settings, now, coop, 3)
    ids = [it.id for it in parcels]
    shown = packer.post("/ban-hang/nhan-het", data={"ids": ids}).text
    assert "Đã nhận 3 đơn." in shown
    back = re.findall(r'action="(/ban-hang/nhan-lai/\d+)"', shown)[0]
    packer.post(f"/ban-hang/don/{ids[0]}/dong-goi")
    assert "Đã đóng 1 kiện." in packer.get(f"/ban-hang/don/{ids[0]}").text
    assert "Một phần đã trả lại như cũ" in packer.post(back).text
    assert states_of(db) == ["packed", "new", "new"], "what went on meanwhile stays"
    assert packer.post(back).status_code == 409, "once"
    packed = re.findall(r'action="(/ban-hang/nhan-lai/\d+)"', packer.get(f"/ban-hang/don/{ids[0]}").text)[0]
    packer.post(packed)
    assert states_of(db) == ["confirmed", "new", "new"]
    packed_again = packer.post("/ban-hang/dong-goi", data={"ids": ids[:1]})
    assert "Đã đóng 1 kiện." in packed_again.text, "on the list, too"
    packer.post("/ban-hang/chuyen-giao", data={"ids": ids[:1]})
    shown = packer.get("/ban-hang/dong-goi").text
    assert "Đã đóng" not in shown, "what is on its way is not unpacked"
    assert "1 kiện đã lên đường." in shown
    packer.post(f"/ban-hang/don/{ids[1]}/xac-nhan")
    with db.write() as session:
        person, late = session.exec(select(DeskDeed.person_id, DeskDeed.id).order_by(col(DeskDeed.id).desc())).first()  # type: ignore[misc]
        boss = Person(person, "", "")
        hour = datetime.now(UTC) + timedelta(hours=1)
        assert undo.last_of(session, coop.id, boss, hour) is None
        with pytest.raises(undo.TooLateToTakeBack):
            undo.take_back(session, coop.id, late, boss, hour)


def test_a_parcel_that_set_off_by_a_slip_of_the_finger_stays_as_if_it_had_never_left(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    parcels = make_parcels(db, settings, now, coop, 2)
    ids = [it.id for it in parcels]
    for step in ("nhan-het", "dong-goi"):
        packer.post(f"/ban-hang/{step}", data={"ids": ids})
    shown = packer.post("/ban-hang/chuyen-giao", data={"ids": ids}).text
    assert "2 kiện đã lên đường." in shown
    assert [state for state, _ in carried(db)] == ["handed_over", "handed_over"]
    back = re.findall(r'action="(/ban-hang/nhan-lai/\d+)"', shown)[0]
    packer.post(f"/ban-hang/don/{ids[1]}/da-giao")
    assert "Một phần đã trả lại như cũ" in packer.post(back).text
    assert carried(db) == [("packed", ""), ("delivered", "own")], "whose cash came stays"
    with db.read() as session:
        assert ledger.balance_vnd(session, f"1130:own:coop:{coop.id}", pending=True) == 0

    typed = {"carrier_key": "typed", "carrier_name": "Xe Phương Trang", "tracking_code": "PT1"}
    shown = packer.post(f"/ban-hang/giao/{ids[0]}", data=typed).text
    assert "1 kiện đã lên đường." in shown
    assert carried(db)[0] == ("handed_over", "typed")
    packer.post(re.findall(r'action="(/ban-hang/nhan-lai/\d+)"', shown)[0])
    assert carried(db)[0] == ("packed", "")
    packer.post("/ban-hang/chuyen-giao", data={"ids": ids[:1]})
    packer.post(f"/ban-hang/don/{ids[0]}/da-giao")
    with db.read() as session:
        assert check(session) == []
        assert broken_rules(session) == []
        parcel = session.get_one(Parcel, ids[0])
        assert payments.state_of(session, f"order:{parcel.order_id}").received_vnd == parcel.total_vnd
        went = session.exec(select(Shipment).where(Shipment.parcel_id == ids[0])).one()
        assert went.carrier == "own"


def carried(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return list(session.exec(select(Parcel.state, Parcel.carrier).order_by(col(Parcel.id))))


def test_the_buyer_reads_that_it_left_when_that_cannot_be_taken_back_any_more(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    (parcel,) = make_parcels(db, settings, now, coop, 1)
    ids = [parcel.id]
    for step in ("nhan-het", "dong-goi"):
        packer.post(f"/ban-hang/{step}", data={"ids": ids})
    for _time in range(2):
        shown = packer.post("/ban-hang/chuyen-giao", data={"ids": ids}).text
        tell(db, ParcelChanged(parcel.id, "handed_over"))
        (waits,) = letters(db, MessageState.QUEUED)
        assert waits.due_at > waits.created_at + timedelta(seconds=30)
        packer.post(re.findall(r'action="(/ban-hang/nhan-lai/\d+)"', shown)[0])
        tell(db, ParcelChanged(parcel.id, "packed"))
        assert letters(db, MessageState.QUEUED) == []
        tell(db, ParcelChanged(parcel.id, "handed_over"))
        assert letters(db, MessageState.QUEUED) == [], "it stayed after all"
    packer.post("/ban-hang/chuyen-giao", data={"ids": ids})
    tell(db, ParcelChanged(parcel.id, "handed_over"))
    tell(db, ParcelChanged(parcel.id, "packed"))
    assert len(letters(db, MessageState.QUEUED)) == 1, "news that comes late takes nothing back"


def tell(db: Database, event: ParcelChanged) -> None:
    with db.write() as session:
        messages.tell_parcel(session, event, datetime.now(UTC))


def letters(db: Database, state: MessageState) -> list[Message]:
    with db.read() as session:
        wanted = select(Message).where(Message.kind == "handed_over", Message.state == state)
        return list(session.exec(wanted.where(Message.channel == "page")))


def states_of(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.exec(select(Parcel.state).order_by(col(Parcel.id))))


def test_a_slip_of_the_finger_is_asked_about_and_what_was_typed_stays(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    (parcel,) = make_parcels(db, settings, now, coop, 1)
    with db.read() as session:
        line = session.exec(select(OrderLine)).one()
    answer = packer.post(f"/ban-hang/can/{parcel.id}", data={f"steps-{line.id}": "2", f"weight-{line.id}": "1 ký"})
    assert answer.status_code == 422
    assert "xem lại số ký" in answer.text
    assert 'value="1 ký"' in answer.text
    answer = packer.post(f"/ban-hang/can/{parcel.id}", data={f"steps-{line.id}": "2", f"weight-{line.id}": "nhiều"})
    assert "Ghi như 19,4" in answer.text


def test_what_is_sold_by_the_piece_is_counted_and_not_weighed(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    (parcel,) = make_parcels(db, settings, now, coop, 1)
    with db.write() as session:
        line = session.exec(select(OrderLine)).one()
        session.get_one(Variant, line.variant_id).kind = VariantKind.PIECE
    page = packer.get(f"/ban-hang/can/{parcel.id}").text
    assert (f'name="steps-{line.id}"' in page, f'name="weight-{line.id}"' in page) == (True, False)


def test_what_a_paid_parcel_weighs_more_is_said_to_the_buyer_and_taken_at_the_door_with_one_press(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    kilo = variant_of(db, make_product(db, coop, on_hand=100))
    with db.write() as session:
        session.get_one(Variant, kilo.id).kind = VariantKind.LOOSE
    placed = make_order(db, {kilo.id: 10}, settings, now, pay="vietqr")
    with db.write() as session:
        transfer(session, session.get_one(Order, placed.id), settings, now)
        line = session.exec(select(OrderLine)).one()
    parcel, more_vnd = f"/ban-hang/don/{line.parcel_id}", line.total_vnd * 4 // 100
    heavier = {f"steps-{line.id}": "10", f"weight-{line.id}": f"{kilo.step_g * 10 * 104 // 100} g"}
    seen = packer.post(f"/ban-hang/can/{line.parcel_id}", data=heavier).text.partition('name="seen_vnd" value="')[2]
    packer.post(f"/ban-hang/can/{line.parcel_id}", data={**heavier, "seen_vnd": seen.partition('"')[0]})
    with db.write() as session:
        messages.tell_settled(session, ParcelSettled(session.exec(select(Settled.id)).one()), now)
        assert any(format_vnd(more_vnd) in body for body in session.exec(select(Message.body)).all())
    assert "Hàng cân nặng hơn" in packer.get(parcel).text
    assert format_vnd(more_vnd) in packer.get(access.secret_link(settings.secret_key, placed.code)).text
    packer.post(f"{parcel}/dong-goi")
    packer.post(f"/ban-hang/giao/{line.parcel_id}", data={"carrier_key": "own"})
    page = packer.get(parcel).text
    assert "Khách đã nhận, không thu thêm" in page
    assert packer.post(f"{parcel}/da-giao", data={"more_vnd": more_vnd + 1}).status_code == 409
    done = packer.post(f"{parcel}/da-giao", data=dict([re.findall(r'name="(more_vnd)" value="(\d+)"', page)[0]]))
    assert "đã giao" in done.text.lower()
    with db.read() as session:
        assert (
            payments.state_of(session, f"order:{placed.id}").received_vnd == session.get_one(Order, placed.id).total_vnd
        )


def test_anothers_parcels_are_on_no_list(db: Database, settings: Settings, now: datetime, coop: Coop) -> None:
    other = make_coop(db, name="HTX Khác")
    make_table(db, other)
    make_parcels(db, settings, now, other, 1)
    with db.read() as session:
        lists = (days.picks(session, coop.id), days.packs(session, coop.id), days.stops(session, coop.id))
    assert lists == ([], [], [])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("paper", "width"), [("a6", 297.6), ("a4", 595.3), ("k80", 226.8)])
def test_labels_come_as_pdf_in_every_size_of_paper_a_sheet_for_each_parcel(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient, paper: str, width: float
) -> None:
    parcels = make_parcels(db, settings, now, coop, 2)
    packer.post("/ban-hang/nhan-het", data={"ids": [it.id for it in parcels]})
    for path, sheets in ((f"/ban-hang/phieu/{parcels[0].id}.pdf", 1), ("/ban-hang/phieu.pdf", 2)):
        answer = packer.get(path, params={"kho": paper})
        assert answer.headers["content-type"] == "application/pdf"
        boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+)", answer.content)
        assert len(boxes) == sheets
        assert all(abs(float(box) - width) < 1 for box in boxes)
        assert b"BeVietnamPro" in answer.content


def test_two_orders_of_one_phone_to_one_door_are_packed_together(
    db: Database, settings: Settings, now: datetime, coop: Coop, packer: TestClient
) -> None:
    box = variant_of(db, make_product(db, coop, on_hand=100))
    for visitor, line in (("a", "Ấp 3"), ("b", "Ấp 3"), ("c", "Ấp 4")):
        make_order(db, {box.id: 1}, settings, now, visitor=visitor, line=line)
    with db.read() as session:
        first, second, elsewhere = session.exec(select(Parcel.id).order_by(Parcel.id))  # type: ignore[arg-type]
    page = packer.get(f"/ban-hang/don/{first}").text
    assert "Đã đóng chung 2 kiện" in page
    packer.post("/ban-hang/dong-goi", data={"ids": [first, second]})
    with db.read() as session:
        assert [session.get_one(Parcel, one).state for one in (first, second, elsewhere)] == ["packed", "packed", "new"]
    assert "đóng chung" not in packer.get(f"/ban-hang/don/{elsewhere}").text
