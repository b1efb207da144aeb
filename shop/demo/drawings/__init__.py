"""Every demo picture by name, the same each time: `draw("dragon-red-box")`."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial

from PIL import Image

from shop.demo.drawings import packs, people, produce
from shop.demo.drawings.easel import Easel, Fade, Glow, blend, leaf, oval, rect
from shop.demo.drawings.fruit import VARIETIES, Place, half, slice_, whole
from shop.demo.drawings.packs import Spot, fruit_emblem, ground, spot_emblem

SIZE = (1280, 960)
Drawing = Callable[[Easel], None]


def draw(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """The picture of that name. Raises KeyError for a name nobody has drawn."""
    easel = Easel(size, zlib.crc32(name.encode()))
    kind, _, rest = name.partition("-")
    if kind == "face":
        people.face(easel, int(rest))
    elif kind == "place":
        people.place(easel, PLACES.get(rest, "orchard"))
    else:
        wall, table, drawing = DRAWINGS[name]
        _set_table(easel, wall, table)
        drawing(easel)
    return easel.image


def _set_table(easel: Easel, wall: str, table: str) -> None:
    """A quiet wall with a round of light, and a table in front."""
    easel.fill(rect(0, 0, 1280, 960), Fade(blend(wall, "#ffffff", 0.35), wall, 0))
    easel.fill(oval(600, 400, 470, 430), "#ffffff", soft=120, alpha=0.6)
    easel.fill(rect(-5, 640, 1285, 970), Fade(blend(table, "#ffffff", 0.18), blend(table, "#5a3320", 0.18), 0))
    easel.fill(rect(-5, 636, 1285, 646), blend(table, "#ffffff", 0.4), alpha=0.8)


def _whole(easel: Easel, kind: str) -> None:
    for x, y, size, turn in ((400, 560, 150, -14), (880, 570, 156, 12), (640, 610, 176, 2)):
        ground(easel, x, y + size * 1.24, size)
        whole(easel, VARIETIES[kind], Place(x, y, size, turn + easel.between(-4, 4)))


def _cut(easel: Easel, kind: str) -> None:
    variety = VARIETIES[kind]
    ground(easel, 470, 800, 200)
    whole(easel, variety, Place(440, 560, 192, -8))
    ground(easel, 830, 806, 180)
    half(easel, variety, Place(830, 600, 172, 8))
    ground(easel, 580, 860, 120)
    slice_(easel, variety, Place(580, 830, 104), 0.52)


def _three(easel: Easel) -> None:
    for kind, x in (("white", 300), ("red", 640), ("purple", 980)):
        ground(easel, x, 790, 160)
        half(easel, VARIETIES[kind], Place(x, 590, 158, easel.between(-6, 6)))


def _bottles(
    easel: Easel, glass: str, cap: str, label: str, emblem: packs.Emblem, *, beside: Drawing | None = None
) -> None:
    packs.bottle(easel, Spot(500, 800, 190, 610), glass, cap, label, emblem)
    packs.bottle(easel, Spot(740, 815, 200, 640), glass, cap, label, emblem)
    if beside:
        beside(easel)


def _slices_beside(kind: str) -> Drawing:
    def beside(easel: Easel) -> None:
        ground(easel, 985, 850, 130)
        half(easel, VARIETIES[kind], Place(985, 720, 112, 14))
        slice_(easel, VARIETIES[kind], Place(300, 800, 100), 0.5)

    return beside


def _strewn(colours: tuple[str, ...], size: float = 12) -> Drawing:
    def beside(easel: Easel) -> None:
        for _ in range(60):
            x = easel.choose("l", "r")
            at = easel.between(160, 400) if x == "l" else easel.between(880, 1120)
            spot = oval(at, easel.between(780, 880), size, size * 0.7, easel.between(0, 180), steps=14)
            easel.fill(spot, Glow("#ffffff", easel.choose(*colours), (0.3, 0.2), 1.1))

    return beside


def _jars(easel: Easel, content: str, lid: str, emblem: packs.Emblem) -> None:
    body = Fade(blend(content, "#ffffff", 0.3), blend(content, "#000000", 0.3), 90, content)
    packs.jar(easel, Spot(500, 800, 270, 380), body, lid, "#fff8ea", emblem)
    packs.jar(easel, Spot(800, 815, 290, 400), body, lid, "#fff8ea", emblem)


def _pouches(
    easel: Easel, paper: str, colours: tuple[str, ...], emblem: packs.Emblem, *, size: float = 44, kind: str = ""
) -> None:
    window = packs.pieces(colours, size, kind=VARIETIES[kind] if kind else None, count=70 if size > 20 else 500)
    packs.pouch(easel, Spot(450, 790, 360, 560), paper, window, emblem)
    packs.pouch(easel, Spot(840, 812, 370, 580), paper, window, emblem)


def _sack(easel: Easel, cloth: str, stripe: str, colour: str, grains: tuple[str, ...]) -> None:
    packs.sack(easel, Spot(600, 800, 460, 600), cloth, stripe, spot_emblem(colour))
    _strewn(grains, 9)(easel)


def _tea(easel: Easel, metal: str, colour: str) -> None:
    packs.tin(easel, Spot(460, 800, 300, 460), metal, "#fff6e0", spot_emblem(colour))
    ground(easel, 860, 810, 170)
    easel.fill(oval(860, 800, 230, 46), Fade("#ffffff", "#cfd8d8", 0))
    easel.fill([(700.0, 640.0), (1020.0, 640.0), (970.0, 790.0), (750.0, 790.0)], Fade("#ffffff", "#cfd8d8", 60))
    easel.fill(oval(860, 642, 160, 40), "#eef2f0")
    easel.fill(oval(860, 646, 140, 32), colour)
    easel.fill([leaf((300, 870), (200, 790), 50), leaf((320, 870), (420, 830), 44)], "#5f9e45")


def _candy(easel: Easel) -> None:
    packs.pouch(
        easel,
        Spot(420, 800, 360, 560),
        "#fde8f1",
        packs.pieces(("#e24f86", "#f3a3c0", "#fff0f5", "#b3125f"), 34),
        fruit_emblem("red"),
    )
    for x, y in ((740, 740), (880, 690), (1010, 760), (820, 830), (960, 850)):
        easel.fill([leaf((x - 40, y), (x - 110, y - 26), 56), leaf((x + 40, y), (x + 110, y + 26), 56)], "#f3a3c0")
        produce.ball(easel, x, y, 48, easel.choose("#d3215f", "#e24f86", "#b3125f"))


def _biscuits(easel: Easel) -> None:
    packs.pouch(
        easel,
        Spot(400, 800, 360, 560),
        "#f0d9b0",
        packs.pieces(("#d9a55c", "#e8bf7e", "#c98a44"), 44),
        fruit_emblem("purple"),
    )
    for x, y in ((760, 780), (940, 800), (850, 700), (1040, 730)):
        ring = produce.ball(easel, x, y, 92, "#dca862", 0.5)
        easel.fill(
            [oval(easel.between(x - 60, x + 60), easel.between(y - 24, y + 24), 8, 5) for _ in range(9)],
            "#b3125f",
            inside=ring,
        )


def _bowl(colour: str, grain: str) -> Drawing:
    return partial(produce.bowl_of, colour=colour, grain=grain)


ROSE, SAND, MINT, SKY, LEMON, CLAY = "#f8dfe2", "#f3e3c8", "#dcebd4", "#d8e8ee", "#f8ecc0", "#efd6c2"
WOOD, PALE, DARK = "#cfa06a", "#e6cfae", "#a9784a"

DRAWINGS: dict[str, tuple[str, str, Drawing]] = {
    **{f"dragon-{kind}-whole": (wall, WOOD, partial(_whole, kind=kind)) for kind, wall in
       (("white", MINT), ("red", LEMON), ("purple", SAND), ("yellow", SKY))},
    **{f"dragon-{kind}-cut": (wall, PALE, partial(_cut, kind=kind)) for kind, wall in
       (("white", ROSE), ("red", SAND), ("purple", MINT), ("yellow", ROSE))},
    **{f"dragon-{kind}-box": (wall, PALE, partial(packs.carton, kind=kind)) for kind, wall in
       (("white", SKY), ("red", MINT), ("purple", LEMON), ("yellow", SKY))},
    "dragon-three": (LEMON, PALE, _three),
    "wine-red": (CLAY, DARK, partial(_bottles, glass="#5d0f2c", cap="#2a1520", label="#fff3de", emblem=fruit_emblem("red"), beside=_slices_beside("red"))),
    "wine-white": (MINT, WOOD, partial(_bottles, glass="#d9c98a", cap="#7a5a25", label="#ffffff", emblem=fruit_emblem("white"), beside=_slices_beside("white"))),
    "juice": (LEMON, PALE, partial(_bottles, glass="#c9174f", cap="#ffffff", label="#fff8ea", emblem=fruit_emblem("red"), beside=_slices_beside("red"))),
    "kombucha": (SKY, WOOD, partial(_bottles, glass="#d6678f", cap="#1d6b3b", label="#eef7e8", emblem=fruit_emblem("purple"), beside=_slices_beside("purple"))),
    "syrup": (SAND, WOOD, partial(_bottles, glass="#a10d43", cap="#d9a55c", label="#fff3de", emblem=fruit_emblem("red"), beside=_strewn(("#d3215f", "#e8709a")))),
    "peanut-oil": (SAND, DARK, partial(_bottles, glass="#e0a92c", cap="#7a4e1e", label="#fff8ea", emblem=spot_emblem("#c98a2c"), beside=_strewn(("#d9b06a", "#b98a45"), 22))),
    "sesame-oil": (CLAY, PALE, partial(_bottles, glass="#6b3a12", cap="#2a1520", label="#f6e6c8", emblem=spot_emblem("#3a2a1a"), beside=_strewn(("#2a2018", "#4a3a2a"), 7))),
    "fish-sauce": (SKY, WOOD, partial(_bottles, glass="#8f3a12", cap="#b3261e", label="#fff3d6", emblem=spot_emblem("#2f78a8"))),
    "chilli-sauce": (LEMON, DARK, partial(_bottles, glass="#c4261a", cap="#2f6b35", label="#fff3d6", emblem=spot_emblem("#d92a1f"))),
    "fish-sauce-can": (SKY, PALE, lambda easel: packs.can(easel, Spot(640, 810, 460, 640), "#a5531c", "#b3261e", "#fff3d6", spot_emblem("#2f78a8"))),
    "jam-jar": (ROSE, WOOD, partial(_jars, content="#a80f48", lid="#fff3de", emblem=fruit_emblem("red"))),
    "shrimp-paste": (SAND, DARK, partial(_jars, content="#8a4a5c", lid="#b3261e", emblem=spot_emblem("#c75a5a"))),
    "sesame-salt": (MINT, PALE, partial(_jars, content="#8a6a45", lid="#1d6b3b", emblem=spot_emblem("#5a3a20"))),
    "dried-red": (SAND, PALE, partial(_pouches, paper="#e0bd8c", colours=("#a8124c", "#8f0f40", "#c22a60"), emblem=fruit_emblem("red"), kind="red")),
    "dried-white": (MINT, WOOD, partial(_pouches, paper="#d9e4c4", colours=("#f3e6c8", "#e8d4a8", "#fbf3df"), emblem=fruit_emblem("white"), kind="white")),
    "dried-flower": (LEMON, WOOD, partial(_pouches, paper="#e9d9b4", colours=("#d9c27a", "#b9a35a", "#efe0a4"), emblem=spot_emblem("#c9a93a"), size=30)),
    "dried-banana": (SKY, PALE, partial(_pouches, paper="#efd49a", colours=("#c98a3c", "#e0a852", "#a96a24"), emblem=spot_emblem("#e0a92c"), size=38)),
    "dried-jackfruit": (ROSE, PALE, partial(_pouches, paper="#e8cf8a", colours=("#f2b62c", "#e09a1c", "#f8cc5a"), emblem=spot_emblem("#e09a1c"), size=40)),
    "tea-rice": (MINT, DARK, partial(_tea, metal="#8a5a34", colour="#b9783a")),
    "tea": (MINT, WOOD, partial(_tea, metal="#2f6b45", colour="#a9b848")),
    "rice-bag": (LEMON, WOOD, partial(_sack, cloth="#f2e6cc", stripe="#1d6b3b", colour="#d9b84a", grains=("#f0e6cc", "#e0d0a8"))),
    "rice-red": (SAND, PALE, partial(_sack, cloth="#e9c9a8", stripe="#8f2f1c", colour="#a8432c", grains=("#a8432c", "#8a2f1c"))),
    "rice-purple": (ROSE, PALE, partial(_sack, cloth="#e3d4e6", stripe="#4a2a5c", colour="#4a2a5c", grains=("#4a2a5c", "#34203f"))),
    "rice-sticky": (SKY, WOOD, partial(_sack, cloth="#f6f0e2", stripe="#b3125f", colour="#f0e6d0", grains=("#fbf6ea", "#e6dcc4"))),
    "rice-bowl": (SAND, DARK, _bowl("#f6efe0", "#ffffff")),
    "rice-paper": (MINT, WOOD, partial(produce.sheets, colour="#fbf1da", rim="#e0c797")),
    "rice-cracker": (LEMON, DARK, partial(produce.sheets, colour="#efcf8e", rim="#b9853f")),
    "noodles": (SKY, PALE, produce.noodles),
    "candy": (LEMON, PALE, _candy),
    "biscuits": (MINT, PALE, _biscuits),
    "tomatoes": (MINT, PALE, produce.tomatoes),
    "pomelo": (SAND, WOOD, produce.pomelo),
    "avocado": (LEMON, WOOD, produce.avocado),
    "melon": (SKY, PALE, produce.melon),
    "grapes": (MINT, WOOD, produce.grapes),
    "jujube": (ROSE, PALE, produce.jujube),
    "banana": (SKY, DARK, produce.banana),
    "corn": (MINT, DARK, produce.corn),
    "cucumber": (SAND, PALE, produce.cucumber),
    "chilli": (SKY, PALE, produce.chilli),
    "sweet-potato": (LEMON, PALE, produce.sweet_potato),
    "peanuts": (MINT, PALE, produce.peanuts),
    "cinnamon": (ROSE, PALE, produce.cinnamon),
    "greens": (ROSE, WOOD, produce.greens),
    "basket": (SKY, PALE, produce.basket),
    "tray": (ROSE, PALE, produce.tray),
    "trivets": (MINT, PALE, produce.trivets),
    "stool": (SKY, PALE, produce.stool),
    "lamp": (CLAY, DARK, produce.lamp),
    "strainer": (MINT, PALE, produce.strainer),
}  # fmt: skip

PLACES = {
    "htx-rau-tien-phat": "greens",
    "htx-nong-nghiep-ai-nghia": "rice",
    "htx-nong-nghiep-dai-hiep": "rice",
    "xi-nghiep-may-tre-la-au-co": "workshop",
    "htx-dien-phuoc-1": "rice",
    "htx-bien-mui-ne": "sea",
    "htx-xanh-duy-oanh": "greens",
}
