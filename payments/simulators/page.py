"""What the simulated gateways' pages share: plain pages in Vietnamese with big buttons, and sending a notification."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import httpx2

CHOICES = {
    "agree": "Đồng ý trả",
    "decline": "Từ chối",
    "abandon": "Bỏ đi",
    "late": "Trả muộn",
    "wrong": "Trả sai số tiền",
    "twice": "Báo hai lần",
    "silent": "Không báo",
    "first": "Báo trước khi quay lại",
}
PRESSES = {name: words for name, words in CHOICES.items() if name != "first"} | {
    "before": CHOICES["first"],
    "expire": "Để hết hạn",
}
WRONG_BY_VND = 1_000
_STYLE = (
    "body{font:18px/1.5 sans-serif;max-width:28rem;margin:0 auto;padding:1rem;color:#222;background:#fff}"
    "h1{font-size:1.4rem}form{display:grid;gap:.75rem}form p{margin:0}"
    "button{font:inherit;width:100%;min-height:3.25rem;border:2px solid #555;border-radius:.5rem;background:#f4f4f4;"
    "color:#222}button[value=agree]{background:#0b5d2a;border-color:#0b5d2a;color:#fff}"
)


def choices(gateway: str, words: str, amount_vnd: int, hidden: Mapping[str, str]) -> str:
    """The gateway's page. A button posts its name of CHOICES as `choice`, with `hidden`, to the page's own address."""
    kept = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(hidden[name])}">' for name in hidden)
    shown = "".join(f'<button name="choice" value="{name}">{label}</button>' for name, label in CHOICES.items())
    return page(
        f"{gateway} (mô phỏng)",
        f'<p>{escape(words)}</p><p><strong>{vnd(amount_vnd)}</strong></p><form method="post">{kept}{shown}</form>'
        "<p>Đây là trang thử. Không có tiền thật.</p>",
    )


def notice(gateway: str, words: str, back_url: str = "") -> str:
    """A page that only says something, with the way back to the shop if there is one."""
    back = f'<p><a href="{escape(back_url)}">Về cửa hàng</a></p>' if back_url else ""
    return page(f"{gateway} (mô phỏng)", f'<p role="status">{escape(words)}</p>{back}')


def page(title: str, body: str = "") -> str:
    """A page without scripts. `body` is HTML: what others said in it is escaped already."""
    view = '<meta name="viewport" content="width=device-width,initial-scale=1">'
    head = f'<meta charset="utf-8">{view}<title>{title}</title>'
    shown = f"<body><main><h1>{title}</h1>{body}</main></body>"
    return f'<!doctype html><html lang="vi"><head>{head}<style>{_STYLE}</style></head>{shown}</html>'


def buttons() -> str:
    """A form with one button for each thing that a buyer or a gateway may do."""
    shown = (f'<p><button name="press" value="{name}">{words}</button></p>' for name, words in PRESSES.items())
    return f'<form method="post">{"".join(shown)}</form>'


def button(address: str, words: str) -> str:
    """A form of one button that posts nothing else."""
    return f'<form method="post" action="{address}"><button>{words}</button></form>'


def vnd(amount_vnd: int) -> str:
    """255000 -> "255.000 ₫"."""
    return f"{amount_vnd:,} ₫".replace(",", ".")


def tell(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    """Post a notification. What does not arrive is lost, and the shop has to ask."""
    try:
        httpx2.post(url, content=body, headers={"Content-Type": "application/json", **(headers or {})}, timeout=10)
    except httpx2.TransportError:
        return
