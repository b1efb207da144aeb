"""What a player is told from the first second to the last: live, over every break, with a picture and without."""

from __future__ import annotations

import subprocess
from functools import partial
from itertools import pairwise

import pytest

from livestream.video.remux import program
from tests.livestream.video.filmed import film, pieces
from tests.livestream.video.phone import Phone, fetch, listed, until
from tests.livestream.video.playlists import Playlist, read, require_follows, require_valid

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
SIZES = ("160x288", "288x160", "160x288", "288x160")
SECONDS = 6


def test_criterion_14_a_line_with_three_breaks_is_one_playlist_that_goes_on(phone: Phone, base: str) -> None:
    """Criterion 14: four recordings, both kinds of playlist read after each second that was sent."""
    phone.take()
    told: dict[str, list[Playlist]] = {"1": [], "0": []}
    for epoch, size in enumerate(SIZES, 1):
        for piece in pieces(film(SECONDS, size=size)):
            phone.send([piece])
            for low_latency, before in told.items():
                answer = fetch(base, phone.live_id, "index.m3u8", ll=low_latency)
                before += [read(answer.text)] if answer.status_code == 200 else []
        until(partial(_has, base, phone.live_id, f"init-{epoch}.mp4"))
        phone.new_epoch()
    for low_latency, before in told.items():
        until(partial(_has_breaks, base, phone.live_id, low_latency, len(SIZES) - 1))  # parts come before segments do
        before.append(listed(base, phone.live_id, ll=low_latency))
        for one, next_one in pairwise(before):
            require_valid(next_one)
            require_follows(one, next_one)


def _has_breaks(base: str, live_id: int, low_latency: str, wanted: int) -> bool:
    told = listed(base, live_id, ll=low_latency)
    return told.breaks_before + sum(one.breaks for one in told.segments) == wanted


def _has(base: str, live_id: int, name: str) -> bool:
    return name in fetch(base, live_id, "index.m3u8").text


def test_on_the_weakest_line_the_sound_goes_alone(phone: Phone, base: str) -> None:
    phone.take()
    assert fetch(base, phone.live_id, "audio.m3u8").status_code == 503
    phone.send(pieces(film(8)))
    listed(base, phone.live_id, 3, ll="0")
    text = fetch(base, phone.live_id, "audio.m3u8").text
    require_valid(read(text.replace(".a.m4s", ".m4s")))
    first = read(text).segments[0]
    assert (first.map, first.uri) == ("init-1.a.mp4", "0.a.m4s")
    head, body = (fetch(base, phone.live_id, name).content for name in (first.map, first.uri))
    assert abs(_heard_s(head + body) - first.duration_s) < 0.1


def _heard_s(film_of_sound: bytes) -> float:
    """Seconds of sound that a player gets out of it: 44,100 samples each, two bytes a sample."""
    command = [
        program(),
        "-v",
        "error",
        "-i",
        "pipe:0",
        "-map",
        "0",
        "-ar",
        "44100",
        "-ac",
        "1",
        "-f",
        "s16le",
        "pipe:1",
    ]
    return len(subprocess.run(command, input=film_of_sound, capture_output=True, check=True).stdout) / 88_200
