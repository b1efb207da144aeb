"""The help button of each screen opens that screen's own lesson."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.core.db import Database
from shop.workspace.lessons import LESSONS, lesson_for
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.routes import doors

on_sqlite = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


@pytest.fixture
def manager_at_work(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=make_coop(db).id))


@on_sqlite
@pytest.mark.parametrize("name", LESSONS)
def test_from_its_screen_to_the_lesson_and_back(manager_at_work: TestClient, name: str) -> None:
    first = LESSONS[name][0]
    lesson = manager_at_work.get("/ban-hang/huong-dan", params={"trang": first})
    assert lesson.url.path == f"/ban-hang/huong-dan/{name}"
    steps = lesson.text.count('class="lesson-step"')
    assert 4 <= steps <= 5
    assert f'href="{first}"' in lesson.text


PARTS = ("/ban-hang/doc-gia", "/ban-hang/huong-dan", "/ban-hang/phieu", "/ban-hang/phieu.pdf", "/ban-hang/xuat.zip")
"""What is read aloud, shown, printed or taken home: no screens."""


@on_sqlite
def test_every_screen_of_the_desk_has_a_help_button_with_a_lesson_of_its_own(
    manager_at_work: TestClient, app: FastAPI
) -> None:
    screens = {door.path for door in doors(app) if door.method == "GET" and door.path.startswith("/ban-hang")}
    mains = {"/".join(path.split("/")[:3]) for path in screens} - set(PARTS)
    assert mains - {screen for begins in LESSONS.values() for screen in begins} == set()
    lacking = []
    for path in sorted(path for path in screens if "{" not in path and not path.startswith(PARTS)):
        seen = manager_at_work.get(path)
        if seen.headers["content-type"].startswith("text/html"):
            lacking += [path] if f"/ban-hang/huong-dan?trang={seen.url.path}" not in seen.text else []
    assert lacking == []


def test_a_page_of_a_screen_belongs_to_its_lesson() -> None:
    assert lesson_for("/ban-hang/don/17") == "don-hang"
    assert lesson_for("/ban-hang/khoi-phuc") == "viec-hom-nay"
    assert lesson_for("javascript:alert(1)") == "viec-hom-nay"


@on_sqlite
def test_a_lesson_that_is_none_is_said(manager_at_work: TestClient) -> None:
    answer = manager_at_work.get("/ban-hang/huong-dan/khong-co")
    assert answer.status_code == 404
    assert "Không có bài hướng dẫn này" in answer.text
