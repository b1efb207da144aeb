"""A co-op, a shelf, a product, a variant with stock, a paper: each with believable facts, changed by keyword."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlmodel import select

from shop.catalog import selling
from shop.catalog.models import Category, Product, ProductState, Variant
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop, CoopState
from shop.core.db import Database
from shop.core.pagecache import bump
from shop.core.pictures import Photo
from shop.core.text import slug
from shop.stock import service as stock

LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)
HAM_THUAN = {"province_code": "68", "ward_code": "23059"}
_number = count(1)


def make_coop(db: Database, **changes: Any) -> Coop:
    """A co-op that sells, in Hàm Thuận, Lâm Đồng, that says how it delivers and takes back."""
    number = next(_number)
    facts: dict[str, Any] = {
        "name": f"HTX Nông nghiệp số {number}",
        "legal_name": f"Hợp tác xã Nông nghiệp số {number}",
        "tax_code": f"99{number:08d}",
        "representative": "Nguyễn Thị Minh Họa",
        "founded_on": 2016,
        "member_count": 17,
        "story": "Bà con cùng trồng, cùng hái.",
        **HAM_THUAN,
        "line": "Thôn 3",
        "phone": f"+8490000{number % 10000:04d}",
        "delivery_policy": "Giao trong 1 đến 4 ngày.",
        "return_policy": "Đổi trái hư trong 24 giờ.",
        "state": CoopState.SELLING,
        "verified_at": LONG_AGO,
        "created_at": LONG_AGO,
        **changes,
    }
    coop = Coop(**{"slug": slug(facts["name"]), **facts})
    with db.write() as session:
        session.add(coop)
    return coop


def make_category(db: Database, slug: str = "trai-cay", **changes: Any) -> Category:
    """A shelf; the one with this slug if it stands already."""
    with db.write() as session:
        category = session.exec(select(Category).where(Category.slug == slug)).first()
        if category is None:
            facts = {"name": "Trái cây tươi", "name_en": "Fresh fruit", "position": 1, **changes}
            category = Category(slug=slug, **facts)
            session.add(category)
    return category


def make_product(
    db: Database,
    coop: Coop | None = None,
    category: Category | None = None,
    *,
    price_vnd: int = 200_000,
    step_g: int = 5000,
    on_hand: int = 20,
    variants: bool = True,
    **changes: Any,
) -> Product:
    """A product on sale with one box variant of `on_hand` boxes; without it if `variants` is False."""
    coop, category = coop or make_coop(db), category or make_category(db)
    facts: dict[str, Any] = {
        "name": f"Thanh long ruột đỏ {next(_number)}",
        "summary": "Hái trong ngày.",
        "origin": "Hàm Thuận",
        "shelf_life_days": 14,
        "state": ProductState.ON_SALE,
        "created_at": LONG_AGO,
        **changes,
    }
    with db.write() as session:
        product = selling.add_product(session, Product(coop_id=coop.id, category_id=category.id, **facts))
    if variants:
        make_variant(db, product, price_vnd=price_vnd, step_g=step_g, on_hand=on_hand)
    return product


def make_variant(db: Database, product: Product, *, on_hand: int = 20, **changes: Any) -> Variant:
    """A box of 5 kg with `on_hand` of them in ordinary sale."""
    facts = {"name": "Thùng 5 kg", "kind": "box", "step_g": 5000, "packing_g": 400, "price_vnd": 200_000, **changes}
    variant = Variant(product_id=product.id, **facts)
    with db.write() as session:
        selling.add_variant(session, variant, LONG_AGO)
        if on_hand:
            stock.receive(session, stock.pool_of(session, variant.id), on_hand, LONG_AGO)
        product_now = session.get_one(Product, product.id)
        product.sqlmodel_update(product_now)
    return variant


def make_certificate(db: Database, coop: Coop, product: Product | None = None, **changes: Any) -> Certificate:
    """A verified OCOP paper of 4 stars, good until the end of 2027."""
    facts = {
        "kind": "ocop",
        "stars": 4,
        "number": f"{next(_number)}/QĐ-MH",
        "issuer": "Cơ quan minh họa",
        "issued_on": date(2025, 1, 1),
        "expires_on": date(2027, 12, 31),
        "state": CertificateState.VERIFIED,
        **changes,
    }
    paper = Certificate(coop_id=coop.id, product_id=product.id if product else None, **facts)
    with db.write() as session:
        session.add(paper)
        bump(session, f"coop:{coop.id}", "lists")
    return paper


def make_photo(db: Database, **changes: Any) -> Photo:
    """A picture's row; its files are not on disk."""
    facts = {"key": "ab" * 16, "width": 1280, "height": 960, "placeholder": "data:,", "formats": ["webp", "jpeg"]}
    photo = Photo(**{**facts, "alt": "Trái thanh long bổ đôi", "created_at": LONG_AGO, **changes})
    with db.write() as session:
        session.add(photo)
    return photo
