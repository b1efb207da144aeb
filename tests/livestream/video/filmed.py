"""Recordings as a phone makes them: fragmented MP4, a key frame every second, cut into pieces of a second."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest

from livestream.video.boxes import Fragment, Init, Splitter
from livestream.video.remux import program

FPS = 20


@lru_cache
def film(seconds: int = 4, *, sound: bool = True, size: str = "160x288", codec: str = "libx264") -> bytes:
    """A test picture, with a tone if `sound`, each key frame a fragment, as Chromium's recorder makes it."""
    picture = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate={FPS}:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}", "-c:a", "aac"] if sound else []
    coded = ["-c:v", codec, "-pix_fmt", "yuv420p", "-g", str(FPS)]
    coded += ["-preset", "ultrafast", "-tune", "zerolatency"] if codec == "libx264" else []
    shape = ["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "pipe:1"]
    command = [program(), "-v", "error", "-threads", "1", *picture, *tone, *coded, *shape]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"this ffmpeg makes no {codec}: {made.stderr.decode()[-200:]}")
    return made.stdout


@contextmanager
def encoder(file: Path, to: str) -> Iterator[subprocess.Popen[bytes]]:
    """ffmpeg in the place of OBS: the film in `file` again and again by RTMP, no faster than it is, until the end."""
    command = [program(), "-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(file)]
    command += ["-c:v", "copy", "-c:a", "aac", "-f", "flv", to]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def pieces(recording: bytes) -> list[bytes]:
    """The recording as a phone sends it: the init with the first second, then second by second."""
    whole = Splitter().feed(recording)
    bodies = [one.body for one in whole]
    assert isinstance(whole[0], Init)
    return [bodies[0] + bodies[1], *bodies[2:]]


def fragments(recording: bytes) -> list[Fragment]:
    return [one for one in Splitter().feed(recording) if isinstance(one, Fragment)]
