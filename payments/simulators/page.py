"""The page of a simulated gateway: plain Vietnamese, big buttons, no scripts. Each button is one way it can go."""

from __future__ import annotations

import html
from collections.abc import Mapping

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
_STYLE = (
    "body{font:18px/1.5 sans-serif;max-width:28rem;margin:0 auto;padding:1rem;color:#222;background:#fff}"
    "h1{font-size:1.4rem}form p{margin:.75rem 0}button{font:inherit;width:100%;min-height:3.25rem;"
    "border:2px solid #555;border-radius:.5rem;background:#f4f4f4;color:#222}"
    "button[value=agree]{background:#0b5d2a;color:#fff}"
)


def choices(gateway: str, words: str, amount_vnd: int, hidden: Mapping[str, str], said: str = "") -> str:
    """The question: what is paid, how much, one button (`choice`) for each way. `said` is what went wrong before."""
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in hidden.items()
    )
    buttons = "".join(
        f'<p><button name="choice" value="{choice}">{shown}</button></p>' for choice, shown in CHOICES.items()
    )
    asked = f"<p>{html.escape(words)}</p><p><strong>{vnd(amount_vnd)}</strong></p>"
    before = f"<p><strong>{html.escape(said)}</strong></p>" if said else ""
    return framed(f"{gateway} (giả lập)", f'{before}{asked}<form method="post">{fields}{buttons}</form>')


def notice(gateway: str, text: str, back_url: str = "") -> str:
    """A page that says one thing, with the way back to the shop where there is one."""
    back = f'<p><a href="{html.escape(back_url)}">Quay lại cửa hàng</a></p>' if back_url else ""
    return framed(f"{gateway} (giả lập)", f"<p>{html.escape(text)}</p>{back}")


def framed(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML."""
    view = '<meta name="viewport" content="width=device-width,initial-scale=1">'
    head = f'<meta charset="utf-8">{view}<title>{title}</title>'
    shown = f"<body><h1>{title}</h1>{body}</body>"
    return f'<!doctype html><html lang="vi"><head>{head}<style>{_STYLE}</style></head>{shown}</html>'


def vnd(amount_vnd: int) -> str:
    """255000 -> "255.000 ₫"."""
    return f"{amount_vnd:,} ₫".replace(",", ".")
