"""Who people are and what they may do."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, delete, select

from shop.accounts.models import (
    OneTimeCode,
    PersonRow,
    PhoneProof,
    Recovery,
    Role,
    RoleGrant,
    SavedAddress,
    SignIn,
)
from shop.core.audit import audit
from shop.core.db import Database, insert_once, run
from shop.core.deps import Grant, Person
from shop.core.errors import Invalid, NotAllowed, NotFound, Refusal
from shop.core.i18n import current_lang, url
from shop.core.i18n import gettext as _
from shop.core.ids import derived_token, same, secret_token
from shop.notify import following
from shop.notify import service as notify
from shop.notify.service import Letter

STAYS = timedelta(days=60)
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
RECOVERY_LASTS = timedelta(hours=1)
MAILED = "/khoi-phuc/thu-"


class PhoneTaken(Refusal):
    """There is an account with this phone number already."""


class WrongPassword(Invalid):
    """Phone and password do not belong together."""


class WrongCode(Invalid):
    """The one-time code is wrong, used, or older than ten minutes."""


class LinkOver(NotFound):
    """The recovery link was used or is too old."""


def register(session: Session, *, name: str, phone: str, password_hash: str, now: datetime) -> PersonRow:
    """A new account. The phone counts as theirs only once proved. Raises PhoneTaken."""
    if find_by_phone(session, phone) is not None:
        raise PhoneTaken
    person = PersonRow(name=name, phone=phone, password_hash=password_hash, created_at=now)
    session.add(person)
    session.flush()
    return person


def find_by_phone(session: Session, phone: str) -> PersonRow | None:
    """The account of a phone number (+84…), if there is one."""
    return session.exec(select(PersonRow).where(PersonRow.phone == phone)).one_or_none()


def works_for(session: Session, address: str, role: Role) -> bool:
    """Whether somebody with this phone or mail address holds the role."""
    theirs = select(PersonRow).where(or_(col(PersonRow.phone) == address, col(PersonRow.email) == address))
    return any(as_person(session, row).has(role) for row in session.exec(theirs))


def start_session(session: Session, person_id: int, now: datetime) -> str:
    """Sign a browser in; returns the token for its cookie. Only the token's hash is stored."""
    token = secret_token()
    session.add(SignIn(token_hash=hash_of(token), person_id=person_id, created_at=now, expires_at=now + STAYS))
    return token


def end_session(session: Session, token: str) -> None:
    """Sign this browser out."""
    session.exec(delete(SignIn).where(col(SignIn.token_hash) == hash_of(token)))


def end_all_sessions(session: Session, person_id: int) -> None:
    """Sign every browser of a person out."""
    session.exec(delete(SignIn).where(col(SignIn.person_id) == person_id))


def who_is(db: Database, token: str, now: datetime) -> Person | None:
    """The person whose browser holds this token, with the roles of this moment."""
    with db.read() as session:
        signed_in = session.get(SignIn, hash_of(token))
        if signed_in is None or signed_in.expires_at <= now:
            return None
        return as_person(session, session.get_one(PersonRow, signed_in.person_id), now)


def as_person(session: Session, row: PersonRow, now: datetime | None = None) -> Person:
    """The plain value that routes work with; without `now` only with the roles that end by no clock."""
    mine = select(RoleGrant).where(RoleGrant.person_id == row.id, col(RoleGrant.revoked_at).is_(None))
    lasts = col(RoleGrant.ends_at).is_(None)
    held = mine.where(lasts if now is None else or_(lasts, col(RoleGrant.ends_at) > now))
    rows = session.exec(held.order_by(col(RoleGrant.id)))
    roles = tuple(Grant(grant.role, grant.coop_id, grant.ends_at) for grant in rows)
    return Person(id=row.id, name=row.name, phone=row.phone or "", roles=roles)


