"""Pictures that came with a form, made ready in the back room while pages keep their threads."""

from __future__ import annotations

from functools import lru_cache, partial

import anyio
import anyio.to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from shop.core.images import MAX_UPLOAD_BYTES, Stored, keep_upload


@lru_cache(maxsize=1)
def uploads() -> anyio.CapacityLimiter:
    """So many pictures are made ready at a time."""
    return anyio.CapacityLimiter(2)


async def photos_sent(request: Request, name: str, most: int = 1, *, private: bool = False) -> list[Stored]:
    """The first `most` pictures in the field `name`, kept in the media folder (or the private one); none if none came.

    Whoever calls this has made sure that the sender may send them. Raises what `keep_upload` raises.
    """
    try:
        form = await request.form(max_fields=300)
    except (HTTPException, ValueError) as error:
        raise HTTPException(400, "form") from error
    try:
        files = [file for file in form.getlist(name) if isinstance(file, UploadFile) and file.filename][:most]
        sent = [(await file.read(MAX_UPLOAD_BYTES + 1), file.filename or "") for file in files]
    finally:
        await form.close()
    state = request.app.state
    folder = state.settings.private_dir if private else state.settings.media_dir
    work = [partial(keep_upload, state.backroom, body, name, folder) for body, name in sent]
    return [await anyio.to_thread.run_sync(one, limiter=uploads()) for one in work]
