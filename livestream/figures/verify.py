"""Every đồng of a session agrees between its orders, its figures and the books, for `chohtx verify`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import func
from sqlmodel import Session, col, select

from livestream.figures.sales import Fate, fate
from payments.earnings.models import Earning
from payments.gateway import FactKind
from payments.models import Entry, PaymentDue, PaymentFact
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.states import given_back_vnd
from shop.stock.models import Pool

BATCH = 400


def money_disagrees(session: Session) -> list[str]:
    """A line for each order of a session of which the books hold another sum than the figures say was paid and kept.

    Orders whose buyer's bank took money back by itself are left to the rules of disputes.
    """
    sold = select(OrderLine.order_id).join(Pool, col(Pool.id) == OrderLine.pool_id).where(col(Pool.owner) != "")
    order_ids = sorted(set(session.exec(sold).all()) - _disputed(session))
    return [line for at in range(0, len(order_ids), BATCH) for line in _disagree(session, order_ids[at : at + BATCH])]


def _disputed(session: Session) -> set[int]:
    facts = select(PaymentDue.subject).join(PaymentFact, col(PaymentFact.due_id) == PaymentDue.id)
    lost = facts.where(PaymentFact.kind == FactKind.DISPUTED)
    return {int(subject.removeprefix("order:")) for subject in session.exec(lost) if subject.startswith("order:")}


def _disagree(session: Session, order_ids: list[int]) -> Iterator[str]:
    books = in_the_books(session, order_ids)
    wanted = select(Order, Parcel).join(Parcel, col(Parcel.order_id) == Order.id)
    told: dict[int, int] = {}
    codes: dict[int, str] = {}
    for order, parcel in session.exec(wanted.where(col(Order.id).in_(order_ids))):
        what = fate(order, parcel)
        codes[order.id] = "" if what == Fate.UNPAID else order.code  # part of the money may be here
        kept_vnd = parcel.total_vnd - given_back_vnd(session, [parcel]) if what == Fate.PAID else 0
        told[order.id] = told.get(order.id, 0) + kept_vnd
    for order_id, code in codes.items():
        if code and books.get(order_id, 0) != told[order_id]:
            yield f"live: order {code} brought {told[order_id]} by its parcels, {books.get(order_id, 0)} by the books"


def in_the_books(session: Session, order_ids: Iterable[int]) -> dict[int, int]:
    """What the ledger keeps of each order's money: still the buyer's, or earned and not taken back."""
    subjects = [f"order:{order_id}" for order_id in order_ids]
    held = select(Entry.account, func.sum(Entry.amount_vnd)).where(
        col(Entry.pending).is_(False), col(Entry.account).in_([f"2110:{subject}" for subject in subjects])
    )
    kept = func.sum(Earning.gross_vnd - Earning.returned_vnd)
    earned = select(Earning.subject, kept).where(col(Earning.subject).in_(subjects)).group_by(col(Earning.subject))
    books: dict[int, int] = {}
    for account, sum_vnd in session.exec(held.group_by(col(Entry.account))):
        books[int(account.removeprefix("2110:order:"))] = -int(sum_vnd)
    for subject, sum_vnd in session.exec(earned):
        order_id = int(subject.removeprefix("order:"))
        books[order_id] = books.get(order_id, 0) + int(sum_vnd)
    return books
