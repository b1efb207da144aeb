"""What is to come in the demo: boxes of the next harvest, ordered before they are picked, and ordering hours."""

from __future__ import annotations

from datetime import datetime, timedelta

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
from shop.orders.placing import Buyer
from shop.settings import Settings

WAY = "Thùng 5 kg vụ Tết"
CAP, WEEKS = 60, 6
WAITING = (("Phạm Thị Mai", "+84900000061", 3), ("Lý Quốc Bảo", "+84900000062", 2))
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
