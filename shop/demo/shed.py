"""The first co-op's shed in the demo: a harvest that expires soon, one that keeps, one on hold, and less for more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from shop.catalog.models import Product, Variant
from shop.catalog.wholesale import prices
from shop.core.audit import SYSTEM
from shop.core.db import Database
from shop.core.i18n import local
from shop.orders import from_lots
from shop.settings import Settings
from shop.stock.lots import service as lots
from shop.stock.lots.models import Lot, LotState

HARVESTS = (("A", 3, 4, 12), ("B", 1, 11, 20), ("C", 0, 13, 6))
"""Letter, days since the harvest, days until best before, boxes."""


def make_shed(db: Database, _settings: Settings, now: datetime) -> None:
    """Receive the harvests of the last days; a second run changes nothing."""
    today = local(now).date()
    with db.write() as session:
        if session.exec(select(Lot.id).limit(1)).first() is not None:
            return
        boxes = select(Variant, Product).join(Product, col(Product.id) == Variant.product_id)
        fresh = boxes.where(Variant.kind == "box", col(Product.shelf_life_days).is_not(None), col(Product.is_demo))
        box, product = session.exec(fresh.order_by(col(Product.id).desc(), col(Variant.id)).limit(1)).one()
        for letter, ago, left, units in HARVESTS:
            picked, code = today - timedelta(ago), f"TL{today:%d%m}-{letter}"
            told = lots.Harvest(product.coop_id, product.id, code, picked, today + timedelta(left))
            lot = lots.receive(session, told, {box.id: units}, from_lots.unpacked(session, box.id), SYSTEM, now)
        lots.set_state(session, lot, LotState.HELD, "chờ kết quả kiểm dư lượng", SYSTEM, now)
        tiers = [(10, box.price_vnd * 95 // 100 // 1000 * 1000)]
        terms = {"least": 1, "most": box.most_steps, "low_at": box.low_at}
        prices.set_terms(session, box, **terms, tiers=tiers, wholesale=[], person=SYSTEM, now=now)
