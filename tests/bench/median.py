"""The median of several runs of a benchmark, figure by figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.bench.stand import CannotMeasure, Line


def medians(runs: Sequence[Sequence[Line]]) -> list[Line]:
    """Each figure as its middle run told it, with what the others measured; a promise without a number holds in all.

    Raises CannotMeasure when a run told other figures than the first.
    """
    if len({len(run) for run in runs}) != 1:
        raise CannotMeasure("the runs told different figures")
    return [_middle(told) for told in zip(*runs, strict=True)]


def _middle(told: Sequence[Line]) -> Line:
    measured = sorted((line.measured, place) for place, line in enumerate(told) if line.measured is not None)
    if len(measured) < len(told):
        return next((line for line in told if line.holds is False), told[0])
    middle = told[measured[(len(measured) - 1) // 2][1]]
    if len(told) == 1:
        return middle
    each = ", ".join(f"{value:.3g}" if value < 1000 else f"{value:,.0f}" for value, _place in measured)
    return replace(middle, words=f"{middle.words}; median of {len(told)} runs: {each}")
