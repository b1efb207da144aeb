"""One room by itself: ticks, rounds over the lines, and frames."""

from __future__ import annotations

import asyncio

from shop.core.room import AT_ONCE, Room, Viewer, frame
from shop.core.streams import live_room

ROOM = live_room("thanh-long")


def test_a_busy_tick_is_one_frame_shared_by_all() -> None:
    room = Room(ROOM)
    for number in range(10):
        room.say("left", str(number))
    first, place = room.since(0, "vi")
    second, _ = room.since(0, "vi")
    assert first is second
    assert place == 10
    assert first.count(b"event: left") == 10


def test_criterion_18_a_pin_does_not_wait_for_the_end_of_the_tick() -> None:
    async def talk() -> list[int]:
        room, shown = Room(ROOM), []
        viewer = Viewer(room, "viewer-0000000001", "vi", room.seq)
        viewer.pause_writing()
        room.enter(viewer)
        for event in ("chat", "chat", "pin", "chat"):
            room.say(event, "", at_once=event == "pin")
            await asyncio.sleep(0)
            shown.append(room.shown)
        return shown

    assert asyncio.run(talk()) == [1, 1, 3, 3]


class Paper:
    """A line that is always free."""

    def __init__(self) -> None:
        self.text = b""

    def write(self, data: bytes) -> None:
        self.text += data

    def close(self) -> None: ...

    abort = close


def crowd(room: Room, size: int) -> list[Paper]:
    lines = [Paper() for _ in range(size)]
    for number, line in enumerate(lines):
        viewer = Viewer(room, f"viewer-{number:010d}", "vi", room.seq)
        viewer.line = line
        room.enter(viewer)
    return lines


def test_a_crowd_is_told_some_at_once_and_other_requests_run_in_between() -> None:
    async def talk() -> tuple[int, int]:
        room = Room(ROOM)
        lines = crowd(room, AT_ONCE * 3)
        room.say("left", "3")
        await asyncio.sleep(0)
        told_first = sum(bool(line.text) for line in lines)
        for _ in range(3):
            await asyncio.sleep(0)
        return told_first, sum(bool(line.text) for line in lines)

    assert asyncio.run(talk()) == (AT_ONCE, AT_ONCE * 3)


def test_criterion_18_a_pin_in_the_middle_of_a_round_reaches_all_once_without_waiting() -> None:
    async def talk() -> list[Paper]:
        room = Room(ROOM)
        lines = crowd(room, AT_ONCE * 3)
        room.say("left", "3")
        await asyncio.sleep(0)
        room.say("pin", "A1", at_once=True)
        for _ in range(10):
            await asyncio.sleep(0)
        return lines

    assert {(line.text.count(b"data: 3"), line.text.count(b"data: A1")) for line in asyncio.run(talk())} == {(1, 1)}


def test_text_cannot_break_out_of_its_frame() -> None:
    assert (
        frame("pin", "a\r\nevent: evil\n\nb", "x-1")
        == b"id: x-1\nevent: pin\ndata: a\ndata: event: evil\ndata: \ndata: b\n\n"
    )
