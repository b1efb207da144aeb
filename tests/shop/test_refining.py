"""What is said of goods later, and what is done to their photos."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog import refining
from shop.catalog.models import Product
from shop.catalog.service import variants_of
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.pictures import Photo
from shop.stock.service import available
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
WORDS = {"name": "Thanh long ruột đỏ", "variety": "LĐ1", "grade": "550-700", "keywords": "cay lo", "origin": "Ba"}


@pytest.fixture
def product(db: Database, client: TestClient) -> Product:
    product = make_product(db, make_coop(db), name="Thanh long", origin="")
    sign_in(client, db, make_person(db, Role.MANAGER, coop_id=product.coop_id))
    return product


def photos(db: Database, product: Product) -> list[Photo]:
    with db.read() as session:
        return [session.get_one(Photo, one) for one in refining.photos_of(session, product.id)]


def send(client: TestClient, product: Product, colour: str) -> None:
    out = io.BytesIO()
    picture = Image.new("RGB", (400, 200), colour)
    picture.paste("#ffffff", (0, 0, 100, 100))
    picture.save(out, "jpeg")
    client.post(f"/ban-hang/anh/{product.id}", files={"photo": ("a.jpg", out.getvalue(), "image/jpeg")})


def test_words_said_later_are_on_the_page_and_found(client: TestClient, db: Database, product: Product) -> None:
    form = {**WORDS, "category_id": str(product.category_id), "shelf_life_days": "14", "summary": "Hái trong ngày."}
    assert client.post(f"/ban-hang/mon/{product.id}", data=form).status_code == 200
    with db.read() as session:
        row = session.get_one(Product, product.id)
        changed = session.exec(select(AuditEntry).where(AuditEntry.what == "words")).one()
    assert (row.name, row.grade, row.slug) == ("Thanh long ruột đỏ", "550-700", "thanh-long-ruot-do")
    assert changed.after == {key: WORDS[key] for key in ("variety", "grade", "origin", "keywords")}
    shown = client.get(f"/san-pham/{row.slug}").text
    assert "LĐ1" in shown
    assert "550–700" in shown
    assert row.slug in client.get("/tim?q=cay+lo").text


def test_a_claim_without_proof_is_not_kept(client: TestClient, db: Database, product: Product) -> None:
    form = {**WORDS, "category_id": str(product.category_id), "summary": "Trồng hữu cơ"}
    assert client.post(f"/ban-hang/mon/{product.id}", data=form).status_code == 409
    with db.read() as session:
        assert session.get_one(Product, product.id).name == "Thanh long"


def test_what_was_typed_wrong_stays_in_the_form(client: TestClient, product: Product) -> None:
    form = {**WORDS, "category_id": str(product.category_id), "shelf_life_days": "hai tuần"}
    answer = client.post(f"/ban-hang/mon/{product.id}", data=form)
    assert answer.status_code == 422
    assert 'value="hai tuần"' in answer.text


def test_photos_are_turned_cut_put_first_and_taken_away(client: TestClient, db: Database, product: Product) -> None:
    for colour in ("#b3125f", "#1d6b3b"):
        send(client, product, colour)
    red, green = photos(db, product)
    here = f"/ban-hang/mon/{product.id}"
    client.post(f"{here}/anh/{green.id}/len-dau")
    assert [photo.id for photo in photos(db, product)] == [green.id, red.id]
    client.post(f"{here}/ve-lai/{red.id}/xoay-phai")
    turned = photos(db, product)[1]
    assert (turned.width, turned.height) == (200, 400)
    client.post(f"{here}/ve-lai/{green.id}/cat-vuong")
    square = photos(db, product)[0]
    assert (square.width, square.height) == (200, 200)
    assert "Lấy lại" in client.post(f"{here}/anh/{turned.id}/bo").text
    assert len(photos(db, product)) == 1
    client.post(f"{here}/anh/{turned.id}/lay-lai")
    assert [photo.id for photo in photos(db, product)] == [square.id, turned.id]


def test_a_photo_of_other_goods_cannot_be_taken_over(client: TestClient, db: Database, product: Product) -> None:
    with db.write() as session:
        at = product.created_at
        session.add(photo := Photo(key="x", width=1, height=1, placeholder="", formats=[], created_at=at))
        session.flush()
    for act in ("lay-lai", "bo", "len-dau"):
        assert client.post(f"/ban-hang/mon/{product.id}/anh/{photo.id}/{act}").status_code == 404
    assert photos(db, product) == []


def test_goods_are_hidden_and_shown_again(client: TestClient, db: Database, product: Product) -> None:
    client.post(f"/ban-hang/mon/{product.id}/ban/an")
    assert client.get(f"/san-pham/{product.slug}").status_code == 404
    client.post(f"/ban-hang/mon/{product.id}/ban/hien")
    assert client.get(f"/san-pham/{product.slug}").status_code == 200


def test_a_photo_is_cut_to_the_frame_and_put_at_any_place(client: TestClient, db: Database, product: Product) -> None:
    send(client, product, "#b3125f")
    send(client, product, "#1d6b3b")
    send(client, product, "#8a5800")
    first, second, third = photos(db, product)
    client.post(f"/ban-hang/mon/{product.id}/anh/{third.id}/vi-tri/1")
    assert [photo.id for photo in photos(db, product)] == [first.id, third.id, second.id]
    frame = {"left": "250", "top": "0", "width": "500", "height": "1000"}
    client.post(f"/ban-hang/mon/{product.id}/cat/{first.id}", data=frame)
    cut = photos(db, product)[0]
    assert (cut.width, cut.height) == (200, 200)
    assert client.post(f"/ban-hang/mon/{product.id}/cat/{cut.id}", data={**frame, "width": "0"}).status_code == 200
    assert photos(db, product)[0].id == cut.id


def test_a_product_is_sold_in_another_box_too_and_loose(client: TestClient, db: Database, product: Product) -> None:
    here = f"/ban-hang/mon/{product.id}/cach-moi"
    box = {"kind": "box", "step_g": "10 ký", "price_vnd": "350k", "on_hand": "7"}
    assert client.post(here, data=box).status_code == 200
    client.post(here, data={"kind": "loose", "step_g": "500 g", "price_vnd": "20k", "on_hand": "30"})
    with db.read() as session:
        ways = variants_of(session, product.id)
        assert [way.name for way in ways[1:]] == ["Thùng 10 kg", "Lẻ từng 500 g"]
        assert session.get_one(Product, product.id).lowest_variant_id == ways[2].id
        assert available(session, [ways[1].id, ways[2].id]) == {ways[1].id: 7, ways[2].id: 30}
    assert "Thùng 10 kg" in client.get(f"/san-pham/{product.slug}").text
    again = client.post(here, data=box)
    assert again.status_code == 422
    assert "đã có loại Thùng 10 kg" in again.text
    assert 'value="350k"' in again.text
    client.post(f"/ban-hang/mon/{product.id}/cach/{ways[1].id}/an")
    assert "Thùng 10 kg" not in client.get(f"/san-pham/{product.slug}").text
