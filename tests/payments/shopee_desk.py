"""A ShopeePay of the tests: it opens orders, is asked about them and gives back, signing with code of its own.

It answers in the shapes that public clients agree on; the Vietnamese contract was seen by nobody here.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PAID, _PAYMENT, _REFUND = 3, 13, 15


@dataclass
class Desk:
    """Orders and refunds by their reference, as they stand on the wire (đồng x 100)."""

    client_id: str
    secret: str
    store: dict[str, str]
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def agree(self, reference: str) -> None:
        """The buyer pays."""
        order = self.orders[reference]
        order.update(status=_PAID, transaction_sn=f"{len(self.orders):018d}")

    async def asked(self, request: Request) -> Response:
        body = await request.body()
        assert request.headers["x-airpay-req-h"] == self._proof(body)
        assert request.headers["x-airpay-clientid"] == self.client_id
        answer = json.dumps(self._answer(request.url.path.rsplit("/", 1)[-1], json.loads(body))).encode()
        return Response(answer, 200, {"X-Airpay-Req-H": self._proof(answer)}, "application/json")

    def _proof(self, body: bytes) -> str:
        return base64.b64encode(hmac.new(self.secret.encode(), body, "sha256").digest()).decode()

    def _answer(self, what: str, told: dict[str, Any]) -> dict[str, Any]:
        act = {"create": self._open, "check": self._check, "create-new": self._give_back}[what]
        return {"request_id": told["request_id"], "errcode": 0, "debug_msg": "success", **act(told)}

    def _open(self, told: dict[str, Any]) -> dict[str, Any]:
        reference = told["payment_reference_id"]
        self.orders[reference] = self._row(reference, told["amount"], _PAYMENT) | {"status": 1}
        return {"redirect_url_http": f"https://wallet.example/{reference}"}

    def _check(self, told: dict[str, Any]) -> dict[str, Any]:
        known = self.orders if told["transaction_type"] == _PAYMENT else self.refunds
        found = known.get(told["reference_id"])
        if found is None or (told["transaction_type"] == _PAYMENT and told["amount"] != found["amount"]):
            return {}
        return {"transaction": found}

    def _give_back(self, told: dict[str, Any]) -> dict[str, Any]:
        reference, order = told["refund_reference_id"], self.orders[told["reference_id"]]
        gone = sum(row["amount"] for row in self.refunds.values())
        if reference in self.refunds or gone + told["amount"] > order["amount"]:
            return {"errcode": 21, "debug_msg": "duplicate or too much"}
        self.refunds[reference] = self._row(reference, told["amount"], _REFUND) | {"status": _PAID}
        return {}

    def _row(self, reference: str, amount: int, kind: int) -> dict[str, Any]:
        return {"reference_id": reference, "amount": amount, "transaction_type": kind, "currency": "VND", **self.store}


def pages(client_id: str, secret: str, merchant_ext_id: str, store_ext_id: str) -> Starlette:
    """This ShopeePay; `state.desk` is its memory."""
    desk = Desk(client_id, secret, {"merchant_ext_id": merchant_ext_id, "store_ext_id": store_ext_id})
    app = Starlette(routes=[Route("/{path:path}", desk.asked, methods=["POST"])])
    app.state.desk = desk
    return app
