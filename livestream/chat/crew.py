"""Who helps in a session from a second phone: invited by link or number, with a narrow post, out again at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.chat.models import LiveCrew
from livestream.models import CHANGEABLE, ON_AIR, LiveSession
from livestream.schedule import NoSuchSession, Plan, refuse_overlap
from shop.accounts import service as accounts
from shop.core.audit import audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotAllowed, NotFound, Refusal
from shop.core.i18n import gettext as _
from shop.core.i18n import moment
from shop.core.ids import secret_token
from shop.core.phones import read_phone
from shop.notify import service as notify
from shop.notify.service import Letter

Role = Literal["co-host", "moderator"]
OWN = ("host", "manager")
SELLERS = (*OWN, "helper")
MOST = 10


class NoSuchInvitation(NotFound):
    """This invitation leads nowhere: it was used by somebody else, taken back, or is meant for another number."""


class CrewIsFull(Refusal):
    """So many people help in one session at most. Facts: most."""


@dataclass(frozen=True)
class Post:
    """What somebody may do in a session. Everybody at a post hides, mutes, blocks, answers and sets the rules."""

    live: LiveSession
    role: str
    """`seller` for the co-op's own people, `helper` for who acts for them, else as in `LiveCrew`."""
    sees_money: bool
    crew_id: int = 0

    @property
    def is_seller(self) -> bool:
        return self.role == "seller"

    @property
    def may_sell(self) -> bool:
        """Pin items, take in lists and set claims right."""
        return self.role != "moderator"


def post_of(session: Session, live_id: int, person: Person) -> Post:
    """The post of this person in a session. Raises NoSuchSession, and NotAllowed for one who never sells anything."""
    live = session.get(LiveSession, live_id)
    if live is not None and live.coop_id in person.coop_ids(*SELLERS):
        is_own = live.coop_id in person.coop_ids(*OWN)
        return Post(live, "seller" if is_own else "helper", sees_money=is_own)
    mine = (LiveCrew.session_id == live_id, LiveCrew.person_id == person.id, col(LiveCrew.left_at).is_(None))
    row = session.exec(select(LiveCrew).where(*mine)).first()
    if live is None or row is None:
        raise NoSuchSession if person.coop_ids(*SELLERS) else NotAllowed
    return Post(live, row.role, row.sees_money, row.id)


def require(post: Post, *, selling: bool = False, own: bool = False) -> None:
    """Raises NotAllowed when the post does not reach to selling, or is not the co-op's `own`."""
    if (selling and not post.may_sell) or (own and not post.is_seller):
        raise NotAllowed


def invite(
    session: Session, live_id: int, role: Role, phone: str, person: Person, now: datetime, *, sees_money: bool = False
) -> LiveCrew:
    """Invite somebody: whoever opens the link first, or only the person with `phone`, who gets a letter. Audited.

    Raises CrewIsFull.
    """
    if len(of_session(session, live_id)) >= MOST:
        raise CrewIsFull(most=MOST)
    row = LiveCrew(
        session_id=live_id,
        role=role,
        phone=read_phone(phone) or "",
        secret=secret_token(),
        sees_money=sees_money and role == "co-host",
        invited_by_id=person.id,
        invited_at=now,
    )
    session.add(row)
    session.flush()
    _audit(session, row, person, "", "invited", now)
    if row.phone:
        _tell(session, row, now)
    return row


def _tell(session: Session, row: LiveCrew, now: datetime) -> None:
    """A letter to the one number that may take the post, with the way to it."""
    live = session.get_one(LiveSession, row.session_id)
    known = accounts.find_by_phone(session, row.phone)
    facts = {"title": live.title, "when": moment(live.starts_at)}
    asked = _("Mời dẫn cùng buổi live") if row.role == "co-host" else _("Mời giữ trật tự buổi live")
    words = _("%(title)s, %(when)s. Mở đường dẫn, đăng nhập bằng số này rồi bấm Nhận lời.") % facts
    letter = Letter(f"crew:{row.id}:invited", "live_crew", asked, words, f"/giup-live/{row.secret}")
    notify.tell(
        session, letter, subject=f"crew:{row.id}", phone=row.phone, email=known.email if known else None, now=now
    )


def open_invitations(session: Session, person: Person) -> list[tuple[LiveCrew, LiveSession]]:
    """What this person's number is asked to help with and has not answered, the nearest session first."""
    asked = (
        select(LiveCrew, LiveSession)
        .join(LiveSession, col(LiveSession.id) == LiveCrew.session_id)
        .where(LiveCrew.phone == person.phone, LiveCrew.phone != "", col(LiveCrew.person_id).is_(None))
        .where(col(LiveCrew.left_at).is_(None), col(LiveSession.state).in_((*CHANGEABLE, *ON_AIR)))
    )
    return list(session.exec(asked.order_by(col(LiveSession.starts_at))).all())


def invitation(session: Session, secret: str, person: Person) -> LiveCrew:
    """The invitation behind a link, if it is open to this person or theirs already. Raises NoSuchInvitation."""
    row = session.exec(select(LiveCrew).where(LiveCrew.secret == secret, col(LiveCrew.left_at).is_(None))).first()
    if row is None or row.person_id not in (None, person.id) or row.phone not in ("", person.phone):
        raise NoSuchInvitation
    return row


def accept(session: Session, secret: str, person: Person, now: datetime) -> LiveCrew:
    """Take the post. A second press changes nothing; of two people at one link the first has it. Audited.

    Raises NoSuchInvitation, and HostIsBusy for a co-host who sells somewhere else at that time.
    """
    row = invitation(session, secret, person)
    if row.role == "co-host" and row.person_id is None:
        live = session.get_one(LiveSession, row.session_id)
        told = Plan(live.title, live.starts_at, live.planned_minutes)
        refuse_overlap(session, 0, [person.id], told, but=live.id)
    open_still = (col(LiveCrew.id) == row.id, col(LiveCrew.person_id).is_(None), col(LiveCrew.left_at).is_(None))
    taken = run(
        session, update(LiveCrew).where(*open_still).values(person_id=person.id, name=person.name, accepted_at=now)
    )
    session.refresh(row)
    if row.person_id != person.id:
        raise NoSuchInvitation
    if taken.rowcount:
        _audit(session, row, person, "invited", "accepted", now)
    return row


def leave(session: Session, live_id: int, crew_id: int, person: Person, now: datetime) -> None:
    """End a post, one's own or another's: from the next press on it opens nothing. Audited. Again: nothing."""
    row = session.get(LiveCrew, crew_id)
    if row is None or row.session_id != live_id:
        raise NoSuchInvitation
    open_still = (col(LiveCrew.id) == crew_id, col(LiveCrew.left_at).is_(None))
    if run(session, update(LiveCrew).where(*open_still).values(left_at=now, ended_by_id=person.id)).rowcount:
        _audit(session, row, person, "accepted" if row.person_id else "invited", "left", now)


def of_session(session: Session, live_id: int) -> list[LiveCrew]:
    """Who helps or is invited, in the order of the invitations."""
    mine = select(LiveCrew).where(LiveCrew.session_id == live_id, col(LiveCrew.left_at).is_(None))
    return list(session.exec(mine.order_by(col(LiveCrew.id))))


def _audit(session: Session, row: LiveCrew, person: Person, before: str, after: str, now: datetime) -> None:
    coop_id = session.get_one(LiveSession, row.session_id).coop_id
    audit(session, person, row.role, f"live:{row.session_id}:crew:{row.id}", before, after, now, coop_id)
