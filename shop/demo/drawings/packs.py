"""What co-ops fill: bottles, jars, pouches, sacks, cartons, cans; each with a label and no word on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, Paint, blend, leaf, moved, oval, rect, smooth
from shop.demo.drawings.fruit import VARIETIES, Place, Variety, half, slice_, whole

KRAFT = "#d9b588"
Emblem = Callable[[Easel, float, float, float], None]
Window = Callable[[Easel, Outline], None]


@dataclass(frozen=True)
class Spot:
    """Where a thing stands: the middle of its foot, its width and its height."""

    x: float
    foot: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.foot - self.height


def ground(easel: Easel, x: float, y: float, half_width: float) -> None:
    """The soft shade under something that stands on the table."""
    easel.fill(oval(x + half_width * 0.12, y, half_width * 1.12, half_width * 0.18), "#3a1a20", soft=16, alpha=0.30)


def bottle(easel: Easel, spot: Spot, glass: str, cap: str, label: str, emblem: Emblem) -> None:
    """A slender bottle with shoulders."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    outline = _bottle_outline(spot)
    easel.fill(outline, Fade(blend(glass, "#ffffff", 0.25), blend(glass, "#000000", 0.35), 90, glass))
    shine_top = spot.foot - spot.height * 0.60
    shine = rect(spot.x - spot.width * 0.36, shine_top, spot.x - spot.width * 0.26, spot.foot - 24, 8)
    easel.fill(shine, "#ffffff", inside=outline, soft=5, alpha=0.45)
    neck = spot.width * 0.17
    seal = rect(spot.x - neck, spot.top - 10, spot.x + neck, spot.top + spot.height * 0.16, 8)
    easel.fill(seal, Fade(blend(cap, "#ffffff", 0.25), cap, 90))
    _label(easel, spot, outline, label, emblem, spot.foot - spot.height * 0.46, spot.foot - spot.height * 0.12)


def _bottle_outline(spot: Spot) -> Outline:
    profile = [(-0.34, 1.0), (-0.34, 0.80), (-0.42, 0.70), (-0.90, 0.58), (-1.0, 0.50), (-1.0, 0.05), (-0.92, 0.0)]
    points = [(spot.x + px * spot.width / 2, spot.foot - py * spot.height) for px, py in profile]
    mirrored = [(2 * spot.x - px, y) for px, y in points[::-1]]
    return [*smooth(points, closed=False, steps=8), *smooth(mirrored, closed=False, steps=8)]


def _label(easel: Easel, spot: Spot, outline: Outline, paper: str, emblem: Emblem, top: float, bottom: float) -> None:
    sheet = rect(spot.left, top, spot.right, bottom)
    easel.fill(sheet, Fade(paper, blend(paper, "#6b4a3a", 0.28), 90), inside=outline)
    lines = [rect(spot.left, top + 6, spot.right, top + 11), rect(spot.left, bottom - 11, spot.right, bottom - 6)]
    easel.fill(lines, "#870c47", inside=outline, alpha=0.75)
    emblem(easel, spot.x, (top + bottom) / 2, min(spot.width * 0.3, (bottom - top) * 0.34))


def fruit_emblem(kind: str) -> Emblem:
    """A slice of dragon fruit between two leaves."""

    def draw(easel: Easel, x: float, y: float, size: float) -> None:
        leaves = [leaf((x + side * size, y), (x + side * size * 2.1, y - size * 0.9), size * 0.7) for side in (-1, 1)]
        easel.fill(leaves, "#5d8f3f")
        slice_(easel, VARIETIES[kind], Place(x, y, size))

    return draw


def spot_emblem(colour: str) -> Emblem:
    """A disc with two leaves: rice, oil, tea and the like."""

    def draw(easel: Easel, x: float, y: float, size: float) -> None:
        easel.fill(oval(x, y, size, size), Glow(blend(colour, "#ffffff", 0.35), colour))
        for side in (-1, 1):
            tip = (x + side * size * 1.2, y - size * 0.7)
            easel.fill(leaf((x, y + size * 0.9), tip, size * 0.7, 0.1 * side), blend(colour, "#fff8e0", 0.55))

    return draw


