"""Every form of the market fed with nonsense: it says no in words, changes nothing, and never breaks."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from httpx2 import Response
from pydantic import BaseModel
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from shop.accounts.models import Role, RoleGrant
from shop.core.db import Database
from shop.core.forms import Posted
from shop.core.hub import Hub
from shop.core.ratelimit import RateLimits
from shop.settings import Settings
from tests.conftest import SAME_ORIGIN
from tests.factories import LONG_AGO, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.routes import Door, doors

NONSENSE = {
    "negative": "-1",
    "huge": "9" * 40,
    "too-large-for-a-column": str(2**63),
    "letters": "abc",
    "nul": "a\x00b",
    "emoji": "🍉👩‍🌾" * 30,
    "long": "dài " * 5000,
    "half-a-letter": "\ud800",
    "markup": "<script>alert(1)</script>{{ 7 * 7 }}' OR 1=1 --",
}
NUMBERS = ("-1", "0", str(2**31), str(2**63), "9" * 40, "abc", "%00", "🍉", "1.5", "١")
Kind = TypeVar("Kind")
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
EVERY_KIND = pytest.param(1, marks=pytest.mark.long, id="every kind")
in_turns = pytest.mark.parametrize("one_in", [pytest.param(8, id="an eighth of the kinds"), EVERY_KIND])
SENTENCES = ('role="alert"', "field-error", 'class="empty"', '"detail"', "từ một trang khác")


def form_doors(app: FastAPI) -> list[Door]:
    """Everything that is posted by pages; machines' doors have tests of their own."""
    return [door for door in doors(app) if door.method == "POST" and not door.path.startswith(("/api/", "/payments/"))]


def fields(door: Door) -> dict[str, bool]:
    """The names that the form behind a door reads, and whether each is required."""
    found: dict[str, bool] = {}
    for hint in _hints(door).values():
        if typing.get_origin(hint) is Posted:
            model: type[BaseModel] = typing.get_args(hint)[0]
            found |= {name: info.is_required() for name, info in model.model_fields.items()}
    return found


def _hints(door: Door) -> dict[str, Any]:
    """What a door's function asks for; `core.deps` names two types that it does not import."""
    return typing.get_type_hints(door.endpoint, localns={"Settings": Settings, "Hub": Hub})


@pytest.fixture
def everybody(app: FastAPI, db: Database, new_client: Callable[[], TestClient]) -> TestClient:
    """A browser of somebody who may do everything, so that nonsense gets as far as it can."""
    first = new_client()  # starts the app
    coop = make_coop(db)
    make_product(db, coop)
    person = make_person(db, Role.MANAGER, Role.HOST, Role.OFFICER, Role.OPERATOR, coop_id=coop.id)
    with db.write() as session:
        session.add(RoleGrant(person_id=person.id, role=Role.MANAGER, coop_id=coop.id, granted_at=LONG_AGO))
    client = TestClient(app, headers=SAME_ORIGIN, raise_server_exceptions=False)
    client.portal = first.portal
    return sign_in(client, db, person)


def everything(db: Database) -> dict[str, list[str]]:
    with db.read() as session:
        return {
            table.name: sorted(repr(tuple(row)) for row in session.connection().execute(table.select()))
            for table in SQLModel.metadata.sorted_tables
        }


class Watch:
    """Looks at each answer and at the database behind it; collects what is wrong."""

    def __init__(self, app: FastAPI, db: Database) -> None:
        self.app, self.db = app, db
        self.wrong: list[str] = []
        self.before = everything(db)
        self._aside = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._sign = self._written()

    def _written(self) -> str:
        """Another value after every write of anybody: only then is it worth reading all tables again."""
        mark = "PRAGMA data_version" if self.db.is_sqlite else "SELECT pg_current_wal_insert_lsn()"
        return str(self._aside.exec_driver_sql(mark).scalar_one())

    def close(self) -> None:
        self._aside.close()

    def see(self, spot: str, answer: Response, *, must_refuse: bool) -> None:
        self.app.state.limits = RateLimits()
        sign = self._written()
        after = everything(self.db) if sign != self._sign else self.before
        changed = [name for name in after if after[name] != self.before[name]]
        self.before, self._sign = after, sign
        refused = 400 <= answer.status_code < 500
        if answer.status_code >= 500:
            self.wrong.append(f"{spot}: {answer.status_code}")
        if refused and not any(words in answer.text for words in SENTENCES):
            self.wrong.append(f"{spot}: {answer.status_code} without a sentence: {answer.text[:80]}")
        if changed and (refused or must_refuse):
            self.wrong.append(f"{spot}: {answer.status_code} changed {changed}")


