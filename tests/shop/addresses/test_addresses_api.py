from __future__ import annotations

from starlette.testclient import TestClient

V1 = "/api/v1/addresses"


def test_the_34_provinces_stand_in_vietnamese_order(client: TestClient) -> None:
    items = client.get(f"{V1}/provinces").json()["items"]
    assert len(items) == 34
    assert items[0] == {"code": "91", "name": "Tỉnh An Giang"}


def test_the_wards_of_a_province(client: TestClient) -> None:
    items = client.get(f"{V1}/wards", params={"province": "68"}).json()["items"]
    assert len(items) == 124
    assert {"code": "23059", "name": "Xã Hàm Thuận", "province_code": "68"} in items


def test_an_unknown_province_is_a_problem_with_a_sentence(client: TestClient) -> None:
    answer = client.get(f"{V1}/wards", params={"province": "60"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["type"] == "/problems/unknown-province"
    assert answer.json()["code"] == "60"


def test_an_old_three_level_name_finds_the_ward_of_today(client: TestClient) -> None:
    typed = "Xã Hàm Đức, Huyện Hàm Thuận Bắc, Tỉnh Bình Thuận"
    items = client.get(f"{V1}/search", params={"q": typed}).json()["items"]
    assert items == [
        {
            "code": "23059",
            "name": "Xã Hàm Thuận",
            "ward_code": "23059",
            "province_code": "68",
            "province_name": "Tỉnh Lâm Đồng",
            "legacy_text": typed,
            "legacy_ward_code": "23092",
            "split": False,
        }
    ]


def test_a_split_old_ward_answers_with_all_its_choices(client: TestClient) -> None:
    answer = client.get(f"{V1}/search", params={"q": "phường nghĩa đô quận cầu giấy hà nội", "limit": 1})
    assert [(item["ward_code"], item["split"]) for item in answer.json()["items"]] == [
        ("00160", True),
        ("00008", True),
        ("00103", True),
    ]


def test_nonsense_is_answered_calmly(client: TestClient) -> None:
    assert client.get(f"{V1}/search", params={"q": "🥭" * 900}).json() == {"items": []}
    assert client.get(f"{V1}/search", params={"q": "\0🥭" * 900}).status_code == 404
    assert client.get(f"{V1}/search").status_code == 422
    assert client.get(f"{V1}/search", params={"q": "x", "limit": -1}).status_code == 422
