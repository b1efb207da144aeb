"""The disk is full: the picture and the sale go on, the recording stops, and everybody else has noticed nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlmodel import select

from livestream import service
from livestream.models import LiveSession
from livestream.video import stage as stages
from livestream.video.shelf import Shelf, shelf_of
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.settings import Settings
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, fetch, listed, until
from tests.livestream.video.playlists import read, require_valid

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
State = Callable[[Phone], str]
WORDS = "Ổ đĩa của chợ đã đầy"


def refuses(shelf: Shelf, segments: range) -> None:
    """The disk takes none of these segments, as when nothing is left of it."""
    for msn in segments:
        (shelf.folder / f"{msn}.m4s").mkdir(parents=True)


def desk(phone: Phone) -> str:
    return phone.line.get(f"/ban-hang/live/{phone.live_id}").text


def test_when_the_disk_takes_no_more_the_picture_goes_on_and_the_host_is_told(
    phone: Phone, db: Database, base: str, settings: Settings, state_of: State
) -> None:
    shelf = shelf_of(settings.data_dir, phone.live_id)
    all_pieces = pieces(film(40))
    phone.take()
    phone.send(all_pieces[:33])
    listed(base, phone.live_id)
    until(lambda: state_of(phone) == "live")
    refuses(shelf, range(18, 30))
    phone.send(all_pieces[33:-1])
    until(lambda: any(int(one.uri[:-4]) >= 18 for one in listed(base, phone.live_id).segments))
    last = listed(base, phone.live_id).segments[-1].uri
    assert fetch(base, phone.live_id, last).content[4:8] == b"moof", "what the disk did not take is shown from memory"
    until(lambda: WORDS in desk(phone))
    assert WORDS in phone.line.get(f"/ban-hang/live/{phone.live_id}/quay").text
    assert state_of(phone) == "live"
    with db.write() as session:
        service.end(session, phone.live_id, phone.host, datetime.now(UTC))
    phone.put(phone.epoch, phone.seq, all_pieces[-1], params={"last": "1"})
    until(lambda: state_of(phone) == "replay")
    whole = read(fetch(base, phone.live_id, "vod.m3u8").text)
    require_valid(whole)
    assert len(whole.segments) == 18, "the replay is what was recorded"
    for one in whole.segments:
        assert fetch(base, phone.live_id, one.uri).status_code == 200
    with db.read() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.what == "recording")).one()
    assert found.subject == f"live:{phone.live_id}"


def test_with_room_again_the_next_recording_is_kept(
    phone: Phone, db: Database, base: str, settings: Settings, state_of: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.take()
    phone.send(pieces(film()))
    until(lambda: state_of(phone) == "live")
    monkeypatch.setattr(stages, "LEAST_FREE_BYTES", 2**62)
    phone.new_epoch()
    phone.send(pieces(film()))
    until(lambda: listed(base, phone.live_id).segments[-1].map == "init-2.mp4")
    until(lambda: _unkept(db, phone))
    monkeypatch.setattr(stages, "LEAST_FREE_BYTES", 0)
    phone.new_epoch()
    phone.send(pieces(film()))
    until(lambda: not _unkept(db, phone))
    kept = shelf_of(settings.data_dir, phone.live_id)
    until(lambda: {row.epoch for row in kept.load()} == {1, 3})


def _unkept(db: Database, phone: Phone) -> bool:
    with db.read() as session:
        return session.get_one(LiveSession, phone.live_id).unkept_since is not None


def test_who_has_not_begun_is_refused_in_words_and_everybody_else_goes_on(
    app: FastAPI, new_phone: Callable[[], Phone], base: str, state_of: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_air, new = new_phone(), new_phone()
    all_pieces = pieces(film(6))
    on_air.take()
    on_air.send(all_pieces[:4])
    until(lambda: state_of(on_air) == "live")
    monkeypatch.setattr(stages, "LEAST_FREE_BYTES", 2**62)
    new.take()
    refused = new.put(new.epoch, 0, all_pieces[0])
    assert (refused.status_code, refused.json()["type"]) == (507, "/problems/disk-is-full")
    assert "Ổ đĩa" in refused.json()["detail"]
    on_air.send(all_pieces[4:])
    assert state_of(on_air) == "live"
    assert on_air.line.get("/").status_code == 200
