"""Words of a comment: one spelling to compare, the ways to ask, and phone numbers that others do not see."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BARE = str.maketrans("đð×*✕✖", "ddxxxx")
_PHONE = re.compile(r"(?<![\w+])(?:\+?84|0084|0)(?:[ .\-]?[0-9]){8,10}(?![0-9])")
_ASKS = re.compile(
    r"\?|\b(?:bao nhieu|bn|bnh|nhieu tien|may tien|gia (?:sao|the nao|nhieu|bao|bn|ntn|di)|gia$|"
    r"con (?:khong|ko|k|hok|hong|hem|hang|het|nua)|het chua|con chua|the nao|nhu nao|ntn|o dau|khi nao|"
    r"(?:co|duoc|dc|ngon|ngot|tuoi|ok) (?:khong|ko|k|hok|hong|hem)|khong (?:a|vay|shop|em|chi|anh|ban)|sao vay|"
    r"la gi|loai gi)(?![a-z0-9])|\b(?:khong|ko|hok|hong|hem)\s*[.!~]*$"
)


def marked(text: str) -> str:
    """NFKC in lower case, marks kept and every letter one character, so that `plain` keeps all places."""
    whole = unicodedata.normalize("NFKC", text).lower()
    return "".join(part for part in unicodedata.normalize("NFC", whole) if not unicodedata.combining(part))


@lru_cache(maxsize=4096)
def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0].translate(_BARE)


def plain(text: str) -> str:
    """The same text without marks, character by character: "bỏ A1" is "bo a1"."""
    return "".join(_bare(letter) for letter in text.lower())


def asks(typed: str) -> bool:
    """Whether a sentence is a question. "A1 không" asks; "không lấy A1 nữa" does not."""
    return _ASKS.search(plain(typed).strip()) is not None


def masked(text: str) -> str:
    """The sentence as others may read it: of a phone number the first three and the last two digits stay."""
    return _PHONE.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    digits = re.sub(r"[^0-9]", "", match[0])
    return f"{digits[:3]}•••••{digits[-2:]}"
