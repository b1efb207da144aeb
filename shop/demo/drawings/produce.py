"""Other fruit, vegetables, rice and handicraft."""

from __future__ import annotations

import math

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, Point, blend, leaf, moved, oval, rect, ribbon, smooth
from shop.demo.drawings.packs import ground

LEAF, LEAF_DARK = "#5f9e45", "#2f6b35"


def ball(easel: Easel, x: float, y: float, r: float, colour: str, squash: float = 1.0) -> Outline:
    """A round fruit in its light."""
    ring = oval(x, y, r, r * squash)
    easel.shadow(ring, dx=r * 0.12, dy=r * 0.14, soft=r * 0.14, alpha=0.25)
    easel.fill(ring, Glow(blend(colour, "#ffffff", 0.45), blend(colour, "#1c0a00", 0.38), (0.34, 0.28), 0.95, colour))
    easel.fill(oval(x - r * 0.34, y - r * 0.42 * squash, r * 0.20, r * 0.13, -35), "#ffffff", soft=r * 0.06, alpha=0.55)
    return ring


def heap(
    easel: Easel, r: float, colour: str, *, squash: float = 1.0, stem: str = "", rows: tuple[int, ...] = (4, 5)
) -> None:
    """Fruit of one kind heaped on the table, the back rows first."""
    ground(easel, 640, 780, r * max(rows))
    for row, count in enumerate(rows):
        y = 780 - r * squash - (len(rows) - 1 - row) * r * 1.25
        for at in range(count):
            x = 640 + (at - (count - 1) / 2) * r * 1.86 + easel.between(-6, 6)
            ball(easel, x, y + easel.between(-6, 6), r, colour, squash)
            if stem:
                easel.fill(ribbon([(x, y - r * squash * 0.92), (x + 6, y - r * squash * 1.08)], 9, 6), stem)


def tomatoes(easel: Easel) -> None:
    heap(easel, 118, "#e23a2a", squash=0.9, rows=(3, 4))
    for at in range(4):
        x = 640 + (at - 1.5) * 118 * 1.86
        easel.fill(
            [leaf((x, 590), (x + 46 * math.cos(t), 590 + 26 * math.sin(t)), 16) for t in (0.2, 1.4, 2.6, 3.9, 5.2)],
            LEAF,
        )


def pomelo(easel: Easel) -> None:
    ground(easel, 640, 800, 330)
    ball(easel, 470, 590, 220, "#a9bf4a", 1.02)
    easel.fill([leaf((470, 375), (600, 320), 60), leaf((470, 375), (380, 300), 52)], LEAF)
    ring = oval(850, 660, 165, 165)
    easel.shadow(ring)
    easel.fill(ring, "#dfe79a")
    easel.fill(oval(850, 660, 148, 148), "#fff9e8")
    for at in range(10):
        t = at * math.pi / 5
        tip, left, right = (850 + 16 * math.cos(t), 660 + 16 * math.sin(t)), t - 0.27, t + 0.27
        wedge = smooth(
            [
                tip,
                (850 + 126 * math.cos(left), 660 + 126 * math.sin(left)),
                (850 + 134 * math.cos(t), 660 + 134 * math.sin(t)),
                (850 + 126 * math.cos(right), 660 + 126 * math.sin(right)),
            ],
            steps=6,
        )
        easel.fill(wedge, Glow("#ffc2b4", "#f08a84"))


def avocado(easel: Easel) -> None:
    ground(easel, 640, 800, 340)
    pear: list[Point] = [
        (0, -1.25),
        (0.42, -0.95),
        (0.62, -0.2),
        (0.95, 0.35),
        (0.8, 0.95),
        (0, 1.2),
        (-0.8, 0.95),
        (-0.95, 0.35),
        (-0.62, -0.2),
        (-0.42, -0.95),
    ]

    def at(x: float, y: float, size: float) -> Outline:
        return smooth([(x + px * size, y + py * size) for px, py in pear], steps=8)

    easel.shadow(at(440, 590, 180))
    easel.fill(at(440, 590, 180), Glow("#6f9a3c", "#24401d", (0.35, 0.4), 0.9, "#44702b"))
    easel.shadow(at(850, 610, 165))
    easel.fill(at(850, 610, 165), "#2f5724")
    easel.fill(at(850, 612, 150), Glow("#fdf3a8", "#b7cf63", (0.5, 0.55), 0.62, "#efe98e"))
    ball(easel, 850, 680, 72, "#7a4a25")


