"""Goods that were sold out are there again: who asked to be told is told, once."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlmodel import Session, col, select

from shop.catalog.models import Product, ProductState
from shop.catalog.service import variants_of
from shop.coops import service as coops
from shop.coops.models import CoopState
from shop.core.db import Database
from shop.core.i18n import either
from shop.core.i18n import gettext as _
from shop.notify import following
from shop.notify.service import Letter
from shop.stock import service as stock


def tell_who_waits(db: Database, now: datetime) -> None:
    """Timed job: look at the products that somebody waits for, and tell of those that can be bought again."""
    with db.read() as session:
        back = [product.id for product in _waited_for(session) if _can_be_bought(session, product)]
    for product_id in back:
        with db.write() as session:
            product, subject = session.get_one(Product, product_id), f"product:{product_id}"
            following.tell_followers(session, [subject], partial(_letter, product, now), now)
            following.has_come(session, subject, now)


def _waited_for(session: Session) -> list[Product]:
    ids = [int(subject.partition(":")[2]) for subject in following.waited_for(session, "product")]
    return list(session.exec(select(Product).where(col(Product.id).in_(ids))))


def _can_be_bought(session: Session, product: Product) -> bool:
    if product.state != ProductState.ON_SALE or coops.get(session, product.coop_id).state != CoopState.SELLING:
        return False
    return any(stock.available(session, [variant.id for variant in variants_of(session, product.id)]).values())


def _letter(product: Product, now: datetime) -> Letter:
    title = _("Có hàng lại: %(name)s") % {"name": either(product.name, product.name_en)}
    words = _("Món bạn chờ đã có trên kệ. Hàng tươi bán nhanh, bạn xem sớm nhé.")
    return Letter(
        f"product:{product.id}:back:{now.isoformat()}", "back_in_stock", title, words, f"/san-pham/{product.slug}"
    )
