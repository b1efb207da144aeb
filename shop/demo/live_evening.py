"""What happened in the demo's session that is over: who watched, what they asked and ordered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from livestream.chat import talk
from livestream.figures.models import LiveMinute
from livestream.models import LiveSession
from livestream.schedule import items_of
from livestream.service import claim, note_viewers
from shop.cart import basket
from shop.cart import service as cart
from shop.cart.ways import parts_of
from shop.core.deps import Person
from shop.demo.orders import ACTS, CUSTOMERS
from shop.orders.models import Order
from shop.orders.placing import Buyer, Part, place
from shop.settings import Settings

MINUTE = timedelta(minutes=1)
LASTED_MINUTES, MOST_VIEWERS = 52, 312
HOLD, THINKS = 30 * MINUTE, 4 * MINUTE


class Guest(NamedTuple):
    """Who took how many of what in which minute, how it is paid, and what then happened."""

    minute: int
    customer: int
    code: str
    quantity: int
    pay: str
    then: tuple[str, ...] = ()


GUESTS = (
    Guest(3, 1, "A1", 2, "vietqr", ("pay", "confirm", "pack")),
    Guest(13, 4, "A2", 1, "cod", ("confirm",)),
    Guest(16, 5, "A2", 2, "vietqr", ("pay", "confirm")),
    Guest(22, 2, "A3", 1, "vietqr", ("pay", "confirm", "pack", "hand over")),
    Guest(33, 3, "A1", 1, "cod"),
)
ASKED_AT = 24
ASKED = """Cô Út: Trái có ngọt không em?
Anh Tâm: Gửi về Đà Nẵng mấy ngày tới vậy shop?
Chị Hà: A1 còn không em?"""


def tell(session: Session, live: LiveSession, host: Person, settings: Settings, now: datetime) -> None:
    """Fill a session that is on air since its `starts_at` with its evening; what was ordered goes on until now."""
    sold = {item.code for item in items_of(session, live.id)}
    for guest in GUESTS:
        if guest.code in sold:
            at = live.starts_at + guest.minute * MINUTE
            cart_id, visitor = cart.open_cart(session, None, at), f"demo-guest-{guest.customer}"
            claim(session, live.slug, guest.code, guest.quantity, cart_id, visitor, HOLD, at)
            if not _order(session, guest, cart_id, host, settings, at + THINKS, now):
                claim(session, live.slug, guest.code, 0, cart_id, visitor, HOLD, at)
    asked = talk.read_lines(ASKED, "facebook")
    talk.type_in(session, live.id, asked, "facebook", HOLD, live.starts_at + ASKED_AT * MINUTE)
    _watch(session, live)


def _order(
    session: Session, guest: Guest, cart_id: str, host: Person, settings: Settings, at: datetime, now: datetime
) -> bool:
    """False when nobody delivers: a market without delivery tables."""
    who = CUSTOMERS[guest.customer]
    chosen = parts_of(session, basket.read(session, cart_id, at), {"ward_code": who.ward_code}, at)
    parts = [Part(choice.parcel, quote) for choice in chosen if (quote := choice.choices.by("delivery"))]
    if not parts:
        return False
    key = f"demo:live-{guest.minute}"
    placed = place(session, key, Buyer(*who), parts, guest.pay, settings, at, is_demo=True)
    cart.clear(session, cart_id)
    for number, act in enumerate(guest.then, start=1):
        moment = at + (now - at) * number / (len(guest.then) + 1)
        ACTS[act](session, session.get_one(Order, placed.id), settings, host, at + MINUTE if act == "pay" else moment)
    return True


def _watch(session: Session, live: LiveSession) -> None:
    """They come, are most in the middle, and go."""
    for minute in range(LASTED_MINUTES):
        viewers = MOST_VIEWERS - abs(minute - LASTED_MINUTES // 2) * 9
        at = live.starts_at + minute * MINUTE
        session.add(
            LiveMinute(session_id=live.id, minute_at=at, viewers=viewers, watched_s=viewers * 55, counted_at=at)
        )
    note_viewers(session, live.id, MOST_VIEWERS)
