"""Every picture of the demo market, by name: goods, faces, places. One hand, one light, no photograph.

A name may carry a number (`dragon-red-cut-2`): the same goods, arranged and lit another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from PIL import Image

from shop.demo.drawings import crafts, garden, grains, pantry, scenes, sweets, vegetables
from shop.demo.drawings.easel import Easel
from shop.demo.drawings.faces import SITTERS, SQUARE, portrait
from shop.demo.drawings.fruit import VARIETIES
from shop.demo.drawings.places import PLACES, WIDE

GOODS_SIZE = (1280, 960)

DRAWINGS: dict[str, Callable[[Easel], None]] = {
    **{f"dragon-{name}-cut": partial(scenes.cut, name=name) for name in VARIETIES},
    **{f"dragon-{name}-whole": partial(scenes.pile, name=name) for name in VARIETIES},
    **{f"dragon-{name}-box": partial(scenes.box, name=name) for name in VARIETIES},
    "dragon-three": scenes.three,
    "grapes": garden.grapes,
    "jujube": garden.jujube,
    "melon": garden.melon,
    "pomelo": garden.pomelo,
    "banana": garden.banana,
    "avocado": garden.avocado,
    "greens": vegetables.greens,
    "tomatoes": vegetables.tomatoes,
    "cucumber": vegetables.cucumber,
    "chilli": vegetables.chilli,
    "corn": vegetables.corn,
    "sweet-potato": vegetables.sweet_potato,
    "rice-bag": partial(grains.rice_bag, name="white"),
    "rice-red": partial(grains.rice_bag, name="red"),
    "rice-purple": partial(grains.rice_bag, name="purple"),
    "rice-sticky": partial(grains.rice_bag, name="sticky"),
    "rice-bowl": grains.rice_bowl,
    "rice-paper": grains.rice_paper,
    "rice-cracker": grains.rice_cracker,
    "noodles": grains.noodles,
    "peanuts": grains.peanuts,
    **{f"dried-{name}": partial(sweets.dried, name=name) for name in sweets.DRIED},
    "jam-jar": sweets.jam,
    "candy": sweets.candy,
    "biscuits": sweets.biscuits,
    "wine-red": partial(pantry.wine, colour="red"),
    "wine-white": partial(pantry.wine, colour="white"),
    "juice": pantry.juice,
    "kombucha": pantry.kombucha,
    "syrup": pantry.syrup,
    "tea": partial(pantry.tea, name="ginger"),
    "tea-rice": partial(pantry.tea, name="rice"),
    "fish-sauce": pantry.fish_sauce,
    "fish-sauce-can": pantry.fish_sauce_can,
    "shrimp-paste": pantry.shrimp_paste,
    "peanut-oil": partial(pantry.oil, seed="peanut"),
    "sesame-oil": partial(pantry.oil, seed="sesame"),
    "chilli-sauce": pantry.chilli_sauce,
    "sesame-salt": pantry.sesame_salt,
    "cinnamon": pantry.cinnamon,
    "basket": crafts.basket,
    "tray": crafts.tray,
    "lamp": crafts.lamp,
    "trivets": crafts.trivets,
    "strainer": crafts.strainer,
    "stool": crafts.stool,
}
KINDS: tuple[str, ...] = (
    *DRAWINGS,
    *(f"face-{number}" for number in range(1, len(SITTERS) + 1)),
    *(f"place-{slug}" for slug in PLACES),
)


def draw(kind: str, size: tuple[int, int] | None = None, seed: int | None = None) -> Image.Image:
    """The picture of one of KINDS, always the same for the same name and seed.

    Goods are 1280 × 960 pixels, places 1280 × 800, faces 960 × 960 unless `size` says otherwise;
    another shape than these shows more or less of table, sky or shoulders.
    Raises KeyError when nobody can draw it.
    """
    if face := re.fullmatch(r"face-(\d+)", kind):
        return portrait(int(face[1]), size or SQUARE)
    place = kind.removeprefix("place-")
    if place in PLACES:
        return _drawn(PLACES[place], size or WIDE, kind if seed is None else f"{kind}-{seed}")
    if kind not in DRAWINGS and (numbered := re.fullmatch(r"(.+)-(\d+)", kind)):
        return draw(numbered[1], size, int(numbered[2]))
    return _drawn(DRAWINGS[kind], size or GOODS_SIZE, kind if seed is None else f"{kind}-{seed}")


def _drawn(paint: Callable[[Easel], None], size: tuple[int, int], seed: str) -> Image.Image:
    easel = Easel(size, seed)
    paint(easel)
    return easel.image
