"""Vietnamese text: folding for search, slugs, dictionary order, and one way to place the tone mark."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BARRED_D = str.maketrans("đð", "dd")  # ð (eth) is what some keyboards send for đ

_TONES = "\u0300\u0309\u0303\u0301\u0323"  # in dictionary order: huyền, hỏi, ngã, sắc, nặng (ngang has no mark)
_TONE_RANK = {tone: str(rank) for rank, tone in enumerate(_TONES, start=1)}
_EARLY_TONE = re.compile(f"(o(?=.[ae])|u(?=.y))([{_TONES}])(.)", re.IGNORECASE)

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: chr(ord("A") + rank) for rank, letter in enumerate(_ALPHABET)}


def fold(text: str) -> str:
    """Return `text` as it is compared in a search: no tone or vowel marks, đ as d, lower case, single spaces.

    "Thanh long ruột đỏ" and "THANH  LONG RUOT DO" fold to the same string; folding twice changes nothing.
    """
    marked = unicodedata.normalize("NFD", text.lower())
    bare = "".join(part for part in marked if unicodedata.category(part) != "Mn")
    return " ".join(bare.lower().translate(_BARRED_D).split())


def slug(text: str) -> str:
    """Return `text` as a part of a web address: a-z, 0-9 and single hyphens; "" if none of it can be spelled so."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def tone_normalised(text: str) -> str:
    """Return `text` in NFC with the tone of oa, oe, uy on the second vowel.

    So "Hòa" equals "Hoà" and "Thủy" equals "Thuỷ"; all other words stay as they are.
    """
    marked = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _EARLY_TONE.sub(r"\1\3\2", marked))


def sort_key(text: str) -> str:
    """Return a key that sorts by code point as a Vietnamese dictionary does: letters first, then tones, then case.

    It may be stored: SQLite's default order and PostgreSQL's collation "C" both sort it right.
    The order is that of the Unicode collation for `vi` (ngang, huyền, hỏi, ngã, sắc, nặng).
    """
    text = unicodedata.normalize("NFC", text)
    weights = [_weights(character) for character in text]
    letters, tones = ("".join(part) for part in zip(*weights, strict=True)) if weights else ("", "")
    case = "".join("1" if character.isupper() else "0" for character in text)
    return f"{letters}\x01{tones}\x01{case}"


@lru_cache(maxsize=4096)
def _weights(character: str) -> tuple[str, str]:
    """Return the place of a character's letter in the alphabet, and of its tone."""
    marked = unicodedata.normalize("NFD", character.lower())
    letter = unicodedata.normalize("NFC", "".join(part for part in marked if part not in _TONE_RANK))
    tone = next((_TONE_RANK[part] for part in marked if part in _TONE_RANK), "0")
    return "".join(_LETTER_RANK.get(part, max(part, " ")) for part in letter), tone
