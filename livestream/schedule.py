"""Before a session: who sells what, when, at which live price, and how much is set aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from livestream.beside import tell_co_host
from livestream.chat.models import LiveCrew
from livestream.events import SessionMoved
from livestream.forbidden import refuse_claims
from livestream.models import AHEAD, CHANGEABLE, ON_AIR, LiveItem, LiveSession, SessionState
from livestream.moves import move
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.catalog import offers
from shop.catalog import service as catalog
from shop.coops import service as coops
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Invalid, NotAllowed, NotFound, Refusal
from shop.core.events import publish
from shop.core.i18n import local
from shop.core.pagecache import bump
from shop.core.text import slug
from shop.notify.choices import GROUPS
from shop.notify.service import drop
from shop.stock import service as stock

MOST_ITEMS = 100
EARLIEST, A_MINUTE = timedelta(minutes=5), timedelta(minutes=1)
USUAL_MINUTES, MOST_EVENINGS = 60, 14


class NoSuchSession(NotFound):
    """There is no such session, or it is another co-op's."""


class NoSuchItem(NotFound):
    """Nothing in the run of this session has that code. Facts: code."""


class HostIsBusy(Refusal):
    """The host or the co-op has another session at that time. Facts: title, starts_at, is_on_air, live_id.

    Another co-op's session is nobody's to hear of: its title is "", its live_id None.
    """


class StartsInThePast(Invalid):
    """A session is planned for later than now."""


class StartsTooSoon(Invalid):
    """A session is planned for now, or for long enough ahead that somebody can hear of it. Facts: minutes."""


class NothingInTheRun(Refusal):
    """A draft without items is not announced."""


class NotScheduled(Refusal):
    """Only a session that has not begun can be changed. Facts: title."""


class LivePriceTooHigh(Invalid):
    """A live price is never above the lowest ordinary price of late. Facts: name, price_vnd."""


class AlreadyInTheRun(Refusal):
    """This variant is in the run of the session already. Facts: code."""


class RunIsFull(Refusal):
    """The run of a session has no room for more. Facts: most."""


class NothingToSetAside(Refusal):
    """Nothing of this variant is counted in stock. Facts: name."""


@dataclass(frozen=True)
class Plan:
    """What the host wrote: when it starts (aware), how long, under which words."""

    title: str
    starts_at: datetime
    planned_minutes: int = 60
    summary: str = ""
    co_host: str = ""
    co_host_id: int | None = None


def session_of(session: Session, live_id: int) -> LiveSession:
    """The session. Raises NoSuchSession."""
    live = session.get(LiveSession, live_id)
    if live is None:
        raise NoSuchSession
    return live


def items_of(session: Session, live_id: int) -> list[LiveItem]:
    """The run of a session in its order."""
    mine = select(LiveItem).where(LiveItem.session_id == live_id)
    return list(session.exec(mine.order_by(col(LiveItem.position), col(LiveItem.id))))


def plan(
    session: Session, coop_id: int, host: Person, plan: Plan, now: datetime, *, draft: bool = False
) -> LiveSession:
    """Put a session on the schedule, or keep it as a draft: nobody hears of it, and its time is nobody's yet.

    Raises StartsInThePast, StartsTooSoon, HostIsBusy, ForbiddenClaim, NotAllowed (a co-host of another co-op),
    CoopNotVerified, PoliciesMissing.
    """
    coops.require_selling(session, [coop_id])
    refuse_claims(plan.title, plan.summary)
    _refuse_stranger(session, coop_id, host.id, plan)
    if not draft:
        _refuse_time(plan, now)
        refuse_overlap(session, coop_id, [host.id, plan.co_host_id], plan)
    live = LiveSession(
        slug=_free_slug(session, plan),
        coop_id=coop_id,
        host_id=host.id,
        co_host=plan.co_host,
        co_host_id=plan.co_host_id,
        state=SessionState.DRAFT if draft else SessionState.SCHEDULED,
        title=plan.title,
        summary=plan.summary,
        starts_at=plan.starts_at,
        planned_minutes=plan.planned_minutes,
        created_at=now,
        state_at=now,
    )
    session.add(live)
    session.flush()
    audit(session, host, "state", f"live:{live.id}", None, live.state, now, coop_id)
    tell_co_host(session, live, now)
    bump(session, "live")
    return live


def announce(session: Session, live_id: int, person: Person, now: datetime) -> None:
    """A draft is on the schedule from now on, for everybody to see.

    Raises NotScheduled, NothingInTheRun, StartsInThePast, StartsTooSoon, HostIsBusy.
    """
    live = _scheduled(session, live_id)
    told = Plan(live.title, live.starts_at, live.planned_minutes)
    if not items_of(session, live_id):
        raise NothingInTheRun
    _refuse_time(told, now)
    refuse_overlap(session, live.coop_id, [live.host_id, live.co_host_id], told, but=live_id)
    if not move(session, live, SessionState.SCHEDULED, person, now, SessionState.DRAFT):
        raise NotScheduled(title=live.title)
    tell_co_host(session, live, now)