def grant(
    session: Session,
    by: Person,
    person_id: int,
    role: Role,
    coop_id: int | None,
    now: datetime,
    ends_at: datetime | None = None,
    agreed_by: int | None = None,
) -> None:
    """Give a role, for good or until `ends_at`; audited. Giving it twice changes nothing."""
    if not any(row.ends_at is None or row.ends_at > now for row in _active(session, person_id, role, coop_id)):
        row = RoleGrant(person_id=person_id, role=role, coop_id=coop_id, granted_at=now)
        row.ends_at, row.agreed_by = ends_at, agreed_by
        session.add(row)
        audit(session, by, "role", f"person:{person_id}", None, _role_words(role, coop_id), now, coop_id)


def revoke(session: Session, by: Person, person_id: int, role: Role, coop_id: int | None, now: datetime) -> None:
    """Take a role away; audited."""
    for row in _active(session, person_id, role, coop_id):
        row.revoked_at = now
        audit(session, by, "role", f"person:{person_id}", _role_words(role, coop_id), None, now, coop_id)


def holders(session: Session, role: Role, coop_id: int | None = None) -> list[PersonRow]:
    """Who holds a role now (for that co-op), to be told or listed."""
    theirs = select(PersonRow).join(RoleGrant, col(RoleGrant.person_id) == PersonRow.id)
    now_held = (RoleGrant.role == role, col(RoleGrant.revoked_at).is_(None))
    of_coop = () if coop_id is None else (RoleGrant.coop_id == coop_id,)
    return list(session.exec(theirs.where(*now_held, *of_coop).distinct().order_by(col(PersonRow.id))))


def _active(session: Session, person_id: int, role: Role, coop_id: int | None) -> list[RoleGrant]:
    held = select(RoleGrant).where(RoleGrant.person_id == person_id, RoleGrant.role == role)
    return [row for row in session.exec(held) if row.revoked_at is None and row.coop_id == coop_id]


def _role_words(role: Role, coop_id: int | None) -> str:
    return f"{role}@coop:{coop_id}" if coop_id is not None else str(role)


def make_code(session: Session, phone: str, now: datetime) -> str:
    """Six digits for one sign-in; earlier ones of this phone stop working. The sender brings it to the phone."""
    unused = (col(OneTimeCode.phone) == phone, col(OneTimeCode.used_at).is_(None))
    run(session, update(OneTimeCode).where(*unused).values(used_at=now))
    code = f"{secrets.randbelow(1_000_000):06d}"
    session.add(OneTimeCode(phone=phone, code_hash=hash_of(phone + code), created_at=now, expires_at=now + CODE_LASTS))
    return code


def count_try(session: Session, phone: str, now: datetime) -> OneTimeCode | None:
    """Count one try at the newest code of a phone; None when there is none to try."""
    newest = select(OneTimeCode).where(OneTimeCode.phone == phone).order_by(col(OneTimeCode.id).desc()).limit(1)
    row = session.exec(newest.with_for_update()).first()
    if row is None or row.used_at is not None or row.expires_at <= now or row.tries >= CODE_TRIES:
        return None
    row.tries += 1
    return row


def use_code(row: OneTimeCode | None, code: str, now: datetime) -> bool:
    """Whether the code is the one; a right code is used up."""
    if row is None or not same(row.code_hash, hash_of(row.phone + code)):
        return False
    row.used_at = now
    return True


def person_of_proved_phone(session: Session, phone: str, now: datetime) -> PersonRow:
    """The account of somebody who proved the phone by a code, made now if there was none."""
    row = find_by_phone(session, phone)
    if row is None:
        row = register(session, name="", phone=phone, password_hash="", now=now)  # no password: codes only
    prove_phone(session, row.id, phone, "code", now)
    return row


def prove_phone(session: Session, person_id: int, phone: str, proved_by: str, now: datetime) -> None:
    """From now on this person sees the orders of this phone, older ones too; what others had it told of ends."""
    facts = {"person_id": person_id, "phone": phone, "proved_by": proved_by, "at": now}
    if insert_once(session, PhoneProof, facts, ["person_id", "phone"]):
        following.forget_phone(session, phone)


def proved_phones(session: Session, person_id: int) -> list[str]:
    """Phone numbers whose orders this person may see."""
    return list(session.exec(select(PhoneProof.phone).where(PhoneProof.person_id == person_id)))


