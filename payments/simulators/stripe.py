"""Stands in for Stripe: its API as far as the adapter uses it, its Checkout page, its signed events.

Never in production. Nothing here is shared with the adapter, so that one proves the other. Payments live in memory.
"""

from __future__ import annotations

import hmac
import html
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payments.simulators import page
from payments.simulators.stripe_disputes import Disputes
from payments.simulators.stripe_wire import Refuses, Thing, at_now, event, new

WRONG_BY_VND = 1_000


def pages(
    secret_key: str, webhook_secret: str, notify_url: str, *, public_url: str = "", late_s: float = 20.0
) -> Starlette:
    """Stripe for one shop. Events go to `notify_url`; `public_url` is where browsers find these pages.

    "Trả muộn" comes through `late_s` seconds after the buyer has gone back.
    """
    desk = Desk(secret_key, webhook_secret, notify_url, public_url, late_s)
    routes = [
        Route("/v1/checkout/sessions", desk.api(desk.open_session), methods=["POST"]),
        Route("/v1/checkout/sessions/{id}", desk.api(desk.read_session)),
        Route("/v1/checkout/sessions/{id}/expire", desk.api(desk.expire_session), methods=["POST"]),
        Route("/v1/payment_intents/search", desk.api(desk.search)),
        Route("/v1/payment_intents/{id}", desk.api(desk.read_intent)),
        Route("/v1/payment_intents/{id}/capture", desk.api(desk.capture), methods=["POST"]),
        Route("/v1/payment_intents/{id}/cancel", desk.api(desk.cancel), methods=["POST"]),
        Route("/v1/refunds", desk.api(desk.refund), methods=["POST"]),
        Route("/v1/refunds", desk.api(desk.list_refunds)),
        Route("/pay/{id}", desk.show, methods=["GET"]),
        Route("/pay/{id}", desk.press, methods=["POST"]),
        Route("/pay/{id}/fail", desk.fail_late, methods=["POST"]),
        Route("/refunds/{id}/fail", desk.fail_refund, methods=["POST"]),
        Route("/payments/{id}/dispute", desk.disputes.begin, methods=["POST"]),
        Route("/disputes/{id}/{end}", desk.disputes.end, methods=["POST"]),
        Route("/", desk.overview),
    ]
    app = Starlette(routes=routes, exception_handlers={Refuses: lambda _request, refusal: refusal.answer})
    app.state.desk = desk
    return app


def signed(body: bytes, webhook_secret: str, at: datetime) -> str:
    """The header `Stripe-Signature` for an event."""
    seconds = str(int(at.timestamp()))
    machine = hmac.new(webhook_secret.encode("utf-8"), digestmod="sha256")
    machine.update(seconds.encode("ascii") + b"." + body)
    return f"t={seconds},v1={machine.hexdigest()}"


