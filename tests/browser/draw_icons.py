"""python -m tests.browser.draw_icons: the icons of the home screen, drawn from static/favicon.svg.

A maskable icon is cut to a circle or a rounded square by the phone: its fruit keeps to the middle 80 %.
Source: W3C, Web Application Manifest, "Icon masks and safe zone".
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.servers import find_chromium

STATIC = Path(__file__).parents[2] / "static"
PAPER = "#fffaf3"
ICONS = {"icon-192.png": (192, 0.86), "icon-512.png": (512, 0.86), "icon-maskable-512.png": (512, 0.6)}


def draw() -> None:
    """Each in 64 colours, which is all a flat drawing has."""
    fruit = (STATIC / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, (side, share) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(
                f"<body style='margin:0;height:100vh;display:grid;place-items:center;background:{PAPER}'>"
                f"<div style='width:{side * share}px;line-height:0'>{fruit}</div>"
            )
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(64)
            picture.save(STATIC / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    draw()
