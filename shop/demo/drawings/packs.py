"""What goods come in: bottles, jars, pouches, sacks, tins, cans, boxes, bowls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.demo.drawings.easel import Easel, Fade, Glow, Outline, Point, blend, grown, moved, oval, rect, ribbon, smooth


@dataclass(frozen=True)
class Glass:
    """The colours of a vessel and what is in it, and its cap."""

    light: str
    colour: str
    dark: str
    cap: str = "#3a2418"


@dataclass(frozen=True)
class Label:
    """A label: its paper, ink, band of colour and words."""

    paper: str
    ink: str
    band: str
    words: Sequence[str]


def bottle(
    easel: Easel, x: float, foot: float, profile: Sequence[Point], glass: Glass, label: Label | None = None
) -> Outline:
    """A bottle that stands on `foot`; `profile` is (half width, height above the foot) from the neck down."""
    right = [(x + half, foot - up) for half, up in profile]
    outline = smooth([*right, *[(2 * x - px, py) for px, py in right[::-1]]], steps=6)
    wide, tall = max(half for half, _ in profile), profile[0][1]
    easel.touch(x + 6, foot - 6, wide * 1.1, wide * 0.26)
    easel.fill(moved(outline, 10, 4), "#2a1410", soft=12, alpha=0.22)
    easel.fill(outline, Fade(glass.colour, glass.dark, 90, glass.light))
    easel.fill(outline, Fade("#ffffff", glass.dark, 0), alpha=0.14)
    _shine(easel, x, foot, wide, tall, outline)
    if label is not None:
        top, bottom = foot - tall * 0.46, foot - tall * 0.12
        stick(easel, rect(x - wide + 2, top, x + wide - 2, bottom), label, inside=outline)
    return outline


def _shine(easel: Easel, x: float, foot: float, wide: float, tall: float, outline: Outline) -> None:
    strip = rect(x - wide * 0.74, foot - tall * 0.98, x - wide * 0.54, foot - tall * 0.06, wide * 0.1)
    easel.fill(strip, "#ffffff", soft=3, alpha=0.5, inside=outline)
    edge = rect(x + wide * 0.80, foot - tall, x + wide * 0.88, foot - tall * 0.06, wide * 0.04)
    easel.fill(edge, "#ffffff", soft=3, alpha=0.32, inside=outline)


def cap(easel: Easel, x: float, top: float, half: float, tall: float, colour: str) -> None:
    """A cap or cork, `top` its upper edge."""
    body = rect(x - half, top, x + half, top + tall, min(half, tall) * 0.22)
    easel.fill(
        body, Fade(blend(colour, "#000000", 0.25), blend(colour, "#000000", 0.35), 90, blend(colour, "#ffffff", 0.25))
    )
    easel.fill(rect(x - half, top + tall * 0.72, x + half, top + tall * 0.78), "#000000", alpha=0.2)


def stick(easel: Easel, place: Outline, label: Label, inside: Outline | None = None) -> None:
    """A label: paper, a band of colour, words, and the co-operatives' leaf."""
    left, right = min(px for px, _ in place), max(px for px, _ in place)
    top, bottom = min(py for _, py in place), max(py for _, py in place)
    wide, tall, x = right - left, bottom - top, (left + right) / 2
    easel.fill(
        place,
        Fade(blend(label.paper, "#7a5a40", 0.22), blend(label.paper, "#7a5a40", 0.3), 90, label.paper),
        inside=inside,
    )
    easel.fill(rect(left, bottom - tall * 0.17, right, bottom), label.band, inside=inside)
    easel.fill(rect(left, top, right, top + tall * 0.05), label.band, inside=inside)
    sprout(easel, x, top + tall * 0.25, min(wide, tall) * 0.13, label.band)
    size = min(tall * 0.15, wide * 1.26 / max(len(words) for words in label.words))
    for i, words in enumerate(label.words):
        easel.write(words, x, top + tall * 0.53 + i * size * 1.14, size, label.ink)


