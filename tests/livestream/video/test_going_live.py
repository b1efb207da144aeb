"""A phone goes live: its pieces become a playlist that every player reads, and the session's state follows."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI

from livestream import service, states
from livestream.video.boxes import Fragment, Init, Splitter
from shop.core.db import Database
from shop.core.deps import Person
from tests.conftest import SAME_ORIGIN
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, fetch, listed, until
from tests.livestream.video.playlists import read, require_valid

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
OPERATOR = Person(id=1, name="Anh Bảy", phone="+84900000001")
State = Callable[[Phone], str]


def test_one_press_and_the_session_is_live_with_a_playlist_its_parts_and_a_poster(
    phone: Phone, base: str, state_of: State
) -> None:
    told = phone.take().json()
    assert told["ingest"] == f"/hinh/{phone.live_id}"
    assert (told["epoch"], told["state"]) == (1, "starting")
    phone.send(pieces(film()))
    made = listed(base, phone.live_id)
    require_valid(made)
    until(lambda: state_of(phone) == "live")
    assert fetch(base, phone.live_id, "poster.jpg").content[:2] == b"\xff\xd8"  # pages ask for it in this moment
    answer = fetch(base, phone.live_id, "index.m3u8")
    assert answer.headers["cache-control"] == "max-age=1"
    for name, _length in made.growing.parts:
        part = fetch(base, phone.live_id, name)
        assert part.headers["cache-control"] == "public, max-age=2, must-revalidate"
        assert part.content[4:8] == b"moof"
    assert fetch(base, phone.live_id, made.segments[0].map).content[4:8] == b"ftyp"


def test_players_wait_for_the_next_part_and_native_ones_for_three_segments(phone: Phone, base: str) -> None:
    all_pieces = pieces(film(8))
    phone.take()
    phone.send(all_pieces[:4])
    made = listed(base, phone.live_id)
    early = fetch(base, phone.live_id, "index.m3u8", ll="0")
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")
    with ThreadPoolExecutor(2) as viewers:
        at = made.sequence + len(made.segments)
        parts = len(made.growing.parts)
        told = viewers.submit(fetch, base, phone.live_id, "index.m3u8", _HLS_msn=at, _HLS_part=parts)
        part = viewers.submit(fetch, base, phone.live_id, f"{at}.{parts}.m4s")
        phone.send(all_pieces[4:])
        assert f"{at}.{parts}.m4s" in told.result().text
        assert part.result().content[4:8] == b"moof"
    assert fetch(base, phone.live_id, "index.m3u8", _HLS_msn=at + 50).status_code == 404
    native = listed(base, phone.live_id, 3, ll="0")
    require_valid(native)
    assert not native.part_target_s


def test_the_fast_way_is_one_film_that_ends_with_its_recording(phone: Phone, base: str) -> None:
    phone.take()
    phone.send(pieces(film()))
    listed(base, phone.live_id)
    with httpx2.stream("GET", f"{base}/hinh/{phone.live_id}/fast", timeout=20) as answer:
        chunks = answer.iter_bytes()
        got = next(chunks)
        phone.new_epoch()
        phone.send(pieces(film())[:1])
        got += b"".join(chunks)
    init, *rest = Splitter().feed(got)
    assert isinstance(init, Init)
    assert next(one.is_key for one in rest if isinstance(one, Fragment))


def test_a_piece_sent_again_changes_nothing_and_a_gap_names_the_next(phone: Phone) -> None:
    """Criterion 11."""
    phone.take()
    first, second, *_ = pieces(film())
    assert phone.put(1, 0, first).json() == {"epoch": 1, "next": 1, "missing": False, "closed": False}
    assert phone.put(1, 0, first).json()["next"] == 1
    gap = phone.put(1, 2, second)
    assert (gap.status_code, gap.json()["next"], gap.json()["missing"]) == (409, 1, True)
    assert phone.put(1, 1, second).json()["next"] == 2
    assert phone.put(1, 1, second).json()["next"] == 2


def test_nobody_sends_without_the_token_of_this_session(phone: Phone, new_phone: Callable[[], Phone]) -> None:
    """Criterion 12: no token, another session's, or a made-up one."""
    other = new_phone()
    phone.take()
    other.take()
    piece = pieces(film())[0]
    nothing = httpx2.post(f"{phone.base}/hinh/{phone.live_id}/1/0", content=piece)
    assert (nothing.status_code, nothing.json()["type"]) == (401, "/problems/no-token")
    assert phone.put(1, 0, piece, token=other.token).status_code == 403
    assert phone.put(1, 0, piece, token=phone.token[:-1] + "x").status_code == 403
    assert phone.put(1, 0, piece, token="1.1").status_code == 403
    assert phone.put(1, 0, piece).status_code == 200


