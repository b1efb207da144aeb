"""Whatever fragments come, players read a playlist that keeps every promise made before."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from livestream.video.boxes import Fragment
from livestream.video.packager import WINDOW, Packager, Row, whole_playlist
from tests.livestream.video.playlists import read, require_follows, require_valid

EPOCH = 1_790_000_000.0


@dataclass(frozen=True)
class NewEpoch:
    """The phone begins a new recording."""


@dataclass(frozen=True)
class Closes:
    """The recording ends and no other has begun yet."""


@dataclass(frozen=True)
class Restart:
    """The process dies and another reads the index."""


lengths = st.one_of(st.floats(0.04, 0.6), st.sampled_from([0.51, 0.59, 0.6, 0.65, 1.02, 3.0, 6.0, 12.0]))
moves = st.lists(
    st.one_of(
        st.tuples(lengths, st.booleans()),
        st.tuples(lengths, st.booleans()),
        st.sampled_from([NewEpoch(), Closes(), Restart()]),
    ),
    max_size=120,
)


@given(moves, st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_playlist_is_valid_after_every_step_and_follows_from_the_one_before(
    steps: list[object], low_latency: bool
) -> None:
    made, epoch, at_s, now_s, before = Packager(), 0, 0.0, EPOCH, None
    made.open_epoch(epoch)
    for step in steps:
        match step:
            case (float(length_s), bool(is_key)):
                now_s += length_s
                made.add(Fragment(b"x", at_s, length_s, is_key), now_s)
                at_s += length_s
            case Closes():
                made.close()
            case _:
                if isinstance(step, Restart):
                    made = Packager(made.rows)
                epoch, at_s = epoch + 1, 0.0
                made.open_epoch(epoch)
        after = read(made.playlist(low_latency=low_latency).decode())
        require_valid(after)
        if before and not isinstance(step, Restart):
            require_follows(before, after)
        before = after
    made.end()
    after = read(made.playlist(low_latency=low_latency).decode())
    require_valid(after)
    assert after.ended
    assert len(after.segments) == min(len(made.rows), WINDOW)


def seconds(made: Packager, count: int, *, now_s: float = EPOCH, start: int = 0) -> None:
    """So many seconds of a camera with a key frame each second, in two parts a second."""
    for half in range(start * 2, (start + count) * 2):
        made.add(Fragment(f"{half}".encode(), half * 0.5, 0.5, half % 2 == 0), now_s + half * 0.5 + 0.5)


def test_a_camera_with_a_key_frame_each_second_makes_one_short_segment_and_then_two_seconds_each() -> None:
    made = Packager()
    made.open_epoch(1)
    seconds(made, 8)
    listed = read(made.playlist().decode())
    assert [one.duration_s for one in listed.segments] == [1.0, 2.0, 2.0, 2.0]
    assert [name for name, _ in listed.growing.parts] == ["4.0.m4s", "4.1.m4s"]
    assert listed.hint == 'TYPE=PART,URI="4.2.m4s"'
    assert [len(one.parts) for one in listed.segments] == [0, 4, 4, 4]


def test_native_players_read_no_parts() -> None:
    made = Packager()
    made.open_epoch(1)
    seconds(made, 8)
    plain = made.playlist(low_latency=False).decode()
    assert "PART" not in plain
    assert "SERVER-CONTROL" not in plain
    assert not Packager().is_ready()
    assert made.is_ready(low_latency=False)


def test_a_recording_without_key_frames_is_cut_all_the_same() -> None:
    made = Packager()
    made.open_epoch(1)
    for half in range(40):
        made.add(Fragment(b"x", half * 0.5, 0.5, half == 0), EPOCH + half)
    assert [one.duration_s for one in read(made.playlist().decode()).segments] == [4.0] * 4


def test_a_break_is_told_when_the_epoch_closes_and_stays_where_it_is() -> None:
    made = Packager()
    made.open_epoch(1)
    seconds(made, 5)
    made.close()
    told = read(made.playlist().decode())
    assert told.growing.breaks
    made.open_epoch(2)
    seconds(made, 5, now_s=EPOCH + 20)
    after = read(made.playlist().decode())
    assert [one.breaks for one in after.segments] == [False] * 3 + [True, False]
    assert after.segments[3].map == "init-2.mp4"
    seconds(made, 30, now_s=EPOCH + 20, start=5)
    late = read(made.playlist().decode())
    assert late.breaks_before == 1
    assert not any(one.breaks for one in late.segments)


def test_a_player_may_wait_for_the_next_part_only() -> None:
    made = Packager()
    made.open_epoch(1)
    seconds(made, 4)
    growing = made.growing
    assert growing
    assert made.has(growing.msn - 1, None)
    assert made.has(growing.msn, len(growing.parts) - 1)
    assert not made.has(growing.msn, len(growing.parts))
    assert not made.has(growing.msn, None)
    made.end()
    assert made.has(growing.msn + 5, 3)


def test_all_that_was_recorded_is_one_playlist() -> None:
    rows = [Row(0, 1, 1.0, EPOCH, False, 10), Row(1, 1, 2.0, EPOCH + 1, False, 10), Row(2, 2, 2.0, EPOCH + 9, True, 10)]
    whole = read(whole_playlist(rows).decode())
    require_valid(whole)
    assert whole.ended
    assert [one.map for one in whole.segments] == ["init-1.mp4", "init-1.mp4", "init-2.mp4"]
    assert [one.breaks for one in whole.segments] == [False, False, True]
