"""Fruit and vegetables other than dragon fruit."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import (
    Easel,
    Fade,
    Glow,
    Outline,
    grown,
    leaf,
    moved,
    oval,
    rect,
    ribbon,
    smooth,
    turned,
)
from shop.demo.drawings.scenes import room

GREEN, GREEN_LIGHT, GREEN_DARK = "#4f9a3c", "#8cc45a", "#2d6b2c"


def ball(
    easel: Easel, x: float, y: float, size: float, light: str, colour: str, dark: str, tall: float = 1.0
) -> Outline:
    """A round fruit in its light; gives back its outline."""
    outline = oval(x, y, size, size * tall)
    easel.fill(outline, Glow(light, dark, (0.34, 0.28), 0.92, colour))
    easel.fill(
        oval(x - size * 0.34, y - size * tall * 0.42, size * 0.24, size * 0.15, -32),
        "#ffffff",
        soft=size * 0.06,
        alpha=0.6,
    )
    return outline


def green_leaf(
    easel: Easel, base: tuple[float, float], tip: tuple[float, float], width: float, bend: float = 0.1
) -> None:
    """A leaf with its middle rib."""
    outline = leaf(base, tip, width, bend)
    easel.fill(
        outline, Fade(GREEN_DARK, GREEN_LIGHT, math.degrees(math.atan2(tip[0] - base[0], tip[1] - base[1])), GREEN)
    )
    (x0, y0), (x1, y1) = base, tip
    middle = ((x0 + x1) / 2 - (y1 - y0) * bend, (y0 + y1) / 2 + (x1 - x0) * bend)
    easel.fill(ribbon([base, middle, tip], width * 0.07, 0.5), "#d8efb0", alpha=0.7)


def grapes(easel: Easel) -> None:
    """Two bunches of red grapes."""
    room(easel, "paper", "sage", "sun")
    easel.touch(640, 812, 330, 44)
    green_leaf(easel, (620, 260), (820, 190), 150, 0.08)
    green_leaf(easel, (600, 260), (430, 200), 130, -0.08)
    for cx, top, wide in ((470, 350, 5), (800, 344, 6)):
        easel.fill(ribbon([(cx + 20, 210), (cx, top - 40), (cx, top + 40)], 16, 9), "#7a6a35")
        for row in range(8):
            count = max(1, min(wide, 3 + row) - max(0, row - 4))
            for i in range(count):
                x = cx + (i - (count - 1) / 2) * 66 + easel.between(-10, 10)
                y = top + row * 58 + easel.between(-9, 9)
                easel.fill(oval(x, y, 46, 50), "#32061a", soft=7, alpha=0.4)
                ball(easel, x, y, 42, "#c65a78", "#8a1f45", "#4a0b26", 1.1)


def jujube(easel: Easel) -> None:
    """Crisp green jujubes (táo xanh), one cut open."""
    room(easel, "sun", "paper", "blush")
    lay = ((330, 560), (520, 470), (740, 450), (930, 560), (420, 690), (640, 620), (850, 700), (640, 790))
    for x, y in lay:
        size = easel.between(104, 118)
        easel.touch(x, y + size * 0.98, size, size * 0.2)
        ball(easel, x, y, size, "#eef7a8", "#b4d24c", "#6f9a2a", 1.06)
        dip = (x + easel.between(-18, 18), y - size * 0.82)
        easel.fill(oval(*dip, size * 0.26, size * 0.10), "#6f8f2a", soft=5, alpha=0.7)
        easel.fill(ribbon([dip, (dip[0] + 10, dip[1] - 46)], 8, 6), "#7a5a32")
    green_leaf(easel, (640, 360), (800, 290), 70)
    easel.touch(1010, 818, 100, 22)
    easel.fill(oval(1010, 742, 96, 100), "#a8c845")
    easel.fill(oval(1010, 742, 88, 92), Glow("#fffff2", "#eef3c8"))
    easel.fill(oval(1010, 745, 24, 38), Glow("#b98a52", "#7a5228"))


def melon(easel: Easel) -> None:
    """A netted melon and a wedge of orange flesh."""
    room(easel, "sage", "paper", "sun")
    easel.touch(500, 800, 300, 60)
    skin = oval(500, 530, 290, 282)
    easel.fill(skin, Glow("#dfe3ad", "#8f9a5a", (0.34, 0.28), 0.95, "#b9c07f"))
    net = []
    for i in range(46):
        a, b = easel.between(0, 6.28), easel.between(0, 6.28)
        start = (500 + 285 * math.cos(a), 530 + 280 * math.sin(a))
        end = (500 + 285 * math.cos(b), 530 + 280 * math.sin(b))
        knee = (500 + easel.between(-170, 170), 530 + easel.between(-170, 170))
        net.append(ribbon([start, knee, end], 6 if i % 3 else 9))
    easel.fill(net, "#f4efcf", inside=skin, alpha=0.75)
    easel.fill(skin, Glow("#ffffff", "#4c5526", (0.3, 0.25), 1.0), alpha=0.18)
    easel.fill(
        [(470, 262), (480, 190), (430, 172), (430, 156), (570, 150), (570, 166), (512, 186), (524, 262)], "#7d8a4a"
    )
    _wedge(easel, 900, 700)


def _wedge(easel: Easel, x: float, y: float) -> None:
    easel.touch(x, y + 118, 240, 36)
    whole = smooth(
        [
            (x - 250, y - 30),
            (x - 120, y + 90),
            (x + 30, y + 112),
            (x + 170, y + 60),
            (x + 250, y - 60),
            (x + 20, y - 40),
        ]
    )
    easel.fill(whole, Fade("#a9b06c", "#7f8a4c", 90))
    easel.fill(grown(moved(whole, 0, -14), 0.95, (x, y)), "#e9e8a8")
    flesh = grown(moved(whole, 0, -26), 0.90, (x, y))
    easel.fill(flesh, Fade("#ffc27a", "#f28b36", 20))
    hollow = oval(x + 6, y - 46, 132, 34, -5)
    easel.fill(hollow, Fade("#e77722", "#f7a14e", 0), inside=flesh, soft=3)
    seeds = [
        oval(x + easel.between(-100, 112), y - 48 + easel.between(-16, 14), 11, 6, easel.between(-60, 60), 10)
        for _ in range(16)
    ]
    easel.fill(seeds, "#fff0c4")


def pomelo(easel: Easel) -> None:
    """A pomelo, pear-shaped, and a half with pink segments."""
    room(easel, "sun", "sage", "paper")
    easel.touch(440, 812, 270, 56)
    outline = smooth(
        [
            (440, 190),
            (520, 260),
            (640, 420),
            (700, 580),
            (620, 760),
            (440, 816),
            (260, 760),
            (180, 580),
            (240, 420),
            (360, 260),
        ]
    )
    easel.fill(outline, Glow("#f3ef8e", "#8fa02e", (0.34, 0.36), 0.9, "#c9cf52"))
    pores = [oval(440 + easel.between(-230, 230), 540 + easel.between(-280, 250), 4, 3, 0, 8) for _ in range(160)]
    easel.fill(pores, "#8a9a2c", inside=outline, alpha=0.35)
    easel.fill(oval(330, 400, 70, 44, -50), "#ffffff", soft=24, alpha=0.5)
    green_leaf(easel, (440, 200), (640, 130), 110, 0.1)
    easel.touch(860, 812, 220, 40)
    easel.fill(oval(860, 620, 205, 205), Fade("#d9dc66", "#a6b038", 30))
    easel.fill(oval(860, 620, 192, 192), "#fdf6df")
    for i in range(11):
        turn = i * 360 / 11 + 8
        part = smooth([(860, 604), (900, 540), (904, 468), (860, 456), (816, 468), (820, 540)])
        easel.fill(turned(grown(part, 0.96, (860, 540)), turn, (860, 620)), Glow("#f9a9a4", "#e0656c", (0.5, 0.4), 0.7))
    easel.fill(oval(860, 620, 16, 16), "#fdf6df")


def banana(easel: Easel) -> None:
    """A hand of short, plump bananas."""
    room(easel, "sage", "paper", "clay")
    easel.touch(640, 742, 330, 46)
    crown = (640.0, 262.0)
    fingers = ((-78, 0), (78, 1), (-54, 2), (56, 3), (-28, 4), (30, 5), (2, 6))
    for lean, order in fingers:
        a = math.radians(lean)
        tip = (640 + 400 * math.sin(a), 300 + 440 * math.cos(a * 0.72))
        knee = (640 + 330 * math.sin(a) * 1.14, 300 + 230 * math.cos(a * 0.6))
        line = ribbon([crown, (640 + 120 * math.sin(a), 350), knee, tip], 44, 26, belly=150)
        easel.fill(moved(line, 6, 8), "#5a3a08", soft=10, alpha=0.35)
        easel.fill(line, Fade("#fbe27a", "#d9a423", 60 - order * 6, "#f3c83c"))
        easel.fill(
            ribbon([(640 + 110 * math.sin(a), 372), knee, tip], 8, 4, belly=26),
            "#fff6b8",
            soft=6,
            alpha=0.6,
            inside=line,
        )
        easel.fill(oval(*tip, 16, 13), "#4a3416")
    easel.fill(rect(596, 196, 684, 290, 26), Fade("#c9b04a", "#7d6a22", 30))


def avocado(easel: Easel) -> None:
    """A whole avocado and two halves, one with its stone."""
    room(easel, "paper", "blush", "sun")
    pear = [(0, -1.32), (0.36, -1.12), (0.62, -0.42), (0.86, 0.2), (0.78, 0.86), (0.36, 1.2), (0, 1.26)]
    shape = smooth([*pear, *[(-x, y) for x, y in pear[-2:0:-1]]])

    def put(x: float, y: float, size: float, turn: float) -> Outline:
        return turned([(x + px * size, y + py * size) for px, py in shape], turn, (x, y))

    easel.touch(410, 770, 190, 46)
    whole = put(410, 500, 220, -16)
    easel.fill(whole, Glow("#8fa64a", "#1f3a16", (0.32, 0.3), 0.9, "#4d7029"))
    specks = [oval(410 + easel.between(-180, 180), 500 + easel.between(-260, 260), 4, 4, 0, 8) for _ in range(140)]
    easel.fill(specks, "#b9c878", inside=whole, alpha=0.45)
    easel.fill(oval(340, 440, 50, 90, 10), "#ffffff", soft=26, alpha=0.32)
    for x, y, turn, stone in ((720, 590, 8, True), (990, 650, 26, False)):
        half = put(x, y, 180 if stone else 160, turn)
        easel.touch(x, y + 218, 160, 34)
        easel.fill(moved(half, -6, 4), "#3a1a10", soft=12, alpha=0.3)
        easel.fill(half, Fade("#3d5f22", "#284516", 30))
        easel.fill(grown(half, 0.93, (x, y)), "#b9cf5a")
        easel.fill(grown(half, 0.86, (x, y)), Glow("#fbf6b0", "#dfe27a", (0.5, 0.6), 0.6))
        if stone:
            ball(easel, x - 8, y + 56, 78, "#b9794a", "#7d4622", "#4a2410")
        else:
            easel.fill(oval(x - 14, y + 50, 66, 66), Glow("#d8d26a", "#f5efa4", (0.35, 0.3), 0.8))
