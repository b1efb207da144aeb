"""Little is left: the co-op is told once, and again only after there was enough in between."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.catalog.models import Product, ProductState, Variant
from shop.core.db import Database, insert_once, run
from shop.core.i18n import gettext as _
from shop.notify import service as notify
from shop.notify.service import Letter
from shop.stock.low.models import LowStock
from shop.stock.models import Pool

_FREE = col(Pool.on_hand) - col(Pool.held)


def tell_what_runs_out(db: Database, now: datetime) -> None:
    """Timed job: whoever keeps the co-op's goods reads what is nearly sold out."""
    with db.read() as session:
        if not _running_out(session) and not _enough_again(session):
            return
    with db.write() as session:
        run(session, delete(LowStock).where(col(LowStock.variant_id).in_(_enough_again(session))))
        for variant, product, left in _running_out(session):
            if insert_once(session, LowStock, {"variant_id": variant.id, "told_at": now}, ["variant_id"]):
                _tell(session, variant, product, left, now)


def _running_out(session: Session) -> list[tuple[Variant, Product, int]]:
    told = select(LowStock.variant_id)
    wanted = (
        select(Variant, Product, _FREE)
        .join(Product, col(Product.id) == Variant.product_id)
        .join(Pool, (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == ""))
        .where(Product.state == ProductState.ON_SALE, col(Variant.on_sale), col(Variant.low_at) >= _FREE)
        .where(col(Variant.id).not_in(told))
        .order_by(col(Variant.id))
    )
    return list(session.exec(wanted))


def _enough_again(session: Session) -> list[int]:
    joined = select(LowStock.variant_id).join(Pool, col(Pool.variant_id) == LowStock.variant_id)
    mine = joined.join(Variant, col(Variant.id) == LowStock.variant_id).where(Pool.owner == "")
    return list(session.exec(mine.where(col(Variant.low_at) < _FREE)))


def _tell(session: Session, variant: Variant, product: Product, left: int, now: datetime) -> None:
    told = {"name": product.name, "variant": variant.name, "left": left}
    title = (_("Sắp hết: %(name)s, %(variant)s") if left > 0 else _("Đã hết: %(name)s, %(variant)s")) % told
    body = _("Còn %(left)s. Bà con nhập thêm thì khách mua tiếp được.") % told
    key = f"variant:{variant.id}:low:{now.isoformat()}"
    letter = Letter(key, "low_stock", title, body, f"/ban-hang/hang/{variant.id}")
    for role in (Role.MANAGER, Role.SELLER):
        for person in accounts.holders(session, role, product.coop_id):
            subject = f"person:{person.id}"
            notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)
