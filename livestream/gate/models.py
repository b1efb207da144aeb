from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class HostState(StrEnum):
    ASKED = "asked"
    VERIFIED = "verified"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class LiveHost(SQLModel, table=True):
    """Somebody who sells live and whether the market knows who that is. Only the paper's last four signs are kept.

    Source: law on e-commerce 122/2025/QH15, Art. 22 to 24 (a livestreamer is identified before going on air).
    """

    __tablename__ = "live_host"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    full_name: str
    paper: str
    """`vneid`, `cccd` or `passport`."""
    paper_end: str
    state: str = HostState.ASKED
    asked_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by_id: int | None = Field(default=None, foreign_key="person.id")
    reason: str = ""


class LiveRulesAccepted(SQLModel, table=True):
    """Who accepted which version of the rules of selling live, and when. Rows are only added."""

    __tablename__ = "live_rules_accepted"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    version: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class LiveConfirmed(SQLModel, table=True):
    """Seller or host says: what is told of these goods is true. It counts for the run that stood then only."""

    __tablename__ = "live_confirmed"
    __table_args__ = (UniqueConstraint("session_id", "role", "run"),)

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    role: str
    """`seller` or `host`."""
    run: str
    """The words and goods that were confirmed, as a digest."""
    person_id: int = Field(foreign_key="person.id")
    at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(LiveRulesAccepted)
keep_insert_only(LiveConfirmed)
