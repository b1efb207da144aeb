"""A sum of money in Vietnamese words, as vouchers and receipts must bear it beside the figures.

Every group of three digits after the first is read whole ("không trăm lẻ năm"), so that no two sums sound alike.
Source of the readings: the ministry's primary-school textbooks of mathematics; "lẻ" as in the South and the Centre.
"""

from __future__ import annotations

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_UNITS = ("", "nghìn", "triệu")
_BILLION = 10**9


def vnd_in_words(amount_vnd: int) -> str:
    """1200000 -> "Một triệu hai trăm nghìn đồng chẵn"; whole thousands are "chẵn". A sum below 0 begins with "Âm"."""
    words = ["âm"] if amount_vnd < 0 else []
    words += _number(abs(amount_vnd)) if amount_vnd else [_DIGITS[0]]
    words += ["đồng"] if amount_vnd % 1000 or not amount_vnd else ["đồng", "chẵn"]
    said = " ".join(words)
    return said[0].upper() + said[1:]


def _number(number: int, after: bool = False) -> list[str]:
    """The words of `number` > 0; `after`: something bigger was said before it."""
    words: list[str] = []
    if number >= _BILLION:
        words, number, after = [*_number(number // _BILLION, after), "tỷ"], number % _BILLION, True
    for power in (2, 1, 0):
        group = number // 1000**power % 1000
        if group:
            words += [*_group(group, whole=after), *_UNITS[power : power + 1]]
            after = True
    return [word for word in words if word]


def _group(group: int, *, whole: bool) -> list[str]:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [_DIGITS[hundreds], "trăm"] if hundreds or whole else []
    if tens == 1:
        words += ["mười"]
    elif tens:
        words += [_DIGITS[tens], "mươi"]
    elif ones and words:
        words += ["lẻ"]
    return [*words, _ones(ones, tens)] if ones else words


def _ones(ones: int, tens: int) -> str:
    """One, four and five change after tens: hai mươi mốt, hai mươi tư, mười lăm."""
    if ones == 5 and tens:
        return "lăm"
    if tens > 1 and ones in (1, 4):
        return "mốt" if ones == 1 else "tư"
    return _DIGITS[ones]
