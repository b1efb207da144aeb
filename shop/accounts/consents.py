"""What people agree to, one purpose at a time, in words that are kept. Source: law 91/2025/QH15 on personal data."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlmodel import Session, col, select

from shop.accounts.models import Consent
from shop.core.i18n import gettext as _

POLICY_VERSION = "2026-11"
ACCOUNT, MAIL, PUSH, HELP = "account", "mail", "push", "help"


def words(purpose: str) -> str:
    """What is agreed to, as the page shows it."""
    return {
        ACCOUNT: _("Tôi đồng ý để chợ giữ tên, số điện thoại và địa chỉ của tôi để giao hàng và cho tôi xem lại đơn."),
        MAIL: _("Tôi muốn nhận tin về đơn hàng và lấy lại mật khẩu qua thư điện tử này."),
        HELP: _(
            "Tôi đồng ý để người này làm thay hợp tác xã của tôi trong số giờ đã chọn. Mọi việc họ làm đều ghi tên họ. "
            "Họ không đổi được tài khoản ngân hàng, không xem được sổ tiền, và tôi dừng được bất cứ lúc nào."
        ),
        PUSH: _("Tôi muốn trình duyệt này báo tin về đơn hàng."),
    }[purpose]


def agree(session: Session, subject: str, purpose: str, channel: str, now: datetime) -> None:
    """`subject` ("person:3", "phone:+84…") agreed, in the language spoken now."""
    _write(session, subject, purpose, channel, now, given=True)


def withdraw(session: Session, subject: str, purpose: str, channel: str, now: datetime) -> None:
    """`subject` took it back; the row of the agreement stays."""
    _write(session, subject, purpose, channel, now, given=False)


def _write(session: Session, subject: str, purpose: str, channel: str, now: datetime, *, given: bool) -> None:
    text_hash = hashlib.sha256(words(purpose).encode()).hexdigest()
    row = Consent(
        subject=subject,
        purpose=purpose,
        given=given,
        policy_version=POLICY_VERSION,
        text_hash=text_hash,
        channel=channel,
        at=now,
    )
    session.add(row)


def of(session: Session, subject: str) -> list[Consent]:
    """All that `subject` ever agreed to or took back, newest first."""
    return list(session.exec(select(Consent).where(Consent.subject == subject).order_by(col(Consent.id).desc())))
