"""A picture that came with a form of the desk."""

from __future__ import annotations

from fastapi import Request

from shop.core.errors import Invalid
from shop.core.images import Stored
from shop.core.uploads import photos_sent, uploads

__all__ = ["PhotoMissing", "photo_sent", "uploads"]


class PhotoMissing(Invalid):
    """The form came without a picture."""


async def photo_sent(request: Request, *, private: bool = False) -> Stored | None:
    """The picture in the field `photo`, kept in the media folder (or the private one); None when none was sent.

    Whoever calls this has made sure that the sender may send it. Raises what `photos_sent` raises.
    """
    return next(iter(await photos_sent(request, "photo", private=private)), None)
