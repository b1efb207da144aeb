"""The file that the operator uploads to the bank: one transfer a line, as CSV and as XLSX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from payments.gateways.banks import bank_name
from payments.payouts.models import PayoutAccount, PayoutRun, Settlement
from payments.payouts.service import NotReleased
from shop.core.errors import NotFound
from shop.core.text import fold

HEADINGS = ("STT", "So tai khoan", "Ten nguoi huong", "Ngan hang", "So tien", "Noi dung")
CSV, XLSX = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CONTENT_LETTERS = 25
_NAME_LETTERS = 70
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cells = Sequence[str | int]


@dataclass(frozen=True)
class Transfer:
    """One line of the file; every text in capitals without marks, as banks take it."""

    account_no: str
    account_name: str
    bank: str
    amount_vnd: int
    content: str


def transfers(session: Session, run_id: int) -> list[Transfer]:
    """What of a run goes through the bank and did not bounce, in the order of the settlements.

    Raises NotFound, NotReleased while a second person is waited for.
    """
    run = session.get(PayoutRun, run_id)
    if run is None:
        raise NotFound(run_id=run_id)
    if run.released_at is None:
        raise NotReleased(total_vnd=run.total_vnd)
    wanted = (
        select(Settlement, PayoutAccount)
        .join(PayoutAccount, col(PayoutAccount.id) == Settlement.account_id)
        .where(Settlement.run_id == run_id, Settlement.state != "bounced", PayoutAccount.kind != "voucher")
        .order_by(col(Settlement.id))
    )
    return [_transfer(settlement, account) for settlement, account in session.exec(wanted)]


def content_of(settlement: Settlement) -> str:
    """What stands on the co-op's bank statement: at most 25 letters, and it names the settlement."""
    return plain(f"CHO HTX TRA {settlement.code}")[:_CONTENT_LETTERS]


def plain(text: str) -> str:
    """Capitals, digits and single spaces: what every bank takes, and nothing that a spreadsheet would calculate."""
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", fold(text).upper()).split())


def defused(cell: str | int) -> str | int:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front. Source: OWASP, CSV Injection."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def as_csv(rows: Sequence[Cells]) -> bytes:
    """UTF-8 with the mark by which Excel knows it."""
    text = io.StringIO()
    csv.writer(text).writerows([defused(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Cells]) -> bytes:
    """One sheet; texts stay texts, so that an account number keeps its zeros and nothing is calculated."""
    import xlsxwriter  # a start does not pay for what is asked for once a month

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet("Chi ho")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(at, column, defused(cell))
        sheet.set_column(1, len(rows[0]) - 1, 24)
    return content.getvalue()


def table(lines: Sequence[Transfer]) -> list[Cells]:
    """The headings and a row for each transfer."""
    rows: list[Cells] = [
        (at, line.account_no, line.account_name, line.bank, line.amount_vnd, line.content)
        for at, line in enumerate(lines, start=1)
    ]
    return [HEADINGS, *rows]


def _transfer(settlement: Settlement, account: PayoutAccount) -> Transfer:
    bank = bank_name(account.bank_bin) if account.bank_bin else account.bank_name
    return Transfer(
        account_no=account.account_no,
        account_name=plain(account.account_name)[:_NAME_LETTERS],
        bank=plain(bank),
        amount_vnd=settlement.amount_vnd,
        content=content_of(settlement),
    )
