"""What a buyer and a co-op are told about a claim; each letter's key lets it out once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.complaints.models import Complaint
from shop.core.i18n import Lang, moment, speaking
from shop.core.i18n import gettext as _
from shop.notify import service as notify
from shop.notify.service import Letter
from shop.orders.models import Order


def tell(session: Session, found: Complaint, what: str, now: datetime) -> None:
    """A claim was made, accepted, raised or dismissed: whoever waits for that reads it."""
    order = session.get_one(Order, found.order_id)
    if what == "made":
        title = _("Khách báo hàng hư, đơn %(code)s") % {"code": order.code}
        words = _("Bà con xem ảnh và trả lời trước %(until)s. Quá giờ thì liên minh quyết định thay.")
        _tell_coop(session, found, title, words % {"until": moment(found.answer_by)}, now)
        return
    lang: Lang = "en" if order.lang == "en" else "vi"
    with speaking(lang):
        told = {"code": order.code}
        if what == "accepted":
            title = _("Hợp tác xã nhận lỗi, đơn %(code)s được trả lại tiền") % told
            words = _("Bạn không phải gửi hàng về. Tiền về theo cách bạn đã trả.")
        elif what == "raised":
            title = _("Liên minh đang xem khiếu nại đơn %(code)s") % told
            words = _("Hợp tác xã chưa đồng ý hoặc chưa trả lời. Liên minh xem ảnh và quyết định.")
        else:
            title = _("Khiếu nại đơn %(code)s không được nhận") % told
            words = found.decided_why
        letter = Letter(f"claim:{found.id}:{what}", "claim", title, words, f"/don-hang/{order.code}", order.lang)
        notify.tell(session, letter, subject=f"order:{order.id}", phone=order.phone, email=order.email, now=now)


def _tell_coop(session: Session, found: Complaint, title: str, words: str, now: datetime) -> None:
    letter = Letter(f"claim:{found.id}:made", "claim", title, words, f"/ban-hang/khieu-nai/{found.id}")
    for person in accounts.holders(session, Role.MANAGER, found.coop_id):
        subject = f"person:{person.id}"
        notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)
