"""The ways out: to phones (the outbox page of the demo, or texts), mail, web push."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx2
from sqlmodel import col, delete

from shop.core.db import Database, run
from shop.core.i18n import gettext as _
from shop.core.i18n import speaking
from shop.notify import choices
from shop.notify.models import Channel, Follow, PushSubscription
from shop.notify.service import Outgoing, Sender, Undeliverable
from shop.notify.texts import Texts
from shop.notify.webpush import encrypt, is_push_service, vapid_header
from shop.settings import Settings


def ways_out(settings: Settings, db: Database) -> dict[str, Sender]:
    """The senders that this operator has set up, by channel."""
    ways: dict[str, Sender] = {Channel.PUSH: WebPush(db, settings)}
    if settings.demo:
        ways[Channel.PAGE] = OutboxPage()
    elif settings.text_url:
        ways[Channel.PAGE] = Texts(settings)
    if settings.smtp_host:
        ways[Channel.MAIL] = Mail(settings)
    return ways


def texts_go_out(settings: Settings) -> bool:
    """Whether phones can be told anything here (the demo shows it on its page of messages)."""
    return settings.demo or bool(settings.text_url)


class OutboxPage:
    """Demo: messages to phones are read on the operator's page of messages; nothing leaves the machine."""

    def send(self, message: Outgoing) -> None:
        """The row itself is what is shown."""


class Mail:
    """By SMTP with STARTTLS where the server offers it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Outgoing) -> None:
        """Raises SMTPException or OSError to be tried again, Undeliverable when the server refuses the address."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._settings.mail_from, message.address, message.title
        mail["Message-ID"] = f"<{message.key.replace(':', '.').replace('@', '.at.')}@chohtx>"
        fewer = self._settings.base_url + choices.path_for(self._settings.secret_key, message.address)
        mail["List-Unsubscribe"] = f"<{fewer}>"
        with speaking("en" if message.lang == "en" else "vi"):
            stop = _("Không muốn nhận thư này nữa:")
        mail.set_content(f"{message.body}\n\n{message.link}\n\n-- \n{stop} {fewer}\n")
        with smtplib.SMTP(self._settings.smtp_host, self._settings.smtp_port, timeout=20) as server:
            if server.has_extn("starttls"):
                server.starttls()
            if self._settings.smtp_user:
                server.login(self._settings.smtp_user, self._settings.smtp_password)
            try:
                server.send_message(mail)
            except smtplib.SMTPRecipientsRefused as refused:
                raise Undeliverable(repr(refused.recipients)) from refused


class WebPush:
    """To a browser's push service, encrypted for that browser. Source: RFC 8030, 8291, 8292."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings

    def send(self, message: Outgoing) -> None:
        """Raises Undeliverable when the browser has unsubscribed; it is forgotten then."""
        with self._db.read() as session:
            push = session.get(PushSubscription, int(message.address))
        if push is None or not is_push_service(push.endpoint):
            raise Undeliverable("the subscription is gone")
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(push.endpoint))
        headers = {
            "TTL": "86400",
            "Content-Encoding": "aes128gcm",
            "Authorization": vapid_header(self._settings.secret_key, origin, self._settings.operator_email),
        }
        body = encrypt(f"{message.title}\n{message.body}\n{message.link}".encode(), push.p256dh, push.auth)
        answer = httpx2.post(push.endpoint, content=body, headers=headers, timeout=20)
        if answer.status_code in (404, 410):
            self._forget(push.id)
            raise Undeliverable("the browser has unsubscribed")
        answer.raise_for_status()

    def _forget(self, push_id: int) -> None:
        with self._db.write() as session:
            theirs = (col(Follow.channel) == Channel.PUSH, col(Follow.address) == str(push_id))
            run(session, delete(Follow).where(*theirs))
            run(session, delete(PushSubscription).where(col(PushSubscription.id) == push_id))
