"""POST /api/v1/orders: once for each key, never more than there is, and a stable word for each refusal."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import func, select
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.orders.models import Order
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_orders import make_table, variant_of
from tests.served import Answer, call, serving


def cart_with(client: TestClient, variant_id: int, quantity: int = 1) -> str:
    """A cart made through the API."""
    cart_id: str = client.post("/api/v1/carts").json()["id"]
    answer = client.put(f"/api/v1/carts/{cart_id}/lines/{variant_id}", json={"quantity": quantity})
    assert answer.status_code == 200, answer.text
    return cart_id


def order_of(cart_id: str, **changes: Any) -> dict[str, Any]:
    """The body of an order."""
    body = {
        "cart_id": cart_id,
        "contact": {"name": "Nguyễn Thị Hoa", "phone": "0912345678"},
        "address": {"province_code": "68", "ward_code": "23095", "line": "12 Trần Phú"},
        "payment_method": "cod",
        "note": "",
    }
    return {**body, **changes}


def post(client: TestClient, body: dict[str, Any], key: str | None = None) -> Any:
    return client.post("/api/v1/orders", json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})


@pytest.fixture
def box(db: Database) -> int:
    coop = make_coop(db)
    make_table(db, coop)
    return variant_of(db, make_product(db, coop, on_hand=10)).id


class TestOneOrder:
    def test_the_answer_names_parcels_that_add_up_and_a_token_that_opens_it(self, client: TestClient, box: int) -> None:
        placed = post(client, order_of(cart_with(client, box, 2)))

        assert placed.status_code == 201, placed.text
        told = placed.json()
        assert told["total_vnd"] == 460_000 == sum(parcel["total_vnd"] for parcel in told["parcels"])
        assert told["payment"] == {"method": "cod", "state": "unpaid", "action": None}
        seen = client.get(f"/api/v1/orders/{told['code']}", headers={"Authorization": f"Bearer {told['token']}"})
        assert seen.json()["state"] == "placed"
        assert client.get(f"/don-hang/{told['code']}?k={told['token']}").status_code == 200

    def test_a_transfer_is_told_how_to_pay_and_its_units_are_held_not_sold(
        self, client: TestClient, db: Database, box: int
    ) -> None:
        told = post(client, order_of(cart_with(client, box), payment_method="vietqr")).json()

        action = told["payment"]["action"]
        assert action["amount_vnd"] == told["total_vnd"]
        assert action["qr_text"].startswith("000201")
        with db.read() as session:
            pool = stock.pool_of(session, box)
        assert (pool.on_hand, pool.held) == (10, 1)

    def test_the_cart_is_empty_afterwards_so_another_key_orders_nothing(self, client: TestClient, box: int) -> None:
        cart_id = cart_with(client, box)
        post(client, order_of(cart_id))

        again = post(client, order_of(cart_id))

        assert (again.status_code, again.json()["type"]) == (409, "/problems/empty-cart")


class TestTheKey:
    def test_the_same_key_and_body_get_the_same_answer_marked_as_replayed(self, client: TestClient, box: int) -> None:
        body = order_of(cart_with(client, box))
        first, second = post(client, body, "k-1"), post(client, body, "k-1")

        assert first.json() == second.json()
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"

    def test_the_same_key_with_another_body_is_refused(self, client: TestClient, box: int) -> None:
        body = order_of(cart_with(client, box))
        post(client, body, "k-1")

        other = post(client, {**body, "note": "giao buổi sáng"}, "k-1")

        assert (other.status_code, other.json()["type"]) == (422, "/problems/key-used-for-other")

    def test_a_refused_order_does_not_use_the_key_up(self, client: TestClient, db: Database, box: int) -> None:
        body = order_of(cart_with(client, box, 8))
        post(client, order_of(cart_with(client, box, 5)))
        refused = post(client, body, "k-1")
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/sold-out"
        assert refused.json()["lines"][0] | {"name": ""} == {
            "variant_id": box,
            "wanted": 8,
            "left": 5,
            "step_g": 5000,
            "name": "",
        }
        client.put(f"/api/v1/carts/{body['cart_id']}/lines/{box}", json={"quantity": 5})

        assert post(client, body, "k-1").status_code == 201

    def test_without_a_key_nothing_is_ordered(self, client: TestClient, box: int) -> None:
        answer = client.post("/api/v1/orders", json=order_of(cart_with(client, box)))
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


class TestManyAtOnce:
    def test_two_hundred_shoppers_at_one_address_on_ten_boxes_make_exactly_ten_orders(
        self, app: FastAPI, db: Database, box: int
    ) -> None:
        with serving(app) as port, ThreadPoolExecutor(50) as shoppers:
            carts = [call(port, "POST", "/api/v1/carts").body["id"] for _ in range(200)]
            for cart_id in carts:
                call(port, "PUT", f"/api/v1/carts/{cart_id}/lines/{box}", {"quantity": 1})
            answers = list(shoppers.map(lambda cart_id: _buy(port, order_of(cart_id), str(uuid.uuid4())), carts))

        assert Counter(answer.status for answer in answers) == {201: 10, 409: 190}
        assert {a.body["type"] for a in answers if a.status == 409} == {"/problems/sold-out"}
        with db.read() as session:
            assert session.exec(select(func.count()).select_from(Order)).one() == 10
            pool = stock.pool_of(session, box)
            assert (pool.on_hand, pool.held) == (0, 0)
            assert stock.broken_rules(session) == []

    def test_the_same_order_sent_twenty_times_at_once_is_one_order(self, app: FastAPI, db: Database, box: int) -> None:
        with serving(app) as port, ThreadPoolExecutor(20) as hands:
            cart_id = call(port, "POST", "/api/v1/carts").body["id"]
            call(port, "PUT", f"/api/v1/carts/{cart_id}/lines/{box}", {"quantity": 1})
            answers = list(hands.map(lambda _: _buy(port, order_of(cart_id), "one-key"), range(20)))
            last = _buy(port, order_of(cart_id), "one-key")

        in_progress = [answer for answer in answers if answer.status == 409]
        assert all(a.body["type"] == "/problems/in-progress" and a.headers["retry-after"] for a in in_progress)
        codes = {answer.body["code"] for answer in answers if answer.status == 201}
        assert codes == {last.body["code"]}
        assert len(in_progress) + sum(answer.status == 201 for answer in answers) == 20
        with db.read() as session:
            assert session.exec(select(func.count()).select_from(Order)).one() == 1


def _buy(port: int, body: dict[str, Any], key: str) -> Answer:
    return call(port, "POST", "/api/v1/orders", body, {"Idempotency-Key": key})


NONSENSE: list[tuple[str, Any]] = [
    ("cart_id", None),
    ("cart_id", "x\x00y"),
    ("contact", {"name": "Hoa", "phone": "12345"}),
    ("contact", {"name": "a\x00b", "phone": "0912345678"}),
    ("contact", {"name": "\ud800", "phone": "0912345678"}),
    ("contact", []),
    ("address", {"province_code": "68", "ward_code": "00000", "line": "1"}),
    ("address", {"province_code": "01", "ward_code": "23095", "line": "1"}),
    ("payment_method", "gold"),
    ("payment_method", "viettel"),
    ("note", "x" * 501),
    ("ways", {"nobody": "by air"}),
]


class TestNonsense:
    @pytest.mark.parametrize(("field", "value"), NONSENSE)
    def test_nonsense_is_refused_with_a_sentence_and_changes_nothing(
        self, client: TestClient, db: Database, box: int, field: str, value: Any
    ) -> None:
        body = json.dumps({**order_of(cart_with(client, box)), field: value})

        answer = client.post(
            "/api/v1/orders", content=body, headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
        )

        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
        with db.read() as session:
            assert session.exec(select(Order)).first() is None

    @pytest.mark.parametrize("quantity", [-1, 1.5, "2", None, 10**30, True, [1]])
    def test_a_quantity_is_a_whole_number_of_steps(self, client: TestClient, box: int, quantity: Any) -> None:
        cart_id = client.post("/api/v1/carts").json()["id"]
        answer = client.put(f"/api/v1/carts/{cart_id}/lines/{box}", json={"quantity": quantity})
        assert answer.status_code == 422

    @pytest.mark.parametrize("path", ["a%00b", "x" * 300, "../../etc", "1e9"])
    def test_carts_that_never_were_are_not_found_or_refused(self, client: TestClient, path: str) -> None:
        assert client.get(f"/api/v1/carts/{path}").status_code in (404, 422)
