"""Bottles, jars and tins with what goes into them."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import Easel, Fade, Glow, blend, leaf, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.fruit import PURPLE, RED, WHITE, Place, half, slice_
from shop.demo.drawings.grains import nut, strewn
from shop.demo.drawings.packs import (
    Glass,
    Label,
    bottle,
    can,
    cap,
    drinking_glass,
    jar,
    tin,
    wine_glass,
)
from shop.demo.drawings.scenes import room
from shop.demo.drawings.vegetables import bowl

_PAPER, _INK = "#fff8ea", "#2a1520"
_WINE = ((30, 620), (30, 560), (32, 470), (60, 410), (96, 350), (100, 280), (100, 120), (100, 40), (98, 12), (93, 0))
_TALL = ((30, 560), (32, 500), (40, 450), (76, 390), (86, 330), (86, 160), (86, 40), (84, 12), (79, 0))
_FLASK = ((36, 540), (38, 480), (44, 430), (90, 360), (112, 280), (112, 120), (110, 40), (107, 12), (101, 0))


def wine(easel: Easel, colour: str) -> None:
    """A bottle of dragon fruit wine, a glass of it and the fruit it is made from."""
    room(easel, "blush" if colour == "red" else "sage", "paper", "sun" if colour == "white" else "clay")
    red = colour == "red"
    glass = Glass("#7a2038", "#4a0d20", "#240610") if red else Glass("#f4ecb8", "#dccf86", "#a3954c")
    drink = "#9a1038" if red else "#f0d878"
    label = Label(_PAPER, _INK, "#b3125f" if red else "#8a7a20", ("RƯỢU VANG", "THANH LONG"))
    x = easel.between(470, 530)
    bottle(easel, x, 838, [(h * 1.22, up * 1.16) for h, up in _WINE], glass, label)
    cap(easel, x, 838 - 726, 41, 168, "#8f1238" if red else "#b59a3a")
    wine_glass(easel, x + 270, 842, 118, drink)
    easel.touch(x + 480, 838, 118, 24)
    half(easel, RED if red else WHITE, Place(x + 478, 726, 96, 14))


def juice(easel: Easel) -> None:
    """Red dragon fruit juice, bottled and poured."""
    room(easel, "paper", "sun", "sage")
    label = Label(_PAPER, _INK, "#b3125f", ("NƯỚC ÉP", "THANH LONG"))
    for x, foot in ((400, 810), (610, 840)):
        bottle(
            easel, x, foot, [(h * 1.08, up * 1.12) for h, up in _FLASK], Glass("#e8386f", "#b40f4c", "#740632"), label
        )
        cap(easel, x, foot - 620, 46, 66, "#f6efe2")
    drinking_glass(easel, 850, 850, 92, 300, "#c2134f")
    easel.touch(1040, 850, 110, 22)
    slice_(easel, RED, Place(1040, 800, 104), squash=0.5)


def kombucha(easel: Easel) -> None:
    """Kombucha in a swing-top bottle, bubbles in the glass."""
    room(easel, "sea", "sage", "paper")
    label = Label(_PAPER, _INK, "#1d6b3b", ("KOMBUCHA", "THANH LONG"))
    bottle(easel, 500, 842, [(h * 1.25, up * 1.2) for h, up in _TALL], Glass("#f2a0a8", "#d9606f", "#9a2c44"), label)
    cap(easel, 500, 842 - 700, 40, 40, "#f4ede0")
    easel.fill(ribbon([(456, 180), (440, 240), (470, 290)], 6), "#8a8a8a")
    easel.fill(ribbon([(544, 180), (560, 240), (530, 290)], 6), "#8a8a8a")
    drinking_glass(easel, 810, 850, 118, 330, "#e77a86")
    bubbles = [
        oval(810 + easel.between(-80, 80), 820 - easel.between(0, 190), r, r) for r in (4, 5, 6, 7, 5, 4, 6, 8, 5, 4, 6)
    ]
    easel.fill(bubbles, "#ffffff", alpha=0.55)
    easel.touch(1040, 850, 96, 20)
    slice_(easel, PURPLE, Place(1040, 806, 92), squash=0.5)


def syrup(easel: Easel) -> None:
    """A slender bottle of deep red syrup, and some in a dish."""
    room(easel, "sun", "paper", "sage")
    label = Label(_PAPER, _INK, "#870c47", ("SIRO", "THANH LONG"))
    bottle(easel, 540, 842, [(h * 1.2, up * 1.2) for h, up in _TALL], Glass("#a8143f", "#6d0628", "#360214"), label)
    cap(easel, 540, 842 - 712, 42, 84, "#c9a25a")
    _dish(easel, 860, 800, 190, "#8a0a36")


def _dish(easel: Easel, x: float, y: float, wide: float, sauce: str) -> None:
    easel.touch(x, y + 34, wide, wide * 0.2)
    easel.fill(oval(x, y + 16, wide, wide * 0.34), "#d3c0a6")
    easel.fill(oval(x, y, wide, wide * 0.34), Fade("#fffdf6", "#e3d5bf", 30))
    easel.fill(
        oval(x, y + 4, wide * 0.80, wide * 0.24), Fade(blend(sauce, "#000000", 0.15), blend(sauce, "#ffffff", 0.12), 20)
    )
    easel.fill(oval(x - wide * 0.3, y - 4, wide * 0.24, wide * 0.04), "#ffffff", soft=3, alpha=0.6)


def fish_sauce(easel: Easel) -> None:
    """Amber fish sauce, a dish of it with chilli."""
    room(easel, "sea", "paper", "sun")
    label = Label("#fff3d6", _INK, "#8a3a10", ("NƯỚC MẮM", "CÁ CƠM"))
    x = easel.between(450, 520)
    bottle(easel, x, 842, [(h * 1.28, up * 1.18) for h, up in _TALL], Glass("#e08a34", "#a8501a", "#5c240a"), label)
    cap(easel, x, 842 - 676, 44, 78, "#9a1f1a")
    _dish(easel, x + 370, 790, 210, "#a3501c")
    rings = [oval(x + 330 + i * 34, 786 + (i % 2) * 16, 17, 9) for i in range(4)]
    easel.fill(rings, "#d9261c")
    easel.fill([oval(x + 330 + i * 34, 785 + (i % 2) * 16, 9, 4) for i in range(4)], "#f7c9a0")


def fish_sauce_can(easel: Easel) -> None:
    """Fish sauce for the kitchen in a can of several litres."""
    room(easel, "sea", "clay", "paper")
    label = Label("#fff3d6", _INK, "#8a3a10", ("NƯỚC MẮM", "30 ĐỘ ĐẠM"))
    can(easel, 560, 842, 250, 600, Glass("#d98a44", "#b0622a", "#743a12", "#9a1f1a"), label)
    _dish(easel, 1000, 800, 160, "#a3501c")


def shrimp_paste(easel: Easel) -> None:
    """A jar of shrimp paste, mauve brown, with a lime and chillies."""
    room(easel, "sea", "paper", "sage")
    label = Label("#fff3d6", _INK, "#8a1c3c", ("MẮM RUỐC",))
    jar(easel, 520, 838, 190, 460, Glass("#a8657a", "#85455a", "#552438", "#8a1c2c"), label)
    easel.touch(880, 836, 110, 22)
    easel.fill(oval(880, 752, 106, 98), Glow("#cfe06a", "#5f8a24", (0.35, 0.3), 0.9, "#96b840"))
    easel.fill(oval(846, 716, 30, 18, -30), "#ffffff", soft=6, alpha=0.5)
    for dy in (0, 34):
        easel.fill(
            ribbon([(960, 860 - dy), (1070, 850 - dy), (1160, 810 - dy)], 36, 3, belly=32),
            Fade("#ff7a52", "#8a0f10", 0, "#d9261c"),
        )
        easel.fill(oval(960, 860 - dy, 14, 17), "#4f9a3c")


def oil(easel: Easel, seed: str) -> None:
    """Pressed oil with what it was pressed from: peanuts or black sesame."""
    room(easel, "paper", "sun" if seed == "sesame" else "sage", "sea")
    glass = (
        Glass("#fbdc7a", "#e9b53a", "#b07a14", "#c9a25a")
        if seed == "peanut"
        else Glass("#b0743a", "#7a4418", "#432008", "#2a1a12")
    )
    words = ("DẦU PHỤNG", "ÉP NGUỘI") if seed == "peanut" else ("DẦU", "MÈ ĐEN")
    x = easel.between(440, 520)
    bottle(easel, x, 842, [(h * 1.3, up * 1.18) for h, up in _TALL], glass, Label(_PAPER, _INK, "#8a5800", words))
    cap(easel, x, 842 - 676, 46, 78, glass.cap)
    if seed == "peanut":
        for i in range(9):
            px, py = x + 250 + (i % 3) * 130 + easel.between(-16, 16), 720 + (i // 3) * 60 + (i % 2) * 14
            nut(easel, px, py, 54, easel.between(-50, 50))
    else:
        easel.touch(x + 380, 836, 230, 34)
        heap = oval(x + 380, 738, 200, 66)
        easel.fill(heap, "#2a211c")
        strewn(easel, "#5a4a40", "#120c0a", heap, 700, 8, 0.55)
        bowl(easel, x + 380, 746, 230, 108, "#fdf7ec", "#d6c2a6")


def chilli_sauce(easel: Easel) -> None:
    """Chilli sauce in a slim bottle, chillies at its foot."""
    room(easel, "paper", "sage", "sun")
    label = Label("#fff3d6", _INK, "#b3261e", ("TƯƠNG ỚT",))
    bottle(easel, 540, 842, [(h * 1.2, up * 1.18) for h, up in _TALL], Glass("#f2603c", "#cf2a18", "#86120c"), label)
    cap(easel, 540, 842 - 706, 42, 112, "#2f7a3a")
    for i in range(4):
        y = 852 - i * 44
        easel.fill(oval(850, y + 22, 130, 12), "#4a140a", soft=8, alpha=0.3)
        easel.fill(
            ribbon([(720 + i * 20, y), (850, y + 10), (1010 - i * 16, y - 28)], 44, 3, belly=40),
            Fade("#ff7a52", "#8a0f10", 0, "#d9261c"),
        )
        easel.fill(oval(720 + i * 20, y, 16, 20), "#4f9a3c")
        easel.fill(ribbon([(716 + i * 20, y), (676 + i * 20, y - 14)], 10, 7), "#3d7a2c")


def sesame_salt(easel: Easel) -> None:
    """A low jar of black sesame salt and a spoonful."""
    room(easel, "paper", "sage", "sea")
    label = Label(_PAPER, _INK, "#2a1520", ("MUỐI MÈ", "ĐEN"))
    jar(easel, 500, 830, 210, 400, Glass("#5a4c44", "#332822", "#181210", "#c9a25a"), label)
    easel.touch(900, 830, 190, 20)
    easel.fill(ribbon([(900, 800), (1020, 790), (1190, 730)], 30, 24), Fade("#c98e52", "#8a5a2a", 30))
    easel.fill(oval(880, 800, 120, 48), Fade("#b97c40", "#7d4e22", 20))
    heap = oval(880, 786, 104, 40)
    easel.fill(heap, "#3a302a")
    strewn(easel, "#e9dfce", "#161010", heap, 360, 7, 0.55)


def tea(easel: Easel, name: str) -> None:
    """A tin of tea and a cup of it."""
    words, colour, drink = {
        "ginger": (("TRÀ", "GỪNG SẢ"), "#b5862a", "#d9a43c"),
        "rice": (("TRÀ GẠO LỨT", "ĐẬU ĐEN"), "#6a3a44", "#8a4a2c"),
    }[name]
    room(easel, "sage", "paper", "sea")
    tin(easel, 470, 830, 200, 500, colour, Label(_PAPER, _INK, colour, words))
    easel.touch(890, 838, 180, 30)
    easel.fill(ribbon([(1010, 660), (1110, 690), (1090, 780), (980, 790)], 30, 24), Fade("#fffaf0", "#d6c5ac", 40))
    cup = smooth([(730, 640), (890, 664), (1050, 640), (1020, 780), (960, 838), (820, 838), (760, 780)], steps=12)
    easel.fill(cup, Fade("#fffdf7", "#d9c8b0", 60))
    easel.fill(oval(890, 640, 160, 44), "#fffaf0")
    easel.fill(oval(890, 644, 146, 36), Glow(blend(drink, "#ffffff", 0.25), drink, (0.4, 0.3), 0.8))
    steam = [ribbon([(px, 610), (px + 22, 550), (px - 14, 490), (px + 16, 420)], 8, 3, belly=22) for px in (840, 930)]
    easel.fill(steam, "#ffffff", soft=8, alpha=0.6)
    if name == "ginger":
        root = smooth([(640, 838), (660, 800), (720, 806), (740, 776), (790, 800), (770, 846), (700, 868), (650, 864)])
        easel.fill(root, Glow("#f0d59a", "#b5853c"))
    else:
        strewn(easel, "#6a3040", "#1a0e12", oval(700, 852, 90, 22), 60, 11, 0.7)


def cinnamon(easel: Easel) -> None:
    """Quills of cinnamon tied with string, star anise beside them."""
    room(easel, "sage", "paper", "sea")
    easel.touch(620, 740, 460, 46)
    for y, start in ((440, 240), (500, 200), (560, 250), (620, 190), (680, 230), (530, 300), (650, 300)):
        end = start + 800 + easel.between(-30, 30)
        body = rect(start, y - 36, end, y + 36, 10)
        easel.fill(moved(body, 6, 16), "#3a1608", soft=10, alpha=0.35)
        easel.fill(body, Fade("#c9824a", "#6a3214", 0, "#a05a2a"))
        easel.fill([rect(start, y + k, end, y + k + 3) for k in (-22, -8, 10, 24)], "#5a2a10", inside=body, alpha=0.25)
        easel.fill(oval(end, y, 16, 36), "#7d421c")
        curl = [
            (end + 4 + 11 * math.cos(t / 3) * (1 - t / 26), y + 30 * math.sin(t / 3) * (1 - t / 26)) for t in range(22)
        ]
        easel.fill(ribbon(curl, 5), "#3d1a0a")
    for x in (470, 790):
        easel.fill([rect(x + k, 396, x + k + 9, 724, 4) for k in (0, 14, 28)], Fade("#f0dcb0", "#b5935a", 0))
    for x, y in ((1080, 800), (230, 820)):
        _anise(easel, x, y)


def _anise(easel: Easel, x: float, y: float) -> None:
    easel.touch(x, y + 20, 84, 22)
    for i in range(8):
        tip = (x + 86 * math.cos(i * math.tau / 8), y + 62 * math.sin(i * math.tau / 8))
        easel.fill(leaf((x, y), tip, 40), Fade("#8a4a22", "#4a2210", 40))
        easel.fill(oval((x + tip[0]) / 2, (y + tip[1]) / 2, 10, 8), Glow("#d99a5a", "#7a3a14"))
