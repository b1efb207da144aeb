"""What people were told, what did not go out, and "gửi lại"."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from shop.core.audit import audit
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import NotFound
from shop.notify import service as notify
from shop.notify.models import Message, MessageState
from shop.orders.messages import absolute
from shop.settings import Settings

router = APIRouter(prefix="/quan-tri/tin-nhan")


@router.get("")
def messages(
    db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, trang_thai: str = "", truoc: str = ""
) -> Response:
    """The newest first. In the demo the links open what the buyer would open; otherwise their secrets stay out."""
    visit.require("operator")
    state = trang_thai if trang_thai in list(MessageState) else ""
    before_id = int(truoc) if truoc.isdecimal() and len(truoc) < 16 else None
    with db.read() as session:
        found = notify.recent(session, state or None, before_id=before_id)
        counts = notify.counts(session)
    shown = [(message, _link(message, settings)) for message in found]
    return page("admin/messages.html", block="messages", messages=shown, state=state, counts=counts, most=notify.PAGE)


def _link(message: Message, settings: Settings) -> str:
    if settings.demo and message.kind != "recovery":
        return absolute(settings)(message.link) if message.link else ""
    return message.link


@router.post("/{message_id}")
def send_again(message_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    """Give a failed message new tries."""
    person = visit.require("operator")
    with db.write() as session:
        if not notify.try_again(session, message_id, now):
            raise NotFound(message_id=message_id)
        audit(session, person, "message", f"message:{message_id}", "failed", "queued", now)
    return page.go("/quan-tri/tin-nhan", notice="trying-again")
