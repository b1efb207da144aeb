"""Messages are rows first and leave later: once each, tried again, never to somebody who does not want them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import case, func, update
from sqlmodel import Session, col, select

from shop.core.db import Database, insert_each_once, insert_once, run
from shop.core.errors import Refusal
from shop.notify.models import Channel, Message, MessageState, OptOut, PushSubscription

log = structlog.get_logger()
MAX_ATTEMPTS = 6
LEASE = timedelta(minutes=2)
HURRY, SHORTLY = timedelta(seconds=15), timedelta(hours=1)
"""The wait after a failed try of what is of use for so short a time."""
ROUND_S = 10
MOST_BROWSERS = 10
PAGE = 50
GOES_FIRST = ("pay_link",)
"""Kinds of letters that are worth nothing minutes later: goods wait for their reader, and others for the goods."""
MAY_WAIT = ("live_soon", "live_on", "live_changed", "back_in_stock")
"""Kinds of letters to all who follow something: an order's letter written after thousands of them goes before them."""


class Undeliverable(Exception):
    """This address will never take a message: no use trying again."""


@dataclass(frozen=True)
class Outgoing:
    """A message as a sender gets it; `link` is absolute."""

    key: str
    address: str
    title: str
    body: str
    link: str
    lang: str
    kind: str = ""


class Sender(Protocol):
    """Brings messages of one channel to their address."""

    def send(self, message: Outgoing) -> None:
        """Raises Undeliverable, or any other exception to be tried again later."""


@dataclass(frozen=True)
class Letter:
    """What to tell; `key` names the occasion ("order:17:paid"), so it is told once."""

    key: str
    kind: str
    title: str
    body: str
    link: str = ""
    lang: str = "vi"
    useful_until: datetime | None = None
    due_at: datetime | None = None


def tell(session: Session, letter: Letter, *, subject: str, phone: str, email: str | None, now: datetime) -> None:
    """Queue the letter on every way we have: the phone, the mail address, browsers that asked about `subject`."""
    ways = ([(Channel.PAGE, phone)] if phone else []) + ([(Channel.MAIL, email)] if email else [])
    watching = select(PushSubscription.id).where(PushSubscription.subject == subject)
    ways += [(Channel.PUSH, str(push_id)) for push_id in session.exec(watching)]
    for channel, address in ways:
        queue(session, letter, channel, address, now)


def queue(session: Session, letter: Letter, channel: Channel, address: str, now: datetime) -> None:
    """Queue the letter for one address, once for its key; silent where the address asked for silence."""
    unwanted = select(OptOut.kind).where(OptOut.address == address, col(OptOut.kind).in_([letter.kind, "*"]))
    insert_once(session, Message, _row(letter, channel, address, session.exec(unwanted).first(), now), ["key"])


def queue_each(session: Session, letters: Sequence[tuple[Letter, str]], channel: Channel, now: datetime) -> None:
    """As `queue`, for letters to many addresses in a few statements."""
    asked = select(OptOut.address, OptOut.kind).where(col(OptOut.address).in_([address for _, address in letters]))
    silent = set(session.exec(asked).all())
    rows = [
        _row(letter, channel, address, {(address, letter.kind), (address, "*")} & silent, now)
        for letter, address in letters
    ]
    if rows:
        insert_each_once(session, Message, rows, ["key"])


def _row(letter: Letter, channel: Channel, address: str, is_unwanted: object, now: datetime) -> dict[str, object]:
    return {
        "key": f"{letter.key}:{channel}:{address}",
        "kind": letter.kind,
        "channel": channel,
        "address": address,
        "lang": letter.lang,
        "title": letter.title,
        "body": letter.body,
        "link": letter.link,
        "state": MessageState.OPTED_OUT if is_unwanted else MessageState.QUEUED,
        "attempts": 0,
        "error": "",
        "created_at": now,
        "due_at": letter.due_at or now,
        "useful_until": letter.useful_until,
        "sent_at": None,
    }


