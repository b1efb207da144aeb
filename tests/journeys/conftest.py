"""A small market served for real with its worker, and Chromium windows on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from shop.catalog.models import Variant
from shop.coops.models import Coop
from shop.core import observe
from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings
from tests.factories import make_coop, make_product, make_variant
from tests.factories_orders import make_table, variant_of
from tests.served import serving
from tests.servers import free_port

PHONE = {"width": 360, "height": 800}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages are the same whatever the database, and what goes wrong at a gateway ends alike whichever it is.

    In a browser the other database and the other gateways belong to the long runs.
    """
    for item in items:
        again = "[postgresql" in item.nodeid and item.get_closest_marker("browser")
        if again or re.search(r"test_(a_lost_notification|too_little_at_a_gateway)\w*\[(?!momo)", item.nodeid):
            item.add_marker(pytest.mark.long)


class Market(NamedTuple):
    """Two co-ops far from each other, a box at each, and loose fruit at the first."""

    address: str
    db: Database
    settings: Settings
    coops: list[Coop]
    boxes: list[Variant]
    loose: Variant


@pytest.fixture
def market(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    monkeypatch.setattr(observe, "SLOW_S", 0)  # a journey that fails says which requests it made and how they ended
    port = free_port()
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path / "data",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
    )
    settings.data_dir.mkdir()
    near = make_coop(db, name="HTX Thanh long Hòa Lệ")
    far = make_coop(db, name="HTX Nông nghiệp Điện Phước", province_code="48", ward_code="20569")
    for coop in (near, far):
        make_table(db, coop)
    fruit = make_product(db, near, name="Thanh long cân lẻ", variants=False)
    loose = make_variant(db, fruit, name="Cân lẻ", kind="loose", step_g=500, packing_g=30, price_vnd=16_000)
    boxes = [
        variant_of(db, make_product(db, near, name="Thanh long ruột đỏ")),
        variant_of(db, make_product(db, far, name="Gạo hữu cơ", shelf_life_days=None)),
    ]
    with serving(create_app(settings, db), port):
        yield Market(settings.base_url, db, settings, [near, far], boxes, loose)


Window = Callable[..., Page]


@pytest.fixture
def window(chromium: Browser, market: Market) -> Iterator[Window]:
    """Opens phones on the market; a script's error on any page fails the journey."""
    opened, complaints = [], []

    def phone(**options: object) -> Page:
        context = chromium.new_context(viewport=PHONE, base_url=market.address, locale="vi-VN", **options)  # type: ignore[arg-type]  # passed on
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield phone
    for context in opened:
        context.close()
    assert complaints == []
