"""Bring the fonts and scripts of others into static/vendor; `run.py` calls this after `npm ci`.

static/vendor/manifest.json maps a plain name to the file whose name carries its content, such as
{"htmx.js": "htmx.1a2b3c4d5e.js"}. The shop asks it for addresses and works, only plainer, without it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from unicodedata import normalize

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"

SCRIPTS = {
    "htmx.js": ["htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-sse.min.js"],
    "hls.js": ["hls.js/dist/hls.light.min.js"],
}
LICENCES = ["htmx.org", "hls.js", "@fontsource/be-vietnam-pro"]

FONT = "@fontsource/be-vietnam-pro/files/be-vietnam-pro-{part}-{weight}-normal.woff2"
FONT_PARTS = ("latin", "latin-ext", "vietnamese")
FONT_WEIGHTS = (400, 700)
FONTS_TOGETHER_BYTES = 45_000

VOWELS = "aăâeêioôơuưy"
TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"
ENGLISH = "".join(chr(code) for code in range(0x20, 0x7F))
PUNCTUATION = "\u00a0·–—…“”‘’‹›•×°½²©®«»−₫"  # the font has no arrows, stars or ticks: those are drawn icons


def letters() -> str:
    """Every character a Vietnamese or English sentence of the shop may need, once."""
    vowels = [normalize("NFC", vowel + tone) for vowel in VOWELS for tone in ("", *TONE_MARKS)]
    small = "".join(vowels) + "đ"
    return "".join(sorted(set(ENGLISH + PUNCTUATION + small + small.upper())))


def merged_font(weight: int) -> TTFont:
    """The three files of a weight, cut to what is needed and joined, so that one word is never two downloads."""
    wanted = {ord(letter) for letter in letters()}
    with tempfile.TemporaryDirectory() as folder:
        parts: list[str] = []
        drawn_at = 0
        for part in FONT_PARTS:
            font = TTFont(PACKAGES / FONT.format(part=part, weight=weight), recalcTimestamp=False)
            drawn_at = font["head"].modified
            mine = wanted & font.getBestCmap().keys()
            wanted -= mine
            cut(font, mine)
            parts.append(str(Path(folder) / f"{part}.ttf"))
            font.save(parts[-1])
        merged = Merger().merge(parts)
    # the same packages give the same bytes, so the same name, on every machine
    merged.recalcTimestamp = False
    merged["head"].created = merged["head"].modified = drawn_at
    return merged


def cut(font: TTFont, codes: set[int]) -> None:
    options = Options(layout_features=["kern", "mark", "mkmk", "tnum", "ccmp"], hinting=False, notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = None


def bring_fonts() -> dict[str, str]:
    """Both weights as woff2 for browsers (hashed names) and as TTF for pictures that Pillow draws (plain names)."""
    brought = {}
    for weight in FONT_WEIGHTS:
        font = merged_font(weight)
        font.save(VENDOR / f"be-vietnam-pro-{weight}.ttf")
        font.flavor = "woff2"
        plain = VENDOR / f"be-vietnam-pro-{weight}.woff2"
        font.save(plain)
        brought[plain.name] = place(plain.name, plain.read_bytes())
        plain.unlink()
    together = sum((VENDOR / name).stat().st_size for name in brought.values())
    if together > FONTS_TOGETHER_BYTES:
        raise SystemExit(f"the two fonts take {together} bytes, more than {FONTS_TOGETHER_BYTES}")
    return brought


def bring_scripts() -> dict[str, str]:
    return {
        name: place(name, b"\n".join(strip_map((PACKAGES / source).read_bytes()) for source in sources))
        for name, sources in SCRIPTS.items()
    }


def strip_map(script: bytes) -> bytes:
    """Without the last comment, which would make browsers ask for a map that is not served."""
    return b"\n".join(line for line in script.splitlines() if not line.startswith(b"//# sourceMappingURL="))


def place(name: str, content: bytes) -> str:
    """Write `content` under a name that changes with it, so that browsers may keep it for ever."""
    stem, _, kind = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{kind}"
    (VENDOR / hashed).write_bytes(content)
    return hashed


def bring_licences() -> None:
    for package in LICENCES:
        shutil.copy(PACKAGES / package / "LICENSE", VENDOR / f"{package.split('/')[-1]}.LICENSE.txt")


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    manifest = bring_scripts() | bring_fonts()
    bring_licences()
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
