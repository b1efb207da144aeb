"""Orders of the demo market, one for each thing that can happen to one, made through the real services.

Deterministic: the same market gives the same orders, and a second run changes nothing. Invented buyers throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from payments import service as payments
from payments.events import MoneyArrived
from payments.gateway import BankLine, RawRequest
from payments.receive import receive
from payments.till import till_from
from shop.accounts.models import PersonRow, RoleGrant
from shop.cart import basket
from shop.cart import service as cart
from shop.cart.ways import parts_of
from shop.catalog.models import Product, ProductState, Variant
from shop.coops.models import Coop, CoopState
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import states, weighing
from shop.orders.handlers import money_arrived
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.placing import Buyer, Part, find_placed, place
from shop.orders.service import cancel, close
from shop.settings import Settings
from shop.shipping.models import DeliveryTerms
from shop.shipping.service import Rate, Table, save_table
from shop.stock.service import SoldOut

SHOPPER, MANAGER = "+84900000001", "+84900000002"
PROMPT = timedelta(minutes=12)  # how soon after ordering a buyer transfers


class Customer(NamedTuple):
    """An invented buyer: name, phone, province, ward, street."""

    name: str
    phone: str
    province_code: str
    ward_code: str
    line: str


CUSTOMERS = (
    Customer("Trần Minh Khách", SHOPPER, "68", "23059", "Thôn 2, gần chợ Ma Lâm"),
    Customer("Lê Thị Ngọc Lan", "+84900100011", "79", "27316", "15 An Dương Vương"),
    Customer("Phạm Văn Tâm", "+84900100012", "48", "20500", "Tổ 4, Ái Nghĩa"),
    Customer("Đỗ Thu Hà", "+84900100013", "68", "22960", "8 Trần Hưng Đạo"),
    Customer("Nguyễn Quốc Bảo", "+84900100014", "68", "23095", "Thôn Thuận Minh"),
    Customer("Võ Thị Út", "+84900100015", "68", "23128", "Xóm Lò, đối diện đình"),
)


@dataclass(frozen=True)
class Story:
    """One order: how long ago, who, from how many co-ops, how it is paid, and what then happened."""

    key: str
    hours_ago: int
    customer: int
    coops: int
    pay: str
    then: tuple[str, ...] = ()
    way: str = "delivery"
    note: str = ""


STORIES = (
    Story("moi-1", 1, 0, 1, "cod", note="Giao sau 17 giờ giúp em."),
    Story("moi-2", 2, 1, 2, "cod"),
    Story("moi-3", 3, 3, 1, "vietqr", ("pay",)),
    Story("moi-4", 4, 4, 1, "cod", way="pickup"),
    Story("cho-tien", 0, 0, 2, "vietqr"),
    Story("cho-tien-thieu", 0, 2, 1, "vietqr", ("pay half",)),
    Story("xac-nhan-1", 8, 5, 1, "cod", ("confirm",)),
    Story("xac-nhan-2", 10, 3, 1, "vietqr", ("pay", "confirm")),
    Story("dong-goi-1", 14, 1, 1, "cod", ("confirm", "pack")),
    Story("dong-goi-2", 16, 4, 1, "cod", ("confirm", "pack"), way="pickup"),
    Story("dang-giao-1", 30, 0, 1, "cod", ("confirm", "pack", "hand over")),
    Story("dang-giao-2", 34, 2, 2, "vietqr", ("pay", "confirm", "pack", "hand over")),
    Story("tu-giao", 28, 5, 1, "cod", ("confirm", "pack", "own")),
    Story("da-giao-1", 80, 0, 1, "cod", ("confirm", "pack", "hand over", "deliver")),
    Story("da-giao-2", 100, 3, 2, "vietqr", ("pay", "confirm", "pack", "hand over", "deliver")),
    Story("da-giao-3", 130, 4, 1, "cod", ("confirm", "pack", "deliver"), way="pickup"),
    Story("da-giao-4", 170, 1, 1, "vietqr", ("pay", "confirm", "pack", "hand over", "deliver")),
    Story("truc-trac", 50, 2, 1, "cod", ("confirm", "pack", "hand over", "problem")),
    Story("khong-nhan", 120, 5, 1, "cod", ("confirm", "pack", "hand over", "refuse")),
    Story("khach-huy", 60, 1, 1, "cod", ("cancel",)),
    Story("khach-huy-da-tra", 40, 3, 1, "vietqr", ("pay", "cancel")),
    Story("qua-gio", 26, 2, 1, "vietqr", ("close",)),
    Story("tien-tre", 20, 0, 1, "vietqr", ("close", "pay late", "confirm")),
    Story("htx-huy", 70, 4, 1, "vietqr", ("pay", "coop cancels")),
    Story("da-giao-5", 640, 1, 1, "vietqr", ("pay", "confirm", "pack", "hand over", "deliver")),
    Story("da-giao-6", 660, 3, 3, "vietqr", ("pay", "confirm", "pack", "hand over", "deliver")),
    Story("da-giao-7", 500, 0, 1, "cod", ("confirm", "pack", "deliver"), way="pickup"),
    Story("da-can-1", 7, 3, 1, "cod", ("confirm", "weigh")),
    Story("moi-5", 5, 2, 1, "cod"),
    Story("da-can-2", 9, 4, 1, "vietqr", ("pay", "confirm", "weigh")),
    Story("dong-goi-3", 11, 3, 1, "cod", ("confirm", "weigh", "pack")),
    Story("da-giao-8", 510, 4, 3, "vietqr", ("pay", "confirm", "pack", "hand over", "deliver")),
)


def make_orders(db: Database, settings: Settings, now: datetime) -> None:
    """Delivery tables for every co-op without one, then the stories that have not been told yet."""
    with db.write() as session:
        _make_tables(session)
    with db.read() as session:
        sellers = _sellers(session)
        manager = _manager(session)
    for at, story in enumerate(STORIES):
        with db.write() as session:
            if find_placed(session, f"demo:{story.key}") is None:
                _tell(session, story, sellers[at % len(sellers) :] + sellers, settings, manager, now)


def _make_tables(session: Session) -> None:
    known = set(session.exec(select(DeliveryTerms.coop_id)))
    for coop in session.exec(select(Coop).where(Coop.is_demo).order_by(col(Coop.id))):
        if coop.id not in known:
            save_table(session, _table(coop))


ZONES = (("commune", 12_000, 0, 1), ("province", 22_000, 1, 2), ("region", 32_000, 1, 3), ("nation", 42_000, 2, 4))
STEPS_G = (3_000, 6_000, 10_000, 20_000, 30_000)


def _table(coop: Coop) -> Table:
    rates = [
        Rate(zone, up_to_g, base_vnd + at * base_vnd // 2 + coop.id % 3 * 1_000, least, most)
        for zone, base_vnd, least, most in ZONES
        for at, up_to_g in enumerate(STEPS_G)
    ]
    free_from_vnd = (800_000, 1_000_000, None)[coop.id % 3]
    return Table(coop.id, coop.ward_code, tuple(rates), free_from_vnd, True, f"Kho hợp tác xã, {coop.line}", 1)


def _sellers(session: Session) -> list[int]:
    """Co-ops that sell, the demo manager's first and again between the others, so that there is work to do."""
    mine = session.exec(
        select(RoleGrant.coop_id)
        .join(PersonRow, col(PersonRow.id) == RoleGrant.person_id)
        .where(PersonRow.phone == MANAGER, RoleGrant.role == "manager")
    ).first()
    selling = select(Product.coop_id).join(Coop, col(Coop.id) == Product.coop_id)
    on_sale = selling.where(Product.state == ProductState.ON_SALE, Coop.state == CoopState.SELLING, Coop.is_demo)
    others = [coop_id for coop_id in sorted(set(session.exec(on_sale))) if coop_id != mine]
    if mine is None:
        return others
    return [coop_id for other in others for coop_id in (mine, other)]


