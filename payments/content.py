"""The code a buyer writes into a bank transfer, and finding it again in what the bank made of it.

Banks add prefixes and suffixes, lose spaces, change the case and cut the length; people type O for 0. The code is
short, made of letters and digits that no bank removes, ends in a check symbol, and names one attempt only.
"""

from __future__ import annotations

import re

from shop.core.ids import ALPHABET, check_symbol, crockford
from shop.core.text import fold

PREFIX = "HTX"
_RANDOM = 8  # 40 bits and one check symbol; 12 characters with the prefix, of 25 that a transfer carries
_CODE = re.compile(f"(?={PREFIX}([{ALPHABET}]{{{_RANDOM + 1}}}))")
_MISREAD = str.maketrans("OIL", "011")
_RECOGNISABLE = len(PREFIX) + 5


def new_code() -> str:
    """A transfer content that nobody has used: HTX and nine symbols of Crockford's alphabet."""
    return PREFIX + crockford(_RANDOM)


def squeeze(text: str) -> str:
    """`text` in capital letters and digits only, without marks: what no bank's handling of spaces and case changes."""
    return re.sub(r"[^A-Z0-9]", "", fold(text).upper())


def codes_in(text: str) -> list[str]:
    """Every code with a right check symbol that can be read in a bank's text, in order, each once."""
    found = (match[1] for match in _CODE.finditer(squeeze(text).translate(_MISREAD)))
    return list(dict.fromkeys(PREFIX + code for code in found if check_symbol(code[:-1]) == code[-1]))


def beginning_in(text: str, code: str) -> bool:
    """Whether a bank's text holds at least the beginning of `code`: enough to suggest it, never to decide."""
    return code[:_RECOGNISABLE] in squeeze(text).translate(_MISREAD)