def jar(easel: Easel, spot: Spot, content: Paint, lid: str, label: str, emblem: Emblem) -> None:
    """A round glass jar with a wide lid."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    body = rect(spot.left, spot.top + spot.height * 0.16, spot.right, spot.foot, spot.width * 0.14)
    easel.fill(body, content)
    shine = rect(spot.left + 14, spot.top + spot.height * 0.24, spot.left + 32, spot.foot - 30, 9)
    easel.fill(shine, "#ffffff", soft=5, alpha=0.5)
    cover = rect(spot.left + 10, spot.top, spot.right - 10, spot.top + spot.height * 0.19, 12)
    easel.fill(cover, Fade(blend(lid, "#ffffff", 0.3), blend(lid, "#000000", 0.2), 90))
    _label(easel, spot, body, label, emblem, spot.foot - spot.height * 0.62, spot.foot - spot.height * 0.16)


def pouch(easel: Easel, spot: Spot, paper: str, window: Window, emblem: Emblem) -> None:
    """A standing pouch with a window through which the goods are seen."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    left, right, top, foot, waist = spot.left, spot.right, spot.top, spot.foot, spot.foot - spot.height * 0.4
    upper = [(left + 8, top), (right - 8, top), (right, waist), (right - 4, foot - 8)]
    body = smooth([*upper, (spot.x, foot), (left + 4, foot - 8), (left, waist)], steps=6)
    easel.shadow(body, dx=8, dy=8, alpha=0.15)
    easel.fill(body, Fade(blend(paper, "#ffffff", 0.25), blend(paper, "#5a3320", 0.28), 80, paper))
    easel.fill(rect(left + 14, top + 26, right - 14, top + 32), "#5a3320", alpha=0.25)
    inset = spot.width * 0.16
    pane = rect(left + inset, foot - spot.height * 0.50, right - inset, foot - spot.height * 0.10, 40)
    easel.fill(pane, "#fff6e6")
    window(easel, pane)
    glint = rect(
        left + spot.width * 0.2, foot - spot.height * 0.47, left + spot.width * 0.26, foot - spot.height * 0.16, 8
    )
    easel.fill(glint, "#ffffff", soft=4, alpha=0.5)
    emblem(easel, spot.x, top + spot.height * 0.29, spot.width * 0.15)


def pieces(colours: tuple[str, ...], size: float, *, count: int = 70, kind: Variety | None = None) -> Window:
    """What a window shows: many chips, slices or grains heaped up; with `kind`, slices full of its seeds."""

    def draw(easel: Easel, pane: Outline) -> None:
        xs, ys = [x for x, _ in pane], [y for _, y in pane]
        spots = [(easel.between(min(xs), max(xs)), easel.between(min(ys), max(ys))) for _ in range(count)]
        for x, y in sorted(spots, key=lambda at: at[1]):
            one = oval(x, y, size, size * 0.6, easel.between(-40, 40), steps=18)
            colour = easel.choose(*colours)
            easel.fill(moved(one, 3, 4), "#3a1a10", inside=pane, alpha=0.25)
            easel.fill(one, Glow(blend(colour, "#ffffff", 0.25), colour), inside=pane)
            if kind is not None:
                easel.fill(_dots(easel, x, y, size), kind.seed, inside=pane)

    return draw


def _dots(easel: Easel, x: float, y: float, size: float) -> list[Outline]:
    spots = [(x + easel.between(-0.6, 0.6) * size, y + easel.between(-0.36, 0.36) * size) for _ in range(7)]
    return [oval(px, py, 2.2, 2.8, steps=6) for px, py in spots]


