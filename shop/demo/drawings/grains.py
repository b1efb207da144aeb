"""Rice in sacks and bowls, rice paper, noodles, peanuts: what comes dry from the field."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, Point, blend, moved, oval, ribbon, smooth, turned
from shop.demo.drawings.packs import Label, sack
from shop.demo.drawings.scenes import room
from shop.demo.drawings.vegetables import bowl, tray

RICES = {
    "white": ("#fffdf4", "#e9dfc6", "#1d6b3b", ("GẠO THƠM",)),
    "red": ("#c9664a", "#7a2c1e", "#9a2f1f", ("GẠO LỨT", "ĐỎ")),
    "purple": ("#6a4468", "#2a1530", "#5a2460", ("GẠO", "TÍM THAN")),
    "sticky": ("#fffefa", "#efe9da", "#b3125f", ("NẾP", "HƯƠNG")),
}


def strewn(
    easel: Easel, light: str, dark: str, inside: Outline, count: int, size: float = 9.0, slim: float = 0.36
) -> None:
    """Grains lying in all directions within an outline, in three shades."""
    left, right = min(p[0] for p in inside), max(p[0] for p in inside)
    top, bottom = min(p[1] for p in inside), max(p[1] for p in inside)
    for shade in (1.0, 0.45, 0.0):
        grains = [
            oval(easel.between(left, right), easel.between(top, bottom), size, size * slim, easel.between(0, 180), 10)
            for _ in range(count // 3)
        ]
        easel.fill(grains, blend(light, dark, shade * 0.75), inside=inside)


def heap(easel: Easel, x: float, foot: float, wide: float, tall: float, light: str, dark: str) -> None:
    """A heap of grain on the table, a few grains fallen beside it."""
    easel.touch(x, foot - 2, wide, wide * 0.16)
    outline = smooth(
        [
            (x - wide, foot),
            (x - wide * 0.5, foot - tall * 0.62),
            (x, foot - tall),
            (x + wide * 0.5, foot - tall * 0.62),
            (x + wide, foot),
            (x, foot + wide * 0.12),
        ]
    )
    easel.fill(outline, Glow(light, dark, (0.35, 0.2), 0.9))
    strewn(easel, light, dark, outline, round(wide * 3.6))
    easel.fill(outline, Fade("#ffffff", dark, 50), alpha=0.16)
    fallen = [
        oval(x + easel.between(-1.4, 1.4) * wide, foot + easel.between(4, 34), 9, 3.4, easel.between(0, 180), 10)
        for _ in range(26)
    ]
    easel.fill([moved(grain, 2, 4) for grain in fallen], "#4a2a1a", alpha=0.25)
    easel.fill(fallen, blend(light, dark, 0.2))


def rice_bag(easel: Easel, name: str = "white") -> None:
    """A sack of rice, a heap before it, a wooden scoop."""
    light, dark, band, words = RICES[name]
    room(easel, "paper", "sage", "sun" if name != "white" else "clay")
    x = easel.random.choice((440, 840))
    cloth = {"white": "#efe2c6", "sticky": "#f4ead6", "red": "#e3cba8", "purple": "#dcc9b4"}[name]
    sack(easel, x, 810, 250, 620, cloth, Label("#fffaf0", "#2a1520", band, words))
    other = 1280 - x
    heap(easel, other, 830, 220, 170, light, dark)
    _scoop(easel, other + 40, 690)


def _scoop(easel: Easel, x: float, y: float) -> None:
    easel.fill(
        ribbon([(x + 30, y + 10), (x + 120, y - 70), (x + 200, y - 150)], 34, 26), Fade("#c98e52", "#8a5a2a", 60)
    )
    cup = turned(oval(x, y + 30, 96, 52), -28, (x, y + 30))
    easel.fill(cup, Fade("#b97c40", "#7d4e22", 30))
    easel.fill(turned(oval(x - 4, y + 22, 84, 40), -28, (x, y + 24)), Fade("#8f5c2c", "#c08a50", 30))


def rice_bowl(easel: Easel) -> None:
    """A bowl of steamed rice with chopsticks."""
    room(easel, "clay", "sage", "sea")
    easel.touch(640, 838, 300, 46)
    mound = smooth(
        [(300, 560), (370, 420), (500, 330), (640, 300), (790, 335), (910, 425), (980, 560), (640, 620)], steps=12
    )
    easel.fill(mound, Glow("#ffffff", "#e6dcc8", (0.36, 0.2), 0.9))
    strewn(easel, "#ffffff", "#ddd0b6", mound, 1300, 12, 0.42)
    bowl(easel, 640, 560, 360, 270, "#fdf8ee", "#d3c0a6")
    for offset in (0, 34):
        easel.fill(
            ribbon([(940 + offset, 760 + offset * 0.4), (1210, 420 + offset)], 12, 17), Fade("#9a5a34", "#5e3018", 60)
        )
    steam = [ribbon([(x, 280), (x + 26, 220), (x - 16, 160), (x + 20, 90)], 10, 4, belly=26) for x in (540, 650, 750)]
    easel.fill(steam, "#ffffff", soft=8, alpha=0.6)


def rice_paper(easel: Easel) -> None:
    """A stack of rice paper, one sheet against the light with the weave of its drying mat."""
    room(easel, "clay", "sage", "sea")
    easel.touch(700, 800, 400, 70)
    for i in range(9):
        easel.fill(oval(700 + easel.between(-7, 7), 770 - i * 9, 380, 92), Fade("#fffaf0", "#d9c9ae", 20))
        easel.fill(oval(700, 766 - i * 9, 376, 90), "#fffdf6", alpha=0.6)
    sheet = oval(480, 440, 290, 300, 0)
    easel.shadow(sheet, dx=26, dy=26, soft=18, alpha=0.2)
    easel.fill(sheet, Glow("#fffefa", "#f0e3c9", (0.4, 0.3), 0.8), alpha=0.90)
    mat = []
    for i in range(-30, 31):
        mat.append(ribbon([(480 + i * 19, 120), (480 + i * 19 + 160, 760)], 2.5))
        mat.append(ribbon([(160, 440 + i * 19), (800, 440 + i * 19 - 150)], 2.5))
    easel.fill(mat, "#cbb48a", inside=sheet, alpha=0.32)
    easel.fill(ribbon(oval(480, 440, 284, 294)[:57], 7), "#ffffff", alpha=0.6)


def rice_cracker(easel: Easel) -> None:
    """Toasted sesame crackers, blistered and golden."""
    room(easel, "sage", "sun", "paper")
    for x, y, size in ((820, 420, 250), (460, 520, 270), (860, 690, 210)):
        ring = [
            (
                x + size * (1 + easel.between(-0.03, 0.03)) * math.cos(t / 5),
                y + size * 0.94 * (1 + easel.between(-0.03, 0.03)) * math.sin(t / 5),
            )
            for t in range(31)
        ]
        disc = smooth(ring, steps=4)
        easel.shadow(disc, dx=14, dy=26, soft=18, alpha=0.3)
        easel.fill(disc, Glow("#fbe3a6", "#c98a3a", (0.4, 0.35), 0.85, "#efc473"))
        blisters = [
            oval(
                x + easel.between(-size, size),
                y + easel.between(-size, size),
                easel.between(12, 34),
                easel.between(9, 22),
                easel.between(0, 180),
                16,
            )
            for _ in range(34)
        ]
        easel.fill([moved(b, 4, 5) for b in blisters], "#a8662a", inside=disc, soft=3, alpha=0.4)
        easel.fill(blisters, "#fff0c4", inside=disc, soft=2, alpha=0.75)
        for colour, count in (("#2e2018", 60), ("#fff6da", 50)):
            seeds = [
                oval(
                    x + easel.between(-size, size) * 0.88,
                    y + easel.between(-size, size) * 0.84,
                    7,
                    4,
                    easel.between(0, 180),
                    8,
                )
                for _ in range(count)
            ]
            easel.fill(seeds, colour, inside=disc)


def noodles(easel: Easel) -> None:
    """Nests of broad dried Quảng noodles on a bamboo tray."""
    room(easel, "paper", "sage", "sea")
    tray(easel, 640, 590, 560, 330)
    for x, y, colour in (
        (400, 480, "#f6e2a4"),
        (860, 470, "#f6e2a4"),
        (640, 580, "#f0cf7a"),
        (410, 720, "#f0cf7a"),
        (880, 710, "#f6e2a4"),
    ):
        easel.fill(oval(x + 10, y + 20, 180, 118), "#5a3a14", soft=16, alpha=0.35)
        easel.fill(oval(x, y, 172, 112), blend(colour, "#8a6424", 0.45))
        for _ in range(44):
            out, start, sweep = easel.between(0.25, 1), easel.between(0, 6.28), easel.between(1.2, 2.8)
            line: list[Point] = [
                (x + 164 * out * math.cos(start + sweep * k / 4), y + 104 * out * math.sin(start + sweep * k / 4))
                for k in range(5)
            ]
            shade = easel.between(0, 0.4)
            easel.fill(ribbon(line, 13), blend(colour, "#a87a30", shade))
            easel.fill(ribbon([(px - 1, py - 4) for px, py in line], 3), "#fff8dc", alpha=0.5)


def peanuts(easel: Easel) -> None:
    """Roasted peanuts in their shells and out, in a bowl and around it."""
    room(easel, "sage", "sun", "sea")
    easel.touch(640, 838, 310, 46)
    for row, (count, y) in enumerate(((4, 430), (5, 480), (6, 530), (6, 580))):
        for i in range(count):
            nut(
                easel,
                640 + (i - (count - 1) / 2) * 100 + easel.between(-16, 16),
                y + easel.between(-10, 10),
                62,
                easel.between(0, 180),
            )
        _ = row
    bowl(easel, 640, 590, 360, 240, "#8a4a2c", "#5a2a18")
    for x, y in ((200, 790), (300, 850), (1010, 830), (1100, 770)):
        easel.touch(x, y + 30, 60, 12)
        nut(easel, x, y, 62, easel.between(-30, 30))
    for x, y in ((380, 880), (930, 886), (1170, 850)):
        easel.fill(oval(x + 3, y + 6, 30, 20), "#4a2010", soft=5, alpha=0.35)
        easel.fill(oval(x, y, 30, 20, easel.between(-40, 40)), Glow("#e0906a", "#a04a30", (0.35, 0.3), 0.8))


def nut(easel: Easel, x: float, y: float, size: float, turn: float) -> None:
    """A peanut in its shell."""
    shape = [
        (-1.15, 0),
        (-0.85, -0.48),
        (-0.35, -0.46),
        (0, -0.34),
        (0.4, -0.5),
        (0.9, -0.44),
        (1.15, 0),
        (0.9, 0.46),
        (0.4, 0.5),
        (0, 0.36),
        (-0.35, 0.48),
        (-0.85, 0.48),
    ]
    shell = turned(smooth([(x + px * size, y + py * size) for px, py in shape], steps=5), turn, (x, y))
    easel.fill(moved(shell, 4, 7), "#4a2810", soft=6, alpha=0.4)
    easel.fill(shell, Glow("#f3d6a0", "#b5813f", (0.38, 0.3), 0.85, "#dcb06c"))
    lines = [
        turned(ribbon([(x + size * s, y - size * 0.4), (x + size * (s + 0.06), y + size * 0.4)], 3), turn, (x, y))
        for s in (-0.8, -0.5, -0.2, 0.2, 0.5, 0.8)
    ]
    lines += [
        turned(ribbon([(x - size, y + size * s), (x + size, y + size * s)], 3), turn, (x, y))
        for s in (-0.22, 0.02, 0.24)
    ]
    easel.fill(lines, "#9a6a30", inside=shell, alpha=0.45)
