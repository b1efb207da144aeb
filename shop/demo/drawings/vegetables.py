"""Vegetables, and the bowls and trays that they lie in."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import (
    Easel,
    Fade,
    Glow,
    Outline,
    blend,
    leaf,
    moved,
    oval,
    rect,
    ribbon,
    smooth,
    turned,
)
from shop.demo.drawings.garden import GREEN, GREEN_DARK, GREEN_LIGHT, ball
from shop.demo.drawings.scenes import room


def greens(easel: Easel) -> None:
    """A flat basket of leafy greens tied in bundles."""
    room(easel, "paper", "sun", "clay")
    easel.touch(640, 830, 430, 54)
    for cx, lean, hue in ((330, -24, 0.0), (950, 24, 0.35), (490, -9, 0.6), (790, 10, 0.15), (640, 0, 0.45)):
        _bundle(easel, cx, lean, hue)
    rim = smooth([(210, 650), (640, 690), (1070, 650), (1010, 840), (640, 880), (270, 840)], steps=14)
    easel.fill(rim, Fade("#d8ab6a", "#a87738", 20))
    for y in range(660, 880, 26):
        easel.fill(ribbon([(190, y - 20), (640, y + 18), (1090, y - 20)], 5), "#8a5c28", inside=rim, alpha=0.4)
    for x in range(230, 1080, 44):
        easel.fill(ribbon([(x, 640), (640 + (x - 640) * 0.88, 890)], 9), "#efcf96", inside=rim, alpha=0.5)
    easel.fill(ribbon([(200, 650), (640, 694), (1080, 650)], 26), Fade("#edc88c", "#b98848", 0))


def _bundle(easel: Easel, cx: float, lean: float, hue: float) -> None:
    colour = blend("#5aa63c", "#2f7a3a", hue)
    light = blend("#a5d85e", "#6fb85a", hue)
    for i in range(9):
        turn = lean + (i - 4) * 11 * (-1 if i % 2 else 1)
        reach = easel.between(330, 430)
        a = math.radians(turn)
        tip = (cx + reach * math.sin(a), 680 - reach * math.cos(a))
        stem = (cx + reach * 0.25 * math.sin(a), 680 - reach * 0.25 * math.cos(a))
        easel.fill(ribbon([(cx, 700), stem, tip], 20, 4), "#dff0b8")
        blade = leaf(stem, tip, reach * 0.42, easel.between(-0.06, 0.06))
        easel.fill(moved(blade, 5, 7), "#173d16", soft=7, alpha=0.35)
        easel.fill(
            blade,
            Fade(
                blend(colour, "#1c4a20", 0.3),
                light,
                math.degrees(math.atan2(tip[0] - stem[0], tip[1] - stem[1])),
                colour,
            ),
        )
        easel.fill(ribbon([stem, tip], 11, 2), "#e4f4c0", alpha=0.8)


def tomatoes(easel: Easel) -> None:
    """Cherry tomatoes heaped in a bowl."""
    room(easel, "sage", "paper", "sea")
    easel.touch(640, 838, 330, 50)
    for row, (count, y) in enumerate(((3, 380), (4, 450), (5, 520), (5, 590))):
        for i in range(count):
            x = 640 + (i - (count - 1) / 2) * 122 + easel.between(-14, 14)
            easel.fill(oval(x, y + 4, 74, 72), "#5a0a08", soft=10, alpha=0.4)
            ball(easel, x, y, 68, "#ff8a5c", "#e03a24", "#9a1712")
            if (i + row) % 2:
                _star(easel, x + easel.between(-16, 16), y - 52, 34)
    bowl(easel, 640, 610, 360, 220, "#fdf7ec", "#d9c7ae")
    for x, y in ((250, 800), (1060, 790)):
        easel.touch(x, y + 64, 66, 14)
        ball(easel, x, y, 68, "#ff8a5c", "#e03a24", "#9a1712")
        _star(easel, x, y - 52, 34)


def _star(easel: Easel, x: float, y: float, size: float) -> None:
    points = [turned(leaf((x, y), (x, y - size), size * 0.34, 0.1), i * 72 + 20, (x, y)) for i in range(5)]
    easel.fill(points, Fade("#2f6b2c", "#6fb04a", 160))
    easel.fill(ribbon([(x, y), (x + 6, y - size * 0.8)], 6, 4), "#4f8a3a")


def bowl(easel: Easel, x: float, y: float, wide: float, deep: float, light: str, dark: str) -> None:
    shape = smooth(
        [
            (x - wide, y),
            (x, y + 34),
            (x + wide, y),
            (x + wide * 0.72, y + deep * 0.74),
            (x + wide * 0.3, y + deep),
            (x - wide * 0.3, y + deep),
            (x - wide * 0.72, y + deep * 0.74),
        ],
        steps=12,
    )
    easel.fill(shape, Fade(light, dark, 55))
    easel.fill(ribbon([(x - wide, y), (x, y + 34), (x + wide, y)], 14), "#ffffff", alpha=0.75)
    easel.fill(
        ribbon([(x - wide * 0.86, y + deep * 0.42), (x, y + deep * 0.62), (x + wide * 0.86, y + deep * 0.42)], 9),
        "#2f6f9a",
        inside=shape,
        alpha=0.55,
    )


def tray(easel: Easel, x: float, y: float, wide: float, tall: float) -> None:
    """A flat round tray of split bamboo, seen from above."""
    easel.touch(x, y + tall * 0.86, wide * 0.9, tall * 0.24)
    easel.fill(oval(x, y + 16, wide, tall), "#9a6c34")
    easel.fill(oval(x, y, wide, tall), Fade("#e9c58c", "#c4924e", 40))
    floor = oval(x, y, wide * 0.93, tall * 0.91)
    easel.fill(floor, Glow("#f4dcae", "#dcb57a", (0.4, 0.35), 0.8))
    strips = [rect(x - wide, y + i * 24 - 2, x + wide, y + i * 24 + 2) for i in range(-16, 17)]
    easel.fill(strips, "#a87a40", inside=floor, alpha=0.28)
    posts = [rect(x + i * 44 - 3, y - tall, x + i * 44 + 3, y + tall) for i in range(-13, 14)]
    easel.fill(posts, "#fff1d0", inside=floor, alpha=0.45)


def cucumber(easel: Easel) -> None:
    """Cucumbers side by side and a fan of slices."""
    room(easel, "paper", "blush", "sun")
    easel.touch(640, 672, 420, 46)
    for y, lean in ((400, -12), (510, -4), (616, 5)):
        a = math.tan(math.radians(lean)) * 420
        line = [(250, y - a * 0.6), (640, y + 26), (1010, y + a * 0.7)]
        body = _rounded(ribbon(line, 84, 78, belly=124), 26)
        easel.fill(moved(body, 8, 30), "#3a2a16", soft=18, alpha=0.35)
        easel.fill(body, Fade("#8cc06a", "#1f5a28", 0, "#418a3c"))
        for offset in (-34, -6, 24):
            easel.fill(ribbon([(x, v + offset) for x, v in line], 3, 3, belly=9), "#c9e6a0", inside=body, alpha=0.5)
        easel.fill(oval(line[-1][0] + 30, line[-1][1] + 2, 13, 18), "#d8c878")
    for i in range(6):
        x, y = 330 + i * 116, 796 - (i % 2) * 10
        easel.touch(x, y + 62, 70, 14)
        easel.fill(oval(x, y, 78, 74), Fade("#4f9448", "#2a6430", 30))
        easel.fill(oval(x, y, 71, 67), Glow("#f2fadc", "#c7e29e", (0.5, 0.5), 0.62))
        seeds = [turned(leaf((x, y - 16), (x, y - 46), 12), k * 40, (x, y)) for k in range(9)]
        easel.fill(seeds, "#fbfff0", alpha=0.9)


def _rounded(body: Outline, by: float) -> Outline:
    """A ribbon with round ends in place of straight ones."""
    n = len(body) // 2
    (ax, ay), (bx, by_) = body[n - 1], body[n]
    (cx, cy), (dx, dy) = body[-1], body[0]
    right = [((ax * 3 + bx) / 4 + by, (ay * 3 + by_) / 4), ((ax + bx * 3) / 4 + by, (ay + by_ * 3) / 4)]
    left = [((cx * 3 + dx) / 4 - by, (cy * 3 + dy) / 4), ((cx + dx * 3) / 4 - by, (cy + dy * 3) / 4)]
    return smooth([*body[:n:4], body[n - 1], *right, *body[n::4], body[-1], *left], steps=4)


def chilli(easel: Easel) -> None:
    """Long red chillies, a few of them green."""
    room(easel, "paper", "sage", "sun")
    tray(easel, 640, 560, 540, 350)
    for i in range(9):
        x, y = 268 + i * 92, 410 + easel.between(-24, 24) + abs(i - 4) * 14
        bend, drop = easel.between(-60, 60), easel.between(300, 380) - abs(i - 4) * 22
        line = [(x, y), (x + bend * 0.3, y + drop * 0.45), (x + bend, y + drop)]
        pod = ribbon(line, 62, 3, belly=58)
        easel.fill(moved(pod, 12, 16), "#4a140a", soft=12, alpha=0.32)
        light, colour, dark = ("#b8dc62", "#5e9a34", "#2c5c1e") if i == 6 else ("#ff7a52", "#d9261c", "#8a0f10")
        easel.fill(pod, Fade(light, dark, 70, colour))
        easel.fill(
            ribbon([(x - 12, y + 30), (x - 10 + bend * 0.25, y + drop * 0.4)], 9, 3),
            "#ffffff",
            soft=3,
            alpha=0.6,
            inside=pod,
        )
        easel.fill(smooth([(x - 36, y + 12), (x, y - 16), (x + 36, y + 12), (x, y + 26)]), GREEN)
        easel.fill(ribbon([(x, y), (x + easel.between(-30, 30), y - 84)], 15, 10), Fade(GREEN_LIGHT, GREEN_DARK, 40))


def corn(easel: Easel) -> None:
    """Three cobs of sticky corn in their husks."""
    room(easel, "sage", "clay", "paper")
    for x, turn in ((370, -20), (910, 20), (640, 0)):
        easel.touch(x, 838, 130, 30)
        cob = turned(
            smooth(
                [
                    (x, 190),
                    (x + 76, 300),
                    (x + 96, 520),
                    (x + 80, 740),
                    (x, 820),
                    (x - 80, 740),
                    (x - 96, 520),
                    (x - 76, 300),
                ]
            ),
            turn,
            (x, 800),
        )
        easel.fill(moved(cob, 10, 8), "#3a2408", soft=14, alpha=0.35)
        easel.fill(cob, Fade("#fff3c9", "#d9b65a", 70, "#f6e3a0"))
        kernels = [
            turned(rect(x + column * 32 - 14, 196 + row * 27, x + column * 32 + 14, 219 + row * 27, 9), turn, (x, 800))
            for row in range(24)
            for column in range(-3, 4)
        ]
        easel.fill(kernels, "#fff9de", inside=cob, alpha=0.75)
        easel.fill(cob, Fade("#ffffff", "#7a5a16", 70), alpha=0.16)
        for side in (-1, 1):
            husk = turned(
                smooth(
                    [
                        (x + side * 20, 838),
                        (x + side * 108, 740),
                        (x + side * 150, 470),
                        (x + side * 106, 560),
                        (x + side * 40, 700),
                    ]
                ),
                turn,
                (x, 800),
            )
            easel.fill(husk, Fade("#c7e08a", "#5f9a40", 90 * side))
        front = turned(
            smooth([(x - 60, 838), (x - 84, 720), (x - 10, 600), (x + 84, 720), (x + 60, 838)]), turn, (x, 800)
        )
        easel.fill(front, Fade("#b5d878", "#4f8f3a", 10))


def sweet_potato(easel: Easel) -> None:
    """Sweet potatoes with earth-red skin, one cut to show orange flesh."""
    room(easel, "paper", "sage", "sea")
    for x, y, turn, size in ((400, 420, -18, 1.0), (840, 430, 14, 1.05), (520, 620, 6, 1.1)):
        easel.touch(x, y + 105 * size, 250 * size, 30)
        shape = [(-270, 10), (-150, -92), (20, -112), (170, -78), (275, -8), (150, 84), (-20, 108), (-170, 80)]
        body = turned(smooth([(x + px * size, y + py * size) for px, py in shape]), turn, (x, y))
        easel.fill(body, Glow("#d98a86", "#6e2636", (0.38, 0.25), 0.85, "#a94a56"))
        marks = []
        for _ in range(9):
            mx, my = x + easel.between(-190, 190), y + easel.between(-70, 70)
            marks.append(ribbon([(mx, my), (mx + easel.between(14, 44), my + easel.between(-8, 8))], 4, 2))
        easel.fill(marks, "#5a1c2a", inside=body, alpha=0.5)
    easel.touch(930, 808, 160, 30)
    easel.fill(turned(oval(930, 700, 176, 116), -14, (930, 700)), Fade("#b0525c", "#7a2a3a", 30))
    easel.fill(turned(oval(930, 700, 164, 105), -14, (930, 700)), Glow("#ffc47a", "#ef8f3c", (0.42, 0.4), 0.7))
    easel.fill(turned(oval(930, 700, 120, 70), -14, (930, 700)), "#fbb060", soft=20, alpha=0.7)
