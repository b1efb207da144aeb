"""The book of places: 34 provinces, 3,321 wards, and the old three-level names with the way from old to new.

Read once from `data/` when first asked for; data/SOURCE.md says where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from sys import intern

from shop.core.text import sort_key

DATA = Path(__file__).parent / "data"
KINDS = ("Thành phố", "Thị trấn", "Thị xã", "Đặc khu", "Phường", "Huyện", "Quận", "Tỉnh", "Xã")


def without_kind(name: str) -> str:
    """Return a place's own name: "Xã Hàm Đức" is "Hàm Đức"; a number keeps its kind ("Phường 5")."""
    for kind in KINDS:
        own = name.removeprefix(f"{kind} ")
        if own != name and not own.isdigit():
            return own
    return name


@dataclass(frozen=True)
class Province:
    """One of the 34 provinces and cities since 1 July 2025. `region` is one of the six socio-economic regions."""

    code: str
    name: str
    region: str

    @cached_property
    def short_name(self) -> str:
        """The name as a list shows it: "Lâm Đồng", "TP. Hồ Chí Minh"."""
        return self.name.removeprefix("Tỉnh ").replace("Thành phố ", "TP. ")

    @cached_property
    def own_name(self) -> str:
        """The name without its kind, which is also its place in the alphabet."""
        return without_kind(self.name)


@dataclass(frozen=True, slots=True)
class Ward:
    """One of the 3,321 wards since 1 July 2025; `kind` is "Xã", "Phường" or "Đặc khu"."""

    code: str
    name: str
    province_code: str

    @property
    def kind(self) -> str:
        return self.name.removesuffix(without_kind(self.name)).strip()


@dataclass(frozen=True, slots=True)
class OldWard:
    """A ward as it was called before, with the district that no longer exists; `code` is empty where none is known."""

    code: str
    name: str
    district_code: str
    district: str
    province: str
    new_codes: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """ "Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận"; an island district had no wards and is named once."""
        return ", ".join(dict.fromkeys((self.name, self.district, self.province)))


@dataclass(frozen=True)
class Book:
    """Everything by its code, in Vietnamese order."""

    provinces: Mapping[str, Province]
    wards: Mapping[str, Ward]

    @cached_property
    def wards_by_province(self) -> Mapping[str, tuple[Ward, ...]]:
        wards: dict[str, list[Ward]] = {code: [] for code in self.provinces}
        for ward in self.wards.values():
            wards[ward.province_code].append(ward)
        return {code: tuple(inside) for code, inside in wards.items()}


@lru_cache(maxsize=1)
def book() -> Book:
    """Return the places of today."""
    provinces = sorted((Province(*row) for row in _rows("provinces.tsv")), key=lambda it: sort_key(it.own_name))
    wards = sorted((Ward(*row) for row in _rows("wards.tsv")), key=lambda it: sort_key(without_kind(it.name)))
    return Book({it.code: it for it in provinces}, {it.code: it for it in wards})


@lru_cache(maxsize=1)
def ward_places() -> Mapping[str, tuple[float, float]]:
    """Latitude and longitude of the middle of each ward, to about a kilometre."""
    return {code: (float(lat), float(lon)) for code, lat, lon in _rows("ward_places.tsv")}


def old_wards() -> Iterator[OldWard]:
    """Yield every old name, some of them with two spellings under one code."""
    districts = {code: (district, province) for code, district, province in _rows("old_districts.tsv")}
    for code, name, district_code, new_codes in _rows("old_wards.tsv"):
        yield OldWard(
            code, name, district_code, *districts[district_code], tuple(intern(new) for new in new_codes.split())
        )


def _rows(file: str) -> Iterator[list[str]]:
    for line in (DATA / file).read_text(encoding="utf-8").splitlines():
        yield line.split("\t")
