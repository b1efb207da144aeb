"""Text comes out right, whatever program and font a co-op wrote its sheet with."""

from __future__ import annotations

import unicodedata

import pytest

from shop.sheets.encodings import NotText, decode, reader_for

TEXT = (
    "Tên hàng;Quy cách;Giá bán;Tồn kho\n"
    "Thanh long ruột đỏ;Thùng 5 kg;185.000;12\n"
    "Mắm ruốc Phan Thiết;Hũ 500 g;65.000;4\n"
    "Bánh tráng phơi sương;Gói;1.250.000;3\n"
)
VNI = (
    "Teân haøng;Quy caùch;Giaù baùn;Toàn kho\n"
    "Thanh long ruoät ñoû;Thuøng 5 kg;185.000;12\n"
    "Maém ruoác Phan Thieát;Huõ 500 g;65.000;4\n"
    "Baùnh traùng phôi söông;Goùi;1.250.000;3\n"
)
TCVN3 = (
    "Tªn hµng;Quy c¸ch;Gi¸ b¸n;Tån kho\n"
    "Thanh long ruét ®á;Thïng 5 kg;185.000;12\n"
    "M¾m ruèc Phan ThiÕt;Hò 500 g;65.000;4\n"
    "B¸nh tr¸ng ph¬i s\u00ad¬ng;Gãi;1.250.000;3\n"
)


def windows_1258(text: str) -> bytes:
    """As Windows writes it: the letter with its own mark, then its tone."""
    written = b""
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
        rest = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tone))
        written += rest.encode("cp1258") + tone.encode("cp1258")
    return written


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (unicodedata.normalize("NFD", TEXT).encode(), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (windows_1258(TEXT), "windows-1258"),
        (VNI.encode("cp1252"), "vni"),
        (VNI.encode(), "vni"),
        (TCVN3.encode("cp1252"), "tcvn3"),
        (TCVN3.encode(), "tcvn3"),
    ],
    ids=[
        "utf-8",
        "utf-8-sig",
        "marks apart",
        "utf-16",
        "utf-16 bare",
        "1258",
        "vni",
        "vni kept",
        "tcvn3",
        "tcvn3 kept",
    ],
)
def test_the_same_sheet_comes_out_of_each_encoding(content: bytes, name: str) -> None:
    assert decode(content) == (TEXT, name)


def test_words_of_an_old_font_in_a_workbooks_cells_are_read(  # the workbook itself is Unicode
) -> None:
    assert reader_for([VNI])("Xoaøi caùt Hoøa Loäc") == "Xoài cát Hòa Lộc"
    assert reader_for([TCVN3])("Xoµi c¸t Hßa Léc") == "Xoài cát Hòa Lộc"
    assert reader_for([TEXT])("Xoài cát Hòa Lộc") == "Xoài cát Hòa Lộc"


TWICE = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in TEXT.encode())


def test_text_that_was_taken_for_western_and_saved_again_is_read() -> None:
    assert "Thanh long ruá»™t" in TWICE
    assert decode(TWICE.encode()) == (TEXT, "utf-8 twice")
    assert reader_for([TEXT])(TEXT) == TEXT


@pytest.mark.parametrize(
    "content",
    [TEXT.encode() + b"\xe1\xbb", TEXT.encode("utf-8-sig") + b"\xe1\xbb", TEXT.encode("utf-16") + b"\x0a"],
)
def test_a_file_that_was_cut_in_the_middle_of_a_letter_loses_that_letter_only(content: bytes) -> None:
    assert decode(content)[0] == TEXT + "\ufffd"


def test_plain_english_stays_as_it_is() -> None:
    assert decode(b"Name;Price\nRice;25000\n") == ("Name;Price\nRice;25000\n", "utf-8")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"\xff\xfe\x00", bytes(range(256)) * 4])
def test_bytes_that_are_no_text_are_not_taken_for_one(content: bytes) -> None:
    with pytest.raises(NotText):
        decode(content)
