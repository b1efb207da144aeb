"""Photos that were uploaded: what pages need to show them at every size."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from shop.core.db import UtcDateTime
from shop.core.images import Stored


class Photo(SQLModel, table=True):
    """One picture in several sizes and formats; the files stand in the media folder under `key`."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    width: int
    height: int
    placeholder: str
    colour: str = ""
    formats: Any = Field(sa_type=JSON)
    alt: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)


def keep(session: Session, stored: Stored, alt: str, now: datetime) -> Photo:
    """Write down a picture whose files are on disk already."""
    photo = Photo(
        key=stored.key,
        width=stored.width,
        height=stored.height,
        placeholder=stored.placeholder,
        colour=stored.colour,
        formats=stored.formats,
        alt=alt,
        created_at=now,
    )
    session.add(photo)
    session.flush()
    return photo


def photos(session: Session, photo_ids: Iterable[int | None]) -> dict[int, Photo]:
    """Photos by id."""
    wanted = [photo_id for photo_id in photo_ids if photo_id is not None]
    return {photo.id: photo for photo in session.exec(select(Photo).where(col(Photo.id).in_(wanted)))} if wanted else {}
