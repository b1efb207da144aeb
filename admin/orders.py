"""One order whole, for the operator who must explain it: who, what, every đồng, every message, every change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlmodel import Session, col, or_, select

from payments.story import Story, story_of, subject_of
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role
from shop.core.audit import AuditEntry
from shop.core.errors import NotFound
from shop.core.ids import read_crockford
from shop.core.phones import read_phone
from shop.notify.models import Message, PushSubscription
from shop.orders.access import Sight
from shop.orders.models import Order
from shop.orders.reading import OrderView, order_view, views

MOST_FOUND = 30


@dataclass(frozen=True)
class OrderFile:
    """An order with its money, the letters it caused and what people changed. `names` are people's."""

    view: OrderView
    story: Story | None
    messages: list[Message]
    changes: list[AuditEntry]
    names: dict[int, str]


def find(session: Session, typed: str) -> list[OrderView]:
    """The orders that somebody means: a code, a phone number, or the reference of a payment. The newest first."""
    if phone := read_phone(typed):
        wanted = select(Order).where(Order.phone == phone).order_by(col(Order.id).desc()).limit(MOST_FOUND)
        return views(session, session.exec(wanted).all(), Sight.MASKED)
    subject = subject_of(session, typed.strip())
    number = subject.removeprefix("order:")
    named = Order.id == int(number) if number.isdecimal() else Order.code == (read_crockford(typed[:40]) or typed)
    return views(session, session.exec(select(Order).where(named)).all(), Sight.MASKED)


def whole(session: Session, code: str, sight: Sight) -> OrderFile:
    """Everything about the order of this code. Raises NotFound."""
    order = session.exec(select(Order).where(Order.code == (read_crockford(code[:40]) or code))).first()
    if order is None:
        raise NotFound(code=code)
    view = order_view(session, order, sight)
    parcels = [f"parcel:{part.parcel.id}" for part in view.parcels]
    story = story_of(session, f"order:{order.id}", parcels)
    changes = _changes(session, [f"order:{order.id}", *parcels, *_subjects(story)])
    return OrderFile(view, story, _messages(session, view, story), changes, _names(session, view, story))


def _subjects(story: Story | None) -> Iterable[str]:
    """Under which names the audit keeps what people did with the order's money."""
    if story is None:
        return []
    return chain(
        (f"refund:{row.id}" for row in story.refunds),
        (f"unmatched:{row.id}" for row in story.unmatched),
        (f"hand:{row.id}" for row in story.hand),
        (row.movement_id for row in story.by_itself if row.gateway == "hand"),
        (f"dispute:{row.id}" for row in story.disputes),
        (f"review:{row.id}" for row in story.reviews),
        (f"comparison:{item_id}" for item_id in story.compared.values()),
    )


def _changes(session: Session, subjects: Sequence[str]) -> list[AuditEntry]:
    wanted = select(AuditEntry).where(col(AuditEntry.subject).in_(set(subjects))).order_by(col(AuditEntry.id))
    return list(session.exec(wanted))


def _messages(session: Session, view: OrderView, story: Story | None) -> list[Message]:
    """Its letters: sought among those to its buyer and its co-ops, because addresses have an index."""
    order = view.order
    managers = [one for part in view.parcels for one in accounts.holders(session, Role.MANAGER, part.coop.id)]
    people = {f"person:{one.id}" for one in managers}
    watching = select(PushSubscription.id).where(col(PushSubscription.subject).in_({f"order:{order.id}", *people}))
    addresses = {order.phone, order.email, *(str(push_id) for push_id in session.exec(watching))}
    addresses |= {address for one in managers for address in (one.phone, one.email)}
    about = [f"order:{order.id}:", *(f"parcel:{part.parcel.id}:" for part in view.parcels)]
    about += [f"refund:{refund.id}:" for refund in (story.refunds if story else ())]
    mine = or_(*(col(Message.key).startswith(key, autoescape=True) for key in about))
    wanted = select(Message).where(col(Message.address).in_(addresses - {None, ""}), mine).order_by(col(Message.id))
    return list(session.exec(wanted))


def _names(session: Session, view: OrderView, story: Story | None) -> dict[int, str]:
    ids: set[int | None] = {event.person_id for event in view.events}
    if story:
        ids |= {number for row in story.unmatched for number in (row.proposed_by, row.decided_by)}
        ids |= {number for row in story.refunds for number in (row.requested_by, row.sent_by)}
        ids |= {number for row in story.hand for number in (row.proposed_by, row.decided_by)}
        ids |= {row.closed_by for row in story.reviews} | {row.decided_by for row in story.disputes}
    named = select(PersonRow.id, PersonRow.name).where(col(PersonRow.id).in_(ids - {None}))
    return dict(session.exec(named).all())
