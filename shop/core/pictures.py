"""Photos that were uploaded: what pages need to show them at every size."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from shop.core.db import UtcDateTime
from shop.core.images import Stored, path_of
from shop.settings import Settings


class Photo(SQLModel, table=True):
    """One picture in several sizes and formats; the files stand in the media folder under `key`.

    A photo of a parcel stands in the private folder: its buyer, its co-op and who decides a claim see it
    (`shop.complaints.photos`), nobody else. `parcel_id` is no foreign key, as a parcel's co-op has photos, too.
    """

    id: int = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    width: int
    height: int
    placeholder: str
    colour: str = ""
    formats: Any = Field(sa_type=JSON)
    alt: str = ""
    parcel_id: int | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


def keep(session: Session, stored: Stored, alt: str, now: datetime, parcel_id: int | None = None) -> Photo:
    """Write down a picture whose files are on disk already; with a parcel, in the private folder."""
    photo = Photo(
        key=stored.key,
        width=stored.width,
        height=stored.height,
        placeholder=stored.placeholder,
        colour=stored.colour,
        formats=stored.formats,
        alt=alt,
        parcel_id=parcel_id,
        created_at=now,
    )
    session.add(photo)
    session.flush()
    return photo


def file_of(photo: Photo, width: int, format: str, settings: Settings) -> Path:
    """Where a photo lies on the disk, at one of its widths in pixels and in one of its formats."""
    folder = settings.media_dir if photo.parcel_id is None else settings.private_dir
    return folder / path_of(photo.key, width, format)


def photos(session: Session, photo_ids: Iterable[int | None]) -> dict[int, Photo]:
    """Photos by id."""
    wanted = [photo_id for photo_id in photo_ids if photo_id is not None]
    return {photo.id: photo for photo in session.exec(select(Photo).where(col(Photo.id).in_(wanted)))} if wanted else {}
