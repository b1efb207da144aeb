"""The people of a co-op. Functions take an open session and never commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from shop.accounts import consents
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow, Role, RoleGrant
from shop.accounts.rights import OF_COOP
from shop.coops.models import Coop
from shop.coops.people.models import Invitation
from shop.core.audit import AuditEntry, audit
from shop.core.db import run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.ids import derived_token

LASTS = timedelta(days=14)
HOURS = (2, 8, 24, 72)
LASTING = tuple(role for role in OF_COOP if role != Role.HELPER)


class InvitationOver(NotFound):
    """The link was used, taken back, or is older than fourteen days."""


class NotInvited(Refusal):
    """The link is for the owner of another phone. Facts: `ends` (the last three digits of that phone)."""


class HasThatRole(Refusal):
    """This person holds the role here already."""


class LastDirector(Refusal):
    """A co-op without a director could let nobody in again."""


class NotOneOfUs(NotFound):
    """This person does not hold that role at this co-op."""


@dataclass(frozen=True)
class Post:
    """A role that somebody holds at the co-op; `ends_at` for a helper."""

    person_id: int
    name: str
    phone: str
    role: str
    granted_at: datetime
    ends_at: datetime | None


def posts(session: Session, coop_id: int, now: datetime) -> list[Post]:
    """Who holds which role here now, in the order in which they came."""
    lasts = or_(col(RoleGrant.ends_at).is_(None), col(RoleGrant.ends_at) > now)
    wanted = (
        select(RoleGrant, PersonRow)
        .join(PersonRow, col(PersonRow.id) == RoleGrant.person_id)
        .where(RoleGrant.coop_id == coop_id, col(RoleGrant.revoked_at).is_(None), lasts)
        .order_by(col(RoleGrant.id))
    )
    return [
        Post(person.id, person.name, person.phone or "", grant.role, grant.granted_at, grant.ends_at)
        for grant, person in session.exec(wanted)
    ]


def invite(
    session: Session,
    coop_id: int,
    role: Role,
    phone: str,
    name: str,
    by: Person,
    secret_key: str,
    now: datetime,
    hours: int | None = None,
) -> Invitation:
    """A link for the owner of `phone`; an older one for the same phone and role stops working. Audited.

    Who asks for a helper agrees that somebody acts for the co-op; that is kept as a consent. Raises HasThatRole.
    """
    _lock(session, coop_id)
    if any(post.phone == phone and post.role == role for post in posts(session, coop_id, now)):
        raise HasThatRole
    waits = (col(Invitation.coop_id) == coop_id, col(Invitation.phone) == phone, col(Invitation.role) == role)
    run(session, update(Invitation).where(*waits, *_open(now)).values(withdrawn_at=now))
    if role == Role.HELPER:
        consents.agree(session, f"person:{by.id}", consents.HELP, "web", now)
    row = Invitation(
        coop_id=coop_id, role=role, phone=phone, name=name, made_by=by.id, made_at=now, expires_at=now + LASTS,
        hours=hours if role == Role.HELPER else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    row.token_hash = accounts.hash_of(_token(secret_key, row.id))
    audit(session, by, "invitation", f"invitation:{row.id}", None, _said(row), now, coop_id)
    return row


def link(secret_key: str, invitation: Invitation) -> str:
    """The path that the invited person opens."""
    return f"/moi/{_token(secret_key, invitation.id)}"


def waiting(session: Session, coop_id: int, now: datetime) -> list[Invitation]:
    """Invitations that nobody has taken up yet, the newest first."""
    wanted = select(Invitation).where(Invitation.coop_id == coop_id, *_open(now))
    return list(session.exec(wanted.order_by(col(Invitation.id).desc())))


def withdraw(session: Session, coop_id: int, invitation_id: int, by: Person, now: datetime) -> None:
    """The link stops working. Raises InvitationOver for another co-op's, and for one that is over."""
    mine = (col(Invitation.id) == invitation_id, col(Invitation.coop_id) == coop_id)
    if not run(session, update(Invitation).where(*mine, *_open(now)).values(withdrawn_at=now)).rowcount:
        raise InvitationOver
    audit(session, by, "invitation", f"invitation:{invitation_id}", "open", "withdrawn", now, coop_id)


