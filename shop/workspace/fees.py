"""What delivery costs, as a co-op types it in: a fee for each zone, in up to three steps of weight."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from shop.core.forms import TypedGrams, TypedVnd
from shop.core.i18n import kg
from shop.core.money import format_number
from shop.shipping.service import Rate, Table

STEPS = ("", "_2", "_3")
"""The fields of a step of weight end with this; nobody needs more than the first."""
USUAL_G = 20_000
DAYS = {"commune": (0, 1), "province": (1, 2), "region": (2, 3), "nation": (3, 5)}
USUAL_VND = {"commune": 15_000, "province": 30_000, "region": 50_000, "nation": 80_000}


class Fees(BaseModel):
    """Parcels of at most `up_to` grams cost so much to each zone; a zone left empty has no such step."""

    up_to: TypedGrams = Field(default=USUAL_G, ge=500, le=500_000)
    commune: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    province: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    region: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    nation: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    up_to_2: TypedGrams | None = Field(default=None, ge=500, le=500_000)
    commune_2: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    province_2: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    region_2: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    nation_2: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    up_to_3: TypedGrams | None = Field(default=None, ge=500, le=500_000)
    commune_3: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    province_3: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    region_3: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)
    nation_3: TypedVnd | None = Field(default=None, ge=0, le=10_000_000)

    def fee_vnd(self, zone: str, step: str) -> int | None:
        """None where the co-op has no such step."""
        found: int | None = getattr(self, zone + step)
        return found

    def up_to_g(self, step: str) -> int | None:
        """None for a step that was left out."""
        found: int | None = getattr(self, f"up_to{step}")
        return found


class Delivery(Fees):
    """Where buyers come for their goods, what delivery costs, and what is promised."""

    pickup_line: str = Field(default="", max_length=200)
    delivery_policy: str = Field(min_length=10, max_length=2000)
    return_policy: str = Field(min_length=10, max_length=2000)


def wrong_steps(told: Fees) -> dict[str, str]:
    """A step of weight that stands there twice, or is missing although it has fees; by field."""
    seen: set[int] = set()
    wrong: dict[str, str] = {}
    for step in STEPS:
        up_to_g, has_fee = told.up_to_g(step), any(told.fee_vnd(zone, step) is not None for zone in DAYS)
        if up_to_g is None and has_fee:
            wrong[f"up_to{step}"] = "missing"
        elif up_to_g in seen:
            wrong[f"up_to{step}"] = "twice"
        seen |= {up_to_g} if up_to_g else set()
    return wrong


def table(before: Table, told: Delivery) -> Table:
    """The co-op's table with these fees; days that were told before stay, as do its other terms."""
    days = {rate.zone: (rate.days_least, rate.days_most) for rate in before.rates}
    rates = tuple(
        Rate(zone, up_to_g, fee_vnd, *days.get(zone, DAYS[zone]))
        for step in STEPS
        if (up_to_g := told.up_to_g(step)) is not None
        for zone in DAYS
        if (fee_vnd := told.fee_vnd(zone, step)) is not None
    )
    return replace(before, rates=rates, pickup=bool(told.pickup_line), pickup_line=told.pickup_line)


def typed(table: Table) -> dict[str, str]:
    """What the form shows of a table; the usual fees where there is none."""
    weights = sorted({rate.up_to_g for rate in table.rates}, reverse=True)[: len(STEPS)]
    steps = dict(zip(sorted(weights) or [USUAL_G], STEPS, strict=False))
    fees = {f"up_to{step}": kg(up_to_g) for up_to_g, step in steps.items()}
    usual = [Rate(zone, USUAL_G, fee_vnd, *DAYS[zone]) for zone, fee_vnd in USUAL_VND.items()]
    for rate in table.rates or usual:
        if rate.up_to_g in steps:
            fees[rate.zone + steps[rate.up_to_g]] = format_number(rate.fee_vnd)
    return fees
