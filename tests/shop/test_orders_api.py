"""POST /api/v1/orders: once for each key, never more than there is, and a stable word for each refusal."""

from __future__ import annotations

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