def sprout(easel: Easel, x: float, y: float, size: float, colour: str) -> None:
    """Two leaves on a stem, the mark of the market's co-operatives."""
    left = smooth(
        [
            (x, y + size),
            (x - size * 1.1, y + size * 0.1),
            (x - size * 1.1, y - size * 0.8),
            (x - size * 0.2, y - size * 0.3),
        ]
    )
    right = smooth(
        [
            (x, y + size),
            (x + size * 1.1, y + size * 0.1),
            (x + size * 1.1, y - size * 0.8),
            (x + size * 0.2, y - size * 0.3),
        ]
    )
    easel.fill([left, right], colour)


def jar(
    easel: Easel, x: float, foot: float, wide: float, tall: float, glass: Glass, label: Label | None = None
) -> Outline:
    """A round jar with a screw lid, filled nearly to the top."""
    profile = [
        (wide * 0.86, tall),
        (wide * 0.88, tall * 0.95),
        (wide, tall * 0.86),
        (wide, tall * 0.5),
        (wide, tall * 0.08),
        (wide * 0.9, 0),
    ]
    outline = bottle(easel, x, foot, profile, glass, None)
    easel.fill(rect(x - wide, foot - tall, x + wide, foot - tall * 0.86), "#ffffff", inside=outline, alpha=0.5)
    cap(easel, x, foot - tall - tall * 0.14, wide * 0.93, tall * 0.18, glass.cap)
    if label is not None:
        stick(
            easel, rect(x - wide * 0.98, foot - tall * 0.68, x + wide * 0.98, foot - tall * 0.14), label, inside=outline
        )
    return outline


def pouch(easel: Easel, x: float, foot: float, wide: float, tall: float, paper: str, label: Label) -> Outline:
    """A standing pouch; gives back its window, to be filled by the caller."""
    easel.touch(x + 8, foot - 6, wide * 1.02, wide * 0.16)
    top = foot - tall
    shape = smooth(
        [
            (x - wide, top),
            (x, top),
            (x + wide, top),
            (x + wide * 0.97, foot - tall * 0.4),
            (x + wide, foot - 14),
            (x, foot + 6),
            (x - wide, foot - 14),
            (x - wide * 0.97, foot - tall * 0.4),
        ],
        steps=12,
    )
    easel.fill(moved(shape, 12, 6), "#3a2010", soft=14, alpha=0.22)
    easel.fill(shape, Fade(blend(paper, "#ffffff", 0.18), blend(paper, "#3a2010", 0.25), 60, paper))
    easel.fill(rect(x - wide, top, x + wide, top + tall * 0.07), "#ffffff", inside=shape, alpha=0.25)
    easel.fill(rect(x - wide, top + tall * 0.085, x + wide, top + tall * 0.095), "#3a2010", inside=shape, alpha=0.25)
    stick(easel, rect(x - wide * 0.74, top + tall * 0.16, x + wide * 0.74, top + tall * 0.52, 14), label)
    window = oval(x, foot - tall * 0.24, wide * 0.62, tall * 0.17)
    easel.fill(grown(window, 1.05, (x, foot - tall * 0.24)), blend(paper, "#3a2010", 0.35))
    return window


def over_window(easel: Easel, window: Outline) -> None:
    """The shine of the film over a pouch's window."""
    easel.fill(window, Glow("#ffffff", "#ffffff", (0.3, 0.2), 0.5), alpha=0.10)
    (left, top), (right, bottom) = (
        (min(p[0] for p in window), min(p[1] for p in window)),
        (max(p[0] for p in window), max(p[1] for p in window)),
    )
    streak = [
        (left + (right - left) * 0.2, top),
        (left + (right - left) * 0.36, top),
        (left + (right - left) * 0.14, bottom),
        (left - 10, bottom),
    ]
    easel.fill(streak, "#ffffff", inside=window, soft=4, alpha=0.35)


