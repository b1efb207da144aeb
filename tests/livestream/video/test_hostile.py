"""Hostile and broken recordings hurt their own session at most: the shop and all other sessions go on."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from livestream.video import channel, doors, newest
from livestream.video import stage as stages
from livestream.video.boxes import Splitter
from shop.core.db import Database
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, fetch, listed, until

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
EBML = b"\x1a\x45\xdf\xa3"


def huge_box(kind: bytes = b"mdat") -> bytes:
    head = Splitter().feed(film())[0]
    return head.body + struct.pack(">I4sQ", 1, kind, 2**62) + os.urandom(5000)


RUBBISH = {
    "a page": (b"<!doctype html>" * 100, "video/mp4", 422),
    "a picture": (b"\xff\xd8\xff\xe0" + os.urandom(3000), "video/mp4", 422),
    "random bytes": (os.urandom(50_000), "video/x-matroska", 422),
    "another kind": (b"GIF89a", "image/gif", 422),
    "no kind": (b"abc", "", 422),
    "nothing": (b"", "video/mp4", 422),
}


def test_what_is_no_video_is_refused_and_the_next_good_one_is_taken(phone: Phone, base: str) -> None:
    phone.take()
    for what, (body, kind, status) in RUBBISH.items():
        assert phone.put(1, 0, body, kind=kind).status_code == status, what
    phone.send(pieces(film()))
    listed(base, phone.live_id)


def test_what_only_looks_like_video_ends_its_own_recording_and_nobody_elses(
    new_phone: Callable[[], Phone], base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = new_phone(), new_phone()
    good.take()
    bad.take()
    good_pieces = pieces(film(8))
    good.send(good_pieces[:4])
    until(lambda: fetch(base, good.live_id, "index.m3u8").status_code == 200)
    with monkeypatch.context() as impatient:
        impatient.setattr(channel, "UNDERSTOOD_WITHIN_S", 0.5)
        for head, kind in ((b"\0\0\0\x18ftyp", "video/mp4"), (EBML, "video/x-matroska")):
            bad.put(bad.epoch, 0, head + os.urandom(60_000), kind=kind)
            until(lambda: _refused(bad))
            bad.new_epoch()
    bad.send([huge_box()])  # a box without an end waits for its rest, and a new recording ends it
    bad.new_epoch()
    good.send(good_pieces[4:])
    until(lambda: sum(one.duration_s for one in listed(base, good.live_id).segments) > 5)
    bad.send(pieces(film()))
    listed(base, bad.live_id)
    assert httpx2.get(f"{base}/live").status_code == 200


def _refused(phone: Phone) -> bool:
    phone.seq += 1
    return phone.put(phone.epoch, phone.seq, os.urandom(9000)).status_code == 422


def test_a_film_without_end_of_its_boxes_holds_no_memory(phone: Phone, base: str) -> None:
    """Pieces of a box that never ends are read and thrown away by the program; nothing of them is kept here."""
    phone.take()
    phone.put(1, 0, huge_box())
    for seq in range(1, 6):
        assert phone.put(1, seq, os.urandom(1_000_000)).status_code in (200, 409, 422)
    assert fetch(base, phone.live_id, "index.m3u8").status_code in (404, 503)


def test_a_picture_that_phones_cannot_show_is_refused(phone: Phone) -> None:
    phone.take()
    recording = film(2, codec="mpeg4")
    phone.put(1, 0, recording)
    until(lambda: phone.put(1, 1, recording).status_code == 422)


def test_a_piece_too_big_is_refused_before_it_is_read(phone: Phone) -> None:
    phone.take()
    answer = phone.put(1, 0, b"\0" * (2 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/piece-too-big")
    endless = (b"\0" * 100_000 for _ in range(30))
    headers = {"Authorization": f"Bearer {phone.token}", "Content-Type": "video/mp4"}
    answer = httpx2.post(f"{phone.base}{phone.ingest}/1/0", content=endless, headers=headers, timeout=20)
    assert answer.status_code == 413


def test_pieces_faster_than_any_camera_are_told_to_wait(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "PIECES_AT_ONCE", 5.0)
    monkeypatch.setattr(stages, "PIECES_PER_S", 1.0)
    phone.take()
    first = pieces(film())[0]
    phone.send([first])
    answers = [phone.put(1, 0, first) for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert {answer.status_code for answer in answers} == {200, 429}


def test_as_many_cameras_as_the_machine_takes_and_no_more(
    app: FastAPI, new_phone: Callable[[], Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.settings, "live_most_sessions", 1)
    first, second = new_phone(), new_phone()
    for one in (first, second):
        one.take()
    first.send(pieces(film())[:1])
    refused = second.put(1, 0, pieces(film())[0])
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/stage-is-full")
    assert "1 buổi" in refused.json()["detail"]


def test_the_same_piece_from_many_lines_at_once_is_taken_once(phone: Phone, base: str) -> None:
    phone.take()
    all_pieces = pieces(film())
    for seq, piece in enumerate(all_pieces):
        lines = [threading.Thread(target=phone.put, args=(1, seq, piece)) for _ in range(5)]
        for line in lines:
            line.start()
        for line in lines:
            line.join()
    assert phone.put(1, len(all_pieces) - 1, b"").json()["next"] == len(all_pieces)
    made = listed(base, phone.live_id)
    assert sum(one.duration_s for one in made.segments) <= len(all_pieces)


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fchohtx.sqlite", "index.jsonl", "999.m4s", "0.99.m4s", "init-77.mp4", "clip-1.mp4", "x", "video.mp4"],
)
def test_nothing_but_pictures_is_served(phone: Phone, base: str, name: str) -> None:
    phone.take()
    phone.send(pieces(film())[:2])
    assert fetch(base, phone.live_id, name).status_code in (404, 503)
    assert httpx2.get(f"{base}/hinh/4711/index.m3u8").status_code == 404


def test_a_piece_that_stops_on_its_way_is_given_up_and_comes_again(
    phone: Phone, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The net is a black hole: the line stands, and nothing comes of it any more."""
    monkeypatch.setattr(doors, "SILENT_S", 0.2)
    phone.take()
    first, *_rest = pieces(film())
    head = f"POST {phone.ingest}/{phone.epoch}/0 HTTP/1.1\r\nHost: m\r\nContent-Type: video/mp4\r\n"
    head += f"Authorization: Bearer {phone.token}\r\nContent-Length: {len(first)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=10) as line:
        line.sendall(head.encode() + first[:1000])
        answer = b""
        while more := line.recv(1 << 16):  # ends: the server hangs up
            answer += more
    assert answer.startswith(b"HTTP/1.1 408 ")
    phone.send([first])


def test_invented_numbers_of_sessions_are_no_work_for_the_database(
    phone: Phone, base: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond one look at what numbers there are, now and then."""
    asked: list[tuple[str, set[object]]] = []
    fetch(base, phone.live_id, "index.m3u8")
    monkeypatch.setattr(newest, "LOOK_EVERY_S", 3600.0)
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append((told[2], set(told[3]))))
    invented = range(phone.live_id + 1, phone.live_id + 60)
    answers = {fetch(base, number, "index.m3u8").status_code for number in invented}
    assert answers == {404}
    assert not [what for what, _given in asked if "max(live_session.id)" in what]
    assert not [what for what, given in asked if "live_publisher" in what and given & set(invented)]
