"""Fragmented MP4 as it comes out of a pipe: cut into one init and its fragments, each with its time.

Source: ISO/IEC 14496-12 (ISO base media file format), 8.3 to 8.8. Whatever is not that is refused, and no more than one
box of a fixed size is ever kept in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from shop.core.errors import Invalid

KB, MB = 1024, 1024 * 1024
MOST_BYTES: Final = {b"ftyp": 4 * KB, b"moov": MB, b"moof": MB, b"mdat": 16 * MB, b"mfra": 4 * MB}
MOST_OTHER_BYTES = 64 * KB
MOST_SOUND_BYTES = 2 * MB
MOST_SAMPLES = 20_000
MOST_TRACKS = 8
PLAYED_BY_ALL = (b"avc1", b"avc3")
NOT_A_KEY = 0x10000


class NotVideo(Invalid):
    """The bytes are no video that we can read. Facts: why, for the log."""


@dataclass(frozen=True)
class Track:
    """One track of the init: `kind` is b"vide" or b"soun", `codec` as b"avc1", the scale in ticks a second."""

    id: int
    kind: bytes
    codec: bytes
    scale: int
    default_ticks: int = 0
    default_flags: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Init:
    """What a player needs before the first fragment."""

    body: bytes
    tracks: dict[int, Track]

    @property
    def has_picture(self) -> bool:
        """Whether it holds a picture that every phone can show."""
        return any(track.kind == b"vide" and track.codec in PLAYED_BY_ALL for track in self.tracks.values())


@dataclass(frozen=True)
class Run:
    """What a fragment holds of one track, in seconds."""

    kind: bytes
    start_s: float
    duration_s: float
    samples: int
    is_key: bool


@dataclass(frozen=True)
class Fragment:
    """One `moof` with its `mdat`, and sound that came alone before. Times are the picture's where there is one."""

    body: bytes
    start_s: float
    duration_s: float
    is_key: bool
    runs: dict[int, Run] = field(default_factory=dict)

    @property
    def has_picture(self) -> bool:
        return any(run.kind == b"vide" for run in self.runs.values())


@dataclass(frozen=True)
class Box:
    """Where a box lies: its type, and from where to where its payload goes."""

    kind: bytes
    start: int
    body: int
    end: int


class Splitter:
    """Bytes in, whatever pieces they come in; the init and whole fragments out. Raises NotVideo, for good."""

    def __init__(self, init: Init | None = None) -> None:
        self._waiting = bytearray()
        self._kept = bytearray()
        self._sound = bytearray()
        self._moof = b""
        self.init = init

    @property
    def waiting_bytes(self) -> int:
        """How much is kept until the rest of a box comes."""
        return len(self._waiting) + len(self._moof) + len(self._kept) + len(self._sound)

    def feed(self, data: bytes) -> list[Init | Fragment]:
        """What became whole by these bytes. Raises NotVideo."""
        self._waiting += data
        found: list[Init | Fragment] = []
        while (box := self._next_box()) is not None:
            whole = self._take(*box)
            if whole is not None:
                found.append(whole)
        return found

    def _next_box(self) -> tuple[bytes, bytes] | None:
        if len(self._waiting) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", self._waiting)
        if size < 8 or size > MOST_BYTES.get(kind, MOST_OTHER_BYTES):  # 0 (to the end) and 1 (64 bits) are no stream's
            raise NotVideo(why=f"a box {kind!r} of {size} bytes")
        if len(self._waiting) < size:
            return None
        whole = bytes(self._waiting[:size])
        del self._waiting[:size]
        return kind, whole

    def _take(self, kind: bytes, whole: bytes) -> Init | Fragment | None:
        if kind == b"ftyp":
            self._kept = bytearray(whole)
        elif kind == b"moov":
            self.init = read_init(bytes(self._kept) + whole)
            self._kept.clear()
            return self.init
        elif kind == b"moof":
            self._moof = whole
        elif kind == b"mdat":
            return self._fragment(whole)
        return None

    def _fragment(self, mdat: bytes) -> Fragment | None:
        if self.init is None or not self._moof:
            raise NotVideo(why="pictures before their description")
        moof, self._moof = self._moof, b""
        fragment = read_fragment(self.init, moof, mdat)
        if self.init.has_picture and not fragment.has_picture:  # sound that came first waits for its picture
            self._sound += fragment.body
            if len(self._sound) > MOST_SOUND_BYTES:
                raise NotVideo(why="sound without a picture")
            return None
        whole = replace(fragment, body=bytes(self._sound) + fragment.body)
        self._sound.clear()
        return whole


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie side by side between two places. Raises NotVideo when one reaches out of its parent."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise NotVideo(why="a box cut short")
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            raise NotVideo(why=f"a box {kind!r} that reaches out of its parent")
        yield Box(kind, start, start + 8, start + size)
        start += size


def inside(data: bytes, box: Box, *path: bytes) -> list[Box]:
    """All boxes at this path below `box`."""
    found = [box]
    for kind in path:
        found = [one for parent in found for one in boxes(data, parent.body, parent.end) if one.kind == kind]
    return found


def read_init(body: bytes) -> Init:
    """The tracks of `ftyp` + `moov`. Raises NotVideo."""
    try:
        return Init(body, _tracks(body))
    except (struct.error, IndexError) as error:
        raise NotVideo(why=f"init: {error}") from error