def sack(easel: Easel, x: float, foot: float, wide: float, tall: float, cloth: str, label: Label) -> None:
    """A woven sack tied at the neck."""
    easel.touch(x + 10, foot - 10, wide * 1.05, wide * 0.2)
    top = foot - tall
    body = smooth(
        [
            (x - wide * 0.36, top + tall * 0.14),
            (x + wide * 0.36, top + tall * 0.14),
            (x + wide * 0.92, top + tall * 0.36),
            (x + wide, foot - tall * 0.2),
            (x + wide * 0.86, foot),
            (x - wide * 0.86, foot),
            (x - wide, foot - tall * 0.2),
            (x - wide * 0.92, top + tall * 0.36),
        ]
    )
    frill = smooth(
        [
            (x - wide * 0.30, top + tall * 0.15),
            (x - wide * 0.52, top),
            (x - wide * 0.18, top + tall * 0.03),
            (x, top - tall * 0.02),
            (x + wide * 0.2, top + tall * 0.03),
            (x + wide * 0.52, top),
            (x + wide * 0.30, top + tall * 0.15),
        ]
    )
    easel.fill(moved(body, 14, 4), "#3a2010", soft=16, alpha=0.22)
    easel.fill(frill, Fade(blend(cloth, "#ffffff", 0.3), blend(cloth, "#5a3a1c", 0.3), 40))
    easel.fill(body, Glow(blend(cloth, "#ffffff", 0.45), blend(cloth, "#5a3a1c", 0.42), (0.35, 0.3), 0.85, cloth))
    weave = [rect(x - wide, top + i * 13, x + wide, top + i * 13 + 3) for i in range(int(tall / 13))]
    weave += [rect(x - wide + i * 13, top, x - wide + i * 13 + 3, foot) for i in range(int(wide * 2 / 13))]
    easel.fill(weave, "#8a6a44", inside=body, alpha=0.10)
    folds = [
        ribbon(
            [
                (x + s * wide * 0.2, top + tall * 0.16),
                (x + s * wide * 0.42, top + tall * 0.3),
                (x + s * wide * 0.6, top + tall * 0.46),
            ],
            10,
            2,
        )
        for s in (-1, -0.3, 0.4, 1)
    ]
    easel.fill(folds, "#6a4a2a", inside=body, soft=5, alpha=0.35)
    easel.fill(
        rect(x - wide * 0.38, top + tall * 0.12, x + wide * 0.38, top + tall * 0.17, 10), Fade("#a8433a", "#7a2420", 0)
    )
    stick(easel, rect(x - wide * 0.66, top + tall * 0.42, x + wide * 0.66, top + tall * 0.84, 10), label)


def tin(easel: Easel, x: float, foot: float, wide: float, tall: float, colour: str, label: Label) -> None:
    """A round tin with a lid."""
    easel.touch(x + 6, foot - 4, wide * 1.08, wide * 0.24)
    top = foot - tall
    body = smooth(
        [(x - wide, top), (x + wide, top), (x + wide, foot - 10), (x, foot + wide * 0.16), (x - wide, foot - 10)],
        steps=14,
    )
    body = [*oval(x, foot - 8, wide, wide * 0.2)[:29], (x - wide, top), (x + wide, top)]
    easel.fill(moved(body, 10, 4), "#2a1410", soft=12, alpha=0.22)
    easel.fill(
        body, Fade(blend(colour, "#000000", 0.22), blend(colour, "#000000", 0.4), 90, blend(colour, "#ffffff", 0.2))
    )
    stick(easel, rect(x - wide, top + tall * 0.30, x + wide, top + tall * 0.84), label, inside=body)
    lid = [*oval(x, top + tall * 0.1, wide * 1.03, wide * 0.2)[:29], (x - wide * 1.03, top), (x + wide * 1.03, top)]
    easel.fill(
        lid, Fade(blend(colour, "#000000", 0.3), blend(colour, "#000000", 0.45), 90, blend(colour, "#ffffff", 0.3))
    )
    easel.fill(oval(x, top, wide * 1.03, wide * 0.2), Fade(blend(colour, "#ffffff", 0.35), colour, 60))


