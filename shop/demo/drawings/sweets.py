"""Dried fruit in pouches, jam, candy, biscuits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, blend, leaf, moved, oval, rect, ribbon, smooth, turned
from shop.demo.drawings.fruit import RED, WHITE, Place, Variety, slice_
from shop.demo.drawings.packs import (
    Glass,
    Label,
    jar,
    over_window,
    pouch,
)
from shop.demo.drawings.scenes import room
from shop.demo.drawings.vegetables import bowl

_PAPER, _INK = "#fff8ea", "#2a1520"
_PAPER, _INK = "#fff8ea", "#2a1520"


def jam(easel: Easel) -> None:
    """A jar of dragon fruit jam and bread spread with it."""
    room(easel, "paper", "sage", "sun")
    label = Label(_PAPER, _INK, "#b3125f", ("MỨT", "THANH LONG"))
    jar(easel, 470, 838, 200, 440, Glass("#d83a6a", "#a80e48", "#66062c", "#fdf3e2"), label)
    easel.touch(880, 836, 220, 28)
    slice_of = smooth(
        [(700, 800), (690, 690), (740, 630), (880, 616), (1030, 634), (1070, 700), (1056, 806), (880, 830)]
    )
    easel.fill(moved(slice_of, 0, 16), "#a8692c")
    easel.fill(slice_of, Fade("#f7deae", "#e3b878", 30))
    spread = smooth([(740, 776), (736, 700), (800, 668), (900, 676), (1000, 672), (1030, 730), (1010, 784), (900, 796)])
    easel.fill(spread, Glow("#d8386c", "#94083c", (0.4, 0.3), 0.85))
    easel.fill(
        [oval(880 + easel.between(-110, 110), 736 + easel.between(-44, 44), 4, 5) for _ in range(34)],
        "#2a0a18",
        inside=spread,
    )
    easel.fill(ribbon([(770, 710), (860, 692), (960, 706)], 8, 3), "#ffffff", soft=4, alpha=0.5)


def candy(easel: Easel) -> None:
    """Soft sugared cubes in a bowl."""
    room(easel, "sage", "paper", "sea")
    easel.touch(640, 838, 310, 46)
    colours = ("#d81b60", "#f06292", "#fbe9ee", "#a80f4f")
    for count, y in ((4, 420), (5, 480), (6, 540), (6, 600)):
        for i in range(count):
            x = 640 + (i - (count - 1) / 2) * 106 + easel.between(-14, 14)
            _cube(easel, x, y + easel.between(-8, 8), 52, easel.random.choice(colours))
    bowl(easel, 640, 600, 360, 230, "#fdf8ee", "#d9c4aa")
    for x, colour in ((220, "#f06292"), (1050, "#d81b60"), (1150, "#fbe9ee")):
        easel.touch(x, 868, 56, 12)
        _cube(easel, x, 820, 54, colour)


def _cube(easel: Easel, x: float, y: float, size: float, colour: str) -> None:
    cube = turned(rect(x - size, y - size, x + size, y + size, 16), easel.between(-30, 30), (x, y))
    easel.fill(moved(cube, 4, 8), "#4a0a24", soft=8, alpha=0.35)
    easel.fill(cube, Fade(blend(colour, "#ffffff", 0.35), blend(colour, "#5a0a30", 0.25), 35, colour))
    easel.fill(
        [oval(x + easel.between(-size, size), y + easel.between(-size, size), 3, 3, 0, 6) for _ in range(60)],
        "#ffffff",
        inside=cube,
        alpha=0.8,
    )


def biscuits(easel: Easel) -> None:
    """Round biscuits with pink dots, stacked and leaning."""
    room(easel, "blush", "sage", "sun")
    easel.touch(480, 836, 210, 40)
    for i in range(6):
        _biscuit_side(easel, 480 + easel.between(-9, 9), 810 - i * 58)
    _biscuit_top(easel, 480, 478, 200, 66)
    easel.touch(880, 838, 200, 34)
    _biscuit_top(easel, 880, 656, 190, 186)


def _biscuit_side(easel: Easel, x: float, y: float) -> None:
    body = smooth(
        [(x - 200, y - 26), (x, y + 36), (x + 200, y - 26), (x + 204, y + 6), (x, y + 72), (x - 204, y + 6)], steps=12
    )
    easel.fill(moved(body, 0, 12), "#4a2410", soft=8, alpha=0.4)
    easel.fill(oval(x, y - 22, 202, 64), Fade("#edc078", "#d79a4a", 30))
    easel.fill(body, Fade("#d59a50", "#9a6024", 90, "#edc078"))


def _biscuit_top(easel: Easel, x: float, y: float, wide: float, tall: float) -> None:
    disc = oval(x, y, wide, tall)
    easel.fill(moved(disc, 6, 10), "#8a5424")
    easel.fill(disc, Glow("#f9dca0", "#cf8f42", (0.38, 0.3), 0.85, "#edbf74"))
    for i in range(10):
        a = i * math.tau / 10
        easel.fill(
            oval(x + wide * 0.86 * math.cos(a), y + tall * 0.86 * math.sin(a), wide * 0.05, tall * 0.05),
            "#b87a34",
            alpha=0.7,
        )
    dots = [
        (x + wide * easel.between(0, 0.66) * math.cos(t), y + tall * easel.between(0, 0.66) * math.sin(t))
        for t in range(18)
    ]
    easel.fill([oval(px, py, wide * 0.07, tall * 0.07) for px, py in dots], "#c2185b", alpha=0.9)
    easel.fill([oval(px - 3, py - 3, wide * 0.02, tall * 0.02) for px, py in dots], "#ffd0e0")


Slices = Callable[[Easel, float, float, float], None]


def dried(easel: Easel, name: str) -> None:
    """A standing pouch with a window, and what is in it laid out in front."""
    words, band, piece = DRIED[name]
    room(easel, "paper", "sage" if name != "flower" else "clay", "sun")
    x = easel.random.choice((430, 850))
    window = pouch(easel, x, 806, 230, 640, "#cfa574", Label(_PAPER, _INK, band, words))
    easel.fill(window, "#f6e6cc")
    inside = Easel((easel.image.width, easel.image.height), f"{name} inside")
    inside.image.paste("#f6e6cc", (0, 0, *inside.image.size))
    for _ in range(10):
        piece(inside, x + easel.between(-120, 120), 655 + easel.between(-80, 80), 66)
    easel.lay(inside, window)
    over_window(easel, window)
    other = 1280 - x
    for dx, dy, size in ((-130, 0, 104), (110, -30, 110), (-10, 70, 118), (200, 80, 92), (-210, 90, 90)):
        easel.fill(oval(other + dx + 6, 748 + dy + size * 0.42, size, size * 0.3), "#4a2410", soft=10, alpha=0.3)
        piece(easel, other + dx, 740 + dy, size)


def _dried_fruit(kind: Variety, dry: float) -> Slices:
    def piece(easel: Easel, x: float, y: float, size: float) -> None:
        brown = partial(blend, second="#7a4a24", share=dry)
        dried_kind = replace(
            kind,
            skin_light=brown(kind.skin_light),
            skin=brown(kind.skin),
            skin_dark=brown(kind.skin_dark),
            flesh=blend(kind.flesh, "#d9a860", dry),
            flesh_rim=blend(kind.flesh_rim, "#b0803c", dry),
            rind=blend(kind.rind, "#b0803c", dry * 1.6),
        )
        slice_(easel, dried_kind, Place(x, y, size, easel.between(-30, 30)), squash=easel.between(0.62, 0.8))

    return piece


def _jackfruit(easel: Easel, x: float, y: float, size: float) -> None:
    lean = easel.between(-60, 60)
    strip = turned(
        smooth(
            [
                (x - size, y - size * 0.2),
                (x, y - size * 0.42),
                (x + size, y - size * 0.16),
                (x + size * 0.9, y + size * 0.3),
                (x, y + size * 0.2),
                (x - size * 0.9, y + size * 0.34),
            ]
        ),
        lean,
        (x, y),
    )
    easel.fill(moved(strip, 3, 6), "#6a3a08", soft=4, alpha=0.4)
    easel.fill(strip, Fade("#ffdc6a", "#d9921e", 30, "#f6bb3a"))
    lines = [
        turned(ribbon([(x - size * 0.8, y + k), (x, y + k - 8), (x + size * 0.8, y + k)], 3), lean, (x, y))
        for k in (-10, 6, 20)
    ]
    easel.fill(lines, "#c27d12", inside=strip, alpha=0.5)


def _banana(easel: Easel, x: float, y: float, size: float) -> None:
    lean = easel.between(-40, 40)
    strip = turned(
        ribbon(
            [(x - size, y + 8), (x, y - size * 0.22), (x + size, y + 8)], size * 0.3, size * 0.26, belly=size * 0.62
        ),
        lean,
        (x, y),
    )
    easel.fill(moved(strip, 3, 6), "#4a1e08", soft=4, alpha=0.4)
    easel.fill(strip, Fade("#c98442", "#7a3e16", 25, "#a8622a"))
    easel.fill(
        turned(ribbon([(x - size * 0.7, y - 4), (x, y - size * 0.3), (x + size * 0.7, y - 4)], 5, 3), lean, (x, y)),
        "#f3c486",
        inside=strip,
        alpha=0.6,
    )


def _flower(easel: Easel, x: float, y: float, size: float) -> None:
    lean = easel.between(-50, 50)
    root = (x - size * 0.7, y + size * 0.3)
    for i in range(7):
        tip = turned([(x + size * 0.9, y - size * 0.4)], (i - 3) * 17 + lean * 0.3, root)[0]
        petal: Outline = leaf(root, tip, size * 0.2, 0.05)
        easel.fill(
            petal, Fade("#8f9a4a", "#f3e2b0", math.degrees(math.atan2(tip[0] - root[0], tip[1] - root[1])), "#dcc98a")
        )
    easel.fill(ribbon([(root[0] - size * 0.3, root[1] + size * 0.14), root], size * 0.12, size * 0.24), "#7f8a42")


DRIED: dict[str, tuple[tuple[str, ...], str, Slices]] = {
    "red": (("THANH LONG", "ĐỎ SẤY DẺO"), "#b3125f", _dried_fruit(RED, 0.16)),
    "white": (("THANH LONG", "SẤY GIÒN"), "#d3215f", _dried_fruit(WHITE, 0.30)),
    "jackfruit": (("MÍT SẤY",), "#8a5800", _jackfruit),
    "banana": (("CHUỐI", "SẤY DẺO"), "#8a5800", _banana),
    "flower": (("HOA", "THANH LONG"), "#1d6b3b", _flower),
}
