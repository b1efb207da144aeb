"""What must always hold of live sessions, for `chohtx verify`."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from livestream.chat.models import HOLDING, Claim, ClaimState, LiveChat, LiveComment
from livestream.deals.verify import oversold_deals, wrongly_paused
from livestream.figures.verify import money_disagrees
from livestream.models import ON_AIR, LiveItem, LivePin, LiveSession
from shop.stock.models import Hold, HoldState, Pool


def broken_rules(session: Session) -> list[str]:
    """One line for each session that keeps units after its end, shows another item than its pins say, has lost
    a sentence, or has a claim that does not agree with its hold."""
    return [
        *_kept_back(session),
        *_wrong_pins(session),
        *_claims_without_goods(session),
        *_sentences_missing(session),
        *oversold_deals(session),
        *wrongly_paused(session),
        *money_disagrees(session),
    ]


def _kept_back(session: Session) -> list[str]:
    on_air = {f"live:{row}" for row in session.exec(select(LiveSession.id).where(col(LiveSession.state).in_(ON_AIR)))}
    free = select(Pool).where(col(Pool.owner).startswith("live:"), col(Pool.on_hand) > col(Pool.held))
    return [
        f"live: pool {pool.id} of {pool.owner}, which is not on air, keeps {pool.on_hand - pool.held} free units"
        for pool in session.exec(free)
        if pool.owner not in on_air
    ]


def _wrong_pins(session: Session) -> list[str]:
    still_shown = select(LivePin.session_id, LivePin.item_id).where(col(LivePin.unpinned_at).is_(None))
    shown = dict(session.exec(still_shown).all())
    return [
        f"live: session {row.id} shows item {row.pinned_item_id}, its pins say {shown.get(row.id)}"
        for row in session.exec(select(LiveSession))
        if row.pinned_item_id != shown.get(row.id)
    ]


def _claims_without_goods(session: Session) -> list[str]:
    """A claim that holds, holds exactly what it says in its item's pool; whoever waits or gave back holds nothing."""
    rows = session.exec(select(Claim, Hold, LiveItem.pool_id).join(Hold, col(Hold.id) == Claim.hold_id).join(LiveItem))
    wrong = [
        claim.id
        for claim, hold, pool_id in rows
        if hold.pool_id != pool_id
        or (claim.state in HOLDING and hold.state == HoldState.OPEN and hold.quantity != claim.quantity)
        or (claim.state == ClaimState.WAITING and hold.state == HoldState.OPEN)
    ]
    bare = select(Claim.id).where(col(Claim.state).in_(HOLDING), col(Claim.hold_id).is_(None))
    return [f"live: claim {claim_id} does not agree with its hold" for claim_id in (*wrong, *session.exec(bare))]


def _sentences_missing(session: Session) -> list[str]:
    """The sentences of a session are numbered 1, 2, 3 … without a gap."""
    kept = (
        select(LiveChat.session_id, LiveChat.last_number, func.count(col(LiveComment.id)), func.max(LiveComment.number))
        .outerjoin(LiveComment, col(LiveComment.session_id) == LiveChat.session_id)
        .group_by(col(LiveChat.session_id), col(LiveChat.last_number))
    )
    return [
        f"live: session {live_id} counts {last} sentences, {count} are kept, the last is {highest}"
        for live_id, last, count, highest in session.exec(kept)
        if not last == count == (highest or 0)
    ]
