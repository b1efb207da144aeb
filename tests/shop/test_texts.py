"""Texts to phones leave by the operator's own way of texting: orders' news and sign-in codes in the same form."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.codes import code_sender
from shop.core.db import Database
from shop.notify import service as notify
from shop.notify.models import Channel, Message
from shop.notify.senders import ways_out
from shop.notify.service import Letter
from shop.settings import Settings

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
PHONE = "+84912345678"
PAID = Letter(key="order:17:paid", kind="paid", title="Đã nhận tiền", body="Đơn 17 đã trả đủ.", link="/don-hang/17")


class Provider(HTTPServer):
    """Takes what the market hands over and answers as it is told."""

    answer = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.taken: list[tuple[dict[str, str], Any]] = []


class Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        """Quiet."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def contract(settings: Settings, provider: Provider) -> Settings:
    """The settings of an operator who has one."""
    address = f"http://127.0.0.1:{provider.server_port}/"
    told = {"env": "production", "text_url": address, "text_token": "the-operators-own"}
    return settings.model_copy(update=told)


def send(db: Database, contract: Settings, now: datetime) -> Message:
    with db.write() as session:
        notify.tell(session, PAID, subject="order:17", phone=PHONE, email=None, now=now)
    notify.send_due(db, ways_out(contract, db), lambda path: f"https://cho.example{path}", now)
    with db.read() as session:
        return session.exec(select(Message)).one()


def test_without_a_contract_nothing_leaves_and_pages_offer_no_codes(
    db: Database, contract: Settings, now: datetime
) -> None:
    none = contract.model_copy(update={"text_url": ""})
    assert code_sender(none) is None
    assert "no way to send" in send(db, none, now).error


def test_news_of_an_order_is_handed_over_once_with_its_way_out(
    db: Database, contract: Settings, provider: Provider, now: datetime
) -> None:
    assert send(db, contract, now).state == "sent"
    ((headers, body),) = provider.taken
    assert headers["authorization"] == f"Bearer {contract.text_token}"
    assert headers["idempotency-key"] == f"order:17:paid:page:{PHONE}"
    assert (body["to"], body["kind"], body["link"]) == (PHONE, "paid", "https://cho.example/don-hang/17")
    assert body["text"] == "Đã nhận tiền. Đơn 17 đã trả đủ."
    assert "/thong-bao/" in body["stop"]


def test_a_reminder_is_one_sentence_what_else_there_is_stands_behind_its_link(
    db: Database, contract: Settings, provider: Provider, now: datetime
) -> None:
    soon = Letter("live:1:soon", "live_soon", "Còn 10 phút: Đêm thanh long", "Thanh long ruột đỏ 5 kg", "/live/x")
    with db.write() as session:
        notify.queue(session, soon, Channel.PAGE, PHONE, now)
    notify.send_due(db, ways_out(contract, db), lambda path: f"https://cho.example{path}", now)
    ((_headers, body),) = provider.taken
    assert (body["text"], body["link"]) == ("Còn 10 phút: Đêm thanh long", "https://cho.example/live/x")


@pytest.mark.parametrize(("answer", "state"), [(422, "failed"), (410, "failed"), (500, "queued"), (429, "queued")])
def test_what_will_never_be_taken_is_given_up_and_what_may_be_is_tried_again(
    answer: int, state: str, db: Database, contract: Settings, provider: Provider, now: datetime
) -> None:
    provider.answer = answer
    assert send(db, contract, now).state == state
    provider.answer = 200
    assert send(db, contract, now + timedelta(minutes=5)).state == ("sent" if state == "queued" else "failed")
    keys = {headers["idempotency-key"] for headers, _body in provider.taken}
    assert len(keys) == 1


def test_a_code_comes_to_the_phone_and_signs_in_and_a_lost_one_is_said(
    client: TestClient, app: FastAPI, contract: Settings, provider: Provider
) -> None:
    app.state.code_sender = code_sender(contract)
    client.post("/dang-nhap/ma", data={"phone": "0912345678"})
    ((_headers, body),) = provider.taken
    assert (body["to"], body["kind"]) == (PHONE, "code")
    code = re.findall(r"\d{6}", body["text"])[0]
    entered = client.post("/dang-nhap/ma/nhap", data={"phone": "0912345678", "code": code}, follow_redirects=False)
    assert entered.status_code == 303
    provider.answer = 500
    lost = client.post("/dang-nhap/ma", data={"phone": "0912345678"})
    assert lost.status_code == 409
    assert "Tin nhắn chưa gửi đi được" in lost.text
