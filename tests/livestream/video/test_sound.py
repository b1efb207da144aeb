"""The sound alone, for the weakest lines: cut out of what everybody gets, and still a recording that plays."""

from __future__ import annotations

import subprocess

import pytest

from livestream.video.boxes import Init, NotVideo, Splitter, read_init
from livestream.video.remux import program
from livestream.video.sound import sound_init, sound_of, sound_track
from tests.livestream.video.filmed import film, fragments


def sound_alone(recording: bytes) -> tuple[bytes, bytes]:
    whole = Splitter().feed(recording)
    init = whole[0]
    assert isinstance(init, Init)
    head, track = sound_init(init.body), sound_track(init)
    assert head
    assert track
    return head, sound_of(b"".join(one.body for one in fragments(recording)), track)


def test_it_holds_the_sound_and_nothing_of_the_picture() -> None:
    head, body = sound_alone(film())
    init = read_init(head)
    assert [track.kind for track in init.tracks.values()] == [b"soun"]
    seconds = Splitter(init).feed(body)
    before = [run for one in fragments(film()) for run in one.runs.values() if run.kind == b"soun"]
    assert [run for one in seconds for run in one.runs.values()] == before  # type: ignore[union-attr]  # fragments only
    assert len(head + body) < len(film()) / 2


def test_a_player_hears_the_same_as_before() -> None:
    head, body = sound_alone(film())
    assert _heard(head + body) == _heard(film())


def _heard(recording: bytes) -> bytes:
    """The decoded samples' checksum."""
    command = [program(), "-v", "error", "-i", "pipe:0", "-map", "0:a", "-f", "md5", "pipe:1"]
    return subprocess.run(command, input=recording, capture_output=True, check=True).stdout


def test_a_silent_film_has_none() -> None:
    init = Splitter().feed(film(1, sound=False))[0]
    assert isinstance(init, Init)
    assert sound_init(init.body) is None


@pytest.mark.parametrize("cut", [5, 40, 300])
def test_what_is_cut_short_is_refused(cut: int) -> None:
    body = b"".join(one.body for one in fragments(film()))
    with pytest.raises(NotVideo):
        sound_of(body[:-cut], 2)
