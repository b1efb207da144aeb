"""Pictures that people send: what is refused, what is repaired, and that nothing about the sender stays in them."""

from __future__ import annotations

import base64
import io
import os
import signal
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw

from shop.core import images
from shop.core.backroom import Backroom, BackroomFailed
from shop.core.images import ImageBroken, ImageTooLarge, ImageTooManyPixels, NotAnImage, open_upload

RED, BLUE = (200, 20, 40), (20, 40, 200)


def encoded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def field(width: int = 640, height: int = 480) -> Image.Image:
    """Red above, blue below: enough to see which way up it is."""
    image = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(image).rectangle((0, height // 2, width, height), fill=BLUE)
    return image


def looks_like(colour: object, wanted: tuple[int, int, int], off_by: int = 12) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(seen - want) <= off_by for seen, want in zip(colour, wanted, strict=True))


def png_that_says(width: int, height: int) -> bytes:
    """A small PNG that unpacks to width × height black pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"gia thanh long hom nay",
        b"%PDF-1.7 ...",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"MZ\x90\x00" + bytes(200),
        bytes(5000),
    ],
)
def test_what_is_no_picture_is_refused_whatever_its_name(raw: bytes) -> None:
    with pytest.raises(NotAnImage) as refused:
        open_upload(raw, "thanh-long.jpg")
    assert refused.value.facts["filename"] == "thanh-long.jpg"


def test_formats_that_no_phone_sends_are_refused() -> None:
    for format in ("BMP", "TIFF", "GIF"):
        with pytest.raises(NotAnImage):
            open_upload(encoded(field(), format), "anh.jpg")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_content_decides_not_the_extension(format: str) -> None:
    opened = open_upload(encoded(field(), format), "anh.exe")
    assert opened.size == (640, 480)
    assert looks_like(opened.getpixel((320, 60)), RED)


def test_a_file_of_sixty_megabytes_is_refused_by_its_size() -> None:
    with pytest.raises(ImageTooLarge) as refused:
        open_upload(encoded(field()) + bytes(60_000_000), "to.jpg")
    assert refused.value.facts["limit_mb"] == 12


def test_a_decompression_bomb_is_refused_before_it_unpacks() -> None:
    bomb = png_that_says(50_000, 50_000)
    assert len(bomb) < 1_000_000
    before = time.process_time()
    with pytest.raises(ImageTooManyPixels) as refused:
        open_upload(bomb, "bom.png")
    assert refused.value.facts["limit_megapixels"] == 40
    assert time.process_time() - before < 1


def test_a_picture_just_above_the_limit_of_pixels_is_refused_too() -> None:
    with pytest.raises(ImageTooManyPixels):
        open_upload(png_that_says(8_008, 5_000), "lon.png")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(format: str, kept: float) -> None:
    noise = Image.effect_noise((600, 400), 90).convert("RGB")
    raw = encoded(noise, format)
    with pytest.raises((ImageBroken, NotAnImage)):
        open_upload(raw[: int(len(raw) * kept)], "dut.jpg")


def test_a_picture_taken_with_the_phone_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera says: turn me a quarter clockwise
    lying = field().transpose(Image.Transpose.ROTATE_90)
    opened = open_upload(encoded(lying, exif=exif, quality=95), "nam.jpg")
    assert opened.size == (640, 480)
    assert looks_like(opened.getpixel((320, 60)), RED)
    assert looks_like(opened.getpixel((320, 420)), BLUE)
    assert not opened.getexif()


def secretive() -> bytes:
    """A JPEG that tells where, when, with what and by whom it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x9003], exif[0x013B] = "HTX-PHONE", "2026:11:21 05:00:00", "NGUYEN-VAN-BI-MAT"
    exif.get_ifd(0x8825).update({1: "N", 2: (10.0, 55.0, 12.3), 3: "E", 4: (108.0, 6.0, 4.5)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>NHA-RIENG</x:xmpmeta>"
    return encoded(field(1500, 1000), exif=exif, comment=b"SO-TAI-KHOAN", icc_profile=profile, xmp=xmp)


def test_no_stored_file_tells_where_or_by_whom_a_picture_was_taken() -> None:
    raw = secretive()
    told = (b"HTX-PHONE", b"NGUYEN-VAN-BI-MAT", b"NHA-RIENG", b"SO-TAI-KHOAN", b"2026:11:21")
    assert all(words in raw for words in told)
    for file in images.variants(open_upload(raw, "vuon.jpg")):
        again = Image.open(io.BytesIO(file.body))
        assert not again.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(again.info)
        for words in (*told, b"Exif\x00", b"EXIF", b"xmpmeta", b"ICC_PROFILE"):
            assert words not in file.body


def test_of_a_moving_picture_the_first_frame_stays() -> None:
    frames = [Image.new("RGB", (320, 240), colour) for colour in (RED, BLUE)]
    for format in ("PNG", "WEBP"):
        raw = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=200)
        opened = open_upload(raw, "dong.png")
        assert getattr(opened, "n_frames", 1) == 1
        assert looks_like(opened.getpixel((160, 120)), RED)


def test_a_printers_cmyk_picture_keeps_its_colours() -> None:
    opened = open_upload(encoded(field().convert("CMYK"), quality=95), "in.jpg")
    assert opened.mode == "RGB"
    assert looks_like(opened.getpixel((320, 60)), RED, off_by=25)


def test_a_picture_in_a_wide_colour_space_is_brought_to_srgb() -> None:
    lab = encoded(field(), "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert looks_like(open_upload(lab, "rong.png").getpixel((320, 60)), RED)
    nonsense = encoded(field(), "PNG", icc_profile=b"not a profile at all")
    assert looks_like(open_upload(nonsense, "sai.png").getpixel((320, 60)), RED)


def test_what_shines_through_lies_on_white() -> None:
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    assert open_upload(encoded(clear, "PNG"), "trong.png").getpixel((9, 9)) == (255, 255, 255)
    palette = Image.new("P", (64, 48), 0)
    palette.putpalette([10, 200, 30, 0, 0, 0])
    assert open_upload(encoded(palette, "PNG", transparency=0), "bang.png").getpixel((9, 9)) == (255, 255, 255)


def test_grey_pictures_of_eight_and_sixteen_bits_keep_their_light() -> None:
    assert looks_like(
        open_upload(encoded(Image.new("L", (40, 30), 128), "PNG"), "xam.png").getpixel((5, 5)), (128,) * 3, 2
    )
    deep = Image.new("I;16", (40, 30), 32768)
    assert looks_like(open_upload(encoded(deep, "PNG"), "sau.png").getpixel((5, 5)), (128,) * 3, 2)


def test_a_picture_of_one_pixel_is_kept_as_one_pixel(tmp_path: Path) -> None:
    stored = images.prepare(encoded(Image.new("RGB", (1, 1), RED), "PNG"), "cham.png", tmp_path)
    assert (stored.width, stored.height) == (1, 1)
    assert (tmp_path / images.path_of(stored.key, 1, "webp")).is_file()


@pytest.mark.parametrize(
    ("width", "kept"), [(5000, (320, 640, 1280)), (1280, (320, 640, 1280)), (500, (320, 500)), (100, (100,))]
)
def test_no_picture_is_made_larger_than_it_came(width: int, kept: tuple[int, ...]) -> None:
    made = images.variants(open_upload(encoded(field(width, width * 3 // 4)), "x.jpg"))
    assert images.widths_for(width) == kept
    for format in ("webp", "jpeg"):
        assert tuple(file.width for file in made if file.format == format) == kept
    assert all(abs(file.height - file.width * 3 / 4) <= 1 for file in made)


def test_avif_is_offered_only_where_it_is_the_smaller() -> None:
    made = images.variants(field(1280, 960))
    total = {name: sum(len(f.body) for f in made if f.format == name) for name in ("avif", "webp", "jpeg")}
    assert total["avif"] == 0 or total["avif"] < total["webp"]
    assert total["webp"]
    assert total["jpeg"]


def test_the_same_picture_twice_is_one_on_disk_and_no_half_file_stays(tmp_path: Path) -> None:
    first, second = (images.keep(field(), tmp_path) for _ in range(2))
    assert first == second
    files = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) == len(first.formats) * len(images.widths_for(first.width))
    assert not [name for name in files if name.startswith(".")]
    assert images.keep(field(600, 480), tmp_path).key != first.key


def test_the_placeholder_is_a_few_dozen_bytes_of_picture() -> None:
    head, _, body = images.placeholder(field()).partition(",")
    raw = base64.b64decode(body)
    assert head == "data:image/webp;base64"
    assert len(raw) <= 100
    assert Image.open(io.BytesIO(raw)).size == (16, 12)
    assert images.colour(Image.new("RGB", (9, 9), RED)) == "#c81428"


@pytest.fixture
def backroom() -> Iterator[Backroom]:
    room = Backroom(idle_seconds=60)
    yield room
    room.close()


def test_an_upload_is_worked_on_in_a_child_of_low_priority(backroom: Backroom, tmp_path: Path) -> None:
    stored = images.keep_upload(backroom, secretive(), "vuon.jpg", tmp_path)
    assert (stored.width, stored.height) == (1280, 853)
    assert backroom.child_pid not in (None, os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, backroom.child_pid or 0) >= 10


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"khong phai anh", NotAnImage),
        (png_that_says(9000, 9000), ImageTooManyPixels),
        (bytes(13_000_000), ImageTooLarge),
    ],
)
def test_refusals_come_back_from_the_child_with_their_facts(
    backroom: Backroom, tmp_path: Path, raw: bytes, refusal: type[NotAnImage]
) -> None:
    with pytest.raises(refusal) as refused:
        images.keep_upload(backroom, raw, "x.png", tmp_path)
    assert refused.value.facts["filename"] == "x.png"
    assert not list(tmp_path.iterdir())


def test_a_child_killed_in_the_middle_fails_that_job_and_the_next_gets_a_new_child(
    backroom: Backroom, tmp_path: Path
) -> None:
    before = backroom.run(os.getpid)
    failed: list[BackroomFailed] = []

    def wait_for_it() -> None:
        try:
            backroom.run(time.sleep, 30)
        except BackroomFailed as died:
            failed.append(died)

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    os.kill(before, signal.SIGKILL)
    waiting.join(10)
    assert len(failed) == 1
    assert images.keep_upload(backroom, encoded(field()), "x.jpg", tmp_path).width == 640
    assert backroom.child_pid != before


def test_work_that_takes_too_long_is_stopped(backroom: Backroom) -> None:
    with pytest.raises(BackroomFailed):
        backroom.run(time.sleep, 30, seconds=0.3)
    assert backroom.run(os.getpid) != os.getpid()


def test_a_job_cannot_take_all_the_memory(backroom: Backroom) -> None:
    with pytest.raises((MemoryError, BackroomFailed)):
        backroom.run(bytes, 4_000_000_000)
    assert backroom.run(len, b"abc") == 3


def test_a_quiet_back_room_keeps_no_process() -> None:
    room = Backroom(idle_seconds=0.05)
    child = room.run(os.getpid)
    assert _comes_true(lambda: room.child_pid is None and not _runs(child))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Looks again until it is so; for what another thread does in its own time."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        threading.Event().wait(0.02)
    return condition()
