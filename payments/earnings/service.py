"""What sellers earn: the market is an agent, so a buyer's money becomes the seller's only when the parcel is there.

2110 the buyer's -> 2210 earned, claims still possible -> 2220 payable -> (payouts). A refund takes the seller's part
back from wherever it is; what is no longer there becomes the seller's debt (1210), which later earnings pay first.
What a voucher of the market took off the price comes from the market's own expense (5330), so that the seller is paid
whole; the commission is taken from the price before that voucher.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from payments import ledger
from payments.books import lock_due
from payments.earnings.models import Earning, SellerAccount
from payments.ledger import Line
from payments.models import PaymentDue
from shop.core.db import Database, insert_once, run
from shop.core.errors import Refusal

_AT_ONCE = 500
GIFTS = ledger.account("5330", "vouchers")


class ReturnTooLarge(Refusal):
    """More than this parcel brought would be taken back. Facts: left_vnd."""


@dataclass(frozen=True)
class Sale:
    """A delivered parcel: `seller` "coop:7", `subject` "order:17", `parcel` "parcel:9", `label` the order's code.

    Goods and shipping are what the buyer pays; `gift_vnd` is what the market pays for the goods on top.
    """

    seller: str
    subject: str
    label: str
    parcel: str
    goods_vnd: int
    shipping_vnd: int
    commission_vnd: int
    payable_at: datetime
    gift_vnd: int = 0


@dataclass(frozen=True)
class Balances:
    """Where a seller's money stands. `debt_vnd` is owed to the market, `cash_vnd` buyers' cash the seller holds."""

    pending_vnd: int
    payable_vnd: int
    on_the_way_vnd: int
    debt_vnd: int
    cash_vnd: int


def earn(session: Session, sale: Sale, now: datetime) -> None:
    """The parcel is with the buyer: its money becomes the seller's, less the commission frozen at the sale.

    Only money that is here is earned: a carrier that collected less leaves the seller with less, of the market's gift
    in proportion. The second call for a parcel changes nothing.
    """
    due = lock_due(session, session.exec(select(PaymentDue.id).where(PaymentDue.subject == sale.subject)).one())
    funds = ledger.account("2110", due.subject)
    asked_vnd = sale.goods_vnd + sale.shipping_vnd
    paid_vnd = min(asked_vnd, -ledger.balance_vnd(session, funds))
    if paid_vnd <= 0:
        return
    gift_vnd = sale.gift_vnd * paid_vnd // asked_vnd
    gross_vnd = paid_vnd + gift_vnd
    commission_vnd = min(sale.commission_vnd, gross_vnd)
    row = {**vars(sale), "gross_vnd": gross_vnd, "commission_vnd": commission_vnd, "gift_vnd": gift_vnd}
    row |= {"goods_vnd": sale.goods_vnd + sale.gift_vnd, "earned_at": now}
    nothing_back = {"returned_vnd": 0, "returned_commission_vnd": 0, "returned_pending_vnd": 0, "returned_gift_vnd": 0}
    if not insert_once(session, Earning, {**row, **nothing_back}, ["parcel"]):
        return
    insert_once(session, SellerAccount, {"seller": sale.seller, "opened_at": now}, ["seller"])
    lines = [
        Line(funds, paid_vnd),
        Line(GIFTS, gift_vnd),
        Line(ledger.account("2210", sale.seller), commission_vnd - gross_vnd),
        Line(ledger.account("4110", sale.seller), -commission_vnd),
    ]
    ledger.post(session, f"{sale.parcel}:earned", "earned", lines, now, subject=sale.subject)


def release_due(db: Database, now: datetime) -> None:
    """Timed job: what may be claimed no longer becomes payable."""
    with db.read() as session:
        due = (col(Earning.released_at).is_(None), col(Earning.payable_at) <= now)
        ids = session.exec(select(Earning.id).where(*due).order_by(col(Earning.id)).limit(_AT_ONCE)).all()
    for earning_id in ids:
        with db.write() as session:
            release(session, earning_id, now)


def release(session: Session, earning_id: int, now: datetime) -> None:
    """Make one earning payable, after the seller's debt. The second call changes nothing."""
    mine = (col(Earning.id) == earning_id, col(Earning.released_at).is_(None))
    lock_seller(session, session.get_one(Earning, earning_id).seller)
    if run(session, update(Earning).where(*mine).values(released_at=now)).rowcount == 0:
        return
    earning = session.get_one(Earning, earning_id, populate_existing=True)
    amount_vnd = earning.net_vnd - earning.returned_pending_vnd
    if not amount_vnd:
        return
    debt = ledger.account("1210", earning.seller)
    paid_off_vnd = min(amount_vnd, ledger.balance_vnd(session, debt))
    lines = [
        Line(ledger.account("2210", earning.seller), amount_vnd),
        Line(debt, -paid_off_vnd),
        Line(ledger.account("2220", earning.seller), paid_off_vnd - amount_vnd),
    ]
    ledger.post(session, f"{earning.parcel}:released", "released", lines, now, subject=earning.subject)


def take_back(session: Session, subject: str, parcel: str, amount_vnd: int) -> list[Line]:
    """The debit lines of a refund of `amount_vnd` > 0 on a parcel; the caller books them against 2120.

    Before delivery that is the buyer's own money. Afterwards the market gives back its commission in proportion (all
    of it with the last đồng), the seller the rest: from what is pending, then payable, then as a debt. What the market
    gave on top of the buyer's money returns to the market in the same proportion.
    Raises ReturnTooLarge.
    """
    earning = _locked_earning(session, parcel) if parcel else None
    if earning is None:  # not delivered yet, or the refund is for no parcel in particular
        funds = ledger.account("2110", subject)
        left_vnd = -ledger.balance_vnd(session, funds)
        if amount_vnd > left_vnd:
            raise ReturnTooLarge(left_vnd=max(0, left_vnd))
        return [Line(funds, amount_vnd)]
    if amount_vnd > earning.left_vnd:
        raise ReturnTooLarge(left_vnd=earning.left_vnd)
    paid_vnd = earning.gross_vnd - earning.gift_vnd
    gift_vnd = earning.gift_vnd * (paid_vnd - earning.left_vnd + amount_vnd) // paid_vnd - earning.returned_gift_vnd
    returned_vnd = earning.returned_vnd + amount_vnd + gift_vnd
    commission_vnd = earning.commission_vnd * returned_vnd // earning.gross_vnd - earning.returned_commission_vnd
    share_vnd = amount_vnd + gift_vnd - commission_vnd
    waits_vnd = 0 if earning.released_at else earning.net_vnd - earning.returned_pending_vnd
    pending_vnd = min(share_vnd, waits_vnd)
    payable = ledger.account("2220", earning.seller)
    payable_vnd = min(share_vnd - pending_vnd, max(0, -ledger.balance_vnd(session, payable)))
    earning.returned_vnd = returned_vnd
    earning.returned_commission_vnd += commission_vnd
    earning.returned_gift_vnd += gift_vnd
    earning.returned_pending_vnd += pending_vnd
    session.add(earning)
    session.flush()
    return [
        Line(ledger.account("4110", earning.seller), commission_vnd),
        Line(ledger.account("2210", earning.seller), pending_vnd),
        Line(payable, payable_vnd),
        Line(ledger.account("1210", earning.seller), share_vnd - pending_vnd - payable_vnd),
        Line(GIFTS, -gift_vnd),
    ]


def _locked_earning(session: Session, parcel: str) -> Earning | None:
    """The seller before the earning, as a payout locks them, so that neither waits for the other."""
    seller = session.exec(select(Earning.seller).where(Earning.parcel == parcel)).first()
    if seller is None:
        return None
    lock_seller(session, seller)
    wanted = select(Earning).where(Earning.parcel == parcel).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def lock_seller(session: Session, seller: str) -> None:
    """Nobody else moves this seller's money until the end of the transaction."""
    session.exec(select(SellerAccount.seller).where(SellerAccount.seller == seller).with_for_update()).one()


def lock_sellers_of(session: Session, subject: str) -> None:
    """`lock_seller` for all whose parcels it brought, in the order of a payout run, so that neither waits for ever."""
    sellers = select(Earning.seller).where(Earning.subject == subject).distinct()
    for seller in sorted(session.exec(sellers)):
        lock_seller(session, seller)


def balances(session: Session, seller: str) -> Balances:
    """Where the seller's money stands now."""

    def stands(code: str, dimension: str = seller) -> int:
        return ledger.balance_vnd(session, ledger.account(code, dimension))

    cash_vnd = stands("1130", own_cash(seller))
    return Balances(-stands("2210"), -stands("2220"), -stands("2230"), stands("1210"), cash_vnd)


def own_cash(seller: str) -> str:
    """Under which name account 1130 keeps the cash that a seller collects itself (own delivery, pick-up)."""
    return f"own:{seller}"


def earnings_of(session: Session, seller: str, most: int = 200) -> list[Earning]:
    """The newest first."""
    wanted = select(Earning).where(Earning.seller == seller).order_by(col(Earning.id).desc()).limit(most)
    return list(session.exec(wanted))
