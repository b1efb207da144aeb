"""What a row asks for: text as people type it, made into names, grams, đồng and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shop.catalog.models import VariantKind
from shop.catalog.selling import LEAST_VND, MOST_VND
from shop.core.money import NotMoney, read_vnd
from shop.core.text import fold
from shop.sheets.headings import Column

LONGEST_NAME, LONGEST_VARIANT = 120, 80
MOST_UNITS = 1_000_000
HEAVIEST_G = 500_000
LOOSE_STEP_G = 500
_BOX = ("thung", "hop", "sot", "gio", "ket", "can", "bao", "khay")
_KILO = ("kg", "ky", "ki", "kilo", "kilogram", "kilogam", "can le", "nua ky", "nua ki")
_PIECE = ("chai", "hu", "tui", "goi", "bich", "cai", "trai", "qua", "lon", "bo", "lo", "hop nho", "xau", "chuc", "cay")
_WEIGHT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(kg|ky|ki|kilo|g|gr|gram)\b")
_NO_PART = re.compile(r"(?:(?<=\d{4})|(?<=\.\d{3})(?=,)|(?<=,\d{3})(?=\.))[.,]0{1,2}$")
"""The ",00" with which a program ends a sum."""
_NUMBER = re.compile(r"\d{1,3}(?:[. ]\d{3})+|\d+")


class NotARow(Exception):
    """The row cannot be taken. `reason` is one word for the page, `about` what it names."""

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@dataclass(frozen=True)
class Wanted:
    """A row that can be understood. Of what the sheet leaves empty nothing is known (None, "").

    `kilos` says that price and count are meant for a kilo: goods sold loose.
    """

    code: int | None
    product: str
    variant: str
    named: bool
    kind: VariantKind | None
    step_g: int | None
    price_vnd: int | None
    count: int | None
    count_g: int | None
    category: str
    origin: str
    summary: str
    has_unit: bool

    @property
    def kilos(self) -> bool:
        return self.kind == VariantKind.LOOSE


def wanted(cells: Mapping[Column, str]) -> Wanted:
    """Raises NotARow."""
    product = _name(cells.get("product", ""))
    named, unit = cells.get("variant", "").strip(), cells.get("unit", "").strip()
    if len(named) > LONGEST_VARIANT or len(unit) > LONGEST_VARIANT:
        raise NotARow("long", named or unit)
    if "\ufffd" in product + named:  # a letter of it was lost
        raise NotARow("name", product if "\ufffd" in product else named)
    step_g = _grams(cells.get("weight", ""), bare_is_kilos=True) or _grams(named) or _grams(unit)
    kind = _kind(unit) or _kind(named)
    count, count_g = _count(cells.get("on_hand", ""))
    return Wanted(
        code=_code(cells.get("code", "")),
        product=product,
        variant=named or _called(unit, step_g),
        named=bool(named),
        kind=kind,
        step_g=LOOSE_STEP_G if kind == VariantKind.LOOSE else step_g,
        price_vnd=_price(cells.get("price", "")),
        count=count,
        count_g=count_g,
        category=cells.get("category", ""),
        origin=cells.get("origin", "")[:120],
        summary=cells.get("summary", "")[:300],
        has_unit=bool(unit),
    )


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name:
        raise NotARow("name_missing")
    if len(name) > LONGEST_NAME:
        raise NotARow("long", name[:40])
    if not any(letter.isalpha() for letter in name) or name[0] in "=+@|":
        raise NotARow("name", name[:40])
    return name


def _called(unit: str, step_g: int | None) -> str:
    """How a variant is called that has only a unit: "Thùng 5 kg", "Kg"."""
    if not unit:
        return ""
    size = "" if step_g is None or _grams(unit) or _kind(unit) == VariantKind.LOOSE else f" {_said(step_g)}"
    return unit[:1].upper() + unit[1:] + size


def _said(grams: int) -> str:
    return f"{grams} g" if grams < 1000 else f"{grams / 1000:g} kg".replace(".", ",")


def _kind(typed: str) -> VariantKind | None:
    words = _WEIGHT.sub("", fold(typed)).strip() or ("kg" if fold(typed) in _KILO else "")
    if fold(typed) in _KILO or fold(typed).endswith("can le"):
        return VariantKind.LOOSE
    first = words.split(" ")[0] if words else ""
    return VariantKind.BOX if first in _BOX else VariantKind.PIECE if first in _PIECE else None


def _grams(typed: str, bare_is_kilos: bool = False) -> int | None:
    """5 kg, 500g, 1,5 ký; of a bare number in the column of weights kilos are meant below 100, grams from there on."""
    words = fold(typed)
    if not words:
        return None
    found = _WEIGHT.search(words)
    if found is None:
        bare = re.fullmatch(r"\d+(?:[.,]\d+)?", words) if bare_is_kilos else None
        if bare is None:
            if bare_is_kilos:
                raise NotARow("weight", typed[:40])
            return None
        number = float(words.replace(",", "."))
        grams = round(number * 1000) if number < 100 else round(number)
    else:
        number = float(found[1].replace(",", "."))
        grams = round(number) if found[2].startswith("g") else round(number * 1000)
    if not 0 < grams <= HEAVIEST_G:
        raise NotARow("weight", typed[:40])
    return grams


def _price(typed: str) -> int | None:
    if not typed.strip():
        return None
    try:
        price_vnd = read_vnd(_NO_PART.sub("", typed.strip()))
    except (NotMoney, ValueError) as error:
        raise NotARow("price", typed[:40]) from error
    if not LEAST_VND <= price_vnd <= MOST_VND:
        raise NotARow("price", typed[:40])
    return price_vnd


def _count(typed: str) -> tuple[int | None, int | None]:
    """A count as it is, and in grams if it is one of kilos: "1.250" are many, "12,5" kilos, "12 kg" as well.

    "1,250" may be meant as either, and is refused; "1,250 kg" is not.
    """
    words = fold(typed)
    if not words:
        return None, None
    plain = re.sub(r"\s*(?:kg|ky|ki|kilo|thung|hop|chai|hu|tui|goi|bich|cai|trai|qua|lon|bo|gio|bao)$", "", words)
    if _NUMBER.fullmatch(plain):
        count = int(re.sub(r"\D", "", plain))
        if count > MOST_UNITS:
            raise NotARow("on_hand", typed[:40])
        return count, count * 1000
    if re.fullmatch(r"\d{1,6}[.,]\d{1,2}|0,\d{3}", plain) or (plain != words and re.fullmatch(r"\d{1,6},\d{3}", plain)):
        whole, part = re.split(r"[.,]", plain)
        grams = int(whole) * 1000 + int(part.ljust(3, "0"))
        return (None if grams % 1000 else grams // 1000), grams
    raise NotARow("on_hand", typed[:40])


def _code(typed: str) -> int | None:
    """Our own number of a variant, as the export writes it: "#17". A co-op's own codes say nothing here."""
    found = re.fullmatch(r"#(\d{1,9})", typed.strip())
    return int(found[1]) if found else None


def kilos_text(grams: int) -> str:
    """12500 -> "12,5"."""
    whole, part = divmod(grams, 1000)
    return f"{whole},{part:03}".rstrip("0") if part else str(whole)
