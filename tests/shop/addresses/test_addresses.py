from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop.addresses import service
from shop.addresses.book import OldWard, old_wards, without_kind
from shop.addresses.service import UnknownProvince, UnknownWard, Zone
from shop.core.text import sort_key

# Cases of the reform of 1 July 2025, checked against the conversion table of the statistics office.
CASES = json.loads((Path(__file__).parents[2] / "data" / "address_cases.json").read_text(encoding="utf-8"))
ONE_TO_ONE = [(case["old"], case["new"]) for case in CASES["one_to_one"]]
REMOVED_PROVINCES = [
    *("Hà Giang", "Bắc Kạn", "Yên Bái", "Hòa Bình", "Vĩnh Phúc", "Bắc Giang", "Thái Bình", "Hải Dương", "Hà Nam"),
    *("Nam Định", "Quảng Bình", "Quảng Nam", "Kon Tum", "Bình Định", "Phú Yên", "Ninh Thuận", "Đắk Nông"),
    *("Bình Thuận", "Bình Phước", "Bình Dương", "Bà Rịa - Vũng Tàu", "Long An", "Tiền Giang", "Bến Tre", "Trà Vinh"),
    *("Kiên Giang", "Hậu Giang", "Sóc Trăng", "Bạc Liêu"),
]
HAM_DUC = ("23059", "Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận")


def old_ward(code: str) -> OldWard:
    return next(old for old in old_wards() if old.code == code)


def best(typed: str) -> tuple[str, str]:
    first = service.search(typed)[0]
    return first.ward_code, first.legacy_text


def test_the_country_has_34_provinces_and_3321_wards() -> None:
    wards = [ward for province in service.provinces() for ward in service.wards(province.code)]
    assert len(service.provinces()) == CASES["totals"]["provinces"]
    assert len(wards) == CASES["totals"]["wards"] == len({ward.code for ward in wards})
    assert Counter(ward.kind for ward in wards) == {"Xã": 2621, "Phường": 687, "Đặc khu": 13}
    assert all(len(ward.code) == 5 for ward in wards)


@pytest.mark.parametrize(
    ("code", "kinds"),
    [("68", {"Xã": 103, "Phường": 20, "Đặc khu": 1}), ("48", {"Xã": 70, "Phường": 23, "Đặc khu": 1})],
)
def test_lam_dong_and_da_nang_have_the_wards_of_their_three_and_two_old_provinces(
    code: str, kinds: dict[str, int]
) -> None:
    assert Counter(ward.kind for ward in service.wards(code)) == kinds


def test_provinces_and_wards_stand_in_vietnamese_order() -> None:
    names = [province.own_name for province in service.provinces()]
    assert names == sorted(names, key=sort_key)
    assert names[:3] == ["An Giang", "Bắc Ninh", "Cà Mau"]
    assert names.index("Điện Biên") == names.index("Đắk Lắk") + 1 < names.index("Gia Lai")
    wards = [without_kind(ward.name) for ward in service.wards("68")]
    assert wards == sorted(wards, key=sort_key)


def test_every_province_lies_in_one_of_six_regions() -> None:
    assert len({province.region for province in service.provinces()}) == 6


# Appendix of resolution 306/NQ-CP of 5 October 2025, in its order.
REGIONS = {
    "midlands": "Lạng Sơn, Cao Bằng, Thái Nguyên, Tuyên Quang, Phú Thọ, Lào Cai, Lai Châu, Điện Biên, Sơn La",
    "red-river": "Hà Nội, Hải Phòng, Ninh Bình, Hưng Yên, Bắc Ninh, Quảng Ninh",
    "north-central": "Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Trị, Huế",
    "south-central": "Đà Nẵng, Quảng Ngãi, Gia Lai, Đắk Lắk, Khánh Hòa, Lâm Đồng",
    "south-east": "Hồ Chí Minh, Đồng Nai, Tây Ninh",
    "mekong": "Cần Thơ, Vĩnh Long, Đồng Tháp, An Giang, Cà Mau",
}


