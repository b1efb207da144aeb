"""Fragments become segments, segments become a playlist that players ask for again and again. Pure: no file, no clock.

Source: RFC 8216 and draft-pantos-hls-rfc8216bis (low-latency HLS). Numbers that players rely on never change while a
session runs: the longest segment, the longest part, and how far behind the edge to stay.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from livestream.video.boxes import Fragment

TARGET_S = 4
PART_TARGET_S = 1.1  # half a second, but a whole one begins a recording, and dim light makes frames long
SEGMENT_S, FIRST_SEGMENT_S = 1.75, 0.9  # two groups of pictures of a second each, and one to begin with
WINDOW = 8
KEPT = WINDOW + 2
WITH_PARTS = 3
NATIVE_SEGMENTS = 3  # native players give up on a live playlist with fewer
CONTROL = (
    f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART_TARGET_S:.1f},HOLD-BACK={3 * TARGET_S:.1f}"
)
FARTHEST = 2  # a player may wait for the segment after the next one, not for any later


@dataclass(frozen=True, slots=True)
class Row:
    """One segment as the index remembers it. `begins_at` is Unix time; `breaks` says that a new epoch begins here."""

    msn: int
    epoch: int
    duration_s: float
    begins_at: float
    breaks: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment as players may fetch it alone. `duration_s` is what they are told: never longer than promised, also
    when the camera stood still for a while."""

    body: bytes
    duration_s: float
    is_key: bool


@dataclass
class Segment:
    """A segment while it grows and as long as it is kept in memory."""

    msn: int
    epoch: int
    begins_at: float
    breaks: bool
    parts: list[Part] = field(default_factory=list)
    whole: bytes = b""
    """Its bytes once it is closed."""

    @property
    def duration_s(self) -> float:
        return sum(part.duration_s for part in self.parts)

    def row(self) -> Row:
        return Row(self.msn, self.epoch, self.duration_s, self.begins_at, self.breaks, len(self.whole))