def make_recovery(session: Session, by: Person | None, person: PersonRow, now: datetime) -> str:
    """A token that lets its holder set a new password within the hour.

    `by` is the staff member who shows it as a QR (audited), None when it goes out by mail. Raises NotAllowed when
    staff would let themselves into another staff member's account: only the operator may do that.
    """
    if by is not None:
        if as_person(session, person, now).roles and not by.is_operator:
            raise NotAllowed
        audit(session, by, "recovery", f"person:{person.id}", None, "link made", now)
    token = secret_token()
    made_by = by.id if by else None
    until = now + RECOVERY_LASTS
    session.add(Recovery(person_id=person.id, token_hash=hash_of(token), made_by=made_by, expires_at=until))
    return token


def mail_recovery(session: Session, phone: str, secret_key: str, now: datetime) -> None:
    """Write to the mail address of the account with this phone, if there is one; nobody learns whether there is.

    The message holds the number of the link alone; its secret is put in when it leaves (see `recovery_path`).
    """
    person = find_by_phone(session, phone)
    if person is None or not person.email:
        return
    row = Recovery(person_id=person.id, token_hash=hash_of(secret_token()), expires_at=now + RECOVERY_LASTS)
    session.add(row)
    session.flush()
    row.token_hash = hash_of(derived_token(secret_key, "recovery", str(row.id)))
    letter = Letter(
        key=f"recovery:{row.id}",
        kind="recovery",
        title=_("Đặt lại mật khẩu Chợ HTX"),
        body=_("Mở đường dẫn dưới đây trong một giờ để đặt mật khẩu mới. Nếu không phải bạn hỏi, bạn bỏ qua thư này."),
        link=url(f"{MAILED}{row.id}"),
        lang=current_lang(),
    )
    notify.tell(session, letter, subject="", phone="", email=person.email, now=now)


def recovery_path(secret_key: str, number: str) -> str:
    """The whole path of a mailed link with this number."""
    return f"/khoi-phuc/{derived_token(secret_key, 'recovery', number)}"


def recover(session: Session, token: str, password_hash: str, now: datetime) -> PersonRow:
    """Set a new password by a recovery link; every browser is signed out. Raises LinkOver."""
    right = (
        col(Recovery.token_hash) == hash_of(token),
        col(Recovery.used_at).is_(None),
        col(Recovery.expires_at) > now,
    )
    row = run(session, update(Recovery).where(*right).values(used_at=now).returning(col(Recovery.person_id))).first()
    if row is None:
        raise LinkOver
    person = session.get_one(PersonRow, row.person_id)
    person.password_hash = password_hash
    end_all_sessions(session, person.id)
    return person


def can_recover(session: Session, token: str, now: datetime) -> bool:
    """Whether the link still works."""
    row = session.exec(select(Recovery).where(Recovery.token_hash == hash_of(token))).first()
    return row is not None and row.used_at is None and row.expires_at > now


def erase(session: Session, person_id: int, now: datetime) -> None:
    """Forget who this was: name, phone, mail, password, addresses, sign-ins, roles. Orders stay as the law wants.

    What was agreed to stays as the proof it is; it names only the number of the row.
    """
    person = session.get_one(PersonRow, person_id)
    _give_roles_back(session, person, now)
    person.name, person.phone, person.email = "", None, None
    person.password_hash, person.erased_at = "", now
    run(session, delete(SavedAddress).where(col(SavedAddress.person_id) == person_id))
    run(session, delete(PhoneProof).where(col(PhoneProof.person_id) == person_id))
    run(session, delete(Recovery).where(col(Recovery.person_id) == person_id))
    end_all_sessions(session, person_id)


def _give_roles_back(session: Session, person: PersonRow, now: datetime) -> None:
    nameless = Person(id=person.id, name="", phone="")
    for held in as_person(session, person, now).roles:
        revoke(session, nameless, person.id, Role(held.role), held.coop_id, now)


def hash_of(token: str) -> str:
    """How tokens and codes are kept: whoever reads the table cannot sign in."""
    return hashlib.sha256(token.encode()).hexdigest()
