"""The moving picture of the demo's live rooms: a host at her stall, drawn by our own code, twenty seconds that loop."""

from __future__ import annotations

import math
import os
import resource
import shutil
import subprocess
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from shop.core.files import write_durably
from shop.demo import stall

SIZE = (540, 960)
SECONDS, FRAMES_PER_S = 20, 15
FRAMES = SECONDS * FRAMES_PER_S
KEY = "clips/demo-quay-hang.mp4"
POSTER = "clips/demo-quay-hang.jpg"
SHOWN = ("red", "white", "purple", "yellow")
_ENCODE_SECONDS = 120
_ENCODE_CPU_SECONDS = 90


class NoEncoder(Exception):
    """There is no ffmpeg that runs: neither the system's nor the one of the package imageio-ffmpeg."""


def make_clip(media_dir: Path, frames: int = FRAMES) -> str:
    """The clip's path in the media folder; drawn and encoded (H.264, no sound) when it is not there yet.

    A picture of it lies beside it as a JPEG, also when NoEncoder is raised: a room then shows a still picture.
    """
    target = media_dir / KEY
    if target.exists():
        return KEY
    unfinished = target.with_suffix(".part.mp4")
    target.parent.mkdir(parents=True, exist_ok=True)
    scene = Scene()
    scene.frame(FRAMES // 8).save(media_dir / POSTER, "jpeg", quality=82, optimize=True)
    _encode(map(scene.frame, range(frames)), unfinished)
    write_durably(target, unfinished.read_bytes())
    unfinished.unlink()
    return KEY


def encoder() -> str:
    """The ffmpeg to run: the system's, else the one that imageio-ffmpeg carries. Raises NoEncoder."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as missing:
        raise NoEncoder("no ffmpeg on this machine") from missing


def _encode(frames: Iterable[Image.Image], target: Path) -> None:
    """A separate process of low priority and limited time, fed frame by frame."""
    source = f"-f rawvideo -pix_fmt rgb24 -s {SIZE[0]}x{SIZE[1]} -r {FRAMES_PER_S} -i -"
    picture = "-c:v libx264 -profile:v main -preset veryfast -crf 27 -pix_fmt yuv420p -g 30 -threads 1"
    command = [encoder(), "-nostdin", "-loglevel", "error", "-y", *source.split(), *picture.split()]
    work = subprocess.Popen([*command, "-movflags", "+faststart", str(target)], stdin=subprocess.PIPE)
    os.setpriority(os.PRIO_PROCESS, work.pid, 10)
    if hasattr(resource, "prlimit"):
        resource.prlimit(work.pid, resource.RLIMIT_CPU, (_ENCODE_CPU_SECONDS, _ENCODE_CPU_SECONDS))
    try:
        with work.stdin as pipe:  # type: ignore[union-attr]  # it is a pipe
            for frame in frames:
                pipe.write(frame.tobytes())
        ended = work.wait(_ENCODE_SECONDS)
    except (BrokenPipeError, subprocess.TimeoutExpired) as broken:
        work.kill()
        work.wait()
        raise NoEncoder("ffmpeg gave up") from broken
    if ended != 0:
        raise NoEncoder(f"ffmpeg ended with {ended}")


class Scene:
    """The stall at any moment of the loop: layers painted once, laid over one another for each frame.

    Every motion is a whole number of turns in the loop, so the end meets the beginning.
    """

    def __init__(self) -> None:
        self.behind = stall.orchard((1536, 960))
        self.hosts = {
            (blinks, speaks): stall.cut_out(partial(stall.host, blinks=blinks, speaks=speaks), (500, 500))
            for blinks in (False, True)
            for speaks in (False, True)
        }
        self.arm = stall.cut_out(stall.waving_arm, (230, 230))
        self.fruits = [stall.cut_out(partial(stall.shown_fruit, kind=kind), (180, 200)) for kind in SHOWN]
        self.palm = ImageOps.mirror(stall.cut_out(stall.palm_up, (210, 160)))
        self.counter = stall.cut_out(stall.counter, (540, 420))
        self.awning = stall.cut_out(stall.awning, (560, 160))
        self.lantern = stall.cut_out(stall.lantern, (84, 84))
        self.clock = stall.cut_out(stall.clock_face, (72, 72))
        self.hand = stall.cut_out(stall.clock_hand, (72, 72))
        self.beam = stall.cut_out(stall.sunbeam, SIZE)

    def frame(self, number: int) -> Image.Image:
        """One of the FRAMES pictures, counted from 0; after the last comes the first."""
        number %= FRAMES
        turn = math.tau * number / FRAMES
        left = 498 + round(26 * math.sin(turn))
        frame = self.behind.crop((left, 0, left + SIZE[0], SIZE[1]))
        sway = round(5 * math.sin(turn * 3))
        blinks, speaks = number % 47 < 3, (number // 3) % 2 == 0 and number % 75 < 51
        arm = self.arm.rotate(13 * math.sin(turn * 12) + 6, Image.Resampling.BILINEAR, center=(115, 212))
        _lay(frame, arm, -36 + sway, 400)
        _lay(frame, self.hosts[blinks, speaks], 20 + sway, 190 + round(3 * math.sin(turn * 9)))
        _lay(frame, self.counter, 0, 560)
        self._show_fruit(frame, number, turn)
        for x, phase in ((66, 0.0), (228, 2.1), (390, 4.2)):
            swung = self.lantern.rotate(9 * math.sin(turn * 5 + phase), Image.Resampling.BILINEAR, center=(42, 0))
            _lay(frame, swung, x, 104)
        _lay(frame, self.awning, -10 + round(4 * math.sin(turn * 4)), 0)
        _lay(frame, self.clock, 402, 196)
        _lay(frame, self.hand.rotate(-360 * number / FRAMES, Image.Resampling.BICUBIC), 402, 196)
        _lay(frame, self.beam, round(60 * math.sin(turn)), 0)
        return frame

    def _show_fruit(self, frame: Image.Image, number: int, turn: float) -> None:
        """One kind after the other: it grows into the hand, turns a little, and makes room for the next."""
        per_kind = FRAMES // len(SHOWN)
        kind, at = divmod(number, per_kind)
        size = min(1.0, (at + 1) / 6, (per_kind - at) / 6)
        lift = round(7 * math.sin(turn * 8))
        fruit = self.fruits[kind].rotate(10 * math.sin(turn * 8), Image.Resampling.BILINEAR)
        wide, tall = max(1, round(180 * size)), max(1, round(200 * size))
        _lay(frame, self.palm.crop((0, 0, 210, 82 - lift)), 292, 606 + lift)  # the arm comes from behind the counter
        _lay(frame, fruit.resize((wide, tall), Image.Resampling.BILINEAR), 420 - wide // 2, 646 - tall + lift)


def _lay(frame: Image.Image, layer: Image.Image, x: int, y: int) -> None:
    frame.paste(layer, (x, y), layer)
