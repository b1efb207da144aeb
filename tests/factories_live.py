"""Hosts, sessions and buyers of a live session, made through the real services."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, select

from livestream import schedule
from livestream import service as live
from livestream.gate import service as gate
from livestream.gate.models import HostState
from livestream.models import LiveItem, LiveSession
from livestream.schedule import Plan
from shop.accounts.models import PersonRow, Role, RoleGrant
from shop.cart import service as cart
from shop.catalog.models import Product, Variant
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Grant, Person
from tests.factories import LONG_AGO, make_coop, make_product

_number = count(1)
HALF_AN_HOUR = timedelta(minutes=30)
OFFICER = Person(id=0, name="Cán bộ Liên minh", phone="", roles=(Grant("officer"),))


def make_host(db: Database, coop: Coop, role: str = Role.HOST) -> Person:
    """Somebody who may host for this co-op."""
    phone = f"+8491111{next(_number):04d}"
    row = PersonRow(name="Chị Nguyện", phone=phone, created_at=LONG_AGO)
    with db.write() as session:
        session.add(row)
        session.flush()
        session.add(RoleGrant(person_id=row.id, role=role, coop_id=coop.id, granted_at=LONG_AGO))
    return Person(id=row.id, name=row.name, phone=phone, roles=(Grant(role, coop.id),))


def variant_of(db: Database, product: Product) -> Variant:
    with db.read() as session:
        return session.exec(select(Variant).where(Variant.product_id == product.id)).one()


def make_session(
    db: Database,
    now: datetime,
    *,
    coop: Coop | None = None,
    host: Person | None = None,
    wanted: int = 10,
    on_hand: int = 40,
    items: int = 1,
    price_vnd: int = 200_000,
    live_price_vnd: int = 150_000,
    most_per_buyer: int = 5,
    on_air: bool = True,
    **changes: Any,
) -> tuple[LiveSession, list[LiveItem], Person]:
    """A session with `items` products of `on_hand` boxes each, `wanted` of each for the session; on air or not."""
    coop = coop or make_coop(db)
    host = host or make_host(db, coop)
    facts = {"title": "Thanh long đầu mùa", "starts_at": now, "planned_minutes": 60, **changes}
    products = [make_product(db, coop, price_vnd=price_vnd, on_hand=on_hand) for _ in range(items)]
    with db.write() as session:
        planned = schedule.plan(session, coop.id, host, Plan(**facts), now)
        for product in products:
            variant = variant_of(db, product)
            schedule.add_item(session, planned.id, variant.id, live_price_vnd, wanted, most_per_buyer, host, now)
        make_ready(session, planned.id, host, now)
        if on_air:
            live.start(session, planned.id, host, now)
    with db.read() as session:
        return session.get_one(LiveSession, planned.id), schedule.items_of(session, planned.id), host


def make_ready(session: Session, live_id: int, host: Person, now: datetime) -> None:
    """Everything the gate asks for: the host is known, the rules accepted, papers named, advertising confirmed."""
    gate.ask(session, host, host.name, "cccd", "1234", now)
    gate.decide(session, host.id, HostState.VERIFIED, "", OFFICER, now)
    gate.accept_rules(session, host, now)
    for item in schedule.items_of(session, live_id):
        gate.note_papers(session, live_id, item.id, "Giấy ATTP số 12/2026", host, now)
    gate.confirm(session, live_id, "seller", host, now)
    gate.confirm(session, live_id, "host", host, now)


def make_cart(db: Database, now: datetime) -> str:
    with db.write() as session:
        return cart.open_cart(session, None, now)


def claim(
    db: Database, slug: str, cart_id: str, quantity: int, now: datetime, code: str = "A1", visitor: str = ""
) -> live.Claimed:
    """Press "Mua ngay" in the room, each cart in a browser of its own if no visitor is named."""
    with db.write() as session:
        return live.claim(session, slug, code, quantity, cart_id, visitor or cart_id, HALF_AN_HOUR, now)
