"""The run of a session before it begins: its order, what the host wants to say about each item, the same next week."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from livestream.models import LiveItem, LiveSession
from livestream.models import SessionState as S
from livestream.schedule import NotScheduled, Plan, add_item, item_by_id, items_of, plan, session_of
from livestream.video import embeds
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump

WEEK, MOST_WEEKS = timedelta(weeks=1), 12


class NothingToRepeat(Refusal):
    """A session without items is not repeated."""


def move_item(session: Session, live_id: int, item_id: int, places: int) -> None:
    """Show an item earlier (-1) or later (1) in the run; past the ends nothing changes. Codes stay as they are said.

    Raises NoSuchSession, NoSuchItem. Also on air: only the host's list and the viewers' list follow it.
    """
    moved = item_by_id(session, live_id, item_id)
    run = items_of(session, live_id)
    at = run.index(moved)
    to = min(max(at + places, 0), len(run) - 1)
    run.insert(to, run.pop(at))
    for position, item in enumerate(run, start=1):
        item.position = position
    bump(session, f"session:{live_id}")


def set_prompt(session: Session, live_id: int, item_id: int, prompt: str) -> None:
    """What the host reads while showing the item; nobody else sees it. Raises NoSuchItem."""
    item_by_id(session, live_id, item_id).prompt = " ".join(prompt.split())
    bump(session, f"session:{live_id}")


def show_from(session: Session, live_id: int, address: str, person: Person, now: datetime) -> None:
    """Another site's player is the room's picture from now on; with "" it is not. Audited.

    Raises NoSuchSession, NotAPlayer, ShortAddress.
    """
    live = session_of(session, live_id)
    kept = embeds.read(address).kept if address.strip() else ""
    audit(session, person, "embed", f"live:{live_id}", live.embed or None, kept or None, now, live.coop_id)
    live.embed = kept
    bump(session, "live", f"session:{live_id}")


def repeat_weekly(session: Session, live_id: int, weeks: int, host: Person, now: datetime) -> list[LiveSession]:
    """Plan the same session for each of the next `weeks` weeks: words, clock, run, prices, prompts. All or none.

    Raises what `plan` and `add_item` raise (a week in which the host is busy stops it), and NothingToRepeat.
    """
    live = session_of(session, live_id)
    if live.state not in (S.SCHEDULED, S.LOBBY):
        raise NotScheduled(title=live.title)
    run = items_of(session, live_id)
    if not run:
        raise NothingToRepeat
    return [_copied(session, live, run, week, host, now) for week in range(1, min(weeks, MOST_WEEKS) + 1)]


def _copied(
    session: Session, live: LiveSession, run: list[LiveItem], week: int, host: Person, now: datetime
) -> LiveSession:
    words = Plan(
        live.title, live.starts_at + week * WEEK, live.planned_minutes, live.summary, live.co_host, live.co_host_id
    )
    again = plan(session, live.coop_id, host, words, now)
    for item in run:
        facts = (item.variant_id, item.live_price_vnd, item.wanted, item.most_per_buyer)
        copy = add_item(session, again.id, *facts, host, now)
        copy.prompt, copy.replay_price_vnd = item.prompt, item.replay_price_vnd
    again.cover_photo_id, again.replay = live.cover_photo_id, live.replay  # `add_item` has read the row anew
    session.flush()
    return again
