"""Where the co-ops work: orchards, rice land, gardens, yards, the sea."""

from __future__ import annotations

from collections.abc import Callable

from shop.demo.drawings.coast import jars, sea
from shop.demo.drawings.crafts import BAMBOO, CANE, rounding, weave
from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, blend, leaf, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.fruit import RED, WHITE, Place, whole
from shop.demo.drawings.landscape import EVENING, MORNING, NIGHT, NOON, SKYLINE, Hour, ground, palm, rows, village

WIDE = (1280, 800)


def _post(easel: Easel, x: float, foot: float, size: float, hour: Hour, lit: bool) -> None:
    """A dragon fruit plant: a concrete post, arms that hang like an umbrella, red fruit among them."""
    dark, light = blend("#2f6b38", hour.tint, hour.tinted), blend("#8fc25a", hour.tint, hour.tinted)
    easel.fill(oval(x, foot, size * 0.62, size * 0.1), "#1a2410", soft=size * 0.04, alpha=0.4)
    easel.fill(rect(x - size * 0.06, foot - size * 1.0, x + size * 0.06, foot), Fade("#d8d0c2", "#948a7a", 90))
    arms: tuple[list[Outline], list[Outline]] = ([], [])
    for k in range(15 if size > 60 else 9):
        lean = (k / (14 if size > 60 else 8) - 0.5) * 2 + easel.between(-0.06, 0.06)
        reach, drop = size * 0.62 * lean, size * easel.between(0.30, 0.62) * (0.5 + abs(lean) * 0.6)
        top = foot - size * easel.between(1.08, 1.30)
        line = [(x + reach * 0.1, foot - size * 0.98), (x + reach * 0.62, top), (x + reach, foot - size * 0.98 + drop)]
        arms[k % 2].append(ribbon(line, size * 0.085, size * 0.03))
    easel.fill(arms[0], Fade(blend(light, dark, 0.5), dark, 10))
    easel.fill(arms[1], Fade(light, blend(dark, light, 0.25), 10))
    fruit = blend("#d3215f", hour.tint, hour.tinted * 0.5)
    for _ in range(6 if size > 90 else 3):
        fx, fy = x + easel.between(-0.5, 0.5) * size, foot - size * easel.between(0.42, 0.98)
        r = size * 0.07
        easel.fill(leaf((fx, fy), (fx, fy - r * 2.1), r * 1.2), "#b5c46a")
        easel.fill(oval(fx, fy, r, r * 1.2), Glow("#f77a9c", blend(fruit, "#5a0a30", 0.4), (0.35, 0.3), 0.9, fruit))
    if lit:
        easel.fill(
            oval(x + size * 0.72, foot - size * 1.12, size * 0.75, size * 0.75),
            "#ffc858",
            soft=size * 0.28,
            alpha=0.13 + size / 1400,
        )
        easel.fill(oval(x + size * 0.72, foot - size * 1.12, size * 0.075, size * 0.09), "#fffbe0")


def orchard(easel: Easel, hour: Hour) -> None:
    """Dragon fruit on posts in rows; at night lamps bring on the flowers."""
    ground(easel, hour, "#a9b868", "#7a6a3c")
    rows(easel, blend("#b5925a", hour.tint, hour.tinted), 9, 0.55)
    if hour is NIGHT:
        easel.fill(rect(0, SKYLINE - 20, 1280, SKYLINE + 120), "#ffcf70", soft=40, alpha=0.22)
    for foot in (392, 414, 444, 486, 548, 642, 790):
        depth = (foot - SKYLINE) / (800 - SKYLINE)
        size = 26 + 250 * depth
        for i in range(-7, 8):
            x = 640 + (i + 0.5) * (36 + 330 * depth)
            if -size < x < 1280 + size:
                _post(easel, x, foot, size, hour, hour is NIGHT)
    if hour is not NIGHT:
        _path_light(easel)


