from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class TargetState(StrEnum):
    WAITING = "waiting"
    """For the picture, or for its turn to try again."""
    SENDING = "sending"
    REFUSED = "refused"
    """The other site ended it; `tries` says how often it was tried."""
    UNTRUSTED = "untrusted"
    """Its certificate is not its own: it gets neither key nor picture. Tried again, too."""


class LiveTarget(SQLModel, table=True):
    """Another site that gets the session's picture while it is on air. The key is sealed; nobody is shown it again."""

    __tablename__ = "live_target"

    id: int = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="live_session.id", index=True)
    server: str
    """`rtmps://live-api-s.facebook.com:443/rtmp/`: one of the servers that we know."""
    sealed_key: str
    state: str = TargetState.WAITING
    tries: int = 0
    state_at: datetime = Field(sa_type=UtcDateTime)
