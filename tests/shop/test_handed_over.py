"""A parcel handed over has a photo that buyer and co-op see, nobody else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments import service as payments
from shop.accounts.models import Role
from shop.orders import states
from shop.orders.models import Parcel
from shop.orders.proof.models import HandOverProof
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.shop.complaints.test_claims import claim
from tests.shop.reviews.test_reviews import Bought, bought, photo
from tests.shop.test_weighing import Shed, make_loose, shed

__all__ = ["bought", "shed"]
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


def send(client: TestClient, bought: Bought, body: bytes, name: str = "", **told: str) -> int:
    files = {"photo": ("nhà.jpg", body, "image/jpeg")} if body else None
    path = f"/ban-hang/anh-giao/{bought.parcel.id}"
    return client.post(path, data={"received_by": name, **told}, files=files, follow_redirects=False).status_code


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


def test_who_brings_less_cash_than_was_due_says_so_with_the_photo(bought: Bought, new_client: Clients) -> None:
    packed_and_gone(bought)
    desk = sign_in(new_client(), bought.db, bought.staff)
    due_vnd = bought.parcel.total_vnd
    assert (
        f'name="collected_vnd" type="number" inputmode="numeric" min="1" max="{due_vnd}"'
        in desk.get(f"/ban-hang/don/{bought.parcel.id}").text
    )
    assert send(desk, bought, photo(), collected_vnd="0") == 422
    assert send(desk, bought, photo(), collected_vnd=str(due_vnd - 5_000)) == 303
    with bought.db.read() as session:
        assert payments.state_of(session, f"order:{bought.order.id}").received_vnd == due_vnd - 5_000


@pytest.mark.parametrize("more", [True, False])
def test_what_weighs_more_is_taken_or_left_with_the_photo(shed: Shed, client: TestClient, more: bool) -> None:
    make_loose(shed)
    parcel = shed.order(2, pay="vietqr")
    paid_vnd = shed.due_vnd(parcel)
    shed.settle(parcel, 2, shed.variant.step_g * 2 * 103 // 100)
    more_vnd = shed.more_vnd(parcel)
    assert more_vnd == 12_000
    with shed.db.write() as session:
        states.pack(session, parcel.coop_id, parcel.id, shed.manager, shed.now)
        states.hand_over(session, parcel.coop_id, parcel.id, shed.manager, shed.now, carrier_key="own")
    desk = sign_in(client, shed.db, shed.manager)
    assert f'name="more_vnd" value="{more_vnd}"' in desk.get(f"/ban-hang/don/{parcel.id}").text
    path, files = f"/ban-hang/anh-giao/{parcel.id}", {"photo": ("nhà.jpg", photo(), "image/jpeg")}
    assert desk.post(path, data={"more_vnd": more_vnd + 1}, files=files).status_code == 409
    assert desk.post(path, data={"more_vnd": more_vnd if more else 0}, files=files).status_code == 200
    with shed.db.read() as session:
        assert session.get_one(Parcel, parcel.id).state == "delivered"
        received_vnd = payments.state_of(session, f"order:{parcel.order_id}").received_vnd
        assert received_vnd == paid_vnd + (more_vnd if more else 0)


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
    photos = [name.split("/")[1] for name in names if name.startswith("anh/")]
    assert (photos.count("khieu-nai"), photos.count("bang-chung-giao")) == (2, 1), names
