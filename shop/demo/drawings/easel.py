"""The easel: outlines, paints and one light, from which every demo picture is made.

Coordinates are in units of a sheet 1280 wide, whatever the size of the picture, y downwards.
Every edge is drawn four times finer than the picture and reduced (16 samples a pixel).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

from shop.core.fonts import font

Point = tuple[float, float]
Outline = Sequence[Point]
Rgb = tuple[int, int, int]

SHEET = 1280.0
_FINER = 4


@dataclass(frozen=True)
class Fade:
    """Two or three colours in a straight line through the shape; 0° runs down, 90° to the right."""

    start: str
    end: str
    degrees: float = 0.0
    middle: str | None = None


@dataclass(frozen=True)
class Glow:
    """A colour that spreads from a place in the shape (0–1 of its width and height) to another."""

    centre: str
    rim: str
    at: Point = (0.38, 0.32)
    reach: float = 0.85
    middle: str | None = None


Paint = str | Fade | Glow


class Easel:
    """A picture in the making. `random` is the only source of variation, so a seed repeats a picture."""

    def __init__(self, size: tuple[int, int], seed: int | str) -> None:
        self.image = Image.new("RGB", size, "#fffaf3")
        self.random = random.Random(seed)  # noqa: S311  # variation, not secrets
        self.scale = size[0] / SHEET
        self.width = SHEET
        self.height = size[1] / self.scale

    def fill(
        self,
        shape: Outline | Sequence[Outline],
        paint: Paint,
        *,
        inside: Outline | None = None,
        soft: float = 0.0,
        alpha: float = 1.0,
    ) -> None:
        """Paints one outline or several as one; `soft` blurs the edge, `inside` cuts to another outline."""
        outlines = [o for o in _several(shape) if len(o) > 2]
        box = self._box(outlines, soft)
        if box is None:
            return
        mask = self._mask(outlines, box)
        if soft:
            mask = mask.filter(ImageFilter.GaussianBlur(soft * self.scale))
        if inside is not None:
            mask = ImageChops.multiply(mask, self._mask([inside], box))
        if alpha < 1:
            mask = mask.point([round(level * alpha) for level in range(256)])
        self.image.paste(_tile(paint, (box[2] - box[0], box[3] - box[1])), box, mask)

    def shadow(self, shape: Outline, *, dx: float = 14, dy: float = 18, soft: float = 18, alpha: float = 0.22) -> None:
        """The soft shade that an outline throws down and to the right of the light."""
        self.fill(moved(shape, dx, dy), "#4a2030", soft=soft, alpha=alpha)

    def touch(self, cx: float, cy: float, rx: float, ry: float, alpha: float = 0.3) -> None:
        """The shade where something stands on the table: tight and dark below, wide and pale around."""
        self.fill(
            oval(cx + rx * 0.12, cy + ry * 0.25, rx * 1.12, ry * 1.25), "#5a2c1c", soft=ry * 0.6, alpha=alpha * 0.55
        )
        self.fill(oval(cx, cy, rx * 0.92, ry * 0.55), "#3a1616", soft=ry * 0.26, alpha=alpha)

    def lay(self, other: Easel, inside: Outline) -> None:
        """Shows another picture of the same size through an outline."""
        box = self._box([inside], 0)
        if box is not None:
            self.image.paste(other.image.crop(box), box, self._mask([inside], box))

    def write(self, words: str, cx: float, cy: float, size: float, ink: str, weight: int = 700) -> None:
        """A line of words around a middle; without the typeface nothing is written."""
        type_ = font(max(6, round(size * self.scale)), weight)
        if type_ is not None:
            pen = ImageDraw.Draw(self.image)
            pen.text((cx * self.scale, cy * self.scale), words, fill=ink, font=type_, anchor="mm")

    def choose(self, *choices: str) -> str:
        return self.random.choice(choices)

    def between(self, least: float, most: float) -> float:
        return self.random.uniform(least, most)

    def _box(self, outlines: Sequence[Outline], soft: float) -> tuple[int, int, int, int] | None:
        if not outlines:
            return None
        xs = [x for outline in outlines for x, _ in outline]
        ys = [y for outline in outlines for _, y in outline]
        more, s = soft * 2.6, self.scale
        left, top = max(0, math.floor((min(xs) - more) * s)), max(0, math.floor((min(ys) - more) * s))
        right = min(self.image.width, math.ceil((max(xs) + more) * s) + 1)
        bottom = min(self.image.height, math.ceil((max(ys) + more) * s) + 1)
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _mask(self, outlines: Iterable[Outline], box: tuple[int, int, int, int]) -> Image.Image:
        left, top, right, bottom = box
        fine = Image.new("L", ((right - left) * _FINER, (bottom - top) * _FINER))
        pen, s = ImageDraw.Draw(fine), self.scale
        for outline in outlines:
            pen.polygon([((x * s - left) * _FINER, (y * s - top) * _FINER) for x, y in outline], fill=255)
        return fine.reduce(_FINER)


def oval(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, steps: int = 56) -> Outline:
    """An ellipse, turned by degrees clockwise."""
    around = [(2 * math.pi * i / steps) for i in range(steps)]
    return turned([(cx + rx * math.cos(t), cy + ry * math.sin(t)) for t in around], turn, (cx, cy))


def rect(left: float, top: float, right: float, bottom: float, round_: float = 0.0) -> Outline:
    """A rectangle, its corners rounded by `round_`."""
    if round_ <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    corners = [(right - round_, top + round_, -90), (right - round_, bottom - round_, 0)]
    corners += [(left + round_, bottom - round_, 90), (left + round_, top + round_, 180)]
    outline = []
    for cx, cy, start in corners:
        for step in range(9):
            t = math.radians(start + step * 90 / 8)
            outline.append((cx + round_ * math.cos(t), cy + round_ * math.sin(t)))
    return outline


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 10) -> Outline:
    """A soft line through all points (Catmull–Rom)."""
    n = len(points)

    def at(i: int) -> Point:
        return points[i % n] if closed else points[min(max(i, 0), n - 1)]

    outline: list[Point] = []
    for i in range(n if closed else n - 1):
        p0, p1, p2, p3 = at(i - 1), at(i), at(i + 1), at(i + 2)
        outline.extend(_spline(p0, p1, p2, p3, step / steps) for step in range(steps))
    return outline if closed else [*outline, points[-1]]


def ribbon(points: Sequence[Point], start: float, end: float | None = None, belly: float | None = None) -> Outline:
    """A stroke along a soft line, `start` wide at first and `end` at last, `belly` in the middle."""
    line = smooth(points, closed=False, steps=8)
    last = start if end is None else end
    left, right = [], []
    for i, (x, y) in enumerate(line):
        t = i / (len(line) - 1)
        (ax, ay), (bx, by) = line[max(i - 1, 0)], line[min(i + 1, len(line) - 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        half = (start + (last - start) * t) / 2
        if belly is not None:
            half += (belly - (start + last) / 2) / 2 * math.sin(math.pi * t)
        nx, ny = -(by - ay) / length * half, (bx - ax) / length * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]


def leaf(base: Point, tip: Point, width: float, bend: float = 0.0) -> Outline:
    """A pointed leaf; `bend` moves its belly sideways by a share of its length."""
    (x0, y0), (x1, y1) = base, tip
    nx, ny = -(y1 - y0), x1 - x0
    middle = ((x0 + x1) / 2 + nx * bend, (y0 + y1) / 2 + ny * bend)
    return ribbon([base, middle, tip], width * 0.08, 0.5, belly=width)


def turned(outline: Outline, degrees: float, around: Point) -> Outline:
    """The outline turned clockwise around a point."""
    if not degrees:
        return outline
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    ax, ay = around
    return [(ax + (x - ax) * c - (y - ay) * s, ay + (x - ax) * s + (y - ay) * c) for x, y in outline]


def moved(outline: Outline, dx: float, dy: float) -> Outline:
    return [(x + dx, y + dy) for x, y in outline]


def grown(outline: Outline, share: float, around: Point) -> Outline:
    """The outline made larger (share > 1) or smaller around a point."""
    ax, ay = around
    return [(ax + (x - ax) * share, ay + (y - ay) * share) for x, y in outline]


def blend(first: str, second: str, share: float) -> str:
    """The colour that lies `share` of the way from the first to the second."""
    pairs = zip(ImageColor.getrgb(first)[:3], ImageColor.getrgb(second)[:3], strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _several(shape: Outline | Sequence[Outline]) -> Sequence[Outline]:
    if not shape or isinstance(shape[0], tuple):
        return [shape]  # type: ignore[list-item]  # one outline, told apart by its first point
    return shape  # type: ignore[return-value]  # several


def _spline(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    a, b = -0.5 * t + t * t - 0.5 * t**3, 1 - 2.5 * t * t + 1.5 * t**3
    c, d = 0.5 * t + 2 * t * t - 1.5 * t**3, -0.5 * t * t + 0.5 * t**3
    return (a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0], a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1])


def _tile(paint: Paint, size: tuple[int, int]) -> Image.Image | str:
    if isinstance(paint, str):
        return paint
    levels = _slope(round(paint.degrees)) if isinstance(paint, Fade) else _spread(paint.at, paint.reach)
    first, last = (paint.start, paint.end) if isinstance(paint, Fade) else (paint.centre, paint.rim)
    if paint.middle is None:
        return ImageOps.colorize(levels.resize(size, Image.Resampling.BILINEAR), first, last)
    return ImageOps.colorize(levels.resize(size, Image.Resampling.BILINEAR), first, last, mid=paint.middle)


@lru_cache(maxsize=512)
def _slope(degrees: int) -> Image.Image:
    """0 to 255 across a square in the given direction."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    reach = (abs(c) + abs(s)) or 1.0
    side = [(i + 0.5) / 32 - 1 for i in range(64)]
    levels = [round(127.5 + 127.5 * (x * s + y * c) / reach) for y in side for x in side]
    return _levels(levels)


@lru_cache(maxsize=256)
def _spread(at: Point, reach: float) -> Image.Image:
    side = [(i + 0.5) / 64 for i in range(64)]
    return _levels([min(255, round(255 * math.hypot(x - at[0], y - at[1]) / reach)) for y in side for x in side])


def _levels(levels: list[int]) -> Image.Image:
    return Image.frombytes("L", (64, 64), bytes(levels))