def _tracks(body: bytes) -> dict[int, Track]:
    moov = next((box for box in boxes(body) if box.kind == b"moov"), None)
    if moov is None:
        raise NotVideo(why="no moov")
    defaults = {}
    for box in inside(body, moov, b"mvex", b"trex"):
        _, track_id, _, ticks, _, flags = struct.unpack_from(">6I", body, box.body)
        defaults[track_id] = (ticks, flags)
    tracks = [_track(body, box, defaults) for box in inside(body, moov, b"trak")]
    if not tracks or len(tracks) > MOST_TRACKS:
        raise NotVideo(why=f"{len(tracks)} tracks")
    return {track.id: track for track in tracks}


def _track(body: bytes, trak: Box, defaults: dict[int, tuple[int, int]]) -> Track:
    heads = inside(body, trak, b"tkhd")
    media = inside(body, trak, b"mdia", b"mdhd")
    handlers = inside(body, trak, b"mdia", b"hdlr")
    if not (heads and media and handlers):
        raise NotVideo(why="a track without its heads")
    track_id = _after_times(body, heads[0])
    scale = _after_times(body, media[0])
    kind = body[handlers[0].body + 8 : handlers[0].body + 12]
    if not 1 <= scale <= 10_000_000:
        raise NotVideo(why=f"a time scale of {scale}")
    entries = inside(body, trak, b"mdia", b"minf", b"stbl", b"stsd")
    codec = body[entries[0].body + 12 : entries[0].body + 16] if entries else b""
    width, height = struct.unpack_from(">II", body, heads[0].end - 8)
    return Track(track_id, kind, codec, scale, *defaults.get(track_id, (0, 0)), width >> 16, height >> 16)


def _after_times(body: bytes, box: Box) -> int:
    """The number that follows the two times of a `tkhd` or `mdhd`, which are 64 bits long in version 1."""
    number: int = struct.unpack_from(">I", body, box.body + (20 if body[box.body] else 12))[0]
    return number


def read_fragment(init: Init, moof: bytes, mdat: bytes) -> Fragment:
    """A fragment and its times. Raises NotVideo."""
    try:
        runs = _runs(init, moof)
    except (struct.error, IndexError) as error:
        raise NotVideo(why=f"fragment: {error}") from error
    leading = next((run for run in runs.values() if run.kind == b"vide"), None) or next(iter(runs.values()), None)
    if leading is None:
        raise NotVideo(why="a fragment of nothing")
    return Fragment(moof + mdat, leading.start_s, leading.duration_s, leading.is_key, runs)


def _runs(init: Init, moof: bytes) -> dict[int, Run]:
    runs = {}
    for traf in inside(moof, next(boxes(moof)), b"traf"):
        head = inside(moof, traf, b"tfhd")
        if not head:
            raise NotVideo(why="a fragment without its head")
        track_id, ticks, flags = _defaults(init, moof, head[0])
        runs[track_id] = _run(init.tracks[track_id], moof, traf, ticks, flags)
    return runs


def _defaults(init: Init, moof: bytes, head: Box) -> tuple[int, int, int]:
    """Track, ticks and flags of a sample that says nothing itself (8.8.7)."""
    told, track_id = struct.unpack_from(">II", moof, head.body)
    if track_id not in init.tracks:
        raise NotVideo(why=f"a fragment of track {track_id}, which is not described")
    at, ticks, flags = head.body + 8, init.tracks[track_id].default_ticks, init.tracks[track_id].default_flags
    at += (8 if told & 1 else 0) + (4 if told & 2 else 0)
    if told & 8:
        ticks = struct.unpack_from(">I", moof, at)[0]
        at += 4
    at += 4 if told & 0x10 else 0
    if told & 0x20:
        flags = struct.unpack_from(">I", moof, at)[0]
    return track_id, ticks, flags


def _run(track: Track, moof: bytes, traf: Box, ticks: int, flags: int) -> Run:
    start = 0
    for box in inside(moof, traf, b"tfdt"):
        start = struct.unpack_from(">Q" if moof[box.body] else ">I", moof, box.body + 4)[0]
    total, count, first_flags = 0, 0, flags
    for box in inside(moof, traf, b"trun"):
        box_ticks, samples, box_flags = _samples(moof, box, ticks, flags)
        first_flags = first_flags if count else box_flags
        total, count = total + box_ticks, count + samples
    if start > 2**53 or total > track.scale * 60:
        raise NotVideo(why="times that no session has")
    return Run(track.kind, start / track.scale, total / track.scale, count, bool(count) and not first_flags & NOT_A_KEY)


def _samples(moof: bytes, box: Box, ticks: int, flags: int) -> tuple[int, int, int]:
    """Ticks, number, and the first one's flags of the samples of a `trun` (8.8.8)."""
    told, count = struct.unpack_from(">II", moof, box.body)
    told, at = told & 0xFFFFFF, box.body + 8 + (4 if told & 1 else 0)
    first_flags = struct.unpack_from(">I", moof, at)[0] if told & 4 else None
    at += 4 if told & 4 else 0
    each = 4 * bin(told & 0xF00).count("1")
    if count > MOST_SAMPLES or at + each * count > box.end:
        raise NotVideo(why=f"{count} samples in one run")
    if first_flags is None:
        behind = 4 * bin(told & 0x300).count("1")
        first_flags = struct.unpack_from(">I", moof, at + behind)[0] if told & 0x400 and count else flags
    if not told & 0x100:
        return ticks * count, count, first_flags
    return sum(struct.unpack_from(">I", moof, at + each * place)[0] for place in range(count)), count, first_flags
