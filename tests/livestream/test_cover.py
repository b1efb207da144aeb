"""The cover of a session: a photo of the host's own in the list, in the room and on the card that is shared."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from PIL import Image
from starlette.testclient import TestClient

from livestream.models import LiveSession
from shop.catalog.models import ProductPhoto, Variant
from shop.core.db import Database
from tests.factories import make_coop, make_photo
from tests.factories_accounts import sign_in
from tests.factories_live import make_host, make_session

SOON = timedelta(hours=20)


def a_photo(colour: str = "#1d6b3b") -> dict[str, tuple[str, bytes, str]]:
    out = io.BytesIO()
    Image.new("RGB", (1280, 720), colour).save(out, "JPEG", quality=90)
    return {"photo": ("vuon.jpg", out.getvalue(), "image/jpeg")}


def card(client: TestClient, live: LiveSession) -> Image.Image:
    answer = client.get(f"/anh-chia-se/live/{live.slug}.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def is_green(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(there - wanted) < 12 for there, wanted in zip(pixel, (0x1D, 0x6B, 0x3B), strict=True))


def test_the_hosts_own_photo_is_the_cover_until_it_is_taken_off(client: TestClient, db: Database) -> None:
    planned, _items, host = make_session(db, datetime.now(UTC), on_air=False, starts_at=datetime.now(UTC) + SOON)
    here = f"/ban-hang/live/{planned.id}"
    sign_in(client, db, host)
    assert "Chưa có ảnh riêng" in client.get(here).text
    client.post(f"{here}/anh-bia", files=a_photo())
    page = client.get(here).text
    assert "Bỏ ảnh bìa" in page
    shared = card(client, planned)
    assert shared.size == (1200, 630)
    assert is_green(shared.getpixel((300, 300)))
    client.post(f"{here}/anh-bia")
    assert "Chưa có ảnh riêng" in client.get(here).text
    assert not is_green(card(client, planned).getpixel((300, 300)))


def test_without_a_photo_of_its_own_the_goods_stand_as_tiles(client: TestClient, db: Database) -> None:
    planned, items, host = make_session(
        db, datetime.now(UTC), items=5, on_air=False, starts_at=datetime.now(UTC) + SOON
    )
    for at, item in enumerate(items):
        photo = make_photo(db, key=f"{at}" * 32)
        with db.write() as session:
            product_id = session.get_one(Variant, item.variant_id).product_id
            session.add(ProductPhoto(product_id=product_id, position=0, photo_id=photo.id))
    assert "collage of-4" in client.get("/live").text
    assert "collage of-4" in client.get(f"/live/{planned.slug}").text
    sign_in(client, db, host)
    client.post(f"/ban-hang/live/{planned.id}/anh-bia", files=a_photo())
    assert "collage" not in client.get("/live").text


def test_nobody_else_hangs_a_picture_there_and_what_is_no_picture_is_refused(client: TestClient, db: Database) -> None:
    planned, _items, host = make_session(db, datetime.now(UTC), on_air=False, starts_at=datetime.now(UTC) + SOON)
    here = f"/ban-hang/live/{planned.id}/anh-bia"
    sign_in(client, db, make_host(db, make_coop(db)))
    assert client.post(here, files=a_photo()).status_code == 404
    sign_in(client, db, host)
    refused = client.post(here, files={"photo": ("x.jpg", b"<svg onload=alert(1)>", "image/jpeg")})
    assert refused.status_code == 409
    with db.read() as session:
        assert session.get_one(LiveSession, planned.id).cover_photo_id is None