def melon(easel: Easel) -> None:
    ground(easel, 640, 800, 360)
    ring = ball(easel, 470, 575, 225, "#d8c98a")
    lines = [oval(470, 575, 225 * share, 225) for share in (0.25, 0.6, 0.88)]
    easel.fill(
        [ribbon(line[i : i + 22 : 3], 4) for line in lines for i in (0, 14, 30)], "#fff6d8", inside=ring, alpha=0.8
    )
    easel.fill(ribbon([(470, 352), (480, 320), (520, 300)], 16, 10), LEAF_DARK)
    crescent = smooth([(700, 560), (820, 770), (1010, 700), (1060, 540), (960, 660), (820, 670)], steps=10)
    easel.shadow(crescent)
    easel.fill(crescent, "#d8c98a")
    easel.fill(
        smooth([(716, 560), (826, 742), (1000, 680), (1046, 548), (955, 652), (822, 660)], steps=10),
        Fade("#ffb867", "#f28a3c", 20),
    )


def grapes(easel: Easel) -> None:
    ground(easel, 640, 810, 260)
    easel.fill(ribbon([(640, 330), (650, 250), (700, 220)], 18, 14), "#7a5a35")
    easel.fill([leaf((650, 320), (820, 250), 120), leaf((640, 320), (480, 260), 110)], Fade(LEAF, LEAF_DARK, 60))
    for row, count in enumerate((4, 5, 6, 5, 4, 3, 2)):
        for at in range(count):
            ball(easel, 640 + (at - (count - 1) / 2) * 96 + easel.between(-8, 8), 380 + row * 68, 56, "#7d1f4d")


def jujube(easel: Easel) -> None:
    heap(easel, 84, "#a9c65a", squash=1.1, stem="#7a5a35", rows=(4, 5, 6))


def banana(easel: Easel) -> None:
    ground(easel, 640, 800, 330)
    for at in range(6):
        bend = at * 62
        hand = ribbon([(520 + at * 10, 300), (360 + bend, 520), (420 + bend * 1.25, 770)], 60, 40, belly=96)
        easel.shadow(hand, dx=6, dy=8, soft=8)
        easel.fill(hand, Fade("#ffe37a", "#d99f1c", 80, "#f6c833"))
        easel.fill(oval(420 + bend * 1.25, 772, 20, 12), "#5c4020")
    easel.fill(rect(500, 268, 600, 330, 22), Fade("#c9a93a", "#7a5a25", 90))


def corn(easel: Easel) -> None:
    for x, turn in ((420, -1), (660, 0), (890, 1)):
        ground(easel, x, 800, 110)
        ear = smooth(
            [(x + turn * 40, 280), (x + 86, 420), (x + 92, 640), (x, 790), (x - 92, 640), (x - 86, 420)], steps=8
        )
        easel.fill(ear, Fade("#ffe27a", "#d79a1e", 80, "#f7c93a"))
        kernels = [
            oval(x + column * 34 + (row % 2) * 17, 330 + row * 34, 15, 14, steps=14)
            for row in range(13)
            for column in range(-3, 4)
        ]
        easel.fill(kernels, "#ffdd66", inside=ear)
        easel.fill(
            [leaf((x, 815), (x - 150, 420), 110, 0.12), leaf((x, 815), (x + 150, 450), 110, -0.12)],
            Fade("#a9cf6a", LEAF_DARK, 0),
        )


def cucumber(easel: Easel) -> None:
    ground(easel, 640, 780, 400)
    for y, shift in ((520, -40), (620, 30), (720, -10)):
        body = ribbon([(270 + shift, y + 20), (640 + shift, y - 26), (1010 + shift, y + 14)], 70, 60, belly=112)
        easel.shadow(body, dx=8, dy=12, soft=12)
        easel.fill(body, Fade("#8fc25a", "#2b5f2c", 0, "#4d8f3d"))
        easel.fill(
            [oval(easel.between(300, 990) + shift, y + easel.between(-30, 34), 5, 4) for _ in range(26)],
            "#c9e59a",
            inside=body,
        )


def chilli(easel: Easel) -> None:
    ground(easel, 640, 790, 360)
    for _ in range(15):
        x, y, lean = easel.between(340, 900), easel.between(470, 740), easel.between(-90, 90)
        pod = ribbon([(x, y), (x + lean, y + 70), (x + lean * 1.9, y + easel.between(110, 150))], 44, 4, belly=44)
        easel.shadow(pod, dx=5, dy=8, soft=7)
        easel.fill(pod, Fade("#ff6a4a", "#9c1512", 70, "#d92a1f"))
        easel.fill(ribbon([(x, y + 4), (x - lean * 0.15, y - 22), (x - lean * 0.3, y - 46)], 30, 9), LEAF)