def test_another_co_ops_host_finds_no_camera_here(
    phone: Phone, new_phone: Callable[[], Phone], state_of: State
) -> None:
    stranger = new_phone()
    answer = stranger.line.post(f"/ban-hang/live/{phone.live_id}/may-quay", data={"take_over": "1"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-session")
    guest = httpx2.post(f"{phone.base}/ban-hang/live/{phone.live_id}/may-quay", headers=SAME_ORIGIN)
    assert guest.status_code == 303
    assert state_of(phone) in ("scheduled", "lobby")


def test_a_second_phone_is_refused_until_it_takes_over_and_then_the_first_one_ends(
    phone: Phone, db: Database, base: str
) -> None:
    """Criterion 12: the second publisher."""
    phone.take()
    phone.send(pieces(film())[:2])
    second = Phone(base, db, phone.host, phone.live_id, device="q" * 32)
    refused = second.take()
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/already-publishing")
    assert phone.take().status_code == 200, "a reload of the same browser needs no take-over"
    assert second.take(over=True).json()["epoch"] == 3
    gone = phone.put(2, 0, pieces(film())[0])
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/taken-over")
    second.send(pieces(film()))
    until(lambda: listed(base, phone.live_id).segments[-1].map == "init-3.mp4")
    second.line.close()


def test_a_server_that_stops_does_not_end_the_phones_picture(phone: Phone, app: FastAPI) -> None:
    phone.take()
    app.state.stage.closing = True
    later = phone.put(1, 0, pieces(film())[0])
    assert (later.status_code, later.headers["retry-after"]) == (503, "2"), "it tries again at the server after this"
    app.state.stage.closing = False
    assert phone.put(1, 0, pieces(film())[0]).status_code == 200


def test_a_flip_of_the_camera_is_a_break_that_players_are_told_of(phone: Phone, base: str) -> None:
    phone.take()
    phone.send(pieces(film()))
    listed(base, phone.live_id)
    phone.new_epoch()
    phone.send(pieces(film(size="288x160")))
    until(lambda: "init-2.mp4" in {one.map for one in listed(base, phone.live_id).segments})
    made = listed(base, phone.live_id)
    require_valid(made)
    assert [one.breaks for one in made.segments].count(True) == 1
    assert {one.map for one in made.segments} == {"init-1.mp4", "init-2.mp4"}
    late = phone.put(1, 4, pieces(film())[1])
    assert (late.status_code, late.json()["epoch"]) == (200, 2), "what is left of the old recording is thrown away"


def test_silence_interrupts_and_the_next_piece_brings_the_picture_back(
    phone: Phone, base: str, state_of: State
) -> None:
    all_pieces = pieces(film(8))
    phone.take()
    phone.send(all_pieces[:4])
    until(lambda: state_of(phone) == "live")
    until(lambda: state_of(phone) == "interrupted")
    phone.send(all_pieces[4:])
    until(lambda: state_of(phone) == "live")


def test_a_session_that_ends_is_a_replay_with_a_film_to_keep(
    phone: Phone, db: Database, base: str, state_of: State
) -> None:
    phone.take()
    phone.send(pieces(film(32)))
    until(lambda: state_of(phone) == "live")
    with db.write() as session:
        service.end(session, phone.live_id, phone.host, datetime.now(UTC))
    phone.new_epoch()
    last = phone.put(phone.epoch, 0, pieces(film(2))[0], params={"last": "1"})
    assert last.status_code == 200
    until(lambda: state_of(phone) == "replay")
    whole = read(fetch(base, phone.live_id, "vod.m3u8").text)
    require_valid(whole)
    assert whole.ended
    assert abs(sum(one.duration_s for one in whole.segments) - 33) < 2
    assert fetch(base, phone.live_id, whole.segments[0].uri).status_code == 200
    heard = read(fetch(base, phone.live_id, "audio.m3u8").text)
    assert [one.duration_s for one in heard.segments] == [one.duration_s for one in whole.segments]
    assert heard.ended
    assert phone.put(9, 0, pieces(film())[0]).status_code == 410
    video = fetch(base, phone.live_id, "video.mp4")
    assert abs(_length_s(video.content) - 33) < 2
    clip = fetch(base, phone.live_id, f"clip-{phone.items[0].id}.mp4")
    assert clip.status_code == 200
    assert clip.content[4:8] == b"ftyp"


def _length_s(film: bytes) -> float:
    probe = shutil.which("ffprobe")
    if not probe:
        pytest.skip("no ffprobe on this machine")
    command = [probe, "-v", "error", "-show_entries", "format=duration", "-of", "json", "pipe:0"]
    told = subprocess.run(command, input=film, capture_output=True, check=True).stdout
    return float(json.loads(told)["format"]["duration"])


def test_what_the_operator_stops_is_gone_at_once_for_phone_and_viewers(phone: Phone, db: Database, base: str) -> None:
    """Criterion 29: a stop is within five seconds."""
    phone.take()
    phone.send(pieces(film()))
    made = listed(base, phone.live_id)
    with ThreadPoolExecutor(1) as viewer:
        next_msn = made.sequence + len(made.segments) + 1
        waits = viewer.submit(fetch, base, phone.live_id, "index.m3u8", _HLS_msn=next_msn)
        with db.write() as session:
            states.stop(session, phone.live_id, "hàng cấm", OPERATOR, datetime.now(UTC))
        until(lambda: fetch(base, phone.live_id, "index.m3u8").status_code == 410, 5)
        assert waits.result().status_code == 410, "who waited for what comes next gets nothing of it either"
    assert fetch(base, phone.live_id, "0.m4s").status_code == 410
    assert fetch(base, phone.live_id, "vod.m3u8").status_code == 410
    assert phone.put(1, phone.seq, pieces(film())[1]).status_code == 410


def test_sound_is_aac_and_picture_is_copied(phone: Phone, base: str) -> None:
    """Criterion 15: what viewers get is what every phone plays."""
    probe = shutil.which("ffprobe")
    if not probe:
        pytest.skip("no ffprobe on this machine")
    phone.take()
    phone.send(pieces(film()))
    made = listed(base, phone.live_id)
    body = b"".join(fetch(base, phone.live_id, name).content for name in (made.segments[0].map, made.segments[0].uri))
    command = [probe, "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "json", "pipe:0"]
    told = json.loads(subprocess.run(command, input=body, capture_output=True, check=True).stdout)["streams"]
    assert {stream["codec_name"] for stream in told} == {"h264", "aac"}
    sound = fetch(base, phone.live_id, "0.a.m4s")
    assert sound.status_code == 200
    assert len(sound.content) < len(fetch(base, phone.live_id, "0.m4s").content)
