"""Sky, hills and villages at four hours of the day."""

from __future__ import annotations

from dataclasses import dataclass

from shop.demo.drawings.easel import Easel, Fade, blend, oval, rect, ribbon, smooth


@dataclass(frozen=True)
class Hour:
    """The colours of an hour: sky above and at the skyline, sun, hills far and near, what it adds to the land."""

    sky: str
    skyline: str
    sun: str
    far: str
    near: str
    tint: str
    tinted: float


MORNING = Hour("#a9d6e0", "#fff0cf", "#fff6d8", "#a8c7b8", "#6f9f76", "#ffe9b8", 0.12)
NOON = Hour("#7fc4e0", "#e8f6ee", "#fffdf0", "#9cc3c0", "#5f9a68", "#ffffff", 0.0)
EVENING = Hour("#f3a683", "#ffe2ac", "#fff0c0", "#c98f86", "#8a7a5a", "#f08a4a", 0.22)
NIGHT = Hour("#141a3c", "#4a4674", "#f4efd0", "#26294e", "#1c2740", "#1a1c44", 0.42)
SKYLINE = 360.0


def ground(easel: Easel, hour: Hour, land: str, land_dark: str) -> None:
    easel.fill(rect(0, 0, 1280, SKYLINE + 60), Fade(hour.sky, hour.skyline, 0))
    x, y = (980, 130) if hour is NIGHT else (easel.between(820, 980), 190)
    halo = 120 if hour is NIGHT else 190
    easel.fill(oval(x, y, halo, halo), hour.sun, soft=60, alpha=0.18 if hour is NIGHT else 0.45)
    easel.fill(oval(x, y, 62, 62), hour.sun)
    if hour is not NIGHT:
        clouds(easel)
    for lift, colour, depth in ((120, hour.far, 0.0), (70, blend(hour.far, hour.near, 0.5), 0.4), (30, hour.near, 0.7)):
        line = [(-60.0, SKYLINE + 60)]
        line += [(i * 160.0 - 60, SKYLINE - lift * easel.between(0.3, 1.25)) for i in range(10)]
        easel.fill(
            [*smooth(line, closed=False), (1400, SKYLINE + 80), (-60, SKYLINE + 80)],
            Fade(colour, blend(colour, hour.skyline, 0.35 - depth * 0.3), 0),
        )
    floor = Fade(
        blend(blend(land, hour.skyline, 0.25), hour.tint, hour.tinted), blend(land_dark, hour.tint, hour.tinted), 0
    )
    easel.fill(rect(0, SKYLINE, 1280, easel.height), floor)


def clouds(easel: Easel) -> None:
    for _ in range(4):
        x, y, size = easel.between(40, 1200), easel.between(50, 210), easel.between(34, 62)
        puffs = [
            oval(x + k * size, y - (1 - abs(k) / 2.4) * size * 0.5, size * (1 - abs(k) * 0.2), size * 0.46)
            for k in (-2, -1, 0, 1, 2)
        ]
        easel.fill(puffs, "#ffffff", soft=3, alpha=0.75)


def rows(easel: Easel, colour: str, count: int = 15, wide: float = 0.5) -> None:
    """Furrows that run away from us to one point of the skyline."""
    for i in range(-count, count + 1):
        foot, half = 640 + i * 190.0, 190 * wide / 2
        furrow = [
            (640 + i * 12 - 2, SKYLINE + 2),
            (640 + i * 12 + 2, SKYLINE + 2),
            (foot + half, easel.height + 10),
            (foot - half, easel.height + 10),
        ]
        easel.fill(furrow, Fade(blend(colour, "#ffffff", 0.25), colour, 0), alpha=0.75)


def village(easel: Easel, x: float, foot: float, hour: Hour) -> None:
    for k in range(3):
        hx = x + k * 74 - 60
        easel.fill(rect(hx, foot - 30, hx + 56, foot), blend("#f6ead2", hour.tint, hour.tinted))
        easel.fill(
            [(hx - 9, foot - 29), (hx + 28, foot - 56), (hx + 65, foot - 29)], blend("#b8533c", hour.tint, hour.tinted)
        )
        easel.fill(rect(hx + 22, foot - 20, hx + 34, foot), "#6a4a34")
    for k in range(5):
        palm(easel, x - 110 + k * 62 + easel.between(-12, 12), foot + 2, easel.between(70, 110), hour)


def palm(easel: Easel, x: float, foot: float, tall: float, hour: Hour) -> None:
    """A slender palm."""
    lean = easel.between(-0.12, 0.12) * tall
    easel.fill(
        ribbon([(x, foot), (x + lean * 0.3, foot - tall * 0.5), (x + lean, foot - tall)], tall * 0.07, tall * 0.04),
        blend("#8a6a4a", hour.tint, hour.tinted),
    )
    fronds = []
    for turn in (-1.0, -0.7, -0.35, 0, 0.35, 0.7, 1.0):
        reach = tall * 0.42
        fronds.append(
            ribbon(
                [
                    (x + lean, foot - tall),
                    (x + lean + reach * turn * 0.6, foot - tall - reach * (0.55 - abs(turn) * 0.3)),
                    (x + lean + reach * turn, foot - tall + reach * (abs(turn) * 0.5 - 0.2)),
                ],
                tall * 0.02,
                0.5,
                belly=tall * 0.10,
            )
        )
    easel.fill(fronds, Fade(blend("#7fb554", hour.tint, hour.tinted), blend("#2f6b3a", hour.tint, hour.tinted), 0))
