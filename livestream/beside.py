"""Whoever sells beside the host hears of it: by letter, once for each session and time."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from livestream.models import LiveSession
from shop.accounts.models import PersonRow
from shop.core.i18n import gettext as _
from shop.core.i18n import moment
from shop.notify import service as notify
from shop.notify.service import Letter


def tell_co_host(session: Session, live: LiveSession, now: datetime) -> None:
    """A letter to the co-host of an announced session; of a draft nobody hears."""
    if live.co_host_id is None or not live.is_ahead or live.is_demo:
        return
    person = session.get_one(PersonRow, live.co_host_id)
    title = _("Bạn bán cùng buổi live lúc %(when)s") % {"when": moment(live.starts_at)}
    key = f"live:{live.id}:beside:{person.id}:{live.starts_at.isoformat()}"
    letter = Letter(key, "live_crew", title, live.title, f"/ban-hang/live/{live.id}")
    notify.tell(session, letter, subject=f"person:{person.id}", phone=person.phone or "", email=person.email, now=now)
