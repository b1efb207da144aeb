"""A product is listed in four steps, and what was said survives."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.drafts import service as drafts
from shop.catalog.drafts.models import ListingDraft
from shop.catalog.models import Product, ProductPhoto, Variant
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.weights import NotAWeight, read_weight_g
from shop.stock import service as stock
from tests.factories import make_category, make_coop, make_product
from tests.factories_accounts import make_person, sign_in

BOX = {"name": "Xoài cát Hòa Lộc", "kind": "box", "step_g": "5 ký", "on_hand": "12"}


@dataclass
class Shop:
    client: TestClient
    coop: Coop
    db: Database

    def begin(self) -> str:
        """The address of a new draft without a photo."""
        return str(self.client.post("/ban-hang/hang/moi/khong-anh").url.path)

    def products(self) -> list[Product]:
        with self.db.read() as session:
            return list(session.exec(select(Product)))


@pytest.fixture
def shop(client: TestClient, db: Database) -> Shop:
    coop = make_coop(db)
    make_category(db)
    return Shop(sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id)), coop, db)


def a_photo() -> dict[str, tuple[str, bytes, str]]:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "#b3125f").save(out, "jpeg")
    return {"photo": ("xoai.jpg", out.getvalue(), "image/jpeg")}


def test_photo_box_price_and_it_is_on_the_market(shop: Shop) -> None:
    here = shop.client.post("/ban-hang/hang/moi", files=a_photo()).url.path
    assert "Món gì, thùng mấy ký" in shop.client.get(here).text
    shop.client.post(f"{here}/thung", data=BOX)
    shop.client.post(f"{here}/gia", data={"price_vnd": "1tr2"})
    last_look = shop.client.get(here).text
    assert "Một triệu hai trăm nghìn đồng chẵn" in last_look
    assert shop.products() == []
    assert shop.client.post(f"{here}/dang-ban").status_code == 200
    (product,) = shop.products()
    with shop.db.read() as session:
        box = session.exec(select(Variant)).one()
        assert session.exec(select(ProductPhoto)).one().product_id == product.id
        assert stock.available(session, [box.id]) == {box.id: 12}
        assert session.exec(select(ListingDraft)).all() == []
    assert (box.name, box.step_g, box.price_vnd, product.state) == ("Thùng 5 kg", 5000, 1_200_000, "on_sale")
    assert "Xoài cát Hòa Lộc" in shop.client.get(f"/san-pham/{product.slug}").text


def test_a_second_press_lists_nothing_twice(shop: Shop) -> None:
    here = shop.begin()
    shop.client.post(f"{here}/thung", data=BOX)
    shop.client.post(f"{here}/gia", data={"price_vnd": "350k"})
    answers = [shop.client.post(f"{here}/dang-ban").status_code for _ in range(2)]
    assert answers == [200, 404]
    assert len(shop.products()) == 1


def test_a_phone_that_died_goes_on_where_it_was(shop: Shop, new_client: Callable[[], TestClient]) -> None:
    here = shop.begin()
    shop.client.post(f"{here}/thung", data=BOX)
    assert "Xoài cát Hòa Lộc" in shop.client.get("/ban-hang/hang/moi").text
    assert "Giá bao nhiêu" in shop.client.get(here).text
    assert 'value="Xoài cát Hòa Lộc"' in shop.client.get(f"{here}?buoc=2").text


def test_a_step_cannot_be_jumped_over(shop: Shop) -> None:
    here = shop.begin()
    shop.client.post(f"{here}/gia", data={"price_vnd": "350k"})
    assert shop.client.post(f"{here}/dang-ban").status_code == 409
    assert shop.products() == []


def test_what_was_typed_stays_beside_what_is_wrong(shop: Shop) -> None:
    here = shop.begin()
    answer = shop.client.post(f"{here}/thung", data={**BOX, "step_g": "năm ký"})
    assert answer.status_code == 422
    assert 'value="năm ký"' in answer.text
    assert "ghi như 5 ký" in answer.text
    shop.client.post(f"{here}/thung", data=BOX)
    assert shop.client.post(f"{here}/gia", data={"price_vnd": "35"}).status_code == 422
    assert "ghi như 35k" in shop.client.post(f"{here}/gia", data={"price_vnd": "rẻ"}).text


def test_the_next_product_begins_as_the_last_one(shop: Shop) -> None:
    make_product(shop.db, shop.coop, name="Xoài cát", origin="Hàm Thuận", shelf_life_days=9, step_g=3000)
    here = shop.begin()
    form = shop.client.get(here).text
    assert 'value="Xoài cát"' in form
    assert "3\u00a0kg" in form
    shop.client.post(f"{here}/thung", data=BOX)
    shop.client.post(f"{here}/gia", data={"price_vnd": "350k"})
    shop.client.post(f"{here}/dang-ban")
    new = shop.products()[-1]
    assert (new.origin, new.shelf_life_days) == ("Hàm Thuận", 9)


def test_the_price_is_read_back_while_it_is_typed(shop: Shop) -> None:
    read = shop.client.get("/ban-hang/doc-gia", params={"price_vnd": "35k"}, headers={"HX-Request-Type": "partial"})
    assert "Ba mươi lăm nghìn đồng chẵn" in read.text
    assert shop.client.get("/ban-hang/doc-gia?price_vnd=abc").status_code == 200


def test_nobody_goes_on_with_anothers_draft(shop: Shop, new_client: Callable[[], TestClient]) -> None:
    here = shop.begin()
    other = make_person(shop.db, Role.MANAGER, coop_id=make_coop(shop.db).id, phone="+84900000008")
    stranger = sign_in(new_client(), shop.db, other)
    for answer in (stranger.get(here), stranger.post(f"{here}/thung", data=BOX), stranger.post(f"{here}/dang-ban")):
        assert answer.status_code == 404


def test_what_nobody_goes_on_with_is_forgotten_after_a_month(shop: Shop, now: datetime) -> None:
    shop.begin()
    with shop.db.write() as session:
        session.exec(select(ListingDraft)).one().touched_at = now
    drafts.forget_old(shop.db, now + timedelta(days=31))
    with shop.db.read() as session:
        assert session.exec(select(ListingDraft)).all() == []


@pytest.mark.parametrize(
    ("typed", "grams"),
    [("5", 5000), ("5 ký", 5000), ("0,5 kg", 500), ("500g", 500), ("3 lạng", 300), ("2.25", 2250), ("1,5\xa0kg", 1500)],
)
def test_a_weight_is_understood_as_people_write_it(typed: str, grams: int) -> None:
    assert read_weight_g(typed) == grams


@pytest.mark.parametrize("typed", ["", "0", "năm ký", "-1", "1.2345", "5 thùng", "0,5 g"])
def test_what_is_no_weight_is_refused(typed: str) -> None:
    with pytest.raises(NotAWeight):
        read_weight_g(typed)
