"""The page of a product says the same to people, to search engines, and to everybody alike."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from starlette.testclient import TestClient

from shop.catalog import selling, service
from shop.catalog.models import Product, ProductState
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.i18n import kg
from shop.core.money import format_vnd
from tests.conftest import HTMX
from tests.factories import make_certificate, make_coop, make_product, make_variant


def linked_data(html: str) -> list[dict[str, Any]]:
    """All JSON-LD of a page."""
    found: list[dict[str, Any]] = []
    for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL):
        facts = json.loads(block)
        found += facts if isinstance(facts, list) else [facts]
    return found


def of_type(html: str, kind: str) -> dict[str, Any]:
    return next(facts for facts in linked_data(html) if facts["@type"] == kind)


def test_every_variant_shows_its_price_its_price_per_kg_and_what_is_left(db: Database, client: TestClient) -> None:
    product = make_product(db, price_vnd=200_000, step_g=5000, on_hand=7)
    make_variant(db, product, name="Bán lẻ", kind="loose", step_g=500, price_vnd=22_000, on_hand=9)
    html = client.get(f"/san-pham/{product.slug}").text
    assert "Còn 7 thùng" in html
    assert f"Còn {kg(4500)}" in html
    for amount_vnd in (200_000, 40_000, 22_000, 44_000):
        assert format_vnd(amount_vnd) in html
    assert "Giá đã gồm thuế; chưa gồm phí giao hàng." in html


def test_what_search_engines_read_agrees_with_the_page(db: Database, client: TestClient) -> None:
    coop = make_coop(db)
    product = make_product(db, coop, name='Thanh long "đỏ" <b>&', price_vnd=200_000, on_hand=0)
    loose = make_variant(db, product, name="Bán lẻ", kind="loose", step_g=500, price_vnd=22_000, on_hand=9)
    html = client.get(f"/san-pham/{product.slug}").text
    facts = of_type(html, "Product")
    assert facts["name"] == 'Thanh long "đỏ" <b>&'
    assert "<b>&" not in html
    assert [offer["availability"].rpartition("/")[2] for offer in facts["offers"]] == ["OutOfStock", "InStock"]
    shown = re.findall(r'name="variant_id" value="(\d+)".*?data-price="([^"]+)"', html)
    offered = [(offer["sku"], format_vnd(int(offer["price"]))) for offer in facts["offers"]]
    assert offered == shown
    assert str(loose.id) in dict(shown)
    assert facts["offers"][1]["priceSpecification"]["price"] == "44000"
    assert facts["offers"][0]["seller"]["name"] == coop.legal_name
    trail = of_type(html, "BreadcrumbList")["itemListElement"]
    assert trail[-1]["item"] == f"http://testserver/san-pham/{product.slug}"


def test_the_page_has_one_address_in_two_languages(db: Database, client: TestClient) -> None:
    product = make_product(db, name="Thanh long", name_en="Dragon fruit")
    vietnamese = client.get(f"/san-pham/{product.slug}").text
    english = client.get(f"/en/san-pham/{product.slug}").text
    assert f'<link rel="canonical" href="http://testserver/san-pham/{product.slug}">' in vietnamese
    assert f'<link rel="canonical" href="http://testserver/en/san-pham/{product.slug}">' in english
    assert f'hreflang="en" href="http://testserver/en/san-pham/{product.slug}"' in vietnamese
    assert "Dragon fruit</h1>" in english
    assert of_type(english, "Product")["name"] == "Dragon fruit"


def test_certificates_stand_with_number_and_issuer(db: Database, client: TestClient) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    make_certificate(db, coop, product, number="MH-77", issuer="Hội đồng minh họa", is_demo=True)
    html = client.get(f"/san-pham/{product.slug}").text
    assert "MH-77" in html
    assert "Hội đồng minh họa" in html
    assert "dữ liệu minh họa" in html


def test_an_old_address_leads_to_the_new_one_for_good(
    db: Database, client: TestClient, now: datetime, manager: Person
) -> None:
    product = make_product(db, name="Tên cũ")
    with db.write() as session:
        selling.rename(session, session.get_one(Product, product.id), "Tên mới", manager, now)
    answer = client.get("/san-pham/ten-cu", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/san-pham/ten-moi")
    assert client.get("/en/san-pham/ten-cu", follow_redirects=False).headers["location"] == "/en/san-pham/ten-moi"


def test_a_hidden_product_says_so_and_shows_other_goods(
    db: Database, client: TestClient, now: datetime, manager: Person
) -> None:
    coop = make_coop(db)
    product, other = make_product(db, coop), make_product(db, coop, name="Rượu vang thanh long")
    with db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.HIDDEN, manager, now)
    answer = client.get(f"/san-pham/{product.slug}")
    assert answer.status_code == 404
    assert "không còn bán" in answer.text
    assert other.name in answer.text
    assert client.get("/san-pham/chua-tung-co").status_code == 404


def test_a_new_price_is_on_the_page_and_in_lists_at_once(
    db: Database, client: TestClient, now: datetime, manager: Person
) -> None:
    product = make_product(db, price_vnd=200_000)
    paths = [f"/san-pham/{product.slug}", "/", "/danh-muc/trai-cay", "/tim?q=thanh+long"]
    before = {path: client.get(path).headers["etag"] for path in paths}
    with db.write() as session:
        variant = service.variants_of(session, product.id)[0]
        selling.set_price(session, variant.id, 180_000, manager, now)
    for path in paths:
        answer = client.get(path)
        assert answer.headers["etag"] != before[path]
        assert format_vnd(180_000) in answer.text
        assert format_vnd(200_000) not in answer.text


def test_the_page_of_a_sold_out_product_has_no_button_to_buy(db: Database, client: TestClient) -> None:
    product = make_product(db, on_hand=0)
    html = client.get(f"/san-pham/{product.slug}").text
    assert "Hàng đã hết." in html
    assert 'action="/gio-hang"' not in html


def test_everybody_gets_the_same_bytes_and_no_cookie(db: Database, client: TestClient) -> None:
    product = make_product(db)
    first = client.get(f"/san-pham/{product.slug}")
    second = client.get(f"/san-pham/{product.slug}", headers={"Cookie": "cho_phien=x; cho_gio=y"})
    assert first.content == second.content
    assert "set-cookie" not in first.headers
    assert client.get(f"/san-pham/{product.slug}", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_what_it_costs_to_my_ward_is_private_and_remembered(db: Database, client: TestClient) -> None:
    product = make_product(db)
    address = f"/san-pham/{product.slug}/phi"
    asked = client.get(f"{address}?noi=Hàm Đức", headers=HTMX)
    assert asked.headers["cache-control"] == "no-store"
    assert "ward=23059" in asked.text
    chosen = client.get(f"{address}?ward=23059", headers=HTMX)
    assert "Xã Hàm Thuận" in chosen.text
    assert "Xã Hàm Thuận" in client.get(address, headers=HTMX).text
    assert client.get(f"{address}?ward=00000").status_code == 422
    assert client.get(f"{address}?ward=x").status_code == 422
