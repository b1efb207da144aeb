"""Stylesheets, scripts, icons and fonts, served from memory under names made of their content.

A folder `static/css/app/` becomes `app.css`, `static/js/app/` becomes `app.js`: rooms add a file of
their own instead of growing a common one. Fonts and scripts of others stand in `static/vendor/`,
brought by the set-up; without them the shop is plainer and the log says so.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import brotli
import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

PREFIX = "/static/"
EXPECTED = ("htmx.js", "be-vietnam-pro-400.woff2", "be-vietnam-pro-700.woff2")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
_PACKABLE = {".css", ".js", ".svg", ".webmanifest", ".txt"}
_ASSET = re.compile(rb"asset\(([\w.-]+)\)")
_SAID = {"css": re.compile(rb"/\*.*?\*/\s*", re.DOTALL), "js": re.compile(rb"^\s*//.*\n", re.MULTILINE)}
"""What our sources say to who reads them, and no phone needs to fetch; in scripts only what has a line of its own."""
_FONT_FACE = re.compile(rb"@font-face\s*\{[^}]*\}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class File:
    """One file as it leaves: the plain body and, where it helps, the packed ones by coding."""

    body: bytes
    packed: dict[bytes, bytes]
    content_type: bytes
    etag: bytes


class Static:
    """An ASGI application that answers `/static/…` and knows the hashed address of every name."""

    def __init__(self, folder: Path) -> None:
        self._hashed: dict[str, str] = {}
        self._files: dict[str, File] = {}
        for name, body in _sources(folder).items():
            self._add(name, body)
        self.missing = tuple(name for name in EXPECTED if name not in self._hashed)
        if self.missing:
            log.warning("static.vendor_missing", files=self.missing, effect="the shop works, only plainer")

    def asset(self, name: str) -> str:
        """The address of `app.css`, `htmx.js` and so on; empty when the set-up could not bring it."""
        hashed = self._hashed.get(name)
        return PREFIX + hashed if hashed else ""

    def body(self, name: str) -> bytes:
        """The plain body of a file by its simple name. Raises KeyError."""
        return self._files[self._hashed[name]].body

    def packed_size(self, name: str) -> int:
        """Bytes of a file as gzip carries it."""
        file = self._files[self._hashed[name]]
        return len(file.packed.get(b"gzip", file.body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        file = self._files.get(scope["path"].rpartition(PREFIX)[2])
        if file is None or scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 404 if file is None else 405, [], b"")
            return
        headers = Headers(scope=scope)
        if headers.get("if-none-match", "").encode() == file.etag:
            await _answer(send, 304, [(b"etag", file.etag)], b"")
            return
        coding, body = _choose(file, headers.get("accept-encoding", ""))
        fields = [
            (b"content-type", file.content_type),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"etag", file.etag),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
            *([(b"content-encoding", coding)] if coding else []),
        ]
        await _answer(send, 200, fields, b"" if scope["method"] == "HEAD" else body)

    def _add(self, name: str, body: bytes) -> None:
        suffix = Path(name).suffix
        if suffix in {".css", ".js", ".webmanifest"}:
            body = self._with_addresses(body)
        digest = hashlib.sha256(body).hexdigest()[:10]
        hashed = f"{Path(name).stem}-{digest}{suffix}"
        packed = _packings(body) if suffix in _PACKABLE else {}
        etag = f'"{digest}"'.encode()
        self._hashed[name] = hashed
        self._files[hashed] = File(body, packed, TYPES[suffix].encode(), etag)

    def _with_addresses(self, body: bytes) -> bytes:
        """`asset(name)` in a stylesheet or script becomes the hashed address; a face whose font is missing goes."""

        def known(face: re.Match[bytes]) -> bytes:
            names = _ASSET.findall(face[0])
            return face[0] if all(name.decode() in self._hashed for name in names) else b""

        body = _FONT_FACE.sub(known, body)
        return _ASSET.sub(lambda hit: self.asset(hit[1].decode()).encode(), body)


def _sources(folder: Path) -> dict[str, bytes]:
    """Bodies by simple name, in an order in which a file stands after what it names."""
    found: dict[str, bytes] = {}
    found |= _vendor(folder / "vendor")
    for file in sorted(folder.glob("*.*")):
        if file.suffix in TYPES and file.suffix != ".webmanifest":
            found[file.name] = file.read_bytes()
    for kind, join in (("css", bytes), ("js", _scoped)):
        for bundle in sorted((folder / kind).glob("*")):
            files = sorted(bundle.glob(f"*.{kind}")) if bundle.is_dir() else [bundle]
            name = f"{bundle.name}.{kind}" if bundle.is_dir() else bundle.name
            found[name] = b"\n".join(join(_SAID[kind].sub(b"", file.read_bytes())) for file in files)
    found |= {file.name: file.read_bytes() for file in sorted(folder.glob("*.webmanifest"))}
    return found


def _scoped(script: bytes) -> bytes:
    """A block of its own, so that scripts joined into one do not see each other's names."""
    return b"{\n" + script + b"\n}"


def _vendor(folder: Path) -> dict[str, bytes]:
    """`manifest.json` says which file carries which simple name, because files there are hashed already."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return {}
    names: dict[str, str] = json.loads(manifest.read_text("utf-8"))
    return {name: (folder / file).read_bytes() for name, file in names.items() if (folder / file).is_file()}


@functools.lru_cache(maxsize=256)
def _packings(body: bytes) -> dict[bytes, bytes]:
    return {b"br": brotli.compress(body, quality=9), b"gzip": gzip.compress(body, 9, mtime=0)}


def _choose(file: File, accepted: str) -> tuple[bytes, bytes]:
    codings = {part.split(";")[0].strip() for part in accepted.split(",")}
    for coding, body in file.packed.items():
        if coding.decode() in codings:
            return coding, body
    return b"", file.body


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if not headers:
        headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