@pytest.fixture
def watch(app: FastAPI, db: Database, everybody: TestClient) -> Iterator[Watch]:  # after their signing in
    """Who stands beside and sees everything."""
    watch = Watch(app, db)
    yield watch
    watch.close()


def a_path(door: Door, number: str = "1") -> str:
    path = door.path
    while "{" in path:
        head, _, rest = path.partition("{")
        path = head + number + rest.partition("}")[2]
    return path


def turn(kinds: Iterable[Kind], one_in: int, at: int) -> list[Kind]:
    """The kinds whose turn it is at the at-th door: its neighbours meet the others."""
    return [kind for number, kind in enumerate(kinds) if (number + at) % one_in == 0]


@in_turns
def test_nonsense_in_the_fields(one_in: int, app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    for at, door in enumerate(form_doors(app)):
        names = fields(door)
        for kind, value in turn(NONSENSE.items(), one_in, at):
            if names:
                body = "&".join(f"{name}={_quoted(value)}" for name in names)
                watch.see(f"{door.name} {kind}", _post(everybody, a_path(door), body), must_refuse=False)
    assert watch.wrong == []


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))


def _post(client: TestClient, path: str, body: str | bytes, kind: str = URLENCODED) -> Response:
    return client.post(path, content=body, headers={"Content-Type": kind}, follow_redirects=False)


def test_a_form_without_its_fields(app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    for door in form_doors(app):
        if any(fields(door).values()):
            watch.see(door.name, _post(everybody, a_path(door), ""), must_refuse=True)
    assert watch.wrong == []


def strange_bodies() -> Iterator[tuple[str, str | bytes, str]]:
    yield "json", '{"name": ["a"]}', "application/json"
    yield "bytes that are no text", b"name=%FF%FE&phone=%FF%FE", URLENCODED
    yield "a thousand fields", "&".join(f"f{n}={n}" for n in range(1000)), URLENCODED
    yield "the same field a hundred times", "&".join(["name=a"] * 100), URLENCODED
    yield "a multipart form that ends too early", b"--x\r\nContent-Disposition: form-data; name=", MULTIPART
    yield "a multipart form without a boundary", b"abc", "multipart/form-data"
    yield "a file where words belong", _file(), MULTIPART


def _file() -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="name"; filename="a.exe"\r\n\r\n'
    return head + b"MZ" * 1000 + b"\r\n--x--\r\n"


@in_turns
def test_bodies_that_are_no_forms(one_in: int, app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    for at, door in enumerate(door for door in form_doors(app) if any(fields(door).values())):
        for kind, body, content_type in turn(strange_bodies(), one_in, at):
            answer = _post(everybody, a_path(door), body, content_type)
            watch.see(f"{door.name} {kind}", answer, must_refuse=kind != "the same field a hundred times")
    assert watch.wrong == []


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_ten_megabytes(app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    body = b"name=" + b"a" * (10 * 1024 * 1024)
    for door in form_doors(app):
        answer = _post(everybody, a_path(door), body)
        watch.see(door.name, answer, must_refuse=True)
        assert answer.status_code == 413, door.name
    assert watch.wrong == []


@in_turns
def test_numbers_of_things_that_cannot_be(one_in: int, app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    for at, door in enumerate(doors(app)):
        if "{" in door.path and not door.path.startswith(("/api/", "/payments/", "/sitemap/")):
            told = dict.fromkeys(fields(door), "1") if door.method == "POST" else {}
            for number in turn(NUMBERS, one_in, at):
                answer = _knock(everybody, door, a_path(door, number), told)
                watch.see(f"{door.name} {number}", answer, must_refuse=True)
    assert watch.wrong == []


def _knock(client: TestClient, door: Door, path: str, told: dict[str, Any]) -> Response:
    if door.method == "GET":
        return client.get(path, follow_redirects=False)
    return client.request(door.method, path, data=told, follow_redirects=False)


@in_turns
def test_nonsense_in_the_question_of_a_page(one_in: int, app: FastAPI, everybody: TestClient, watch: Watch) -> None:
    for at, door in enumerate(doors(app)):
        asked = _asked(door) if door.method == "GET" and not door.path.startswith(("/api/", "/payments/")) else []
        for kind, value in turn(NONSENSE.items(), one_in, at) if asked else ():
            question = "&".join(f"{name}={_quoted(value[:2000])}" for name in asked)
            answer = everybody.get(f"{a_path(door)}?{question}", follow_redirects=False)
            watch.see(f"{door.name} {kind}", answer, must_refuse=True)
    assert watch.wrong == []


def _asked(door: Door) -> list[str]:
    """The names of a page's own query parameters: plain words and numbers that are not in its path."""
    plain = (str, int, str | None, int | None)
    return [name for name, hint in _hints(door).items() if hint in plain and f"{{{name}}}" not in door.path]
