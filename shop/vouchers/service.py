"""The rules of vouchers. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from shop.core.audit import audit
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.core.money import split_by_share
from shop.vouchers.models import Voucher, VoucherUse

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
    """The session has a voucher with this code. Facts: code."""


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


def make(session: Session, owner: str, coop_id: int, terms: Terms, person: Person, now: datetime) -> None:
    """From now on the code counts. Audited. Raises VoucherTooMuch, VoucherCodeTaken."""
    if terms.off_vnd and terms.least_vnd < terms.off_vnd * 2:
        raise VoucherTooMuch(least_vnd=terms.off_vnd * 2)
    row = {**vars(terms), "code": terms.code.upper(), "owner": owner, "coop_id": coop_id, "used": 0, "made_at": now}
    row["most_off_vnd"] = terms.off_vnd or terms.most_off_vnd
    if not insert_once(session, Voucher, row, ["owner", "code"]):
        raise VoucherCodeTaken(code=terms.code.upper())
    audit(session, person, "voucher", f"{owner}:{terms.code.upper()}", None, vars(terms), now, coop_id)


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


def find(session: Session, owners: Iterable[str], code: str) -> Voucher:
    """The voucher with this code where something was bought. Raises NoSuchVoucher, VoucherGone."""
    named = code.strip().upper()
    mine = select(Voucher).where(col(Voucher.owner).in_(set(owners)), Voucher.code == named)
    row = session.exec(mine.order_by(col(Voucher.id).desc())).first()
    if row is None:
        raise NoSuchVoucher(code=named)
    if not is_open(row):
        raise VoucherGone(code=named)
    return row


def is_open(voucher: Voucher) -> bool:
    """Whether one more order can have it."""
    return voucher.closed_at is None and voucher.used < voucher.quantity


def counts_with(voucher: Voucher, price_kind: str) -> bool:
    """The rule of adding up: a voucher comes off an ordinary and a live price, off a deal only if it says so.

    It never comes off a set, nor off what costs less because many were taken or the co-op knows the buyer.
    """
    return price_kind in (LIVE, SHOP) or (voucher.with_deals and price_kind == DEAL)


def off(voucher: Voucher, goods: Sequence[tuple[str, int]]) -> list[int]:
    """What comes off each of the goods (kind of price, đồng), to the đồng; all 0 when it does not count.

    At most the ceiling and at most half of what it counts for.
    """
    counted = [total_vnd if counts_with(voucher, kind) else 0 for kind, total_vnd in goods]
    whole_vnd = sum(counted)
    if not is_open(voucher) or not whole_vnd or whole_vnd < voucher.least_vnd:
        return [0] * len(goods)
    wish_vnd = voucher.off_vnd or whole_vnd * voucher.percent // 100
    return split_by_share(min(wish_vnd, voucher.most_off_vnd, whole_vnd // 2), counted)


def use(
    session: Session, voucher_id: int, order_id: int, phone: str, visitor_key: str, discount_vnd: int, now: datetime
) -> None:
    """An order has the voucher. Raises VoucherGone, VoucherUsedBefore: then the order is not placed with it."""
    free = (col(Voucher.id) == voucher_id, col(Voucher.closed_at).is_(None), col(Voucher.used) < col(Voucher.quantity))
    taken = update(Voucher).where(*free).values(used=col(Voucher.used) + 1)
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
    """The order stands after all, with its voucher, even if that is one more than was promised."""
    _turn(session, order_id, 1, None)


def _turn(session: Session, order_id: int, by: int, returned_at: datetime | None) -> None:
    was = col(VoucherUse.returned_at).is_(None) if returned_at else col(VoucherUse.returned_at).is_not(None)
    turned = update(VoucherUse).where(col(VoucherUse.order_id) == order_id, was).values(returned_at=returned_at)
    voucher_id = run(session, turned.returning(col(VoucherUse.voucher_id))).scalar_one_or_none()
    if voucher_id is not None:
        run(session, update(Voucher).where(col(Voucher.id) == voucher_id).values(used=col(Voucher.used) + by))


def broken_rules(session: Session) -> list[str]:
    """For `chohtx verify`: a line for each voucher whose count is not the number of its orders."""
    uses = func.count(col(VoucherUse.order_id))
    standing = (col(VoucherUse.voucher_id) == Voucher.id) & col(VoucherUse.returned_at).is_(None)
    counted = select(Voucher.code, Voucher.used, uses).outerjoin(VoucherUse, standing).group_by(col(Voucher.id))
    rows = session.exec(counted.having(or_(col(Voucher.used) != uses)))
    return [f"vouchers: {code} counts {used}, {orders} orders have it" for code, used, orders in rows]
