"""The form that gives a buyer money back: which goods, or what sum, why, and whether the goods can be sold again."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, BeforeValidator, Field

from shop.core.forms import Posted, posted
from shop.orders.giving_back import NothingChosen, Wish

NOTICES = {"given": "money-back", "proposed": "money-back-proposed"}


def _without_dots(typed: str) -> str:
    """People write 50.000, 50 000 or 50.000đ."""
    return re.sub(r"[.\s\u00a0]|₫$|đ$", "", typed)


class MoneyBackForm(BaseModel):
    """`lines` are "number of the line:steps"."""

    lines: list[str] = Field(default=[], max_length=100)
    amount_vnd: Annotated[int, BeforeValidator(_without_dots)] | None = Field(default=None, ge=1, le=10**12)
    reason: str = Field(min_length=2, max_length=200)
    goods_fit: bool = False
    seen_left_vnd: int | None = Field(default=None, ge=0, le=10**12)

    def wish(self) -> Wish:
        """Raises NothingChosen for what no page of ours sends."""
        pairs = [line.partition(":") for line in self.lines]
        if not all(number.isdecimal() and steps.isdecimal() and len(number + steps) < 20 for number, _, steps in pairs):
            raise NothingChosen
        steps = {int(number): int(steps) for number, _, steps in pairs}
        return Wish(steps, self.amount_vnd, self.reason, self.goods_fit, self.seen_left_vnd)


BackForm = Annotated[Posted[MoneyBackForm], Depends(posted(MoneyBackForm))]
