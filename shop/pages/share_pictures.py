"""Pictures that a shared link shows: 1200 × 630, with name, price and co-op, drawn once for each state of the facts."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from PIL import Image, ImageDraw, ImageOps
from starlette.responses import FileResponse, Response

from livestream import room as rooms
from shop.catalog import listing
from shop.catalog import service as catalog
from shop.coops import service as coops
from shop.core import i18n
from shop.core.deps import DatabaseDep, NowDep, SettingsDep
from shop.core.files import write_durably
from shop.core.fonts import font
from shop.core.images import path_of
from shop.core.money import format_vnd
from shop.core.pictures import Photo
from shop.settings import Settings

router = APIRouter(prefix="/anh-chia-se")
SIZE = (1200, 630)
PAPER, INK, QUIET, PITAYA = "#fffaf3", "#2a1520", "#6b5560", "#b3125f"
TEXT_LEFT, TEXT_RIGHT = 660, 1150
MOST_PHOTOS = 4
Box = tuple[int, int, int, int]
TILES: Mapping[int, Sequence[Box]] = {
    0: (),
    1: ((0, 0, 600, 630),),
    2: ((0, 0, 600, 312), (0, 318, 600, 630)),
    3: ((0, 0, 600, 312), (0, 318, 297, 630), (303, 318, 600, 630)),
    4: ((0, 0, 297, 312), (303, 0, 600, 312), (0, 318, 297, 630), (303, 318, 600, 630)),
}
"""Where so many photos stand on the left half."""


@dataclass(frozen=True)
class Told:
    """What a share picture says."""

    title: str
    line: str
    below: str
    badge: str = ""


@router.get("/cho.jpg")
def of_market(request: Request, db: DatabaseDep, settings: SettingsDep) -> Response:
    """For every page that has no picture of its own."""
    with db.read() as session:
        first = next((shelf.photo_id for shelf in listing.categories(session) if shelf.photo_id), None)
        photo = session.get(Photo, first) if first else None
    told = Told(i18n.gettext("Nông sản tận vườn, mua thẳng của hợp tác xã"), "", settings.operator_name)
    return _answer(request, settings, told, photo)


@router.get("/san-pham/{slug}.jpg")
def of_product(slug: str, request: Request, db: DatabaseDep, settings: SettingsDep, now: NowDep) -> Response:
    with db.read() as session:
        shown = catalog.product_page(session, slug, now)
    cheapest = min(shown.variants, key=lambda variant: variant.price_vnd, default=None)
    line = f"{format_vnd(cheapest.price_vnd)} · {cheapest.name}" if cheapest else ""
    told = Told(shown.product.name, line, f"{shown.coop.name} · {coops.place(shown.coop)}")
    return _answer(request, settings, told, shown.photos[0] if shown.photos else None)


@router.get("/htx/{slug}.jpg")
def of_coop(slug: str, request: Request, db: DatabaseDep, settings: SettingsDep) -> Response:
    with db.read() as session:
        coop = coops.by_slug(session, slug)
        photo = session.get(Photo, coop.cover_photo_id) if coop.cover_photo_id else None
    return _answer(request, settings, Told(coop.name, coops.place(coop), coop.face_name), photo)


@router.get("/live/{slug}.jpg")
def of_session(slug: str, request: Request, db: DatabaseDep, settings: SettingsDep) -> Response:
    with db.read() as session:
        room = rooms.read(session, rooms.find(session, slug))
        coop = coops.get(session, room.live.coop_id)
    goods = {item.variant.photo.id: item.variant.photo for item in room.items if item.variant.photo}
    own = [room.cover] if room.cover and room.live.cover_photo_id else []
    told = Told(room.live.title, i18n.moment(room.live.starts_at), coop.name, "LIVE")
    return _answer(request, settings, told, *(own or list(goods.values())[:MOST_PHOTOS]))


def _answer(request: Request, settings: Settings, told: Told, *photos: Photo | None) -> Response:
    """The picture from disk; drawn in the back room when these facts were never shown before."""
    here = settings.media_dir.resolve()
    photo_files = [str(here / path_of(one.key, min(one.width, 640), "jpeg")) for one in photos if one]
    named = "|".join([told.title, told.line, told.below, told.badge, *photo_files])
    file = settings.media_dir.resolve() / "share" / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.jpg"
    if not file.exists():
        body: bytes = request.app.state.backroom.run(draw, told, *photo_files)
        write_durably(file, body)
    return FileResponse(file, media_type="image/jpeg", headers={"Cache-Control": "public, max-age=3600"})


def draw(told: Told, *photo_files: str) -> bytes:
    """The picture as JPEG, its photos as tiles. Without the typeface (brought by the set-up) it shows them alone."""
    picture = Image.new("RGB", SIZE, PAPER)
    there = [file for file in photo_files if file and Path(file).exists()]
    for file, (left, top, right, bottom) in zip(there, TILES[len(there)], strict=True):
        with Image.open(file) as photo:
            tile = ImageOps.fit(photo.convert("RGB"), (right - left, bottom - top), Image.Resampling.LANCZOS)
            picture.paste(tile, (left, top))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((600, 0, 608, 630), fill=PITAYA)
    _brand(pen)
    y = _lines(pen, told.title, 132, 56, 700, INK, most=4) + 22
    y = _lines(pen, told.line, y, 42, 700, PITAYA, most=1) + 16
    _lines(pen, told.below, y, 30, 400, QUIET, most=2)
    if told.badge:
        _badge(pen, told.badge)
    body = io.BytesIO()
    picture.save(body, "jpeg", quality=82, optimize=True)
    return body.getvalue()


def _brand(pen: ImageDraw.ImageDraw) -> None:
    if face := font(34):
        pen.text((TEXT_LEFT, 66), "Chợ ", fill=INK, font=face)
        pen.text((TEXT_LEFT + pen.textlength("Chợ ", font=face), 66), "HTX", fill=PITAYA, font=face)


def _badge(pen: ImageDraw.ImageDraw, words: str) -> None:
    if face := font(34):
        width = pen.textlength(words, font=face)
        pen.rounded_rectangle((40, 40, 40 + width + 56, 104), 32, fill=PITAYA)
        pen.text((68, 72), words, fill="#ffffff", font=face, anchor="lm")


def _lines(
    pen: ImageDraw.ImageDraw, words: str, top: float, size_px: int, weight: int, colour: str, *, most: int
) -> float:
    """Write `words` on at most so many lines, smaller when they are long; returns where they end."""
    face = font(size_px, weight)
    if face is None or not words:
        return top
    lines = _wrapped(pen, words, face)
    if len(lines) > most and size_px > 24:
        return _lines(pen, words, top, size_px - 6, weight, colour, most=most)
    for line in lines[:most]:
        pen.text((TEXT_LEFT, top), line, fill=colour, font=face)
        top += size_px * 1.32
    return top


def _wrapped(pen: ImageDraw.ImageDraw, words: str, face: object) -> list[str]:
    lines: list[str] = []
    for word in words.replace("\u00a0₫", " ₫").split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pen.textlength(longer, font=face) <= TEXT_RIGHT - TEXT_LEFT:  # type: ignore[arg-type]  # a font
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
