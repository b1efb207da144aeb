"""Fragmented MP4 from a pipe: cut where it may be cut, whatever comes, and never more memory than one box."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestream.video.boxes import MB, Fragment, Init, NotVideo, Splitter, read_init
from tests.livestream.video.filmed import film, fragments


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def test_a_recording_is_its_init_and_its_seconds() -> None:
    init, *rest = Splitter().feed(film())
    assert isinstance(init, Init)
    assert init.has_picture
    assert [track.kind for track in init.tracks.values()] == [b"vide", b"soun"]
    seconds = [one for one in rest if isinstance(one, Fragment)]
    assert [round(one.start_s) for one in seconds] == [0, 1, 2, 3]
    assert all(one.is_key and abs(one.duration_s - 1) < 0.05 for one in seconds)


@given(st.lists(st.integers(0, 200_000), max_size=30))
@settings(max_examples=30, deadline=None)
def test_it_does_not_matter_in_which_pieces_the_bytes_come(places: list[int]) -> None:
    recording, splitter = film(), Splitter()
    found = [one for piece in cut(recording, places) for one in splitter.feed(piece)]
    assert found == Splitter().feed(recording)
    assert b"".join(one.body for one in found) in recording


def test_what_is_cut_short_gives_all_that_was_whole() -> None:
    recording = film()
    last = len(fragments(recording)[-1].body)
    splitter = Splitter()
    found = splitter.feed(recording[: len(recording) - last // 2])
    assert len(found) == len(Splitter().feed(recording)) - 1
    assert 0 < splitter.waiting_bytes < last


@pytest.mark.parametrize(
    "hostile",
    [
        b"GIF89a" + bytes(100),
        b"<!doctype html><html lang=vi>",
        struct.pack(">I4s", 0, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 2**40),
        struct.pack(">I4s", 2**31, b"moov"),
        struct.pack(">I4s", 17 * MB, b"mdat"),
        struct.pack(">I4s", MB, b"evil"),
        struct.pack(">I4s", 7, b"ftyp") + bytes(9),
        struct.pack(">I4s", 8, b"moov"),
        struct.pack(">I4sI4s", 16, b"moov", 4000, b"trak"),
        struct.pack(">I4s", 16, b"mdat") + bytes(8),
    ],
    ids=lambda hostile: repr(hostile[:12]),
)
def test_what_is_no_video_is_refused_at_once(hostile: bytes) -> None:
    splitter = Splitter()
    with pytest.raises(NotVideo):
        splitter.feed(hostile)
    assert splitter.waiting_bytes <= len(hostile)


@given(st.binary(min_size=1, max_size=3), st.integers(0, 2_000))
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_are_read_or_refused_but_never_anything_else(damage: bytes, at: int) -> None:
    recording = bytearray(film()[:6000])
    recording[at : at + len(damage)] = damage
    splitter = Splitter()
    try:
        splitter.feed(bytes(recording))
    except NotVideo:
        return
    assert splitter.waiting_bytes <= len(recording)


def test_a_picture_that_phones_cannot_show_is_known() -> None:
    assert not read_init(_init_of(film(1, sound=False, codec="mpeg4"))).has_picture


def _init_of(recording: bytes) -> bytes:
    init = Splitter().feed(recording)[0]
    assert isinstance(init, Init)
    return init.body
