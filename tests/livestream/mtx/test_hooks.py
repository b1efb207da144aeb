"""What MediaMTX tells. Hooks and their variables as in its documentation v1.20, Hooks: runOnAvailable,
runOnUnavailable, runOnRecordSegmentComplete; the bodies are what deploy/mtx-tell.sh makes of them."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from livestream import room as rooms
from livestream import service, states
from livestream.models import LiveSession
from livestream.mtx.files import filmed
from livestream.mtx.hooks import settle_due
from livestream.record import record_of
from livestream.states import Limits, follow_clock
from livestream.video import glue
from livestream.video.shelf import shelf_of
from tests.factories_accounts import sign_in
from tests.factories_live import OFFICER
from tests.livestream.mtx.conftest import SOURCE, Mtx

OTHER = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
ROOT = Path(__file__).parents[3]
SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


def on_air(mtx: Mtx) -> Mtx:
    assert mtx.ask(password=mtx.key) == 204
    assert mtx.tell("available") == 204
    assert mtx.state == "live"
    return mtx


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def record(mtx: Mtx) -> dict[str, list[dict[str, object]]]:
    with mtx.db.read() as session:
        live = session.get_one(LiveSession, mtx.live_id)
        return record_of(session, live, shelf_of(mtx.settings.data_dir, live.id), datetime.now(UTC))


def test_the_first_picture_puts_the_session_on_air_and_its_room_plays_from_mediamtx(mtx: Mtx) -> None:
    on_air(mtx)
    with mtx.db.read() as session:
        picture = rooms.read(session, session.get_one(LiveSession, mtx.live_id)).picture
        assert (picture.kind, picture.src) == ("hls", f"/mtx/live/{mtx.live_id}/index.m3u8")
    page = mtx.line.get(f"/live/{mtx.slug}").text
    assert f'data-plain data-src="/mtx/live/{mtx.live_id}/index.m3u8"' in page
    assert 'value="fast"' not in page, "only our own packager has a fast way"


def test_the_page_of_other_sites_says_that_this_picture_is_sent_on_by_mediamtx_alone(mtx: Mtx) -> None:
    told = "chợ không gửi tiếp đi đâu"
    seller = TestClient(mtx.line.app)
    sign_in(seller, mtx.db, mtx.host)
    at = f"/ban-hang/live/{mtx.live_id}/phat-them"
    seller.post(at, data={"server": "rtmp://a.rtmp.youtube.com/live2", "key": "abcd-efgh-ijkl"})
    assert told not in seller.get(at).text
    on_air(mtx)
    page = seller.get(at).text
    assert (told in page, "Chờ hình từ điện thoại" in page) == (True, False)
    mtx.phone_takes_over()
    assert told not in seller.get(at).text


def test_a_session_that_sold_with_its_cover_shows_the_camera_when_it_comes(mtx: Mtx) -> None:
    with mtx.db.write() as session:
        service.start(session, mtx.live_id, mtx.host, datetime.now(UTC))
    assert mtx.ask(password=mtx.key) == 204, "let in, but nobody can see it yet"
    assert _shown(mtx) == ("live", "still")
    assert mtx.tell("available") == 204
    assert _shown(mtx) == ("live", "hls")
    assert 'data-picture="hls"' in mtx.line.get(f"/live/{mtx.slug}").text, "open rooms are told to look again"
    sold = [row["after"] for row in record(mtx)["changes"] if row["what"] == "state"]
    assert sold == ["scheduled", "live"], "it went on selling, and began only once"
    mtx.tell("unavailable")
    assert _shown(mtx) == ("interrupted", "hls")


def _shown(mtx: Mtx) -> tuple[str, str]:
    with mtx.db.read() as session:
        room = rooms.read(session, session.get_one(LiveSession, mtx.live_id))
    return room.live.state, room.picture.kind


def test_a_picture_that_is_lost_and_comes_back_goes_on_in_the_same_session(mtx: Mtx) -> None:
    on_air(mtx)
    assert mtx.tell("unavailable") == 204
    assert mtx.state == "interrupted"
    assert mtx.ask(password=mtx.key) == 204
    assert mtx.tell("available", OTHER) == 204
    assert mtx.state == "live"
    assert [take["source_id"] for take in record(mtx)["encoders_at_mediamtx"]] == sorted([SOURCE, OTHER])


def test_what_is_told_again_or_out_of_order_changes_nothing(mtx: Mtx) -> None:
    on_air(mtx)
    for _again in range(3):
        assert mtx.tell("available") == 204
    assert mtx.tell("available", OTHER) == 204, "the second connection comes before the first is said to be gone"
    assert mtx.tell("unavailable") == 204
    assert mtx.state == "live"
    assert mtx.tell("available") == 204, "told late: this source has ended"
    assert mtx.tell("unavailable", OTHER) == 204
    assert mtx.state == "interrupted"
    for late in (SOURCE, OTHER):
        assert mtx.tell("available", late) == 204
        assert mtx.tell("unavailable", late) == 204
    assert mtx.state == "interrupted"
    changes = [row["after"] for row in record(mtx)["changes"] if row["what"] == "state"]
    assert changes == ["scheduled", "starting", "live", "interrupted"]
    assert len(record(mtx)["encoders_at_mediamtx"]) == 2


def test_an_end_told_before_its_beginning_starts_nothing(mtx: Mtx) -> None:
    mtx.ask(password=mtx.key)
    assert mtx.tell("unavailable") == 204
    assert mtx.tell("available") == 204
    assert mtx.state == "starting"


@SQLITE
def test_a_source_cannot_speak_for_another_session_nor_for_one_that_nobody_let_in(mtx: Mtx) -> None:
    assert mtx.tell("available") == 410
    assert mtx.tell("available", path="live/999999") == 410
    assert mtx.tell("unavailable", path="live/999999") == 204
    assert mtx.state == "scheduled"


def test_what_is_over_is_cut_and_becomes_a_replay_of_the_files_in_its_record(mtx: Mtx) -> None:
    on_air(mtx)
    mtx.end()
    assert mtx.tell("available") == 410, "whoever tells cuts the connection"
    assert mtx.state == "ending"
    second, first = "mtx-2026-11-22_11-00-00-000000.mp4", "mtx-2026-11-22_10-00-00-000000.mp4"
    assert [mtx.record(second, "21.5"), mtx.record(first, "3600.02"), mtx.record(first, "3600.02")] == [204] * 3
    settle_due(mtx.db, later(60))
    assert mtx.state == "replay"
    assert [file.name for file in filmed(mtx.db, mtx.live_id)] == [first, second]
    assert [file["name"] for file in record(mtx)["files_of_mediamtx"]] == [first, second]
    with mtx.db.read() as session:
        picture = rooms.read(session, session.get_one(LiveSession, mtx.live_id)).picture
    assert (picture.kind, picture.src) == ("replay", f"/hinh/{mtx.live_id}/video.mp4")
    assert mtx.record("mtx-2026-11-22_12-00-00-000000.mp4", "1") == 204, "told late, it is still evidence"
    assert mtx.state == "replay"


@SQLITE
def test_while_the_last_of_a_picture_comes_nothing_is_settled(mtx: Mtx) -> None:
    on_air(mtx)
    mtx.end()
    settle_due(mtx.db, later(11))
    assert mtx.state == "ending", "its encoder was heard of a moment ago"
    mtx.tell("unavailable")
    settle_due(mtx.db, later(5))
    assert mtx.state == "ending", "its last file may still be told of"
    settle_due(mtx.db, later(11))
    assert mtx.state == "archived", "less than half a minute of it is no replay"


@SQLITE
def test_a_session_that_was_stopped_is_cut_hidden_and_its_files_are_kept(mtx: Mtx) -> None:
    on_air(mtx)
    with mtx.db.write() as session:
        states.stop(session, mtx.live_id, "hàng cấm", OFFICER, datetime.now(UTC))
    assert mtx.tell("available") == 410
    mtx.tell("unavailable")
    assert mtx.record("mtx-2026-11-22_10-00-00-000000.mp4", "600") == 204
    settle_due(mtx.db, later(60))
    assert mtx.state == "hidden"
    assert len(record(mtx)["files_of_mediamtx"]) == 1


@SQLITE
def test_only_files_of_the_session_itself_are_named_in_its_record(mtx: Mtx) -> None:
    mine = f"/data/live/{mtx.live_id}"
    strange = ("/data/live/999/mtx-1.mp4", f"{mine}/../1/mtx-1.mp4", f"{mine}/index.jsonl", f"{mine}/mtx-1.mp4\n", "")
    for path in strange:
        assert mtx.tell("recorded", segment_path=path, segment_duration="60") == 422, path
    for seconds in ("-1", "nan", "inf", "1e9", "một"):
        assert mtx.record("mtx-1.mp4", seconds) == 422
    assert record(mtx)["files_of_mediamtx"] == []


@SQLITE
def test_while_mediamtx_is_heard_of_the_session_is_not_silent_and_when_it_dies_viewers_are_told(mtx: Mtx) -> None:
    on_air(mtx)
    follow_clock(mtx.db, later(15), Limits())
    assert mtx.state == "live"
    follow_clock(mtx.db, later(40), Limits())
    assert mtx.state == "interrupted"
    assert mtx.tell("available") == 204, "it is back, and so is the picture"
    assert mtx.state == "live"


@SQLITE
def test_our_own_packager_leaves_alone_what_mediamtx_has(mtx: Mtx) -> None:
    on_air(mtx)
    assert glue.standings(mtx.db, [mtx.live_id])[mtx.live_id].number == 0
    assert glue.going_on(mtx.db) == []
    mtx.phone_takes_over()
    assert glue.going_on(mtx.db) == [mtx.live_id]


def test_the_script_tells_the_market_and_cuts_what_is_wanted_no_longer(tmp_path: Path) -> None:
    """A stand-in for the wget of MediaMTX's image (BusyBox) notes what it is asked and says what the market answers."""
    asked = tmp_path / "asked"
    wget = tmp_path / "wget"
    gone = 'case "$*" in *internal*) echo "wget: server returned error: HTTP/1.1 410 Gone" >&2; exit 1 ;; esac'
    wget.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n{gone}\nkill -TERM $PPID\n')
    wget.chmod(0o755)
    market = {"MARKET_EVENT_URL": "http://web:8000/internal/mtx/event", "MARKET_SECRET": "bí-mật"}
    source = {"MTX_PATH": "live/17", "MTX_SOURCE_ID": SOURCE, "MTX_SOURCE_TYPE": "rtmpConn"}
    script = ["/bin/sh", str(ROOT / "deploy" / "mtx-tell.sh"), "available"]
    env = os.environ | market | source | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(script, env=env, timeout=20, check=False)
    told, cut = asked.read_text().splitlines()[:2]
    assert f"hook=available&path=live/17&source_id={SOURCE}&source_type=rtmpConn" in told
    assert "Authorization: Basic bXR4OmLDrS1t4bqtdA==" in told
    assert cut.endswith(f"http://127.0.0.1:9997/v3/rtmpconns/kick/{SOURCE}")
