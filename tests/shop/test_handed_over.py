"""A parcel handed over has a photo that buyer and co-op see, nobody else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.orders import states
from shop.orders.models import Parcel
from shop.orders.proof.models import HandOverProof
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.shop.complaints.test_claims import claim
from tests.shop.reviews.test_reviews import Bought, bought, photo

__all__ = ["bought"]
Clients = Callable[[], TestClient]


def packed_and_gone(bought: Bought) -> None:
    with bought.db.write() as session:
        for step in (states.confirm, states.pack):
            step(session, bought.coop.id, bought.parcel.id, bought.staff, bought.order.placed_at)
        told = (session, bought.coop.id, bought.parcel.id, bought.staff, bought.order.placed_at)
        states.hand_over(*told, carrier_key="own")


def state_and_proofs(bought: Bought) -> tuple[str, list[str]]:
    with bought.db.read() as session:
        names = session.exec(select(HandOverProof.received_by)).all()
        return session.get_one(Parcel, bought.parcel.id).state, list(names)


def send(client: TestClient, bought: Bought, body: bytes, name: str = "") -> int:
    files = {"photo": ("nhà.jpg", body, "image/jpeg")} if body else None
    path = f"/ban-hang/anh-giao/{bought.parcel.id}"
    return client.post(path, data={"received_by": name}, files=files, follow_redirects=False).status_code


def test_the_parcel_is_delivered_with_its_photo_which_buyer_and_desk_see(bought: Bought, new_client: Clients) -> None:
    packed_and_gone(bought)
    desk = sign_in(new_client(), bought.db, bought.staff)
    assert "Ảnh cần có mạng" in desk.get(f"/ban-hang/don/{bought.parcel.id}").text
    assert send(desk, bought, b"") == 422
    assert send(desk, bought, b"no picture at all") == 409
    assert state_and_proofs(bought) == ("handed_over", []), "nothing half done"
    assert send(desk, bought, photo(), "Chị Tư hàng xóm") == 303
    assert state_and_proofs(bought) == ("delivered", ["Chị Tư hàng xóm"])
    page = bought.buyer.get(f"/don-hang/{bought.order.code}").text
    assert "người nhận: Chị Tư hàng xóm" in page
    assert "Hợp tác xã chụp lúc giao" in page
    assert "Ảnh lúc giao hàng" in desk.get(f"/ban-hang/don/{bought.parcel.id}").text
    assert [send(desk, bought, photo()) for _ in range(4)] == [303, 303, 303, 409], "four at most"


def test_another_coop_adds_nothing(bought: Bought, new_client: Clients) -> None:
    packed_and_gone(bought)
    other = make_person(bought.db, Role.MANAGER, coop_id=make_coop(bought.db).id, phone="+84900000099")
    assert send(sign_in(new_client(), bought.db, other), bought, photo()) == 404
    assert state_and_proofs(bought) == ("handed_over", [])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_photos_of_claims_and_of_parcels_are_in_the_export_under_their_names(
    bought: Bought, new_client: Clients
) -> None:
    packed_and_gone(bought)
    desk = sign_in(new_client(), bought.db, bought.staff)
    send(desk, bought, photo())
    assert claim(bought, 1, photo(), photo()) == 303
    names = zipfile.ZipFile(io.BytesIO(desk.get("/ban-hang/xuat.zip").content)).namelist()
    photos = {name.rpartition("/")[2].rpartition(".")[0] for name in names if name.startswith("anh/")}
    assert {"khieu-nai-1-1", "khieu-nai-1-2", f"giao-kien-{bought.parcel.id}-1"} <= photos