def plan_again(session: Session, live_id: int, starts_at: datetime, person: Person, now: datetime) -> None:
    """A session that was missed gets another time; its run stands. Raises HostIsBusy, NotScheduled."""
    live = session_of(session, live_id)
    told = Plan(live.title, starts_at, live.planned_minutes)
    _refuse_time(told, now)
    refuse_overlap(session, live.coop_id, [live.host_id, live.co_host_id], told, but=live_id)
    if not move(session, live, SessionState.SCHEDULED, person, now, SessionState.MISSED, starts_at=starts_at):
        raise NotScheduled(title=live.title)
    publish(session, SessionMoved(live_id))


def practise(session: Session, coop_id: int, host: Person, title: str, now: datetime) -> LiveSession:
    """The host's own lobby, public to nobody, which never goes on air; one stands at a time, and is used again."""
    mine = select(LiveSession).where(
        col(LiveSession.is_practice), LiveSession.host_id == host.id, LiveSession.coop_id == coop_id
    )
    if there := session.exec(mine.where(LiveSession.state == SessionState.LOBBY)).first():
        return there
    live = LiveSession(
        slug=f"tap-{token_hex(6)}",
        coop_id=coop_id,
        host_id=host.id,
        title=title,
        starts_at=now,
        state=SessionState.LOBBY,
        state_at=now,
        created_at=now,
        is_practice=True,
    )
    session.add(live)
    session.flush()
    audit(session, host, "state", f"live:{live.id}", None, live.state, now, coop_id)
    return live


def replan(session: Session, live_id: int, plan: Plan, person: Person, now: datetime) -> None:
    """Change words and time before the session begins. Raises what `plan` raises, and NotScheduled."""
    live = _scheduled(session, live_id)
    refuse_claims(plan.title, plan.summary)
    _refuse_stranger(session, live.coop_id, live.host_id, plan)
    if live.state != SessionState.DRAFT:
        if plan.starts_at != live.starts_at:
            _refuse_time(plan, now)
        refuse_overlap(session, live.coop_id, [live.host_id, plan.co_host_id], plan, but=live_id)
    if plan.starts_at != live.starts_at:
        before, after = live.starts_at.isoformat(), plan.starts_at.astimezone(UTC).isoformat()
        audit(session, person, "starts_at", f"live:{live_id}", before, after, now, live.coop_id)
        publish(session, SessionMoved(live_id))
        drop(session, f"live:{live_id}:", GROUPS["live"])  # they name the old hour
    live.title, live.summary = plan.title, plan.summary
    live.co_host, live.co_host_id = plan.co_host, plan.co_host_id
    live.starts_at, live.planned_minutes = plan.starts_at, plan.planned_minutes
    tell_co_host(session, live, now)
    bump(session, "live", f"session:{live_id}")


def cancel(session: Session, live_id: int, person: Person, now: datetime) -> None:
    """Take a session off the schedule, or throw a draft away, of which nobody is told. Raises NotScheduled."""
    live = session_of(session, live_id)
    told = None if live.state == SessionState.DRAFT else now
    if not move(session, live, SessionState.CANCELLED, person, now, ended_at=told):
        raise NotScheduled(title=live.title)


def add_item(
    session: Session,
    live_id: int,
    variant_id: int,
    live_price_vnd: int,
    wanted: int,
    most_per_buyer: int,
    person: Person,
    now: datetime,
) -> LiveItem:
    """Put a variant of the co-op at the end of the run, under the next free code. Audited.

    Raises NotScheduled, NoSuchVariant, LivePriceTooHigh, AlreadyInTheRun, RunIsFull, NothingToSetAside.
    """
    live = _scheduled(session, live_id)
    variant = catalog.variant_of_coop(session, live.coop_id, variant_id)
    name = catalog.variants(session, [variant_id])[variant_id].product_name
    _refuse_price(session, variant_id, name, live_price_vnd, now)
    if not stock.pools_of(session, [variant.id]):
        raise NothingToSetAside(name=name)
    there = items_of(session, live_id)
    if len(there) >= MOST_ITEMS:
        raise RunIsFull(most=MOST_ITEMS)
    for item in there:
        if item.variant_id == variant_id:
            raise AlreadyInTheRun(code=item.code)
    item = LiveItem(
        session_id=live_id,
        code=_next_code(there),
        variant_id=variant_id,
        live_price_vnd=live_price_vnd,
        wanted=wanted,
        most_per_buyer=most_per_buyer,
        position=max((item.position for item in there), default=0) + 1,
    )
    session.add(item)
    session.flush()
    _audit_item(session, live, item, person, now, there=True)
    bump(session, "live", f"session:{live_id}")
    return item


def _audit_item(
    session: Session, live: LiveSession, item: LiveItem, person: Person, now: datetime, *, there: bool
) -> None:
    for what, value in (("live_price_vnd", item.live_price_vnd), ("wanted", item.wanted)):
        before, after = (None, value) if there else (value, None)
        audit(session, person, what, f"live:{live.id}:{item.code}", before, after, now, live.coop_id)


