"""What buyers and co-ops are told: in time, once each, with a link that opens the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments.events import RefundSent
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.events import publish
from shop.main import HANDLERS, jobs
from shop.notify import service as notify
from shop.notify.models import Channel, Message
from shop.notify.service import Outgoing
from shop.orders import messages, states
from shop.orders import service as orders
from shop.orders.events import OrderPlaced
from shop.orders.models import Order, Parcel
from shop.orders.placing import Placed
from shop.settings import Settings
from shop.worker import run_once
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person
from tests.factories_orders import make_order, make_table, variant_of

BUYER = "+84912345678"


class Market:
    """One co-op with a manager, and a worker that the test turns by hand."""

    def __init__(self, db: Database, settings: Settings, now: datetime) -> None:
        self.db, self.settings, self.now = db, settings, now
        self.coop = make_coop(db, name="HTX Hàm Đức")
        make_table(db, self.coop)
        self.manager: Person = make_person(db, Role.MANAGER, coop_id=self.coop.id)
        self.box = variant_of(db, make_product(db, self.coop, name="Thanh long"))

    def order(self, **how: str) -> Placed:
        return make_order(self.db, {self.box.id: 2}, self.settings, self.now, **how)

    def work(self) -> None:
        """Let the worker take two rounds: events become messages, messages go out."""
        for seconds in (5, 10):
            run_once(self.db, HANDLERS, jobs(self.settings, self.db), self.now + timedelta(seconds=seconds))
        self.now += timedelta(minutes=1)

    def told(self, address: str = BUYER) -> list[Message]:
        with self.db.read() as session:
            return list(session.exec(select(Message).where(Message.address == address).order_by(col(Message.id))))

    def kinds(self, address: str = BUYER) -> list[str]:
        return [message.kind for message in self.told(address)]

    def parcel(self) -> Parcel:
        with self.db.read() as session:
            return session.exec(select(Parcel)).one()

    def move(self, step: str, **how: object) -> None:
        """A manager presses a button."""
        with self.db.write() as session:
            getattr(states, step)(session, self.coop.id, self.parcel().id, self.manager, self.now, **how)


class Carried:
    """A way out, as one by SMS or Zalo would be: it keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, message: Outgoing) -> None:
        self.sent.append(message)


@pytest.fixture
def market(db: Database, settings: Settings) -> Market:
    return Market(db, settings, datetime.now(UTC))


class TestWhatTheBuyerIsTold:
    def test_an_order_is_confirmed_with_a_link_that_opens_it(self, market: Market, client: TestClient) -> None:
        placed = market.order()
        market.work()
        (told,) = market.told()
        assert told.state == "sent"
        assert placed.code in told.title
        assert "460.000" in told.body
        link = messages.absolute(market.settings)(told.link)
        assert link.startswith("http://testserver/don-hang/")
        page = client.get(link)
        assert page.status_code == 200
        assert "Nguyễn Thị Hoa" in page.text

    def test_who_is_to_transfer_reads_how_much_and_until_when(self, market: Market) -> None:
        market.order(pay="vietqr")
        market.work()
        (told,) = market.told()
        assert "460.000" in told.body
        assert "đang giữ hàng" in told.title

    def test_hand_over_tells_carrier_tracking_code_and_the_cash_to_have_ready(self, market: Market) -> None:
        market.order()
        market.move("confirm")
        market.move("pack")
        market.move("hand_over", carrier_key="typed", carrier_name="Phương Trang", tracking_code="PT123")
        market.work()
        assert market.kinds() == ["placed", "handed_over"]
        body = market.told()[-1].body
        assert "Phương Trang" in body
        assert "PT123" in body
        assert "460.000" in body

    def test_a_problem_comes_with_the_coops_words_and_its_number(self, market: Market) -> None:
        market.order()
        market.move("pack")
        market.move("hand_over", carrier_key="own")
        market.move("report_problem", note="Xe hỏng ở Phan Thiết.")
        market.work()
        assert market.kinds() == ["placed", "handed_over", "problem"]
        assert market.told()[-1].body.startswith("Xe hỏng ở Phan Thiết.")

    def test_a_refused_parcel_says_that_nothing_is_to_be_paid(self, market: Market) -> None:
        market.order()
        market.move("pack")
        market.move("hand_over", carrier_key="own")
        market.move("refuse", goods_fit=True)
        market.work()
        assert market.kinds()[-1] == "refused"
        assert "không phải trả" in market.told()[-1].body

    def test_a_parcel_ready_to_be_picked_up_calls_the_buyer(self, market: Market) -> None:
        market.order(way="pickup")
        market.move("pack")
        market.work()
        assert market.kinds() == ["placed", "packed"]

    def test_cancelling_is_told_to_both_sides(self, market: Market) -> None:
        placed = market.order()
        with market.db.write() as session:
            orders.cancel(session, placed.id, None, market.now)
        market.work()
        assert market.kinds() == ["placed", "cancelled"]
        assert market.kinds(market.manager.phone) == ["new_order", "order_cancelled"]

    def test_an_order_nobody_paid_closes_with_a_word(self, market: Market) -> None:
        market.order(pay="vietqr")
        market.work()
        market.now += timedelta(hours=3)
        orders.close_unpaid(market.db, market.now)
        market.work()
        assert market.kinds() == ["placed", "closed"]
        assert market.kinds(market.manager.phone) == []

    def test_money_sent_back_is_told_for_each_refund(self, market: Market) -> None:
        placed = market.order()
        for refund_id in (1, 2):
            with market.db.write() as session:
                publish(session, RefundSent(f"order:{placed.id}", 50_000, refund_id))
        market.work()
        assert market.kinds() == ["placed", "refunded", "refunded"]
        assert "50.000" in market.told()[-1].title

    def test_the_same_event_twice_is_one_message(self, market: Market) -> None:
        market.order()
        market.work()
        with market.db.write() as session:
            event = OrderPlaced(market.parcel().order_id)
            messages.tell_placed(session, event, market.now)
        market.work()
        assert market.kinds() == ["placed"]

    def test_mail_goes_to_the_address_the_buyer_gave(self, market: Market) -> None:
        market.order(email="hoa@example.com")
        market.work()
        (told,) = market.told("hoa@example.com")
        assert (told.channel, told.state) == ("mail", "failed"), "no mail server is set up in the demo"

    def test_who_shops_in_english_is_written_to_in_the_language_of_the_order(self, market: Market) -> None:
        placed = market.order()
        with market.db.write() as session:
            session.get_one(Order, placed.id).lang = "en"
        market.work()
        (told,) = market.told()
        assert told.lang == "en"
        assert told.link == f"/en/don-hang/{placed.code}"
        assert "/en/don-hang/" in messages.absolute(market.settings)(told.link)


