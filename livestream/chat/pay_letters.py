"""The link to what is held, sent to the phone of somebody elsewhere: they never saw our room.

One letter a person and session: the link opens whatever is held when it is opened, so what is added later needs no
letter of its own. Where the market has no way to phones the desk copies the link (`live/comments.html`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from livestream.chat.models import HOLDING, Claim, LiveSpeaker
from livestream.models import LiveSession
from shop.coops import service as coops
from shop.core.i18n import gettext as _
from shop.core.i18n import speaking
from shop.notify.models import Channel
from shop.notify.service import Letter, queue_each


def send(session: Session, live: LiveSession, speaker_ids: Collection[int], now: datetime) -> None:
    """Queue the link for those of these speakers who hold something, gave a phone number and have not opened it yet."""
    theirs = select(LiveSpeaker).join(Claim, col(Claim.speaker_id) == LiveSpeaker.id)
    theirs = theirs.where(Claim.session_id == live.id, col(Claim.state).in_(HOLDING))
    theirs = theirs.where(col(LiveSpeaker.id).in_(list(speaker_ids)), LiveSpeaker.visitor_key == "")
    theirs = theirs.where(LiveSpeaker.phone != "", col(LiveSpeaker.proved_at).is_(None))
    in_turn = session.exec(theirs.order_by(col(Claim.number)))  # whose two minutes began first reads first
    meant = list({speaker.id: speaker for speaker in in_turn}.values())
    if meant:
        coop = coops.get(session, live.coop_id).name
        with speaking("vi"):
            letters = [(_letter(speaker, live, coop), speaker.phone) for speaker in meant]
        queue_each(session, letters, Channel.PAGE, now)


def _letter(speaker: LiveSpeaker, live: LiveSession, coop: str) -> Letter:
    title = _("%(coop)s đang giữ hàng cho bạn") % {"coop": coop}
    words = _("Bạn chốt trong buổi live “%(title)s”. Mở đường dẫn này trong 2 phút để giữ chắc hàng và đặt mua.")
    told = words % {"title": live.title}
    return Letter(f"live:{live.id}:pay:{speaker.id}", "pay_link", title, told, f"/giu/{speaker.pay_secret}")
