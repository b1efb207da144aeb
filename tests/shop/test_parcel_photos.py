"""Photos of a parcel show homes and faces: who needs them sees them, for as long as they are needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.complaints import photos
from shop.complaints import service as complaints
from shop.core.pictures import Photo
from shop.orders.access import Sight, token
from shop.orders.proof.models import HandOverProof
from shop.settings import Settings
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.shop.complaints.test_claims import claim, the_claim
from tests.shop.reviews.test_reviews import Bought, bought, photo
from tests.shop.test_handed_over import packed_and_gone, send

__all__ = ["bought"]
Clients = Callable[[], TestClient]


@pytest.fixture
def proved(bought: Bought, new_client: Clients) -> Bought:
    """The parcel was handed over with a photo, and a claim with another was made."""
    packed_and_gone(bought)
    assert send(sign_in(new_client(), bought.db, bought.staff), bought, photo()) == 303
    assert claim(bought, 1, photo(), photo()) == 303
    return bought


def addresses(page: str) -> set[str]:
    return set(re.findall(r"/anh-kien/\d+/\d+\.(?:jpg|webp|avif)", page))


def answers(client: TestClient, bought: Bought) -> set[int]:
    """What the photos of the parcel answer to this visitor."""
    with bought.db.read() as session:
        numbers = session.exec(select(Photo.id).where(Photo.parcel_id == bought.parcel.id)).all()
    assert len(numbers) in (0, 3)
    return {client.get(f"/anh-kien/{number}/320.jpg").status_code for number in numbers}


def lying(settings: Settings) -> list[Path]:
    return [file for file in settings.private_dir.rglob("*") if file.is_file()]


def test_buyer_and_coop_see_them_on_their_pages_and_nobody_else_has_an_address(
    proved: Bought, new_client: Clients, settings: Settings
) -> None:
    desk = sign_in(new_client(), proved.db, proved.staff)
    for client, page in (
        (proved.buyer, f"/don-hang/{proved.order.code}"),
        (desk, f"/ban-hang/don/{proved.parcel.id}"),
        (desk, f"/ban-hang/khieu-nai/{the_claim(proved).id}"),
    ):
        shown = addresses(client.get(page).text)
        assert shown
        for address in shown:
            got = client.get(address)
            assert (got.status_code, got.headers["cache-control"]) == (200, "private, no-store")
            assert got.headers["content-type"].startswith("image/")
            assert new_client().get(address).status_code == 404
    with proved.db.read() as session:
        keys = session.exec(select(Photo.key).where(Photo.parcel_id == proved.parcel.id)).all()
    assert lying(settings)
    assert [file for key in keys for file in settings.media_dir.rglob(f"{key}*")] == [], "nothing of it is public"


def test_others_read_that_there_is_nothing(proved: Bought, new_client: Clients, settings: Settings) -> None:
    assert answers(proved.buyer, proved) == {200}
    masked = new_client()
    masked.get(f"/don-hang/{proved.order.code}?k={token(settings.secret_key, proved.order.code, Sight.MASKED)}")
    shopper = sign_in(new_client(), proved.db, make_person(proved.db, phone="+84900000051"))
    neighbour = make_person(proved.db, Role.MANAGER, coop_id=make_coop(proved.db).id, phone="+84900000052")
    member = make_person(proved.db, Role.MEMBER, coop_id=proved.coop.id, phone="+84900000053")
    strangers = [sign_in(new_client(), proved.db, it) for it in (neighbour, member)]
    for stranger in (new_client(), masked, shopper, *strangers):
        assert answers(stranger, proved) == {404}


def test_the_alliance_sees_them_once_a_claim_is_before_it(proved: Bought, new_client: Clients) -> None:
    officer = sign_in(new_client(), proved.db, make_person(proved.db, Role.OFFICER, phone="+84900000054"))
    assert answers(officer, proved) == {404}
    with proved.db.write() as session:
        found = complaints.of_coop(session, proved.coop.id, the_claim(proved).id)
        complaints.refuse(session, found, "Hàng giao còn nguyên", proved.staff, datetime.now(UTC))
    assert answers(officer, proved) == {200}
    assert addresses(officer.get("/lien-minh/khieu-nai").text)


@pytest.mark.parametrize("asked", ["321.jpg", "320.png", "320.gif", "0.jpg", "-1.jpg", "99999.jpg", "..%2F..%2Fa.jpg"])
def test_only_what_there_is_may_be_asked_for(proved: Bought, asked: str) -> None:
    with proved.db.read() as session:
        number = session.exec(select(Photo.id).where(Photo.parcel_id == proved.parcel.id)).first()
    assert proved.buyer.get(f"/anh-kien/{number}/{asked}").status_code in (404, 422)


def test_they_go_when_their_days_are_over_but_for_an_open_claim(proved: Bought, settings: Settings) -> None:
    now = datetime.now(UTC)
    forget, over = photos.keeper(settings), now + timedelta(days=settings.parcel_photos_days, hours=1)
    forget(proved.db, now + timedelta(days=settings.parcel_photos_days - 1))
    forget(proved.db, over)
    assert answers(proved.buyer, proved) == {200}, "a claim is open"
    with proved.db.write() as session:
        found = complaints.of_coop(session, proved.coop.id, the_claim(proved).id)
        complaints.accept(session, found, proved.staff, now, 10**9)
    forget(proved.db, over)
    with proved.db.read() as session:
        assert session.exec(select(Photo).where(Photo.parcel_id == proved.parcel.id)).all() == []
        assert [it.photo_id for it in session.exec(select(HandOverProof))] == [None], "that it was handed over stays"
    assert lying(settings) == []
    assert proved.buyer.get(f"/don-hang/{proved.order.code}").status_code == 200


def test_files_of_forms_that_were_refused_are_swept_the_next_day(bought: Bought, settings: Settings) -> None:
    assert claim(bought, 1, photo()) == 409, "nothing has arrived yet"
    assert lying(settings)
    forget = photos.keeper(settings)
    forget(bought.db, datetime.now(UTC))
    assert lying(settings), "its form might still be read"
    forget(bought.db, datetime.now(UTC) + timedelta(days=2))
    assert lying(settings) == []


def test_who_is_forgotten_leaves_no_photo(proved: Bought, new_client: Clients, settings: Settings) -> None:
    with proved.db.write() as session:
        found = complaints.of_coop(session, proved.coop.id, the_claim(proved).id)
        complaints.accept(session, found, proved.staff, datetime.now(UTC), 10**9)
    phone = proved.order.phone
    person = make_person(proved.db, phone=phone)
    with proved.db.write() as session:
        accounts.prove_phone(session, person.id, phone, "test", datetime.now(UTC))
    buyer = sign_in(new_client(), proved.db, person)
    assert answers(buyer, proved) == {200}
    assert buyer.post("/tai-khoan/xoa", data={"sure": "1"}).status_code == 200
    with proved.db.read() as session:
        assert session.exec(select(Photo).where(Photo.parcel_id == proved.parcel.id)).all() == []
    photos.keeper(settings)(proved.db, datetime.now(UTC) + timedelta(days=2))
    assert lying(settings) == []
