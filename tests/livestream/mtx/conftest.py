"""MediaMTX as it knocks: a machine without cookies, with the operator's secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from livestream import service
from livestream.models import LiveSession
from livestream.video import lease, obs
from shop.core.db import Database
from shop.core.deps import Person
from shop.settings import Settings
from tests.factories_live import make_session

SECRET = "0123456789abcdef0123456789ABCDEF"
SOURCE = "4f2c1d0e-7c4b-4a57-9d8e-0f6f4a1b2c3d"


@dataclass
class Mtx:
    """What MediaMTX and its hooks send about one session."""

    line: TestClient
    db: Database
    settings: Settings
    live_id: int
    slug: str
    host: Person
    auth: Any = field(default=("mtx", SECRET))

    @property
    def key(self) -> str:
        with self.db.write() as session:
            return obs.stream_key(session, self.settings.secret_key, self.live_id, datetime.now(UTC))

    def ask(self, action: str = "publish", path: str | None = None, **more: Any) -> int:
        """The body that MediaMTX posts to `authHTTPAddress`, with every field it has."""
        body = {"user": "", "password": "", "token": "", "ip": "203.0.113.7", "action": action, "protocol": "rtmp"}
        body |= {"path": f"live/{self.live_id}" if path is None else path, "id": SOURCE, "query": "", **more}
        return self.line.post("/internal/mtx/auth", json=body, auth=self.auth).status_code

    def tell(self, hook: str, source_id: str = SOURCE, **more: str) -> int:
        """What deploy/mtx-tell.sh makes of the hook's MTX_ variables."""
        body = {"hook": hook, "path": f"live/{self.live_id}", "source_id": source_id, "source_type": "rtmpConn"}
        body |= {"segment_path": "", "segment_duration": "0", **more}
        return self.line.post("/internal/mtx/event", data=body, auth=self.auth).status_code

    def record(self, name: str, duration: str) -> int:
        file = f"/data/live/{self.live_id}/{name}"
        return self.tell("recorded", "", source_type="", segment_path=file, segment_duration=duration)

    @property
    def state(self) -> str:
        with self.db.read() as session:
            return session.get_one(LiveSession, self.live_id).state

    def end(self) -> None:
        with self.db.write() as session:
            service.end(session, self.live_id, self.host, datetime.now(UTC))

    def phone_takes_over(self) -> None:
        with self.db.write() as session:
            lease.take(session, self.live_id, self.host, "điện thoại", datetime.now(UTC), take_over=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mtx_secret": SECRET})


@pytest.fixture
def mtx(app: FastAPI, db: Database, settings: Settings) -> Mtx:
    live, _items, host = make_session(db, datetime.now(UTC), on_air=False)
    return Mtx(TestClient(app), db, settings, live.id, live.slug, host)
