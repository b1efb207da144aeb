"""The picture goes to other sites, too: known ones only, with sealed keys, and a site that fails hurts nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from livestream.simulcast import targets
from livestream.simulcast.models import LiveTarget
from livestream.simulcast.relay import wait_s
from livestream.simulcast.site import NotTaken, Site, Tags
from livestream.video.rtmp import FLV_HEAD, OUR_CHUNK_BYTES, SET_CHUNK, Chunks, Message, chunked
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.sealing import CannotOpen, seal, unseal
from shop.settings import Settings
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, listed, until
from tests.livestream.video.test_obs import key_of
from tests.servers import free_port

State = Callable[[Phone], str]
KEY = "abcd-efgh-1234-5678"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("rtmp://a.rtmp.youtube.com/live2", "rtmp://a.rtmp.youtube.com/live2/"),
        ("rtmps://live-api-s.facebook.com:443/rtmp/", "rtmps://live-api-s.facebook.com:443/rtmp/"),
        (" rtmps://push-rtmp-l1.tiktokcdn.com/game/ ", "rtmps://push-rtmp-l1.tiktokcdn.com/game/"),
    ],
)
def test_the_servers_of_the_three_sites_are_known(typed: str, kept: str) -> None:
    assert targets.server_of(typed, ()) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "rtmp://127.0.0.1/live",
        "rtmp://localhost/live",
        "rtmp://169.254.169.254/",
        "rtmp://[::1]/live",
        "http://a.rtmp.youtube.com/live2",
        "rtmp://a.rtmp.youtube.com.evil.example/live2",
        "rtmp://evilyoutube.com/live2",
        "rtmp://user:pass@a.rtmp.youtube.com/live2",
        "rtmp://a.rtmp.youtube.com:99999/live2",
        "rtmp://a.rtmp.youtube.com/live2?x=|touch /tmp/x",
        "rtmp://a.rtmp.youtube.com/ -f null",
        "rtmp://a..youtube.com/live2",
        "rtmp://127.0.0.1\x00.youtube.com/live2",
        "rtmp://127.0.0.1\\.youtube.com/live2",
        f"rtmp://{'a' * 64}.youtube.com/live2",
        "rtmp://[::1/live2",
        "-f null",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_address_is_ever_sent_to(typed: str) -> None:
    with pytest.raises(targets.UnknownServer):
        targets.server_of(typed, ())


def test_a_site_whose_name_nobody_can_look_up_does_not_take_the_picture() -> None:
    with pytest.raises(NotTaken):
        asyncio.run(Site.meet("rtmp://a..site.example/live/", KEY))


def test_the_thousandth_try_waits_a_minute_like_the_tenth() -> None:
    assert [wait_s(tries) for tries in (0, 1, 10, 10_000)] == [3.0, 6.0, 60.0, 60.0]


def test_what_is_sealed_is_opened_by_the_same_secret_and_purpose_only() -> None:
    sealed = seal("secret", "simulcast", KEY)
    assert KEY not in sealed
    assert unseal("secret", "simulcast", sealed) == KEY
    for other in (("other", "simulcast"), ("secret", "mail")):
        with pytest.raises(CannotOpen):
            unseal(*other, sealed)


def tag_of(one: Message) -> bytes:
    """As it stands in an FLV file."""
    stamp = one.stamp_ms.to_bytes(4)
    tag = bytes([one.kind]) + len(one.body).to_bytes(3) + stamp[1:] + stamp[:1] + bytes(3) + one.body
    return tag + len(tag).to_bytes(4)


@given(
    st.lists(st.tuples(st.sampled_from([8, 9, 18]), st.integers(0, 2**32 - 1), st.binary(max_size=9_000)), max_size=4),
    st.integers(1, 5_000),
)
def test_what_goes_out_to_a_site_is_what_came_in(told: list[tuple[int, int, bytes]], size: int) -> None:
    """Tags of a film in any pieces, and messages as another end puts them together, past four hours and a half, too."""
    sent = [Message(*one) for one in told]
    film = FLV_HEAD + b"".join(tag_of(one) for one in sent)
    tags = Tags()
    assert [tag for at in range(0, len(film), size) for tag in tags.feed(film[at : at + size])] == sent
    chunks = Chunks()
    list(chunks.feed(chunked(2, SET_CHUNK, OUR_CHUNK_BYTES.to_bytes(4))))
    flow = b"".join(chunked(4, one.kind, one.body, one.stamp_ms, stream=1) for one in sent)
    assert [one for at in range(0, len(flow), size) for one in chunks.feed(flow[at : at + size])] == sent


def programs_shown() -> bytes:
    """What anybody on this machine may read of the programs that run for us: their commands and surroundings."""
    started = " ".join(file.read_text() for file in Path("/proc/self/task").glob("*/children")).split()
    return b"".join(Path("/proc", pid, name).read_bytes() for pid in started for name in ("cmdline", "environ"))


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
class TestOnAir:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Our own door for encoders stands in for another site."""
        return settings.model_copy(update={"rtmp_port": free_port(), "simulcast_hosts": "127.0.0.1"})

    def add(self, phone: Phone, settings: Settings, key: str) -> int:
        told = {"server": f"rtmp://127.0.0.1:{settings.rtmp_port}/live", "key": key}
        return phone.line.post(f"/ban-hang/live/{phone.live_id}/phat-them", data=told).status_code

    def target(self, db: Database) -> LiveTarget:
        with db.read() as session:
            return session.exec(select(LiveTarget)).one()

    @contextmanager
    def filming(self, phone: Phone) -> Iterator[None]:
        """The phone sends its film again and again, each time as a new recording, a piece a second."""
        stopped = threading.Event()

        def go() -> None:
            while not stopped.is_set():
                for piece in pieces(film(8)):
                    phone.send([piece])
                    if stopped.wait(0.7):
                        return
                phone.new_epoch()

        thread = threading.Thread(target=go)
        thread.start()
        yield
        stopped.set()
        thread.join()

    def test_the_other_site_shows_the_same_picture_and_the_page_says_so(
        self, new_phone: Callable[[], Phone], base: str, settings: Settings, db: Database, state_of: State
    ) -> None:
        here, there = new_phone(), new_phone()
        assert self.add(here, settings, f"{there.live_id}-{key_of(there)}") == 303
        here.take()
        with self.filming(here):
            until(lambda: state_of(here) == "live")
            listed(base, there.live_id, seconds=30)
            until(lambda: self.target(db).state == "sending")
            shown = programs_shown()
        assert b"pipe:1" in shown
        assert key_of(there).encode() not in shown
        until(lambda: self.target(db).state == "waiting")  # the phone is silent: nobody has refused anything
        page = here.line.get(f"/ban-hang/live/{here.live_id}/phat-them").text
        assert "Chờ hình từ điện thoại" in page
        assert "127.0.0.1" in page
        assert key_of(there) not in page

    def test_a_site_that_refuses_hurts_nobody_and_is_tried_again(
        self, phone: Phone, base: str, settings: Settings, db: Database, state_of: State
    ) -> None:
        self.add(phone, settings, KEY)
        phone.take()
        with self.filming(phone):
            until(lambda: self.target(db).state == "refused" and self.target(db).tries >= 1)
            assert state_of(phone) == "live"
            listed(base, phone.live_id, segments=2)

    def test_the_key_stands_nowhere_in_the_open(self, phone: Phone, settings: Settings, db: Database) -> None:
        self.add(phone, settings, KEY)
        with db.read() as session:
            told = repr(session.exec(select(LiveTarget)).all()) + repr(session.exec(select(AuditEntry)).all())
        assert KEY not in told
        assert "simulcast" in told

    def test_what_is_no_server_or_no_key_is_said_and_three_are_enough(
        self, phone: Phone, settings: Settings, db: Database
    ) -> None:
        at = f"/ban-hang/live/{phone.live_id}/phat-them"
        refused = phone.line.post(at, data={"server": "rtmp://evil.example/live", "key": KEY})
        assert (refused.status_code, "YouTube, Facebook, TikTok" in refused.text) == (422, True)
        assert (
            phone.line.post(at, data={"server": "rtmp://a.rtmp.youtube.com/live2", "key": "a b c d"}).status_code == 422
        )
        answers = [self.add(phone, settings, KEY) for _ in range(4)]
        assert answers == [303, 303, 303, 422]
        with db.write() as session:
            first = session.exec(select(LiveTarget)).first()
            assert first
            targets.remove(session, phone.live_id, first.id, phone.host, datetime.now(UTC))
        assert self.add(phone, settings, KEY) == 303
