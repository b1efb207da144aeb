"""Machines find what people can see, and nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from shop.catalog import selling
from shop.catalog.models import ProductState
from shop.core.db import Database
from shop.core.pictures import Photo
from tests.factories import make_coop, make_photo, make_product

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE = "{http://base.google.com/ns/1.0}"


def addresses(client: TestClient, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("application/xml")
    return [found.text or "" for found in ElementTree.fromstring(answer.text).iter(f"{MAP}loc")]  # noqa: S314  our own


def test_the_sitemap_leads_to_every_page_that_is_shown(db: Database, client: TestClient) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    hidden = make_product(db, coop, state=ProductState.HIDDEN)
    everything = [address for chunk in addresses(client, "/sitemap.xml") for address in addresses(client, chunk)]
    assert f"http://testserver/san-pham/{product.slug}" in everything
    assert f"http://testserver/en/san-pham/{product.slug}" in everything
    assert f"http://testserver/htx/{coop.slug}" in everything
    assert "http://testserver/en" in everything
    assert not any(hidden.slug in address for address in everything)
    for address in everything:
        if "/live" not in address:
            assert client.get(address).status_code == 200


def test_robots_keep_out_of_what_is_private(client: TestClient) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /gio-hang" in text
    assert "Disallow: /en/gio-hang" in text
    assert "Sitemap: http://testserver/sitemap.xml" in text


def test_the_feed_says_what_the_page_says(db: Database, client: TestClient) -> None:
    product = make_product(db, name="Thanh long & bạn <1>", price_vnd=155_000, on_hand=0)
    photo: Photo = make_photo(db)
    with db.write() as session:
        selling.add_photo(session, product.id, photo.id)
    feed = ElementTree.fromstring(client.get("/feeds/google.xml").text)  # noqa: S314  our own
    (item,) = feed.iter("item")
    facts = {fact.tag.removeprefix(GOOGLE): fact.text for fact in item}
    assert facts["title"] == "Thanh long & bạn <1>, Thùng 5 kg"
    assert (facts["price"], facts["availability"]) == ("155000 VND", "out_of_stock")
    assert facts["unit_pricing_measure"] == "5 kg"
    assert client.get(facts["link"] or "").status_code == 200


@pytest.mark.parametrize("path", ["/sitemap/bua-0.xml", "/sitemap/htx--1.xml", "/sitemap/htx-x.xml"])
def test_a_chunk_that_does_not_exist_is_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 422)