class Packager:
    """The playlist of one session. `rows` are those of before a restart: numbers go on, a new epoch follows."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = list(rows)
        self.window: deque[Segment] = deque(maxlen=KEPT)
        self.growing: Segment | None = None
        self.ended = False
        self._epoch = self.rows[-1].epoch if self.rows else -1
        self._breaks = bool(self.rows)
        self._breaks_gone = sum(row.breaks for row in self.rows[:-WINDOW])
        self._epoch_began_at: float | None = None
        self._told: dict[bool, bytes] = {}

    @property
    def next_msn(self) -> int:
        return self.rows[-1].msn + 1 if self.rows else 0

    @property
    def duration_s(self) -> float:
        return sum(row.duration_s for row in self.rows)

    def open_epoch(self, epoch: int) -> Segment | None:
        """What comes now is of another recording. Returns the segment that this closed."""
        closed = self.close()
        self._epoch = epoch
        return closed

    def close(self) -> Segment | None:
        """End the epoch, so that players learn of the break before the next one begins. Returns what this closed."""
        closed = self._cut()
        self._breaks = bool(self.rows)
        self._epoch_began_at = None
        self._told.clear()
        return closed

    def keep_only(self, rows: Iterable[Row]) -> None:
        """These are all that was recorded: what else was shown is not there to be seen again."""
        self.rows = list(rows)
        self._told.clear()

    def end(self) -> Segment | None:
        """Nothing follows."""
        closed = self.close()
        self.ended = True
        return closed

    def add(self, fragment: Fragment, now_s: float) -> tuple[Segment | None, Segment]:
        """Take a fragment that came at `now_s`. Returns the segment it closed, if any, and the one it is part of."""
        part = Part(fragment.body, min(fragment.duration_s, PART_TARGET_S), fragment.is_key)
        closed = self._cut() if self._is_full(part) else None
        if self.growing is None:
            begins_at = self._time_of(fragment, now_s)
            self.growing = Segment(self.next_msn, self._epoch, begins_at, self._breaks)
            self._breaks = False
        self.growing.parts.append(part)
        self._told.clear()
        return closed, self.growing

    def _is_full(self, part: Part) -> bool:
        if self.growing is None:
            return False
        length_s = self.growing.duration_s
        wanted_s = SEGMENT_S if self.rows else FIRST_SEGMENT_S
        return (part.is_key and length_s >= wanted_s) or length_s + part.duration_s > TARGET_S

    def _time_of(self, fragment: Fragment, now_s: float) -> float:
        if self._epoch_began_at is None:
            self._epoch_began_at = now_s - fragment.duration_s - fragment.start_s
        last = self.rows[-1] if self.rows else None
        earliest = last.begins_at + last.duration_s if last else 0.0
        return max(self._epoch_began_at + fragment.start_s, earliest)

    def _cut(self) -> Segment | None:
        closed, self.growing = self.growing, None
        if closed is None:
            return None
        closed.whole = b"".join(part.body for part in closed.parts)
        self.window.append(closed)
        self.rows.append(closed.row())
        if len(self.rows) > WINDOW:
            self._breaks_gone += self.rows[-WINDOW - 1].breaks
        self._breaks = closed.duration_s > TARGET_S  # a camera that stood still: its time is not the playlist's
        return closed

    def segment(self, msn: int) -> Segment | None:
        """A segment in memory, growing or whole."""
        if self.growing is not None and self.growing.msn == msn:
            return self.growing
        return next((segment for segment in self.window if segment.msn == msn), None)

    def row(self, msn: int) -> Row | None:
        """A whole segment as the index knows it."""
        first = self.rows[0].msn if self.rows else 0
        place = msn - first
        if 0 <= place < len(self.rows) and self.rows[place].msn == msn:
            return self.rows[place]
        return next((row for row in self.rows if row.msn == msn), None)  # one was lost on the disk

    def has(self, msn: int, part: int | None) -> bool:
        """Whether a playlist made now holds this segment, or this part of it: else a player may wait."""
        if self.ended or self.next_msn > msn:
            return True
        growing = self.growing
        return part is not None and growing is not None and growing.msn == msn and len(growing.parts) > part

    def is_ready(self, *, low_latency: bool = True) -> bool:
        """Whether players can begin."""
        return len(self.rows) >= (1 if low_latency else NATIVE_SEGMENTS) or (self.ended and bool(self.rows))

    def playlist(self, *, low_latency: bool = True) -> bytes:
        """The live playlist, made once for everybody who asks before the next fragment."""
        told = self._told.get(low_latency)
        if told is None:
            told = self._told[low_latency] = "\n".join(self._lines(low_latency=low_latency)).encode() + b"\n"
        return told

    def _lines(self, *, low_latency: bool) -> list[str]:
        shown = self.rows[-WINDOW:]
        lines = ["#EXTM3U", f"#EXT-X-VERSION:{9 if low_latency else 7}", f"#EXT-X-TARGETDURATION:{TARGET_S}"]
        lines += [CONTROL, f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S}"] if low_latency else []
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{shown[0].msn if shown else self.next_msn}")
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._breaks_gone}")
        epoch = -1
        for row in shown:
            lines += _heading(row.epoch, epoch, row.begins_at, breaks=row.breaks)
            epoch = row.epoch
            if low_latency and row.msn >= self.next_msn - WITH_PARTS:
                lines += _parts(self.segment(row.msn))
            lines += [f"#EXTINF:{row.duration_s:.5f},", f"{row.msn}.m4s"]
        return lines + self._edge(epoch, low_latency=low_latency)

    def _edge(self, epoch: int, *, low_latency: bool) -> list[str]:
        """What stands after the last whole segment: the growing one's parts, the next part's name, or the end."""
        if self.ended:
            return ["#EXT-X-ENDLIST"]
        growing = self.growing
        if growing is None:
            return ["#EXT-X-DISCONTINUITY"] if self._breaks else []
        if not low_latency:
            return ["#EXT-X-DISCONTINUITY"] if growing.breaks else []
        hint = f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{growing.msn}.{len(growing.parts)}.m4s"'
        head = _heading(growing.epoch, epoch, growing.begins_at, breaks=growing.breaks)
        return [*head, *_parts(growing), hint]


def _heading(epoch: int, before: int, begins_at: float, *, breaks: bool) -> list[str]:
    lines = ["#EXT-X-DISCONTINUITY"] if breaks else []
    if epoch != before:
        lines.append(f'#EXT-X-MAP:URI="init-{epoch}.mp4"')
    at = datetime.fromtimestamp(math.floor(begins_at * 1000) / 1000, UTC)
    return [*lines, f"#EXT-X-PROGRAM-DATE-TIME:{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"]


def _parts(segment: Segment | None) -> list[str]:
    if segment is None:
        return []
    return [
        f'#EXT-X-PART:DURATION={part.duration_s:.5f},URI="{segment.msn}.{place}.m4s"'
        + (",INDEPENDENT=YES" if part.is_key else "")
        for place, part in enumerate(segment.parts)
    ]


def whole_playlist(rows: Sequence[Row]) -> bytes:
    """The playlist of all that was recorded."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{TARGET_S}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{rows[0].msn if rows else 0}")
    epoch = -1
    for row in rows:
        lines += _heading(row.epoch, epoch, row.begins_at, breaks=row.breaks)
        epoch = row.epoch
        lines += [f"#EXTINF:{row.duration_s:.5f},", f"{row.msn}.m4s"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()


def of_sound(playlist: bytes) -> bytes:
    """The same playlist of the files that hold the sound alone."""
    return playlist.replace(b".m4s", b".a.m4s").replace(b'.mp4"', b'.a.mp4"')
