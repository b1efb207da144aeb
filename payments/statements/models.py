"""How far each source of bank lines was read, how each account's files are laid out, and the files themselves."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class StatementCursor(SQLModel, table=True):
    """How far the list of a source was read. It is left alone until `next_at`."""

    __tablename__ = "statement_cursor"

    source: str = Field(primary_key=True)
    cursor: str = ""
    next_at: datetime = Field(sa_type=UtcDateTime)


class StatementLayout(SQLModel, table=True):
    """Which column means what in the statements of one account: a JSON object, role -> name of the column."""

    __tablename__ = "statement_layout"

    account_no: str = Field(primary_key=True)
    mapping: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class StatementFile(SQLModel, table=True):
    """A statement that a person uploaded. Shown first, then booked; its content is forgotten after 31 days."""

    __tablename__ = "statement_file"
    __table_args__ = (UniqueConstraint("account_no", "sha256"),)

    id: int = Field(default=None, primary_key=True)
    account_no: str
    sha256: str
    name: str
    content: bytes = Field(default=b"", sa_type=LargeBinary)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    uploaded_by: int | None = None
    booked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    booked_by: int | None = None
    booked_lines: int = 0
