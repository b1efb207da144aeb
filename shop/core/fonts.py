"""The typeface of pictures and slips: Be Vietnam Pro, brought by the set-up, never committed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

_VENDOR = Path(__file__).parents[2] / "static" / "vendor"
WEIGHTS = (400, 700)


def path_of(weight: int = 700) -> Path | None:
    """The TrueType file of a weight, or None when the set-up has not brought it."""
    file = _VENDOR / f"be-vietnam-pro-{weight}.ttf"
    return file if file.is_file() else None


@lru_cache(maxsize=64)
def font(size_px: int, weight: int = 700) -> ImageFont.FreeTypeFont | None:
    """The typeface at a size in pixels, or None: whoever draws then leaves the words out."""
    file = path_of(weight)
    return ImageFont.truetype(file, size_px) if file else None
