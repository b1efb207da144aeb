"""Where the marks of the timeline stand: plain numbers for an SVG, no script and no style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from livestream.figures.reading import MINUTE, Figures, Minute

WIDTH, HEIGHT, TOP, MOST_BARS = 360, 140, 10, 90
LANES = 3


@dataclass(frozen=True)
class Bar:
    """So many đồng from this minute on."""

    x: float
    y: float
    width: float
    height: float
    at: datetime
    ordered_vnd: int
    viewers: int


@dataclass(frozen=True)
class Mark:
    """From here on this item was shown large; marks that stand close take turns in `lane` 0, 1, 2."""

    x: float
    lane: int
    code: str
    at: datetime


@dataclass(frozen=True)
class Chart:
    """Bars of turnover, a line of viewers ("x,y x,y …"), marks of pins; the highest of each is the full height."""

    bars: Sequence[Bar]
    line: str
    marks: Sequence[Mark]
    most_vnd: int
    most_viewers: int
    minutes_per_bar: int


def chart(told: Figures) -> Chart | None:
    """The timeline of a session; None before it was on air."""
    if not told.minutes:
        return None
    per_bar = -(-len(told.minutes) // MOST_BARS)
    groups = [told.minutes[at : at + per_bar] for at in range(0, len(told.minutes), per_bar)]
    sums = [sum(minute.ordered_vnd for minute in group) for group in groups]
    crowd = [max(minute.viewers for minute in group) for group in groups]
    most_vnd, most_viewers = max(sums), max(crowd)
    step = WIDTH / len(groups)
    bars = [
        Bar(
            x=round(number * step + step * 0.1, 1),
            y=round(_y(total, most_vnd), 1),
            width=round(step * 0.8, 1),
            height=round(HEIGHT - _y(total, most_vnd), 1),
            at=group[0].at,
            ordered_vnd=total,
            viewers=viewers,
        )
        for number, (group, total, viewers) in enumerate(zip(groups, sums, crowd, strict=True))
    ]
    line = " ".join(f"{(n + 0.5) * step:.1f},{_y(viewers, most_viewers):.1f}" for n, viewers in enumerate(crowd))
    return Chart(bars, line if most_viewers else "", _marks(told, told.minutes), most_vnd, most_viewers, per_bar)


def _y(value: int, most: int) -> float:
    return HEIGHT - (HEIGHT - TOP) * value / most if most else HEIGHT


def _marks(told: Figures, minutes: Sequence[Minute]) -> list[Mark]:
    whole = len(minutes) * MINUTE
    return [
        Mark(round(min(1.0, max(0.0, (pin.at - minutes[0].at) / whole)) * WIDTH, 1), n % LANES, pin.item.code, pin.at)
        for n, pin in enumerate(told.pins)
    ]
