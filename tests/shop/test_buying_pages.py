"""Buying as a browser without JavaScript does it: cart, three questions, the summary, the order."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.catalog.models import Variant, VariantKind
from shop.checkout.models import Checkout
from shop.core.dated import WEIGHT_TOLERANCE_PERCENT, in_force
from shop.core.db import Database
from shop.orders.models import Order, OrderLine, Parcel
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_orders import make_table, variant_of

CONTACT = {
    "name": "Nguyễn Thị Hoa",
    "phone": "0912 345 678",
    "line": "12 đường Trần Phú",
    "ward_code": "23095",
    "province_code": "68",
}


def field(html: str, name: str) -> str:
    """The value of a hidden field on the page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


class TestBuyingWithoutJavascript:
    def test_from_two_coops_to_one_order_with_two_parcels(self, db: Database, client: TestClient) -> None:
        coops = [make_coop(db), make_coop(db)]
        boxes = [variant_of(db, make_product(db, coop)) for coop in coops]
        for coop in coops:
            make_table(db, coop)

        for box in boxes:
            assert client.post("/gio-hang", data={"variant_id": box.id, "quantity": 2}).status_code == 200
        page = client.post("/thanh-toan/bat-dau")
        assert page.url.path == "/thanh-toan", page.text
        page = client.post("/thanh-toan", data=CONTACT)
        assert page.url.path == "/thanh-toan/nhan-hang", page.text
        ways = {f"way-{coop.id}": "delivery" for coop in coops}
        page = client.post("/thanh-toan/nhan-hang", data={"payment_method": "vietqr", **ways})
        assert page.url.path == "/thanh-toan/kiem-tra", page.text
        summary = {name: field(page.text, name) for name in ("checkout_id", "total_vnd")}
        page = client.post("/thanh-toan/dat-hang", data=summary)

        assert page.status_code == 200, page.text
        assert page.url.path.startswith("/don-hang/")
        with db.read() as session:
            order = session.exec(select(Order)).one()
            parcels = session.exec(select(Parcel)).all()
        assert summary["total_vnd"] == str(order.total_vnd)
        assert sum(parcel.total_vnd for parcel in parcels) == order.total_vnd
        assert {parcel.coop_id for parcel in parcels} == {coop.id for coop in coops}

        again = client.post("/thanh-toan/dat-hang", data=summary)
        assert again.url.path == page.url.path

    @pytest.mark.parametrize("kind", [VariantKind.LOOSE, VariantKind.BOX])
    def test_how_much_more_may_be_asked_after_weighing_is_said_before_the_order_is_placed(
        self, db: Database, client: TestClient, now: datetime, kind: VariantKind
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        product = make_product(db, coop)
        box = variant_of(db, product)
        with db.write() as session:
            session.get_one(Variant, box.id).kind = kind
        percent = in_force(WEIGHT_TOLERANCE_PERCENT, now).value
        said = f"nặng hơn thì bạn trả thêm tiền mặt khi nhận, nhiều nhất {percent}%."
        client.post("/gio-hang", data={"variant_id": box.id, "quantity": 2})
        client.post("/thanh-toan/bat-dau")
        client.post("/thanh-toan", data=CONTACT)
        told = {"payment_method": "cod", f"way-{coop.id}": "delivery"}
        summary = client.post("/thanh-toan/nhan-hang", data=told).text
        assert 'name="total_vnd"' in summary
        for page in (client.get(f"/san-pham/{product.slug}").text, summary):
            assert (said in page) == (kind == VariantKind.LOOSE)

    def test_who_reads_english_sees_english_names_and_the_co_op_packs_by_its_own(
        self, db: Database, client: TestClient
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        product = make_product(db, coop, name="Thanh long ruột đỏ", name_en="Red dragon fruit")
        assert "Red dragon fruit" in client.get("/en/tim?q=thanh+long").text
        assert "Red dragon fruit" not in client.get("/tim?q=thanh+long").text
        client.post("/en/gio-hang", data={"variant_id": variant_of(db, product).id})
        assert "Red dragon fruit" in client.get("/en/gio-hang").text
        assert "Thanh long ruột đỏ" in client.get("/gio-hang").text
        client.post("/en/thanh-toan/bat-dau")
        client.post("/en/thanh-toan", data=CONTACT)
        page = client.post("/en/thanh-toan/nhan-hang", data={"payment_method": "cod", f"way-{coop.id}": "delivery"})
        assert "Red dragon fruit" in page.text
        client.post(
            "/en/thanh-toan/dat-hang", data={name: field(page.text, name) for name in ("checkout_id", "total_vnd")}
        )
        with db.read() as session:
            assert session.exec(select(OrderLine.product_name)).one() == "Thanh long ruột đỏ"

    def test_going_back_without_answers_leads_to_the_question_that_is_open(
        self, db: Database, client: TestClient
    ) -> None:
        assert client.get("/thanh-toan").url.path == "/gio-hang"
        coop = make_coop(db)
        make_table(db, coop)
        client.post("/gio-hang", data={"variant_id": variant_of(db, make_product(db, coop)).id})
        assert "Giữ hàng và đặt mua" in client.get("/thanh-toan").text
        client.post("/thanh-toan/bat-dau")
        assert client.get("/thanh-toan/kiem-tra").url.path == "/thanh-toan"
        assert client.get("/thanh-toan/nhan-hang").url.path == "/thanh-toan"

    def test_what_was_typed_stays_when_something_is_wrong(self, db: Database, client: TestClient) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        client.post("/gio-hang", data={"variant_id": variant_of(db, make_product(db, coop)).id})
        client.post("/thanh-toan/bat-dau")

        page = client.post("/thanh-toan", data={**CONTACT, "phone": "12345", "note": "Gọi trước"})

        assert page.status_code == 422
        assert "Số điện thoại chưa đúng" in page.text
        for kept in ("Nguyễn Thị Hoa", "12345", "Gọi trước", "12 đường Trần Phú"):
            assert kept in page.text

    def test_an_old_name_offers_the_ward_of_today_without_complaining_about_the_rest(
        self, db: Database, client: TestClient
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        client.post("/gio-hang", data={"variant_id": variant_of(db, make_product(db, coop)).id})
        client.post("/thanh-toan/bat-dau")

        page = client.post("/thanh-toan", data={"name": "Hoa", "address_q": "Hàm Đức", "address_step": "name"})

        assert page.status_code == 200
        assert "Xã Hàm Thuận" in page.text

    def test_sold_meanwhile_is_said_on_the_summary(self, db: Database, client: TestClient) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        product = make_product(db, coop, on_hand=2)
        box = variant_of(db, product)
        client.post("/gio-hang", data={"variant_id": box.id, "quantity": 2})
        client.post("/thanh-toan/bat-dau")
        client.post("/thanh-toan", data=CONTACT)
        page = client.post("/thanh-toan/nhan-hang", data={"payment_method": "cod", f"way-{coop.id}": "delivery"})
        summary = {name: field(page.text, name) for name in ("checkout_id", "total_vnd")}
        with db.write() as session:
            checkout = session.exec(select(Checkout)).one()
            checkout.held_until, checkout.state = checkout.started_at, "lapsed"
            stock.release_holds(session, f"cart:{checkout.cart_id}", checkout.started_at)
            stock.sell(session, {stock.pool_of(session, box.id).id: 1}, "order:99", checkout.started_at)

        page = client.post("/thanh-toan/dat-hang", data=summary)

        assert page.status_code == 409
        assert f"{product.name} chỉ còn 1." in page.text

    @pytest.mark.parametrize("path", ["/thanh-toan", "/thanh-toan/nhan-hang", "/thanh-toan/dat-hang", "/tra-cuu"])
    @pytest.mark.parametrize("data", [{}, {"phone": "\x00", "name": "\x00", "code": "\x00", "checkout_id": "\x00"}])
    def test_nonsense_is_never_our_failure(
        self, db: Database, client: TestClient, path: str, data: dict[str, str]
    ) -> None:
        coop = make_coop(db)
        make_table(db, coop)
        client.post("/gio-hang", data={"variant_id": variant_of(db, make_product(db, coop)).id})
        client.post("/thanh-toan/bat-dau")
        assert client.post(path, data=data).status_code < 500
        with db.read() as session:
            assert session.exec(select(Order)).first() is None