def test_the_regions_are_those_of_the_national_plan_and_each_province_lies_in_one() -> None:
    planned = [(name, region) for region, names in REGIONS.items() for name in names.split(", ")]
    assert sorted(planned) == sorted((province.own_name, province.region) for province in service.provinces())
    assert len({province.code for province in service.provinces()}) == len(planned) == 34


def test_removed_provinces_cannot_be_chosen() -> None:
    assert len(REMOVED_PROVINCES) == 29
    assert not {province.own_name for province in service.provinces()} & set(REMOVED_PROVINCES)


@pytest.mark.parametrize("name", REMOVED_PROVINCES)
def test_removed_provinces_are_found_with_the_places_they_went_into(name: str) -> None:
    formerly = {ward for old in old_wards() if without_kind(old.province) == name for ward in old.new_codes}
    found = service.search(f"Tỉnh {name}", limit=len(formerly) + 100)
    assert formerly <= {match.ward_code for match in found}


@pytest.mark.parametrize(("old", "new"), ONE_TO_ONE, ids=[case[0][1] for case in ONE_TO_ONE])
def test_an_old_ward_has_become_the_new_one(old: list[str], new: list[str]) -> None:
    code, name, district, province = old
    assert old_ward(code).full_name == f"{name}, {district}, {province}"
    assert old_ward(code).new_codes == (new[0],)
    assert service.ward(new[0], province_code=new[3]).name == new[1]
    assert service.full_name(new[0]) == f"{new[1]}, {new[2]}"


@pytest.mark.parametrize(("old", "new"), ONE_TO_ONE, ids=[case[0][1] for case in ONE_TO_ONE])
def test_an_old_address_typed_in_full_finds_the_new_ward_first(old: list[str], new: list[str]) -> None:
    match = service.search(", ".join(old[1:]))[0]
    assert (match.ward_code, match.ward_name, match.province_code, match.province_name) == (
        new[0],
        new[1],
        new[3],
        new[2],
    )
    assert (match.legacy_text, match.legacy_ward_code, match.split) == (", ".join(old[1:]), old[0], False)


@pytest.mark.parametrize(
    "typed",
    [
        "ham duc",
        "Hàm Đức",
        "HAM DUC BINH THUAN",
        "Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận",
        "x. ham duc h. ham thuan bac",
        "X.Hàm Đức, H.Hàm Thuận Bắc, Bình Thuận",
        "  bình thuận   hàm thuận bắc HÀM ĐỨC ",
        "hàm đức lâm đồng",
        "thôn 3, hàm đức, hàm thuận bắc",
        "Ha\u0300m \u0110u\u031b\u0301c",
    ],
)
def test_ham_duc_is_found_however_it_is_typed(typed: str) -> None:
    assert best(typed) == HAM_DUC


def test_a_name_is_found_while_it_is_being_typed() -> None:
    assert best("ham du") == HAM_DUC


@pytest.mark.parametrize(
    ("typed", "formerly"),
    [
        ("P5 Q10", "phường 5, quận 10, TP. Hồ Chí Minh"),
        ("p.12 q. gò vấp tp.hcm", "phường 12, Q. Gò Vấp, TP. Hồ Chí Minh"),
        ("Phường 04, TX Cai Lậy", "phường 4, TX. Cai Lậy, Tiền Giang"),
        ("TT Ma Lâm, Hàm Thuận Bắc", "thị trấn Ma Lâm, H. Hàm Thuận Bắc, Bình Thuận"),
        ("huyện côn đảo bà rịa vũng tàu", "H. Côn Đảo, Bà Rịa - Vũng Tàu"),
    ],
)
def test_short_forms_are_understood_and_shown(typed: str, formerly: str) -> None:
    assert service.search(typed)[0].formerly == formerly


@pytest.mark.parametrize("typed", ["Phú Thuỷ Phan Thiết", "Phú Thủy Phan Thiết", "phu thuy phan thiet"])
def test_the_place_of_the_tone_mark_does_not_matter(typed: str) -> None:
    assert service.search(typed)[0].ward_name == "Phường Phú Thủy"


