"""People who talk in a room, twenty sentences a second over HTTP, and what their talk weighs at one viewer."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page

from shop.core.deps import VISITOR
from tests.conftest import SAME_ORIGIN

PER_S, MOUTHS, PEOPLE = 20, 4, 80  # each of them stays far below what one person may say in a minute
WORDS = "Dạ chị gửi em hai thùng về Bình Thạnh trước thứ bảy nhé, hàng tuần rồi nhà em ai cũng khen"


@dataclass
class Talk:
    """How many sentences were taken, and the answers that were something else."""

    said: int = 0
    refused: list[str] = field(default_factory=list)


@contextmanager
def talking(port: int, room: str) -> Iterator[Talk]:
    """They talk in `room` until the block ends."""
    talk, over, turns = Talk(), threading.Event(), count()
    mouths = [threading.Thread(target=_speak, args=(port, room, talk, over, turns)) for _ in range(MOUTHS)]
    for mouth in mouths:
        mouth.start()
    try:
        yield talk
    finally:
        over.set()
        for mouth in mouths:
            mouth.join()


def _speak(port: int, room: str, talk: Talk, over: threading.Event, turns: Iterator[int]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            turn, due = next(turns), due + MOUTHS / PER_S
            who = {"Cookie": f"{VISITOR}=who-talks-in-the-bench-{turn % PEOPLE:03d}", "HX-Request": "true"}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            said = urlencode({"words": f"{WORDS} {turn}", "name": f"Chị Lan {turn % PEOPLE}"})
            line.request("POST", f"{room}/chat", said, {**SAME_ORIGIN, **who, **kind})
            answer = line.getresponse()
            body = answer.read()
            if answer.status == 200:
                talk.said += 1
            else:
                talk.refused.append(f"{answer.status} {body[:200]!r}")


class Scales:
    """What reaches a page beside the picture, from now on."""

    def __init__(self, viewer: Page) -> None:
        self.bytes, self._film = 0, set[str]()
        wire = viewer.context.new_cdp_session(viewer)
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.dataReceived", self._came)
        wire.send("Network.enable")
        self.close = wire.detach

    def _asked(self, told: dict[str, Any]) -> None:
        if "/hinh/" in told["request"]["url"]:
            self._film.add(told["requestId"])

    def _came(self, told: dict[str, Any]) -> None:
        if told["requestId"] not in self._film:
            self.bytes += told["dataLength"]
