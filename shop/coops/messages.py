"""What a co-op is told about its money. The letter's key lets it out once, however often the handler runs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from payments.events import PayoutSent
from payments.payouts.accounts import masked
from payments.payouts.models import PayoutAccount
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.core.deps import Person
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


def tell_account(session: Session, coop_id: int, account: PayoutAccount, by: Person, now: datetime) -> None:
    """Every director and accountant reads that the account changes, so that a stolen sign-in does not go unseen."""
    told = {"who": by.name, "account": masked(account.account_no), "name": account.account_name}
    title = _("Tài khoản nhận tiền của hợp tác xã: có người đề nghị đổi")
    body = _("%(who)s đề nghị tài khoản %(account)s, tên %(name)s. Không phải người nhà mình thì rút lại ngay.") % told
    if account.state == "valid":
        title = _("Tài khoản nhận tiền của hợp tác xã: đã được đồng ý")
        body = _("%(who)s đồng ý tài khoản %(account)s, tên %(name)s. Chưa đến giờ dùng thì còn rút lại được.") % told
    letter = Letter(f"payout_account:{account.id}:{account.state}", "account", title, body, "/ban-hang/tai-khoan")
    for role in (Role.MANAGER, Role.ACCOUNTANT):
        for person in accounts.holders(session, role, coop_id):
            subject = f"person:{person.id}"
            notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)
