"""Where things are shown: a warm wall, a table, morning light; and dragon fruit arranged there."""

from __future__ import annotations

from dataclasses import dataclass

from shop.demo.drawings.easel import Easel, Fade, Glow, leaf, oval, rect, ribbon
from shop.demo.drawings.fruit import VARIETIES, Place, Variety, half, slice_, whole


@dataclass(frozen=True)
class Room:
    """The colours of a corner: wall in light and shade, table in light and shade, the round panel."""

    wall: str
    wall_shade: str
    table: str
    table_shade: str
    panel: str


ROOMS = {
    "paper": Room("#fffaf2", "#f6e6d3", "#f3dcc0", "#e2bf98", "#f9e3c8"),
    "blush": Room("#fff5f0", "#f9ddd6", "#f6d0c8", "#e5aca3", "#f8cfca"),
    "sage": Room("#f9faee", "#e4ead2", "#dbe3c2", "#b9c79a", "#d5e2bd"),
    "sun": Room("#fff9e9", "#fbe8bf", "#f8dca2", "#e4b96e", "#fbdc94"),
    "sea": Room("#f6faf7", "#dce9e6", "#d3e2dd", "#a9c6c2", "#c4dfdb"),
    "clay": Room("#fff6ec", "#f3dac4", "#e7bf9f", "#c9946f", "#eec3a0"),
}
HORIZON = 590.0


def room(easel: Easel, *names: str) -> Room:
    """Paints one of the named corners, lit from the upper left."""
    colours = ROOMS[easel.choose(*names)]
    everywhere = rect(0, 0, easel.width, easel.height)
    easel.fill(everywhere, Glow(colours.wall, colours.wall_shade, (0.25, 0.1), 1.15))
    easel.fill(oval(640 + easel.between(-60, 60), 470, 400, 400), colours.panel, alpha=0.55)
    _window(easel)
    table = rect(0, HORIZON, easel.width, easel.height)
    easel.fill(rect(0, HORIZON - 6, easel.width, HORIZON + 30), "#7a4a30", soft=12, alpha=0.16)
    easel.fill(table, Fade(colours.table, colours.table_shade, 20))
    easel.fill(rect(0, HORIZON, easel.width, HORIZON + 5), "#ffffff", alpha=0.35)
    _sprig(easel)
    return colours


def _window(easel: Easel) -> None:
    """Slanted morning light on the wall."""
    left = easel.between(-60, 180)
    for pane in range(2):
        x = left + pane * 210
        beam = [(x, -20), (x + 170, -20), (x + 470, HORIZON), (x + 300, HORIZON)]
        easel.fill(beam, "#ffffff", soft=16, alpha=0.34)


def _sprig(easel: Easel) -> None:
    """The shade of leaves outside the picture, upper right."""
    x, y = easel.between(1010, 1120), easel.between(-60, -10)
    blades = []
    for step in range(7):
        base = (x + 190 - step * 40, y + step * 46)
        for side in (-1, 1):
            tip = (base[0] - 120 + 60 * side, base[1] + 90 + 100 * side)
            blades.append(leaf(base, tip, 46, 0.12 * side))
    blades.append(ribbon([(x + 210, y - 20), (x + 60, y + 150), (x - 80, y + 320)], 10, 4))
    easel.fill(blades, "#6b4a35", soft=9, alpha=0.085)


def set_down(easel: Easel, kind: Variety, place: Place, spin: float | None = None) -> None:
    """A whole fruit with the shade that it throws on the table."""
    easel.touch(place.x + place.half * 0.05, place.y + place.half * 1.0, place.half * 1.08, place.half * 0.22)
    whole(easel, kind, place, spin)


def cut(easel: Easel, name: str) -> None:
    """A whole fruit, a half that shows its flesh, and round slices."""
    kind = VARIETIES[name]
    room(easel, *_rooms_for(name))
    flip = easel.random.random() < 0.5
    grow = easel.between(0.94, 1.04)

    def at(x: float) -> float:
        return 1280 - x if flip else x

    lean = -1 if flip else 1
    set_down(easel, kind, Place(at(420), 455, 205 * grow, -14 * lean))
    easel.touch(at(800), 772, 196, 40)
    half(easel, kind, Place(at(800), 555, 178 * grow, 16 * lean))
    for x, y, size in ((at(395), 790, 122), (at(590), 838, 112))[: easel.random.choice((1, 2, 2))]:
        easel.touch(x, y + size * 0.42, size * 1.05, size * 0.22)
        slice_(easel, kind, Place(x, y, size, 0), squash=0.52)


