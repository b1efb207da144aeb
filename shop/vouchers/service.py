"""The rules of vouchers. Functions take an open session and never commit.

Who gives a voucher bears it: a co-op for its own goods, or the market (`MARKET`) for anybody's. One voucher counts in a
order, so a co-op's and the market's never add up, and the market's follows the same rule about other prices
(`counts_with`). Co-ops are paid whole for goods with a voucher of the market, and its commission is taken from the
price before that voucher.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from shop.core.audit import audit
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.core.money import split_by_share
from shop.vouchers.models import Voucher, VoucherUse

MARKET = "market"
"""The owner of the vouchers that the market itself gives and bears."""

LIVE, DEAL, SHOP = "live", "deal", "shop"
"""The kinds of price: of a session's lines, and the ordinary one. Another, `set`, is a price for goods together."""


def shop_owner(coop_id: int) -> str:
    """Whose vouchers come off a co-op's goods outside its sessions."""
    return f"coop:{coop_id}"


class NoSuchVoucher(NotFound):
    """Nothing in the cart was bought where this code counts. Facts: code."""


class VoucherGone(Refusal):
    """The voucher was stopped, or all of it is used. Facts: code."""


class VoucherUsedBefore(Refusal):
    """This buyer has had the voucher as often as one may. Facts: code, most."""


class VoucherCodeTaken(Refusal):
    """The owner has a voucher with this code. Facts: code."""


class VoucherNeverRuns(Invalid):
    """It would end before it begins, or its budget is below one order's part. Facts: most_off_vnd."""


class VoucherTooMuch(Invalid):
    """A voucher takes off at most half of the goods it asks for. Facts: least_vnd."""


@dataclass(frozen=True)
class Terms:
    """What a voucher gives: a percentage up to a ceiling, or a sum; how often, to one buyer, from how much on."""

    code: str
    percent: int
    off_vnd: int
    most_off_vnd: int
    least_vnd: int
    quantity: int
    most_per_buyer: int
    with_deals: bool = False


@dataclass(frozen=True)
class Given:
    """What only a voucher of the market has: how much it may cost in all, and from when until before when it counts."""

    budget_vnd: int
    opens_at: datetime
    ends_at: datetime


def make(session: Session, owner: str, coop_id: int, terms: Terms, person: Person, now: datetime) -> None:
    """From now on the code counts. Audited. Raises VoucherTooMuch, VoucherCodeTaken."""
    if terms.off_vnd and terms.least_vnd < terms.off_vnd * 2:
        raise VoucherTooMuch(least_vnd=terms.off_vnd * 2)
    _write(session, owner, terms, now, coop_id=coop_id)
    audit(session, person, "voucher", f"{owner}:{terms.code.upper()}", None, vars(terms), now, coop_id)


def give(session: Session, terms: Terms, given: Given, person: Person, now: datetime) -> None:
    """A voucher of the market, which bears it. Audited. Raises VoucherTooMuch, VoucherCodeTaken, VoucherNeverRuns."""
    most_vnd = terms.off_vnd or terms.most_off_vnd
    if given.ends_at <= max(now, given.opens_at) or given.budget_vnd < most_vnd:
        raise VoucherNeverRuns(most_off_vnd=most_vnd)
    if terms.off_vnd and terms.least_vnd < terms.off_vnd * 2:
        raise VoucherTooMuch(least_vnd=terms.off_vnd * 2)
    _write(session, MARKET, terms, now, **vars(given))
    told = {**vars(terms), "budget_vnd": given.budget_vnd, "until": given.ends_at.isoformat()}
    audit(session, person, "voucher", f"{MARKET}:{terms.code.upper()}", None, told, now, None)


def _write(session: Session, owner: str, terms: Terms, now: datetime, **more: Any) -> None:
    code = terms.code.upper()
    row = {**vars(terms), "code": code, "owner": owner, "used": 0, "spent_vnd": 0, "made_at": now, **more}
    row["most_off_vnd"] = terms.off_vnd or terms.most_off_vnd
    if not insert_once(session, Voucher, row, ["owner", "code"]):
        raise VoucherCodeTaken(code=code)


def close(session: Session, owner: str, voucher_id: int, person: Person, now: datetime) -> None:
    """Stop a voucher; orders that have it keep it. Raises NoSuchVoucher."""
    row = session.get(Voucher, voucher_id)
    if row is None or row.owner != owner:
        raise NoSuchVoucher(code="")
    still_open = (col(Voucher.id) == voucher_id, col(Voucher.closed_at).is_(None))
    if run(session, update(Voucher).where(*still_open).values(closed_at=now)).rowcount:
        audit(session, person, "voucher", f"{owner}:{row.code}", "open", "stopped", now, row.coop_id)


def of_owner(session: Session, owner: str) -> list[Voucher]:
    """All vouchers of a session, the newest first."""
    return list(session.exec(select(Voucher).where(Voucher.owner == owner).order_by(col(Voucher.id).desc())))


def find(session: Session, owners: Iterable[str], code: str, now: datetime) -> Voucher:
    """The voucher with this code of an owner, or of the market. Raises NoSuchVoucher, VoucherGone."""
    named = code.strip().upper()
    mine = select(Voucher).where(col(Voucher.owner).in_({*owners, MARKET}), Voucher.code == named)
    row = session.exec(mine.order_by(col(Voucher.id).desc())).first()
    if row is None:
        raise NoSuchVoucher(code=named)
    if not is_open(row, now):
        raise VoucherGone(code=named)
    return row


