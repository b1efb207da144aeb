"""A map of where a co-op is, as near as its commune: drawn here, of our own points, with nothing from outside."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from math import cos, radians
from typing import Annotated

from fastapi import APIRouter, Path, Request
from PIL import Image, ImageDraw
from starlette.responses import FileResponse, Response

from shop.addresses import service as addresses
from shop.addresses.book import ward_places
from shop.core.deps import SettingsDep
from shop.core.errors import NotFound
from shop.core.files import write_durably
from shop.core.fonts import font

router = APIRouter(prefix="/ban-do")
SIZE = (960, 600)
COUNTRY, AROUND = (10, 20, 440, 580), (460, 20, 950, 580)
PAPER, LAND, NEAR, INK, HERE = "#fffaf3", "#b9d3bd", "#5f9a6a", "#2a1520", "#b3125f"
FAR_OUT = 110.0  # east of it lie only the two archipelagos, which belong on every map of the country
ISLANDS = {"20333": "Hoàng Sa", "22736": "Trường Sa"}
Point = tuple[float, float]
Box = tuple[int, int, int, int]


class NoSuchMap(NotFound):
    """No ward of today has this code, or nobody told where it lies."""


@router.get("/{ward_code}.png")
def of_ward(ward_code: Annotated[str, Path(pattern=r"^\d{5}$")], request: Request, settings: SettingsDep) -> Response:
    """The country and the province, with a mark on the ward; drawn once."""
    if ward_code not in ward_places():
        raise NoSuchMap
    file = settings.media_dir.resolve() / "maps" / f"{ward_code}.png"
    if not file.exists():
        body: bytes = request.app.state.backroom.run(draw, ward_code)
        write_durably(file, body)
    return FileResponse(file, media_type="image/png", headers={"Cache-Control": "public, max-age=604800"})


def draw(ward_code: str) -> bytes:
    """The map as PNG. Each ward is a point, so that together they show the shape of the land."""
    places, ward = ward_places(), addresses.ward(ward_code)
    province = [places[it.code] for it in addresses.wards(ward.province_code) if it.code in places]
    inside = [place for place in province if place[1] < FAR_OUT or place == places[ward_code]]
    country = list(places.values())
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    to_country, to_around = _fitted(country, COUNTRY), _fitted(inside, AROUND)
    _dots(pen, map(to_country, country), 4, LAND)
    _dots(pen, map(to_country, province), 4, NEAR)
    for code, name in ISLANDS.items():
        _say(pen, to_country(places[code]), name, COUNTRY, 17)
    _dots(pen, map(to_around, inside), 7, LAND)
    _mark(pen, to_country(places[ward_code]), 8)
    _mark(pen, to_around(places[ward_code]), 16)
    _say(pen, to_around(places[ward_code]), ward.name, AROUND, 34)
    body = io.BytesIO()
    picture.quantize(32).save(body, "png", optimize=True)
    return body.getvalue()


def _fitted(points: list[Point], box: Box) -> Callable[[Point], Point]:
    """From latitude and longitude to pixels, so that all the points lie in the box at one scale, north above."""
    lats, lons = [lat for lat, _lon in points], [lon for _lat, lon in points]
    narrow = cos(radians((min(lats) + max(lats)) / 2))
    wide, high = max((max(lons) - min(lons)) * narrow, 0.05), max(max(lats) - min(lats), 0.05)
    scale = min((box[2] - box[0] - 40) / wide, (box[3] - box[1] - 40) / high)
    left = (box[0] + box[2] - wide * scale) / 2
    top = (box[1] + box[3] - high * scale) / 2
    return lambda at: (left + (at[1] - min(lons)) * narrow * scale, top + (max(lats) - at[0]) * scale)


def _dots(pen: ImageDraw.ImageDraw, points: Iterable[Point], radius: int, colour: str) -> None:
    for x, y in points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _mark(pen: ImageDraw.ImageDraw, at: Point, radius: int) -> None:
    x, y = at
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=HERE, outline="#ffffff", width=3)


def _say(pen: ImageDraw.ImageDraw, at: Point, words: str, box: Box, size_px: int) -> None:
    if face := font(size_px):
        half = pen.textlength(words, font=face) / 2
        x = min(max(at[0], box[0] + half), box[2] - half)
        y = at[1] + size_px * (-1.2 if at[1] > 80 else 1.2)
        pen.text((x, y), words, fill=INK, font=face, anchor="mm", stroke_width=size_px // 7, stroke_fill=PAPER)
