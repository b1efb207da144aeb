"""Dragon fruit: whole, cut, in slices, of four kinds, with the proportions of the real fruit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shop.demo.drawings.easel import (
    Easel,
    Fade,
    Glow,
    Outline,
    Point,
    blend,
    grown,
    moved,
    oval,
    ribbon,
    smooth,
    turned,
)


@dataclass(frozen=True)
class Variety:
    """The colours of one kind of dragon fruit, from light to dark."""

    skin_light: str
    skin: str
    skin_dark: str
    scale_middle: str
    tip: str
    flesh: str
    flesh_rim: str
    seed: str
    rind: str


WHITE = Variety("#f0577f", "#d3215f", "#8f0f47", "#e2496f", "#a9bf4a", "#fffefb", "#f3eeea", "#231a1e", "#e8407a")
RED = Variety("#e8486f", "#c4184f", "#820a3a", "#d63c60", "#93ad3f", "#b80f52", "#98073f", "#1c0710", "#e03a72")
PURPLE = Variety("#ee6a99", "#d03a7c", "#8d1a58", "#e0608c", "#a4b84c", "#d65aa6", "#b93a8a", "#2a0f22", "#e774a8")
YELLOW = Variety("#ffe270", "#f3bf2c", "#c07f10", "#f6d45a", "#a8b445", "#fffef8", "#f5f1e4", "#231c16", "#f2c53a")
VARIETIES = {"white": WHITE, "red": RED, "purple": PURPLE, "yellow": YELLOW}


@dataclass(frozen=True)
class Place:
    """Where a fruit lies: its centre, half width, and how it is turned (degrees clockwise)."""

    x: float
    y: float
    half: float
    turn: float = 0.0

    def put(self, outline: Outline) -> Outline:
        """From the fruit's own measure (half width 1, the crown up) to the sheet."""
        placed = [(self.x + px * self.half, self.y + py * self.half) for px, py in outline]
        return turned(placed, self.turn, (self.x, self.y))


_LONG = 1.2  # half length over half width: LĐ1 and Bình Thuận white are 1.15 to 1.3
_ROWS = ((0.78, 5, 0.60), (0.44, 6, 0.72), (0.06, 7, 0.70), (-0.34, 6, 0.58), (-0.68, 5, 0.42))


def whole(easel: Easel, kind: Variety, place: Place, spin: float | None = None) -> None:
    """A whole fruit: scales behind, the body in its light, scales in front from the crown down."""
    spin = easel.between(0, 1) if spin is None else spin
    scales = [scale for row in range(len(_ROWS)) for scale in _row(row, spin)]
    apart(easel, kind, place)
    _crown(easel, kind, place, behind=True)
    for scale in scales:
        if scale.depth <= 0.12:
            _draw_scale(easel, kind, place, scale)
    _body(easel, kind, place)
    _crown(easel, kind, place, behind=False)
    for scale in scales:
        if scale.depth > 0.12:
            _draw_scale(easel, kind, place, scale)


def apart(easel: Easel, kind: Variety, place: Place) -> None:
    """A dim edge that keeps a fruit apart from the one behind it."""
    edge = place.put(grown(body_outline(), 1.05, (0, 0)))
    easel.fill(edge, blend(kind.skin_dark, "#2a1018", 0.4), soft=place.half * 0.11, alpha=0.42)


def body_outline() -> Outline:
    """The fruit's silhouette without scales, a little fuller below the middle."""
    ring = [2 * math.pi * i / 64 for i in range(64)]
    return [(math.cos(t) * (1 + 0.05 * math.sin(t)), math.sin(t) * _LONG) for t in ring]


