"""A phone goes live: its pieces become a playlist that every player reads, and the session's state follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from livestream.models import LiveSession
from shop.core.db import Database
from tests.factories_live import make_session
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, listed, until
from tests.livestream.video.playlists import require_valid
from tests.served import serving

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


@pytest.fixture
def base(app: FastAPI) -> Iterator[str]:
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def phone(base: str, db: Database) -> Iterator[Phone]:
    live, _items, host = make_session(db, datetime.now(UTC), on_air=False)
    phone = Phone(base, db, host, live.id)
    yield phone
    phone.line.close()


def state_of(db: Database, live_id: int) -> str:
    with db.read() as session:
        return session.get_one(LiveSession, live_id).state


def test_one_press_and_the_session_is_live_with_a_playlist(phone: Phone, base: str, db: Database) -> None:
    told = phone.take().json()
    assert told["ingest"] == f"/hinh/{phone.live_id}"
    assert (told["epoch"], told["state"]) == (1, "starting")
    phone.send(pieces(film()))
    made = listed(base, phone.live_id)
    require_valid(made)
    until(lambda: state_of(db, phone.live_id) == "live")
