"""The layers of the live clip: a farmer at her stall, her waving hand, the fruit that she shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageChops

from shop.demo.drawings import faces, places
from shop.demo.drawings.easel import Easel, Fade, Glow, blend, oval, rect, ribbon, smooth
from shop.demo.drawings.fruit import VARIETIES, Place, half, whole
from shop.demo.drawings.landscape import NOON

HOST = replace(faces.SITTERS[0], age=0.32)
_SLEEVE = blend(HOST.shirt, "#1a0c10", 0.12)


def cut_out(paint: Callable[[Easel], None], size: tuple[int, int]) -> Image.Image:
    """What is painted and nothing behind it; soft edges stay soft.

    Painted on white and on black: where the two differ, the ground shines through.
    """
    on_white, on_black = (_painted(ground, paint, size) for ground in ("#ffffff", "#000000"))
    solid = ImageChops.invert(ImageChops.difference(on_white, on_black).convert("L"))
    return Image.merge("RGBa", (*on_black.split(), solid)).convert("RGBA")


def _painted(ground: str, paint: Callable[[Easel], None], size: tuple[int, int]) -> Image.Image:
    easel = Easel(size, "stall")
    easel.image.paste(ground, (0, 0, *size))
    paint(easel)
    return easel.image


def orchard(size: tuple[int, int]) -> Image.Image:
    """The garden behind the stall."""
    easel = Easel(size, "stall orchard")
    places.orchard(easel, NOON)
    return easel.image


def host(easel: Easel, *, blinks: bool = False, speaks: bool = False) -> None:
    """The host without what is behind her."""
    faces.sitter(easel, HOST, blinks=blinks, speaks=speaks)


def waving_arm(easel: Easel) -> None:
    """A bent arm, the open hand on top; the elbow is at (640, 1180)."""
    easel.fill(
        ribbon([(640, 1220), (650, 900), (668, 700)], 250, 190), Fade(blend(_SLEEVE, "#ffffff", 0.1), _SLEEVE, 90)
    )
    easel.fill(ribbon([(570, 716), (668, 700), (764, 716)], 34), blend(_SLEEVE, "#ffffff", 0.3))
    skin, dark = HOST.skin, blend(HOST.skin, "#6a2f1c", 0.3)
    easel.fill(ribbon([(668, 720), (672, 560)], 128, 118), Fade(skin, dark, 90))
    easel.fill(ribbon([(600, 420), (520, 370), (476, 300)], 74, 52), Fade(skin, dark, 200))
    for x, tip_x, tip_y in ((600, 566, 130), (650, 638, 82), (702, 712, 92), (750, 790, 150)):
        easel.fill(ribbon([(x, 420), ((x + tip_x) / 2, 260), (tip_x, tip_y)], 66, 50), Fade(dark, skin, 180))
        easel.fill(oval(tip_x, tip_y, 26, 26), skin)
    easel.fill(oval(676, 440, 122, 140), Glow(blend(skin, "#fff0e0", 0.25), dark, (0.4, 0.35), 0.9, skin))


def shown_fruit(easel: Easel, kind: str) -> None:
    """A cut half held up."""
    half(easel, VARIETIES[kind], Place(640, 700, 400))


def palm_up(easel: Easel) -> None:
    """The forearm and palm that carry the fruit."""
    skin, dark = HOST.skin, blend(HOST.skin, "#6a2f1c", 0.3)
    easel.fill(
        ribbon([(1280, 900), (1020, 700), (840, 500)], 330, 220), Fade(blend(_SLEEVE, "#ffffff", 0.12), _SLEEVE, 60)
    )
    easel.fill(ribbon([(930, 610), (790, 450), (700, 380)], 170, 160), Fade(skin, dark, 40))
    easel.fill(
        smooth([(300, 240), (480, 300), (700, 280), (900, 300), (860, 440), (640, 500), (440, 420)]),
        Fade(skin, dark, 20),
    )
    for x, y in ((260, 190), (330, 150), (420, 130)):
        easel.fill(ribbon([(560, 330), ((x + 560) / 2, y + 150), (x, y)], 90, 66), Fade(skin, dark, 20))


def counter(easel: Easel) -> None:
    """The stall's front: crates of fruit on a wooden counter."""
    top = 300.0
    for x, kind in ((250, "red"), (1030, "white")):
        for row, count in enumerate((3, 4)):
            for at in range(count):
                across = x + (at - (count - 1) / 2) * 128
                whole(easel, VARIETIES[kind], Place(across, top - 190 + row * 84, 92, easel.between(-16, 16)))
        easel.fill(rect(x - 270, top - 74, x + 270, top + 30, 12), Fade("#e4bb82", "#a8743a", 20))
        easel.fill(rect(x - 270, top - 26, x + 270, top - 18), "#7a4e1e", alpha=0.5)
    easel.fill(rect(-20, top, 1300, 1010), Fade("#c98f55", "#6a421f", 0))
    easel.fill(rect(-20, top, 1300, top + 40), Fade("#f0cd9c", "#cf9f63", 0))
    easel.fill([rect(-20, y, 1300, y + 9) for y in (480, 670, 850)], "#5f3a1c", alpha=0.45)
    easel.fill(rect(330, 410, 950, 650, 40), "#fff6e6")
    easel.fill(rect(346, 426, 934, 634, 30), "#b3125f")
    easel.write("THANH LONG", 640, 496, 74, "#ffffff")
    easel.write("hái sáng nay", 640, 576, 52, "#fde8f1", 400)


