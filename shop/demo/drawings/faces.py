"""Friendly portraits of invented co-op people, of different ages and work."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, blend, grown, moved, oval, rect, ribbon, smooth

SQUARE = (960, 960)


@dataclass(frozen=True)
class Sitter:
    """Who sits for the portrait; `age` from 0 (thirty) to 1 (seventy)."""

    woman: bool
    age: float
    skin: str
    hair: str
    style: str
    shirt: str
    ground: tuple[str, str]
    hat: str = ""
    scarf: bool = False
    glasses: bool = False


_DAWN, _LEAF, _SKY, _SUN = (
    ("#fdeee0", "#f4c9a4"),
    ("#eef4dc", "#b9cf96"),
    ("#e9f3f1", "#b3d2cf"),
    ("#fff4d6", "#f3cf86"),
)
SITTERS = (
    Sitter(True, 0.5, "#d9a27a", "#2a1d1a", "bun", "#b3125f", _LEAF, hat="cone"),
    Sitter(False, 0.1, "#c98d62", "#1d1614", "short", "#3f6f8f", _DAWN),
    Sitter(False, 0.6, "#c4875e", "#4a4342", "short", "#7a8a4a", _SUN, hat="cone"),
    Sitter(True, 0.2, "#e0ab84", "#231817", "pony", "#4f8a4a", _LEAF),
    Sitter(False, 0.75, "#c98f68", "#b9b2ac", "short", "#e8e0d0", _SKY, glasses=True),
    Sitter(True, 0.45, "#d69d74", "#2b1e1b", "bob", "#8a4a6f", _DAWN),
    Sitter(True, 0.7, "#cf9870", "#8a827e", "bun", "#7a4a2c", _SUN, glasses=True),
    Sitter(True, 0.15, "#e2b08a", "#1f1513", "bob", "#c9683a", _SKY),
    Sitter(False, 0.05, "#cc9268", "#1b1413", "swept", "#1d6b3b", _LEAF, hat="cap"),
    Sitter(False, 0.6, "#bd8158", "#544b48", "short", "#5a4a3a", _DAWN, scarf=True),
    Sitter(True, 0.4, "#dba680", "#271b18", "bun", "#d3486a", _SUN, hat="cone", scarf=True),
    Sitter(False, 0.95, "#b97c54", "#e4dfd9", "short", "#4a6a7f", _SKY, scarf=True),
)


def face(easel: Easel, who: Sitter) -> None:
    """Head and shoulders before the field, looking at us."""
    _ground(easel, who)
    sitter(easel, who)


def sitter(easel: Easel, who: Sitter, *, blinks: bool = False, speaks: bool = False) -> None:
    """The person alone, without what is behind."""
    if who.hat == "cone":
        easel.fill(oval(640, 410, 428, 92), Fade("#8a6a38", "#b8935a", 0))
    _hair_behind(easel, who)
    _shoulders(easel, who)
    _head(easel, who)
    _eyes(easel, who, blinks)
    _nose(easel, who)
    _mouth(easel, who, speaks)
    _years(easel, who)
    _hair_before(easel, who)
    if who.glasses:
        _glasses(easel)
    if who.hat:
        {"cone": _cone, "cap": _cap}[who.hat](easel)


def portrait(number: int, size: tuple[int, int] = SQUARE) -> Image.Image:
    """The portrait of the co-op person with this number, from 1, cut close around the head."""
    easel = Easel((round(size[0] * 1.18), round(size[1] * 1.18)), f"face-{number}")
    face(easel, SITTERS[(number - 1) % len(SITTERS)])
    left, top = round(size[0] * 0.09), round(size[1] * 0.03)
    return easel.image.crop((left, top, left + size[0], top + size[1]))


def _ground(easel: Easel, sitter: Sitter) -> None:
    light, dark = sitter.ground
    easel.fill(rect(0, 0, 1280, easel.height), Glow(light, dark, (0.3, 0.2), 1.1))
    easel.fill(oval(880, 330, 240, 240), "#fffdf4", soft=30, alpha=0.55)
    for y, share in ((860, 0.25), (960, 0.45)):
        hill = smooth(
            [(-120, y + 60), (240, y - 70), (560, y + 20), (900, y - 90), (1420, y + 40), (1420, 1500), (-120, 1500)]
        )
        easel.fill(hill, blend(dark, "#4f7a3c", share), soft=8, alpha=0.75)


def _shoulders(easel: Easel, sitter: Sitter) -> None:
    wide = 372 if sitter.woman else 424
    body = smooth(
        [
            (640 - wide, 1340),
            (640 - wide + 14, 1120),
            (640 - wide * 0.62, 1000),
            (560, 944),
            (720, 944),
            (640 + wide * 0.62, 1000),
            (640 + wide - 14, 1120),
            (640 + wide, 1340),
        ]
    )
    easel.fill(body, Fade(blend(sitter.shirt, "#ffffff", 0.16), blend(sitter.shirt, "#1a0c10", 0.3), 50, sitter.shirt))
    neck = [(556, 780), (724, 780), (738, 962), (640, 1032), (542, 962)]
    easel.fill(smooth(neck), Fade(blend(sitter.skin, "#5a2a18", 0.35), sitter.skin, 0))
    if sitter.woman:
        easel.fill(ribbon([(540, 950), (640, 1046), (740, 950)], 16), blend(sitter.shirt, "#ffffff", 0.3))
        easel.fill(ribbon([(640, 1046), (640, 1300)], 6), blend(sitter.shirt, "#1a0c10", 0.35))
        easel.fill([oval(640, y, 9, 9) for y in (1090, 1160, 1230)], blend(sitter.shirt, "#ffffff", 0.55))
    else:
        for side in (-1, 1):
            collar = [(640 + side * 96, 936), (640 + side * 10, 1040), (640 + side * 92, 1092), (640 + side * 154, 976)]
            easel.fill(collar, blend(sitter.shirt, "#ffffff", 0.24))
        easel.fill(ribbon([(640, 1044), (640, 1300)], 6), blend(sitter.shirt, "#1a0c10", 0.35))
    if sitter.scarf:
        _scarf(easel)


def _scarf(easel: Easel) -> None:
    """A checked khăn rằn around the neck."""
    cloth = smooth([(486, 950), (560, 930), (640, 1000), (720, 930), (794, 950), (760, 1046), (640, 1100), (520, 1046)])
    tail = smooth([(690, 1050), (770, 1036), (800, 1240), (716, 1256)])
    for part in (tail, cloth):
        easel.fill(moved(part, 5, 8), "#2a1410", soft=9, alpha=0.3)
        easel.fill(part, Fade("#fffaf2", "#d9cfc4", 40))
        lines: list[Outline] = [rect(x, 900, x + 12, 1290) for x in range(470, 830, 30)]
        lines += [rect(460, y, 840, y + 12) for y in range(910, 1280, 30)]
        easel.fill(lines, "#3a2a30", inside=part, alpha=0.62)


def _head_outline(sitter: Sitter) -> Outline:
    jaw = 0.0 if sitter.woman else 20.0
    right = [(640, 330), (760, 356), (834, 470), (838, 600), (800 + jaw * 0.6, 740), (728 + jaw, 824), (640, 856)]
    return smooth([*right, *[(1280 - x, y) for x, y in right[-2:0:-1]]])


def _head(easel: Easel, sitter: Sitter) -> None:
    dark = blend(sitter.skin, "#6a2f1c", 0.38)
    for side in (-1, 1):
        easel.fill(oval(640 + side * 204, 606, 36, 58, side * 8), Glow(sitter.skin, dark))
        easel.fill(oval(640 + side * 206, 608, 16, 34, side * 8), dark, alpha=0.5)
    head = _head_outline(sitter)
    easel.fill(oval(640, 880, 120, 60), "#4a1e10", soft=22, alpha=0.35)
    easel.fill(head, Glow(blend(sitter.skin, "#fff0e0", 0.28), dark, (0.4, 0.36), 0.92, sitter.skin))
    for side in (-1, 1):
        easel.fill(oval(640 + side * 118, 690, 54, 38), "#e0563f", inside=head, soft=18, alpha=0.26)


def _eyes(easel: Easel, who: Sitter, blinks: bool) -> None:
    ink, dark = "#2a1612", blend(who.skin, "#5a2212", 0.5)
    for side in (-1, 1):
        x = 640 + side * 84
        if blinks:
            easel.fill(ribbon([(x - side * 44, 606), (x, 620), (x + side * 46, 602)], 4, 6, belly=10), ink)
        else:
            white = smooth([(x - side * 40, 612), (x - side * 4, 590), (x + side * 42, 606), (x + side * 6, 623)])
            easel.fill(white, "#fffaf4")
            easel.fill(oval(x, 607, 18, 20), "#2e1a14", inside=white)
            easel.fill(oval(x - 6, 600, 5, 6), "#ffffff")
            easel.fill(ribbon([(x - side * 44, 614), (x - side * 6, 588), (x + side * 48, 604)], 5, 8, belly=11), ink)
        easel.fill(ribbon([(x - side * 34, 630), (x, 638), (x + side * 38, 626)], 3, 3, belly=6), dark, alpha=0.45)
        thick, high = (13, 526) if who.woman else (20, 530)
        brow = ribbon([(x - side * 52, 552), (x, high), (x + side * 58, 554)], thick * 0.7, 4, belly=thick)
        easel.fill(brow, blend(who.hair, "#2a1612", 0.4))


def _nose(easel: Easel, who: Sitter) -> None:
    dark = blend(who.skin, "#5a2212", 0.5)
    easel.fill(ribbon([(632, 620), (618, 676), (612, 694)], 4, 6), dark, soft=3, alpha=0.35)
    easel.fill(ribbon([(604, 700), (640, 716), (676, 700)], 6, 6, belly=9), dark, alpha=0.75)
    easel.fill(oval(634, 690, 14, 18), "#ffffff", soft=8, alpha=0.35)


def _mouth(easel: Easel, who: Sitter, speaks: bool) -> None:
    dark = blend(who.skin, "#5a2212", 0.5)
    lips = "#b8404a" if who.woman else blend(who.skin, "#8a2f2a", 0.6)
    if speaks:
        open_ = smooth([(568, 746), (640, 758), (712, 746), (694, 800), (640, 820), (586, 800)])
        easel.fill(open_, lips)
        easel.fill(grown(open_, 0.82, (640, 776)), "#6a1c22")
        easel.fill(smooth([(588, 756), (640, 765), (692, 756), (676, 774), (640, 779), (604, 774)]), "#fffaf2")
        return
    if who.age < 0.3:
        closed = [(572, 752), (620, 760), (640, 757), (660, 760), (708, 752), (676, 782), (640, 790), (604, 782)]
        easel.fill(smooth(closed), lips)
        line = ribbon([(560, 746), (600, 763), (640, 766), (680, 763), (720, 746)], 4, 4, belly=8)
        easel.fill(line, blend(lips, "#2a0a0c", 0.5))
        return
    _laugh(easel, lips, dark)


def _laugh(easel: Easel, lips: str, dark: str) -> None:
    mouth = smooth([(566, 750), (640, 763), (714, 750), (686, 784), (640, 797), (594, 784)])
    easel.fill(mouth, "#6a1c22")
    teeth = smooth([(572, 757), (640, 768), (708, 757), (684, 774), (640, 782), (596, 774)])
    easel.fill(teeth, "#fffaf2", inside=mouth)
    easel.fill(ribbon([(552, 748), (600, 757), (640, 752), (680, 757), (728, 748)], 5, 5, belly=13), lips)
    easel.fill(ribbon([(588, 786), (640, 806), (692, 786)], 4, 4, belly=14), lips)
    for side in (-1, 1):
        easel.fill(
            ribbon([(640 + side * 94, 732), (640 + side * 104, 756), (640 + side * 94, 776)], 4, 3), dark, alpha=0.45
        )


def _years(easel: Easel, sitter: Sitter) -> None:
    """Laughing lines: none at thirty, many at seventy."""
    dark = blend(sitter.skin, "#5a2212", 0.55)
    if sitter.age < 0.3:
        return
    lines = []
    for side in (-1, 1):
        lines.append(ribbon([(640 + side * 66, 690), (640 + side * 110, 730), (640 + side * 116, 784)], 3, 2, belly=6))
        for lift in (-14, 0, 14):
            lines.append(ribbon([(640 + side * 140, 604 + lift * 0.5), (640 + side * 176, 600 + lift * 1.5)], 4, 2))
        if sitter.age > 0.55:
            lines.append(ribbon([(640 + side * 50, 640), (640 + side * 84, 652), (640 + side * 120, 640)], 3, 3))
    if sitter.age > 0.5:
        lines += [
            ribbon([(560, y), (640, y - 8), (720, y)], 3, 3, belly=5) for y in (450, 480, 508)[: 2 + (sitter.age > 0.7)]
        ]
    easel.fill(lines, dark, alpha=0.25 + 0.3 * sitter.age)


def _hair_behind(easel: Easel, sitter: Sitter) -> None:
    shade = Fade(blend(sitter.hair, "#ffffff", 0.08), blend(sitter.hair, "#000000", 0.3), 20)
    if sitter.style == "bob":
        easel.fill(
            smooth([(420, 480), (640, 290), (860, 480), (890, 760), (846, 876), (640, 900), (434, 876), (390, 760)]),
            shade,
        )
    if sitter.style == "pony":
        easel.fill(ribbon([(780, 380), (930, 560), (900, 860), (940, 1010)], 120, 12, belly=130), shade)
    if sitter.style == "bun" and not sitter.hat:
        easel.fill(oval(640, 286, 116, 96), shade)
    if sitter.style == "bun" and sitter.hat:
        easel.fill(ribbon([(470, 560), (452, 720), (500, 850)], 60, 20), shade)
        easel.fill(ribbon([(810, 560), (828, 720), (780, 850)], 60, 20), shade)


_FRINGE = {
    "bun": [
        (640, 300),
        (770, 326),
        (856, 440),
        (856, 560),
        (826, 500),
        (760, 420),
        (640, 396),
        (520, 420),
        (454, 500),
        (424, 560),
        (424, 440),
        (510, 326),
    ],
    "bob": [
        (640, 290),
        (780, 320),
        (872, 450),
        (866, 640),
        (836, 560),
        (800, 450),
        (690, 400),
        (560, 470),
        (452, 560),
        (414, 640),
        (410, 450),
        (500, 320),
    ],
    "pony": [
        (640, 296),
        (780, 322),
        (860, 440),
        (852, 540),
        (820, 470),
        (740, 400),
        (600, 410),
        (500, 470),
        (440, 560),
        (424, 440),
        (506, 324),
    ],
    "short": [
        (640, 296),
        (780, 316),
        (860, 420),
        (852, 560),
        (830, 566),
        (818, 470),
        (740, 412),
        (640, 404),
        (540, 412),
        (462, 470),
        (450, 566),
        (428, 560),
        (420, 420),
        (500, 316),
    ],
    "swept": [
        (600, 280),
        (780, 300),
        (872, 410),
        (852, 560),
        (832, 566),
        (812, 450),
        (700, 400),
        (580, 430),
        (480, 440),
        (450, 566),
        (428, 560),
        (408, 420),
        (470, 320),
    ],
}


def _hair_before(easel: Easel, sitter: Sitter) -> None:
    fringe = smooth(_FRINGE[sitter.style])
    easel.fill(fringe, Glow(blend(sitter.hair, "#ffffff", 0.22), sitter.hair, (0.36, 0.18), 0.7))
    strands = [ribbon([(560 + k * 34, 316), (520 + k * 44, 356), (494 + k * 56, 410)], 4, 2) for k in range(6)]
    easel.fill(strands, blend(sitter.hair, "#ffffff", 0.35), inside=fringe, alpha=0.4)


def _glasses(easel: Easel) -> None:
    for side in (-1, 1):
        rim = rect(640 + side * 88 - 66, 562, 640 + side * 88 + 66, 656, 34)
        easel.fill(rim, "#ffffff", alpha=0.14)
        easel.fill(ribbon([*rim, rim[0]], 7), "#4a3428")
        easel.fill(ribbon([(640 + side * 152, 600), (640 + side * 206, 588)], 8, 6), "#4a3428")
    easel.fill(ribbon([(618, 602), (640, 592), (662, 602)], 7), "#4a3428")


def _cone(easel: Easel) -> None:
    """A nón lá: palm leaf over sixteen hoops, a silk strap."""
    for side in (-1, 1):
        easel.fill(
            ribbon([(640 + side * 214, 500), (640 + side * 196, 740), (640 + side * 70, 868)], 12, 10),
            "#d8487a",
            alpha=0.9,
        )
    easel.fill(oval(640, 490, 216, 50), "#3a1a08", soft=22, alpha=0.35)
    cone = [(640, 60), *smooth([(1074, 414), (900, 474), (640, 498), (380, 474), (206, 414)], closed=False)]
    easel.fill(cone, Fade("#fdf0c8", "#c29a56", 70, "#ecd49a"))
    hoops = []
    for k in range(1, 13):
        share = k / 12.6
        y, half = 60 + share * 356, 434 * share
        hoops.append(
            ribbon(
                [
                    (640 - half, y),
                    (640 - half * 0.55, y + 62 * share),
                    (640, y + 86 * share),
                    (640 + half * 0.55, y + 62 * share),
                    (640 + half, y),
                ],
                3,
            )
        )
    easel.fill(hoops, "#a87f3c", inside=cone, alpha=0.55)
    ribs = [
        ribbon([(640, 60), (640 + k * 62, 294 + 12 * (7 - abs(k)) / 2), (640 + k * 64, 524)], 2, 3)
        for k in range(-7, 8)
    ]
    easel.fill(ribs, "#fff8de", inside=cone, alpha=0.45)
    easel.fill(
        ribbon([(206, 414), (380, 476), (640, 502), (900, 476), (1074, 414)], 14), Fade("#f6e2ae", "#a8803e", 90)
    )


def _cap(easel: Easel) -> None:
    crown = smooth([(418, 470), (440, 330), (540, 250), (640, 236), (740, 250), (840, 330), (862, 470), (640, 430)])
    easel.fill(crown, Glow("#3f9a5e", "#12522a", (0.35, 0.25), 0.9, "#1d6b3b"))
    easel.fill(ribbon([(640, 240), (640, 430)], 5), "#0f4022", alpha=0.6)
    easel.fill(oval(640, 238, 18, 11), "#12522a")
    peak = smooth([(430, 468), (640, 420), (850, 468), (880, 520), (640, 478), (400, 520)])
    easel.fill(moved(peak, 0, 20), "#3a1a08", soft=14, alpha=0.3)
    easel.fill(peak, Fade("#2f8a50", "#0f4824", 0))
