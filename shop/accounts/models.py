from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class Role(StrEnum):
    """All but OFFICER and OPERATOR are held for one co-op; what each may do there stands in `accounts.rights`."""

    MANAGER = "manager"
    ACCOUNTANT = "accountant"
    SELLER = "seller"
    PACKER = "packer"
    HOST = "host"
    MEMBER = "member"
    HELPER = "helper"
    OFFICER = "officer"
    OPERATOR = "operator"


class PersonRow(SQLModel, table=True):
    """Somebody with an account. An erased person keeps the row and the orders, nothing that names them."""

    __tablename__ = "person"

    id: int = Field(default=None, primary_key=True)
    phone: str | None = Field(default=None, unique=True)
    """Normalised: +84912345678."""
    name: str
    email: str | None = None
    password_hash: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignIn(SQLModel, table=True):
    """One browser that is signed in; the cookie's token is kept only as its hash."""

    __tablename__ = "sign_in"

    token_hash: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class OneTimeCode(SQLModel, table=True):
    """A code sent to a phone; five tries, ten minutes, used once."""

    __tablename__ = "one_time_code"

    id: int = Field(default=None, primary_key=True)
    phone: str = Field(index=True)
    code_hash: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = 0
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RoleGrant(SQLModel, table=True):
    """A role somebody holds until it is revoked or its time is over; the roles of a co-op's people are for one co-op.

    A helper always has `ends_at`, and `agreed_by`, who asked for the help or consented to it.
    """

    __tablename__ = "role_grant"

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str
    coop_id: int | None = Field(default=None, index=True)
    granted_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    agreed_by: int | None = None


class Consent(SQLModel, table=True):
    """Who agreed to what text, for which purpose, when and where; taking it back is a row of its own."""

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    """`person:3` or `phone:+84…`."""
    purpose: str
    given: bool
    policy_version: str
    text_hash: str
    channel: str
    at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(Consent)


class SavedAddress(SQLModel, table=True):
    """Where a person likes parcels to go."""

    __tablename__ = "saved_address"

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str
    phone: str
    province_code: str
    ward_code: str
    line: str
    legacy_text: str = ""


class PhoneProof(SQLModel, table=True):
    """This person showed that the phone is theirs: by a one-time code, or by a secret link of one of its orders."""

    __tablename__ = "phone_proof"
    __table_args__ = (UniqueConstraint("person_id", "phone"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    phone: str = Field(index=True)
    proved_by: str
    at: datetime = Field(sa_type=UtcDateTime)


class Recovery(SQLModel, table=True):
    """A way back in: a link by mail, or a QR that staff showed; one hour, used once."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    token_hash: str = Field(unique=True)
    made_by: int | None = None
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
