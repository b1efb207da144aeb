"""Every kind of page that a person can reach by links, one of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Page

# What ends the visit, leaves the market or is not a page.
NOT_A_PAGE = re.compile(
    r"^(/media/|/static/|/api/|/feeds/|/dang-xuat|/sitemap|.*\.(ics|csv|xlsx|zip|xml|pdf|txt|json|jpg|png)$)"
)


def kind_of(path: str) -> str:
    """`/san-pham/thanh-long-do` and `/san-pham/gao-st25` are of one kind."""
    parts = path.strip("/").split("/")
    known = {"san-pham", "danh-muc", "htx", "live", "don-hang"}
    if len(parts) > 1 and parts[0] in known:
        parts[1] = "*"
    return "/".join("*" if re.search(r"\d", part) else part for part in parts)


def reachable(page: Page, start: str, within: str = "/") -> Iterator[str]:
    """Addresses of pages, breadth first from `start` and below `within`; the window stands on each handed out."""
    waiting, seen = [start], {kind_of(urlsplit(start).path)}
    while waiting:
        address = waiting.pop(0)
        response = page.goto(address)
        if response is None or "text/html" not in response.headers.get("content-type", ""):
            continue
        yield address
        for href in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            parts = urlsplit(href)
            kind = kind_of(parts.path)
            inside = parts.netloc == urlsplit(page.url).netloc and parts.path.startswith(within)
            if inside and not NOT_A_PAGE.match(parts.path) and not parts.path.startswith("/en") and kind not in seen:
                seen.add(kind)
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