def pile(easel: Easel, name: str) -> None:
    """Three to five whole fruits, as they lie on a market table."""
    kind = VARIETIES[name]
    room(easel, *_rooms_for(name))
    lay = easel.random.choice(
        (
            ((360, 470, 168, -28), (860, 480, 172, 24), (620, 590, 190, -4)),
            ((620, 400, 160, 6), (330, 560, 172, -38), (930, 570, 170, 34), (640, 640, 180, -10)),
            ((440, 430, 158, -16), (800, 420, 156, 18), (270, 620, 156, -46), (1000, 620, 154, 44), (630, 660, 176, 4)),
        )
    )
    for x, y, size, turn in lay:
        set_down(easel, kind, Place(x, y, size, turn + easel.between(-8, 8)))


def box(easel: Easel, name: str) -> None:
    """An open carton, full to the edge, one half laid in front to show the flesh."""
    kind = VARIETIES[name]
    room(easel, *_rooms_for(name))
    easel.touch(640, 842, 450, 46)
    _box_back(easel)
    for y, count, size in ((432, 4, 92), (492, 4, 104)):
        for i in range(count):
            x = 640 + (i - (count - 1) / 2) * 168 + easel.between(-10, 10)
            whole(easel, kind, Place(x, y + easel.between(-8, 8), size, easel.between(-40, 40)))
    _box_front(easel, kind)
    x = easel.random.choice((235, 1045))
    easel.touch(x, 862, 122, 30)
    half(easel, kind, Place(x, 738, 108, 12 if x > 640 else -12))


def three(easel: Easel) -> None:
    """Red, white and purple-pink together."""
    room(easel, "paper", "sage")
    for x, name, turn in ((290, "red", -12), (640, "white", 3), (990, "purple", 12)):
        set_down(easel, VARIETIES[name], Place(x, 420, 138, turn))
    for x, name in ((270, "red"), (640, "white"), (1010, "purple")):
        easel.touch(x, 838, 150, 30)
        half(easel, VARIETIES[name], Place(x, 688, 126, easel.between(-10, 10)))


def _rooms_for(name: str) -> tuple[str, ...]:
    return {"yellow": ("paper", "sea", "sage"), "white": ("sage", "paper", "sun")}.get(
        name, ("paper", "sun", "sage", "clay")
    )


KRAFT, KRAFT_LIGHT, KRAFT_DARK = "#c89a66", "#dcb482", "#a37443"


def _box_back(easel: Easel) -> None:
    easel.fill([(270, 420), (1010, 420), (1075, 560), (205, 560)], Fade("#7d5630", "#5e3e20", 0))
    easel.fill([(270, 420), (1010, 420), (1040, 330), (240, 330)], Fade(KRAFT_DARK, KRAFT, 180))
    easel.fill([(270, 420), (205, 560), (96, 520), (186, 392)], Fade(KRAFT, KRAFT_LIGHT, 270))
    easel.fill([(1010, 420), (1075, 560), (1184, 520), (1094, 392)], Fade(KRAFT, KRAFT_DARK, 90))


def _box_front(easel: Easel, kind: Variety) -> None:
    easel.fill(rect(205, 535, 1075, 590), "#4a2c14", soft=10, alpha=0.25)
    front = rect(205, 552, 1075, 850, 6)
    easel.fill(front, Fade(KRAFT_LIGHT, KRAFT, 35))
    easel.fill(rect(205, 552, 1075, 564), "#ecca9c", alpha=0.8)
    easel.fill(rect(205, 806, 1075, 850, 6), KRAFT_DARK, alpha=0.18)
    for x in (330, 950):
        easel.fill(rect(x - 52, 612, x + 52, 640, 14), Fade("#5e3e20", "#7d5630", 0))
    easel.fill(oval(640, 702, 106, 106), "#fff6e6", alpha=0.92)
    whole(easel, kind, Place(640, 716, 52, 0), spin=0.0)
    easel.write("TRÁI CÂY HỢP TÁC XÃ", 640, 828, 24, "#6b4420")
