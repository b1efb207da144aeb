"""What buyers and co-ops are told, and when. Handlers may run twice for one event: a letter's key lets it out once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from payments import service as payments
from payments.events import RefundSent
from shop.accounts import service as accounts
from shop.accounts.models import Role
from shop.coops import service as coops
from shop.core.i18n import Lang, day, kg, moment, speaking, url
from shop.core.i18n import gettext as _
from shop.core.i18n import phone as spoken
from shop.core.money import format_vnd
from shop.notify import following
from shop.notify import service as notify
from shop.notify.service import Absolute, Letter
from shop.orders import at_the_door
from shop.orders.access import secret_link
from shop.orders.events import (
    OrderCancelled,
    OrderClosed,
    OrderPaid,
    OrderPlaced,
    OrderReopened,
    ParcelChanged,
    ParcelSettled,
    ShipByMoved,
)
from shop.orders.handlers import order_of
from shop.orders.models import Order, OrderLine, Parcel, Settled
from shop.orders.pickup import service as pickup
from shop.orders.reading import parcel_note
from shop.orders.states import CALLED_OFF
from shop.orders.undo.models import TAKEN
from shop.settings import Settings

ORDER = "/don-hang/"
SELLING = (Role.MANAGER, Role.SELLER)
"""Who takes orders for a co-op, and so hears of each; whoever only helps for some hours is at the desk anyway."""


_SECRETS = ((ORDER, secret_link), (accounts.MAILED, accounts.recovery_path), (following.PAGE, following.path_for))


def absolute(settings: Settings) -> Absolute:
    """Makes the path of a letter an address any phone can open, with the secret that opens what it leads to."""

    def whole(path: str) -> str:
        for kind, with_secret in _SECRETS:
            head, found, name = path.partition(kind)
            if found:
                return settings.base_url + head + with_secret(settings.secret_key, name)
        return settings.base_url + path

    return whole


def tell_placed(session: Session, event: OrderPlaced, now: datetime) -> None:
    """The buyer reads that the order stands; with cash on delivery the co-ops read that there is work."""
    order = session.get_one(Order, event.order_id)
    with _speaking(order):
        _tell_buyer(session, order, _placed(order), now)
    if order.payment_method == "cod":
        _tell_coops_new(session, order, now)


def _placed(order: Order) -> Letter:
    told = {"code": order.code, "sum": format_vnd(order.total_vnd)}
    if order.pay_by is None:
        title = _("Đơn %(code)s đã đặt xong") % told
        if order.payment_method != "cod":
            return _letter(order, "placed", title, _("Hợp tác xã sẽ xác nhận và đóng gói."))
        words = _("Hợp tác xã sẽ xác nhận và đóng gói. Bạn trả %(sum)s tiền mặt khi nhận hàng.") % told
        return _letter(order, "placed", title, words)
    told["until"] = moment(order.pay_by)
    title = _("Đơn %(code)s đang giữ hàng cho bạn") % told
    words = _("Bạn trả %(sum)s trước %(until)s, mở đường dẫn để trả.") % told
    return _letter(order, "placed", title, words)


def tell_paid(session: Session, event: OrderPaid, now: datetime) -> None:
    """The buyer reads that the money came, the co-ops that there is work."""
    order = session.get_one(Order, event.order_id)
    told = {"code": order.code, "sum": format_vnd(order.total_vnd)}
    with _speaking(order):
        words = _("Đã nhận đủ %(sum)s. Hợp tác xã sẽ xác nhận và đóng gói.") % told
        if payments.state_of(session, f"order:{order.id}").held_vnd:
            words = _("Tiền đã được giữ đủ, chợ chỉ thu khi hợp tác xã đóng gói.")
        _tell_buyer(session, order, _letter(order, "paid", _("Đã nhận tiền đơn %(code)s") % told, words), now)
    _tell_coops_new(session, order, now)


def tell_reopened(session: Session, event: OrderReopened, now: datetime) -> None:
    """Late money opened the order again. One letter says that and that it is paid: it takes the key of `paid`."""
    order = session.get_one(Order, event.order_id)
    told = {"code": order.code, "sum": format_vnd(order.total_vnd)}
    with _speaking(order):
        title = _("Đã nhận tiền, đơn %(code)s mở lại") % told
        words = _("%(sum)s đến sau giờ hẹn, nhưng hàng vẫn còn nên đơn được làm tiếp.") % told
        late = pickup.to_choose(session, order.id, now)
        if late:
            words += " " + _("Giờ đến lấy đã hẹn không còn chỗ, bạn mở đơn chọn giờ khác.")
        _tell_buyer(session, order, _letter(order, "paid", title, words), now)
    for parcel_id in late:
        words = _("Đơn %(code)s trả tiền muộn, giờ lấy cũ đã đầy. Khách được mời chọn giờ khác.") % told
        title = _("Đơn %(code)s cần hẹn lại giờ lấy") % told
        _tell_coop(session, session.get_one(Parcel, parcel_id), "pickup_hour", title, words, now)


def tell_closed(session: Session, event: OrderClosed, now: datetime) -> None:
    """Nobody paid in time."""
    order = session.get_one(Order, event.order_id)
    with _speaking(order):
        title = _("Đơn %(code)s đã đóng vì quá giờ trả tiền") % {"code": order.code}
        words = _("Hàng đã về lại kệ. Nếu bạn đã trả, tiền về mà hàng còn thì đơn tự mở lại, hết thì hoàn tiền.")
        _tell_buyer(session, order, _letter(order, "closed", title, words), now)


def tell_cancelled(session: Session, event: OrderCancelled, now: datetime) -> None:
    """The buyer called the order off: both sides have it in writing."""
    order = session.get_one(Order, event.order_id)
    with _speaking(order):
        paid = order.paid_at is not None
        words = _("Tiền đã trả sẽ được hoàn lại cho bạn.") if paid else _("Bạn không phải trả gì cho đơn này.")
        title = _("Đơn %(code)s đã hủy") % {"code": order.code}
        _tell_buyer(session, order, _letter(order, "cancelled", title, words), now)
    if paid or order.payment_method == "cod":
        for parcel in _parcels(session, order):
            title = _("Khách đã hủy đơn %(code)s") % {"code": order.code}
            _tell_coop(session, parcel, "order_cancelled", title, _("Bà con không cần đóng gói đơn này nữa."), now)


def tell_refunded(session: Session, event: RefundSent, now: datetime) -> None:
    """Money went back."""
    order_id = order_of(event.subject)
    order = session.get(Order, order_id) if order_id else None
    if order is None:
        return
    told = {"code": order.code, "sum": format_vnd(event.amount_vnd)}
    with _speaking(order):
        title = _("Đã trả lại %(sum)s của đơn %(code)s") % told
        words = _("Ngân hàng có thể cần vài giờ để tiền vào tài khoản của bạn.")
        letter = _letter(order, "refunded", title, words, f"refund:{event.refund_id}")
        _tell_buyer(session, order, letter, now)


def tell_parcel(session: Session, event: ParcelChanged, now: datetime) -> None:
    """A parcel went on: the buyer reads it where it matters to them.

    That it left is said when nobody can take that back any more.
    """
    parcel = session.get_one(Parcel, event.parcel_id)
    order = session.get_one(Order, parcel.order_id)
    key, due_at = f"parcel:{parcel.id}:{event.state}", None
    if event.state == "packed" and parcel.state == "packed":
        notify.drop(session, f"parcel:{parcel.id}:handed_over:", ["handed_over"])
    if event.state == "handed_over":
        if parcel.handed_over_at is None:
            return  # it stayed after all
        key, due_at = f"{key}:{parcel.handed_over_at:%y%m%d%H%M%S%f}", parcel.handed_over_at + TAKEN
    with _speaking(order):
        words = _parcel_words(session, order, parcel, event.state)
        if words is not None:
            letter = replace(_letter(order, event.state, *words, key), due_at=due_at)
            _tell_buyer(session, order, letter, now)


def tell_settled(session: Session, event: ParcelSettled, now: datetime) -> None:
    """A parcel was weighed or not all of it could be packed: the buyer reads what it costs now, if that changed."""
    row = session.get_one(Settled, event.settled_id)
    parcel = session.get_one(Parcel, row.parcel_id)
    order, more_vnd = session.get_one(Order, parcel.order_id), at_the_door.more(session, parcel).more_vnd
    if row.total_vnd == row.was_vnd and not more_vnd:
        return
    with _speaking(order):
        told = {
            "more": format_vnd(more_vnd),
            "code": order.code,
            "sum": format_vnd(row.total_vnd),
            "change": format_vnd(abs(row.was_vnd - row.total_vnd)),
        }
        words = _("Sau khi cân và đóng gói, kiện này là %(sum)s, bớt %(change)s.") % told
        if row.total_vnd == row.was_vnd:
            words = ""
        if row.asked_vnd:
            words = _("Sau khi cân, kiện này là %(sum)s, thêm %(change)s trả khi nhận hàng.") % told
        if row.back_vnd:
            words += " " + _("Phần đã trả dư sẽ được trả lại cho bạn.")
        if more_vnd:
            heavier = _("Hàng cân nặng hơn lúc đặt. Hợp tác xã tự giao thì bạn trả thêm %(more)s tiền mặt.") % told
            words = f"{words} {heavier}".strip()
        letter = _letter(order, "weighed", _("Đơn %(code)s đã cân xong") % told, words, f"settled:{row.id}")
        _tell_buyer(session, order, letter, now)


def tell_ship_by(session: Session, event: ShipByMoved, now: datetime) -> None:
    """The harvest is later or sooner than promised: the buyer reads the new day, and that the money can go back."""
    parcel = session.get_one(Parcel, event.parcel_id)
    order = session.get_one(Order, parcel.order_id)
    was, ship_by = date.fromisoformat(event.was), date.fromisoformat(event.ship_by)
    with _speaking(order):
        told = {"coop": coops.get(session, parcel.coop_id).name, "code": order.code}
        told |= {"was": day(was), "day": day(ship_by)}
        words = _("Hàng đặt trước được gửi trước ngày %(day)s, sớm hơn ngày %(was)s đã hẹn.") % told
        if ship_by > was:
            words = _("Hàng đặt trước dời từ ngày %(was)s sang gửi trước ngày %(day)s.") % told
            words += " " + _("Không muốn chờ thêm, bạn mở đơn và bấm Nhận lại tiền.")
        if parcel.id in pickup.to_choose(session, order.id, now):
            words += " " + _("Bạn mở đơn hẹn lại giờ đến lấy.")
        title = _("%(coop)s đổi ngày gửi đơn %(code)s") % told
        letter = _letter(order, "ship_by", title, words, f"ship_by:{parcel.id}:{event.ship_by}:{event.was}")
        _tell_buyer(session, order, letter, now)


def _parcel_words(session: Session, order: Order, parcel: Parcel, state: str) -> tuple[str, str] | None:
    """Title and body; None for steps nobody needs to be called for."""
    coop = coops.get(session, parcel.coop_id)
    told = {"coop": coop.name, "code": order.code, "phone": spoken(coop.phone)}
    note = parcel_note(session, parcel.id, state)
    if state == "handed_over":
        return _("%(coop)s đã gửi hàng đơn %(code)s") % told, _on_the_way(order, parcel)
    if state == "packed" and parcel.way == "pickup":
        words = _("Mời bạn đến lấy. Cần hỏi đường, gọi %(phone)s.") % told
        return _("%(coop)s đã đóng gói đơn %(code)s") % told, words
    if state == "problem":
        words = _("Hợp tác xã đang lo. Bạn gọi %(phone)s để hỏi thêm.") % told
        return _("Đơn %(code)s gặp trục trặc trên đường") % told, f"{note} {words}".strip()
    if state == "refused":
        words = _("Cần nói chuyện, bạn gọi %(phone)s.") % told
        return _("Đơn %(code)s không giao được") % told, f"{note} {_money_words(session, order)} {words}".strip()
    if state == "cancelled" and note == CALLED_OFF:
        return _("Đã hủy phần hàng của %(coop)s trong đơn %(code)s") % told, _money_words(session, order)
    if state == "cancelled":
        title = _("%(coop)s không giao được đơn %(code)s") % told
        return title, f"{note} {_money_words(session, order)}".strip()
    return None


def _on_the_way(order: Order, parcel: Parcel) -> str:
    told = {"carrier": parcel.carrier_name, "tracking": parcel.tracking_code, "day": day(parcel.expected_to)}
    if parcel.tracking_code:
        words = _("%(carrier)s giao, mã vận đơn %(tracking)s, dự kiến đến trước ngày %(day)s.") % told
    else:
        words = _("Hợp tác xã tự giao, dự kiến đến trước ngày %(day)s.") % told
    cash = _("Bạn chuẩn bị %(sum)s tiền mặt.") % {"sum": format_vnd(parcel.total_vnd)}
    return f"{words} {cash}" if order.payment_method == "cod" else words


def _money_words(session: Session, order: Order) -> str:
    if order.payment_method == "cod" or order.paid_at is None:
        return _("Bạn không phải trả tiền cho phần này.")
    state = payments.state_of(session, f"order:{order.id}").state
    return _("Tiền đã được trả lại cho bạn.") if state == "refunded" else _("Tiền phần này sẽ được trả lại cho bạn.")


def _letter(order: Order, kind: str, title: str, body: str, key: str = "") -> Letter:
    """In the language that is spoken now."""
    return Letter(key or f"order:{order.id}:{kind}", kind, title, body, url(ORDER + order.code), order.lang)


def _speaking(order: Order) -> speaking:
    lang: Lang = "en" if order.lang == "en" else "vi"
    return speaking(lang)


def _tell_buyer(session: Session, order: Order, letter: Letter, now: datetime) -> None:
    notify.tell(session, letter, subject=f"order:{order.id}", phone=order.phone, email=order.email, now=now)


def _parcels(session: Session, order: Order) -> Iterable[Parcel]:
    return session.exec(select(Parcel).where(Parcel.order_id == order.id).order_by(col(Parcel.id))).all()


def _tell_coops_new(session: Session, order: Order, now: datetime) -> None:
    for parcel in _parcels(session, order):
        lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id).order_by(col(OrderLine.id)))
        title = _("Đơn mới %(code)s: %(sum)s") % {"code": order.code, "sum": format_vnd(parcel.total_vnd)}
        words = _("%(goods)s. Giao cho %(name)s.") % {"goods": _goods_words(lines), "name": order.name}
        _tell_coop(session, parcel, "new_order", title, words, now)


def _goods_words(lines: Iterable[OrderLine]) -> str:
    """ "2 × Thanh long ruột đỏ (Thùng 5 kg), Gạo lứt (1,5 kg)"."""

    def words(line: OrderLine) -> str:
        if line.step_g == 500:
            return f"{line.product_name} ({kg(line.step_g * line.quantity)})"
        return f"{line.quantity} × {line.product_name} ({line.variant_name})"

    return ", ".join(map(words, lines))


def _tell_coop(session: Session, parcel: Parcel, kind: str, title: str, body: str, now: datetime) -> None:
    """To everybody who sells for the co-op, in Vietnamese; browsers they signed up listen as `person:ID`."""
    letter = Letter(f"parcel:{parcel.id}:{kind}", kind, title, body, f"/ban-hang/don/{parcel.id}")
    told = {it.id: it for role in SELLING for it in accounts.holders(session, role, parcel.coop_id)}
    for person in told.values():
        subject = f"person:{person.id}"
        notify.tell(session, letter, subject=subject, phone=person.phone or "", email=person.email, now=now)
