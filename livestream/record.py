"""Everything the market knows of one session, as one file for an authority or a court."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, or_, select

from livestream.chat.models import Claim, LiveComment, LiveSpeaker
from livestream.deals.models import LiveDeal
from livestream.gate.models import LiveConfirmed, LiveHost, LiveRulesAccepted
from livestream.models import LiveClaim, LiveItem, LivePin, LiveReport, LiveSession
from livestream.mtx.models import LiveMtxFile, LiveMtxTake
from livestream.video.shelf import Shelf
from shop.coops.models import Coop
from shop.core.audit import AuditEntry

SECRETS = {"visitor_key", "pay_secret", "cart_id", "key", "hold_owner", "chain"}
"""What opens somebody's cart or browser is no evidence."""


def record_of(session: Session, live: LiveSession, shelf: Shelf, now: datetime) -> dict[str, Any]:
    """The session, who answered for it, what was shown, said, asked, priced and claimed, and what was filmed when."""
    mine = live.id
    speakers = _all(session, LiveSpeaker, LiveSpeaker.session_id == mine)
    return {
        "written_at": now.isoformat(),
        "session": _row(live),
        "coop": _row(session.get_one(Coop, live.coop_id)),
        "host": _row(session.get(LiveHost, live.host_id)),
        "rules_accepted": _all(session, LiveRulesAccepted, LiveRulesAccepted.person_id == live.host_id),
        "advertising_confirmed": _all(session, LiveConfirmed, LiveConfirmed.session_id == mine),
        "items": _all(session, LiveItem, LiveItem.session_id == mine),
        "pins": _all(session, LivePin, LivePin.session_id == mine),
        "deals": _all(session, LiveDeal, LiveDeal.session_id == mine),
        "changes": _changes(session, mine),
        "speakers": speakers,
        "chat": _all(session, LiveComment, LiveComment.session_id == mine),
        "claims_by_comment": _all(session, Claim, Claim.session_id == mine),
        "claims_by_button": _all(session, LiveClaim, LiveClaim.session_id == mine),
        "reports": _all(session, LiveReport, LiveReport.session_id == mine),
        "pictures": [vars(row) for row in shelf.load()] if shelf.exists else [],
        "encoders_at_mediamtx": _all(session, LiveMtxTake, LiveMtxTake.session_id == mine),
        "files_of_mediamtx": _all(session, LiveMtxFile, LiveMtxFile.session_id == mine),
    }


def _changes(session: Session, live_id: int) -> list[dict[str, Any]]:
    """States, prices, quantities, papers, stops and holds of evidence: by whom, when, from what to what."""
    subject = col(AuditEntry.subject)
    whole = or_(subject == f"live:{live_id}", subject.startswith(f"live:{live_id}:", autoescape=True))
    found = session.exec(select(AuditEntry).where(whole).order_by(col(AuditEntry.id))).all()
    return _rows(found)


def _all(session: Session, table: type[SQLModel], *where: Any) -> list[dict[str, Any]]:
    return _rows(session.exec(select(table).where(*where).order_by(*table.__table__.primary_key)))  # type: ignore[attr-defined]  # SQLModel does not declare it


def _rows(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [_row(row) for row in rows]


def _row(row: SQLModel | None) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude=SECRETS) if row else {}
