"""Words that may not be said when food is sold live, wherever the co-op writes them: titles, chat, the pinned sentence.

Source: law on e-commerce 122/2025/QH15, Art. 22 to 24 (no false information on use); the words are the catalogue's.
"""

from __future__ import annotations

from shop.catalog.selling import heals
from shop.core.errors import Refusal


class ForbiddenClaim(Refusal):
    """Food does not heal, and nobody who sells it live says so."""


def refuse_claims(*words: str) -> None:
    """Raises ForbiddenClaim. To say that it does not heal is no claim."""
    if any(heals(one) for one in words):
        raise ForbiddenClaim
