"""Files made of a recording: the clip of an item for other sites, whichever way the phone was held."""

from __future__ import annotations

from pathlib import Path

import pytest

from livestream.video import films
from livestream.video.boxes import Splitter, Track, read_init
from livestream.video.packager import Row
from livestream.video.shelf import Shelf
from tests.livestream.video.filmed import film

BEGAN = 1_700_000_000.0


def recorded(folder: Path, size: str, seconds: int = 4) -> tuple[Shelf, list[Row]]:
    """A shelf with one epoch, a segment each second."""
    shelf, rows = Shelf(folder), []
    head, *parts = Splitter().feed(film(seconds, size=size))
    shelf.keep_init(1, head.body)
    for second, part in enumerate(parts):
        shelf.append(second, part.body)
        rows.append(Row(second, 1, 1.0, BEGAN + second, False, len(part.body)))
    return shelf, rows


def picture_of(file: Path) -> tuple[Track, set[bytes]]:
    body = file.read_bytes()
    init = read_init(body[: body.index(b"mdat") - 4])
    kinds = {track.kind for track in init.tracks.values()}
    return next(track for track in init.tracks.values() if track.kind == b"vide"), kinds


@pytest.mark.parametrize("size", ["288x160", "160x288"])
def test_a_clip_is_upright_and_as_long_as_the_item_was_shown(tmp_path: Path, size: str) -> None:
    """A picture filmed lying is cut and encoded anew; one that is upright already is copied as it is."""
    shelf, rows = recorded(tmp_path, size)
    made = films.clip(shelf, rows, 7, BEGAN + 1, BEGAN + 3)
    picture, kinds = picture_of(made)
    assert made.name == "clip-7.mp4"
    assert (picture.width, picture.height) == ((540, 960) if size == "288x160" else (160, 288))
    assert kinds == {b"vide", b"soun"}
    assert not list(tmp_path.glob(".new-*"))


def length_s(file: Path) -> float:
    """What the head of an MP4 says. Source: ISO/IEC 14496-12, 8.2.2, version 0."""
    body = file.read_bytes()
    head = body[body.index(b"mvhd") + 4 :]
    return int.from_bytes(head[16:20], "big") / int.from_bytes(head[12:16], "big")


def test_a_copied_clip_begins_with_a_key_frame_and_still_shows_its_item_to_the_end(tmp_path: Path) -> None:
    shelf, rows = recorded(tmp_path, "160x288")
    made = films.clip(shelf, rows, 7, BEGAN + 1.9, BEGAN + 2.9)
    assert length_s(made) == pytest.approx(1.9, abs=0.15), "from second 1 on"


def test_an_item_shown_for_longer_than_a_minute_makes_a_clip_of_a_minute(tmp_path: Path) -> None:
    shelf, rows = recorded(tmp_path, "160x288", 64)
    assert length_s(films.clip(shelf, rows, 7, BEGAN + 1, BEGAN + 64)) == pytest.approx(60, abs=0.15)


def test_one_that_is_encoded_anew_is_no_longer_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "LONGEST_CLIP_S", 2)
    shelf, rows = recorded(tmp_path, "288x160")
    assert length_s(films.clip(shelf, rows, 7, BEGAN, BEGAN + 4)) == pytest.approx(2, abs=0.15)


def test_a_moment_that_nobody_filmed_makes_no_clip(tmp_path: Path) -> None:
    shelf, rows = recorded(tmp_path, "160x288", 1)
    with pytest.raises(films.NotMade):
        films.clip(shelf, rows, 7, BEGAN + 100, BEGAN + 120)
    assert not (tmp_path / "clip-7.mp4").exists()
