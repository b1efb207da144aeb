"""What a co-op is told about its money. The letter's key lets it out once, however often the handler runs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from payments.events import PayoutSent
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.i18n import gettext as _
from shop.core.money import format_vnd
from shop.notify import service as notify
from shop.notify.service import Letter


def tell_paid_out(session: Session, event: PayoutSent, now: datetime) -> None:
    """Every manager of the co-op reads that its money is on the way to its account, in Vietnamese."""
    told = {"sum": format_vnd(event.amount_vnd), "code": event.code, "reference": event.reference}
    title = _("Chợ đã trả %(sum)s cho hợp tác xã") % told
    body = _("Khoản %(code)s, mã giao dịch %(reference)s. Mở trang Tiền để xem từng đơn.") % told
    link = f"/ban-hang/tien/khoan/{event.settlement_id}"
    letter = Letter(f"settlement:{event.settlement_id}:sent", "payout", title, body, link)
    for person in accounts.holders(session, Role.MANAGER, int(event.seller.partition(":")[2])):
        subject = f"person:{person.id}"
        notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)
