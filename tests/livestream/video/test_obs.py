"""An encoder on a computer goes live with its session's key, is cut off, comes back, and is stopped."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import pytest

from livestream import service
from livestream.video import obs
from shop.core.db import Database
from shop.settings import Settings
from tests.conftest import SAME_ORIGIN
from tests.livestream.video import filmed
from tests.livestream.video.filmed import film
from tests.livestream.video.phone import Phone, fetch, listed, until
from tests.servers import free_port

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
State = Callable[[Phone], str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rtmp_port": free_port()})


def key_of(phone: Phone, *, new: bool = False) -> str:
    page = phone.line.post(f"/ban-hang/live/{phone.live_id}/obs", data={"new": "1" if new else "0"})
    return page.text.partition(f"<code>{phone.live_id}-")[2].partition("<")[0]


@contextmanager
def encoder(settings: Settings, phone: Phone, key: str) -> Iterator[subprocess.Popen[bytes]]:
    file = settings.data_dir / "film.mp4"
    file.write_bytes(film())
    with filmed.encoder(file, f"rtmp://127.0.0.1:{settings.rtmp_port}/live/{phone.live_id}-{key}") as process:
        yield process


def test_with_the_right_key_it_is_live_and_after_a_cut_it_goes_on(
    phone: Phone, base: str, settings: Settings, state_of: State, db: Database
) -> None:
    """Criterion 13, with ffmpeg in the place of OBS."""
    key = key_of(phone)
    with encoder(settings, phone, key):
        made = listed(base, phone.live_id)
        until(lambda: state_of(phone) == "live")
        assert made.segments[0].map == "init-1.mp4"
    with encoder(settings, phone, key):
        until(lambda: "init-2.mp4" in fetch(base, phone.live_id, "index.m3u8").text)
        until(lambda: state_of(phone) == "live")
        with db.write() as session:
            service.end(session, phone.live_id, phone.host, datetime.now(UTC))
        until(lambda: state_of(phone) in ("processing", "replay", "archived"))


def test_a_wrong_a_changed_and_an_ended_key_are_refused_and_nothing_becomes_public(
    phone: Phone, base: str, settings: Settings, state_of: State, db: Database
) -> None:
    """Criterion 13: nobody else's key."""
    old = key_of(phone)
    assert key_of(phone) == old
    assert key_of(phone, new=True) != old
    for wrong in ("khoa-doan-bua", old, ""):
        with encoder(settings, phone, wrong) as refused:
            assert refused.wait(20) != 0
    assert state_of(phone) == "scheduled"
    assert fetch(base, phone.live_id, "index.m3u8").status_code == 404
    with db.write() as session:
        service.start(session, phone.live_id, phone.host, datetime.now(UTC))
        service.end(session, phone.live_id, phone.host, datetime.now(UTC))
    with encoder(settings, phone, key_of(phone)) as refused:
        assert refused.wait(20) != 0


def test_a_new_key_may_be_asked_for_before_there_was_one(phone: Phone) -> None:
    assert key_of(phone, new=True)


def test_while_a_phone_sends_an_encoder_waits_outside(phone: Phone, settings: Settings) -> None:
    key = key_of(phone)
    phone.take()
    with encoder(settings, phone, key) as refused:
        assert refused.wait(20) != 0


def test_a_second_encoder_with_the_same_key_waits_and_one_with_a_new_key_takes_over(
    phone: Phone, base: str, settings: Settings
) -> None:
    key = key_of(phone)
    with encoder(settings, phone, key) as first:
        listed(base, phone.live_id)
        with encoder(settings, phone, key) as second:
            assert second.wait(20) != 0
        page = phone.line.post(f"/ban-hang/live/{phone.live_id}/obs", data={"new": "0"})
        assert "Máy thứ hai cùng khóa phải chờ" in page.text
        assert first.poll() is None
        with encoder(settings, phone, key_of(phone, new=True)) as third:
            assert first.wait(20) != 0
            until(lambda: "init-2.mp4" in fetch(base, phone.live_id, "index.m3u8").text)
            with encoder(settings, phone, key) as back:
                assert back.wait(20) != 0
            assert third.poll() is None


def test_the_key_is_for_the_host_alone(phone: Phone, base: str) -> None:
    answer = httpx2.post(f"{base}/ban-hang/live/{phone.live_id}/obs", headers=SAME_ORIGIN, follow_redirects=False)
    assert answer.status_code == 303


def test_who_never_says_a_key_is_shown_out_however_slowly_it_talks(
    base: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obs, "HELLO_S", 1.0)
    assert base
    with socket.create_connection(("127.0.0.1", settings.rtmp_port), timeout=0.1) as line:
        ended = False
        for _ in range(100):
            try:
                line.sendall(b"\x03")
                ended = not line.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended
