"""Payouts as the operator and the co-ops read them. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from payments.earnings.models import Earning
from payments.payouts.models import PayoutAccount, PayoutLeftOut, PayoutRow, PayoutRun, Settlement
from shop.core.errors import NotFound


@dataclass(frozen=True)
class Payout:
    """A settlement with the account that it was ordered to."""

    settlement: Settlement
    account: PayoutAccount


@dataclass(frozen=True)
class RunView:
    """Everything of a run: what it pays, and whom it left out."""

    run: PayoutRun
    payouts: list[Payout]
    left_out: list[PayoutLeftOut]

    def by_state(self, state: str) -> list[Payout]:
        return [it for it in self.payouts if it.settlement.state == state]

    @property
    def in_file(self) -> list[Payout]:
        """What the bank's file holds."""
        return [it for it in self.payouts if it.account.kind != "voucher" and it.settlement.state != "bounced"]


@dataclass(frozen=True)
class Listed:
    """A row of a settlement, with the earning behind it where there is one."""

    row: PayoutRow
    earning: Earning | None


def runs(session: Session, most: int = 30) -> list[PayoutRun]:
    """The newest first."""
    return list(session.exec(select(PayoutRun).order_by(col(PayoutRun.id).desc()).limit(most)))


def standing(session: Session, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many payouts of each run stand in each state; those that were paid by a later run left out."""
    wanted = (
        select(Settlement.run_id, Settlement.state, func.count())
        .where(col(Settlement.run_id).in_(run_ids), col(Settlement.relisted_in).is_(None))
        .group_by(col(Settlement.run_id), col(Settlement.state))
    )
    found: dict[int, dict[str, int]] = {run_id: {} for run_id in run_ids}
    for run_id, state, count in session.exec(wanted):
        found[run_id][state] = count
    return found


def one_run(session: Session, run_id: int) -> RunView:
    """Raises NotFound."""
    run = session.get(PayoutRun, run_id)
    if run is None:
        raise NotFound(run_id=run_id)
    left_out = select(PayoutLeftOut).where(PayoutLeftOut.run_id == run_id).order_by(col(PayoutLeftOut.seller))
    return RunView(run, _payouts(session, run_id=run_id), list(session.exec(left_out)))


def one_payout(session: Session, settlement_id: int, seller: str = "") -> Payout:
    """Raises NotFound, also for another seller's when `seller` is given."""
    settlement = session.get(Settlement, settlement_id)
    if settlement is None or (seller and settlement.seller != seller):
        raise NotFound(settlement_id=settlement_id)
    return Payout(settlement, session.get_one(PayoutAccount, settlement.account_id))


def payouts_of(session: Session, seller: str, most: int = 50) -> list[Payout]:
    """The seller's payouts, the newest first."""
    return _payouts(session, seller=seller)[::-1][:most]


def listed(session: Session, settlement_id: int) -> list[Listed]:
    """What the settlement pays, line by line, in the order in which it was listed."""
    wanted = (
        select(PayoutRow, Earning)
        .outerjoin(Earning, col(Earning.id) == PayoutRow.earning_id)
        .where(PayoutRow.settlement_id == settlement_id)
        .order_by(col(PayoutRow.id))
    )
    return [Listed(row, earning) for row, earning in session.exec(wanted)]


def waiting(session: Session, seller: str, most: int = 200) -> list[Earning]:
    """What is earned while claims are still possible, the first to become payable first."""
    mine = (Earning.seller == seller, col(Earning.released_at).is_(None))
    return list(session.exec(select(Earning).where(*mine).order_by(col(Earning.payable_at)).limit(most)))


def _payouts(session: Session, run_id: int | None = None, seller: str = "") -> list[Payout]:
    wanted = select(Settlement, PayoutAccount).join(PayoutAccount, col(PayoutAccount.id) == Settlement.account_id)
    mine = Settlement.run_id == run_id if run_id is not None else Settlement.seller == seller
    return [Payout(*row) for row in session.exec(wanted.where(mine).order_by(col(Settlement.id)))]
