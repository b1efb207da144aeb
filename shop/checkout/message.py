"""What a customer wrote on Zalo or Messenger, read as far as a machine can: a person sees every field before it counts.

"Chị Lan 0912 345 678, giao 12 Trần Phú, xã Hàm Đức, Hàm Thuận Bắc" holds a phone, a name, a street and a ward.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import takewhile

from shop.addresses import service as addresses
from shop.addresses.book import without_kind
from shop.core.phones import read_phone
from shop.core.text import fold

LONGEST = 1000  # characters
MOST_PIECES = 30  # each may be looked up
_PHONE = re.compile(r"(?<![\w+])(?:\+?84|0084|0)(?:[ .\-]?[0-9]){9}(?![0-9])")
_LABELS = re.compile(
    r"^\W*(?:(?:số )?điện thoại|sđt|sdt|đt|dt|địa chỉ|đ/c|đc|dc|họ tên|tên|người nhận|nhận hàng|khách|giao(?: hàng)?"
    r"|ship|gửi|về|tới|đến|cho|ở|nhà)\b[\s:.\-]*",
    re.IGNORECASE,
)
_WARD = r"(?:xã|phường|thị trấn|đặc khu|(?:p|x|tt)\.(?=\s?\w)|p(?=\s?\d))"
_AROUND = r"(?:quận|huyện|thị xã|thành phố|tỉnh|(?:q|h|tx|tp|t)\.(?=\s?\w)|q(?=\s?\d)|tp\b)"
_PLACES = re.compile(rf"(?<!thị)\s+(?=(?:{_WARD}|{_AROUND})\s?\S)", re.IGNORECASE)
_TURNS = re.compile(r"\s+(?=(?:về|giao|ship|địa chỉ|đ/c|đc|sđt|sdt)\b)", re.IGNORECASE)
_BEGINS_WARD = re.compile(rf"{_WARD}\s?\S", re.IGNORECASE)
_BY_NAME = re.compile(r"\b(anh|chị|cô|chú|bác|ông|bà|dì|cậu|mợ|em|[ace])\b\.?\s+((?:[^\W\d_]+\s*){1,4})", re.IGNORECASE)
_IN_FULL = {"a": "anh", "c": "chị", "e": "em"}
_GOODS = re.compile(r"\d\s*(?:thùng|hộp|kg|kí|ký|cân|chai|trái|gói|túi|lốc|sọt|combo|phần|set)\b", re.IGNORECASE)
_STREET = re.compile(
    r"\d|\b(?:ấp|thôn|đường|số|tổ|khu|ngõ|hẻm|kiệt|ngách|lầu|tầng|chung cư|xóm|đội|kdc)\b", re.IGNORECASE
)
_COMES = re.compile(r"\b(?:qua|ghé|tự|đến|tới|lại|ra|sang|vô|vào)\s+(?:\w+\s+)?lấy\b", re.IGNORECASE)


@dataclass(frozen=True)
class Written:
    """What was found, "" for what was not. `place` is what to look the ward up by, `comes` who fetches it."""

    phone: str = ""
    name: str = ""
    line: str = ""
    place: str = ""
    comes: bool = False


def read_message(text: str) -> Written:
    """Read what a customer wrote; never raises for any text."""
    text = re.sub(r"[\n;|]+|\s[-–]\s", ", ", unicodedata.normalize("NFC", text[:LONGEST]))
    phone = next((it[0] for it in _PHONE.finditer(text) if read_phone(it[0])), "")
    rest = text.replace(phone, ", ") if phone else text
    pieces = [piece for it in _TURNS.sub(", ", _PLACES.sub(", ", rest)).split(",") if (piece := _plain(it))]
    pieces = pieces[:MOST_PIECES]
    at, place = _place(pieces)
    before = pieces[:at]
    name = next((found for piece in before if (found := _name(piece))), "") or _bare_name(before)
    street = [it for it in before if _STREET.search(it) and not _GOODS.search(it) and it != name]
    return Written(read_phone(phone) or "", name[:80], ", ".join(street)[:200], place, bool(_COMES.search(text)))


def _plain(piece: str) -> str:
    """Without what only says what follows: "Địa chỉ: 12 Trần Phú" is "12 Trần Phú"."""
    piece = piece.strip()
    while (shorter := _LABELS.sub("", piece).strip()) != piece:
        piece = shorter
    return piece.strip(" .:-")


def _place(pieces: list[str]) -> tuple[int, str]:
    """Where the ward begins, and what to look it up by: said with its kind, else what the last pieces name."""
    for at, piece in enumerate(pieces):
        if _BEGINS_WARD.match(piece) and addresses.search(", ".join(pieces[at:])):
            return at, ", ".join(pieces[at:])
    for at in range(max(1, len(pieces) - 3), len(pieces)):
        told = ", ".join(pieces[at:])
        if not re.search(r"\d", pieces[at]) and _names_a_ward(told):
            return at, told
    return len(pieces), ""


def _names_a_ward(told: str) -> bool:
    """Whether the ward that fits best is said by its whole name, of today or of before."""
    for best in addresses.search(told, 1)[:1]:
        names = {without_kind(best.ward_name), without_kind(best.legacy_text.partition(",")[0])} - {""}
        return any(fold(name) in fold(told) for name in names)
    return False


def _name(piece: str) -> str:
    """ "Chị Lan" of "cho chị Lan 2 thùng": a name is written large."""
    found = _BY_NAME.search(piece)
    name = " ".join(takewhile(lambda word: word[0].isupper(), found[2].split())) if found else ""
    said = found[1].lower() if found else ""
    return f"{_IN_FULL.get(said, said).capitalize()} {name}" if name else ""


def _bare_name(pieces: list[str]) -> str:
    """Two to five words written large and no number: "Nguyễn Thị Lan"."""
    for piece in pieces:
        words = piece.split()
        if 2 <= len(words) <= 5 and all(word[0].isupper() and word.isalpha() for word in words):
            return piece
    return ""
