"""Statement files as three banks export them, made of the same movements."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import xlsxwriter

ACCOUNT = "0071000888888"


@dataclass(frozen=True)
class Movement:
    """One movement of the account; `signed_vnd` below nothing is money out."""

    day: date
    signed_vnd: int
    content: str
    reference: str
    balance: int


def vietcombank(movements: Sequence[Movement], numbers: bool = False) -> bytes:
    """XLSX, day and document number in one cell, sums as texts with commas (or as numbers), a total, an address."""
    rows: list[list[Any]] = [
        ["NGÂN HÀNG TMCP NGOẠI THƯƠNG VIỆT NAM", "", "SAO KÊ TÀI KHOẢN\nACCOUNT STATEMENT"],
        ["Tên tài khoản/Account name:", "HTX XOÀI HÒA LỘC"],
        ["Số tài khoản/Account number:", ACCOUNT, "CIF: 12345678"],
        ["Từ/ From: 01/11/2026", "", "Đến/ To: 30/11/2026"],
        [],
        [
            *("STT\nNo.", "Ngày GD/ TNX Date\nSố CT/ Doc No", "Số tiền ghi nợ/\nDebit", "Số tiền ghi có/\nCredit"),
            *("Số dư/\nBalance", "Nội dung chi tiết/\nTransactions in detail"),
        ],
    ]
    for number, one in enumerate(movements, 1):
        debit, credit = max(-one.signed_vnd, 0), max(one.signed_vnd, 0)
        sums = [(value or "") if numbers else (f"{value:,}" if value else "") for value in (debit, credit)]
        balance = one.balance if numbers else f"{one.balance:,}"
        rows.append([number, f"{one.day:%d/%m/%Y}\n{one.reference}", *sums, balance, one.content])
    rows.append(["Tổng số", "", "9,999,000", "9,999,000"])
    rows.append(["Địa chỉ: 198 Trần Quang Khải, Hà Nội"])
    return xlsx(rows)


def bidv(movements: Sequence[Movement]) -> bytes:
    """Text with tabs in UTF-16, sums 1,250,000.00, the newest first."""
    rows: list[list[Any]] = [
        ["NGÂN HÀNG TMCP ĐẦU TƯ VÀ PHÁT TRIỂN VIỆT NAM"],
        [f"Số tài khoản: {ACCOUNT}  Loại tiền: VND"],
        ["STT", "Ngày giao dịch", "Số tiền ghi nợ", "Số tiền ghi có", "Số dư", "Mô tả giao dịch", "Số tham chiếu"],
    ]
    for number, one in enumerate(reversed(movements), 1):
        debit, credit = max(-one.signed_vnd, 0), max(one.signed_vnd, 0)
        sums = [f"{debit:,}.00", f"{credit:,}.00", f"{one.balance:,}.00"]
        rows.append([number, f"{one.day:%d/%m/%Y} 10:15:00", *sums, one.content, one.reference])
    return text(rows, "\t").encode("utf-16")


def agribank(movements: Sequence[Movement]) -> bytes:
    """CSV with semicolons in Windows-1258, sums 1.250.000, no references, totals and a signature below."""
    rows: list[list[Any]] = [
        ["NGÂN HÀNG NÔNG NGHIỆP VÀ PHÁT TRIỂN NÔNG THÔN VIỆT NAM"],
        ["SỔ PHỤ TÀI KHOẢN", ACCOUNT],
        ["Ngày", "Diễn giải", "Phát sinh nợ", "Phát sinh có", "Số dư"],
        ["", "Số dư đầu kỳ", "", "", "10.000.000"],
    ]
    for one in movements:
        debit, credit = max(-one.signed_vnd, 0), max(one.signed_vnd, 0)
        sums = [f"{value:,}".replace(",", ".") if value else "" for value in (debit, credit)]
        rows.append([f"{one.day:%d-%m-%Y}", one.content, *sums, f"{one.balance:,}".replace(",", ".")])
    rows += [
        ["Tổng cộng", "", "9.999.000", "9.999.000", ""],
        ["", "Số dư cuối kỳ", "", "", "1.000"],
        ["Kế toán trưởng"],
    ]
    return windows_1258(text(rows, ";"))


def text(rows: Sequence[Sequence[Any]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sao ke")
        dated = book.add_format({"num_format": "dd/mm/yyyy"})
        for place, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(place, column, value, dated)
                else:
                    sheet.write(place, column, value)
    return out.getvalue()


def windows_1258(written: str) -> bytes:
    """Windows-1258 has vowels with their hats, and tone marks as letters of their own behind them."""
    out = b""
    for letter in unicodedata.normalize("NFC", written):
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            first, *marks = list(unicodedata.normalize("NFD", letter))
            tone = next(mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323")
            hat = [mark for mark in marks if mark != tone]
            out += unicodedata.normalize("NFC", first + "".join(hat)).encode("cp1258") + tone.encode("cp1258")
    return out
