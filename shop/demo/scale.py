"""Many co-ops and products, made in bulk, to see that the market stays quick when it grows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel, func, select

from shop.catalog.models import Category, PriceChange, Product, ProductPhoto, ProductState, Variant, VariantKind
from shop.catalog.words import index_of
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop, CoopState
from shop.core.db import Database, run
from shop.core.pagecache import bump
from shop.core.pictures import Photo
from shop.core.progress import Progress, silent
from shop.demo.market import content
from shop.stock.models import MovementKind, Pool, StockMovement

AT_ONCE = 5000
_GOODS = ("Thanh long", "Bưởi", "Xoài", "Gạo", "Chuối", "Mít", "Bánh tráng", "Mật ong", "Cà phê", "Hạt điều")
_MANNERS = ("ruột đỏ", "ruột trắng", "sấy dẻo", "loại một", "vườn nhà", "thơm", "hái sớm", "đặc sản", "vụ mùa")
SYLLABLES = [
    "an",
    "bình",
    "cát",
    "duy",
    "đông",
    "giang",
    "hòa",
    "khánh",
    "lâm",
    "minh",
    "nam",
    "phú",
    "quảng",
    "sơn",
    "tân",
    "uyên",
    "vĩnh",
    "xuân",
    "yên",
    "thạnh",
]


def make_many(db: Database, products: int, coops: int, seed: int = 7, progress: Progress = silent) -> None:
    """Add `coops` co-ops and `products` products with a variant, a pool and some papers each; about 30 s for 100,000.

    A third of the products are called "Thanh long …"; each place name of two syllables is carried by some 250 of
    100,000, so that questions of every selectivity can be asked. The same seed makes the same market.
    """
    dice, now = random.Random(seed), datetime(2026, 11, 1, tzinfo=UTC)  # noqa: S311  no secret
    with db.write() as session:
        shelves = [_shelf(session, at, **shelf) for at, shelf in enumerate(content("coops")["shelf"])]
        photo_id = _any_photo(session, now)
        first_coop = _next_id(session, Coop)
        _insert(session, Coop, (_coop(first_coop + at, dice, now) for at in range(coops)))
        _insert(session, Certificate, (_paper(first_coop + at) for at in range(0, coops, 3)))
    done = 0
    while done < products:
        with db.write() as session:
            size = min(AT_ONCE, products - done)
            _some_products(session, size, dice, shelves, range(first_coop, first_coop + coops), photo_id, now)
            done += size
        progress("products", done, products)
    with db.write() as session:
        bump(session, "lists", "coops")
    _settle(db)


def _some_products(
    session: Session,
    size: int,
    dice: random.Random,
    shelves: Sequence[Category],
    coop_ids: range,
    photo_id: int,
    now: datetime,
) -> None:
    start = max(_next_id(session, Product), _next_id(session, Variant))
    rows = [_product(start + at, dice, shelves, dice.choice(coop_ids), now) for at in range(size)]
    _insert(session, Product, rows)
    _insert(session, Variant, (_variant(row) for row in rows))
    _insert(
        session,
        PriceChange,
        ({"variant_id": row["id"], "price_vnd": row["lowest_price_vnd"], "at": now} for row in rows),
    )
    _insert(session, ProductPhoto, ({"product_id": row["id"], "position": 0, "photo_id": photo_id} for row in rows))
    pools = [_pool(row, dice) for row in rows]
    first_pool = _next_id(session, Pool)
    _insert(session, Pool, ({"id": first_pool + at, **pool} for at, pool in enumerate(pools)))
    _insert(
        session,
        StockMovement,
        (
            {"pool_id": first_pool + at, "kind": MovementKind.RECEIVED, "quantity": pool["on_hand"], "at": now}
            for at, pool in enumerate(pools)
        ),
    )


def _product(
    product_id: int, dice: random.Random, shelves: Sequence[Category], coop_id: int, now: datetime
) -> dict[str, Any]:
    goods = _GOODS[0] if product_id % 3 == 0 else dice.choice(_GOODS[1:])
    place = f"{dice.choice(SYLLABLES).title()} {dice.choice(SYLLABLES).title()}"
    name = f"{goods} {dice.choice(_MANNERS)} {place} {product_id}"
    shelf, price_vnd = shelves[product_id % len(shelves)], dice.randrange(15_000, 900_000, 500)
    return {
        "id": product_id,
        "coop_id": coop_id,
        "category_id": shelf.id,
        "slug": f"hang-nhieu-{product_id}",
        "name": name,
        "summary": "Hàng làm nhiều để đo.",
        "description": "Một dòng kể về hàng, vườn và người trồng. " * 6,
        "origin": place,
        "shelf_life_days": 14,
        "state": ProductState.ON_SALE,
        "created_at": now + timedelta(seconds=product_id),
        "lowest_price_vnd": price_vnd,
        "lowest_variant_id": product_id,
        **index_of(name, (shelf.name, place, "Hàng làm nhiều để đo.", "Thùng 5 kg"), coop_id, shelf.id),
        "is_demo": True,
    }


def _variant(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": product["id"],
        "product_id": product["id"],
        "name": "Thùng 5 kg",
        "kind": VariantKind.BOX,
        "step_g": 5000,
        "packing_g": 400,
        "price_vnd": product["lowest_price_vnd"],
        "most_steps": 50,
        "position": 0,
        "on_sale": True,
    }


def _pool(product: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    ids = {"coop_id": product["coop_id"], "product_id": product["id"], "variant_id": product["id"]}
    return {**ids, "owner": "", "on_hand": dice.randrange(0, 200), "held": 0, "closed": False}


def _coop(coop_id: int, dice: random.Random, now: datetime) -> dict[str, Any]:
    place = f"{dice.choice(SYLLABLES).title()} {dice.choice(SYLLABLES).title()}"
    return {
        "id": coop_id,
        "slug": f"htx-nhieu-{coop_id}",
        "name": f"HTX {place} {coop_id}",
        "legal_name": f"Hợp tác xã {place} {coop_id} (dữ liệu minh họa)",
        "tax_code": f"99{coop_id:08d}",
        "representative": "Người minh họa",
        "founded_on": 2010,
        "member_count": 20,
        "story": "Làm nhiều để đo.",
        "province_code": "68",
        "ward_code": "23059",
        "line": "Thôn 1",
        "phone": "+84900000000",
        "delivery_policy": "Giao trong 1 đến 4 ngày.",
        "return_policy": "Đổi hàng hư trong 24 giờ.",
        "state": CoopState.SELLING,
        "verified_at": now,
        "is_demo": True,
        "created_at": now,
    }


def _paper(coop_id: int) -> dict[str, Any]:
    return {
        "coop_id": coop_id,
        "kind": "vietgap",
        "stars": 0,
        "number": f"MH-{coop_id}",
        "issuer": "Dữ liệu minh họa",
        "issued_on": datetime(2025, 1, 1, tzinfo=UTC).date(),
        "expires_on": datetime(2028, 1, 1, tzinfo=UTC).date(),
        "state": CertificateState.VERIFIED,
        "is_demo": True,
    }


def _shelf(session: Session, position: int, slug: str, name: str, name_en: str) -> Category:
    shelf = session.exec(select(Category).where(Category.slug == slug)).first()
    if shelf is None:
        shelf = Category(slug=slug, name=name, name_en=name_en, position=position)
        session.add(shelf)
        session.flush()
    return shelf


def _any_photo(session: Session, now: datetime) -> int:
    photo = session.exec(select(Photo).limit(1)).first()
    if photo is None:
        formats = ["webp", "jpeg"]
        photo = Photo(key="0" * 32, width=1280, height=960, placeholder="data:,", formats=formats, created_at=now)
        session.add(photo)
        session.flush()
    return photo.id


def _next_id(session: Session, model: Any) -> int:
    return int(session.exec(select(func.coalesce(func.max(model.id), 0))).one()) + 1


def _insert(session: Session, model: type[SQLModel], rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> None:
    ready = list(rows)
    if ready:
        run(session, insert(model), ready)


def _settle(db: Database) -> None:
    """Ids were given by us, so PostgreSQL's sequences must follow; then both databases learn how the rows lie."""
    with db.write() as session:
        connection = session.connection()
        if db.is_sqlite:
            connection.execute(text("INSERT INTO product_words(product_words) VALUES ('optimize')"))
            return
        for name in ("coop", "product", "variant", "pool"):
            connection.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))  # noqa: S608
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("coop", "product", "variant", "pool", "certificate", "product_photo"):
            connection.execute(text(f"VACUUM (ANALYZE) {name}"))  # merges what the word index put off, too