def can(easel: Easel, x: float, foot: float, wide: float, tall: float, glass: Glass, label: Label) -> None:
    """A square jerry can with a handle."""
    easel.touch(x + 8, foot - 6, wide * 1.06, wide * 0.2)
    top = foot - tall
    handle = smooth(
        [
            (x - wide * 0.7, top + 90),
            (x - wide * 0.66, top - 16),
            (x, top - 44),
            (x + wide * 0.3, top - 20),
            (x + wide * 0.3, top + 60),
        ]
    )
    easel.fill(handle, Fade(glass.light, glass.dark, 60))
    easel.fill(rect(x - wide * 0.46, top + 6, x + wide * 0.08, top + 52, 20), "#f3e2cc")
    body = rect(x - wide, top + 40, x + wide, foot, 44)
    easel.fill(moved(body, 10, 4), "#2a1410", soft=12, alpha=0.22)
    easel.fill(body, Fade(glass.colour, glass.dark, 90, glass.light))
    for y in (0.24, 0.90):
        easel.fill(rect(x - wide, top + tall * y, x + wide, top + tall * y + 8), glass.dark, alpha=0.25)
    easel.fill(rect(x - wide * 0.88, top + 80, x - wide * 0.76, foot - 50, 10), "#ffffff", soft=4, alpha=0.45)
    cap(easel, x + wide * 0.62, top - 20, 52, 76, glass.cap)
    stick(easel, rect(x - wide * 0.82, top + tall * 0.36, x + wide * 0.82, top + tall * 0.86, 12), label)


def drinking_glass(
    easel: Easel, x: float, foot: float, wide: float, tall: float, drink: str, full: float = 0.72
) -> None:
    """A tumbler with a drink in it."""
    easel.touch(x, foot - 4, wide * 1.0, wide * 0.22)
    shell = [(x - wide, foot - tall), (x + wide, foot - tall), (x + wide * 0.8, foot), (x - wide * 0.8, foot)]
    level = foot - tall * full
    at_level = wide * (0.8 + 0.2 * full) * 0.95
    easel.fill(shell, "#ffffff", alpha=0.38)
    inner = [(x - at_level, level), (x + at_level, level), (x + wide * 0.76, foot - 14), (x - wide * 0.76, foot - 14)]
    easel.fill(inner, Fade(blend(drink, "#ffffff", 0.15), blend(drink, "#000000", 0.22), 90, drink))
    easel.fill(oval(x, level, at_level, at_level * 0.18), blend(drink, "#ffffff", 0.3))
    easel.fill(oval(x, foot - tall, wide, wide * 0.18), "#ffffff", alpha=0.45)
    easel.fill(
        ribbon([(x - wide * 0.74, foot - tall * 0.92), (x - wide * 0.6, foot - tall * 0.1)], 14, 8),
        "#ffffff",
        soft=3,
        alpha=0.6,
    )


def wine_glass(easel: Easel, x: float, foot: float, size: float, wine: str) -> None:
    """A wine glass a third full."""
    easel.touch(x, foot, size * 0.62, size * 0.12)
    easel.fill(oval(x, foot - 6, size * 0.6, size * 0.1), "#ffffff", alpha=0.55)
    easel.fill(rect(x - 6, foot - size * 1.2, x + 6, foot - 6), Fade("#ffffff", "#d8c8c0", 90), alpha=0.7)
    cup = smooth(
        [
            (x - size * 0.5, foot - size * 2.5),
            (x + size * 0.5, foot - size * 2.5),
            (x + size * 0.68, foot - size * 1.8),
            (x + size * 0.34, foot - size * 1.25),
            (x, foot - size * 1.16),
            (x - size * 0.34, foot - size * 1.25),
            (x - size * 0.68, foot - size * 1.8),
        ]
    )
    easel.fill(cup, "#ffffff", alpha=0.38)
    drink = rect(x - size, foot - size * 1.85, x + size, foot - size)
    easel.fill(
        drink,
        Fade(blend(wine, "#ffffff", 0.2), blend(wine, "#000000", 0.25), 90, wine),
        inside=grown(cup, 0.93, (x, foot - size * 1.8)),
    )
    easel.fill(oval(x, foot - size * 1.85, size * 0.63, size * 0.1), blend(wine, "#ffffff", 0.3))
    easel.fill(
        ribbon(
            [
                (x - size * 0.44, foot - size * 2.35),
                (x - size * 0.55, foot - size * 1.8),
                (x - size * 0.34, foot - size * 1.4),
            ],
            12,
            5,
        ),
        "#ffffff",
        soft=3,
        alpha=0.7,
    )
    easel.fill(oval(x, foot - size * 2.49, size * 0.5, size * 0.07), "#ffffff", alpha=0.5)
