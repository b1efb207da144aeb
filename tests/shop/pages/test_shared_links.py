"""Products, co-ops and sessions as search engines and messengers read them: the same facts as people see."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.testclient import TestClient

from livestream import service as live
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core import slugs
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.i18n import local, moment
from shop.core.money import format_vnd
from tests.factories import make_coop, make_product
from tests.factories_live import make_session

NOW = datetime.now(UTC)


@dataclass
class Reader(HTMLParser):
    """What a machine takes from a page: its title, meta, links, JSON-LD, its first heading, and prices by code."""

    html: str
    meta: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    until_ms: list[int] = field(default_factory=list)
    _inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.meta[said.get("property") or said.get("name", "")] = said.get("content", "")
        elif tag == "link":
            self.links[said.get("hreflang") or said["rel"]] = said["href"]
        elif tag in ("title", "h1") or said.get("type") == "application/ld+json":
            self._inside = tag
        elif "data-price" in said:
            self._inside = f"price {said['data-price']}"
        if "data-until" in said:
            self.until_ms.append(int(said["data-until"]))

    def handle_data(self, data: str) -> None:
        inside, self._inside = self._inside, ""
        if inside == "script":
            facts = json.loads(data)
            self.told += facts if isinstance(facts, list) else [facts]
        elif inside.startswith("price "):
            self.prices[inside.removeprefix("price ")] = data
        elif inside:
            self.words.setdefault(inside, data)

    def of_type(self, kind: str) -> dict[str, Any]:
        return next(facts for facts in self.told if facts["@type"] == kind)


def read(client: TestClient, path: str) -> Reader:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 200, path
    return Reader(answer.text)


def of_product(db: Database) -> tuple[str, str]:
    return f"/san-pham/{make_product(db).slug}", "Product"


def of_coop(db: Database) -> tuple[str, str]:
    return f"/htx/{make_coop(db).slug}", "Organization"


def of_session(db: Database) -> tuple[str, str]:
    return f"/live/{make_session(db, NOW)[0].slug}", "BroadcastEvent"


@pytest.mark.parametrize("page", [of_product, of_coop, of_session], ids=["product", "co-op", "session"])
def test_a_page_tells_machines_who_it_is(
    page: Callable[[Database], tuple[str, str]], db: Database, client: TestClient
) -> None:
    path, kind = page(db)
    shown = read(client, path)
    facts, name = shown.of_type(kind), shown.words["h1"]
    assert facts["name"] == name
    assert shown.words["title"].startswith(f"{name} · ")
    assert shown.meta["og:title"] == shown.words["title"]
    assert len(shown.meta["description"]) >= 30
    assert shown.meta["og:description"] == shown.meta["description"]
    assert shown.links["canonical"] == shown.meta["og:url"] == shown.links["vi"] == f"http://testserver{path}"
    assert shown.links["canonical"] in (facts.get("url"), facts.get("@id"))
    english = read(client, urlsplit(shown.links["en"]).path)
    assert english.links["canonical"] == shown.links["en"] == f"http://testserver/en{path}"
    assert (english.links["vi"], shown.links["x-default"]) == (shown.links["vi"], shown.links["vi"])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)  # pictures know no database
@pytest.mark.parametrize("page", [of_product, of_coop, of_session], ids=["product", "co-op", "session"])
def test_a_shared_link_shows_a_picture_of_the_size_it_says(
    page: Callable[[Database], tuple[str, str]], db: Database, client: TestClient
) -> None:
    meta = read(client, page(db)[0]).meta
    assert (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")
    answer = client.get(meta["og:image"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 630)


class TestASession:
    def test_on_air_offers_what_the_room_shows_at_its_live_price(self, db: Database, client: TestClient) -> None:
        session, _items, _host = make_session(db, NOW, items=2, live_price_vnd=150_000)
        shown = read(client, f"/live/{session.slug}")
        facts = shown.of_type("BroadcastEvent")
        assert [format_vnd(offer["price"]) for offer in facts["offers"]] == [shown.prices["A1"], shown.prices["A2"]]
        assert {offer["availability"] for offer in facts["offers"]} == {"https://schema.org/InStock"}
        assert (facts["isLiveBroadcast"], facts["startDate"]) == (True, local(NOW).isoformat())

    def test_to_come_says_when_it_begins(self, db: Database, client: TestClient) -> None:
        starts_at = (NOW + timedelta(hours=5)).replace(second=0, microsecond=0)
        session, _items, _host = make_session(db, starts_at, on_air=False)
        shown = read(client, f"/live/{session.slug}")
        facts = shown.of_type("BroadcastEvent")
        begins = datetime.fromisoformat(facts["startDate"])
        assert (begins, f"Bắt đầu lúc {moment(begins)}" in shown.html) == (starts_at, True)
        assert shown.until_ms == [int(begins.timestamp() * 1000)]
        assert datetime.fromisoformat(facts["endDate"]) == starts_at + timedelta(minutes=60)
        assert (facts["isLiveBroadcast"], "offers" in facts) == (False, False)

    def test_over_says_when_it_was_and_offers_nothing(self, db: Database, client: TestClient) -> None:
        session, _items, host = make_session(db, NOW)
        with db.write() as writing:
            live.end(writing, session.id, host, NOW + timedelta(minutes=20))
        shown = read(client, f"/live/{session.slug}")
        facts = shown.of_type("BroadcastEvent")
        assert f"Đã phát {moment(datetime.fromisoformat(facts['startDate']))}" in shown.html
        assert datetime.fromisoformat(facts["endDate"]) == NOW + timedelta(minutes=20)
        assert (facts["isLiveBroadcast"], "offers" in facts) == (False, False)


class TestAnOldAddressGoesOn:
    def test_of_a_co_op(self, db: Database, client: TestClient, manager: Person) -> None:
        coop = make_coop(db, name="HTX Tên Cũ")
        with db.write() as session:
            coops.rename(session, session.get_one(Coop, coop.id), "HTX Tên Mới", "htx-ten-moi", manager, NOW)
        for lang in ("", "/en"):
            answer = client.get(f"{lang}/htx/{coop.slug}", follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (301, f"{lang}/htx/htx-ten-moi")
            assert read(client, answer.headers["location"]).words["h1"] == "HTX Tên Mới"

    def test_of_a_session(self, db: Database, client: TestClient) -> None:
        session, _items, _host = make_session(db, NOW)
        with db.write() as writing:
            slugs.remember(writing, "session", "buoi-cu", session.id)
        answer = client.get("/live/buoi-cu", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (301, f"/live/{session.slug}")
