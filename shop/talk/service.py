"""A buyer and a co-op talk about one parcel: short messages, not too many, each told to the other side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.coops import service as coops
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.hub import tell
from shop.core.i18n import Lang, speaking
from shop.core.i18n import gettext as _
from shop.notify import service as notify
from shop.notify.service import Letter
from shop.orders.models import Order, Parcel
from shop.talk.models import ParcelMessage

LONGEST = 1000
MOST = 60
"""Messages about one parcel, of both sides: who needs more, calls."""
MOST_IN_A_ROW = 10


class TalkedEnough(Refusal):
    """So many messages stand there, or in a row of one side, that a call is better. Facts: phone."""


class NoSuchTalk(NotFound):
    """The parcel is not of this order or of this co-op, or is not to be packed yet."""


def of_parcels(session: Session, parcel_ids: Sequence[int]) -> dict[int, list[ParcelMessage]]:
    """Messages by parcel, oldest first."""
    found: dict[int, list[ParcelMessage]] = {parcel_id: [] for parcel_id in parcel_ids}
    wanted = select(ParcelMessage).where(col(ParcelMessage.parcel_id).in_(parcel_ids)).order_by(col(ParcelMessage.id))
    for message in session.exec(wanted):
        found[message.parcel_id].append(message)
    return found


def say_as_buyer(session: Session, order: Order, parcel_id: int, words: str, now: datetime) -> None:
    """The buyer writes to the co-op of a parcel. Raises NoSuchTalk, TalkedEnough."""
    parcel = session.get(Parcel, parcel_id)
    if parcel is None or parcel.order_id != order.id:
        raise NoSuchTalk
    message = _write(session, parcel, False, None, words, now)
    title = _("Khách nhắn về đơn %(code)s") % {"code": order.code}
    letter = Letter(f"talk:{message.id}", "talk", title, words, f"/ban-hang/don/{parcel.id}")
    for person in accounts.holders(session, Role.MANAGER, parcel.coop_id):
        subject = f"person:{person.id}"
        notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)


def parcel_of_coop(session: Session, coop_id: int, parcel_id: int) -> tuple[Parcel, Order]:
    """A parcel the co-op may write about. Raises NoSuchTalk."""
    parcel = session.get(Parcel, parcel_id)
    if parcel is None or parcel.coop_id != coop_id or parcel.state == "waiting":
        raise NoSuchTalk
    return parcel, session.get_one(Order, parcel.order_id)


def say_as_coop(session: Session, coop_id: int, parcel_id: int, words: str, person: Person, now: datetime) -> None:
    """The co-op writes to the buyer. Raises NoSuchTalk, TalkedEnough."""
    parcel, order = parcel_of_coop(session, coop_id, parcel_id)
    message = _write(session, parcel, True, person.id, words, now)
    coop = coops.get(session, coop_id)
    lang: Lang = "en" if order.lang == "en" else "vi"
    with speaking(lang):
        title = _("%(coop)s nhắn về đơn %(code)s") % {"coop": coop.name, "code": order.code}
    letter = Letter(f"talk:{message.id}", "talk", title, words, f"/don-hang/{order.code}", order.lang)
    notify.tell(session, letter, subject=f"order:{order.id}", phone=order.phone, email=order.email, now=now)


def _write(
    session: Session, parcel: Parcel, from_coop: bool, person_id: int | None, words: str, now: datetime
) -> ParcelMessage:
    session.refresh(parcel, with_for_update=True)  # two who press at once are counted one after the other
    mine = select(func.count()).select_from(ParcelMessage).where(ParcelMessage.parcel_id == parcel.id)
    other = select(func.max(ParcelMessage.id)).where(
        ParcelMessage.parcel_id == parcel.id, ParcelMessage.from_coop != from_coop
    )
    in_a_row = mine.where(ParcelMessage.id > (session.exec(other).one() or 0))
    if session.exec(mine).one() >= MOST or session.exec(in_a_row).one() >= MOST_IN_A_ROW:
        raise TalkedEnough(phone=coops.get(session, parcel.coop_id).phone)
    message = ParcelMessage(parcel_id=parcel.id, from_coop=from_coop, person_id=person_id, words=words, at=now)
    session.add(message)
    session.flush()
    tell(session, f"order:{parcel.order_id}", "order", "talk")
    tell(session, f"coop:{parcel.coop_id}", "parcels", "talk")
    return message
