"""Public pages come from memory and die with the facts they show."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.testclient import TestClient

from shop.core.db import Database
from shop.core.pagecache import ChangeReader, PageCache, Pages, Shared, bump


class Fruit:
    """A shop with one page, that counts how often it was made."""

    def __init__(self) -> None:
        self.made = 0
        self.shared: Shared | None = Shared(["product:1", "lists"])
        self.pages = Pages()
        self.app = FastAPI(middleware=[Middleware(PageCache, pages=self.pages)])
        self.app.get("/")(self.page)
        self.during: Callable[[], None] = lambda: None

    def page(self, request: Request) -> Response:
        self.made += 1
        self.during()
        if self.shared:
            request.scope["state"]["shared"] = self.shared
        return HTMLResponse(f"<p>trái thứ {self.made}</p>" * 20)


@pytest.fixture
def fruit() -> Iterator[Fruit]:
    shop = Fruit()
    yield shop
    shop.pages.close()


@pytest.fixture
def browser(fruit: Fruit) -> TestClient:
    return TestClient(fruit.app)


class TestServing:
    def test_a_public_page_is_made_once(self, fruit: Fruit, browser: TestClient) -> None:
        first, second = browser.get("/"), browser.get("/")
        assert first.text == second.text
        assert fruit.made == 1
        assert first.headers["cache-control"] == "no-cache"

    def test_a_private_page_is_made_each_time(self, fruit: Fruit, browser: TestClient) -> None:
        fruit.shared = None
        browser.get("/")
        browser.get("/")
        assert fruit.made == 2

    def test_a_browser_that_knows_the_page_is_told_so_in_a_few_bytes(self, fruit: Fruit, browser: TestClient) -> None:
        known = browser.get("/").headers["etag"]
        again = browser.get("/", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")

    def test_packed_and_plain_are_the_same_page(self, fruit: Fruit, browser: TestClient) -> None:
        plain = browser.get("/", headers={"Accept-Encoding": "identity"})
        with browser.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join(packed.iter_raw())
        assert gzip.decompress(body) == plain.content

    def test_marks_of_advertisers_do_not_make_another_page(self, fruit: Fruit, browser: TestClient) -> None:
        for query in ("", "?utm_source=zalo", "?fbclid=x"):
            browser.get("/" + query)
        assert fruit.made == 1

    def test_a_fragment_is_another_answer_than_the_page(self, fruit: Fruit, browser: TestClient) -> None:
        browser.get("/")
        browser.get("/", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
        assert fruit.made == 2

    def test_a_page_is_made_anew_when_a_shown_fact_ends_by_itself(self, fruit: Fruit, browser: TestClient) -> None:
        fruit.shared = Shared(["x"], valid_until=datetime.now(UTC) - timedelta(seconds=1))
        browser.get("/")
        browser.get("/")
        assert fruit.made == 2


class TestChanges:
    def test_a_change_makes_the_page_fresh_at_once(self, fruit: Fruit, browser: TestClient, db: Database) -> None:
        browser.get("/")
        with db.write() as session:
            bump(session, "product:1")
        browser.get("/")
        assert fruit.made == 2

    def test_a_change_elsewhere_leaves_the_page(self, fruit: Fruit, browser: TestClient, db: Database) -> None:
        browser.get("/")
        with db.write() as session:
            bump(session, "product:2")
        browser.get("/")
        assert fruit.made == 1

    def test_a_change_that_is_rolled_back_leaves_the_page(
        self, fruit: Fruit, browser: TestClient, db: Database
    ) -> None:
        browser.get("/")
        with pytest.raises(ZeroDivisionError), db.write() as session:
            bump(session, "product:1")
            _ = 1 / 0
        browser.get("/")
        assert fruit.made == 1

    def test_a_page_made_from_old_facts_during_the_change_is_not_kept(
        self, fruit: Fruit, browser: TestClient, db: Database
    ) -> None:
        def change() -> None:
            with db.write() as session:
                bump(session, "lists")

        fruit.during = change
        browser.get("/")
        fruit.during = lambda: None
        browser.get("/")
        assert fruit.made == 2

    def test_other_processes_learn_from_the_table(self, fruit: Fruit, browser: TestClient, db: Database) -> None:
        reader = ChangeReader(db, fruit.pages.drop)
        reader.read()
        browser.get("/")
        fruit.pages.close()  # as if the change were made in another process
        with db.write() as session:
            bump(session, "product:1")
        browser.get("/")
        assert fruit.made == 1
        reader.read()
        browser.get("/")
        assert fruit.made == 2
        Pages.__init__(fruit.pages)  # listens again, so that the fixture can close it
