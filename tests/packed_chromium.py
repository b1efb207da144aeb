"""A Chromium out of an npm package, for machines that have none and where nothing may be installed."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from pathlib import Path

import brotli

PACKAGES = Path(__file__).parents[1] / "node_modules"
PACKED = PACKAGES / "@sparticuz" / "chromium" / "bin"
UNPACKED = PACKAGES / ".chromium"

# It brings its own libraries, and without any font pages hang.
START = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib:$LD_LIBRARY_PATH" FONTCONFIG_PATH="$here" HOME="${HOME:-/tmp}"
exec "$here/chromium.bin" --no-sandbox --no-zygote "$@"
"""
FONTS = f"<fontconfig><dir>{UNPACKED / 'fonts'}</dir><cachedir>{UNPACKED / 'fonts-cache'}</cachedir></fontconfig>"


def unpack() -> Path | None:
    """The program, unpacked at the first call (200 MB); None where the package was not brought."""
    if not PACKED.exists():
        return None
    if not UNPACKED.exists():
        folder = Path(tempfile.mkdtemp(prefix=".chromium-", dir=PACKAGES))
        for archive in ("al2023", "fonts", "swiftshader"):
            with tarfile.open(fileobj=io.BytesIO(_unpacked(f"{archive}.tar.br"))) as tar:
                tar.extractall(folder, filter="data")
        (folder / "chromium.bin").write_bytes(_unpacked("chromium.br"))
        (folder / "chromium").write_text(START)
        (folder / "fonts.conf").write_text(FONTS)
        for name in ("chromium.bin", "chromium"):
            (folder / name).chmod(0o755)
        _place(folder)
    return UNPACKED / "chromium"


def _unpacked(name: str) -> bytes:
    content: bytes = brotli.decompress((PACKED / name).read_bytes())
    return content


def _place(folder: Path) -> None:
    """Whole or not at all; another worker of the tests may have been quicker."""
    try:
        folder.rename(UNPACKED)
    except OSError:
        shutil.rmtree(folder)
