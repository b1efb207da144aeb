"""Home, shelves, search and co-ops: fresh when they must be, left alone when they may."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from shop.certificates import service as certificates
from shop.certificates.models import CertificateState
from shop.core import pagecache
from shop.core.db import Database
from shop.core.deps import Grant, Person
from shop.stock import service as stock
from tests.conftest import HTMX
from tests.factories import make_category, make_certificate, make_coop, make_product
from tests.shop.pages.test_product_page import of_type

OFFICER = Person(id=4, name="Anh Liên", phone="+84900000004", roles=(Grant("officer"),))
SHELF = "/danh-muc/trai-cay"


def hold(session: Session, product_id: int, quantity: int, now: datetime) -> None:
    from shop.catalog.service import variants_of

    pool = stock.pool_of(session, variants_of(session, product_id)[0].id)
    stock.take_holds(session, {pool.id: quantity}, f"checkout:{quantity}", now + timedelta(minutes=15), now)


def test_a_hold_touches_lists_only_when_it_crosses_a_band(db: Database, client: TestClient, now: datetime) -> None:
    product = make_product(db, on_hand=20)
    page = f"/san-pham/{product.slug}"
    shelf, exact = client.get(SHELF).headers["etag"], client.get(page).headers["etag"]
    told: list[str] = []
    pagecache.listen(told.extend)
    with db.write() as session:
        hold(session, product.id, 3, now)
    pagecache.forget(told.extend)
    assert told == [f"product:{product.id}"]
    assert client.get(SHELF).headers["etag"] == shelf
    assert client.get(page).headers["etag"] != exact
    with db.write() as session:
        hold(session, product.id, 14, now)
    assert "Sắp hết" in client.get(SHELF).text
    with db.write() as session:
        hold(session, product.id, 2, now)
        hold(session, product.id, 1, now)
    assert "Hết hàng" in client.get(SHELF).text


def test_a_revoked_paper_leaves_lists_product_and_co_op_at_once(
    db: Database, client: TestClient, now: datetime
) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    paper = make_certificate(db, coop, expires_on=date(2999, 1, 1), stars=5)
    paths = [SHELF, f"/san-pham/{product.slug}", f"/htx/{coop.slug}", "/"]
    assert all("OCOP 5" in client.get(path).text for path in paths)
    with db.write() as session:
        certificates.decide(session, paper.id, CertificateState.REVOKED, OFFICER, now)
    assert not any("OCOP 5" in client.get(path).text for path in paths)


def test_more_of_a_shelf_comes_as_a_piece_and_as_a_page(db: Database, client: TestClient) -> None:
    coop = make_coop(db)
    names = [make_product(db, coop).name for _ in range(62)]
    html = client.get(SHELF).text
    assert sum(name in html for name in names[2:]) == 60
    more = re.search(r'hx-get="([^"]+tiep=[^"]+)"', html)
    assert more
    piece = client.get(more[1], headers=HTMX).text
    assert "<html" not in piece
    assert piece.count("product-card") == 2
    whole = client.get(more[1]).text
    assert "<html" in whole
    assert whole.count('class="card product-card"') == 2


@pytest.mark.parametrize(
    "asked",
    ["?tiep=x", "?tiep=%00", "?q=%00", "?tu=abc", "?den=-5", "?tu=99999999999999999999", "?xep=bua", "?chung-nhan=bua"],
)
def test_nonsense_in_an_address_is_answered_with_a_sentence(db: Database, client: TestClient, asked: str) -> None:
    make_category(db)
    for path in ("/tim", SHELF):
        answer = client.get(path + asked)
        assert answer.status_code == (404 if "%00" in asked else 422)
        assert ("Không tìm thấy" if "%00" in asked else "<h1>") in answer.text


@pytest.mark.parametrize(
    "path", ["/danh-muc/khong-co", "/htx/khong-co", "/san-pham/khong-co", "/tim?htx=khong-co", "/quy-dinh/x"]
)
def test_what_is_not_there_is_404(db: Database, client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_empty_fields_of_the_filter_ask_nothing(db: Database, client: TestClient) -> None:
    product = make_product(db, price_vnd=200_000)
    html = client.get(f"{SHELF}?xep=&htx=&chung-nhan=&tu=&den=").text
    assert product.name in html
    assert product.name in client.get(f"{SHELF}?tu=150.000&den=200k").text
    assert product.name not in client.get(f"{SHELF}?tu=200.001").text


def test_a_search_is_narrowed_to_a_shelf(db: Database, client: TestClient) -> None:
    fresh = make_product(db, name="Thanh long tươi")
    dried = make_product(db, category=make_category(db, "say-kho", name="Sấy khô"), name="Thanh long sấy")
    html = client.get("/tim?q=thanh+long&danh-muc=say-kho").text
    assert dried.name in html
    assert fresh.name not in html
    assert client.get("/tim?q=thanh+long&danh-muc=khong-co").status_code == 404


def test_signs_without_a_word_find_nothing(db: Database, client: TestClient) -> None:
    make_product(db)
    assert "Không tìm thấy hàng nào" in client.get("/tim?q=%21%21%21").text


def test_a_search_without_hits_says_what_to_do(db: Database, client: TestClient) -> None:
    html = client.get("/tim?q=khongcogi").text
    assert "Không tìm thấy hàng nào" in html
    assert 'content="noindex' in html


def test_an_empty_market_has_a_home_page(db: Database, client: TestClient) -> None:
    assert "Kệ hàng còn trống" in client.get("/").text


def test_a_co_op_page_tells_who_sells(db: Database, client: TestClient) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    html = client.get(f"/htx/{coop.slug}").text
    for fact in (coop.legal_name, coop.tax_code, coop.representative, coop.line, coop.delivery_policy, product.name):
        assert fact in html
    facts = of_type(html, "Organization")
    assert (facts["legalName"], facts["taxID"]) == (coop.legal_name, coop.tax_code)
    assert facts["url"] == f"http://testserver/htx/{coop.slug}"


def test_co_ops_that_do_not_sell_are_not_listed(db: Database, client: TestClient) -> None:
    shown, hidden = make_coop(db), make_coop(db, name="HTX Chờ duyệt", state="draft")
    html = client.get("/htx").text
    assert shown.name in html
    assert hidden.name not in html
    assert client.get(f"/htx/{hidden.slug}").status_code == 404


def test_the_number_of_co_ops_to_choose_from_is_limited(db: Database, client: TestClient) -> None:
    category = make_category(db)
    for _ in range(45):
        make_product(db, make_coop(db), category)
    html = client.get(SHELF).text
    assert html.count('<option value="htx-') == 40
