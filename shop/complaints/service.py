"""A claim's way: made with photos within hours of delivery, answered by the co-op against a clock, or by the alliance.

Fruit that is spoilt is not sent back: whoever accepts gives the money back through `orders.giving_back`, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shop.complaints import letters
from shop.complaints.models import Complaint, ComplaintState
from shop.core.audit import SYSTEM, audit
from shop.core.dated import Dated, in_force
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.orders import giving_back
from shop.orders.giving_back import ParcelMoney, Wish
from shop.orders.models import Order, Parcel
from shop.orders.states import CLAIM_TIME, record

MOST_PHOTOS = 4
PAGE = 50
HOURS_TO_CLAIM = (
    Dated(
        48,
        "2026-01-01",
        "The market's own rule for fresh goods, told at the purchase; longer than the 24 hours that marketplaces give, "
        "within the 3 days after which a co-op is paid. Consumer law 19/2023/QH15 Art. 30 asks that goods are as told.",
    ),
)
HOURS_TO_ANSWER = (Dated(24, "2026-01-01", "The market's own rule: a day, as fruit cannot wait longer."),)


class TooLateToClaim(Refusal):
    """The hours for a claim are over, or the parcel has not arrived. Facts: hours."""


class PhotosMissing(Refusal):
    """A claim shows what is wrong: one photo at least."""


class ClaimedAlready(Refusal):
    """These goods of the parcel were claimed before. Facts: names."""


class NoSuchClaim(NotFound):
    """There is no such claim, or it is another's."""


class ClaimDecided(Refusal):
    """Somebody has decided already. Facts: state."""


def claim_until(parcel: Parcel) -> datetime | None:
    """Until when its buyer may claim; None before it is delivered."""
    if parcel.state != "delivered" or parcel.delivered_at is None:
        return None
    hours = timedelta(hours=in_force(HOURS_TO_CLAIM, parcel.delivered_at).value)
    return parcel.delivered_at + min(hours, CLAIM_TIME)


def of_order(session: Session, order_id: int) -> list[Complaint]:
    """The claims of an order, in the order they were made."""
    return list(session.exec(select(Complaint).where(Complaint.order_id == order_id).order_by(col(Complaint.id))))


def claimed_lines(claims: Iterable[Complaint]) -> set[int]:
    """The order lines that one of the claims is about: none is claimed again."""
    return {int(line_id) for it in claims for line_id in it.lines}


def claim(
    session: Session,
    order: Order,
    parcel_id: int,
    lines: Mapping[int, int],
    words: str,
    photo_ids: Sequence[int],
    now: datetime,
) -> int:
    """The buyer says which goods of a parcel arrived spoilt ({line: steps}); returns the claim's number.

    What was claimed before is not claimed again, other goods of the parcel are.
    Raises NoSuchClaim, TooLateToClaim, PhotosMissing, ClaimedAlready, NothingChosen.
    """
    parcel = session.get(Parcel, parcel_id, with_for_update=True)  # of two claims at once the second sees the first
    if parcel is None or parcel.order_id != order.id:
        raise NoSuchClaim
    until = claim_until(parcel)
    if until is None or now > until:
        raise TooLateToClaim(hours=in_force(HOURS_TO_CLAIM, now).value)
    _require_fresh(session, parcel_id, lines)
    if not photo_ids:
        raise PhotosMissing
    made = Complaint(
        parcel_id=parcel.id,
        order_id=order.id,
        coop_id=parcel.coop_id,
        words=words,
        lines={str(line_id): steps for line_id, steps in lines.items()},
        photo_ids=list(photo_ids),
        made_at=now,
        answer_by=now + timedelta(hours=in_force(HOURS_TO_ANSWER, now).value),
    )
    session.add(made)
    session.flush()
    _tell(session, made, "made", now)
    return made.id


def _require_fresh(session: Session, parcel_id: int, lines: Mapping[int, int]) -> None:
    earlier = claimed_lines(session.exec(select(Complaint).where(Complaint.parcel_id == parcel_id)))
    money = giving_back.parcel_money(session, parcel_id)
    if again := [line.product_name for line in money.lines if line.id in earlier and line.id in lines]:
        raise ClaimedAlready(names=again)
    if not lines or any(not 0 < steps <= money.left_steps.get(line_id, 0) for line_id, steps in lines.items()):
        raise giving_back.NothingChosen


def of_coop(session: Session, coop_id: int, complaint_id: int) -> Complaint:
    """Raises NoSuchClaim."""
    found = get(session, complaint_id)
    if found.coop_id != coop_id:
        raise NoSuchClaim
    return found


def get(session: Session, complaint_id: int) -> Complaint:
    """Raises NoSuchClaim."""
    found = session.get(Complaint, complaint_id)
    if found is None:
        raise NoSuchClaim
    return found