@pytest.mark.parametrize("name", ["Cẩm Giang", "Cẩm Giàng"])
def test_the_same_accents_come_first(name: str) -> None:
    assert without_kind(service.search(name)[0].ward_name) == name


def test_a_new_name_is_found_without_mention_of_old_ones() -> None:
    match = service.search("hàm thuận lâm đồng")[0]
    assert (match.ward_code, match.legacy_text, match.formerly) == ("23059", "", "")


def test_an_old_district_shows_every_ward_it_went_into() -> None:
    found = service.search("Huyện Đại Lộc, Quảng Nam")
    assert {match.ward_name for match in found} == {
        "Xã Đại Lộc", "Xã Hà Nha", "Xã Thượng Đức", "Xã Vu Gia", "Xã Phú Thuận",
    }  # fmt: skip


def test_a_split_old_ward_offers_all_its_choices_even_past_the_limit() -> None:
    found = service.search("Phường Nghĩa Đô, Quận Cầu Giấy, Hà Nội", limit=1)
    assert [match.ward_name for match in found] == ["Phường Nghĩa Đô", "Phường Ngọc Hà", "Phường Tây Hồ"]
    assert all(match.split for match in found)


def test_every_old_ward_is_found_by_its_full_name_with_all_its_choices() -> None:
    for old in list(old_wards())[::7]:
        found = service.search(old.full_name)
        assert set(old.new_codes) <= {match.ward_code for match in found}, old


def test_the_old_wards_and_their_splits_are_all_there() -> None:
    coded = {old.code: old for old in old_wards() if old.code}
    assert len(coded) == CASES["totals"]["old_wards"] + 2  # two more that ended just before the reform
    split = sum(len(old.new_codes) > 1 for old in coded.values())
    assert split == CASES["totals"]["old_wards_split_into_more_than_one"] + 1  # data/SOURCE.md names the differences


def test_no_old_ward_was_divided_between_provinces() -> None:
    for old in old_wards():
        assert len({service.ward(code).province_code for code in old.new_codes}) == 1, old


@pytest.mark.parametrize(
    ("there", "zone"),
    [
        ("23059", Zone.COMMUNE),
        ("24820", Zone.PROVINCE),
        ("20500", Zone.REGION),
        ("00004", Zone.NATION),
    ],
)
def test_a_parcel_from_ham_thuan_travels_as_far_as_its_zone(there: str, zone: Zone) -> None:
    assert service.zone("23059", there) == service.zone(there, "23059") == zone


@pytest.mark.parametrize("code", ["", "99999", "23092", "68", "2305", "23059\0"])
def test_an_unknown_ward_is_refused(code: str) -> None:
    for ask in (service.ward, service.full_name, lambda code: service.zone("23059", code)):
        with pytest.raises(UnknownWard):
            ask(code)


def test_a_ward_of_another_province_is_refused() -> None:
    with pytest.raises(UnknownWard):
        service.ward("23059", province_code="48")


@pytest.mark.parametrize("code", ["", "60", "047", "x"])
def test_an_unknown_province_is_refused(code: str) -> None:
    with pytest.raises(UnknownProvince):
        service.wards(code)


@given(st.text())
@example("\0")
@example("🥭🐉 hàm đức")
@example("ham duc " * 1250)
@example("''' % \\ ; --")
@example("p." * 100)
def test_searching_never_fails_whatever_is_typed(text: str) -> None:
    for match in service.search(text):
        assert service.ward(match.ward_code, match.province_code).name == match.ward_name


@pytest.mark.parametrize("typed", ["thanh", "th", "tan thanh tan phu tan an tan hoa " * 9, "lâm đồng", "p5 q10 tphcm"])
def test_a_search_answers_within_ten_milliseconds(typed: str) -> None:
    service.search(typed)
    spent = []
    for _ in range(7):
        start = time.process_time()
        service.search(typed)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.010  # of processor time, so that a busy machine does not matter
