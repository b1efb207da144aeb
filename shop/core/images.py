"""Pictures that people send: opened with care, turned upright, stripped, kept in several sizes.

Everything here is plain computing and may be slow or run into hostile files, so routes and
handlers call it through `shop.core.backroom` and never in their own thread.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from shop.core.backroom import Backroom, BackroomFailed
from shop.core.errors import Refusal
from shop.core.files import write_durably

MAX_UPLOAD_BYTES = 12_000_000
MAX_PIXELS = 40_000_000
WIDTHS_PX = (320, 640, 1280)
EXTENSIONS = {"avif": "avif", "webp": "webp", "jpeg": "jpg"}

_ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF")
_AVIF: dict[str, int] = {"quality": 60, "speed": 8, "max_threads": 1}
_PLACEHOLDER_PX = (16, 12)
_JOB_SECONDS = 30.0
# What Pillow's decoders raise on files that begin well and then turn out broken or hostile.
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, MemoryError)


class NotAnImage(Refusal):
    """The file is no JPEG, PNG, WebP or AVIF picture, whatever its name says."""


class ImageTooLarge(Refusal):
    """The file has more than `limit_mb` million bytes."""


class ImageTooManyPixels(Refusal):
    """The picture would unpack to more than `limit_megapixels` million pixels."""


class ImageBroken(Refusal):
    """The picture is cut short or damaged, or could not be worked on in time."""


@dataclass(frozen=True)
class Variant:
    """One file of a picture: `format` is avif, webp or jpeg; sizes in pixels."""

    format: str
    width: int
    height: int
    body: bytes


@dataclass(frozen=True)
class Stored:
    """A picture that is on disk: `key` names its content, sizes are of the largest variant.

    `placeholder` is a data URI of a few dozen bytes, `colour` the mean colour as #rrggbb,
    `formats` are the formats it exists in, best first.
    """

    key: str
    width: int
    height: int
    placeholder: str
    colour: str
    formats: tuple[str, ...]


def keep_upload(backroom: Backroom, raw: bytes, filename: str, media_dir: Path) -> Stored:
    """Takes an uploaded picture to the media folder, working in the back room.

    Raises what `open_upload` raises, and ImageBroken when the work dies or takes too long.
    """
    if len(raw) > MAX_UPLOAD_BYTES:
        raise ImageTooLarge(filename=filename, limit_mb=MAX_UPLOAD_BYTES // 1_000_000)
    try:
        return backroom.run(prepare, raw, filename, media_dir.resolve(), seconds=_JOB_SECONDS)
    except (BackroomFailed, MemoryError) as failed:
        raise ImageBroken(filename=filename) from failed


Frame = tuple[int, int, int, int]
"""What stays of a picture: left, top, width and height in thousandths of it."""


def redraw(backroom: Backroom, key: str, width: int, formats: list[str], how: str | Frame, media_dir: Path) -> Stored:
    """A stored picture, turned ("xoay-trai", "xoay-phai") or cut in the middle ("cat-vuong", "cat-ngang" is 4:3).

    With a frame, what lies in the frame.

    Works in the back room. Raises ImageBroken when the work dies, takes too long, or the files are gone.
    """
    kind = "jpeg" if "jpeg" in formats else formats[-1]
    file = (media_dir / path_of(key, width, kind)).resolve()
    try:
        return backroom.run(redrawn, file, how, media_dir.resolve(), seconds=_JOB_SECONDS)
    except (BackroomFailed, MemoryError) as failed:
        raise ImageBroken(filename=file.name) from failed


def redrawn(file: Path, how: str | Frame, media_dir: Path) -> Stored:
    """What `redraw` makes, in this process. Raises ImageBroken."""
    try:
        image = open_upload(file, file.name)
    except OSError as gone:
        raise ImageBroken(filename=file.name) from gone
    if isinstance(how, tuple):
        return keep(image.crop(_box(image, how)), media_dir)
    if how in _TURNS:
        return keep(image.transpose(_TURNS[how]), media_dir)
    wide, high = _SHAPES[how]
    across = min(image.width, image.height * wide // high)
    return keep(ImageOps.fit(image, (across, across * high // wide), Image.Resampling.LANCZOS), media_dir)


def _box(image: Image.Image, frame: Frame) -> Frame:
    left, top = frame[0] * image.width // 1000, frame[1] * image.height // 1000
    right, bottom = (frame[0] + frame[2]) * image.width // 1000, (frame[1] + frame[3]) * image.height // 1000
    return left, top, min(image.width, max(right, left + 1)), min(image.height, max(bottom, top + 1))


_TURNS = {"xoay-trai": Image.Transpose.ROTATE_90, "xoay-phai": Image.Transpose.ROTATE_270}
_SHAPES = {"cat-vuong": (1, 1), "cat-ngang": (4, 3)}


def prepare(raw: bytes, filename: str, media_dir: Path) -> Stored:
    """Opens an upload, makes its variants and stores them; raises what `open_upload` raises."""
    return keep(open_upload(raw, filename), media_dir)


def keep(image: Image.Image, media_dir: Path) -> Stored:
    """Makes the variants of a picture of our own and stores them."""
    return store(media_dir, variants(image), placeholder(image), colour(image))


def open_upload(source: bytes | Path, filename: str) -> Image.Image:
    """An upright sRGB picture that carries no metadata at all; of an animation the first frame.

    The content decides, not the name. Very large JPEGs come back smaller, never below the
    largest stored width. Raises NotAnImage, ImageTooLarge, ImageTooManyPixels or ImageBroken.
    """
    raw = source.read_bytes() if isinstance(source, Path) else source
    if len(raw) > MAX_UPLOAD_BYTES:
        raise ImageTooLarge(filename=filename, limit_mb=MAX_UPLOAD_BYTES // 1_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return _decode(raw, filename)


def variants(image: Image.Image) -> list[Variant]:
    """WebP and JPEG at every width up to the picture's own; AVIF first when it is the smaller."""
    sizes = [_at_width(image, width) for width in widths_for(image.width)]
    webp = [_encode(size, "webp", quality=80, method=4) for size in sizes]
    jpeg = [_encode(size, "jpeg", quality=80, optimize=True, progressive=True) for size in sizes]
    return _avif_if_smaller(sizes, webp) + webp + jpeg