def sweet_potato(easel: Easel) -> None:
    ground(easel, 640, 790, 380)
    for x, y, w, h, turn in ((420, 560, 210, 100, -14), (800, 540, 230, 106, 12), (610, 680, 260, 112, -4)):
        root = smooth([(p[0], p[1] + easel.between(-8, 8)) for p in oval(x, y, w, h, turn, steps=14)], steps=6)
        easel.shadow(root)
        easel.fill(root, Glow("#c96a86", "#5c1a33", (0.35, 0.28), 0.95, "#963a58"))
        easel.fill(
            [
                ribbon([(x + a, y + b), (x + a + 36, y + b + 4)], 4)
                for a, b in ((-90, -20), (20, 30), (70, -34), (-20, 6))
            ],
            "#5c1a33",
            alpha=0.5,
        )


def peanuts(easel: Easel) -> None:
    ground(easel, 640, 790, 360)
    spots = sorted(((easel.between(330, 950), easel.between(500, 760)) for _ in range(46)), key=lambda at: at[1])
    for x, y in spots:
        turn = easel.between(0, math.pi)
        c, s = math.cos(turn), math.sin(turn)
        shell = smooth(
            [
                (x + px * c - py * s, y + px * s + py * c)
                for px, py in ((-62, 0), (-44, -28), (0, -17), (44, -28), (62, 0), (44, 28), (0, 17), (-44, 28))
            ],
            steps=5,
        )
        easel.fill(moved(shell, 4, 7), "#3a1a10", soft=5, alpha=0.35)
        easel.fill(shell, Glow("#f1d49a", "#a9783c", (0.4, 0.3), 0.9, "#d9b06a"))


def cinnamon(easel: Easel) -> None:
    ground(easel, 640, 770, 380)
    for row, y in enumerate((520, 585, 650, 715)):
        for at in range(3 - row % 2):
            x = 330 + at * 270 + (row % 2) * 130
            stick = rect(x - 60, y - 30, x + 230, y + 32, 24)
            easel.shadow(stick, dx=4, dy=8, soft=8)
            easel.fill(stick, Fade("#c98a52", "#5f3015", 0, "#96582c"))
            easel.fill(oval(x + 214, y, 17, 29), "#4a2410")
            easel.fill(oval(x + 216, y - 2, 9, 18), "#b87a48")
    easel.fill([rect(520, 480, 560, 760, 8)], "#e8d5b0", alpha=0.9)


def greens(easel: Easel) -> None:
    ground(easel, 640, 800, 320)
    for at in range(34):
        lean = (at - 16.5) / 16.5
        tip = (640 + lean * 400, 300 + abs(lean) * 150 + easel.between(-50, 40))
        blade = leaf((640 + lean * 60, 770), tip, easel.between(90, 150), lean * -0.10)
        easel.fill(moved(blade, 5, 8), "#17351a", soft=8, alpha=0.25)
        easel.fill(blade, Fade(easel.choose("#8cc45e", "#6fb04c", "#a4d072"), easel.choose(LEAF_DARK, "#3f7d3a"), 0))
        easel.fill(ribbon([(640 + lean * 60, 770), tip], 7, 1), "#e3f0c8", alpha=0.7)
    easel.fill(rect(545, 690, 735, 735, 18), Fade("#d9b588", "#9c7444", 90))


def bowl_of(easel: Easel, colour: str, grain: str) -> None:
    """A bowl heaped with rice."""
    ground(easel, 640, 800, 330)
    mound = smooth([(330, 560), (450, 430), (640, 370), (830, 430), (950, 560), (640, 640)], steps=10)
    easel.fill(mound, Glow(blend(colour, "#ffffff", 0.4), blend(colour, "#2a1005", 0.2), (0.4, 0.3), 0.95, colour))
    grains = [
        oval(easel.between(350, 930), easel.between(380, 600), 15, 5.5, easel.between(0, 180), steps=10)
        for _ in range(420)
    ]
    easel.fill(grains, grain, inside=mound, alpha=0.85)
    bowl = smooth([(310, 555), (640, 600), (970, 555), (920, 700), (780, 795), (500, 795), (360, 700)], steps=10)
    easel.fill(bowl, Fade("#ffffff", "#c3cfd6", 60, "#eef2f2"))
    easel.fill(ribbon([(336, 630), (640, 690), (944, 630)], 12), "#1f5f8b", inside=bowl)


def sheets(easel: Easel, colour: str, rim: str) -> None:
    """A stack of round rice sheets."""
    ground(easel, 640, 770, 390)
    for at in range(11):
        y = 745 - at * 22
        easel.fill(oval(640 + easel.between(-8, 8), y + 8, 370, 92), "#6b4a2a", alpha=0.22)
        easel.fill(oval(640 + easel.between(-6, 6), y, 370, 90), Glow(colour, rim, (0.45, 0.4), 0.8))
    dots = [
        oval(640 + r * math.cos(t) * 3.6, 525 + r * math.sin(t) * 0.86, 5, 3, steps=8)
        for r, t in ((easel.between(5, 92), easel.between(0, 6.28)) for _ in range(90))
    ]
    easel.fill(dots, "#2a1a10", alpha=0.75)


