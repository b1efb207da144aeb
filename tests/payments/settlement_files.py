"""Settlement files as gateways' portals export them, made of the same movements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.payments.bank_files import xlsx


@dataclass(frozen=True)
class Paid:
    """A movement in a file; `gross_vnd` below nothing went back to a buyer."""

    movement_id: str
    gross_vnd: int
    fee_vnd: int = 0
    reference: str = ""
    batch: str = "P1"
    kind: str = ""
    day: str = "22/11/2026"


def in_vietnamese(movements: Sequence[Paid]) -> bytes:
    """CSV with a title above, sums grouped by points, the kind in words and a total below."""
    lines = [
        "BẢNG ĐỐI SOÁT THANH TOÁN",
        "",
        "Ngày thanh toán;Mã giao dịch;Mã đơn hàng;Loại giao dịch;Số tiền;Phí;Mã phiên",
    ]
    for it in movements:
        kind = it.kind or ("Hoàn tiền" if it.gross_vnd < 0 else "Thanh toán")
        gross, fee = (f"{value:,}".replace(",", ".") for value in (it.gross_vnd, it.fee_vnd))
        lines.append(f"{it.day};{it.movement_id};{it.reference};{kind};{gross};{fee};{it.batch}")
    return "\n".join([*lines, f";;;Tổng cộng;{sum(it.gross_vnd for it in movements)};;"]).encode()


def in_english(movements: Sequence[Paid]) -> bytes:
    """XLSX with gross and net, no fee and no batch."""
    rows: list[list[object]] = [["Settlement date", "Transaction ID", "Order ID", "Gross amount", "Net amount"]]
    rows += [[it.day, it.movement_id, it.reference, it.gross_vnd, it.gross_vnd - it.fee_vnd] for it in movements]
    return xlsx(rows)


def of_stripe(movements: Sequence[Paid]) -> bytes:
    """The itemized payout reconciliation report, as CSV."""
    heads = "balance_transaction_id,created,currency,gross,fee,net,reporting_category,source_id,description"
    lines = [f"{heads},automatic_payout_id,automatic_payout_effective_at"]
    for number, it in enumerate(movements):
        kind = it.kind or ("refund" if it.gross_vnd < 0 else "charge")
        sums = f"{it.gross_vnd}.00,{it.fee_vnd}.00,{it.gross_vnd - it.fee_vnd}.00"
        lines.append(f"txn_{number},2026-11-20 01:00:00,vnd,{sums},{kind},{it.movement_id},x,{it.batch},2026-11-22")
    return "\n".join(lines).encode()