def drop(session: Session, occasions: str, kinds: Sequence[str]) -> None:
    """Letters of these kinds whose keys begin with `occasions` do not go out any more: each is looked at again before
    it leaves, so that only the one on the line now is too far.
    """
    mine = (col(Message.key).startswith(occasions, autoescape=True), col(Message.kind).in_(kinds))
    waiting = (col(Message.state) == MessageState.QUEUED, *mine)
    run(session, update(Message).where(*waiting).values(state=MessageState.DROPPED))


def opt_out(session: Session, address: str, kind: str, now: datetime) -> None:
    """No more messages of this kind (`*`: of any kind) to this address, those that wait to leave included."""
    insert_once(session, OptOut, {"address": address, "kind": kind, "at": now}, ["address", "kind"])
    waiting = [col(Message.address) == address, col(Message.state) == MessageState.QUEUED]
    waiting += [] if kind == "*" else [col(Message.kind) == kind]
    run(session, update(Message).where(*waiting).values(state=MessageState.OPTED_OUT))


def opt_in(session: Session, address: str, kind: str) -> None:
    """Take an opt-out back."""
    row = session.get(OptOut, (address, kind))
    if row is not None:
        session.delete(row)


def is_out(session: Session, address: str, kind: str = "*") -> bool:
    """Whether this address asked for silence."""
    return session.get(OptOut, (address, kind)) is not None


def send_due(db: Database, senders: Mapping[str, Sender], absolute: Absolute, now: datetime) -> int:
    """Timed job: send what is due, nothing locked while the network is slow. Returns how many went out.

    A channel without a sender fails plainly, so that staff see whom to call. Failed tries wait 2, 4, 8 … minutes.
    A slow network ends the round, so that the worker's other jobs are not late: what is left comes with the next one.
    What many are told of an event comes after what concerns one person's order or money. What is of no use any more
    does not go out.
    """
    began_s, sent = time.monotonic(), 0
    messages = _claim(db, now)
    for at, message in enumerate(messages):
        took_s = time.monotonic() - began_s
        if took_s >= ROUND_S:
            _leave(db, messages[at:], now)
            break
        if message.useful_until and message.useful_until <= now + timedelta(seconds=took_s):
            _leave(db, [message], now)  # the next round drops it
        elif _still_wanted(db, message):
            sent += _send(db, senders, absolute, message, now)
    return sent


def _still_wanted(db: Database, message: Message) -> bool:
    """Whether nobody has taken it back, refused it or had it deleted since this round began."""
    with db.read() as session:
        mine = (col(Message.id) == message.id, col(Message.state) == MessageState.QUEUED)
        return session.exec(select(Message.id).where(*mine)).first() is not None


def _leave(db: Database, messages: Sequence[Message], now: datetime) -> None:
    """These were not come to: the next round takes them again."""
    with db.write() as session:
        mine = (col(Message.id).in_([message.id for message in messages]), col(Message.state) == MessageState.QUEUED)
        run(session, update(Message).where(*mine).values(due_at=now))


class Absolute(Protocol):
    """Makes a stored path an absolute address, with its secret where the path needs one to be opened."""

    def __call__(self, path: str) -> str: ...


def _claim(db: Database, now: datetime, most: int = 50) -> list[Message]:
    due = (col(Message.state) == MessageState.QUEUED, col(Message.due_at) <= now)
    with db.read() as session:
        if session.exec(select(Message.id).where(*due).limit(1)).first() is None:
            return []
    with db.write() as session:
        over = (*due, col(Message.useful_until) <= now)
        run(session, update(Message).where(*over).values(state=MessageState.DROPPED))
        turn = case((col(Message.kind).in_(GOES_FIRST), 0), (col(Message.kind).in_(MAY_WAIT), 2), else_=1)
        in_turn = (turn, col(Message.id))
        rows = session.exec(select(Message).where(*due).order_by(*in_turn).limit(most).with_for_update())
        messages = list(rows)
        ids = [message.id for message in messages]
        run(session, update(Message).where(col(Message.id).in_(ids)).values(due_at=now + LEASE))
        return messages