def list_of_coop(session: Session, coop_id: int) -> list[tuple[Complaint, Order]]:
    """A co-op's claims: what waits for it first, the shortest clock on top."""
    wanted = select(Complaint, Order).join(Order, col(Order.id) == Complaint.order_id)
    first = (col(Complaint.state) != ComplaintState.OPEN, col(Complaint.answer_by))
    return list(session.exec(wanted.where(Complaint.coop_id == coop_id).order_by(*first).limit(PAGE)))


def list_raised(session: Session) -> list[tuple[Complaint, Order]]:
    """For the alliance: what waits for it, the oldest first, then what it has decided."""
    wanted = select(Complaint, Order).join(Order, col(Order.id) == Complaint.order_id)
    mine = wanted.where(col(Complaint.raised_at).is_not(None))
    first = (col(Complaint.state) != ComplaintState.RAISED, col(Complaint.raised_at))
    return list(session.exec(mine.order_by(*first).limit(PAGE)))


def count(session: Session, state: ComplaintState, coop_id: int | None = None) -> int:
    """How many stand in a state, of this co-op if one is named."""
    wanted = select(func.count()).select_from(Complaint).where(Complaint.state == state)
    return session.exec(wanted.where(Complaint.coop_id == coop_id) if coop_id else wanted).one()


def money_of(session: Session, found: Complaint) -> ParcelMoney:
    """The parcel's goods and what can be given back."""
    return giving_back.parcel_money(session, found.parcel_id)


def accept(session: Session, found: Complaint, person: Person, now: datetime, limit_vnd: int) -> str:
    """The co-op or, once it is raised, the alliance gives the money back. Returns the refund's state.

    Above `limit_vnd` it is proposed, and a second person agrees. Raises ClaimDecided, TooMuchBack, NothingChosen.
    """
    _move(session, found, (found.state,), ComplaintState.ACCEPTED, person, now)
    lines = {int(line_id): steps for line_id, steps in found.lines.items()}
    wish = Wish(lines, None, "claim", goods_fit=False)
    given = giving_back.give_back(session, money_of(session, found), wish, person, now, limit_vnd)
    values = {"refund_vnd": given.amount_vnd, "decided_at": now, "decided_by": person.id}
    run(session, update(Complaint).where(col(Complaint.id) == found.id).values(**values))
    _tell(session, found, "accepted", now)
    return given.state


def refuse(session: Session, found: Complaint, why: str, person: Person, now: datetime) -> None:
    """The co-op says why not; then the alliance decides. Raises ClaimDecided."""
    told = {"refused_why": why, "raised_at": now}
    _move(session, found, (ComplaintState.OPEN,), ComplaintState.RAISED, person, now, **told)
    _tell(session, found, "raised", now)


def dismiss(session: Session, found: Complaint, why: str, person: Person, now: datetime) -> None:
    """The alliance says why the money stays. Raises ClaimDecided."""
    told = {"decided_why": why, "decided_at": now, "decided_by": person.id}
    _move(session, found, (ComplaintState.RAISED,), ComplaintState.DISMISSED, person, now, **told)
    _tell(session, found, "dismissed", now)


def raise_silent(db: Database, now: datetime) -> None:
    """Timed job: what a co-op let lie goes up to the alliance."""
    late = (Complaint.state == ComplaintState.OPEN, Complaint.answer_by <= now)
    with db.read() as session:
        ids = list(session.exec(select(Complaint.id).where(*late).limit(200)))
    for complaint_id in ids:
        with db.write() as session:
            found = session.get_one(Complaint, complaint_id, with_for_update=True)
            if found.state == ComplaintState.OPEN:
                _move(session, found, (ComplaintState.OPEN,), ComplaintState.RAISED, SYSTEM, now, raised_at=now)
                _tell(session, found, "raised", now)


def _move(
    session: Session,
    found: Complaint,
    before: Sequence[str],
    after: ComplaintState,
    person: Person,
    now: datetime,
    **told: object,
) -> None:
    """One guarded statement decides: of two who press, one reads that it is decided."""
    was = found.state
    open_states = (ComplaintState.OPEN, ComplaintState.RAISED)
    guard = (col(Complaint.id) == found.id, col(Complaint.state).in_([it for it in before if it in open_states]))
    if not run(session, update(Complaint).where(*guard).values(state=after, **told)).rowcount:
        session.refresh(found)
        raise ClaimDecided(state=found.state)
    session.refresh(found)
    audit(session, person, "claim", f"claim:{found.id}", was, after.value, now, found.coop_id)


def _tell(session: Session, found: Complaint, what: str, now: datetime) -> None:
    record(session, found.order_id, f"claim {what}", now, parcel_id=found.parcel_id, coop_id=found.coop_id)
    letters.tell(session, found, what, now)
