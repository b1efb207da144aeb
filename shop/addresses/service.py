"""Addresses since 1 July 2025: two levels, province and ward, and the way to them from the old three.

Everything is in memory and needs no database. Codes are those of the statistics office: two digits for a province,
five for a ward, kept as text because of the leading zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shop.addresses.book import Province, Ward, book, without_kind
from shop.addresses.search import find
from shop.core.errors import Invalid

__all__ = [
    "Match",
    "Province",
    "UnknownProvince",
    "UnknownWard",
    "Ward",
    "Zone",
    "formerly",
    "full_name",
    "province",
    "provinces",
    "search",
    "ward",
    "wards",
    "zone",
]

_SHORT_KINDS = {"Xã": "xã", "Phường": "phường", "Thị trấn": "thị trấn", "Huyện": "H.", "Quận": "Q.", "Thị xã": "TX."}


class UnknownProvince(Invalid):
    """No province of today has this code. Facts: `code`."""


class UnknownWard(Invalid):
    """No ward of today has this code, or it lies in another province. Facts: `code`."""


class Zone(StrEnum):
    """How far a parcel travels."""

    COMMUNE = "commune"
    PROVINCE = "province"
    REGION = "region"
    NATION = "nation"


@dataclass(frozen=True, slots=True)
class Match:
    """One ward that what was typed may mean.

    `legacy_text` holds the old names when it was found by them ("Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận").
    `split` says that the old ward went into several: its other choices stand beside this one, and a person must choose.
    """

    ward_code: str
    ward_name: str
    province_code: str
    province_name: str
    legacy_text: str
    legacy_ward_code: str
    legacy_district_code: str
    split: bool

    @property
    def formerly(self) -> str:
        """The old names as a list shows them: "xã Hàm Đức, H. Hàm Thuận Bắc, Bình Thuận"; "" if found by the new."""
        return formerly(self.legacy_text)


def provinces() -> list[Province]:
    """Return the 34 provinces in the order of the Vietnamese alphabet."""
    return list(book().provinces.values())


def province(code: str) -> Province:
    """Return a province. Raises UnknownProvince."""
    try:
        return book().provinces[code]
    except KeyError:
        raise UnknownProvince(code=code) from None


def wards(province_code: str) -> list[Ward]:
    """Return the wards of a province in the order of the Vietnamese alphabet. Raises UnknownProvince."""
    return list(book().wards_by_province[province(province_code).code])


def ward(code: str, province_code: str | None = None) -> Ward:
    """Return a ward. Raises UnknownWard, also when `province_code` is given and is another one."""
    found = book().wards.get(code)
    if found is None or province_code not in (None, found.province_code):
        raise UnknownWard(code=code)
    return found


def full_name(ward_code: str) -> str:
    """Return the ward and its province as a label writes them: "Xã Hàm Thuận, Tỉnh Lâm Đồng". Raises UnknownWard."""
    found = ward(ward_code)
    return f"{found.name}, {province(found.province_code).name}"


def zone(from_ward: str, to_ward: str) -> Zone:
    """Return how far it is from one ward to another, both given by their codes. Raises UnknownWard."""
    start, end = ward(from_ward), ward(to_ward)
    if start.code == end.code:
        return Zone.COMMUNE
    if start.province_code == end.province_code:
        return Zone.PROVINCE
    same_region = province(start.province_code).region == province(end.province_code).region
    return Zone.REGION if same_region else Zone.NATION


def search(q: str, limit: int = 10) -> list[Match]:
    """Return the wards that a typed address may mean, best first; never raises for any text.

    Knows today's names and the old ones (with their districts and provinces), without accents, in any case, with the
    tone mark in either place, with the usual short forms (P. Q. H. TX TT TP), with or without commas, and while the
    last word is still being typed. Names with the same accents come before names that only fold to the same letters.
    May return more than `limit` only to keep all choices of one split old ward together.
    """
    matches = []
    for hit in find(q, limit):
        found, old = ward(hit.ward_code), hit.old
        around = province(found.province_code)
        legacy = (hit.found_by, old.code if old else "", old.district_code if old else "")
        split = bool(old and len(old.new_codes) > 1)
        matches.append(Match(found.code, found.name, around.code, around.name, *legacy, split))
    return matches


def formerly(legacy_text: str) -> str:
    """Return old names as a list shows them: "xã Hàm Đức, H. Hàm Thuận Bắc, Bình Thuận"."""
    return ", ".join(_shortened(name) for name in legacy_text.split(", ") if name)


def _shortened(name: str) -> str:
    own = without_kind(name)
    kind = name.removesuffix(own).strip()
    if not kind:
        return name[:1].lower() + name[1:]
    if kind in ("Tỉnh", "Thành phố"):
        return own if kind == "Tỉnh" else f"TP. {own}"
    return f"{_SHORT_KINDS[kind]} {own}" if kind in _SHORT_KINDS else name