def sack(easel: Easel, spot: Spot, cloth: str, stripe: str, emblem: Emblem) -> None:
    """A full sack, tied on top."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    w, h, x, foot = spot.width / 2, spot.height, spot.x, spot.foot

    def put(ring: list[tuple[float, float]]) -> Outline:
        return smooth([(x + px * w, foot - py * h) for px, py in ring], steps=8)

    side = [(0.86, 0.78), (1.0, 0.45), (0.95, 0.06), (0.5, 0.0)]
    mirrored = [(-px, py) for px, py in side[::-1]]
    body = put([(-0.55, 0.94), (0.0, 0.90), (0.55, 0.94), *side, *mirrored])
    ears = put([(-0.62, 1.04), (0, 0.95), (0.62, 1.04), (0.4, 0.90), (-0.4, 0.90)])
    easel.fill(ears, Fade(cloth, blend(cloth, "#5a3320", 0.3), 0))
    easel.fill(body, Fade(blend(cloth, "#ffffff", 0.35), blend(cloth, "#5a3320", 0.35), 75, cloth))
    bands = [rect(x - w, foot - h * upper, x + w, foot - h * (upper - 0.04)) for upper in (0.80, 0.14)]
    easel.fill(bands, stripe, inside=body, alpha=0.85)
    for at in (-0.55, 0.6):
        fold = put([(at, 0.74), (at * 1.15, 0.5), (at * 1.05, 0.2), (at * 1.2, 0.5)])
        easel.fill(fold, "#5a3320", inside=body, soft=8, alpha=0.25)
    emblem(easel, x, foot - h * 0.45, w * 0.34)


def carton(easel: Easel, kind: str) -> None:
    """An open carton with fruit in two rows, the first one cut."""
    variety = VARIETIES[kind]
    ground(easel, 650, 800, 420)
    easel.fill([(250.0, 470.0), (1030.0, 470.0), (1090.0, 600.0), (190.0, 600.0)], Fade("#b98d5a", "#8f6538", 0))
    for x, turn in ((340, -8), (500, 4), (660, -3), (820, 6), (960, 10)):
        whole(easel, variety, Place(x, 440 + easel.between(-8, 8), 92, turn))
    for x, turn in ((300, -12), (470, 2), (800, 5), (980, 12)):
        whole(easel, variety, Place(x, 535 + easel.between(-6, 6), 104, turn))
    half(easel, variety, Place(640, 540, 100, 3))
    front = [(180.0, 600.0), (1100.0, 600.0), (1070.0, 805.0), (210.0, 805.0)]
    easel.fill(front, Fade(blend(KRAFT, "#ffffff", 0.12), blend(KRAFT, "#6b4320", 0.25), 20))
    easel.fill([(180.0, 600.0), (1100.0, 600.0), (1098.0, 616.0), (182.0, 616.0)], "#ffffff", alpha=0.25)
    easel.fill([oval(300, 700, 46, 16), oval(980, 700, 46, 16)], "#6b4320", alpha=0.75)
    fruit_emblem(kind)(easel, 640, 708, 58)


def tin(easel: Easel, spot: Spot, metal: str, label: str, emblem: Emblem) -> None:
    """A round tin with a lid."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    body = rect(spot.left, spot.top, spot.right, spot.foot, 26)
    easel.fill(body, Fade(blend(metal, "#ffffff", 0.3), blend(metal, "#000000", 0.3), 90, metal))
    lid = rect(spot.left - 8, spot.top - 10, spot.right + 8, spot.top + 46, 16)
    easel.fill(lid, Fade(blend(metal, "#ffffff", 0.45), blend(metal, "#000000", 0.2), 90))
    _label(easel, spot, body, label, emblem, spot.foot - spot.height * 0.70, spot.foot - spot.height * 0.16)


def can(easel: Easel, spot: Spot, plastic: str, cap: str, label: str, emblem: Emblem) -> None:
    """A five-litre can with a handle."""
    ground(easel, spot.x, spot.foot, spot.width / 2)
    left, right, top = spot.left, spot.right, spot.top
    handle = rect(left + spot.width * 0.30, top + 10, right - 10, top + spot.height * 0.34, 40)
    easel.fill(handle, Fade(blend(plastic, "#ffffff", 0.2), plastic, 90))
    easel.fill(rect(left + spot.width * 0.42, top + 52, right - 60, top + spot.height * 0.25, 26), "#f6e6d2")
    easel.fill(rect(left + 26, top, left + 116, top + spot.height * 0.26, 12), cap)
    body = rect(left, top + spot.height * 0.22, right, spot.foot, 46)
    easel.fill(body, Fade(blend(plastic, "#ffffff", 0.35), blend(plastic, "#000000", 0.3), 90, plastic))
    _label(easel, spot, body, label, emblem, spot.foot - spot.height * 0.58, spot.foot - spot.height * 0.16)