def _path_light(easel: Easel) -> None:
    easel.fill([(200, 0), (460, 0), (1000, 800), (520, 800)], "#ffffff", soft=50, alpha=0.10)


def rice(easel: Easel, hour: Hour, ripe: bool) -> None:
    """Paddies with banks and water between them, areca palms, a red-roofed village."""
    land, dark = ("#e3c25a", "#b98a2c") if ripe else ("#a5d068", "#4f9440")
    ground(easel, hour, land, dark)
    village(easel, 190, SKYLINE + 12, hour)
    village(easel, 980, SKYLINE + 8, hour)
    for k, y in enumerate((392, 432, 492, 580, 700)):
        bank = ribbon(
            [
                (-20, y + easel.between(-8, 8)),
                (420, y + easel.between(-10, 10)),
                (860, y),
                (1300, y + easel.between(-12, 12)),
            ],
            5 + k * 4,
        )
        easel.fill(bank, blend("#9a7a44", hour.tint, hour.tinted))
    water = [(560, SKYLINE + 2), (580, SKYLINE + 2), (430, 810), (150, 810)]
    easel.fill(water, Fade("#e8f4f0", blend("#7fb5c0", hour.tint, hour.tinted), 0))
    for y in range(384, 830, 14):
        depth = (y - SKYLINE) / 440
        blades = []
        for _ in range(int(34 + 26 * depth)):
            x = easel.between(-10, 1290)
            shore = 560 - depth * 410, 580 - depth * 150
            if shore[0] - 8 < x < shore[1] + 8:
                continue
            tall = 8 + 42 * depth
            blades.append(
                ribbon(
                    [(x, y), (x + tall * 0.1, y - tall * 0.6), (x + tall * easel.between(0.1, 0.5), y - tall)],
                    1 + 4 * depth,
                    0.6,
                )
            )
        easel.fill(blades, blend(blend(land, dark, easel.between(0.1, 0.9)), hour.tint, hour.tinted))


def garden(easel: Easel, hour: Hour) -> None:
    """Vegetable beds and a net house."""
    ground(easel, hour, "#b9a468", "#8a6a40")
    for x, wide in ((140, 330), (820, 360)):
        arch = smooth(
            [(x, 424), (x + 8, 320), (x + wide * 0.5, 268), (x + wide - 8, 320), (x + wide, 424)], closed=False
        )
        easel.fill(arch, Fade("#ffffff", "#d3e4dc", 20), alpha=0.92)
        easel.fill(
            [ribbon([(x + wide * k, 424), (x + wide * k, 276)], 3) for k in (0.14, 0.32, 0.5, 0.68, 0.86)],
            "#9fb8ac",
            inside=arch,
        )
        easel.fill(rect(x + wide * 0.42, 346, x + wide * 0.58, 424), "#8fb58a", alpha=0.7)
    for i in range(-4, 5):
        x0, x1 = 640 + i * 40, 640 + i * 290
        bed = [(x0 - 12, 430), (x0 + 12, 430), (x1 + 104, 820), (x1 - 104, 820)]
        easel.fill(bed, Fade("#7a5632", "#5a3c20", 0))
        colour = ("#6fb048", "#3f8a3c", "#9ac25a", "#7a4a6a", "#55a04a")[i % 5]
        for step in range(13):
            depth = (step / 12) ** 1.7
            y, x = 436 + 372 * depth, x0 + (x1 - x0) * depth
            size = 7 + 50 * depth
            for side in (-1, 1):
                _head_of_greens(easel, x + side * (6 + 52 * depth), y, size, colour)
    _path_light(easel)


def _head_of_greens(easel: Easel, x: float, y: float, size: float, colour: str) -> None:
    easel.fill(oval(x, y + size * 0.3, size * 0.9, size * 0.3), "#2a1c0c", alpha=0.3)
    leaves = [
        leaf((x, y + size * 0.2), (x + size * dx, y - size * dy), size * 0.7)
        for dx, dy in ((-0.95, 0.1), (0.95, 0.1), (-0.6, 0.6), (0.6, 0.6), (0, 0.85))
    ]
    easel.fill(leaves, Fade(blend(colour, "#ffffff", 0.25), blend(colour, "#123a14", 0.4), 0))
    easel.fill(leaf((x, y + size * 0.2), (x, y - size * 0.5), size * 0.5), blend(colour, "#f4ffd8", 0.35))


