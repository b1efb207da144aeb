"""Buying as a browser without JavaScript does it: cart, three questions, the summary, the order."""

from __future__ import annotations

import re

from sqlmodel import select
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.orders.models import Order, Parcel
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
