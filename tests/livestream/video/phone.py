"""A phone that goes live, and what its viewers fetch, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import httpx2

from livestream.schedule import items_of
from shop.accounts import service as accounts
from shop.core.db import Database
from shop.core.deps import SIGN_IN, VISITOR, Person
from tests.conftest import SAME_ORIGIN
from tests.livestream.video.playlists import Playlist, read

MP4 = "video/mp4"


class Phone:
    """One browser of a host. `base` is the shop; pieces go where the shop says."""

    def __init__(self, base: str, db: Database, host: Person, live_id: int, device: str = "p" * 32) -> None:
        self.base, self.live_id, self.host = base, live_id, host
        with db.read() as session:
            self.items = items_of(session, live_id)
        with db.write() as session:
            token = accounts.start_session(session, host.id, datetime.now(UTC))
        cookies = {SIGN_IN: token, VISITOR: device}
        self.line = httpx2.Client(base_url=base, cookies=cookies, headers=SAME_ORIGIN, timeout=20)
        self.ingest = f"/hinh/{live_id}"
        self.token, self.epoch, self.seq = "", 0, 0

    def take(self, *, over: bool = False) -> httpx2.Response:
        """Ask for the camera's place."""
        path = f"/ban-hang/live/{self.live_id}/may-quay"
        answer = self.line.post(path, data={"take_over": "1" if over else "0"})
        if answer.status_code == 200:
            told = answer.json()
            self.ingest, self.token, self.epoch, self.seq = told["ingest"], told["token"], told["epoch"], 0
        return answer

    def put(self, epoch: int, seq: int, piece: bytes, *, kind: str = MP4, **more: Any) -> httpx2.Response:
        """One piece under any number."""
        headers = {"Authorization": f"Bearer {more.pop('token', self.token)}", "Content-Type": kind}
        return httpx2.post(
            f"{self.base if self.ingest.startswith('/') else ''}{self.ingest}/{epoch}/{seq}",
            content=piece,
            headers=headers,
            timeout=20,
            **more,
        )

    def send(self, pieces: Iterable[bytes]) -> None:
        """The next pieces of this recording; all are taken."""
        for piece in pieces:
            answer = self.put(self.epoch, self.seq, piece)
            assert answer.status_code == 200, answer.text
            self.seq += 1

    def new_epoch(self) -> None:
        """Begin another recording, as after a flip of the camera."""
        self.epoch, self.seq = self.epoch + 1, 0


def fetch(base: str, live_id: int, name: str, **query: Any) -> httpx2.Response:
    return httpx2.get(f"{base}/hinh/{live_id}/{name}", params=query, timeout=20)


def listed(base: str, live_id: int, segments: int = 1, *, seconds: float = 20, **query: Any) -> Playlist:
    """The playlist once it has so many segments. Raises AssertionError when they do not come."""
    until, answer = time.monotonic() + seconds, fetch(base, live_id, "index.m3u8", **query)
    while time.monotonic() < until:
        if answer.status_code == 200 and len((made := read(answer.text)).segments) >= segments:
            return made
        time.sleep(0.05)
        answer = fetch(base, live_id, "index.m3u8", **query)
    raise AssertionError(f"{answer.status_code} {answer.text}")


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    """Return as soon as it holds. Raises AssertionError when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)
