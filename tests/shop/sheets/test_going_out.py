"""Today's goods as a sheet: what leaves and comes back unchanged changes nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shop.sheets import going_out
from shop.sheets.fates import OnShelf, Shelf, judge
from shop.sheets.headings import COLUMNS


@given(st.integers(0, 1_000_000), st.sampled_from([100, 125, 250, 300, 500, 1000]), st.integers(1_000, 10_000_000))
def test_loose_goods_that_leave_come_back_as_they_were(steps: int, step_g: int, price_vnd: int) -> None:
    here = OnShelf(17, 1, "Xoài", "Kg", "loose", step_g, price_vnd, steps, 0)
    cells = dict(zip(COLUMNS, going_out.line(here), strict=False))
    (judged,) = judge([(2, cells)], Shelf({17: here}, {"xoai": 1}, {}, None))
    assert (judged.fate, judged.reason) == ("same", "")
