"""The sound alone, taken out of fragments that hold picture and sound: for lines too weak for any picture.

Nothing is encoded again: the boxes of the other tracks are left out and the samples of the sound put one after the
other. Source: ISO/IEC 14496-12, 8.8 (movie fragments).
"""

from __future__ import annotations

import struct

from livestream.video.boxes import Box, Init, NotVideo, boxes, inside, read_init


def sound_init(body: bytes) -> bytes | None:
    """The init of the sound's track; None when there is no sound. Raises NotVideo."""
    init = read_init(body)
    track_id = sound_track(init)
    if track_id is None:
        return None
    return b"".join(
        _moov(body, box, track_id) if box.kind == b"moov" else body[box.start : box.end] for box in boxes(body)
    )


def sound_track(init: Init) -> int | None:
    """The number of the sound's track."""
    return next((track.id for track in init.tracks.values() if track.kind == b"soun"), None)


def _moov(body: bytes, moov: Box, track_id: int) -> bytes:
    kept = []
    for box in boxes(body, moov.body, moov.end):
        if box.kind == b"trak" and _number(body, inside(body, box, b"tkhd")[0]) != track_id:
            continue
        if box.kind == b"mvex":
            inner = [
                one for one in boxes(body, box.body, box.end) if one.kind != b"trex" or _first(body, one) == track_id
            ]
            kept.append(_box(b"mvex", *(body[one.start : one.end] for one in inner)))
        else:
            kept.append(body[box.start : box.end])
    return _box(b"moov", *kept)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _number(body: bytes, tkhd: Box) -> int:
    return int(struct.unpack_from(">I", body, tkhd.body + (20 if body[tkhd.body] else 12))[0])


def _first(body: bytes, box: Box) -> int:
    """The track's number in a `trex` or `tfhd`: it follows version and flags."""
    return int(struct.unpack_from(">I", body, box.body + 4)[0])


def sound_of(segment: bytes, track_id: int) -> bytes:
    """The fragments of a segment with nothing but the sound. Raises NotVideo."""
    try:
        return b"".join(_fragments(segment, track_id))
    except (struct.error, IndexError) as error:
        raise NotVideo(why=f"sound: {error}") from error


def _fragments(segment: bytes, track_id: int) -> list[bytes]:
    found, moof = [], None
    for box in boxes(segment):
        if box.kind == b"moof":
            moof = box
        elif box.kind == b"mdat" and moof is not None:
            found += _fragment(segment, moof, track_id)
    return found


def _fragment(segment: bytes, moof: Box, track_id: int) -> list[bytes]:
    heads = [segment[box.start : box.end] for box in boxes(segment, moof.body, moof.end) if box.kind == b"mfhd"]
    for traf in inside(segment, moof, b"traf"):
        if _first(segment, inside(segment, traf, b"tfhd")[0]) == track_id:
            return _alone(segment, moof, traf, heads)
    return []


def _alone(segment: bytes, moof: Box, traf: Box, heads: list[bytes]) -> list[bytes]:
    """A `moof` with this `traf` alone, its runs pointing into a new `mdat`; offsets count from the `moof`."""
    size = 8 + sum(map(len, heads)) + traf.end - traf.start
    body, samples = [], b""
    for box in boxes(segment, traf.body, traf.end):
        raw = bytearray(segment[box.start : box.end])
        if box.kind == b"trun":
            offset, length = _place(segment, box)
            struct.pack_into(">i", raw, 16, size + 8 + len(samples))
            samples += segment[moof.start + offset : moof.start + offset + length]
        body.append(bytes(raw))
    return [_box(b"moof", *heads, _box(b"traf", *body)), _box(b"mdat", samples)]


def _place(segment: bytes, trun: Box) -> tuple[int, int]:
    """Where the samples of a run begin, and how many bytes they are: each says its size, as our own program writes."""
    told, count, offset = struct.unpack_from(">IIi", segment, trun.body)
    if not told & 1 or not told & 0x200:
        raise NotVideo(why="a run that does not say where its samples are")
    at = trun.body + 12 + (4 if told & 4 else 0)
    each, before = 4 * bin(told & 0xF00).count("1"), 4 if told & 0x100 else 0
    sizes = (struct.unpack_from(">I", segment, at + each * place + before)[0] for place in range(count))
    return offset, sum(sizes)
