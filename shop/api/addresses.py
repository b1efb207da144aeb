"""Addresses for other programs: the two-level units of today, and the way to them from the old names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from shop.addresses import service
from shop.api.shapes import PROBLEMS

router = APIRouter(prefix="/api/v1/addresses", tags=["addresses"], responses=PROBLEMS)


class ProvinceItem(BaseModel):
    """A province or city: two digits."""

    code: str
    name: str


class WardItem(BaseModel):
    """A ward: five digits."""

    code: str
    name: str
    province_code: str


class FoundItem(BaseModel):
    """A ward that the typed text may mean. `legacy_text` holds the old names it was found by, "" if found by today's.

    `split`: the old ward went into several, all of which are among the items; only the person who lives there knows.
    """

    code: str
    name: str
    ward_code: str
    province_code: str
    province_name: str
    legacy_text: str
    legacy_ward_code: str
    split: bool


class Provinces(BaseModel):
    items: list[ProvinceItem]


class Wards(BaseModel):
    items: list[WardItem]


class Found(BaseModel):
    items: list[FoundItem]


@router.get("/provinces")
def provinces() -> Provinces:
    """The 34 provinces and cities, in the order of the Vietnamese alphabet."""
    return Provinces(items=[ProvinceItem(code=it.code, name=it.name) for it in service.provinces()])


@router.get("/wards")
def wards(province: Annotated[str, Query(description="code of a province, such as 68")]) -> Wards:
    """The wards of a province. 422 for a province that there is not."""
    found = service.wards(province)
    return Wards(items=[WardItem(code=it.code, name=it.name, province_code=it.province_code) for it in found])


@router.get("/search")
def search(
    q: Annotated[str, Query(description="a name of today or an old one, with district and province or without")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Found:
    """What a typed address may mean, best first; all choices where an old ward was split."""
    return Found(items=[_item(match) for match in service.search(q, limit)])


def _item(match: service.Match) -> FoundItem:
    return FoundItem(
        code=match.ward_code,
        name=match.ward_name,
        ward_code=match.ward_code,
        province_code=match.province_code,
        province_name=match.province_name,
        legacy_text=match.legacy_text,
        legacy_ward_code=match.legacy_ward_code,
        split=match.split,
    )
