"""Messages go out once each, are tried again, and stop when somebody asks for silence."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import insert
from sqlmodel import select

from shop.core.db import Database, run
from shop.notify import service as notify
from shop.notify.models import Channel, Message
from shop.notify.senders import Mail
from shop.notify.service import Letter, Outgoing, Undeliverable
from shop.notify.webpush import encrypt
from shop.settings import Settings

PAID = Letter(key="order:17:paid", kind="paid", title="Đã nhận tiền", body="Đơn 17 đã trả đủ.", link="/don-hang/17")


class Kept:
    """A sender that keeps what it was given and fails as often as it is told."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.sent: list[Outgoing] = []
        self.failures = failures or []

    def send(self, message: Outgoing) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)


def absolute(path: str) -> str:
    return f"https://cho.example{path}"


def tell(db: Database, now: datetime, *, email: str | None = None) -> None:
    with db.write() as session:
        notify.tell(session, PAID, subject="order:17", phone="+84912345678", email=email, now=now)


def states(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.exec(select(Message.state).order_by(Message.channel)))


class TestSending:
    def test_the_same_occasion_is_told_once(self, db: Database, now: datetime) -> None:
        phone = Kept()
        for _ in range(3):
            tell(db, now)
            notify.send_due(db, {"page": phone}, absolute, now)
        assert [message.link for message in phone.sent] == ["https://cho.example/don-hang/17"]

    def test_an_orders_letter_goes_before_three_thousand_reminders(self, db: Database, now: datetime) -> None:
        reminder: dict[str, Any] = {
            "kind": "live_soon",
            "channel": "page",
            "title": "Còn 10 phút",
            "body": "",
            "link": "/live/1",
        }
        times = {"created_at": now, "due_at": now, "sent_at": None, "attempts": 0, "error": "", "lang": "vi"}
        each = [{"key": f"live:1:{n}", "address": f"+8490{n:07}", "state": "queued"} for n in range(3000)]
        with db.write() as session:
            run(session, insert(Message), [reminder | times | one for one in each])
        tell(db, now)
        phone = Kept()
        notify.send_due(db, {"page": phone}, absolute, now)
        assert (phone.sent[0].title, len(phone.sent)) == (PAID.title, 50), "and the reminders go on behind it"

    def test_what_is_of_use_for_minutes_goes_first_is_tried_again_soon_and_is_dropped_when_it_is_over(
        self, db: Database, now: datetime
    ) -> None:
        until, soon = now + timedelta(minutes=2), now + timedelta(seconds=15)
        tell(db, now)
        with db.write() as session:
            held = Letter("live:1:pay:1", "pay_link", "Đang giữ hàng", "", "/giu/1", useful_until=until)
            notify.queue(session, held, Channel.PAGE, "+84900000001", now)
            notify.queue(session, replace(held, key="live:1:pay:2"), Channel.PAGE, "+84900000002", now)
        phone = Kept([TimeoutError(), TimeoutError()])
        notify.send_due(db, {"page": phone}, absolute, now)
        assert [message.kind for message in phone.sent] == ["paid"], "both of the others were tried before it"
        notify.send_due(db, {"page": phone}, absolute, soon)
        assert [message.kind for message in phone.sent] == ["paid", "pay_link", "pay_link"]
        with db.write() as session:
            notify.queue(session, replace(held, key="live:1:pay:3"), Channel.PAGE, "+84900000003", now)
        notify.send_due(db, {"page": phone}, absolute, until)
        assert (len(phone.sent), states(db).count("dropped")) == (3, 1)

    def test_what_a_slow_round_did_not_come_to_goes_out_with_the_next(
        self, db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        phone = Kept()
        tell(db, now)
        with monkeypatch.context() as slow:
            slow.setattr(notify, "ROUND_S", 0)
            assert notify.send_due(db, {"page": phone}, absolute, now) == 0
        assert notify.send_due(db, {"page": phone}, absolute, now) == 1

    def test_a_message_that_failed_is_tried_again_later(self, db: Database, now: datetime) -> None:
        phone = Kept([OSError("line down")])
        tell(db, now)
        notify.send_due(db, {"page": phone}, absolute, now)
        notify.send_due(db, {"page": phone}, absolute, now + timedelta(minutes=1))
        assert phone.sent == []
        notify.send_due(db, {"page": phone}, absolute, now + timedelta(minutes=2))
        assert len(phone.sent) == 1
        assert states(db) == ["sent"]

    def test_after_six_failures_it_waits_for_a_person(self, db: Database, now: datetime) -> None:
        phone = Kept([OSError("line down")] * 10)
        tell(db, now)
        for hours in range(10):
            notify.send_due(db, {"page": phone}, absolute, now + timedelta(hours=3 * hours))
        assert states(db) == ["failed"]
        assert len(phone.failures) == 4

    def test_a_failed_message_gets_new_tries_when_staff_ask(self, db: Database, now: datetime) -> None:
        phone = Kept([Undeliverable("no such number")])
        tell(db, now)
        notify.send_due(db, {"page": phone}, absolute, now)
        with db.write() as session:
            assert notify.try_again(session, notify.recent(session)[0].id, now)
        notify.send_due(db, {"page": phone}, absolute, now)
        assert len(phone.sent) == 1

    def test_a_channel_that_is_not_set_up_fails_plainly(self, db: Database, now: datetime) -> None:
        tell(db, now, email="an@example.com")
        notify.send_due(db, {"page": Kept()}, absolute, now)
        assert states(db) == ["failed", "sent"]

    def test_who_asked_for_silence_gets_nothing(self, db: Database, now: datetime) -> None:
        with db.write() as session:
            notify.opt_out(session, "+84912345678", "paid", now)
        tell(db, now)
        phone = Kept()
        notify.send_due(db, {"page": phone}, absolute, now)
        assert phone.sent == []
        assert states(db) == ["opted_out"]

    def test_two_workers_send_a_message_once(self, db: Database, now: datetime) -> None:
        tell(db, now)
        first, second = notify._claim(db, now), notify._claim(db, now)
        assert (len(first), len(second)) == (1, 0)


class Inbox:
    """A mail server's inbox."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self.mails.append(envelope)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[tuple[Inbox, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inbox = Inbox()
    loop = asyncio.new_event_loop()
    server = Controller(inbox, hostname="127.0.0.1", port=port, loop=loop)
    server.start()
    yield inbox, port
    server.stop()
    loop.close()


class TestMail:
    def test_it_arrives_with_vietnamese_words(self, settings: Settings, mail_server: tuple[Inbox, int]) -> None:
        inbox, port = mail_server
        sender = Mail(
            settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": port, "mail_from": "cho@x.vn"})
        )
        sender.send(
            Outgoing("order:1:paid:mail", "an@example.com", "Đã nhận tiền", "Cảm ơn bạn.", "https://x.vn/1", "vi")
        )
        assert inbox.mails[0].rcpt_tos == ["an@example.com"]

    def test_an_unknown_address_is_not_tried_again(self, settings: Settings, mail_server: tuple[Inbox, int]) -> None:
        _inbox, port = mail_server
        sender = Mail(
            settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": port, "mail_from": "cho@x.vn"})
        )
        with pytest.raises(Undeliverable):
            sender.send(Outgoing("k", "nobody@example.com", "t", "b", "", "vi"))


def test_push_messages_are_encrypted_as_the_rfc_shows() -> None:
    """RFC 8291, section 5: the worked example."""

    def unpack(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    private = int.from_bytes(unpack("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
        salt=unpack("DGv6ra1nlYgDCS1FRnbzlw"),
        ours=ec.derive_private_key(private, ec.SECP256R1()),
    )
    assert body == unpack(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6P"
        "Bru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