@dataclass
class Desk:
    """All that this Stripe knows."""

    secret_key: str
    webhook_secret: str
    notify_url: str
    public_url: str
    late_s: float
    sessions: dict[str, Thing] = field(default_factory=dict)
    intents: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    answers: dict[str, tuple[bytes, Thing]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.disputes = Disputes(self.intents, self._send)

    def api(self, act: Callable[[Request, dict[str, str]], Thing]) -> Callable[[Request], Awaitable[Response]]:
        """`act` behind the key, once for each Idempotency-Key; the events it makes go out after the answer."""

        async def endpoint(request: Request) -> Response:
            body, key = await request.body(), request.headers.get("idempotency-key", "")
            before = self._last_words()
            if request.headers.get("authorization") != f"Bearer {self.secret_key}":
                raise Refuses(401, "api_key_invalid")
            known = self.answers.get(key) if key else None
            if known and known[0] != body:
                raise Refuses(400, "idempotency_key_in_use", "idempotency_error")
            told = known[1] if known else act(request, dict(parse_qsl(body.decode() or request.url.query)))
            if key:
                self.answers[key] = (body, told)
            events = [] if known else self._changed(before)
            return JSONResponse(told, background=BackgroundTask(self._send, events))

        return endpoint

    def open_session(self, request: Request, form: dict[str, str]) -> Thing:
        """A payment that waits for its buyer."""
        price = "line_items[0][price_data]"
        amount, now = int(form[f"{price}[unit_amount]"]), at_now()
        if form[f"{price}[currency]"] != "vnd" or not 13_000 <= amount <= 99_999_999:
            raise Refuses(400, "amount_too_large" if amount > 99_999_999 else "amount_too_small")
        if not now + 1800 <= int(form["expires_at"]) <= now + 86400:
            raise Refuses(400, "expires_at")
        intent: Thing = {
            "id": new("pi"),
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": form.get("payment_intent_data[capture_method]", "automatic_async"),
            "created": now,
            "currency": "vnd",
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": _metadata(form, "payment_intent_data[metadata]"),
            "status": "requires_payment_method",
        }
        session = _session(form, amount, now, intent["id"])
        here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        session["url"] = f"{self.public_url or here}/pay/{session['id']}"
        session["words"] = form[f"{price}[product_data][name]"]
        self.intents[intent["id"]], self.sessions[session["id"]] = intent, session
        return dict(session)

    def read_session(self, request: Request, form: dict[str, str]) -> Thing:
        """A session, with its PaymentIntent when that is asked for."""
        session = self._known(self.sessions, request.path_params["id"])
        more = "payment_intent.latest_charge" in form.values()
        return session | ({"payment_intent": self._charged(session["payment_intent"])} if more else {})

    def expire_session(self, request: Request, form: dict[str, str]) -> Thing:
        """Close a page that nobody has paid on."""
        session = self._known(self.sessions, request.path_params["id"])
        if session["status"] != "open":
            raise Refuses(400, "resource_missing")
        self._close(session)
        return session

    def read_intent(self, request: Request, form: dict[str, str]) -> Thing:
        """A PaymentIntent with its charge."""
        return self._charged(self._known(self.intents, request.path_params["id"])["id"])

    def search(self, request: Request, form: dict[str, str]) -> Thing:
        """PaymentIntents by our reference, the only search the adapter makes."""
        wanted = form["query"].removeprefix("metadata['order_id']:'").removesuffix("'")
        found = [one for one in self.intents.values() if one["metadata"].get("order_id") == wanted]
        return {"object": "search_result", "data": found, "has_more": False}

    def capture(self, request: Request, form: dict[str, str]) -> Thing:
        """Take what was held, or less."""
        intent = self._known(self.intents, request.path_params["id"])
        amount = int(form.get("amount_to_capture") or intent["amount_capturable"])
        if intent["status"] != "requires_capture":
            raise Refuses(400, "payment_intent_unexpected_state")
        if amount > intent["amount_capturable"]:
            raise Refuses(400, "amount_too_large")
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        return dict(intent)

    def cancel(self, request: Request, form: dict[str, str]) -> Thing:
        """Let a payment go that was not taken."""
        intent = self._known(self.intents, request.path_params["id"])
        if intent["status"] in ("succeeded", "canceled"):
            raise Refuses(400, "payment_intent_unexpected_state")
        intent.update(status="canceled", amount_capturable=0)
        return dict(intent)

    def refund(self, request: Request, form: dict[str, str]) -> Thing:
        """Money back to the card, never more than was taken."""
        intent, amount = self._known(self.intents, form["payment_intent"]), int(form["amount"])
        back = sum(one["amount"] for one in self._refunds_of(intent["id"]) if one["status"] == "succeeded")
        if back + amount > intent["amount_received"]:
            raise Refuses(400, "charge_already_refunded" if back else "amount_too_large")
        refund: Thing = {
            "id": new("re"),
            "object": "refund",
            "amount": amount,
            "charge": intent["latest_charge"],
            "created": at_now(),
            "currency": "vnd",
            "failure_reason": None,
            "metadata": _metadata(form, "metadata"),
            "payment_intent": intent["id"],
            "status": "succeeded",
        }
        self.refunds[refund["id"]] = refund
        return dict(refund)

    def list_refunds(self, request: Request, form: dict[str, str]) -> Thing:
        """What was given back of one payment."""
        return {"object": "list", "data": self._refunds_of(form["payment_intent"]), "has_more": False}

    async def show(self, request: Request) -> Response:
        """The page on which the buyer pays, or does not."""
        session = self._known(self.sessions, request.path_params["id"])
        if session["status"] != "open":
            over = "Trang này đã hết hạn." if session["status"] == "expired" else "Khoản này đã trả xong."
            return HTMLResponse(page.notice("Stripe", over, _back(session)))
        failed = self.intents[session["payment_intent"]]["last_payment_error"]
        said = "Thẻ bị từ chối. Hãy thử lại hoặc bỏ đi." if failed else ""
        return HTMLResponse(page.choices("Stripe", session["words"], session["amount_total"], {}, said))

    async def press(self, request: Request) -> Response:
        """What the buyer does on the page, and what Stripe tells of it."""
        session = self._known(self.sessions, request.path_params["id"])
        choice = dict(parse_qsl((await request.body()).decode())).get("choice", "")
        if session["status"] != "open" or choice not in page.CHOICES:
            return await self.show(request)
        if choice == "abandon":
            return RedirectResponse(session["cancel_url"], 303)
        before = self._last_words()
        self._do(session, choice)
        events = self._changed(before)
        if choice == "first":
            await run_in_threadpool(self._send, events)
        sent = events * {"first": 0, "silent": 0, "twice": 2}.get(choice, 1)
        back = str(request.url) if choice == "decline" else _back(session)
        return RedirectResponse(back, 303, background=BackgroundTask(self._send, sent))

    def settle_late(self, session: Thing) -> None:
        """The money of a slow way to pay arrives."""
        if self._state(session) == "processing":
            before = self._last_words()
            self._pay(session, 0)
            self._send(self._changed(before))

    async def fail_late(self, request: Request) -> Response:
        """The money of a slow way to pay will never arrive."""
        session, before = self._known(self.sessions, request.path_params["id"]), self._last_words()
        if self._state(session) != "processing":
            raise Refuses(400, "payment_intent_unexpected_state")
        failure = {"type": "card_error", "code": "payment_intent_payment_attempt_failed"}
        self.intents[session["payment_intent"]].update(status="requires_payment_method", last_payment_error=failure)
        events = [*self._changed(before), event("checkout.session.async_payment_failed", session)]
        return RedirectResponse("../../", 303, background=BackgroundTask(self._send, events))

    async def overview(self, request: Request) -> Response:
        """What can still go wrong: payments disputed, refunds that come back, slow money that never arrives."""

        def row(name: str, amount: int, address: str, words: str) -> str:
            button = f'<form method="post" action="{address}"><button>{words}</button></form>'
            return f"<li>{html.escape(name)}: {page.vnd(amount)}{button}</li>"

        rows = [
            row(one["metadata"]["order_id"], one["amount"], f"payments/{one['id']}/dispute", "Chủ thẻ khiếu nại")
            for one in self.intents.values()
            if one["status"] == "succeeded" and not self.disputes.about(one["id"])
        ]
        rows += [
            row(one["client_reference_id"], one["amount_total"], f"pay/{one['id']}/fail", "Tiền không tới")
            for one in self.sessions.values()
            if self._state(one) == "processing"
        ]
        back = (one for one in self.refunds.values() if one["status"] == "succeeded")
        rows += [row(one["id"], one["amount"], f"refunds/{one['id']}/fail", "Hoàn tiền hỏng") for one in back]
        rows += [row(*one) for one in self.disputes.choices()]
        return HTMLResponse(page.framed("Stripe (giả lập)", f"<ul>{''.join(rows)}</ul>" if rows else "Chưa có gì."))

    async def fail_refund(self, request: Request) -> Response:
        """A card's bank sends a refund back, days after it had succeeded."""
        refund, before = self._known(self.refunds, request.path_params["id"]), self._last_words()
        refund.update(status="failed", failure_reason="lost_or_stolen_card")
        return RedirectResponse("../../", 303, background=BackgroundTask(self._send, self._changed(before)))

    def _do(self, session: Thing, choice: str) -> None:
        if choice == "decline":
            failure = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}
            self.intents[session["payment_intent"]].update(last_payment_error=failure)
        elif choice == "late":
            session["status"] = "complete"
            self.intents[session["payment_intent"]]["status"] = "processing"
            timer = threading.Timer(self.late_s, self.settle_late, [session])
            timer.daemon = True
            timer.start()
        else:
            self._pay(session, WRONG_BY_VND if choice == "wrong" else 0)

    def _pay(self, session: Thing, less_vnd: int) -> None:
        intent = self.intents[session["payment_intent"]]
        held = intent["capture_method"] == "manual"
        amount = intent["amount"] - less_vnd
        intent.update(
            latest_charge=new("ch"), last_payment_error=None, status="requires_capture" if held else "succeeded"
        )
        intent["amount_capturable" if held else "amount_received"] = amount
        session.update(status="complete", payment_status="unpaid" if held else "paid")

    def _close(self, session: Thing) -> None:
        session["status"] = "expired"
        self.intents[session["payment_intent"]]["status"] = "canceled"

    def _state(self, session: Thing) -> str:
        return str(self.intents[session["payment_intent"]]["status"])

    def _last_words(self) -> dict[str, str]:
        things = (self.sessions | self.intents | self.refunds).items()
        return {name: json.dumps(thing, sort_keys=True) for name, thing in things}

    def _changed(self, before: dict[str, str]) -> list[bytes]:
        """One event for each thing that is not as it was, sessions first: as Stripe, in no order to rely on."""
        after = self._last_words()
        changed = [json.loads(after[name]) for name in after if name in before and before[name] != after[name]]
        new = [self.refunds[name] for name in after if name not in before and name in self.refunds]
        return [event(_event_type(thing), thing) for thing in changed] + [event("refund.created", one) for one in new]

    def _send(self, events: list[bytes]) -> None:
        for body in events:
            proof = {"Stripe-Signature": signed(body, self.webhook_secret, datetime.now(UTC))}
            with suppress(httpx2.TransportError):  # lost on the way: the shop has to ask
                httpx2.post(self.notify_url, content=body, headers=proof, timeout=10)

    def _charged(self, intent_id: str) -> Thing:
        intent = self.intents[intent_id]
        charge = intent["latest_charge"] and {"id": intent["latest_charge"], "object": "charge", "created": at_now()}
        return intent | {"latest_charge": charge}

    def _refunds_of(self, intent_id: str) -> list[Thing]:
        return [one for one in self.refunds.values() if one["payment_intent"] == intent_id]

    def _known(self, things: dict[str, Thing], name: str) -> Thing:
        if name not in things:
            raise Refuses(404, "resource_missing")
        return things[name]


def _back(session: Thing) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _session(form: dict[str, str], amount: int, now: int, intent_id: str) -> Thing:
    return {
        "id": new("cs_test"),
        "object": "checkout.session",
        "amount_total": amount,
        "cancel_url": form["cancel_url"],
        "client_reference_id": form["client_reference_id"],
        "created": now,
        "currency": "vnd",
        "expires_at": int(form["expires_at"]),
        "payment_intent": intent_id,
        "payment_status": "unpaid",
        "status": "open",
        "success_url": form["success_url"],
    }


def _event_type(thing: Thing) -> str:
    if thing["object"] == "checkout.session":
        return "checkout.session.expired" if thing["status"] == "expired" else "checkout.session.completed"
    if thing["object"] == "refund":
        return "refund.failed"
    ends = {"succeeded": "succeeded", "canceled": "canceled", "requires_capture": "amount_capturable_updated"}
    return "payment_intent." + ends.get(
        thing["status"], "payment_failed" if thing["last_payment_error"] else "processing"
    )


def _metadata(form: dict[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in form.items() if key.startswith(f"{name}[")}
