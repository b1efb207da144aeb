"""Vietnamese text out of whatever bytes or letters a file holds.

Unicode and Windows-1258 say what they are. VNI and TCVN3 (ABC) do not: they are other letters that looked Vietnamese
only in their own fonts, in old text files as in cells that were typed with such a font. What reads as Vietnamese
syllables decides. Sources: the VNI for Windows and the TCVN 5712:1993 (VN3) tables of letters.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from shop.core.text import fold

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_MARKS = {
    **_TONES,
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309", "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_LETTERS = {"ñ": "đ", "ô": "ơ", "ö": "ư", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI_LETTERS |= {letter.upper(): meant.upper() for letter, meant in _VNI_LETTERS.items()}
_VNI = re.compile(f"([aeouyôöAEOUYÔÖ])([{''.join(_VNI_MARKS)}{''.join(_VNI_MARKS).upper()}])")
_TCVN3 = str.maketrans(
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
    "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
)
_ONSET = "(?:ngh?|gh|gi|kh|nh|ph|qu|th|tr|ch|[bcdghklmnpqrstvx])?"
_RIME = "(?:[iy]eu?|uo[iu]?|uyet?|oa[iyo]?|oeo?|uay?|ue|u[iy]|uya|uyu|i[au]|a[iouy]|e[ou]|oi|u[au]|uu|oo|[aeiouy])"
_CODA = "(?:ch|ng|nh|[cmnpt])?"
_SYLLABLE = re.compile(f"{_ONSET}{_RIME}{_CODA}")
_WORD = re.compile(r"[^\W\d_]+")
_VIETNAMESE = frozenset("aăâbcdđeêghiklmnoôơpqrstuưvxy")


class NotText(Exception):
    """The bytes are no text in an encoding that is known here."""


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file in NFC, and the name of the encoding it was written in. Raises NotText."""
    coding = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    is_marked = bool(coding)
    if not coding and b"\x00" in content[:2000]:
        coding = "utf-16-le" if content[1:2000:2].count(0) > content[:2000:2].count(0) else "utf-16-be"
    try:
        text = content.decode(coding or "utf-8")
    except UnicodeDecodeError as error:
        if not coding:
            return _of_one_byte(content)
        text = content.decode(coding, "replace")  # it may have been cut in the middle of a letter
        if _is_noise(text) or not is_marked:
            raise NotText from error
    if "\x00" in text:
        raise NotText
    text = unicodedata.normalize("NFC", text)
    read = reader_for([text[:100_000]])
    return read(text), _NAMES.get(read, coding or "utf-8")


def reader_for(samples: Sequence[str]) -> Callable[[str], str]:
    """How to read text whose letters are known: as it is, of an old font or saved twice: what reads as Vietnamese."""
    text = " ".join(samples)
    if text.isascii():
        return _as_it_is
    return max((_as_it_is, from_vni, from_tcvn3, from_twice), key=lambda read: (_sense(read(text)), read is _as_it_is))


def from_vni(text: str) -> str:
    """Text of a VNI font: a vowel and a letter that stands for its marks."""
    pairs = _VNI.sub(lambda found: _letter(found[1]) + _VNI_MARKS[found[2].lower()], text)
    alone = "".join(_VNI_LETTERS.get(letter, letter) for letter in pairs)
    return unicodedata.normalize("NFC", alone)


def _letter(vowel: str) -> str:
    return _VNI_LETTERS.get(vowel, vowel)


def from_tcvn3(text: str) -> str:
    """Text of a TCVN3 (ABC) font: one letter for each Vietnamese letter; capitals with tones were small letters."""
    return text.translate(_TCVN3)


def from_twice(text: str) -> str:
    """UTF-8 that a program took for Western European letters and saved again: "ruá»™t" is "ruột"."""
    try:
        return unicodedata.normalize("NFC", b"".join(map(_western, text)).decode())
    except UnicodeError:
        return text


@lru_cache(maxsize=1000)
def _western(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five places that cp1252 leaves empty


def _as_it_is(text: str) -> str:
    return text


_NAMES: dict[Callable[[str], str], str] = {from_vni: "vni", from_tcvn3: "tcvn3", from_twice: "utf-8 twice"}


def _of_one_byte(content: bytes) -> tuple[str, str]:
    found = [(unicodedata.normalize("NFC", content.decode("cp1258", "replace")), "windows-1258")]
    western = content.decode("cp1252", "replace")
    found += [(from_vni(western), "vni"), (from_tcvn3(western), "tcvn3")]
    found += [(unicodedata.normalize("NFC", content.decode("utf-8", "replace")), "utf-8")]
    text, name = max(found, key=lambda one: _sense(one[0][:100_000]))
    if "\x00" in text or _is_noise(text):
        raise NotText
    return text, name


def _is_noise(text: str) -> bool:
    return text.count("\ufffd") > len(text) // 50


def _sense(text: str) -> int:
    """Words with a letter beyond ASCII that are Vietnamese syllables, less those that are none."""
    words = [word for word in _WORD.findall(unicodedata.normalize("NFC", text)) if not word.isascii()]
    strange = sum(1 for letter in text if not letter.isalnum() and ord(letter) > 160) + text.count("\ufffd")
    return sum(1 if _is_syllable(word) else -1 for word in words) - strange


@lru_cache(maxsize=20_000)
def _is_syllable(word: str) -> bool:
    small = word.lower()
    if not all(_bare(letter) in _VIETNAMESE for letter in small):
        return False
    tones = sum(mark in _TONES.values() for mark in unicodedata.normalize("NFD", small))
    return tones <= 1 and _SYLLABLE.fullmatch(fold(small)) is not None


def _bare(letter: str) -> str:
    """The letter without its tone, with the marks that make it another letter."""
    parts = unicodedata.normalize("NFD", letter)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES.values()))
