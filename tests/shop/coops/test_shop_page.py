"""The shop's own page: its holiday, its own host name, what it says to people and to machines."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.addresses import service as addresses
from shop.addresses.book import book, ward_places
from shop.coops import shopfront
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.i18n import local
from shop.pages import maps
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in


@pytest.fixture
def coop(db: Database) -> Coop:
    found = make_coop(db, name="HTX Hàm Đức", face_name="Chị Sáu")
    make_product(db, found)
    return found


@pytest.fixture
def director(client: TestClient, db: Database, coop: Coop) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id))


def in_days(days: int) -> str:
    return (local(datetime.now(UTC)).date() + timedelta(days=days)).isoformat()


def test_a_holiday_is_taken_and_ended_by_the_coop_itself(
    director: TestClient, coop: Coop, new_client: Callable[[], TestClient]
) -> None:
    buyer = new_client()
    director.post("/ban-hang/gian-hang/nghi", data={"until": in_days(5), "reason": "Giỗ tổ"})
    assert "bán lại từ ngày" in buyer.get(f"/htx/{coop.slug}").text
    director.post("/ban-hang/gian-hang/ban-lai")
    assert "bán lại từ ngày" not in buyer.get(f"/htx/{coop.slug}").text


@pytest.mark.parametrize("days", [0, -3, 400])
def test_a_day_of_return_that_cannot_be_comes_back(director: TestClient, days: int) -> None:
    answer = director.post("/ban-hang/gian-hang/nghi", data={"until": in_days(days), "reason": "Giỗ tổ"})
    assert answer.status_code == 422
    assert "Giỗ tổ" in answer.text


def test_nobody_opens_a_suspended_shop_from_the_desk(db: Database, new_client: Callable[[], TestClient]) -> None:
    stopped = make_coop(db, state="suspended", state_reason="Giấy bị thu hồi")
    desk = sign_in(new_client(), db, make_person(db, Role.MANAGER, coop_id=stopped.id, phone="+84900000008"))
    assert "Giấy bị thu hồi" in desk.get("/ban-hang/gian-hang").text
    assert desk.post("/ban-hang/gian-hang/ban-lai").status_code == 409
    assert desk.post("/ban-hang/gian-hang/nghi", data={}).status_code == 409


class TestOwnDomain:
    def test_it_leads_to_the_page_and_is_written_down(
        self, director: TestClient, coop: Coop, db: Database, new_client: Callable[[], TestClient]
    ) -> None:
        director.post("/ban-hang/gian-hang/ten-mien", data={"domain": "https://HamDuc.vn/"})
        answer = new_client().get("/bat-ky", headers={"Host": "hamduc.vn"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (301, f"http://testserver/htx/{coop.slug}")
        with db.read() as session:
            assert session.exec(select(AuditEntry)).one().after == {"own_domain": "hamduc.vn"}

    def test_another_host_gets_the_market(self, client: TestClient, coop: Coop) -> None:
        assert client.get("/htx", headers={"Host": "cho-khac.vn"}, follow_redirects=False).status_code == 200

    def test_one_host_leads_to_one_coop(self, director: TestClient, db: Database) -> None:
        make_coop(db, own_domain="hamduc.vn")
        assert director.post("/ban-hang/gian-hang/ten-mien", data={"domain": "hamduc.vn"}).status_code == 409

    @pytest.mark.parametrize("typed", ["không phải", "hamduc", "127.0.0.1", "-a.vn", "a..vn"])
    def test_what_is_no_host_name_is_none(self, typed: str) -> None:
        assert shopfront.own_domain(typed) == ""


def test_the_page_names_its_people_to_people_and_to_machines(client: TestClient, coop: Coop) -> None:
    page = client.get(f"/htx/{coop.slug}").text
    assert "Chị Sáu" in page
    assert f'"legalName":"{coop.legal_name}"' in page
    assert f"/anh-chia-se/htx/{coop.slug}.jpg" in page


class TestMap:
    def test_the_page_shows_the_commune_and_no_nearer(self, client: TestClient, coop: Coop) -> None:
        page = client.get(f"/htx/{coop.slug}").text
        assert f"/ban-do/{coop.ward_code}.png" in page
        assert f'href="geo:{11.11},{108.0}?z=12"' in page

    def test_it_is_drawn_here_and_small(self, client: TestClient, coop: Coop) -> None:
        answer = client.get(f"/ban-do/{coop.ward_code}.png")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (960, 600)
        assert len(answer.content) < 20_000
        assert client.get("/ban-do/99999.png").status_code == 404

    def test_every_ward_of_the_book_has_its_place(self) -> None:
        assert set(ward_places()) == set(book().wards)

    def test_both_archipelagos_lie_on_the_map_of_the_country(self) -> None:
        assert all("Đặc khu" in addresses.ward(code).name for code in maps.ISLANDS)
        seen = maps._fitted(list(ward_places().values()), maps.COUNTRY)
        for code in maps.ISLANDS:
            x, y = seen(ward_places()[code])
            assert maps.COUNTRY[0] < x < maps.COUNTRY[2]
            assert maps.COUNTRY[1] < y < maps.COUNTRY[3]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_the_face_buyers_meet_is_sent_from_the_desk_and_stays_until_another_is(
    director: TestClient, coop: Coop, new_client: Callable[[], TestClient], db: Database
) -> None:
    here, buyer = "/ban-hang/gian-hang/nguoi-ban", new_client()
    assert "coop-face-large" not in buyer.get(f"/htx/{coop.slug}").text
    drawn = io.BytesIO()
    Image.new("RGB", (600, 600), "#b3125f").save(drawn, "JPEG")
    director.post(here, data={"face_name": "Cô Tư"}, files={"photo": ("mat.jpg", drawn.getvalue())})
    seen = buyer.get(f"/htx/{coop.slug}").text
    assert "Cô Tư" in seen
    assert "coop-face-large" in seen
    director.post(here, data={"face_name": "Cô Tư Hàm Đức"})
    assert "coop-face-large" in buyer.get(f"/htx/{coop.slug}").text
    again = director.post(here, data={"face_name": ""})
    assert again.status_code == 422
    with db.read() as session:
        told = [row for row in session.exec(select(AuditEntry)) if row.what == "shop"]
    assert [row.after["face_name"] for row in told] == ["Cô Tư", "Cô Tư Hàm Đức"]
    packer = make_person(db, Role.PACKER, coop_id=coop.id, phone="+84900000011")
    assert sign_in(new_client(), db, packer).post(here, data={"face_name": "Kẻ lạ"}).status_code == 403
