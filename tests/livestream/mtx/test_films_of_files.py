"""Films made of what MediaMTX recorded: all of it, and the clip of an item, as of a recording of our own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import select

from livestream import service
from livestream.models import LiveItem
from livestream.mtx.files import filmed
from livestream.mtx.hooks import settle_due
from livestream.video import films
from livestream.video.films import Filmed
from livestream.video.shelf import shelf_of
from tests.factories_accounts import sign_in
from tests.livestream.mtx.conftest import Mtx
from tests.livestream.video.filmed import film
from tests.served import serving

SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
BEGAN = 1_700_000_000.0


def length_s(file: bytes) -> float:
    """What the head of an MP4 says. Source: ISO/IEC 14496-12, 8.2.2, version 0."""
    head = file[file.index(b"mvhd") + 4 :]
    return int.from_bytes(head[16:20], "big") / int.from_bytes(head[12:16], "big")


def test_files_become_one_film(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7)
    shelf.folder.mkdir(parents=True)
    for name in ("mtx-1.mp4", "mtx-2.mp4"):
        shelf.path(name).write_bytes(film())
    first, second, gone = (Filmed(f"mtx-{name}.mp4", BEGAN, 4) for name in ("1", "2", "gone"))
    assert length_s(films.joined(shelf, [first]).read_bytes()) == pytest.approx(4, abs=0.3)
    shelf.path("video.mp4").unlink()
    assert length_s(films.joined(shelf, [first, second, gone]).read_bytes()) == pytest.approx(8, abs=0.5)
    with pytest.raises(films.NotMade):
        films.joined(shelf, [gone])


def test_a_clip_is_cut_from_the_file_that_shows_most_of_the_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(tmp_path, 7)
    shelf.folder.mkdir(parents=True)
    shelf.path("mtx-2.mp4").write_bytes(film(4, size="288x160"))
    files = [Filmed("mtx-gone.mp4", BEGAN - 4, 4), Filmed("mtx-2.mp4", BEGAN, 4)]
    made = films.clip_of(shelf, files, 7, BEGAN - 1, BEGAN + 2).read_bytes()
    assert length_s(made) == pytest.approx(2, abs=0.2)
    assert (540).to_bytes(2, "big") + bytes(2) + (960).to_bytes(2, "big") in made, "upright, whatever was filmed"
    monkeypatch.setattr(films, "LONGEST_CLIP_S", 1)
    assert length_s(films.clip_of(shelf, files, 8, BEGAN + 1, BEGAN + 4).read_bytes()) == pytest.approx(1, abs=0.2)
    with pytest.raises(films.NotMade):
        films.clip_of(shelf, files, 9, BEGAN + 10, BEGAN + 20)
    assert sorted(file.name for file in shelf.folder.iterdir()) == ["clip-7.mp4", "clip-8.mp4", "mtx-2.mp4"]


@SQLITE
def test_the_replay_of_mediamtx_gives_its_film_and_a_clip_of_each_item(mtx: Mtx, app: FastAPI) -> None:
    """MediaMTX's clock hangs in another zone than ours, and somebody asked for the film too early."""
    mtx.ask(password=mtx.key)
    mtx.tell("available")
    ended_at, began_at = datetime.now(UTC), datetime.now(UTC) - timedelta(seconds=31)
    with mtx.db.write() as session:
        item = session.exec(select(LiveItem.id).where(LiveItem.session_id == mtx.live_id)).one()
        service.pin(session, mtx.live_id, None, began_at)  # it was pinned with the first picture
        service.pin(session, mtx.live_id, item, began_at + timedelta(seconds=4))
        service.pin(session, mtx.live_id, None, began_at + timedelta(seconds=7))
    name = (began_at + timedelta(hours=7)).strftime("mtx-%Y-%m-%d_%H-%M-%S-%f.mp4")
    shelf = shelf_of(mtx.settings.data_dir, mtx.live_id)
    shelf.folder.mkdir(parents=True, exist_ok=True)
    shelf.path(name).write_bytes(film(31, size="288x160"))
    with serving(app) as port:
        at = f"http://127.0.0.1:{port}/hinh/{mtx.live_id}"
        assert httpx2.get(f"{at}/video.mp4").status_code == 503, "it is on air"
        mtx.end()
        mtx.tell("unavailable")
        mtx.record(name, "31")
        settle_due(mtx.db, ended_at + timedelta(seconds=60))
        assert mtx.state == "replay"
        assert filmed(mtx.db, mtx.live_id)[0].begins_at == pytest.approx(began_at.timestamp(), abs=0.01)
        assert length_s(httpx2.get(f"{at}/video.mp4", timeout=30).content) == pytest.approx(31, abs=0.5)
        assert length_s(httpx2.get(f"{at}/clip-{item}.mp4", timeout=30).content) == pytest.approx(3, abs=0.2)
        assert httpx2.get(f"{at}/clip-999999.mp4").status_code == 404
    sign_in(mtx.line, mtx.db, mtx.host)
    offered = mtx.line.get(f"/ban-hang/live/{mtx.live_id}/so-lieu").text
    for film_name in ("video.mp4", f"clip-{item}.mp4"):
        assert f'href="/hinh/{mtx.live_id}/{film_name}" download' in offered