def widths_for(width: int) -> tuple[int, ...]:
    """The widths in pixels in which a picture of this width is kept; never wider than itself."""
    smaller = tuple(w for w in WIDTHS_PX if w < width)
    return (*smaller, width) if width <= WIDTHS_PX[-1] else smaller


def store(media_dir: Path, files: list[Variant], placeholder: str, colour: str) -> Stored:
    """Writes the files under a name made of their content; the same picture twice is one."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.body)
    key = digest.hexdigest()[:32]
    for file in files:
        write_durably(media_dir / path_of(key, file.width, file.format), file.body)
    largest = max(files, key=lambda file: file.width)
    formats = tuple(dict.fromkeys(file.format for file in files))
    return Stored(key, largest.width, largest.height, placeholder, colour, formats)


def path_of(key: str, width: int, format: str) -> str:
    """Where a stored variant lies under the media folder, and its address under `/media/`."""
    return f"pictures/{key[:2]}/{key}-{width}.{EXTENSIONS[format]}"


def placeholder(image: Image.Image) -> str:
    """A blurred 16 × 12 picture as a WebP data URI, small enough to stand in the page."""
    tiny = ImageOps.fit(image, _PLACEHOLDER_PX, Image.Resampling.BOX)
    body = _encode(tiny, "webp", quality=10, method=6).body
    return "data:image/webp;base64," + base64.b64encode(body).decode("ascii")


def colour(image: Image.Image) -> str:
    """The mean colour of a picture as #rrggbb."""
    red, green, blue = image.resize((1, 1), Image.Resampling.BOX).convert("RGB").tobytes()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _decode(raw: bytes, filename: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(raw), formats=_ACCEPTED)
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        return _cleaned(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        limit = MAX_PIXELS // 1_000_000
        raise ImageTooManyPixels(filename=filename, limit_megapixels=limit) from bomb
    except UnidentifiedImageError as unknown:
        refusal = ImageBroken if _begins_like_a_picture(raw) else NotAnImage
        raise refusal(filename=filename) from unknown
    except _DECODER_ERRORS as broken:
        raise ImageBroken(filename=filename) from broken


def _cleaned(image: Image.Image) -> Image.Image:
    image.draft("RGB", (WIDTHS_PX[-1], WIDTHS_PX[-1]))
    image.load()
    upright = _upright(image)
    flat = _flattened(_in_srgb(upright, image.info.get("icc_profile")))
    # A new picture, because Pillow hands EXIF, XMP, profile and comments on by `info`.
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    return clean


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DECODER_ERRORS:
        return image  # only the EXIF block is damaged: the picture itself can be shown


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB") or image
    except (ImageCms.PyCMSError, *_DECODER_ERRORS):
        return image  # a profile that does not fit its picture is worth less than none


def _flattened(image: Image.Image) -> Image.Image:
    """RGB on white; 16-bit greys are scaled, where Pillow alone would clip them to white."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    opaque = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, opaque).convert("RGB")


def _begins_like_a_picture(raw: bytes) -> bool:
    return raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP")


def _at_width(image: Image.Image, width: int) -> Image.Image:
    if width == image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _avif_if_smaller(sizes: list[Image.Image], webp: list[Variant]) -> list[Variant]:
    """AVIF costs most of the time, so a size in the middle tells first whether it is worth it."""
    middle = len(sizes) // 2
    if len(_encode(sizes[middle], "avif", **_AVIF).body) >= len(webp[middle].body):
        return []
    return [_encode(size, "avif", **_AVIF) for size in sizes]


def _encode(image: Image.Image, format: str, **options: object) -> Variant:
    out = io.BytesIO()
    image.save(out, format, **options)
    return Variant(format, image.width, image.height, out.getvalue())
