"""Labels and packing slips as PDF, in Be Vietnam Pro: A6 and A4 sheets, and the 80 mm roll of a thermal printer.

What stands on them is put in words here; drawing is slow and runs in the back room (`draw`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shop.coops.models import Coop
from shop.core.fonts import WEIGHTS, path_of
from shop.core.i18n import gettext as _
from shop.core.i18n import kg, phone
from shop.core.money import format_vnd
from shop.orders.days import ListParcel

Paper = Literal["a6", "a4", "k80"]
MM = 72 / 25.4
PAPERS: dict[Paper, tuple[float, float | None, float]] = {
    "a6": (105 * MM, 148 * MM, 1.0),
    "a4": (210 * MM, 297 * MM, 1.35),
    "k80": (80 * MM, None, 0.85),  # a roll has the length of what is printed
}
"""Width, height and size of the letters against those of A6."""
MARGIN = 5 * MM
SIZES = {"huge": (20, 700), "big": (14, 700), "bold": (10, 700), "text": (9.5, 400), "code": (9.5, 400)}


class NoFont(Exception):
    """The set-up has not brought the typeface: nothing can be written in Vietnamese."""


@dataclass(frozen=True)
class Row:
    """One line of a slip: words, more words at the right end of it, a bar code, or (no words) a rule."""

    look: str
    words: str = ""
    right: str = ""


def rows_of(it: ListParcel, coop: Coop, *, slip: bool) -> list[Row]:
    """What stands on the label of a parcel; on a slip also what is in it and what it costs."""
    cash = _("Thu hộ: %(sum)s") % {"sum": format_vnd(it.cash_vnd)} if it.cash_vnd else _("Đã trả tiền, không thu")
    to = _("Khách tự đến lấy") if it.way == "pickup" else it.address
    weight_g = sum(line.weight_g for line in it.lines)
    rows = [
        Row("bold", coop.name, phone(coop.phone)),
        Row("rule"),
        Row("code", it.code),
        Row("text", _("Người nhận")),
        Row("big", it.name),
        Row("huge", phone(it.phone)),
        Row("text", to),
        *([Row("bold", it.note)] if it.note else []),
        Row("rule"),
        Row("big", cash),
        Row("text", _("Khoảng %(weight)s, %(n)s món") % {"weight": kg(weight_g), "n": len(it.lines)}),
    ]
    for line in it.lines:
        told = f"{line.quantity} × {line.product_name}, {line.variant_name}"
        if line.set_count:
            told += f" ({line.set_count} × {line.set_name})"
        rows.append(Row("text", told, format_vnd(line.total_vnd) if slip else ""))
    if slip:
        shipping_vnd = it.total_vnd - sum(line.total_vnd for line in it.lines)
        rows += [Row("rule"), Row("text", _("Phí giao hàng"), format_vnd(shipping_vnd))]
        rows += [Row("big", _("Tổng cộng"), format_vnd(it.total_vnd)), Row("text", _("Cảm ơn bạn đã mua của bà con."))]
    return rows


def draw(pages: Sequence[Sequence[Row]], paper: Paper) -> bytes:
    """A PDF with a sheet for each parcel; runs in the back room. Raises NoFont."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for weight in WEIGHTS:
        file = path_of(weight)
        if file is None:
            raise NoFont
        pdfmetrics.registerFont(TTFont(f"market-{weight}", str(file)))
    width, height, scale = PAPERS[paper]
    body = io.BytesIO()
    canvas = Canvas(body, invariant=1)
    for rows in pages:
        needed = 2 * MARGIN - _sheet(None, rows, width, 0, scale)
        length = height or needed
        canvas.setPageSize((width, length))
        _sheet(canvas, rows, width, length - MARGIN, scale * min(1, length / needed))  # much in it: smaller letters
        canvas.showPage()
    canvas.save()
    return body.getvalue()


def _sheet(canvas: Any, rows: Sequence[Row], width: float, y: float, scale: float) -> float:
    """Write the rows downwards from `y`, or only measure them without a canvas; returns where they end."""
    for row in rows:
        if row.look == "rule":
            y -= 2.5 * MM
            if canvas:
                canvas.line(MARGIN, y, width - MARGIN, y)
            y -= 1 * MM
            continue
        y = _code(canvas, row.words, width, y, scale) if row.look == "code" else y
        y = _words(canvas, row, width, y, scale)
    return y


def _words(canvas: Any, row: Row, width: float, y: float, scale: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    size, weight = SIZES[row.look][0] * scale, SIZES[row.look][1]
    name = f"market-{weight}"
    right_w = stringWidth(row.right, name, size) + 3 * MM if row.right else 0
    for at, words in enumerate(_wrapped(row.words, name, size, width - 2 * MARGIN - right_w)):
        y -= size * 1.4  # stacked marks must not clip
        if not canvas:
            continue
        canvas.setFont(name, size)
        if row.look == "code":
            canvas.drawCentredString(width / 2, y, words)
        else:
            canvas.drawString(MARGIN, y, words)
        if at == 0 and row.right:
            canvas.drawRightString(width - MARGIN, y, row.right)
    return y


def _wrapped(words: str, name: str, size: float, width: float) -> list[str]:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if stringWidth(longer, name, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _code(canvas: Any, words: str, width: float, y: float, scale: float) -> float:
    from reportlab.graphics.barcode.code128 import Code128

    tall = 11 * MM * scale
    if canvas:
        bars = Code128(words, barHeight=tall, barWidth=0.9 * scale)
        bars.drawOn(canvas, (width - bars.width) / 2, y - tall - 2 * MM)
    return y - tall - 2 * MM
