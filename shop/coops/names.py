"""Whether a bank account is named as the co-op is on its paper, however banks shorten and spell it."""

from __future__ import annotations

import re

from shop.coops.models import Coop
from shop.core.text import fold

SHORT = {
    "lien hiep hop tac xa": "lhhtx",
    "hop tac xa": "htx",
    "to hop tac": "tht",
    "nong nghiep": "nn",
    "dich vu": "dv",
    "san xuat": "sx",
    "thuong mai": "tm",
    "va": "",
}
"""What banks and co-ops write for the same words."""


def named_alike(coop: Coop, account_name: str) -> bool:
    """Whether the account bears the name of the co-op on its paper.

    Marks, case, signs and usual short forms do not count, nor that a bank cuts off the end of a long name.

    >>> told = Coop(legal_name="Hợp tác xã Dịch vụ Nông nghiệp Hàm Đức")
    >>> named_alike(told, "HTX DV NONG NGHIEP HAM DUC"), named_alike(told, "NGUYEN VAN AN"), named_alike(told, "HTX")
    (True, False, False)
    """
    named, legal = _bare(account_name), _bare(coop.legal_name)
    return named == legal or (len(named) >= 12 and legal.startswith(named))


def _bare(name: str) -> str:
    words = f" {re.sub(r'[^a-z0-9]+', ' ', fold(name))} "
    for long, short in SHORT.items():
        words = words.replace(f" {long} ", f" {short} ")
    return " ".join(words.split())
