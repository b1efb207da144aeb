"""A picture that came with a form, made ready in the back room while pages keep their threads."""

from __future__ import annotations

from functools import lru_cache, partial

import anyio
import anyio.to_thread
from fastapi import Request

from shop.core.errors import Invalid
from shop.core.forms import read_upload
from shop.core.images import MAX_UPLOAD_BYTES, Stored, keep_upload


class PhotoMissing(Invalid):
    """The form came without a picture."""


@lru_cache(maxsize=1)
def uploads() -> anyio.CapacityLimiter:
    """So many pictures are made ready at a time."""
    return anyio.CapacityLimiter(2)


async def photo_sent(request: Request) -> Stored | None:
    """The picture in the field `photo`, kept in the media folder; None when none was sent.

    Whoever calls this has made sure that the sender may send it. Raises what `keep_upload` raises.
    """
    sent = await read_upload(request, "photo", MAX_UPLOAD_BYTES)
    if sent is None:
        return None
    state = request.app.state
    work = partial(keep_upload, state.backroom, sent[1], sent[0], state.settings.media_dir)
    return await anyio.to_thread.run_sync(work, limiter=uploads())
