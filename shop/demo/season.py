"""What is to come in the demo: the next harvest, ordered before it is picked, ordering hours, and who fetches when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from shop.addresses import service as addresses
from shop.catalog.drafts import service as drafts
from shop.catalog.models import Product, Variant
from shop.checkout import by_desk
from shop.coops.models import Coop
from shop.coops.opening import service as openings
from shop.coops.opening.models import Opening
from shop.core.audit import SYSTEM
from shop.core.db import Database
from shop.core.i18n import local
from shop.orders import preorders
from shop.orders.pickup import service as pickup
from shop.orders.pickup.models import PickupSlot
from shop.orders.placing import Buyer
from shop.settings import Settings

WAY = "Thùng 5 kg vụ Tết"
CAP, WEEKS = 60, 6
WAITING = (("Phạm Thị Mai", "+84900000061", 3), ("Lý Quốc Bảo", "+84900000062", 2))
FETCHED_FROM = "htx-thanh-long-ham-duc"
MORNING, AFTERNOON = (7 * 60, 9 * 60), (15 * 60, 17 * 60)
FETCHING = (("Võ Thị Kim Anh", "+84900000063"), ("Đặng Văn Hòa", "+84900000064"), ("Huỳnh Thị Nga", "+84900000065"))
KEEPS_HOURS = "htx-nong-nghiep-ai-nghia"


def make_season(db: Database, settings: Settings, now: datetime) -> None:
    """The first co-op sells its next harvest, another takes orders by day; a second run changes nothing."""
    with db.write() as session:
        if session.exec(select(Variant.id).where(Variant.name == WAY).limit(1)).first() is None:
            _sell_ahead(session, settings, now)
        coop = session.exec(select(Coop).where(Coop.slug == KEEPS_HOURS)).first()
        if coop and not openings.of_coops(session, [coop.id]):
            hours = Opening(coop_id=coop.id, from_minute=4 * 60, until_minute=22 * 60, most_orders=60)
            openings.keep(session, hours, SYSTEM, now)
        coop = session.exec(select(Coop).where(Coop.slug == FETCHED_FROM)).first()
        if coop and not pickup.slots(session, coop.id):
            _let_fetch(session, coop, settings, now)


def _sell_ahead(session: Session, settings: Settings, now: datetime) -> None:
    boxes = select(Product, Variant).join(Variant, col(Variant.product_id) == Product.id)
    fresh = boxes.where(Variant.kind == "box", col(Product.shelf_life_days).is_not(None), col(Product.is_demo))
    first = session.exec(fresh.order_by(col(Product.coop_id), col(Product.id), col(Variant.id)).limit(1)).first()
    if first is None:
        return
    product, box = first
    price_vnd = box.price_vnd * 5_000 // box.step_g * 9 // 10_000 * 1_000
    how = Variant(product_id=product.id, kind="box", step_g=5_000, price_vnd=price_vnd, name=WAY)
    way = drafts.add_way(session, product, how, 0, SYSTEM, now)
    ship_by = local(now).date() + timedelta(weeks=WEEKS)
    preorders.open_up(session, product.coop_id, way, CAP, ship_by, SYSTEM, now)
    coop = session.get_one(Coop, product.coop_id)
    ward = addresses.ward(coop.ward_code)
    for name, phone, boxes_wanted in WAITING:
        buyer = Buyer(name, phone, ward.province_code, ward.code, coop.line)
        told = (session, coop.id, f"demo:season:{phone}", {way.id: boxes_wanted}, buyer, "delivery", settings, now)
        by_desk.order(*told)


def _let_fetch(session: Session, coop: Coop, settings: Settings, now: datetime) -> None:
    """Two hours a day with few places; some buyers have taken the next ones."""
    for weekday in range(7):
        for begins, ends in (MORNING, AFTERNOON):
            few: dict[str, Any] = {"places": 2, "cut_off_minutes": 60}
            slot = PickupSlot(coop_id=coop.id, weekday=weekday, from_minute=begins, to_minute=ends, **few)
            pickup.add(session, coop.id, slot, SYSTEM, now)
    ward = addresses.ward(coop.ward_code)
    goods = [it for it in by_desk.shelf(session, coop.id) if it.left > 5 and it.kind == "box"]
    for (name, phone), thing in zip(FETCHING, goods, strict=False):
        buyer = Buyer(name, phone, ward.province_code, ward.code, coop.line)
        told = (session, coop.id, f"demo:fetch:{phone}", {thing.variant_id: 1}, buyer, "pickup", settings, now)
        placed = by_desk.order(*told)
        for parcel_id, hours in pickup.to_choose(session, placed.id, now).items():
            pickup.choose(session, placed.id, parcel_id, hours[0].key, now)
