"""What customers write on Zalo, and what of it is filled in for who types the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.addresses import service as addresses
from shop.checkout.message import LONGEST, Written, read_message

LAN = "+84912345678"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (
            "Chị Lan 0912 345 678, giao 12 Trần Phú, xã Hàm Đức, Hàm Thuận Bắc",
            Written(LAN, "Chị Lan", "12 Trần Phú", "xã Hàm Đức, Hàm Thuận Bắc"),
        ),
        (
            "Cho em 2 thùng 5kg ruột đỏ\nNguyễn Thị Lan\n0912345678\nẤp 3, xã Hàm Đức, tỉnh Bình Thuận",
            Written(LAN, "Nguyễn Thị Lan", "Ấp 3", "xã Hàm Đức, tỉnh Bình Thuận"),
        ),
        (
            "tên: Lê Văn Tám; sđt: 0912.345.678; địa chỉ: 5 Lê Lợi phường Bến Nghé quận 1 TP. Hồ Chí Minh",
            Written(LAN, "Lê Văn Tám", "5 Lê Lợi", "phường Bến Nghé, quận 1, TP. Hồ Chí Minh"),
        ),
        ("Ship cho a Hùng 1 thùng về 45/2 Nguyễn Trãi, P.5, Q.5, sdt +84 912 345 678",
         Written(LAN, "Anh Hùng", "45/2 Nguyễn Trãi", "P.5, Q.5")),
        ("Bác Ba, 0912345678, tổ 4 thôn Phú Sơn, Hàm Đức, Bình Thuận",
         Written(LAN, "Bác Ba", "tổ 4 thôn Phú Sơn", "Hàm Đức, Bình Thuận")),
        ("cô Tư ghé lấy 3 ký chiều nay 0912345678", Written(LAN, "Cô Tư", comes=True)),
        ("0912345678", Written(LAN)),
        ("Còn hàng không em, giá sao vậy?", Written()),
        ("gửi 5 thùng cho 0212345678", Written()),
        ("", Written()),
    ],
)  # fmt: skip
def test_a_message_says_who_and_where(said: str, found: Written) -> None:
    assert read_message(said) == found
    assert not found.place or addresses.search(found.place)


@given(st.text(max_size=LONGEST * 2) | st.lists(st.sampled_from(
    ["xã", "p.", "q5", "chị", "Lan", ",", "0912345678", "địa chỉ:", "thị xã", "12", "\n", "giao", "-", "thùng", "a"]
), max_size=60).map(" ".join))  # fmt: skip
def test_any_text_is_read(said: str) -> None:
    read_message(said)
