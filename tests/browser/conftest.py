"""The demo market served for real, and a Chromium that looks at it."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from sqlmodel import select

from shop.catalog.models import Product, ProductPhoto
from shop.core.db import Database
from shop.core.wire import Wire
from shop.main import create_app
from shop.settings import Settings
from tests.factories import make_category, make_certificate, make_coop, make_photo, make_product
from tests.factories_orders import make_table
from tests.servers import free_port

PHONE = {"width": 360, "height": 800}
DESKTOP = {"width": 1280, "height": 800}
FULL_SHELF, ON_A_PAGE = "vu-mua", 60


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo market, filled by whichever worker needs it first; the others wait for it and copy."""
    own = tmp_path_factory.getbasetemp()
    root = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    folder, unfinished = root / "filled-market", root / "market-being-filled"
    with (root / "filled-market.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fill_the_market(unfinished)
            unfinished.rename(folder)
    return folder


def fill_the_market(folder: Path) -> None:
    from shop import migrations
    from shop.demo import fill
    from shop.demo.clip import make_clip
    from shop.demo.live import make_sessions

    settings = Settings(_env_file=None, data_dir=folder)
    db = Database(settings.database)
    migrations.upgrade(db)
    fill.fill(db, settings, datetime.now(UTC), draw=False)
    fill_a_shelf(db)
    give_every_product_a_photo(db)
    make_clip(settings.media_dir, frames=45)  # three seconds move as well as twenty
    make_sessions(db, settings, datetime.now(UTC))  # now with their moving picture
    db.close()


@pytest.fixture(scope="session")
def market(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo market; tests that buy share it, so they look at what they did themselves."""
    folder, port = tmp_path_factory.mktemp("market"), free_port()
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
    )
    db = Database(settings.database)
    options = uvicorn.Config(
        create_app(settings, db), http=Wire, port=port, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run)
    thread.start()
    for _ in range(1500):
        if server.started or not thread.is_alive():
            break
        time.sleep(0.02)
    yield settings.base_url
    server.should_exit = True
    thread.join(10)
    db.close()


def fill_a_shelf(db: Database) -> None:
    """More products than a page shows, each card as full as cards get."""
    shelf = make_category(db, FULL_SHELF, name="Trái cây theo mùa", name_en="Fruit of the season", position=99)
    coop = make_coop(db, name="HTX Nông nghiệp dịch vụ Hàm Thuận Bắc", story="")
    make_table(db, coop)
    for kind in ("ocop", "vietgap", "organic"):
        make_certificate(db, coop, kind=kind)
    for number in range(ON_A_PAGE + 2):
        make_product(db, coop, shelf, name=f"Thanh long ruột đỏ hái sáng, thùng quà số {number}", on_hand=3 + number)


def give_every_product_a_photo(db: Database) -> None:
    """Rows as heavy on a page as real ones; drawing the files would take longer than all the tests that look."""
    for at, product_id in enumerate(_product_ids(db)):
        noise = hashlib.sha512(str(at).encode()).digest()
        placeholder = "data:image/webp;base64," + base64.b64encode(noise).decode()
        photo = make_photo(db, key=noise.hex()[:32], placeholder=placeholder, formats=["avif", "webp", "jpeg"])
        with db.write() as session:
            session.add(ProductPhoto(product_id=product_id, photo_id=photo.id, position=0))


def _product_ids(db: Database) -> list[int]:
    with db.read() as session:
        return list(session.exec(select(Product.id)))


@pytest.fixture
def browse(chromium: Browser, market: str) -> Iterator[Callable[..., Page]]:
    """Opens windows on the market: a phone by default; every error the page logs fails the test."""
    opened, complaints = [], []

    def window(size: dict[str, int] = PHONE, **options: object) -> Page:
        context = chromium.new_context(viewport=size, base_url=market, locale="vi-VN", **options)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield window
    for context in opened:
        context.close()
    assert complaints == []
