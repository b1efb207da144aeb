"""A market on a real port, and phones that go live in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from livestream.models import LiveSession
from shop.core.db import Database
from tests.factories_live import make_session
from tests.livestream.video.phone import Phone
from tests.served import serving


@pytest.fixture
def base(app: FastAPI) -> Iterator[str]:
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def new_phone(base: str, db: Database) -> Iterator[Callable[[], Phone]]:
    """Phones of hosts of different co-ops, each with a session that begins now."""
    with ExitStack() as stack:

        def make() -> Phone:
            live, _items, host = make_session(db, datetime.now(UTC), on_air=False)
            phone = Phone(base, db, host, live.id)
            stack.callback(phone.line.close)
            return phone

        yield make


@pytest.fixture
def phone(new_phone: Callable[[], Phone]) -> Phone:
    return new_phone()


@pytest.fixture
def state_of(db: Database) -> Callable[[Phone], str]:
    def state(phone: Phone) -> str:
        with db.read() as session:
            return session.get_one(LiveSession, phone.live_id).state

    return state
