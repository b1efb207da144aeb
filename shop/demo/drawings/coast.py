"""Where fish sauce ripens, and the bay that the fish come from."""

from __future__ import annotations

from shop.demo.drawings.crafts import BAMBOO, rounding, weave
from shop.demo.drawings.easel import Easel, Fade, Glow, blend, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.landscape import SKYLINE, Hour, ground, palm, village


def jars(easel: Easel, hour: Hour) -> None:
    """A yard of big clay jars with conical lids, where fish sauce ripens in the sun."""
    ground(easel, hour, "#e6cfa0", "#c9a468")
    village(easel, 220, SKYLINE + 10, hour)
    palm(easel, 1130, SKYLINE + 40, 230, hour)
    palm(easel, 1040, SKYLINE + 30, 180, hour)
    for foot, size, count in ((440, 52, 9), (530, 84, 7), (660, 126, 5), (820, 170, 4)):
        for i in range(count):
            x = 640 + (i - (count - 1) / 2) * size * 2.15 + (size * 0.3 if count % 2 else -size * 0.2)
            _jar(easel, x, foot, size, hour)


def _jar(easel: Easel, x: float, foot: float, size: float, hour: Hour) -> None:
    easel.touch(x + size * 0.1, foot, size * 0.8, size * 0.18)
    clay = blend("#a85a34", hour.tint, hour.tinted)
    body = smooth(
        [
            (x - size * 0.52, foot - size * 1.5),
            (x + size * 0.52, foot - size * 1.5),
            (x + size * 0.92, foot - size * 0.95),
            (x + size * 0.6, foot),
            (x - size * 0.6, foot),
            (x - size * 0.92, foot - size * 0.95),
        ]
    )
    easel.fill(body, Glow(blend(clay, "#ffd0a0", 0.5), blend(clay, "#2a0e06", 0.5), (0.32, 0.3), 0.9, clay))
    for share in (0.55, 0.85, 1.15):
        easel.fill(
            ribbon(
                [
                    (x - size, foot - size * share),
                    (x, foot - size * share + size * 0.14),
                    (x + size, foot - size * share),
                ],
                size * 0.03,
            ),
            "#5a2a14",
            inside=body,
            alpha=0.45,
        )
    lid = [
        (x, foot - size * 2.1),
        *smooth(
            [(x + size * 0.85, foot - size * 1.46), (x, foot - size * 1.3), (x - size * 0.85, foot - size * 1.46)],
            closed=False,
        ),
    ]
    easel.fill(moved(lid, 2, size * 0.1), "#2a1008", alpha=0.25, inside=body)
    easel.fill(lid, Fade(blend("#f4dfa8", hour.tint, hour.tinted), "#a8803e", 70))


def sea(easel: Easel, hour: Hour) -> None:
    """The bay of Mũi Né: boats with painted eyes, round basket boats, a dune."""
    ground(easel, hour, "#7fc0c0", "#4f9aa4")
    easel.fill(
        rect(0, SKYLINE, 1280, 640),
        Fade(blend("#bfe6e2", hour.tint, hour.tinted), blend("#3f8f9c", hour.tint, hour.tinted), 0),
    )
    for _ in range(70):
        y = easel.between(SKYLINE + 8, 630)
        wide = 14 + (y - SKYLINE) * 0.24
        x = easel.between(0, 1280)
        easel.fill(
            ribbon([(x - wide, y), (x, y - 3), (x + wide, y)], 1, 1, belly=3 + (y - SKYLINE) * 0.012),
            "#ffffff",
            alpha=0.35,
        )
    for x, y, size, colour in ((300, 430, 56, "#2f7fae"), (1010, 446, 64, "#2f8a6a"), (640, 520, 120, "#b8343c")):
        _boat(easel, x, y, size, colour)
    beach = smooth([(-60, 650), (300, 610), (700, 660), (1100, 600), (1400, 620), (1400, 960), (-60, 960)])
    easel.fill(moved(beach, 0, -9), "#ffffff", alpha=0.65)
    easel.fill(beach, Fade(blend("#f9e3b4", hour.tint, hour.tinted), "#dba868", 0))
    for x, y, size in ((260, 730, 120), (1040, 720, 130)):
        _basket_boat(easel, x, y, size)
    palm(easel, 1190, 690, 380, hour)


def _boat(easel: Easel, x: float, y: float, size: float, colour: str) -> None:
    easel.fill(oval(x, y + size * 0.34, size * 1.4, size * 0.14), "#12404a", soft=size * 0.07, alpha=0.45)
    hull = smooth(
        [
            (x - size * 1.5, y - size * 0.34),
            (x - size * 0.6, y),
            (x + size * 0.7, y - 0.02 * size),
            (x + size * 1.6, y - size * 0.62),
            (x + size * 1.1, y + size * 0.34),
            (x - size * 1.1, y + size * 0.34),
        ]
    )
    easel.fill(hull, Fade(blend(colour, "#ffffff", 0.25), blend(colour, "#0a0a1a", 0.35), 20))
    easel.fill(
        ribbon(
            [(x - size * 1.4, y - size * 0.22), (x, y + size * 0.12), (x + size * 1.45, y - size * 0.42)], size * 0.09
        ),
        "#fff3d8",
        inside=hull,
    )
    easel.fill(oval(x + size * 1.06, y - size * 0.1, size * 0.14, size * 0.09, -18), "#ffffff")
    easel.fill(oval(x + size * 1.07, y - size * 0.1, size * 0.06, size * 0.06), "#14101a")
    easel.fill(
        rect(x - size * 0.9, y - size * 0.62, x - size * 0.1, y + size * 0.02, size * 0.06),
        Fade("#fff6e4", "#d9c8a8", 40),
    )
    easel.fill(rect(x - size * 1.0, y - size * 0.72, x, y - size * 0.6, size * 0.04), colour)
    easel.fill(ribbon([(x + size * 0.3, y), (x + size * 0.3, y - size * 1.5)], size * 0.05, size * 0.03), "#5a4030")
    easel.fill(
        [(x + size * 0.32, y - size * 1.5), (x + size * 0.86, y - size * 1.34), (x + size * 0.32, y - size * 1.16)],
        "#d9261c",
    )


def _basket_boat(easel: Easel, x: float, y: float, size: float) -> None:
    easel.touch(x, y + size * 0.42, size * 1.04, size * 0.16)
    body = smooth(
        [
            (x - size, y),
            (x, y + 26),
            (x + size, y),
            (x + size * 0.74, y + size * 0.4),
            (x, y + size * 0.52),
            (x - size * 0.74, y + size * 0.4),
        ],
        steps=12,
    )
    easel.fill(oval(x, y, size, size * 0.24), "#4a3014")
    weave(easel, body, BAMBOO, 24)
    rounding(easel, body)
    easel.fill(ribbon([(x - size, y), (x, y + 30), (x + size, y)], 16), Fade(BAMBOO[0], BAMBOO[2], 0))
    easel.fill(ribbon([(x - size * 0.3, y + 10), (x + size * 0.6, y - size * 0.5)], 9, 12), "#8a5a2c")
