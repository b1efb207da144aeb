from __future__ import annotations

import re

import pytest
from starlette.datastructures import FormData
from starlette.testclient import TestClient

from shop.addresses.forms import AddressChoices, AddressForm
from shop.core.forms import Posted, check
from tests.conftest import HTMX

HAM_DUC = "Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận"


def post(**fields: str) -> Posted[AddressForm]:
    return check(AddressForm, FormData(fields))


def test_a_ward_found_by_its_old_name_brings_its_province_and_keeps_the_old_name() -> None:
    form = post(address_q="ham duc", ward_code="23059", line="Thôn 3")
    assert (form.value.province_code, form.value.legacy_text) == ("68", HAM_DUC)


def test_the_province_follows_from_the_ward_whatever_was_posted() -> None:
    assert post(province_code="48", ward_code="23059", line="Thôn 3").value.province_code == "68"


def test_an_old_name_kept_from_before_stays_with_its_own_ward_only() -> None:
    assert post(ward_code="23059", line="Thôn 3", legacy_text=HAM_DUC).value.legacy_text == HAM_DUC
    assert post(ward_code="20500", line="Thôn 3", legacy_text=HAM_DUC).value.legacy_text == ""


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"line": "Thôn 3"}, {"ward_code": "missing"}),
        ({"line": "Thôn 3", "ward_code": "23092"}, {"ward_code": "unknown_ward"}),
        ({"ward_code": "23059"}, {"line": "missing"}),
        ({"ward_code": "23059", "line": "x" * 201}, {"line": "string_too_long"}),
        ({"ward_code": "23059\0", "line": "Thôn 3"}, {"ward_code": "nul"}),
    ],
)
def test_an_address_that_nobody_could_deliver_to_is_not_taken(fields: dict[str, str], errors: dict[str, str]) -> None:
    assert post(**fields).errors == errors


def test_asking_for_the_wards_of_a_province_is_not_yet_an_address() -> None:
    choices = AddressChoices({"address_step": "province", "province_code": "68", "address_q": "ham duc"})
    assert choices.asked
    assert len(choices.wards) == 124
    assert choices.found == []


def test_asking_for_a_name_offers_what_it_may_mean() -> None:
    choices = AddressChoices({"address_step": "name", "address_q": "ham duc"})
    assert choices.asked
    assert [match.ward_code for match in choices.found] == ["23059"]
    assert not AddressChoices({"address_step": "name", "address_q": " "}).asked


def test_a_saved_address_shows_its_lists_filled_in_and_its_old_name() -> None:
    choices = AddressChoices({"ward_code": "23059", "line": "Thôn 3", "legacy_text": HAM_DUC})
    assert (choices.province_code, choices.found) == ("68", [])
    assert ("23059", "Xã Hàm Thuận") in choices.wards
    assert choices.formerly == "xã Hàm Đức, H. Hàm Thuận Bắc, Bình Thuận"


def test_choices_survive_any_text() -> None:
    choices = AddressChoices({"ward_code": "🥭", "province_code": "\0", "address_q": "'" * 500, "legacy_text": ", ,"})
    assert (choices.province_code, choices.wards, choices.found, choices.formerly) == ("", [], [], "")


def test_the_list_of_wards_of_a_province_is_a_fragment(client: TestClient) -> None:
    html = client.get("/dia-chi/xa", params={"province_code": "68"}, headers=HTMX).text
    assert html.count("<option") == 124 + 1
    assert 'id="address_ward_list"' in html
    assert "<html" not in html


def test_a_typed_old_name_brings_the_choice_of_today(client: TestClient) -> None:
    html = client.get("/dia-chi/tim", params={"address_q": "ham duc"}, headers=HTMX).text
    assert re.search(r'name="ward_code" value="23059"[^>]* checked', html)
    assert "Xã Hàm Thuận, Tỉnh Lâm Đồng" in html
    assert "(trước đây: xã Hàm Đức, H. Hàm Thuận Bắc, Bình Thuận)" in html


def test_a_name_that_nobody_knows_says_what_to_do_next(client: TestClient) -> None:
    html = client.get("/dia-chi/tim", params={"q": "<b>xyzzy"}, headers=HTMX).text
    assert "Chưa tìm thấy" in html
    assert "&lt;b&gt;xyzzy" in html
    assert 'name="province_code"' in html


def test_an_unknown_province_is_refused_with_a_sentence(client: TestClient) -> None:
    answer = client.get("/dia-chi/xa", params={"tinh": "60"}, headers=HTMX)
    assert answer.status_code == 422
    assert "34 tỉnh, thành phố" in answer.text