def awning(easel: Easel) -> None:
    """A striped cloth roof, scalloped at its edge."""
    for i in range(9):
        left, colour = i * 160 - 80, ("#b3125f", "#fff6ec")[i % 2]
        strip = [
            (left + (640 - left) * 0.06, -10),
            (left + 160 + (480 - left) * 0.06, -10),
            (left + 160, 250),
            (left, 250),
        ]
        easel.fill(strip, Fade(blend(colour, "#000000", 0.18), colour, 0))
        easel.fill(oval(left + 80, 250, 80, 62), Fade(colour, blend(colour, "#000000", 0.12), 0))
    easel.fill(rect(-10, 236, 1290, 252), "#4a0a28", soft=8, alpha=0.25)


def lantern(easel: Easel) -> None:
    """A small round bamboo lantern on its cord; it hangs from (640, 0)."""
    easel.fill(rect(630, 0, 650, 420), "#5a3a20")
    easel.fill(oval(640, 700, 420, 420), "#ffd97a", soft=90, alpha=0.35)
    ball = oval(640, 700, 300, 290)
    easel.fill(ball, Glow("#fff6cc", "#e89a34", (0.45, 0.45), 0.62, "#ffd680"))
    ribs = [
        ribbon([(640, 410), (640 + k * 110, 700), (640, 990)], 12, 12, belly=16)
        for k in (-2.4, -1.5, -0.6, 0.6, 1.5, 2.4)
    ]
    easel.fill(ribs, "#b3762a", inside=ball, alpha=0.75)
    easel.fill([rect(560, 400, 720, 436, 12), rect(560, 966, 720, 1002, 12)], "#8a1238")
    easel.fill([ribbon([(640 + k * 30, 1000), (640 + k * 38, 1180)], 12, 6) for k in (-2, -1, 0, 1, 2)], "#b3125f")


def clock_face(easel: Easel) -> None:
    """The clock on the post, without its moving hand."""
    easel.fill(oval(640, 640, 600, 600), Fade("#8a5a2c", "#4a2e14", 40))
    easel.fill(oval(640, 640, 520, 520), Glow("#ffffff", "#f2e6d4"))
    for hour in range(12):
        c, s = math.cos(hour * math.tau / 12), math.sin(hour * math.tau / 12)
        easel.fill(
            ribbon([(640 + 410 * c, 640 + 410 * s), (640 + 480 * c, 640 + 480 * s)], 34 if hour % 3 else 56), "#2a1520"
        )
    easel.fill(ribbon([(640, 640), (470, 480)], 54, 40), "#2a1520")
    easel.fill(ribbon([(640, 640), (760, 300)], 40, 26), "#2a1520")


def clock_hand(easel: Easel) -> None:
    """The second hand, pointing up from the middle."""
    easel.fill(ribbon([(640, 780), (640, 200)], 34, 20), "#b3261e")
    easel.fill(oval(640, 640, 44, 44), "#b3261e")


def sunbeam(easel: Easel) -> None:
    """Slanted light that falls through the leaves."""
    easel.fill([(100, -20), (420, -20), (1180, 2300), (640, 2300)], "#fff6d0", soft=60, alpha=0.20)