def find(session: Session, token: str, now: datetime) -> Invitation:
    """The invitation behind a link. Raises InvitationOver."""
    wanted = select(Invitation).where(Invitation.token_hash == accounts.hash_of(token), *_open(now))
    found = session.exec(wanted).first()
    if found is None:
        raise InvitationOver
    return found


def accept(session: Session, token: str, person: PersonRow, now: datetime) -> Invitation:
    """The owner of the phone takes up the role; audited. Raises InvitationOver, NotInvited."""
    found = find(session, token, now)
    if person.phone != found.phone:
        raise NotInvited(ends=found.phone[-3:])
    if not run(
        session, update(Invitation).where(col(Invitation.id) == found.id, *_open(now)).values(used_at=now)
    ).rowcount:
        raise InvitationOver
    who = accounts.as_person(session, person)
    ends_at = now + timedelta(hours=found.hours) if found.hours else None
    accounts.grant(session, who, person.id, Role(found.role), found.coop_id, now, ends_at, found.made_by)
    return found


def help_out(session: Session, coop_id: int, helper: Person, agreed_by: int, hours: int, now: datetime) -> None:
    """The helper acts for the co-op from now on, for so many hours, as one of its directors agreed; audited."""
    consents.agree(session, f"person:{agreed_by}", consents.HELP, "code", now)
    ends_at = now + timedelta(hours=hours)
    accounts.grant(session, helper, helper.id, Role.HELPER, coop_id, now, ends_at, agreed_by)


def take_away(session: Session, coop_id: int, person_id: int, role: Role, by: Person, now: datetime) -> None:
    """This person no longer holds the role here, from this moment. Raises NotOneOfUs, LastDirector."""
    _lock(session, coop_id)
    held = posts(session, coop_id, now)
    if not any(post.person_id == person_id and post.role == role for post in held):
        raise NotOneOfUs
    if role == Role.MANAGER and sum(post.role == Role.MANAGER for post in held) == 1:
        raise LastDirector
    accounts.revoke(session, by, person_id, role, coop_id, now)


@dataclass(frozen=True)
class Deed:
    """One change made for the co-op; `helped` when a helper made it."""

    entry: AuditEntry
    helped: bool


def deeds(session: Session, coop_id: int, before_id: int | None = None, most: int = 50) -> list[Deed]:
    """What was changed for this co-op and by whom, the newest first."""
    wanted = select(AuditEntry).where(AuditEntry.on_behalf_of == f"coop:{coop_id}")
    if before_id is not None:
        wanted = wanted.where(AuditEntry.id < before_id)
    found = list(session.exec(wanted.order_by(col(AuditEntry.id).desc()).limit(most)))
    spans = list(session.exec(select(RoleGrant).where(RoleGrant.coop_id == coop_id, RoleGrant.role == Role.HELPER)))
    return [Deed(entry, any(_within(span, entry) for span in spans)) for entry in found]


def _within(span: RoleGrant, entry: AuditEntry) -> bool:
    over = min(filter(None, (span.revoked_at, span.ends_at)), default=None)
    return span.person_id == entry.person_id and span.granted_at <= entry.at and (over is None or entry.at <= over)


def _open(now: datetime):  # type: ignore[no-untyped-def]  # conditions of SQLAlchemy
    return col(Invitation.used_at).is_(None), col(Invitation.withdrawn_at).is_(None), col(Invitation.expires_at) > now


def _token(secret_key: str, invitation_id: int) -> str:
    return derived_token(secret_key, "invitation", str(invitation_id))


def _said(row: Invitation) -> str:
    return f"{row.role} …{row.phone[-3:]}{f' {row.hours} h' if row.hours else ''}"


def _lock(session: Session, coop_id: int) -> None:
    session.exec(select(Coop.id).where(Coop.id == coop_id).with_for_update()).one()
