"""What people keep with us about themselves: name, mail address, password, saved addresses."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, delete, select

from shop.accounts import consents
from shop.accounts.models import PersonRow, SavedAddress, SignIn
from shop.accounts.service import hash_of
from shop.core.errors import NotFound, Refusal

MOST_ADDRESSES = 20


class NoSuchAddress(NotFound):
    """This person saved no such address."""


class TooManyAddresses(Refusal):
    """Twenty addresses are enough for one person. Facts: most."""


def row(session: Session, person_id: int) -> PersonRow:
    """The stored person."""
    return session.get_one(PersonRow, person_id)


def change(session: Session, person_id: int, *, name: str, email: str | None, now: datetime) -> None:
    """A new name or mail address. Giving an address is agreeing to be written to; taking it away ends that."""
    person, subject = row(session, person_id), f"person:{person_id}"
    if email != person.email:
        tell = consents.agree if email else consents.withdraw
        tell(session, subject, consents.MAIL, "web", now)
    person.name, person.email = name, email


def set_password(session: Session, person_id: int, password_hash: str, keep_token: str) -> None:
    """A new password signs every other browser out; `keep_token` is this one's."""
    row(session, person_id).password_hash = password_hash
    others = (col(SignIn.person_id) == person_id, col(SignIn.token_hash) != hash_of(keep_token))
    session.exec(delete(SignIn).where(*others))


def addresses(session: Session, person_id: int) -> list[SavedAddress]:
    """Where this person likes parcels to go, newest first."""
    mine = select(SavedAddress).where(SavedAddress.person_id == person_id).order_by(col(SavedAddress.id).desc())
    return list(session.exec(mine))


def address(session: Session, person_id: int, address_id: int) -> SavedAddress:
    """One of them. Raises NoSuchAddress for anybody else's."""
    wanted = select(SavedAddress).where(SavedAddress.id == address_id, SavedAddress.person_id == person_id)
    found = session.exec(wanted).one_or_none()
    if found is None:
        raise NoSuchAddress
    return found


def add_address(session: Session, person_id: int, told: dict[str, str]) -> None:
    """Keep one more. Raises TooManyAddresses."""
    if len(addresses(session, person_id)) >= MOST_ADDRESSES:
        raise TooManyAddresses(most=MOST_ADDRESSES)
    session.add(SavedAddress(person_id=person_id, **told))  # type: ignore[arg-type]  # columns that are all text


def change_address(session: Session, person_id: int, address_id: int, told: dict[str, str]) -> None:
    """Write one anew. Raises NoSuchAddress."""
    address(session, person_id, address_id).sqlmodel_update(told)


def delete_address(session: Session, person_id: int, address_id: int) -> None:
    """Raises NoSuchAddress."""
    session.delete(address(session, person_id, address_id))