def _body(easel: Easel, kind: Variety, place: Place) -> None:
    outline = place.put(body_outline())
    easel.fill(outline, Glow(kind.skin_light, kind.skin_dark, (0.36, 0.34), 0.95, kind.skin))
    shade = place.put(moved(grown(body_outline(), 0.98, (0, 0)), -0.30, -0.22))
    easel.fill(outline, kind.skin_dark, alpha=0.16)
    easel.fill(shade, kind.skin, inside=outline, soft=place.half * 0.16, alpha=0.55)
    easel.fill(_lit(place, 0.34), kind.skin_light, inside=outline, soft=place.half * 0.15, alpha=0.65)


def _lit(place: Place, size: float) -> Outline:
    """The place on a round body that looks into the light, however the fruit is turned."""
    return oval(
        place.x - place.half * 0.32, place.y - place.half * 0.42, place.half * size, place.half * size * 1.3, 20
    )


@dataclass(frozen=True)
class _Scale:
    base_left: Point
    base_right: Point
    tip: Point
    bulge: float
    depth: float


def _row(row: int, spin: float) -> list[_Scale]:
    height, count, length = _ROWS[row]
    scales = []
    for i in range(count):
        around = 2 * math.pi * (i + spin + row * 0.5) / count
        scales.append(_scale(math.asin(height), around, length))
    return sorted(scales, key=lambda scale: scale.depth)


def _scale(latitude: float, around: float, length: float) -> _Scale:
    """One leaf-like scale that grows from the round skin towards the crown and away from it."""
    ring, side, depth = math.cos(latitude), math.sin(around), math.cos(around)
    base = (ring * side, -math.sin(latitude) * _LONG)
    up = (-math.sin(latitude) * side, -math.cos(latitude) * _LONG)
    out = (ring * side, -math.sin(latitude))
    tip = (base[0] + length * (0.62 * up[0] + 0.5 * out[0]), base[1] + length * (0.72 * up[1] + 0.34 * out[1]))
    half = 0.25 * (0.22 + 0.78 * abs(depth)) * (0.75 + 0.25 * ring)
    left, right = (base[0] - half - 0.06 * side, base[1]), (base[0] + half - 0.06 * side, base[1])
    return _Scale(left, right, tip, 0.10 * side, depth)


def _scale_outline(scale: _Scale) -> Outline:
    (lx, ly), (rx, ry), (tx, ty) = scale.base_left, scale.base_right, scale.tip
    mx, my = (lx + rx) / 2, (ly + ry) / 2
    left = (lx + (tx - mx) * 0.40 + scale.bulge, ly + (ty - my) * 0.42)
    right = (rx + (tx - mx) * 0.40 + scale.bulge, ry + (ty - my) * 0.42)
    near = ((left[0] + tx * 2.6) / 3.6, (left[1] + ty * 2.0) / 3.0)
    far = ((right[0] + tx * 2.6) / 3.6, (right[1] + ty * 2.0) / 3.0)
    return smooth([(mx, my + 0.06), (lx, ly), left, near, (tx, ty), far, right, (rx, ry)], steps=5)


def _draw_scale(easel: Easel, kind: Variety, place: Place, scale: _Scale) -> None:
    outline = place.put(_scale_outline(scale))
    if scale.depth > 0.3:
        easel.fill(
            moved(outline, place.half * 0.05, place.half * 0.04), kind.skin_dark, soft=place.half * 0.035, alpha=0.45
        )
    (mx, my), (tx, ty) = _middle(place, scale), place.put([scale.tip])[0]
    degrees = math.degrees(math.atan2(tx - mx, ty - my))
    shade = min(1.0, max(0.0, 0.18 + 0.34 * (mx - place.x + my - place.y) / place.half))
    base = blend(kind.skin, kind.skin_dark, shade)
    tip = blend(kind.tip, kind.skin_dark, shade * 0.25)
    easel.fill(outline, Fade(base, tip, degrees, blend(kind.scale_middle, kind.skin_dark, shade * 0.5)))


def _middle(place: Place, scale: _Scale) -> Point:
    (lx, ly), (rx, ry) = scale.base_left, scale.base_right
    return place.put([((lx + rx) / 2, (ly + ry) / 2)])[0]


