"""Photos of goods through the page that a manager uses: good ones stand upright and tell nothing; bad ones go back."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response
from PIL import ExifTags, Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.models import Product, ProductPhoto
from shop.core.db import Database
from shop.core.pictures import Photo
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in


@pytest.fixture
def product(db: Database) -> Product:
    return make_product(db, make_coop(db))


@pytest.fixture
def manager(client: TestClient, db: Database, product: Product) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=product.coop_id))


def send(client: TestClient, product: Product, body: bytes, name: str = "anh.jpg") -> Response:
    files = {"photo": (name, body, "image/jpeg")}
    return client.post(f"/ban-hang/anh/{product.id}", files=files, follow_redirects=False)


def photos(db: Database) -> list[Photo]:
    with db.read() as session:
        return list(session.exec(select(Photo)))


def jpeg(width: int = 1600, height: int = 1200, **saved: object) -> bytes:
    """Left half red, right half green."""
    picture = Image.new("RGB", (width, height), "green")
    picture.paste("red", (0, 0, width // 2, height))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, **saved)
    return out.getvalue()


def with_exif(orientation: int = 1, *, gps: bool = False) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Máy của chị Nguyện"
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (11.0, 5.0, 30.0), 3: "E", 4: (108.0, 6.0, 0.0)})
    return exif


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it is 60,000 × 60,000 points."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 2_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class TestGoodPhotos:
    def test_a_photo_stands_on_the_products_page(self, manager: TestClient, product: Product, db: Database) -> None:
        answer = send(manager, product, jpeg())
        assert answer.status_code == 303
        (photo,) = photos(db)
        assert (photo.width, photo.height) == (1280, 960)
        with db.read() as session:
            assert session.exec(select(ProductPhoto.photo_id)).all() == [photo.id]
        assert photo.key in manager.get(f"/san-pham/{product.slug}").text

    def test_a_photo_taken_sideways_is_turned_upright(
        self, manager: TestClient, product: Product, db: Database, settings: Settings
    ) -> None:
        send(manager, product, jpeg(exif=with_exif(6)))
        (photo,) = photos(db)
        assert (photo.width, photo.height) == (1200, 1600)
        with Image.open(biggest(settings, photo)) as kept:
            red, _green, _blue = kept.convert("RGB").getpixel((600, 100))  # type: ignore[misc]
        assert red > 150, "what was left is on top after a quarter turn to the right"

    def test_where_and_with_what_it_was_taken_is_not_kept(
        self, manager: TestClient, product: Product, db: Database, settings: Settings
    ) -> None:
        sent = jpeg(exif=with_exif(gps=True), comment=b"nha rieng")
        assert b"Exif" in sent
        send(manager, product, sent)
        assert photos(db)
        files = [file for file in settings.media_dir.rglob("*") if file.is_file()]
        assert files
        for file in files:
            body = file.read_bytes()
            assert b"Nguy" not in body, file
            assert b"nha rieng" not in body, file
            with Image.open(file) as kept:
                assert not kept.getexif(), file

    @pytest.mark.parametrize(("form", "name"), [("PNG", "anh.jpg"), ("WEBP", "anh.txt"), ("JPEG", "anh")])
    def test_what_the_file_is_counts_not_how_it_is_called(
        self, manager: TestClient, product: Product, db: Database, form: str, name: str
    ) -> None:
        out = io.BytesIO()
        Image.new("RGB", (800, 600), "orange").save(out, form)
        assert send(manager, product, out.getvalue(), name).status_code == 303
        assert len(photos(db)) == 1


def biggest(settings: Settings, photo: Photo) -> Path:
    found = [file for file in settings.media_dir.rglob(f"{photo.key}-{photo.width}.*") if file.suffix == ".jpg"]
    assert found
    return found[0]


def bad_photos() -> Iterator[tuple[str, bytes, str, str]]:
    """What it is, its bytes, how it is called, and the words it is refused with."""
    yield "html", b"<html><script>alert(1)</script></html>", "anh.jpg", "không phải là ảnh"
    yield "pdf", b"%PDF-1.7 not a picture", "anh.jpg", "không phải là ảnh"
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "anh.svg", "không phải là ảnh"
    yield "empty", b"", "anh.jpg", "không phải là ảnh"
    yield "torn", jpeg()[:2000], "anh.jpg", "bị hỏng"
    yield "bomb", bomb(), "anh.png", "quá nhiều điểm ảnh"
    yield "13 MB", jpeg() + b"\x00" * (13 * 1024 * 1024), "anh.jpg", "quá lớn"


class TestBadPhotos:
    def test_refused_with_a_sentence_and_nothing_kept(
        self, manager: TestClient, product: Product, db: Database, settings: Settings
    ) -> None:
        for kind, body, name, sentence in bad_photos():
            answer = send(manager, product, body, name)
            assert 400 <= answer.status_code < 500, kind
            assert sentence in answer.text, kind
            assert photos(db) == [], kind
            assert [file for file in settings.media_dir.rglob("*") if file.is_file()] == [], kind

    def test_sixty_megabytes_are_refused_before_they_fill_memory(
        self, manager: TestClient, product: Product, db: Database
    ) -> None:
        answer = send(manager, product, jpeg() + b"\x00" * (60 * 1024 * 1024))
        assert answer.status_code == 413
        assert "quá lớn" in answer.text
        assert photos(db) == []

    def test_a_form_without_a_photo_says_so(self, manager: TestClient, product: Product, db: Database) -> None:
        for answer in (
            manager.post(f"/ban-hang/anh/{product.id}"),
            manager.post(f"/ban-hang/anh/{product.id}", data={"photo": "khong-phai-tep"}),
            manager.post(f"/ban-hang/anh/{product.id}", files={"khac": ("a.jpg", jpeg(), "image/jpeg")}),
        ):
            assert answer.status_code == 422
            assert "Chưa có ảnh" in answer.text
        assert photos(db) == []

    def test_who_may_not_is_told_before_the_picture_is_read(
        self, client: TestClient, product: Product, db: Database
    ) -> None:
        assert send(client, product, jpeg()).status_code == 303
        stranger = sign_in(client, db, make_person(db, Role.MANAGER, coop_id=make_coop(db).id))
        assert send(stranger, product, jpeg()).status_code == 404
        assert photos(db) == []
