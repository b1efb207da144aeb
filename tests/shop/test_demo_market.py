"""The demo market: big enough, truthful about being invented, and the same when it is made again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, col, func, select

from shop.addresses import service as addresses
from shop.catalog import listing, selling
from shop.catalog.listing import Filters
from shop.catalog.models import Category, PriceChange, Product, ProductPhoto, Variant
from shop.certificates.models import Certificate
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.pictures import Photo
from shop.demo.fill import fill
from shop.demo.market import make_market, paint
from shop.demo.scale import make_many
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.models import StockMovement
from shop.verify import broken_rules

TABLES: tuple[type[SQLModel], ...] = (
    Category, Coop, Product, Variant, Certificate, PriceChange, Photo, StockMovement, AuditEntry
)  # fmt: skip
NAMED = (
    "Hàm Đức",
    "Thuận Tiến",
    "Phú Hội",
    "Tiến Phát",
    "Ái Nghĩa",
    "Đại Hiệp",
    "Âu Cơ",
    "Duy Oanh",
    "Best One",
    "Điện Phước 1",
)


def rows(session: Session) -> dict[str, int]:
    return {table.__name__: session.exec(select(func.count()).select_from(table)).one() for table in TABLES}


def test_the_whole_market_keeps_every_rule(db: Database, settings: Settings, now: datetime) -> None:
    fill(db, settings, now, draw=False)
    assert broken_rules(db) == []


def test_making_it_twice_changes_nothing(db: Database, settings: Settings, now: datetime) -> None:
    make_market(db, settings, now, draw=False)
    with db.read() as session:
        before = rows(session)
        names = [(product.id, product.slug) for product in session.exec(select(Product).order_by(col(Product.id)))]
    make_market(db, settings, now, draw=False)
    with db.read() as session:
        assert rows(session) == before
        assert [
            (product.id, product.slug) for product in session.exec(select(Product).order_by(col(Product.id)))
        ] == names
        assert before["Product"] >= 60
        assert before["Coop"] >= 10


def test_every_invented_number_is_marked(db: Database, settings: Settings, now: datetime) -> None:
    make_market(db, settings, now, draw=False)
    with db.read() as session:
        coops, papers = session.exec(select(Coop)).all(), session.exec(select(Certificate)).all()
        products = session.exec(select(Product)).all()
        assert stock.broken_rules(session) == []
    assert all(coop.is_demo for coop in coops)
    assert all(paper.is_demo for paper in papers)
    assert all(product.is_demo for product in products)
    assert all(coop.tax_code.startswith("99000000") and coop.phone.startswith("+849000000") for coop in coops)
    assert all(paper.number.startswith("MH-") for paper in papers)
    assert all(addresses.ward(coop.ward_code, coop.province_code) for coop in coops)
    assert all(any(name in coop.name for coop in coops) for name in NAMED)


def test_its_words_may_be_displayed(db: Database, settings: Settings, now: datetime) -> None:
    make_market(db, settings, now, draw=False)
    with db.read() as session:
        for product in session.exec(select(Product)):
            selling.check_display(session, product, now)


@pytest.mark.parametrize(
    "typed", ["thanh long ruot do", "dragon fruit", "ruou vang", "nước mắm", "mây", "gạo tím than"]
)
def test_what_people_ask_for_is_found(db: Database, settings: Settings, now: datetime, typed: str) -> None:
    make_market(db, settings, now, draw=False)
    with db.read() as session:
        assert listing.page_of(session, Filters(words=typed), now).cards


def test_a_drawn_picture_goes_the_way_of_an_uploaded_one(tmp_path: Path) -> None:
    name, stored = paint("dragon-red-cut", tmp_path)
    assert (name, stored.width, stored.height) == ("dragon-red-cut", 1280, 960)
    assert {file.suffix for file in tmp_path.rglob("*.*")} >= {".webp", ".jpg"}


def test_goods_made_in_bulk_are_found_like_others(db: Database, now: datetime) -> None:
    make_many(db, 60, 3)
    with db.read() as session:
        page = listing.page_of(session, Filters(words="thanh long", coop_id=2), now)
        assert page.cards
        assert all(card.coop_id == 2 for card in page.cards)
        assert session.exec(select(func.count()).select_from(ProductPhoto)).one() == 60
        assert stock.broken_rules(session) == []
    make_many(db, 5, 1)
