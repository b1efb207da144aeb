"""What a player may rely on in a live playlist, checked from the outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Listed:
    """One segment of a playlist as its player reads it; `duration_s` is 0 while it grows."""

    uri: str = ""
    duration_s: float = 0.0
    breaks: bool = False
    map: str = ""
    begins_at: datetime | None = None
    parts: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Playlist:
    target_s: int
    part_target_s: float
    sequence: int
    breaks_before: int
    segments: list[Listed]
    growing: Listed
    ended: bool
    hint: str


def read(text: str) -> Playlist:
    """Raises AssertionError when it is no playlist."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    segments, growing, current_map = [], Listed(), ""
    for line in lines:
        tag, _, value = line.partition(":")
        match tag:
            case "#EXT-X-DISCONTINUITY":
                growing.breaks = True
            case "#EXT-X-MAP":
                current_map = value.removeprefix('URI="').removesuffix('"')
            case "#EXT-X-PROGRAM-DATE-TIME":
                growing.begins_at = datetime.fromisoformat(value)
            case "#EXT-X-PART":
                found = re.fullmatch(r'DURATION=([\d.]+),URI="([^"]+)"(,INDEPENDENT=YES)?', value)
                assert found, line
                growing.parts.append((found[2], float(found[1])))
            case "#EXTINF":
                growing.duration_s = float(value.rstrip(","))
        if line and not line.startswith("#"):
            growing.uri, growing.map = line, current_map
            segments.append(growing)
            growing = Listed()
    growing.map = current_map

    def one(tag: str, default: str = "0") -> str:
        found = re.findall(rf"^#EXT-X-{tag}:(.+)$", text, re.M)
        assert len(found) <= 1, tag
        return str(found[0]) if found else default

    return Playlist(
        int(one("TARGETDURATION")),
        float(one("PART-INF", "PART-TARGET=0").removeprefix("PART-TARGET=")),
        int(one("MEDIA-SEQUENCE")),
        int(one("DISCONTINUITY-SEQUENCE")),
        segments,
        growing,
        "#EXT-X-ENDLIST" in lines,
        one("PRELOAD-HINT", ""),
    )


def require_valid(made: Playlist) -> None:
    """The rules of RFC 8216 and its low-latency draft that a player stumbles over."""
    assert made.target_s == 4
    for listed in made.segments:
        assert round(listed.duration_s) <= made.target_s
        assert listed.map
        assert listed.begins_at
        if listed.parts:
            assert abs(sum(length for _, length in listed.parts) - listed.duration_s) < 0.01
    for listed in [*made.segments, made.growing]:
        assert all(0 < length <= made.part_target_s + 0.001 for _, length in listed.parts)
    in_parts = [bool(listed.parts) for listed in made.segments]
    assert in_parts == sorted(in_parts), "a player goes from part to part, past what lies between two that are listed"
    numbers = [int(listed.uri.removesuffix(".m4s")) for listed in made.segments]
    assert numbers == list(range(made.sequence, made.sequence + len(numbers)))
    times = [listed.begins_at for listed in made.segments if listed.begins_at]
    assert times == sorted(times)
    assert not (made.ended and made.hint)


def require_follows(before: Playlist, after: Playlist) -> None:
    """Nothing that was said is taken back: numbers rise, what is still listed is the same, breaks are counted."""
    gone = after.sequence - before.sequence
    assert gone >= 0
    assert after.target_s == before.target_s
    kept = before.segments[gone:]
    for old, new in zip(kept, after.segments, strict=False):
        assert (old.uri, old.duration_s, old.breaks, old.map, old.begins_at) == (
            new.uri,
            new.duration_s,
            new.breaks,
            new.map,
            new.begins_at,
        )
    if after.part_target_s and not after.ended:
        goes_on = after.segments[len(kept)] if len(after.segments) > len(kept) else after.growing
        assert goes_on.parts[: len(before.growing.parts)] == before.growing.parts
    if gone <= len(before.segments):
        assert after.breaks_before == before.breaks_before + sum(one.breaks for one in before.segments[:gone])
    else:
        assert after.breaks_before >= before.breaks_before
    if before.growing.breaks and len(after.segments) > len(kept):
        assert after.segments[len(kept)].breaks
