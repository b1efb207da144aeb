"""Whom MediaMTX lets in: an encoder with its session's key, viewers while they may see the session, nobody else.

Source: MediaMTX documentation, Authentication, "External HTTP server" (v1.20): any answer 20x lets in; 401 makes a
client that came without credentials send them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qs

import structlog
from pydantic import BaseModel

from livestream import states
from livestream.models import LiveSession
from livestream.video import glue, lease, obs, picture
from shop.accounts import service as accounts
from shop.accounts.models import PersonRow
from shop.core.db import Database
from shop.core.errors import Refusal

log = structlog.get_logger()
PATH = re.compile(r"live/([1-9][0-9]{0,8})")
Verdict = Literal[204, 401, 403]


class Asked(BaseModel):
    """What MediaMTX posts; fields that later versions add are not ours to refuse."""

    action: str
    path: str = ""
    password: str = ""
    token: str = ""
    query: str = ""

    @property
    def key(self) -> str:
        """The stream key: given as password, as token, or as `?key=` behind the path."""
        return self.password or self.token or parse_qs(self.query).get("key", [""])[0]


def session_of_path(path: str) -> int | None:
    """The session whose picture goes over this path."""
    found = PATH.fullmatch(path)
    return int(found[1]) if found else None


def verdict(db: Database, secret_key: str, asked: Asked, now: datetime) -> Verdict:
    """What to answer MediaMTX."""
    live_id = session_of_path(asked.path)
    if live_id is None:
        return 403
    if asked.action == "publish":
        if not asked.key:
            return 401
        return 204 if _begin(db, secret_key, live_id, asked.key, now) else 403
    shown = {"read": picture.MOVING, "playback": glue.SHOWN_WHOLE}.get(asked.action, ())
    with db.read() as session:
        live = session.get(LiveSession, live_id)
        may = live is not None and live.state in shown and not live.keeps_picture_back
        may = may and lease.is_by_mtx(session, live_id)
    return 204 if may else 403


def _begin(db: Database, secret_key: str, live_id: int, given: str, now: datetime) -> bool:
    """Whether the key is good now: then the session starts or goes on, and the lease is MediaMTX's."""
    try:
        with db.write() as session:
            live = session.get(LiveSession, live_id)
            if live is None or not obs.is_key(session, secret_key, live_id, given):
                return False
            host = accounts.as_person(session, session.get_one(PersonRow, live.host_id))
            states.begin_picture(session, live_id, host, now)
            lease.take(session, live_id, host, lease.MTX, now, take_over=False)
    except Refusal as refusal:
        log.info("encoder refused", live_id=live_id, why=refusal.kind)
        return False
    return True