def _send(db: Database, senders: Mapping[str, Sender], absolute: Absolute, message: Message, now: datetime) -> bool:
    link = absolute(message.link) if message.link else ""
    outgoing = Outgoing(message.key, message.address, message.title, message.body, link, message.lang, message.kind)
    try:
        if message.channel not in senders:
            raise Undeliverable("no way to send on this channel is set up")
        senders[message.channel].send(outgoing)
    except Undeliverable as reason:
        _note(db, message, now, state=MessageState.FAILED, error=str(reason))
        return False
    except Exception as error:  # noqa: BLE001  whatever the network does, the message must say so and wait its turn
        log.warning("message not sent", message_id=message.id, channel=message.channel, error=repr(error))
        given_up = message.attempts + 1 >= MAX_ATTEMPTS
        _note(db, message, now, state=MessageState.FAILED if given_up else MessageState.QUEUED, error=repr(error))
        return False
    _note(db, message, now, state=MessageState.SENT)
    return True


def _note(db: Database, message: Message, now: datetime, *, state: MessageState, error: str = "") -> None:
    attempts = message.attempts + 1
    hurries = message.useful_until is not None and message.useful_until - now < SHORTLY
    wait = HURRY if hurries else timedelta(minutes=2**attempts)
    later = {"due_at": now + wait} if state == MessageState.QUEUED else {}
    sent = {"sent_at": now} if state == MessageState.SENT else {}
    mine = [col(Message.id) == message.id]
    mine += [] if sent else [col(Message.state) == MessageState.QUEUED]  # what was taken back meanwhile stays so
    with db.write() as session:
        told = {"state": state, "attempts": attempts, "error": error[:500], **later, **sent}
        run(session, update(Message).where(*mine).values(**told))


def recent(session: Session, state: str | None = None, before_id: int | None = None) -> list[Message]:
    """The newest messages, for the page of sent and failed; older ones from `before_id` on."""
    rows = select(Message).order_by(col(Message.id).desc()).limit(PAGE)
    rows = rows.where(Message.state == state) if state else rows
    return list(session.exec(rows.where(Message.id < before_id) if before_id else rows))


def counts(session: Session) -> dict[str, int]:
    """How many messages stand in each state."""
    found = dict(session.exec(select(Message.state, func.count()).group_by(col(Message.state))).all())
    return {state: found.get(state, 0) for state in MessageState}


def try_again(session: Session, message_id: int, now: datetime) -> bool:
    """Give a failed message new tries; False when it is not failed."""
    failed = (col(Message.id) == message_id, col(Message.state) == MessageState.FAILED)
    return bool(
        run(session, update(Message).where(*failed).values(state=MessageState.QUEUED, attempts=0, due_at=now)).rowcount
    )


class EnoughBrowsers(Refusal):
    """So many browsers listen already. Facts: most."""


@dataclass(frozen=True)
class Browser:
    """What a browser's `PushSubscription` says: where its messages go, and with which keys."""

    endpoint: str
    p256dh: str
    auth: str


def subscribe(
    session: Session, subject: str, browser: Browser, *, lang: str, now: datetime, most: int | None = MOST_BROWSERS
) -> None:
    """This browser wants to be told about `subject`. Asking twice changes nothing. Raises EnoughBrowsers."""
    others = (PushSubscription.subject == subject, PushSubscription.endpoint != browser.endpoint)
    if most is not None and session.exec(select(func.count()).where(*others)).one() >= most:
        raise EnoughBrowsers(most=most)
    facts = {"subject": subject, **asdict(browser), "lang": lang, "created_at": now}
    insert_once(session, PushSubscription, facts, ["subject", "endpoint"])