def workshop(easel: Easel, hour: Hour) -> None:
    """A rattan workshop under a thatched eave, open to the garden."""
    ground(easel, hour, "#d9b98a", "#b08a5a")
    easel.fill(rect(0, 470, 1280, 800), Fade("#d8b184", "#a87c50", 0))
    for x in (60, 1180):
        easel.fill(rect(x, 80, x + 40, 640), Fade("#a8753a", "#6a441c", 90))
    easel.fill([(-20, -20), (1300, -20), (1300, 96), (640, 130), (-20, 96)], Fade("#8a6a34", "#c79f5a", 0))
    easel.fill(
        [ribbon([(x, 60), (x + easel.between(-8, 8), 130 + easel.between(-8, 16))], 7, 2) for x in range(-10, 1300, 9)],
        "#b8904a",
        alpha=0.9,
    )
    for x, y, size in ((330, 240, 90), (640, 280, 110), (950, 236, 90)):
        easel.fill(ribbon([(x, 100), (x, y - size)], 4), "#3a2a20")
        easel.fill(oval(x, y, size * 1.7, size * 1.4), "#ffdf90", soft=30, alpha=0.5)
        shade = smooth(
            [
                (x - size * 0.3, y - size),
                (x + size * 0.3, y - size),
                (x + size, y + size * 0.5),
                (x, y + size * 0.7),
                (x - size, y + size * 0.5),
            ],
            steps=10,
        )
        easel.fill(shade, Glow("#fff4c8", "#d9983a", (0.5, 0.7), 0.7))
        easel.fill(
            [
                ribbon([(x + k * size * 0.05, y - size), (x + k * size * 0.2, y + size * 0.7)], 3, 5)
                for k in range(-5, 6)
            ],
            "#a8772c",
            inside=shade,
            alpha=0.7,
        )
    for x, y, wide, tall, cane in (
        (200, 720, 150, 190, CANE),
        (520, 750, 130, 150, BAMBOO),
        (800, 736, 160, 210, CANE),
        (1090, 750, 140, 160, BAMBOO),
    ):
        _standing_basket(easel, x, y, wide, tall, cane)


def _standing_basket(easel: Easel, x: float, foot: float, wide: float, tall: float, cane: tuple[str, str, str]) -> None:
    easel.touch(x, foot, wide, wide * 0.16)
    body = smooth(
        [
            (x - wide, foot - tall),
            (x, foot - tall + 26),
            (x + wide, foot - tall),
            (x + wide * 0.8, foot - 16),
            (x, foot + 14),
            (x - wide * 0.8, foot - 16),
        ],
        steps=12,
    )
    easel.fill(oval(x, foot - tall, wide, wide * 0.2), blend(cane[2], "#2a1608", 0.3))
    weave(easel, body, cane, 24)
    rounding(easel, body)
    easel.fill(
        ribbon([(x - wide, foot - tall), (x, foot - tall + 30), (x + wide, foot - tall)], 17),
        Fade(cane[0], cane[2], 0, cane[1]),
    )


def drying(easel: Easel, hour: Hour) -> None:
    """Trays of fruit drying in the sun before a glass drying house."""
    ground(easel, hour, "#b9c87a", "#8fa050")
    easel.fill([(360, 420), (360, 290), (640, 210), (920, 290), (920, 420)], Fade("#f4fbf8", "#b5d3cb", 30), alpha=0.95)
    bars = [ribbon([(360 + k * 80, 422), (360 + k * 80, 290 - (80 - abs(k * 80 - 280) * 0.285))], 5) for k in range(8)]
    easel.fill([*bars, ribbon([(350, 293), (640, 208), (930, 293)], 9), rect(356, 350, 924, 355)], "#7fa59a")
    for foot, size, count in ((490, 0.42, 6), (590, 0.66, 5), (730, 1.0, 4)):
        for i in range(count):
            _drying_tray(easel, 640 + (i - (count - 1) / 2) * 390 * size, foot, size, i)
    palm(easel, 130, 430, 220, hour)
    palm(easel, 1160, 436, 190, hour)


