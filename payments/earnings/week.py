"""What a seller earned in the last seven days, day by day: the numbers of the seller's own page and the rows behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, case, col, func, select

from payments.earnings.models import Earning
from shop.core.i18n import HERE, local

DAYS = 7


@dataclass(frozen=True)
class EarnedDay:
    """One day of the calendar in Vietnam; `kept_vnd` is the seller's part after what refunds took back."""

    day: date
    kept_vnd: int


def last_days(session: Session, seller: str, now: datetime) -> list[EarnedDay]:
    """Seven days, the last of them today, in one question however many parcels there were."""
    today = local(now).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    earned_at = col(Earning.earned_at)
    share = col(Earning.gross_vnd) - col(Earning.commission_vnd)
    kept = share - (col(Earning.returned_vnd) - col(Earning.returned_commission_vnd))
    sums = [func.sum(case(((earned_at >= _start(day)) & (earned_at < _start(day, 1)), kept), else_=0)) for day in days]
    mine = (col(Earning.seller) == seller, earned_at >= _start(days[0]))
    row: Sequence[int | None] = session.execute(select(*sums).where(*mine)).one()
    return [EarnedDay(day, int(kept_vnd or 0)) for day, kept_vnd in zip(days, row, strict=True)]


def rows(session: Session, seller: str, now: datetime, back: int, most: int = 200) -> list[Earning]:
    """What was earned today and on `back` days before it, the newest first."""
    since = _start(local(now).date() - timedelta(days=back))
    mine = select(Earning).where(Earning.seller == seller, Earning.earned_at >= since)
    return list(session.exec(mine.order_by(col(Earning.id).desc()).limit(most)))


def _start(day: date, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), HERE)