def _manager(session: Session) -> Person:
    row = session.exec(select(PersonRow).where(PersonRow.phone == MANAGER)).one()
    return Person(row.id, row.name, MANAGER)


def _tell(
    session: Session, story: Story, sellers: Sequence[int], settings: Settings, manager: Person, now: datetime
) -> None:
    start = now - timedelta(hours=story.hours_ago, minutes=17 if story.hours_ago else 0)
    coop_ids = list(dict.fromkeys(sellers))[: story.coops]
    cart_id = _fill_cart(session, coop_ids, start)
    mine = basket.read(session, cart_id, start)
    who = CUSTOMERS[story.customer]
    chosen = parts_of(session, mine, {"ward_code": who.ward_code}, start)
    parts = [Part(choice.parcel, quote) for choice in chosen if (quote := choice.choices.by(story.way))]
    if not parts:
        return
    buyer = Buyer(*who[:2], *who[2:], note=story.note, person_id=_person_id(session, who.phone))
    placed = place(session, f"demo:{story.key}", buyer, parts, story.pay, settings, start, is_demo=True)
    cart.clear(session, cart_id)
    for at, act in enumerate(story.then, start=1):
        later = (now - start) * at / (len(story.then) + 1)
        moment = start + (PROMPT if act in ("pay", "pay half") and story.hours_ago else later)
        ACTS[act](session, session.get_one(Order, placed.id), settings, manager, moment)


