"""The moving picture of the demo's live rooms: a host at her stall, drawn by our own code, twelve seconds that loop."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageChops

from shop.demo import drawings
from shop.demo.drawings import packs, people
from shop.demo.drawings.easel import Easel, Fade, leaf, oval, rect, ribbon
from shop.demo.drawings.fruit import RED, VARIETIES, Place, half, whole

SIZE = (540, 960)
SECONDS, FRAMES_PER_S = 12, 15
KEY = "clips/demo-quay-hang.mp4"
POSTER = "clips/demo-quay-hang.jpg"
ENCODE_SECONDS = 120


class NoEncoder(Exception):
    """There is no ffmpeg: neither the system's nor the one of the package imageio-ffmpeg."""


def make_clip(media_dir: Path) -> str:
    """The clip's path in the media folder; drawn and encoded (H.264, no sound) when it is not there yet.

    A picture for the time before it plays lies beside it, under the same name as JPEG. Raises NoEncoder.
    """
    target = media_dir / KEY
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part.mp4")
        _encode(_frames(), unfinished)
        next(_frames()).save(media_dir / POSTER, "jpeg", quality=80, optimize=True)
        unfinished.replace(target)
    return KEY


def encoder() -> str:
    """The ffmpeg to run: the system's, else the one that imageio-ffmpeg carries. Raises NoEncoder."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise NoEncoder from error


def _encode(frames: Iterator[Image.Image], target: Path) -> None:
    source = f"-f rawvideo -pix_fmt rgb24 -s {SIZE[0]}x{SIZE[1]} -r {FRAMES_PER_S} -i -"
    picture = "-c:v libx264 -profile:v main -preset veryfast -crf 28 -pix_fmt yuv420p -g 30 -threads 1"
    command = [encoder(), "-nostdin", "-loglevel", "error", "-y", *source.split(), *picture.split()]
    command += ["-movflags", "+faststart", str(target)]
    work = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert work.stdin is not None  # noqa: S101  it is a pipe
    with work.stdin as pipe:
        for frame in frames:
            pipe.write(frame.tobytes())
    if work.wait(ENCODE_SECONDS) != 0:
        raise NoEncoder


def _frames() -> Iterator[Image.Image]:
    behind = drawings.draw("place-vuon").crop((330, 0, 870, 960))
    host = _cut_out(lambda easel: people.figure(easel, people.LOOKS[0]), (560, 420))
    arm = _cut_out(_waving_arm, (560, 420))
    stall = _cut_out(_stall, SIZE)
    fruit = _cut_out(lambda easel: half(easel, RED, Place(640, 480, 330)), (240, 180))
    shade = _cut_out(_leaves, (760, 300))
    for number in range(SECONDS * FRAMES_PER_S):
        turn = 2 * math.pi * number / (SECONDS * FRAMES_PER_S)
        frame = behind.copy()
        sway = round(5 * math.sin(turn * 6))
        _lay(frame, host, -10 + sway // 2, 230 + round(3 * math.sin(turn * 12)))
        _lay(
            frame,
            arm.rotate(8 * math.sin(turn * 18), Image.Resampling.BILINEAR, center=(420, 400)),
            -10 + sway // 2,
            230,
        )
        _lay(frame, stall, 0, 0)
        held = fruit.rotate(16 * math.sin(turn * 3), Image.Resampling.BICUBIC)
        _lay(frame, held, 150, 556 + round(14 * math.sin(turn * 6)))
        _lay(frame, shade, -110 + round(14 * math.sin(turn * 2)), -60 + round(6 * math.cos(turn * 4)))
        yield frame


def _lay(frame: Image.Image, layer: Image.Image, x: int, y: int) -> None:
    frame.paste(layer, (x, y), layer)


def _cut_out(drawing: Callable[[Easel], None], size: tuple[int, int]) -> Image.Image:
    """What is drawn and nothing behind it: drawn on white and on black, the difference is what shines through."""
    on_white, on_black = (_on(paper, drawing, size) for paper in ("#ffffff", "#000000"))
    through = ImageChops.difference(on_white, on_black).convert("L")
    cut = on_white.convert("RGBA")
    cut.putalpha(ImageChops.invert(through))
    return cut


def _on(paper: str, drawing: Callable[[Easel], None], size: tuple[int, int]) -> Image.Image:
    easel = Easel(size, 7)
    easel.fill(rect(-5, -5, easel.width + 5, easel.height + 5), paper)
    drawing(easel)
    return easel.image


def _waving_arm(easel: Easel) -> None:
    easel.fill(ribbon([(960, 900), (1080, 760), (1060, 600)], 120, 86), "#7a358a")
    easel.fill(ribbon([(1062, 640), (1058, 560)], 70, 62), "#d99a6c")
    easel.fill(oval(1058, 500, 62, 74), Fade("#e6ae82", "#c98a5c", 30))
    fingers = [ribbon([(1058 + at * 26, 470), (1058 + at * 40, 380 + abs(at) * 14)], 28, 22) for at in (-2, -1, 0, 1)]
    easel.fill([*fingers, ribbon([(1110, 510), (1150, 470)], 28, 22)], "#e0a679")


def _stall(easel: Easel) -> None:
    """The counter with crates: whole fruit on the left and right, halves in front."""
    top = 1560.0
    easel.fill(rect(-20, top, 1300, 2320), Fade("#c98f55", "#7a4e28", 0))
    easel.fill(rect(-20, top, 1300, top + 34), "#e8c090")
    for board in (1760.0, 1960.0, 2150.0):
        easel.fill(rect(-20, board, 1300, board + 8), "#5f3a1c", alpha=0.5)
    for x, kind in ((230, "red"), (1060, "white")):
        for row, count in enumerate((3, 4)):
            for at in range(count):
                across = x + (at - (count - 1) / 2) * 120
                whole(easel, VARIETIES[kind], Place(across, top - 130 + row * 70, 84, easel.between(-12, 12)))
        easel.fill(rect(x - 250, top - 20, x + 250, top + 130, 14), Fade("#ecc281", "#a87434", 0))
        easel.fill([rect(x - 250, top + 40, x + 250, top + 48)], "#7a4e1e", alpha=0.6)
    packs.fruit_emblem("red")(easel, 640, 1900, 150)


def _leaves(easel: Easel) -> None:
    for at in range(22):
        x = at * 62 + easel.between(-14, 14)
        tip = (x + easel.between(-60, 60), easel.between(210, 360))
        easel.fill(leaf((x, -10), tip, easel.between(46, 76)), Fade(easel.choose("#3f7a38", "#4f8f3f"), "#8cc45e", 0))