def _crown(easel: Easel, kind: Variety, place: Place, *, behind: bool) -> None:
    """The tuft of long scales at the flower end."""
    spread = (-46, -24, -4, 18, 42) if behind else (-30, 30, -8, 10)
    for degrees in spread:
        lean = math.radians(degrees + easel.between(-4, 4))
        root = (0.42 * math.sin(lean), -_LONG + (0.14 if behind else 0.22))
        length = easel.between(0.52, 0.62) if behind else easel.between(0.36, 0.44)
        knee = (root[0] + math.sin(lean) * length * 0.55, root[1] - math.cos(lean) * length * 0.5)
        tip = (root[0] + math.sin(lean * 1.35) * length * 1.1, root[1] - math.cos(lean * 1.2) * length)
        outline = place.put(ribbon([root, knee, tip], 0.30, 0.02, belly=0.22))
        (bx, by), (tx, ty) = place.put([root, tip])
        colour = kind.skin_dark if behind else kind.skin
        easel.fill(outline, Fade(colour, kind.tip, math.degrees(math.atan2(tx - bx, ty - by)), kind.scale_middle))


def half(easel: Easel, kind: Variety, place: Place) -> None:
    """A fruit cut lengthwise: scales at the edge, thin skin, flesh full of seeds."""
    apart(easel, kind, place)
    _crown(easel, kind, place, behind=True)
    for row in range(len(_ROWS)):
        height, _, length = _ROWS[row]
        for side in (-1, 1):
            _draw_scale(easel, kind, place, _scale(math.asin(height), side * math.pi / 2 * 0.98, length))
    outline = place.put(body_outline())
    easel.fill(outline, Fade(kind.skin, kind.skin_dark, 40))
    _cut_face(easel, kind, place, body_outline())


def slice_(easel: Easel, kind: Variety, place: Place, squash: float = 1.0) -> None:
    """A round slice lying towards us; `squash` below 1 lays it flatter."""
    ring = [(x, y * squash) for x, y in oval(0, 0, 1, 1)]
    edge = place.put(moved(ring, 0.0, 0.10))
    easel.fill(edge, Fade(kind.skin, kind.skin_dark, 40))
    easel.fill(place.put(ring), kind.rind)
    _cut_face(easel, kind, place, ring)


def _cut_face(easel: Easel, kind: Variety, place: Place, ring: Outline) -> None:
    middle = (0.0, 0.0)
    easel.fill(place.put(grown(ring, 0.95, middle)), kind.rind)
    flesh = place.put(grown(ring, 0.90, middle))
    easel.fill(flesh, Glow(kind.flesh, kind.flesh_rim, (0.45, 0.42), 0.72))
    _seeds(easel, kind, place, ring)
    shine = oval(place.x - place.half * 0.30, place.y - place.half * 0.38, place.half * 0.40, place.half * 0.26, -32)
    easel.fill(shine, "#ffffff", inside=flesh, soft=place.half * 0.12, alpha=0.30)


def _seeds(easel: Easel, kind: Variety, place: Place, ring: Outline) -> None:
    """Seeds evenly strewn but never in rows; every third lies deeper in the flesh and looks paler."""
    tall = max(y for _, y in ring)
    near: list[Outline] = []
    deep: list[Outline] = []
    step = 0.088
    rows = int(2 * tall / step)
    for row in range(rows):
        for column in range(int(2 / step)):
            x = -1 + (column + 0.5 * (row % 2)) * step + easel.between(-0.035, 0.035)
            y = -tall + row * step + easel.between(-0.035, 0.035)
            out = math.hypot(x, y / tall)
            if out > 0.82 or easel.random.random() < 0.14:
                continue
            size = easel.between(0.012, 0.018)
            seed = place.put(oval(x, y, size, size * 1.45, easel.between(0, 180), steps=8))
            (deep if easel.random.random() < 0.3 else near).append(seed)
    easel.fill(deep, blend(kind.seed, kind.flesh, 0.45))
    easel.fill(near, kind.seed)