def _fill_cart(session: Session, coop_ids: Sequence[int], now: datetime) -> str:
    cart_id = cart.open_cart(session, None, now)
    for at, coop_id in enumerate(coop_ids):
        of_coop = select(Variant.id).join(Product, col(Product.id) == Variant.product_id)
        goods = of_coop.where(Product.coop_id == coop_id, Product.state == ProductState.ON_SALE, Variant.on_sale)
        for variant_id in session.exec(goods.order_by(col(Variant.id)).limit(2 - at % 2)):
            _put(session, cart_id, variant_id, 1 + (variant_id + at) % 2, now)
    return cart_id


def _put(session: Session, cart_id: str, variant_id: int, quantity: int, now: datetime) -> None:
    try:
        cart.add(session, cart_id, variant_id, quantity, now)
    except (cart.SoldOut, cart.NotOnSale, SoldOut):
        return  # the market's owner sells this one out on purpose


def _person_id(session: Session, phone: str) -> int | None:
    return session.exec(select(PersonRow.id).where(PersonRow.phone == phone)).first()


def bank_tells(session: Session, order: Order, settings: Settings, now: datetime, amount_vnd: int | None = None) -> int:
    """A transfer for this order is on the account, in full or of `amount_vnd`; returns the sum, 0 if none is due."""
    action = payments.action(session, f"order:{order.id}", settings)
    if action is None:
        return 0
    paid_vnd = amount_vnd or action.amount_vnd
    line_id = f"demo-{order.placement_key}-{paid_vnd}"
    line = BankLine(line_id, True, paid_vnd, f"MBVCB.{action.content}.CT tu", settings.vietqr_account_no, now)
    receive(session, till_from(settings), "sepay", RawRequest({}, b"", now), [line], now)
    session.flush()
    return paid_vnd


def transfer(session: Session, order: Order, settings: Settings, now: datetime, amount_vnd: int | None = None) -> None:
    """The same, and the order hears of it at once instead of through the outbox."""
    if paid_vnd := bank_tells(session, order, settings, now, amount_vnd):
        missing_vnd = payments.state_of(session, f"order:{order.id}").missing_vnd
        money_arrived(session, MoneyArrived(f"order:{order.id}", paid_vnd, missing_vnd == 0), now)
        session.refresh(order)


Act = Callable[[Session, Order, Settings, Person, datetime], None]


def _each(move: Callable[[Session, Parcel, Person, datetime], None]) -> Act:
    def act(session: Session, order: Order, _settings: Settings, manager: Person, now: datetime) -> None:
        for parcel in session.exec(select(Parcel).where(Parcel.order_id == order.id).order_by(col(Parcel.id))).all():
            move(session, parcel, manager, now)

    return act


def _hand_over(session: Session, parcel: Parcel, manager: Person, now: datetime) -> None:
    code = f"VN{parcel.id:07d}MH"
    facts = {"carrier_key": "typed", "carrier_name": "Xe khách Phương Minh (minh họa)", "tracking_code": code}
    states.hand_over(session, parcel.coop_id, parcel.id, manager, now, **facts)


def _weigh(session: Session, parcel: Parcel, manager: Person, now: datetime) -> None:
    """Three percent lighter than ordered."""
    lines = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).all()
    real = {line.id: weighing.Real(line.quantity, line.weight_g * 97 // 100) for line in lines}
    weighing.settle(session, parcel.coop_id, parcel.id, real, manager, now)


ACTS: dict[str, Act] = {
    "pay": lambda session, order, settings, _manager, now: transfer(session, order, settings, now),
    "pay half": lambda session, order, settings, _manager, now: transfer(
        session, order, settings, now, order.total_vnd // 2
    ),
    "pay late": lambda session, order, settings, _manager, now: transfer(session, order, settings, now),
    "close": lambda session, order, _settings, _manager, now: close(session, order.id, now),
    "confirm": _each(lambda s, p, who, now: states.confirm(s, p.coop_id, p.id, who, now)),
    "weigh": _each(_weigh),
    "pack": _each(lambda s, p, who, now: states.pack(s, p.coop_id, p.id, who, now)),
    "hand over": _each(_hand_over),
    "own": _each(lambda s, p, who, now: states.hand_over(s, p.coop_id, p.id, who, now, carrier_key="own")),
    "deliver": _each(lambda s, p, who, now: states.deliver(s, p.coop_id, p.id, who, now)),
    "problem": _each(
        lambda s, p, who, now: states.report_problem(s, p.coop_id, p.id, who, now, "Xe hỏng giữa đường, mai giao tiếp.")
    ),
    "refuse": _each(
        lambda s, p, who, now: states.refuse(
            s, p.coop_id, p.id, who, now, goods_fit=True, note="Gọi ba lần không ai nghe máy."
        )
    ),
    "coop cancels": _each(
        lambda s, p, who, now: states.cancel(s, p.coop_id, p.id, who, now, "Mưa lớn, vườn chưa cắt được trái.")
    ),
    "cancel": lambda session, order, _settings, _manager, now: cancel(session, order.id, None, now),
}