def noodles(easel: Easel) -> None:
    for x, y in ((440, 640), (840, 640), (640, 500)):
        ground(easel, x, y + 130, 170)
        for turn in range(26):
            r = 168 - turn * 6
            loop = oval(
                x + easel.between(-9, 9), y + easel.between(-7, 7), r, r * 0.72, easel.between(-30, 30), steps=30
            )
            easel.fill(ribbon(loop[: easel.random.randint(18, 29)], 10), easel.choose("#f6dfb0", "#eccd8e", "#fbeccb"))


def _weave(easel: Easel, shape: Outline, light: str, dark: str, step: int = 46) -> None:
    """Rattan: bands over and under each other, cut to the shape."""
    xs, ys = [x for x, _ in shape], [y for _, y in shape]
    easel.fill(shape, dark)
    for row, y in enumerate(range(int(min(ys)), int(max(ys)) + step, step // 2)):
        for at, x in enumerate(range(int(min(xs)), int(max(xs)) + step, step)):
            shift = (row % 2) * step // 2
            band = rect(x + shift - step * 0.46, y, x + shift + step * 0.46, y + step * 0.44, 8)
            easel.fill(
                band,
                Fade(light if (row + at) % 3 else blend(light, dark, 0.3), blend(light, dark, 0.5), 0),
                inside=shape,
            )


def basket(easel: Easel) -> None:
    ground(easel, 640, 810, 330)
    arch = ribbon([(340, 480), (420, 230), (640, 150), (860, 230), (940, 480)], 34)
    easel.fill(arch, Fade("#d9a55c", "#8a5a24", 80))
    body = smooth([(300, 470), (640, 520), (980, 470), (930, 730), (840, 810), (440, 810), (350, 730)], steps=10)
    _weave(easel, body, "#e0b06a", "#9c6a30")
    easel.fill(ribbon([(296, 470), (640, 526), (984, 470)], 44), Fade("#ecc281", "#a87434", 0))


def tray(easel: Easel) -> None:
    ground(easel, 640, 760, 420)
    easel.fill(oval(640, 640, 430, 190), Fade("#b9823f", "#7a4e1e", 0))
    _weave(easel, oval(640, 622, 398, 166), "#e6bb78", "#a8763a", 40)
    easel.fill(ribbon(oval(640, 622, 415, 178, steps=60), 30), Fade("#f0cb8c", "#a87434", 0))


def trivets(easel: Easel) -> None:
    for x, y, r in ((450, 640, 210), (850, 620, 190), (640, 470, 170)):
        ground(easel, x, y + r * 0.6, r)
        for ring in range(int(r), 20, -26):
            easel.fill(
                ribbon(oval(x, y, ring, ring * 0.62, steps=50), 24),
                Fade(easel.choose("#ecc281", "#dda85c"), "#8f5f28", 0),
            )


def stool(easel: Easel) -> None:
    ground(easel, 640, 830, 300)
    for x0, x1 in ((430, 380), (850, 900), (560, 530), (720, 750)):
        easel.fill(ribbon([(x0, 480), (x1, 830)], 44, 36), Fade("#d9a55c", "#80521f", 80))
    easel.fill(ribbon([(400, 690), (640, 720), (880, 690)], 26), Fade("#ecc281", "#9c6a30", 0))
    _weave(easel, oval(640, 440, 300, 110), "#e6bb78", "#a8763a", 40)
    easel.fill(ribbon(oval(640, 440, 306, 116, steps=60), 34), Fade("#f0cb8c", "#a87434", 0))


def lamp(easel: Easel) -> None:
    easel.fill(oval(640, 520, 420, 360), "#ffe2a0", soft=110, alpha=0.7)
    easel.fill(ribbon([(640, 0), (640, 230)], 8), "#5a3a1a")
    shade = smooth([(560, 230), (720, 230), (900, 470), (880, 680), (640, 730), (400, 680), (380, 470)], steps=10)
    _weave(easel, shade, "#ffd98c", "#b87a2c", 44)
    easel.fill(oval(640, 560, 150, 150), "#fff6d0", inside=shade, soft=60, alpha=0.75)
    easel.fill(rect(560, 205, 720, 250, 18), "#7a4e1e")


def strainer(easel: Easel) -> None:
    tray(easel)
    easel.fill(ribbon([(1010, 640), (1120, 600), (1190, 520)], 44, 34), Fade("#d9a55c", "#8a5a24", 60))