def _drying_tray(easel: Easel, x: float, y: float, size: float, number: int) -> None:
    wide, tall = 170 * size, 56 * size
    for side in (-1, 1):
        easel.fill(ribbon([(x + side * wide * 0.8, y), (x + side * wide * 0.8, y + 80 * size)], 9 * size), "#8a6434")
    easel.fill(
        moved(
            [(x - wide, y - tall), (x + wide, y - tall), (x + wide * 1.12, y + tall), (x - wide * 1.12, y + tall)],
            0,
            10 * size,
        ),
        "#6a4a24",
    )
    easel.fill(
        [(x - wide, y - tall), (x + wide, y - tall), (x + wide * 1.12, y + tall), (x - wide * 1.12, y + tall)],
        Fade("#ecd09a", "#cfa566", 0),
    )
    colour = ("#b80f52", "#fff4ea", "#f0b93a")[number % 3]
    for row in range(3):
        for column in range(6):
            cx = x + (column - 2.5) * wide * 0.32 * (0.94 + row * 0.06)
            cy = y + (row - 1) * tall * 0.6
            easel.fill(oval(cx + 2, cy + 4 * size, wide * 0.13, tall * 0.24), "#4a2a14", alpha=0.35)
            easel.fill(
                oval(cx, cy, wide * 0.13, tall * 0.24),
                Glow(blend(colour, "#ffffff", 0.2), blend(colour, "#7a3a1a", 0.25)),
            )


def harvest(easel: Easel, hour: Hour) -> None:
    """Crates of fresh fruit at the edge of the orchard."""
    orchard(easel, hour)
    for x, kind in ((350, RED), (900, WHITE)):
        easel.touch(x, 790, 230, 30)
        easel.fill(rect(x - 210, 610, x + 210, 660), "#4a3014")
        for k in range(5):
            whole(easel, kind, Place(x - 164 + k * 82, 620 + (k % 2) * 16, 54, easel.between(-30, 30)))
        for k in range(3):
            easel.fill(rect(x - 220, 654 + k * 48, x + 220, 694 + k * 48, 5), Fade("#dcb482", "#a97a46", 30))
        easel.fill(
            [rect(x + s * 200 - 16, 648, x + s * 200 + 16, 796, 4) for s in (-1, 1)], Fade("#c99a62", "#8a6032", 90)
        )


PLACES: dict[str, Callable[[Easel], None]] = {
    "htx-thanh-long-ham-duc": lambda easel: harvest(easel, MORNING),
    "htx-thanh-long-thuan-tien": lambda easel: orchard(easel, NIGHT),
    "htx-thanh-long-phu-hoi": lambda easel: orchard(easel, EVENING),
    "htx-thanh-long-hoa-le": lambda easel: orchard(easel, NOON),
    "htx-rau-tien-phat": lambda easel: garden(easel, MORNING),
    "htx-nong-nghiep-ai-nghia": lambda easel: rice(easel, MORNING, ripe=False),
    "htx-nong-nghiep-dai-hiep": lambda easel: rice(easel, EVENING, ripe=True),
    "xi-nghiep-may-tre-la-au-co": lambda easel: workshop(easel, MORNING),
    "htx-xanh-duy-oanh": lambda easel: jars(easel, NOON),
    "htx-best-one": lambda easel: drying(easel, NOON),
    "htx-dien-phuoc-1": lambda easel: garden(easel, EVENING),
    "htx-bien-mui-ne": lambda easel: sea(easel, MORNING),
}
