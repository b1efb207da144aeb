"""What a link shows when it is shared: readable, complete, small."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from shop.core.fonts import path_of
from shop.pages.share_pictures import PAPER, TEXT_RIGHT, Told, draw

LONG = "Thanh long ruột đỏ LĐ1 hái sáng tại vườn Hàm Đức, đủ cỡ lớn nhỏ, đóng thùng giấy, kèm lá và hoa sấy Ễ Ộ Ẫ"


def shown(told: Told, photo_file: str = "") -> Image.Image:
    body = draw(told, photo_file)
    assert len(body) <= 200_000
    return Image.open(io.BytesIO(body)).convert("RGB")


def ink_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """Where something dark is written, on the right of the photo."""
    right = (
        picture.crop((640, 0, *picture.size)).convert("L").point([255 if level < 140 else 0 for level in range(256)])
    )
    left, top, end, bottom = right.getbbox() or (0, 0, 0, 0)
    return left + 640, top, end + 640, bottom


def test_it_has_the_size_that_messengers_ask_for() -> None:
    assert shown(Told("Rượu vang thanh long", "190.000 ₫", "HTX Hàm Đức")).size == (1200, 630)


@pytest.mark.skipif(path_of(700) is None, reason="the typeface is brought by the set-up")
@pytest.mark.parametrize("title", ["Bơ", LONG])
def test_no_word_runs_out_of_the_picture(title: str) -> None:
    left, top, right, bottom = ink_box(
        shown(Told(title, "1.250.000\u00a0₫ · Thùng 9 ký", "HTX Thanh long Thuận Tiến · Xã Hàm Liêm"))
    )
    assert right <= TEXT_RIGHT + 2
    assert 20 < top < bottom < 610
    assert left >= 650


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_photos_are_tiles_of_the_left_half(tmp_path: Path, count: int) -> None:
    files = []
    for colour in ("#1d6b3b", "#b3125f", "#e8a200", "#2a4fb3")[:count]:
        files.append(tmp_path / f"{colour[1:]}.jpg")
        Image.new("RGB", (640, 480), colour).save(files[-1], quality=95)
    picture = Image.open(io.BytesIO(draw(Told("Đêm hội trái cây", "", "HTX Tiến Phát"), *map(str, files))))
    corners = {picture.convert("RGB").getpixel(at) for at in ((40, 300), (560, 300), (40, 600), (560, 600))}
    paper = ImageColor.getrgb(PAPER)
    assert paper not in corners
    assert len(corners) == count


def test_the_photo_fills_the_left_half(tmp_path: Path) -> None:
    photo = tmp_path / "anh.jpg"
    Image.new("RGB", (640, 480), "#1d6b3b").save(photo, quality=95)
    picture = shown(Told("Rau", "25.000 ₫", "HTX Tiến Phát"), str(photo))
    assert _near(picture.getpixel((300, 300)), "#1d6b3b")


def test_without_a_photo_it_is_paper(tmp_path: Path) -> None:
    picture = shown(Told("Rau", "25.000 ₫", "HTX Tiến Phát"), str(tmp_path / "gone.jpg"))
    assert _near(picture.getpixel((300, 300)), PAPER)


def _near(seen: object, colour: str) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 8 for a, b in zip(seen, ImageColor.getrgb(colour), strict=True))
