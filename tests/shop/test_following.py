"""Being told without an account: what one asked for comes once, a mail address is asked first, one tap stops it."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.catalog.back_in_stock import tell_who_waits
from shop.catalog.models import Product
from shop.core.db import Database
from shop.notify import choices, following
from shop.notify.models import Channel, Follow, Message, PushSubscription
from shop.notify.service import Letter
from shop.notify.webpush import _pack, _point
from shop.orders.messages import absolute
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product

BROWSER = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "p256dh": _pack(_point(ec.generate_private_key(ec.SECP256R1()))),
    "auth": base64.urlsafe_b64encode(b"0123456789abcdef").decode().rstrip("="),
}
MAIL = "lan@vidu.vn"


def letters(db: Database, kind: str) -> list[Message]:
    with db.read() as session:
        return list(session.exec(select(Message).where(Message.kind == kind).order_by(Message.id)))  # type: ignore[arg-type]


def follows(db: Database) -> list[Follow]:
    with db.read() as session:
        return list(session.exec(select(Follow)))


def link_in_the_mail(db: Database, settings: Settings) -> str:
    """The path in the newest letter that asks for a confirmation."""
    whole = absolute(settings)(letters(db, "confirm_follow")[-1].link)
    return whole.removeprefix(settings.base_url)


class TestByMail:
    def test_nothing_comes_before_the_address_has_said_yes(
        self, client: TestClient, db: Database, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db, name="HTX Hàm Đức")
        assert "Theo dõi hợp tác xã" in client.get(f"/htx/{coop.slug}").text
        answer = client.post(f"/theo-doi/coop/{coop.id}", data={"email": "Lan@vidu.vn"})
        assert "Bạn mở thư và bấm xác nhận" in answer.text
        assert tell(db, f"coop:{coop.id}", now) == 0
        path = link_in_the_mail(db, settings)
        assert "Đúng, báo cho tôi" in client.get(path).text
        assert tell(db, f"coop:{coop.id}", now) == 0, "a mail program that opens links has confirmed for its owner"
        assert "Thôi báo tin" in client.post(path, data={"what": "confirm"}).text
        assert tell(db, f"coop:{coop.id}", now) == 1
        assert tell(db, f"coop:{coop.id}", now) == 1
        assert [message.address for message in letters(db, "live_on")] == [MAIL]

    def test_one_tap_stops_it_and_nothing_is_kept(
        self, client: TestClient, db: Database, settings: Settings, now: datetime
    ) -> None:
        coop = make_coop(db)
        client.post(f"/theo-doi/coop/{coop.id}", data={"email": MAIL})
        path = link_in_the_mail(db, settings)
        client.post(path, data={"what": "confirm"})
        assert "Đã thôi báo tin" in client.post(path, data={"what": "stop"}).text
        assert follows(db) == []
        assert client.get(path).status_code == 404
        assert tell(db, f"coop:{coop.id}", now) == 0

    def test_the_page_of_choices_shows_what_is_followed(
        self, client: TestClient, db: Database, settings: Settings
    ) -> None:
        coop = make_coop(db, name="HTX Hàm Đức")
        client.post(f"/theo-doi/coop/{coop.id}", data={"email": MAIL})
        client.post(link_in_the_mail(db, settings), data={"what": "confirm"})
        page = client.get(choices.path_for(settings.secret_key, MAIL)).text
        assert "Bạn đang theo dõi" in page
        stop = re.findall(r'action="(/theo-doi/so/[^"]+)"', page)
        client.post(stop[0], data={"what": "stop"})
        assert "Bạn đang theo dõi" not in client.get(choices.path_for(settings.secret_key, MAIL)).text

    def test_one_address_is_not_written_to_all_day_because_somebody_types_it(
        self, client: TestClient, db: Database
    ) -> None:
        coop = make_coop(db)
        for _ in range(3):
            client.post(f"/theo-doi/coop/{coop.id}", data={"email": MAIL})
        assert len(letters(db, "confirm_follow")) == 1
        coops = [make_coop(db).id for _ in range(4)]
        answers = [client.post(f"/theo-doi/coop/{coop_id}", data={"email": MAIL}).status_code for coop_id in coops]
        assert answers == [200, 200, 429, 429]

    @pytest.mark.parametrize("email", ["lan", "lan@", "a b@c.d", "x" * 200 + "@vidu.vn", ""])
    def test_what_is_no_address_is_said(self, client: TestClient, db: Database, email: str) -> None:
        answer = client.post(f"/theo-doi/coop/{make_coop(db).id}", data={"email": email})
        assert answer.status_code == 422
        assert "Địa chỉ thư chưa đúng" in answer.text
        assert follows(db) == []

    @pytest.mark.parametrize("token", ["1", "1.x", "1.ạ", "x.y", "9" * 12 + ".x", "."])
    def test_a_link_that_we_did_not_write_opens_nothing(self, client: TestClient, db: Database, token: str) -> None:
        client.post(f"/theo-doi/coop/{make_coop(db).id}", data={"email": MAIL})
        assert client.get(f"/theo-doi/so/{token}").status_code == 404
        assert client.post(f"/theo-doi/so/{token}", data={"what": "confirm"}).status_code == 404

    def test_what_nobody_confirmed_is_forgotten(self, client: TestClient, db: Database) -> None:
        client.post(f"/theo-doi/coop/{make_coop(db).id}", data={"email": MAIL})
        following.forget_old_follows(db, datetime.now(UTC) + timedelta(days=1))
        assert len(follows(db)) == 1
        following.forget_old_follows(db, datetime.now(UTC) + timedelta(days=3))
        assert follows(db) == []


class TestByBrowser:
    def test_a_browser_asks_twice_and_is_told_once(self, client: TestClient, db: Database, now: datetime) -> None:
        coop = make_coop(db)
        for _ in range(2):
            assert client.post(f"/theo-doi/coop/{coop.id}", data=BROWSER).status_code == 200
        tell(db, f"coop:{coop.id}", now)
        (message,) = letters(db, "live_on")
        with db.read() as session:
            (push,) = session.exec(select(PushSubscription))
        assert (message.channel, message.address) == (Channel.PUSH, str(push.id))

    def test_following_a_session_and_its_coop_is_one_letter(
        self, client: TestClient, db: Database, now: datetime
    ) -> None:
        coop, other = make_coop(db), make_coop(db)
        for coop_id in (coop.id, other.id):
            client.post(f"/theo-doi/coop/{coop_id}", data=BROWSER)
        with db.write() as session:
            subjects = [f"coop:{coop.id}", f"coop:{other.id}"]
            assert following.tell_followers(session, subjects, lambda: LETTER, now) == 1

    def test_it_stops_where_it_was_asked(self, client: TestClient, db: Database) -> None:
        coop, other = make_coop(db), make_coop(db)
        for coop_id in (coop.id, other.id):
            client.post(f"/theo-doi/coop/{coop_id}", data=BROWSER)
        assert client.post(f"/theo-doi/coop/{coop.id}/thoi", data=BROWSER).status_code == 204
        assert [follow.subject for follow in follows(db)] == [f"coop:{other.id}"]

    def test_what_is_no_browser_and_what_is_not_there_is_refused(self, client: TestClient, db: Database) -> None:
        coop = make_coop(db)
        wrong = {**BROWSER, "endpoint": "https://10.0.0.1/"}
        assert client.post(f"/theo-doi/coop/{coop.id}", data=wrong).status_code == 422
        for nowhere in ("coop/999", "live/999", "product/999"):
            assert client.post(f"/theo-doi/{nowhere}", data=BROWSER).status_code == 404
        assert client.post("/theo-doi/lot/1", data=BROWSER).status_code in (404, 422)
        assert follows(db) == []


LETTER = Letter("live:1:on", "live_on", "Đang live", "Thanh long", "/live/x")


def tell(db: Database, subject: str, now: datetime) -> int:
    with db.write() as session:
        return following.tell_followers(session, [subject], lambda: LETTER, now)


class TestGoodsAreBack:
    @pytest.fixture
    def product(self, db: Database) -> Product:
        return make_product(db, make_coop(db), name="Thanh long ruột đỏ", on_hand=0)

    def restock(self, db: Database, product: Product, now: datetime) -> None:
        from tests.factories_live import variant_of

        with db.write() as session:
            stock.receive(session, stock.pool_of(session, variant_of(db, product).id), 5, now)

    def test_who_waits_is_told_once_and_asks_again_for_the_next_time(
        self, client: TestClient, db: Database, product: Product, now: datetime
    ) -> None:
        assert "Báo tôi khi có hàng" in client.get(f"/san-pham/{product.slug}").text
        client.post(f"/theo-doi/product/{product.id}", data=BROWSER)
        tell_who_waits(db, now)
        assert letters(db, "back_in_stock") == []
        self.restock(db, product, now)
        for minutes in (1, 2):
            tell_who_waits(db, now + timedelta(minutes=minutes))
        (told,) = letters(db, "back_in_stock")
        assert told.title == "Có hàng lại: Thanh long ruột đỏ"
        client.post(f"/theo-doi/product/{product.id}", data=BROWSER)
        tell_who_waits(db, now + timedelta(minutes=3))
        assert len(letters(db, "back_in_stock")) == 2

    def test_goods_on_the_shelf_offer_no_waiting(self, client: TestClient, db: Database) -> None:
        product = make_product(db, make_coop(db), on_hand=5)
        assert "Báo tôi khi có hàng" not in client.get(f"/san-pham/{product.slug}").text


def test_the_worker_does_it(app: FastAPI, settings: Settings, db: Database) -> None:
    from shop.main import jobs

    names = {job.name for job in jobs(settings, db)}
    assert {"tell-who-waits-for-goods", "forget-old-follows"} <= names