def is_open(voucher: Voucher, now: datetime) -> bool:
    """Whether one more order can have it now, as far as one can see: `use` decides."""
    runs = (voucher.opens_at or now) <= now and (voucher.ends_at is None or now < voucher.ends_at)
    left = voucher.budget_vnd is None or voucher.spent_vnd < voucher.budget_vnd
    return runs and left and has_uses(voucher)


def has_uses(voucher: Voucher) -> bool:
    """Whether it was not stopped, and not all of it is used; one of a co-op can be used then."""
    return voucher.closed_at is None and voucher.used < voucher.quantity


def counts_with(voucher: Voucher, price_kind: str) -> bool:
    """The rule of adding up: a voucher comes off an ordinary and a live price, off a deal only if it says so.

    It never comes off a set, nor off what costs less because many were taken or the co-op knows the buyer.
    """
    return price_kind in (LIVE, SHOP) or (voucher.with_deals and price_kind == DEAL)


def off(voucher: Voucher, goods: Sequence[tuple[str, int]], now: datetime) -> list[int]:
    """What comes off each of the goods (kind of price, đồng), to the đồng; all 0 when it does not count.

    At most the ceiling and at most half of what it counts for.
    """
    counted = [total_vnd if counts_with(voucher, kind) else 0 for kind, total_vnd in goods]
    whole_vnd = sum(counted)
    if not is_open(voucher, now) or not whole_vnd or whole_vnd < voucher.least_vnd:
        return [0] * len(goods)
    wish_vnd = voucher.off_vnd or whole_vnd * voucher.percent // 100
    return split_by_share(min(wish_vnd, voucher.most_off_vnd, whole_vnd // 2), counted)


def use(
    session: Session, voucher_id: int, order_id: int, phone: str, visitor_key: str, discount_vnd: int, now: datetime
) -> None:
    """An order has the voucher. Raises VoucherGone, VoucherUsedBefore: then the order is not placed with it.

    One statement counts the use and its money, so the budget of the market is never overspent, however many press.
    """
    spent_vnd = col(Voucher.spent_vnd) + discount_vnd
    free = (col(Voucher.id) == voucher_id, col(Voucher.closed_at).is_(None), col(Voucher.used) < col(Voucher.quantity))
    pays = (or_(col(Voucher.budget_vnd).is_(None), spent_vnd <= col(Voucher.budget_vnd)),)
    opens_at, ends_at = col(Voucher.opens_at), col(Voucher.ends_at)
    runs = (or_(opens_at.is_(None), opens_at <= now), or_(ends_at.is_(None), ends_at > now))
    taken = update(Voucher).where(*free, *pays, *runs).values(used=col(Voucher.used) + 1, spent_vnd=spent_vnd)
    row = run(session, taken.returning(col(Voucher.code), col(Voucher.most_per_buyer))).one_or_none()
    if row is None:
        raise VoucherGone(code=session.exec(select(Voucher.code).where(Voucher.id == voucher_id)).one())
    told = {"voucher_id": voucher_id, "order_id": order_id, "phone": phone, "visitor_key": visitor_key}
    insert_once(session, VoucherUse, {**told, "discount_vnd": discount_vnd, "used_at": now}, ["order_id"])
    same = (VoucherUse.phone == phone) | ((VoucherUse.visitor_key == visitor_key) & (VoucherUse.visitor_key != ""))
    before = select(func.count()).select_from(VoucherUse).where(VoucherUse.voucher_id == voucher_id, same)
    if session.exec(before.where(col(VoucherUse.returned_at).is_(None))).one() > row.most_per_buyer:
        raise VoucherUsedBefore(code=row.code, most=row.most_per_buyer)


def give_back(session: Session, order_id: int, now: datetime) -> None:
    """The order came to nothing: its voucher can be used again. Once, however often it is said."""
    _turn(session, order_id, -1, now)


def take_again(session: Session, order_id: int) -> None:
    """The order stands after all, with its voucher, even if that is one more, or dearer, than was promised."""
    _turn(session, order_id, 1, None)


def _turn(session: Session, order_id: int, by: int, returned_at: datetime | None) -> None:
    was = col(VoucherUse.returned_at).is_(None) if returned_at else col(VoucherUse.returned_at).is_not(None)
    turned = update(VoucherUse).where(col(VoucherUse.order_id) == order_id, was).values(returned_at=returned_at)
    row = run(session, turned.returning(col(VoucherUse.voucher_id), col(VoucherUse.discount_vnd))).one_or_none()
    if row is not None:
        counts = {"used": col(Voucher.used) + by, "spent_vnd": col(Voucher.spent_vnd) + by * row.discount_vnd}
        run(session, update(Voucher).where(col(Voucher.id) == row.voucher_id).values(counts))


def broken_rules(session: Session) -> list[str]:
    """For `chohtx verify`: a line for each voucher whose count and money are not those of its orders."""
    uses, off_vnd = func.count(col(VoucherUse.order_id)), func.coalesce(func.sum(col(VoucherUse.discount_vnd)), 0)
    standing = (col(VoucherUse.voucher_id) == Voucher.id) & col(VoucherUse.returned_at).is_(None)
    counted = (
        select(Voucher.code, Voucher.used, uses, Voucher.spent_vnd)
        .add_columns(off_vnd)
        .outerjoin(VoucherUse, standing)
        .group_by(col(Voucher.id))
    )
    rows = session.execute(counted.having(or_(col(Voucher.used) != uses, col(Voucher.spent_vnd) != off_vnd)))
    return [
        f"vouchers: {code} counts {used} and {spent_vnd}, {orders} orders have it for {sum_vnd}"
        for code, used, orders, spent_vnd, sum_vnd in rows
    ]
