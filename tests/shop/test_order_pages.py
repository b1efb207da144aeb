"""The order's page: whoever has its secret sees it, whoever knows code and phone sees less, nobody else anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.demo.orders import transfer
from shop.orders import access
from shop.orders.access import Sight
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.placing import Placed
from shop.settings import Settings
from tests.conftest import HTMX
from tests.factories import make_coop, make_product
from tests.factories_orders import make_order, make_table, variant_of

NOW = datetime.now(UTC)


@pytest.fixture
def placed(db: Database, settings: Settings) -> Placed:
    """An order by transfer that waits for its money."""
    coop = make_coop(db)
    make_table(db, coop)
    return make_order(db, {variant_of(db, make_product(db, coop)).id: 2}, settings, NOW, pay="vietqr")


def link(settings: Settings, placed: Placed) -> str:
    return access.secret_link(settings.secret_key, placed.code)


class TestWhoSeesIt:
    def test_the_secret_link_opens_it_and_later_its_plain_address_does(
        self, client: TestClient, settings: Settings, placed: Placed
    ) -> None:
        page = client.get(link(settings, placed))
        assert page.status_code == 200
        assert "Nguyễn Thị Hoa" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert client.get(f"/don-hang/{placed.code}").status_code == 200

    @pytest.mark.parametrize("key", ["", "0" * 40, "é", "x\x00"])
    def test_without_the_secret_there_is_no_such_order(self, client: TestClient, placed: Placed, key: str) -> None:
        page = client.get(f"/don-hang/{placed.code}", params={"k": key})
        assert page.status_code == 404
        assert "Nguyễn Thị Hoa" not in page.text

    def test_the_qr_code_is_a_picture_to_save_for_whoever_pays_on_the_phone_that_shows_it(
        self, client: TestClient, settings: Settings, placed: Placed
    ) -> None:
        picture = f"/don-hang/{placed.code}/vietqr.png"
        assert client.get(picture).status_code == 404
        assert f'href="{picture}" download' in client.get(link(settings, placed)).text
        answer = client.get(picture)
        with Image.open(BytesIO(answer.content)) as image:
            assert image.format == "PNG"
            assert min(image.size) >= 480
        assert "attachment" in answer.headers["content-disposition"]

    def test_a_code_that_was_never_given_answers_the_same(self, client: TestClient, placed: Placed) -> None:
        assert client.get("/don-hang/0000000000").status_code == 404

    def test_the_code_may_be_typed_in_any_usual_way(
        self, client: TestClient, settings: Settings, placed: Placed
    ) -> None:
        typed = f"{placed.code[:5]}-{placed.code[5:]}".lower()
        secret = access.token(settings.secret_key, placed.code)
        assert client.get(f"/don-hang/{typed}?k={secret}").status_code == 200

    def test_the_cookie_keeps_the_newest_twelve_orders(self) -> None:
        cookie = ""
        for number in range(15):
            cookie = access.remember(cookie, f"CODE{number:06d}", "f" * 40)
        assert access.remembered(cookie, "CODE000014") == "f" * 40
        assert access.remembered(cookie, "CODE000003") == "f" * 40
        assert access.remembered(cookie, "CODE000002") is None


class TestTheReceipt:
    def test_it_names_each_sum_who_sold_and_who_took_the_money(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        client.get(link(settings, placed))
        page = f"/don-hang/{placed.code}/bien-nhan"
        assert client.get(page).status_code == 404
        with db.write() as session:
            order = session.get_one(Order, placed.id)
            for amount_vnd in (placed.total_vnd - 1_000, 1_000):
                transfer(session, order, settings, NOW, amount_vnd)
        shown = client.get(page)
        assert shown.text.count("Chuyển khoản ngân hàng") == 2
        assert settings.operator_registration in shown.text
        assert f"/don-hang/{placed.code}/bien-nhan" in client.get(f"/don-hang/{placed.code}").text

    def test_phone_and_code_do_not_open_it(self, client: TestClient, placed: Placed) -> None:
        client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code})
        assert client.get(f"/don-hang/{placed.code}/bien-nhan").status_code == 403


class TestLookUp:
    def test_phone_and_code_open_it_with_name_and_street_masked(
        self, client: TestClient, db: Database, placed: Placed
    ) -> None:
        page = client.post("/tra-cuu", data={"phone": "0912 345 678", "code": placed.code.lower()})
        assert page.url.path == f"/don-hang/{placed.code}"
        assert "N••• T••• H•••" in page.text
        assert "Hoa" not in page.text
        assert "Trần Phú" not in page.text

    def test_another_phone_opens_nothing(self, client: TestClient, placed: Placed) -> None:
        page = client.post("/tra-cuu", data={"phone": "0912345679", "code": placed.code})
        assert page.status_code == 404
        assert "Không có đơn nào khớp" in page.text

    def test_after_five_tries_one_has_to_wait(self, client: TestClient, placed: Placed) -> None:
        wrong = {"phone": "0912345678", "code": "0000000000"}
        answers = [client.post("/tra-cuu", data=wrong).status_code for _ in range(6)]
        assert answers == [404] * 5 + [429]
        right = client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0

    def test_an_order_of_ones_own_gives_no_new_tries_at_anothers(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        with db.read() as session:
            variant_id = session.exec(select(OrderLine.variant_id)).first()
        assert variant_id
        mine = make_order(db, {variant_id: 1}, settings, NOW, phone="+84912345679")
        for _ in range(5):
            assert client.post("/tra-cuu", data={"phone": "0912345678", "code": "0000000000"}).status_code == 404
        assert client.post("/tra-cuu", data={"phone": "0912345679", "code": mine.code}).status_code == 200
        guess = client.post("/tra-cuu", data={"phone": "0912345678", "code": "0000000000"})
        assert guess.status_code == 429

    def test_neighbours_behind_one_address_have_tries_of_their_own(self, client: TestClient) -> None:
        for number in range(10):
            guess = {"phone": f"091234000{number}", "code": "0000000000"}
            assert client.post("/tra-cuu", data=guess).status_code == 404

    def test_the_masked_proof_does_not_unmask(self, settings: Settings, placed: Placed) -> None:
        masked = access.token(settings.secret_key, placed.code, Sight.MASKED)
        assert access.opens(settings.secret_key, placed.code, masked) is Sight.MASKED

    def test_it_shows_that_the_order_waits_but_not_how_to_pay_it(self, client: TestClient, placed: Placed) -> None:
        page = client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code}).text
        assert "Đơn đang chờ trả tiền" in page
        assert "Chờ trả tiền" in page
        for of_the_payer in ("data-copy", "vietqr.png", "/cach-tra", '/tra"'):
            assert of_the_payer not in page.replace(f'data-copy="{placed.code}"', "")

    @pytest.mark.parametrize("what", ["tra", "cach-tra"])
    def test_it_opens_no_payment_and_changes_no_method(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed, what: str
    ) -> None:
        client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code})
        refused = client.post(f"/don-hang/{placed.code}/{what}", data={"payment_method": "cod"})
        assert refused.status_code == 403
        assert "chỉ để xem đơn" in refused.text
        assert client.get(f"/don-hang/{placed.code}/vietqr.png").status_code == 403
        with db.read() as session:
            order = session.get_one(Order, placed.id)
            assert (order.payment_method, order.state) == ("vietqr", "awaiting_payment")
        client.get(link(settings, placed))
        assert client.get(f"/don-hang/{placed.code}/vietqr.png").status_code == 200


class TestPaying:
    def test_the_page_shows_a_qr_the_account_the_sum_and_the_content(
        self, client: TestClient, settings: Settings, placed: Placed
    ) -> None:
        text = client.get(link(settings, placed)).text
        assert "<svg" in text
        assert settings.vietqr_account_no in text
        assert "data-copy" in text

    def test_when_the_money_is_there_it_says_so(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        with db.write() as session:
            transfer(session, session.get_one(Order, placed.id), settings, NOW + timedelta(minutes=1))
        text = client.get(link(settings, placed)).text
        assert "Đã nhận tiền" in text
        assert 'role="img"' not in text

    def test_a_rest_too_small_for_the_chosen_gateway_is_said_and_other_ways_stand_open(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        with db.write() as session:
            order = session.get_one(Order, placed.id)
            transfer(session, order, settings, NOW, order.total_vnd - 1_000)
        client.get(link(settings, placed))
        client.post(f"/don-hang/{placed.code}/cach-tra", data={"payment_method": "vnpay"})  # takes 5.000 or more
        text = client.get(f"/don-hang/{placed.code}").text
        assert "còn thiếu 1.000" in text
        assert "không trả bằng cách này được" in text
        assert f'/don-hang/{placed.code}/tra"' not in text
        assert 'value="momo"' in text
        assert 'value="stripe"' not in text

    def test_money_that_came_too_much_is_owned_up_to(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        with db.write() as session:
            order = session.get_one(Order, placed.id)
            transfer(session, order, settings, NOW, order.total_vnd + 50_000)
        assert "50.000" in client.get(link(settings, placed)).text.partition("ngoài số tiền đơn này cần")[0]

    def test_htmx_reads_the_block_again(self, client: TestClient, settings: Settings, placed: Placed) -> None:
        client.get(link(settings, placed))
        answer = client.get(f"/don-hang/{placed.code}", headers=HTMX)
        assert "<html" not in answer.text
        assert 'id="order"' in answer.text


class TestWhatABuyerDoes:
    def test_cancels_before_packing(self, client: TestClient, db: Database, settings: Settings, placed: Placed) -> None:
        client.get(link(settings, placed))
        page = client.post(f"/don-hang/{placed.code}/huy")
        assert "Đơn này đã hủy" in page.text
        with db.read() as session:
            assert session.get_one(Order, placed.id).state == "cancelled"

    def test_cannot_cancel_the_order_of_others(
        self, new_client: Callable[[], TestClient], db: Database, placed: Placed
    ) -> None:
        assert new_client().post(f"/don-hang/{placed.code}/huy").status_code == 404
        with db.read() as session:
            assert session.get_one(Order, placed.id).state == "awaiting_payment"

    def test_phone_and_code_stand_on_the_label_and_call_nothing_off(
        self, client: TestClient, db: Database, placed: Placed
    ) -> None:
        page = client.post("/tra-cuu", data={"phone": "0912345678", "code": placed.code})
        assert "Hủy đơn" not in page.text
        assert client.post(f"/don-hang/{placed.code}/huy").status_code == 403
        assert client.post(f"/don-hang/{placed.code}/tra-lai/1").status_code == 403
        with db.read() as session:
            assert session.get_one(Order, placed.id).state == "awaiting_payment"

    def test_buys_the_same_again(self, client: TestClient, settings: Settings, placed: Placed) -> None:
        client.get(link(settings, placed))
        page = client.post(f"/don-hang/{placed.code}/mua-lai")
        assert page.url.path == "/gio-hang"
        assert "Thanh long ruột đỏ" in page.text

    def test_sees_carrier_and_code_once_the_parcel_is_on_its_way(
        self, client: TestClient, db: Database, settings: Settings, placed: Placed
    ) -> None:
        with db.write() as session:
            parcel = session.get_one(Parcel, 1)
            parcel.state, parcel.carrier_name, parcel.tracking_code = "handed_over", "Phương Trang", "PT-77"
        text = client.get(link(settings, placed)).text
        assert "Phương Trang" in text
        assert "PT-77" in text
