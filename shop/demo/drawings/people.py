"""Faces of co-op people and the places they work at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shop.demo.drawings.easel import Easel, Fade, Glow, blend, leaf, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.fruit import RED, Place, whole

STRAW = "#e9cf95"


@dataclass(frozen=True)
class Look:
    """One person: hair, hat (cone, cap, scarf, none), shirt, and years that show."""

    hair: str
    hat: str
    shirt: str
    woman: bool
    old: bool


LOOKS = (
    Look("#2b1d1a", "cone", "#8f3fa0", woman=True, old=False),
    Look("#231a18", "cap", "#2f6fa8", woman=False, old=False),
    Look("#8d8a88", "none", "#5a7d3a", woman=False, old=True),
    Look("#2b1d1a", "scarf", "#d9822b", woman=True, old=False),
    Look("#b9b6b3", "none", "#6b5142", woman=False, old=True),
    Look("#3a2722", "cone", "#2c8a7a", woman=True, old=False),
    Look("#7d7672", "scarf", "#b3125f", woman=True, old=True),
    Look("#231a18", "none", "#c2453a", woman=True, old=False),
    Look("#231a18", "none", "#33526e", woman=False, old=False),
    Look("#6e6864", "cap", "#87713a", woman=False, old=True),
    Look("#2b1d1a", "cone", "#c75a86", woman=True, old=False),
    Look("#c4c2bf", "cap", "#3c5a66", woman=False, old=True),
)


def face(easel: Easel, number: int) -> None:
    """A friendly portrait against a field."""
    look = LOOKS[(number - 1) % len(LOOKS)]
    easel.fill(rect(0, 0, 1280, 960), Fade("#fff0d2", "#f4d9b0", 0))
    easel.fill(oval(640, 480, 520, 480), "#ffffff", soft=90, alpha=0.55)
    easel.fill(
        smooth([(-40, 720), (400, 660), (900, 700), (1320, 650), (1320, 1000), (-40, 1000)], steps=8),
        Fade("#b9d48a", "#7fae58", 0),
    )
    figure(easel, look)


def figure(easel: Easel, look: Look) -> None:
    """The person from the chest up, without what is behind."""
    skin = easel.choose("#d99a6c", "#c98a5c", "#e0a679", "#cf9163")
    shade = blend(skin, "#5a2a14", 0.28)
    if look.woman:
        back = smooth([(430, 420), (640, 200), (850, 420), (866, 720), (760, 790), (520, 790), (414, 720)], steps=10)
        easel.fill(back, look.hair)
    body = smooth([(250, 1000), (300, 830), (500, 750), (640, 770), (780, 750), (980, 830), (1030, 1000)], steps=10)
    easel.fill(body, Fade(blend(look.shirt, "#ffffff", 0.2), blend(look.shirt, "#000000", 0.25), 60, look.shirt))
    easel.fill(rect(572, 640, 708, 800, 50), shade)
    easel.fill(
        [smooth([(540, 760), (640, 850), (600, 740)], steps=6), smooth([(740, 760), (640, 850), (680, 740)], steps=6)],
        blend(look.shirt, "#ffffff", 0.55),
    )
    _head(easel, look, skin, shade)
    _hat(easel, look)


def _head(easel: Easel, look: Look, skin: str, shade: str) -> None:
    easel.fill([oval(452, 500, 30, 48), oval(828, 500, 30, 48)], shade)
    head = smooth(
        [
            (460, 430),
            (520, 300),
            (640, 262),
            (760, 300),
            (820, 430),
            (806, 570),
            (730, 690),
            (640, 722),
            (550, 690),
            (474, 570),
        ],
        steps=10,
    )
    easel.fill(head, Glow(blend(skin, "#fff0d8", 0.32), shade, (0.40, 0.38), 0.95, skin))
    _hair(easel, look, head)
    for side in (-1, 1):
        x = 640 + side * 86
        easel.fill(
            ribbon([(x - 44, 446 - side * 4), (x, 428), (x + 44, 446 + side * 4)], 13, 6),
            blend(look.hair, "#2a1a14", 0.3),
        )
        easel.fill(smooth([(x - 36, 492), (x, 472), (x + 36, 492), (x, 506)], steps=8), "#ffffff")
        easel.fill(oval(x, 490, 17, 18), "#2a1712")
        easel.fill(oval(x - 5, 484, 5, 5), "#ffffff")
        easel.fill(oval(x + side * 40, 580, 46, 30), "#e0604a", soft=16, alpha=0.28)
        if look.old:
            easel.fill(
                [ribbon([(x + side * 52, 500 + bend), (x + side * 84, 492 + bend * 2)], 4, 2) for bend in (-4, 8)],
                shade,
                alpha=0.8,
            )
    easel.fill(ribbon([(636, 490), (616, 570), (650, 584)], 7, 10), shade, alpha=0.75)
    smile = smooth([(560, 622), (640, 640), (720, 622), (684, 674), (640, 684), (596, 674)], steps=10)
    easel.fill(smile, "#8f2f2a")
    easel.fill(
        smooth([(574, 628), (640, 643), (706, 628), (690, 650), (640, 656), (590, 650)], steps=8),
        "#fffaf3",
        inside=smile,
    )
    if look.old:
        lines = [
            ribbon([(640 + side * 100, 590), (640 + side * 116, 640), (640 + side * 104, 670)], 5, 2)
            for side in (-1, 1)
        ]
        easel.fill([*lines, ribbon([(560, 372), (640, 364), (720, 372)], 4, 3)], shade, alpha=0.7)


def _hair(easel: Easel, look: Look, head: list[tuple[float, float]]) -> None:
    if look.woman:
        fringe = smooth(
            [
                (440, 470),
                (470, 300),
                (640, 225),
                (810, 300),
                (840, 470),
                (790, 380),
                (690, 318),
                (600, 330),
                (500, 390),
            ],
            steps=10,
        )
    else:
        fringe = smooth(
            [
                (452, 430),
                (470, 290),
                (640, 218),
                (810, 290),
                (828, 430),
                (800, 350),
                (720, 318),
                (560, 318),
                (480, 350),
            ],
            steps=10,
        )
    easel.fill(fringe, Fade(blend(look.hair, "#ffffff", 0.18), look.hair, 0))
    del head


def _hat(easel: Easel, look: Look) -> None:
    if look.hat == "cone":
        cone = smooth(
            [(640, 40), (700, 120), (1010, 380), (1000, 410), (640, 330), (280, 410), (270, 380), (580, 120)], steps=4
        )
        easel.fill(moved(cone, 0, 26), "#3a1a10", soft=22, alpha=0.35)
        easel.fill(cone, Fade("#fbeac0", "#c79a55", 70, STRAW))
        rings = [
            ribbon([(640 - w, 60 + w * 0.90), (640, 60 + w * 0.66), (640 + w, 60 + w * 0.90)], 5)
            for w in (70, 130, 190, 250, 310)
        ]
        easel.fill(rings, "#b98a45", inside=cone, alpha=0.55)
    elif look.hat == "cap":
        easel.fill(
            smooth([(440, 370), (480, 240), (640, 180), (800, 240), (840, 370), (640, 330)], steps=10),
            Fade(blend(look.shirt, "#ffffff", 0.25), blend(look.shirt, "#000000", 0.3), 70),
        )
        easel.fill(
            smooth([(430, 372), (640, 322), (850, 372), (900, 410), (640, 372), (380, 410)], steps=10),
            blend(look.shirt, "#000000", 0.35),
        )
    elif look.hat == "scarf":
        scarf = smooth(
            [(430, 440), (450, 270), (640, 190), (830, 270), (850, 440), (760, 320), (640, 290), (520, 320)], steps=10
        )
        easel.fill(scarf, "#f6efe4")
        checks = [rect(x, 160, x + 14, 470) for x in range(420, 880, 44)] + [
            rect(400, y, 880, y + 12) for y in range(190, 460, 40)
        ]
        easel.fill(checks, "#3a3a44", inside=scarf, alpha=0.55)


def place(easel: Easel, what: str) -> None:
    """A wide view: orchard, rice, vegetables, workshop or sea."""
    sky = Fade("#bfe3f2", "#fff1d6", 0, "#e6f1ea")
    easel.fill(rect(0, 0, 1280, 960), sky)
    easel.fill(oval(980, 230, 210, 210), "#fff3c4", soft=60, alpha=0.9)
    easel.fill(oval(980, 230, 74, 74), "#fff8de")
    for far, colour in ((380, "#a9c9c0"), (440, "#8bb79a")):
        points = [(x, far + 46 * math.sin(x / 170 + far) + easel.between(-16, 16)) for x in range(-80, 1400, 120)]
        easel.fill(
            [*smooth(points, closed=False), (1400, 960), (-80, 960)], Fade(colour, blend(colour, "#ffffff", 0.35), 0)
        )
    {"sea": _sea, "rice": _rice, "greens": _rows, "workshop": _rice}.get(what, _orchard)(easel)


def _field(easel: Easel, light: str, dark: str) -> None:
    easel.fill(rect(-10, 500, 1290, 970), Fade(light, dark, 0))


def _orchard(easel: Easel) -> None:
    _field(easel, "#c9d99a", "#8fae5a")
    easel.fill([(560.0, 500.0), (640.0, 500.0), (900.0, 970.0), (380.0, 970.0)], Fade("#e9d0a0", "#cfa873", 0))
    for row in range(6):
        y, size = 520 + row * row * 13.5 + row * 14, 36 + row * 26
        for side in (-1, 1):
            for column in range(4):
                x = 600 + row * 4 + side * (90 + row * 62 + column * size * 2.5)
                if -120 < x < 1400:
                    _post(easel, x, y, size)


def _post(easel: Easel, x: float, y: float, size: float) -> None:
    """A post with the arms of a dragon fruit plant hanging from its top, some with fruit."""
    easel.fill(oval(x, y + size * 1.25, size * 0.8, size * 0.14), "#2f3a1a", soft=size * 0.1, alpha=0.35)
    easel.fill(rect(x - size * 0.10, y - size * 0.2, x + size * 0.10, y + size * 1.25), "#9a8d80")
    for at in range(11):
        t = math.pi * (at + 0.5) / 11
        out, drop = math.cos(t) * size * 1.15, size * (0.55 + 0.5 * abs(math.cos(t)))
        arm = ribbon(
            [(x, y - size * 0.15), (x + out * 0.7, y - size * 0.55), (x + out, y + drop * 0.5)], size * 0.2, size * 0.07
        )
        easel.fill(arm, easel.choose("#4f8f3f", "#3f7a38", "#69a64c"))
        if at % 3 == 1 and size > 60:
            whole(easel, RED, Place(x + out, y + drop * 0.55, size * 0.12, 180))
        elif at % 3 == 1:
            easel.fill(oval(x + out, y + drop * 0.55, size * 0.11, size * 0.13), "#d3215f")


def _rice(easel: Easel) -> None:
    _field(easel, "#d9df86", "#8fb548")
    for row in range(16):
        y = 520 + row * row * 1.9
        easel.fill(
            ribbon([(-40, y + 6), (640, y - 8), (1320, y + 6)], 3 + row * 0.9),
            blend("#f1e59a", "#6f9a38", row / 16),
            alpha=0.8,
        )
    for _ in range(150):
        x, y = easel.between(0, 1280), easel.between(680, 950)
        easel.fill(
            leaf((x, y), (x + easel.between(-26, 26), y - easel.between(60, 110)), 12),
            easel.choose("#7fb03c", "#d9c95a", "#a9c94a"),
        )


def _rows(easel: Easel) -> None:
    _field(easel, "#b98d5f", "#8a5f38")
    for row in range(7):
        y, size = 540 + row * row * 9, 18 + row * 13
        for x in range(-40, 1340, int(size * 2.1)):
            for turn in (-60, -25, 10, 45):
                lean = math.radians(turn)
                easel.fill(
                    leaf((x, y), (x + size * math.sin(lean) * 1.2, y - size * math.cos(lean) * 1.2), size * 0.7),
                    easel.choose("#6fb04c", "#8cc45e", "#4f913f"),
                )


def _sea(easel: Easel) -> None:
    easel.fill(rect(-10, 470, 1290, 760), Fade("#8fd0dc", "#3f9fb8", 0))
    for _ in range(40):
        x, y = easel.between(0, 1280), easel.between(490, 740)
        easel.fill(ribbon([(x, y), (x + 40, y - 4), (x + 80, y)], 3, 1), "#e6f7f8", alpha=0.7)
    easel.fill(
        smooth([(-40, 760), (400, 720), (900, 760), (1320, 730), (1320, 1000), (-40, 1000)], steps=8),
        Fade("#f6e0b0", "#e0bb7a", 0),
    )
    for x, y, size in ((300, 690, 1.0), (860, 610, 0.7)):
        hull = smooth(
            [
                (x - 150 * size, y),
                (x, y + 26 * size),
                (x + 150 * size, y),
                (x + 96 * size, y + 70 * size),
                (x - 96 * size, y + 70 * size),
            ],
            steps=8,
        )
        easel.fill(hull, Fade("#2f78a8", "#174a6e", 0))
        easel.fill(rect(x - 40 * size, y - 60 * size, x + 44 * size, y + 8 * size, 8), "#f0ece0")
        easel.fill(rect(x - 5, y - 150 * size, x + 5, y - 50 * size), "#6b4a2a")
        easel.fill([(x + 6, y - 148 * size), (x + 60 * size, y - 128 * size), (x + 6, y - 108 * size)], "#d3215f")
