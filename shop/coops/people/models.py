from datetime import datetime

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Invitation(SQLModel, table=True):
    """A link by which the owner of one phone takes up one role at one co-op; used once, fourteen days.

    `hours` is how long a helper helps once they have come, None for the lasting roles. `made_by` of 0 is the market
    itself, when it has verified an application.
    """

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id", index=True)
    role: str
    phone: str
    name: str
    hours: int | None = None
    token_hash: str = Field(default="", index=True)
    made_by: int
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
