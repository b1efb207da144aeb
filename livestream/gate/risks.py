"""Goods whose words ask for a paper before they are sold live: alcohol, supplements and food with claims, "hữu cơ".

Sources: law on e-commerce 122/2025/QH15, Art. 22 to 24 (regulated goods need the number of their paper); decree
109/2018/NĐ-CP, Art. 7 to 9 (organic is what a third party certified); law 44/2019/QH14 (nobody under 18 buys alcohol).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

from shop.catalog.selling import heals
from shop.certificates.models import Certificate, Kind

Risk = Literal["alcohol", "supplement", "organic"]
NUMBERED: Sequence[Risk] = ("alcohol", "supplement")
"""Not sold live before the number of its paper is written down; for the others the gate warns."""
# with their marks, for "vàng" is a colour and "vang" a wine; what says that there is none of it does not count
_NONE_OF_IT = re.compile(
    r"không (độ )?cồn|phân (bón )?hữu cơ|giấm rượu|alcohol[ -]free|non[ -]alcoholic|organic fertili[sz]er"
)
_WORDS: Sequence[tuple[Risk, re.Pattern[str]]] = (
    ("alcohol", re.compile(r"\b(rượu|ruou|vang|bia|cồn|wine|beer|liquor|vodka|whisky|spirits)\b")),
    (
        "supplement",
        re.compile(
            r"\b(thực phẩm chức năng|thuc pham chuc nang|bảo vệ sức kh(ỏe|oẻ)|bao ve suc khoe|viên (uống|nang|hoàn)"
            r"|thuốc (nam|bắc)|supplements?)\b"
        ),
    ),
    ("organic", re.compile(r"\b(hữu cơ|huu co|organic)\b")),
)


def told_by(words: str) -> list[Risk]:
    """What these words make of the goods."""
    said = _NONE_OF_IT.sub(" ", " ".join(unicodedata.normalize("NFC", words).lower().split()))
    found = [risk for risk, pattern in _WORDS if pattern.search(said)]
    return [*found, "supplement"] if heals(words) and "supplement" not in found else found


def unproved(told: Iterable[Risk], certificates: Iterable[Certificate], paper: str) -> list[Risk]:
    """What of that has no proof: `paper` is what the seller wrote, and counts when a number stands in it."""
    has_number = any(sign.isdecimal() for sign in paper)
    is_organic = any(certificate.kind == Kind.ORGANIC for certificate in certificates)
    return [risk for risk in told if not (is_organic if risk == "organic" else has_number)]
