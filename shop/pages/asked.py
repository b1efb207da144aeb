"""What an address may ask of a list: `?q=&danh-muc=&htx=&chung-nhan=&tu=&den=&xep=&tiep=`.

An empty field asks nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator, Field

from shop.catalog.listing import Order
from shop.certificates.models import Kind

MOST_VND = 1_000_000_000


def _none_if_empty(typed: Any) -> Any:
    return None if isinstance(typed, str) and not typed.strip() else typed


def _amount(typed: Any) -> Any:
    """ "50.000", "50 000 ₫" and "50k" are prices as people type them."""
    if not isinstance(typed, str):
        return typed
    plain = re.sub(r"[.\s₫đ]", "", typed.lower().replace("\u00a0", ""))
    return re.sub(r"k$", "000", plain) or None


NoNul = r"^[^\x00]*$"
Slug = Annotated[str, Path(pattern=r"^[^\x00/]+$", max_length=200)]
Words = Annotated[str, Query(max_length=200, pattern=NoNul)]
Vnd = Annotated[Annotated[int, Field(ge=0, le=MOST_VND)] | None, BeforeValidator(_amount), Query()]


@dataclass(frozen=True)
class Asked:
    """How a shopper narrows and sorts a list; `cursor` is where it goes on."""

    words: str = ""
    category: str = ""
    coop: str = ""
    certificate: Kind | None = None
    least_vnd: int | None = None
    most_vnd: int | None = None
    order: Order | None = None
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but words and order was asked."""
        return bool(
            self.category or self.coop or self.certificate or self.least_vnd is not None or self.most_vnd is not None
        )

    def query(self, **changes: str) -> str:
        """The query of an address that asks the same, with changes: "" drops a part. Begins with "?" unless empty."""
        mine = {
            "q": self.words,
            "danh-muc": self.category,
            "htx": self.coop,
            "chung-nhan": self.certificate or "",
            "tu": "" if self.least_vnd is None else str(self.least_vnd),
            "den": "" if self.most_vnd is None else str(self.most_vnd),
            "xep": self.order or "",
            **changes,
        }
        asked = urlencode({name: value for name, value in mine.items() if value})
        return f"?{asked}" if asked else ""


def _asked(
    q: Words = "",
    category: Annotated[str, Query(alias="danh-muc", max_length=200, pattern=NoNul)] = "",
    htx: Annotated[str, Query(max_length=200, pattern=NoNul)] = "",
    certificate: Annotated[Kind | None, BeforeValidator(_none_if_empty), Query(alias="chung-nhan")] = None,
    tu: Vnd = None,
    den: Vnd = None,
    xep: Annotated[Order | None, BeforeValidator(_none_if_empty)] = None,
    tiep: Annotated[str, Query(max_length=300, pattern=NoNul)] = "",
) -> Asked:
    return Asked(q, category, htx, certificate, tu, den, xep, tiep)


AskedDep = Annotated[Asked, Depends(_asked)]
