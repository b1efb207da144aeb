"""What is kept of a session, for how long, and what nobody may delete."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from livestream import keeping, states
from livestream import service as live
from livestream.chat.models import LiveComment, LiveSpeaker
from livestream.models import LiveSession
from livestream.models import SessionState as S
from livestream.video.shelf import shelf_of
from shop.accounts.models import Role
from shop.core.db import Database
from shop.settings import Settings
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import OFFICER, make_session
from tests.livestream.chatting import say

YEARS = keeping.Years()


def filmed(db: Database, now: datetime, folder: Path) -> LiveSession:
    """A session with a minute of pictures and a sentence, over since now."""
    planned, _items, host = make_session(db, now, on_air=False)
    with db.write() as session:
        states.begin_picture(session, planned.id, host, now)
        states.first_picture(session, planned.id, now)
    say(db, planned, "Lan", "Đẹp quá chị ơi", now)
    with db.write() as session:
        live.end(session, planned.id, host, now)
        states.processed(session, planned.id, 60, now)
    shelf_of(folder, planned.id).keep_init(1, b"picture")
    return planned


def stands(db: Database, live_id: int, folder: Path) -> tuple[str, bool, str]:
    """State, whether pictures lie there, what was said."""
    with db.read() as session:
        said = session.exec(select(LiveComment.words).where(LiveComment.session_id == live_id)).one()
        return session.get_one(LiveSession, live_id).state, shelf_of(folder, live_id).folder.exists(), said


def test_pictures_go_after_a_year_and_words_after_three(db: Database, now: datetime, tmp_path: Path) -> None:
    over = filmed(db, now, tmp_path)
    seen = []
    for days in (365, 367, 3 * 365, 3 * 367):
        keeping.forget_due(db, now + timedelta(days=days), YEARS, tmp_path)
        seen.append(stands(db, over.id, tmp_path))
    words = "Đẹp quá chị ơi"
    assert seen == [
        (S.REPLAY, True, words),
        (S.ARCHIVED, False, words),
        (S.ARCHIVED, False, words),
        (S.ARCHIVED, False, ""),
    ]
    with db.read() as session:
        assert session.exec(select(LiveSpeaker.name)).all() == [""]


def test_what_is_held_as_evidence_stays_whoever_asks(db: Database, now: datetime, tmp_path: Path) -> None:
    """Criterion 29: no deletion under legal hold."""
    over, late = filmed(db, now, tmp_path), now + timedelta(days=4000)
    with db.write() as session:
        keeping.hold_as_evidence(session, over.id, "Công văn 12/QLTT", OFFICER, now, held=True)
    keeping.forget_due(db, late, YEARS, tmp_path)
    assert stands(db, over.id, tmp_path) == (S.REPLAY, True, "Đẹp quá chị ơi")
    with pytest.raises(keeping.UnderLegalHold), db.write() as session:
        keeping.forget_pictures(session, over.id, shelf_of(tmp_path, over.id).folder.rmdir, YEARS, late)  # type: ignore[arg-type]  # is never called


def test_nobody_deletes_pictures_before_their_time(db: Database, now: datetime, tmp_path: Path) -> None:
    """Criterion 29: no deletion before the day of retention."""
    over = filmed(db, now, tmp_path)
    with pytest.raises(keeping.KeptByLaw), db.write() as session:
        keeping.forget_pictures(session, over.id, lambda _id: None, YEARS, now + timedelta(days=300))
    assert stands(db, over.id, tmp_path)[1]


def test_a_media_server_deletes_from_its_own_disk_what_the_market_has_let_go_of(
    db: Database, now: datetime, tmp_path: Path
) -> None:
    """The worker's disk holds no pictures; the database tells the media server what is over."""
    media, worker = tmp_path / "media", tmp_path / "worker"
    old, held, young = (filmed(db, now, media) for _ in range(3))
    (media / "live" / "lost+found").mkdir()
    late = now + timedelta(days=367)
    with db.write() as session:
        session.get_one(LiveSession, young.id).ended_at = late - timedelta(days=1)
        keeping.hold_as_evidence(session, held.id, "Công văn 12/QLTT", OFFICER, now, held=True)
    keeping.sweep(db, late, YEARS, media)
    assert [shelf_of(media, one.id).folder.exists() for one in (old, held, young)] == [True] * 3, "not forgotten yet"
    keeping.forget_due(db, late, YEARS, worker)
    keeping.sweep(db, now, YEARS, media)
    assert shelf_of(media, old.id).folder.exists(), "not before its time, whatever the database says"
    keeping.sweep(db, late, YEARS, media)
    assert [shelf_of(media, one.id).folder.exists() for one in (old, held, young)] == [False, True, True]


def test_an_officer_stops_a_replay_takes_its_record_and_holds_it(
    client: TestClient, db: Database, settings: Settings
) -> None:
    """Criterion 29: who stopped it and why, and the record of the session."""
    over = filmed(db, datetime.now(UTC), settings.data_dir)
    sign_in(client, db, make_person(db, Role.OFFICER))
    here = f"/quan-tri/live/{over.id}"
    assert over.title in client.get("/quan-tri/live").text
    client.post(f"{here}/dung", data={"reason": "Nói sai công dụng"})
    assert stands(db, over.id, settings.data_dir)[:2] == (S.HIDDEN, True)
    assert "đã dừng buổi live này" in client.get(f"/live/{over.slug}").text
    client.post(f"{here}/bang-chung", data={"held": 1, "reason": "Công văn 12/QLTT"})
    assert client.post(f"{here}/xoa-hinh").status_code == 409
    told = json.loads(client.get(f"{here}/ho-so.json").text)
    assert [row["words"] for row in told["chat"]] == ["Đẹp quá chị ơi"]
    assert {row["what"] for row in told["changes"]} >= {"state", "stopped", "legal hold", "advertising", "papers"}
    assert (len(told["pins"]), told["host"]["state"], told["items"][0]["code"]) == (1, "verified", "A1")
    assert "visitor_key" not in str(told)
    with db.read() as session:
        assert session.get_one(LiveSession, over.id).legal_hold
