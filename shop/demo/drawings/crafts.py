"""Rattan, bamboo and water hyacinth: baskets, trays, lamps, stools."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, blend, grown, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.garden import green_leaf
from shop.demo.drawings.scenes import room

CANE = ("#f0cf98", "#cf9f5e", "#93662f")
BAMBOO = ("#f1dfa8", "#d0b060", "#8a6e2c")


def weave(easel: Easel, outline: Outline, cane: tuple[str, str, str], step: float = 34) -> None:
    """Over and under, in two lights, within an outline."""
    light, colour, dark = cane
    left, right = min(p[0] for p in outline), max(p[0] for p in outline)
    top, bottom = min(p[1] for p in outline), max(p[1] for p in outline)
    easel.fill(outline, blend(dark, "#2a1608", 0.25))
    flat, upright = [], []
    for row in range(math.ceil((bottom - top) / (step * 0.6)) + 1):
        for column in range(math.ceil((right - left) / step) + 1):
            x, y = left + column * step, top + row * step * 0.6
            if (row + column) % 2:
                flat.append(rect(x - step * 0.58, y - step * 0.26, x + step * 0.58, y + step * 0.26, step * 0.2))
            else:
                upright.append(rect(x - step * 0.24, y - step * 0.46, x + step * 0.24, y + step * 0.46, step * 0.18))
    easel.fill(upright, Fade(colour, dark, 0), inside=outline)
    easel.fill(flat, Fade(light, colour, 0), inside=outline)
    easel.fill(
        [moved(grown(f, 0.8, f[0]), step * 0.12, -step * 0.04) for f in flat], "#ffffff", inside=outline, alpha=0.16
    )


def rounding(easel: Easel, outline: Outline, strength: float = 0.34) -> None:
    """Light from the left and shade to the right over a woven body."""
    easel.fill(outline, Fade("#fff3d8", "#3a1e08", 90, "#a87840"), alpha=strength)


def basket(easel: Easel) -> None:
    """A market basket with two handles, a cloth and fruit leaves looking out."""
    room(easel, "sage", "paper", "blush")
    easel.touch(640, 838, 330, 52)
    for k, shade in ((0, "#7a5426"), (14, "#d6a766")):
        easel.fill(ribbon([(420, 480), (470, 250 + k), (640, 170 + k), (810, 250 + k), (860, 480)], 26), shade)
    easel.fill(oval(640, 478, 346, 66), "#5a3a18")
    for tip, width in (((470, 330), 90), ((640, 300), 96), ((820, 340), 90), ((560, 360), 70), ((740, 350), 70)):
        green_leaf(easel, (640 + (tip[0] - 640) * 0.5, 500), tip, width, 0.08)
    body = smooth(
        [(294, 478), (640, 540), (986, 478), (948, 680), (900, 830), (640, 866), (380, 830), (332, 680)], steps=12
    )
    weave(easel, body, CANE, 40)
    rounding(easel, body)
    easel.fill(ribbon([(290, 476), (640, 544), (990, 476)], 36), Fade(CANE[0], CANE[2], 0, CANE[1]))
    for i in range(24):
        x = 306 + i * 29
        sag = 68 * (1 - ((x - 640) / 350) ** 2)
        easel.fill(ribbon([(x - 8, 460 + sag), (x + 8, 494 + sag)], 5), CANE[2], alpha=0.6)
    for k in (0, 10):
        easel.fill(
            ribbon([(350, 540), (410, 340 + k), (640, 230 + k), (870, 340 + k), (930, 540)], 30 - k, 30 - k),
            Fade(CANE[0], CANE[2], 30, CANE[1]),
            alpha=1 if not k else 0.4,
        )


def tray(easel: Easel) -> None:
    """A round rattan tray with a raised rim, leaning on the wall, a small one lying before it."""
    room(easel, "sea", "paper", "sage")
    _round_tray(easel, 600, 440, 350, 350)
    easel.touch(900, 830, 260, 50)
    _round_tray(easel, 900, 760, 250, 92)


def _round_tray(easel: Easel, x: float, y: float, wide: float, tall: float) -> None:
    outer = oval(x, y, wide, tall)
    easel.shadow(outer, dx=16, dy=20, soft=18, alpha=0.28)
    easel.fill(moved(outer, 0, tall * 0.06 + 8), CANE[2])
    easel.fill(outer, Fade(CANE[0], CANE[2], 45, CANE[1]))
    for share in (0.96, 0.91, 0.86):
        ring = oval(x, y, wide * share, tall * share)
        easel.fill(ring, blend(CANE[2], CANE[1], 0.4 if share != 0.91 else 1.0))
    floor = oval(x, y, wide * 0.84, tall * 0.84)
    weave(easel, floor, CANE, wide / 10)
    easel.fill(floor, Glow("#fff6de", "#5a3410", (0.4, 0.35), 0.9), alpha=0.28)
    notches = []
    for i in range(60):
        c, s = math.cos(i * math.tau / 60), math.sin(i * math.tau / 60)
        notches.append(
            ribbon(
                [(x + wide * 0.90 * c, y + tall * 0.90 * s), (x + wide * 0.995 * c, y + tall * 0.995 * s)], wide * 0.014
            )
        )
    easel.fill(notches, CANE[2], alpha=0.55)


def lamp(easel: Easel) -> None:
    """A bamboo lampshade with warm light falling through it."""
    room(easel, "clay", "paper", "sun")
    easel.fill(oval(640, 470, 460, 380), "#ffd98a", soft=70, alpha=0.55)
    easel.fill(rect(636, -10, 644, 160), "#3a2a20")
    easel.fill(rect(612, 140, 668, 196, 12), Fade("#5a4030", "#2a1a12", 90))
    dome = smooth(
        [(560, 190), (720, 190), (850, 300), (940, 500), (960, 590), (640, 640), (320, 590), (340, 500), (430, 300)],
        steps=12,
    )
    easel.fill(dome, Glow("#fff4c8", "#e0a040", (0.5, 0.62), 0.62, "#ffd987"))
    slats = []
    for i in range(-9, 10):
        foot = 640 + i * 35
        slats.append(ribbon([(640 + i * 8.4, 186), (640 + i * 25, 340), (foot, 640)], 6, 11))
    easel.fill(slats, Fade(BAMBOO[1], "#a87a2c", 0), inside=dome)
    for y in (250, 330, 420, 510):
        half = {250: 150, 330: 236, 420: 282, 510: 312}[y]
        easel.fill(ribbon([(640 - half, y), (640, y + half * 0.15), (640 + half, y)], 9), "#a8772c", inside=dome)
    easel.fill(ribbon([(318, 590), (640, 646), (962, 590)], 22), Fade(BAMBOO[0], BAMBOO[2], 0, BAMBOO[1]))
    easel.fill(oval(640, 604, 250, 24), "#fff8dc", soft=8, alpha=0.8)
    easel.fill([(390, 640), (890, 640), (1130, 960), (150, 960)], "#ffe9b0", soft=26, alpha=0.34)
    easel.fill(oval(640, 810, 400, 60), "#fff3cc", soft=26, alpha=0.6)


def trivets(easel: Easel) -> None:
    """Round mats and a pot nest plaited of water hyacinth."""
    room(easel, "sage", "paper", "sea")
    for x, y, wide, tall in ((450, 450, 290, 282), (860, 610, 250, 240)):
        mat = oval(x, y, wide, tall)
        easel.shadow(mat, dx=12, dy=20, soft=16, alpha=0.3)
        easel.fill(moved(mat, 0, 12), "#7d6a36")
        easel.fill(mat, "#9a8544")
        for ring in range(9):
            _plait(easel, x, y, wide * (1 - ring / 9.3), tall * (1 - ring / 9.3), 34 - ring * 3)
        easel.fill(mat, Glow("#fff8dc", "#4a3a10", (0.36, 0.3), 0.9), alpha=0.22)


def _plait(easel: Easel, x: float, y: float, wide: float, tall: float, count: int) -> None:
    strands: tuple[list[Outline], list[Outline]] = ([], [])
    for i in range(count):
        a = i * math.tau / count
        size = wide * math.tau / count * 0.56
        cx, cy = x + wide * 0.95 * math.cos(a), y + tall * 0.95 * math.sin(a)
        flat = max(0.45, tall / wide)
        strands[i % 2].append(oval(cx, cy, size, min(15.0, size * 0.62) * flat, math.degrees(a) + 66, 18))
    easel.fill(strands[0], "#d9c682")
    easel.fill(strands[1], "#bfa75e")


def strainer(easel: Easel) -> None:
    """A deep bamboo strainer for washing rice, some grains in it."""
    room(easel, "sea", "sage", "paper")
    easel.touch(640, 838, 300, 50)
    easel.fill(oval(640, 470, 392, 116), blend(BAMBOO[2], "#2a1a08", 0.2))
    weave(easel, oval(640, 470, 376, 104), BAMBOO, 26)
    grains = oval(650, 500, 250, 60)
    easel.fill(grains, Glow("#fffdf4", "#e6dabd", (0.4, 0.2), 0.8))
    easel.fill(
        [
            oval(650 + easel.between(-250, 250), 500 + easel.between(-60, 60), 9, 4, easel.between(0, 180), 8)
            for _ in range(420)
        ],
        "#d8caa6",
        inside=grains,
    )
    cover = smooth(
        [
            (250, 470),
            (420, 548),
            (640, 574),
            (860, 548),
            (1030, 470),
            (980, 680),
            (850, 826),
            (640, 860),
            (430, 826),
            (300, 680),
        ],
        steps=12,
    )
    weave(easel, cover, BAMBOO, 30)
    rounding(easel, cover)
    easel.fill(
        ribbon([(246, 468), (420, 552), (640, 580), (860, 552), (1034, 468)], 30),
        Fade(BAMBOO[0], BAMBOO[2], 0, BAMBOO[1]),
    )
    easel.fill(ribbon([(246, 472), (420, 392), (640, 362), (860, 392), (1034, 472)], 20), Fade(BAMBOO[1], BAMBOO[2], 0))


def stool(easel: Easel) -> None:
    """A low rattan stool."""
    room(easel, "paper", "sage", "blush")
    easel.touch(640, 850, 340, 46)
    for x, lean in ((470, -26), (810, 26)):
        easel.fill(ribbon([(x, 430), (x + lean, 780)], 36), Fade("#a8753a", "#6a441c", 90))
    for y in (700, 730):
        easel.fill(ribbon([(440, y), (640, y + 22), (840, y)], 16), Fade(CANE[1], CANE[2], 0))
    for x, lean in ((380, -60), (900, 60)):
        easel.fill(ribbon([(x, 440), (x + lean, 850)], 46), Fade(CANE[0], CANE[2], 90, CANE[1]))
        for k in range(5):
            cy = 500 + k * 12
            easel.fill(ribbon([(x + lean * 0.2 - 25, cy), (x + lean * 0.2 + 25, cy + 4)], 8), "#7d5424")
    for side in (-1, 1):
        easel.fill(
            ribbon([(640 + side * 250, 560), (640 + side * 160, 480), (640 + side * 60, 470)], 18),
            Fade(CANE[1], CANE[2], 40),
        )
    seat_edge = smooth([(320, 400), (640, 470), (960, 400), (960, 456), (640, 536), (320, 456)], steps=12)
    weave(easel, seat_edge, CANE, 28)
    rounding(easel, seat_edge)
    seat = oval(640, 400, 330, 104)
    weave(easel, seat, CANE, 32)
    easel.fill(seat, Glow("#fff6de", "#5a3410", (0.38, 0.3), 0.95), alpha=0.26)
    ring = oval(640, 400, 330, 104)
    easel.fill(ribbon([*ring, ring[0]], 22), Fade(CANE[0], CANE[2], 30, CANE[1]))
