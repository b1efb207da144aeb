"""What the log of a co-op speaks of, by the names that its people know."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlmodel import Session, SQLModel, col, select

from livestream.models import LiveSession
from shop.accounts.models import PersonRow
from shop.catalog import service as catalog
from shop.catalog.models import Product
from shop.core.audit import AuditEntry
from shop.orders.models import Order, Parcel
from shop.stock.lots.models import Lot

_THING = re.compile(r"(variant|product|parcel|person|lot|live):(\d+)")


def things_of(session: Session, entries: Iterable[AuditEntry]) -> dict[int, str]:
    """What each entry changed, by the entry's id: goods, an order's code, a person, a lot, a live session."""
    found = {entry.id: _THING.findall(entry.subject) for entry in entries}
    wanted: dict[str, set[int]] = {}
    for pairs in found.values():
        for kind, number in pairs:
            wanted.setdefault(kind, set()).add(int(number))
    names = {kind: _names(session, kind, ids) for kind, ids in wanted.items()}
    return {one: ", ".join(filter(None, (names[kind].get(int(n)) for kind, n in found[one][::-1]))) for one in found}


def _names(session: Session, kind: str, ids: set[int]) -> dict[int, str]:
    if kind == "variant":
        return {one: f"{it.product_name}, {it.name}" for one, it in catalog.variants(session, ids).items()}
    if kind == "parcel":
        codes = select(Parcel.id, Order.code).join(Order, col(Order.id) == Parcel.order_id)
        return dict(session.exec(codes.where(col(Parcel.id).in_(ids))).all())
    models: dict[str, tuple[type[SQLModel], str]] = {
        "product": (Product, "name"),
        "person": (PersonRow, "name"),
        "lot": (Lot, "code"),
        "live": (LiveSession, "title"),
    }
    model, name = models[kind]
    columns = model.__table__.c  # type: ignore[attr-defined]  # SQLModel does not declare it
    return dict(session.exec(select(columns.id, columns[name]).where(columns.id.in_(ids))).all())
