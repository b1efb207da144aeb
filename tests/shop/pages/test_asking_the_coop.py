"""Whoever looks at goods, an order or a live room can call or write to the co-op that sells."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.orders import access
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_live import make_session
from tests.factories_orders import make_order, make_table, variant_of

NOW = datetime.now(UTC)


def contacts(html: str) -> set[tuple[str, str]]:
    """Address and words of every link that calls or writes, but for the market's own number in the footer."""
    main = html.split("<main")[1].split("</main>")[0]
    return set(re.findall(r'href="((?:tel:|https://zalo\.me/)[^"]*)"[^>]*>.*?<span>([^<]+)</span>', main))


@pytest.mark.parametrize("zalo", ["", "+84977000222"], ids=["zalo under the phone", "zalo of its own"])
def test_call_and_zalo_on_product_order_and_room(
    db: Database, client: TestClient, settings: Settings, zalo: str
) -> None:
    coop = make_coop(db, phone="+84977000111", zalo=zalo)
    make_table(db, coop)
    product = make_product(db, coop)
    placed = make_order(db, {variant_of(db, product).id: 1}, settings, NOW)
    room, _items, _host = make_session(db, NOW, coop=coop)
    pages = (
        f"/san-pham/{product.slug}",
        access.secret_link(settings.secret_key, placed.code),
        f"/live/{room.slug}",
        f"/htx/{coop.slug}",
    )
    told = {("tel:+84977000111", "Gọi"), (f"https://zalo.me/{(zalo or coop.phone)[1:]}", "Zalo")}
    assert {path: contacts(client.get(path).text) for path in pages} == dict.fromkeys(pages, told)


def test_an_order_to_pay_counts_down_to_the_end_of_its_hold(
    db: Database, client: TestClient, settings: Settings
) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    placed = make_order(db, {variant_of(db, make_product(db, coop)).id: 1}, settings, NOW, pay="vietqr")
    html = client.get(access.secret_link(settings.secret_key, placed.code)).text
    (until_ms,) = re.findall(r'<time class="countdown" datetime="[^"]+" data-until="(\d+)">', html)
    assert int(until_ms) == int((NOW.timestamp() + settings.transfer_hold_minutes * 60) * 1000)