def drop_item(session: Session, live_id: int, item_id: int, person: Person, now: datetime) -> None:
    """Take an item out of the run before the session begins. Audited. Raises NotScheduled, NoSuchItem."""
    live = _scheduled(session, live_id)
    item = item_by_id(session, live_id, item_id)
    _audit_item(session, live, item, person, now, there=False)
    session.delete(item)
    bump(session, "live", f"session:{live_id}")


def item_by_id(session: Session, live_id: int, item_id: int) -> LiveItem:
    """The item, if it is in the run of that session. Raises NoSuchItem."""
    item = session.get(LiveItem, item_id)
    if item is None or item.session_id != live_id:
        raise NoSuchItem(code="")
    return item


def _scheduled(session: Session, live_id: int) -> LiveSession:
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)
    if live.state not in CHANGEABLE:
        raise NotScheduled(title=live.title)
    return live


def partners(session: Session, coop_id: int, but: int = 0) -> dict[int, str]:
    """Who of a co-op may stand beside the host: person id -> name, without the host."""
    theirs = [*accounts.holders(session, Role.HOST, coop_id), *accounts.holders(session, Role.MANAGER, coop_id)]
    return {row.id: row.name for row in theirs if row.id != but}


def _refuse_stranger(session: Session, coop_id: int, host_id: int, plan: Plan) -> None:
    if plan.co_host_id is not None and plan.co_host_id not in partners(session, coop_id, but=host_id):
        raise NotAllowed


def _refuse_time(plan: Plan, now: datetime) -> None:
    """Now, as a form that was open for some minutes means it, or at least five minutes ahead."""
    if plan.starts_at < now - EARLIEST:
        raise StartsInThePast
    if A_MINUTE < plan.starts_at - now < EARLIEST:
        raise StartsTooSoon(minutes=EARLIEST // A_MINUTE)


def refuse_overlap(session: Session, coop_id: int, people: Sequence[int | None], plan: Plan, but: int = 0) -> None:
    """A host, a co-host and a co-op sell in one place at a time; what is on air counts as long as it was planned.

    Raises HostIsBusy. `coop_id` 0 for somebody of none.
    """
    known = [one for one in people if one is not None]
    other = _at_that_time(session, [coop_id], known, plan.starts_at, plan.planned_minutes, but)
    if other:
        told = (other.title, other.id) if other.coop_id == coop_id else ("", None)
        raise HostIsBusy(title=told[0], live_id=told[1], starts_at=other.starts_at, is_on_air=other.on_air)


def _at_that_time(
    session: Session, coop_ids: Collection[int], people: Sequence[int], starts_at: datetime, minutes: int, but: int = 0
) -> LiveSession | None:
    helping = select(LiveCrew.session_id).where(
        LiveCrew.role == "co-host", col(LiveCrew.person_id).in_(people), col(LiveCrew.left_at).is_(None)
    )
    theirs = (col(LiveSession.host_id).in_(people), col(LiveSession.co_host_id).in_(people))
    near = select(LiveSession).where(
        col(LiveSession.state).in_((*AHEAD, *ON_AIR)),
        or_(col(LiveSession.coop_id).in_(coop_ids), *theirs, col(LiveSession.id).in_(helping)),
        LiveSession.id != but,
        col(LiveSession.is_practice).is_(False),
        LiveSession.starts_at < starts_at + timedelta(minutes=minutes),
    )
    in_order = session.exec(near.order_by(col(LiveSession.starts_at)))
    ends = ((other, other.starts_at + timedelta(minutes=other.planned_minutes)) for other in in_order)
    return next((other for other, ends_at in ends if ends_at > starts_at), None)


def free_evening(session: Session, coop_ids: Collection[int], host_id: int, now: datetime) -> datetime:
    """The next evening, as a clock in Vietnam shows it, when neither this host nor these co-ops sell live yet."""
    here = local(now)
    evening = here.replace(hour=max(19, min(23, here.hour + 1)), minute=30, second=0, microsecond=0)
    if evening <= here:
        evening = (evening + timedelta(days=1)).replace(hour=19)
    for _ in range(MOST_EVENINGS):
        if _at_that_time(session, coop_ids, [host_id], evening, USUAL_MINUTES) is None:
            break
        evening = (evening + timedelta(days=1)).replace(hour=19)
    return evening


def _refuse_price(session: Session, variant_id: int, name: str, live_price_vnd: int, now: datetime) -> None:
    ordinary_vnd = offers.lowest_ordinary_price(session, variant_id, now)
    if live_price_vnd > ordinary_vnd:
        raise LivePriceTooHigh(name=name, price_vnd=ordinary_vnd)


def _free_slug(session: Session, plan: Plan) -> str:
    day = local(plan.starts_at)
    stem = f"{slug(plan.title)[:70].strip('-') or 'live'}-{day:%d-%m}"
    alike = select(func.count()).where(col(LiveSession.slug).startswith(stem, autoescape=True))
    there = session.exec(alike).one()
    return stem if not there else f"{stem}-{there + 1}"


def _next_code(there: list[LiveItem]) -> str:
    taken = {item.code for item in there}
    return next(code for number in range(1, MOST_ITEMS + 2) if (code := f"A{number}") not in taken)