class TestWhatTheCoopIsTold:
    def test_every_manager_reads_what_to_pack(self, market: Market) -> None:
        second = make_person(market.db, Role.MANAGER, coop_id=market.coop.id, phone="+84900000012")
        make_person(market.db, Role.HOST, coop_id=market.coop.id, phone="+84900000013")
        market.order()
        market.work()
        for person in (market.manager, second):
            (told,) = market.told(person.phone)
            assert told.body == "2 × Thanh long (Thùng 5 kg). Giao cho Nguyễn Thị Hoa."
            assert told.link == f"/ban-hang/don/{market.parcel().id}"
        assert market.kinds("+84900000013") == []

    def test_a_seller_hears_of_a_new_order_once_by_phone_mail_and_push_whoever_carries_it(self, market: Market) -> None:
        seller = make_person(
            market.db, Role.SELLER, Role.MANAGER, coop_id=market.coop.id, phone="+84900000014", name="Chị Bán"
        )
        plain = make_person(market.db, Role.SELLER, coop_id=market.coop.id, phone="+84900000015")
        with market.db.write() as session:
            session.get_one(PersonRow, seller.id).email = "ban@example.com"
            browser = notify.Browser("https://push.example/1", "key", "auth")
            notify.subscribe(session, f"person:{seller.id}", browser, lang="vi", now=market.now)
        placed = market.order()
        with market.db.write() as session:
            messages.tell_placed(session, OrderPlaced(placed.id), market.now)
        ways = {str(channel): Carried() for channel in (Channel.PAGE, Channel.MAIL, Channel.PUSH)}
        notify.send_due(market.db, ways, lambda path: f"https://cho.example{path}", market.now)
        theirs = [it for way in ways.values() for it in way.sent if it.title.startswith("Đơn mới")]
        link = f"https://cho.example/ban-hang/don/{market.parcel().id}"
        assert {it.link for it in theirs} == {link}
        phones = [it.address for it in ways[Channel.PAGE].sent if it.link == link]
        assert sorted(phones) == sorted([market.manager.phone, seller.phone, plain.phone])
        assert [it.address for it in ways[Channel.MAIL].sent] == ["ban@example.com"]
        assert len(ways[Channel.PUSH].sent) == 1

    def test_a_transfer_calls_the_coop_only_when_the_money_is_there(self, market: Market) -> None:
        placed = market.order(pay="vietqr")
        market.work()
        assert market.kinds(market.manager.phone) == []
        with market.db.write() as session:
            orders.mark_paid(session, placed.id, market.now)
        market.work()
        assert market.kinds(market.manager.phone) == ["new_order"]
        assert market.kinds() == ["placed", "paid"]

    def test_who_is_no_manager_any_more_is_told_nothing(self, market: Market) -> None:
        with market.db.write() as session:
            accounts.revoke(session, market.manager, market.manager.id, Role.MANAGER, market.coop.id, market.now)
        market.order()
        market.work()
        assert market.kinds(market.manager.phone) == []


def test_silence_that_was_asked_for_is_kept(market: Market) -> None:
    with market.db.write() as session:
        notify.opt_out(session, BUYER, "placed", market.now)
    market.order()
    market.work()
    assert [message.state for message in market.told()] == ["opted_out"]


def test_the_worker_of_the_app_sends(app: FastAPI, market: Market) -> None:
    assert "send-messages" in [job.name for job in app.state.worker.jobs]
