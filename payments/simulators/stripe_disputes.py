"""Card owners who say it was not them, at the simulated Stripe: opened, then won or lost, as Stripe tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from payments.simulators.stripe_wire import Refuses, Thing, event, new

FEE_VND = 380_000  # invented: Stripe's own depends on the account
_WORDS = {"won": "Chợ thắng khiếu nại", "lost": "Chợ thua khiếu nại"}


class Disputes:
    """All disputes of one desk. Stripe takes the money and its fee at once, and returns the money when they are won."""

    def __init__(self, intents: dict[str, Thing], send: Callable[[list[bytes]], None]) -> None:
        self.intents, self.send = intents, send
        self.known: dict[str, Thing] = {}

    def about(self, intent_id: str) -> bool:
        """Whether this payment is or was disputed."""
        return any(one["payment_intent"] == intent_id for one in self.known.values())

    def choices(self) -> Iterator[tuple[str, int, str, str]]:
        """Name, sum, address and words of what may happen next."""
        for one in self.known.values():
            if one["status"] == "needs_response":
                for end, words in _WORDS.items():
                    yield one["id"], one["amount"], f"disputes/{one['id']}/{end}", words

    async def begin(self, request: Request) -> Response:
        """The card's owner says it was not her."""
        intent = self.intents.get(request.path_params["id"])
        if intent is None or intent["status"] != "succeeded" or self.about(intent["id"]):
            raise Refuses(400, "charge_not_paid")
        amount = intent["amount_received"]
        dispute: Thing = {
            "id": new("dp"),
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [],
            "charge": intent["latest_charge"],
            "currency": "vnd",
            "payment_intent": intent["id"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        self.known[dispute["id"]] = dispute
        created = event("charge.dispute.created", dispute)
        dispute["balance_transactions"].append(_moved(-amount, FEE_VND))
        told = [created, event("charge.dispute.funds_withdrawn", dispute)]
        return RedirectResponse("../../", 303, background=BackgroundTask(self.send, told))

    async def end(self, request: Request) -> Response:
        """The card's bank decides."""
        dispute, end = self.known.get(request.path_params["id"]), request.path_params["end"]
        if dispute is None or dispute["status"] != "needs_response" or end not in _WORDS:
            raise Refuses(404, "resource_missing")
        dispute["status"] = end
        told = [event("charge.dispute.closed", dispute)]
        if end == "won":
            dispute["balance_transactions"].append(_moved(dispute["amount"], 0))
            told.insert(0, event("charge.dispute.funds_reinstated", dispute))
        return RedirectResponse("../../", 303, background=BackgroundTask(self.send, told))


def _moved(amount: int, fee: int) -> Thing:
    return {"id": new("txn"), "amount": amount, "currency": "vnd", "fee": fee, "net": amount - fee}
