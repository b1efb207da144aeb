"""Vietnamese mobile numbers: one spelling in the store, whatever people type."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_MOBILE = re.compile(r"(?:\+?84|0084|0)([35789]\d{8})", re.ASCII)


def read_phone(typed: str) -> str | None:
    """The number as stored, "+84912345678", from "0912 345 678", "84 912345678", "(+84) 912.345.678"; else None.

    Mobile numbers have nine digits after 0 or +84 and begin with 3, 5, 7, 8 or 9. The eleven-digit numbers
    (01212…) ended in 2018. Source: the numbering plan of 2018, Circular 22/2014/TT-BTTTT.
    """
    digits = re.sub(r"[\s.()\-]", "", unicodedata.normalize("NFKC", typed))
    match = _MOBILE.fullmatch(digits)
    return f"+84{match[1]}" if match else None


def _checked(typed: str) -> str:
    phone = read_phone(typed)
    if phone is None:
        raise PydanticCustomError("phone", "not a Vietnamese mobile number")
    return phone


Phone = Annotated[str, AfterValidator(_checked)]
"""A field of a form or of the API: a Vietnamese mobile number, kept as +84…; error code `phone`."""
