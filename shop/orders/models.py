"""An order, its parcels (one a co-op), its lines and what happened to it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Order(SQLModel, table=True):
    """What one buyer bought at one time, paid once. Names, prices and the address are as they were then.

    `placement_key` makes placing the same thing twice one order.
    """

    __tablename__ = "customer_order"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("placement_key"),
        CheckConstraint("total_vnd = goods_vnd + shipping_vnd AND goods_vnd >= 0 AND shipping_vnd >= 0", name="sum"),
        CheckConstraint("state IN ('awaiting_payment', 'placed', 'done', 'closed', 'cancelled')", name="state"),
        Index("ix_customer_order_to_close", "state", "pay_by"),
    )

    id: int = Field(default=None, primary_key=True)
    code: str
    placement_key: str
    state: str
    name: str
    phone: str = Field(index=True)
    email: str | None = None
    province_code: str
    ward_code: str
    line: str
    legacy_text: str = ""
    note: str = ""
    goods_vnd: int = Field(sa_type=BigInteger)
    shipping_vnd: int = Field(sa_type=BigInteger)
    total_vnd: int = Field(sa_type=BigInteger)
    payment_method: str
    placed_at: datetime = Field(sa_type=UtcDateTime, index=True)
    pay_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""
    lang: str = "vi"
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    visitor_key: str = Field(default="", index=True)
    source: str = "shop"
    is_demo: bool = False


class Parcel(SQLModel, table=True):
    """The part of an order that one co-op packs and hands over. `way` is "delivery" or "pickup"."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("order_id", "coop_id"),
        CheckConstraint("total_vnd = goods_vnd + shipping_vnd AND goods_vnd >= 0 AND shipping_vnd >= 0", name="sum"),
        CheckConstraint(
            "state IN ('waiting', 'new', 'confirmed', 'packed', 'handed_over', 'delivered', 'problem', 'refused', "
            "'cancelled')",
            name="state",
        ),
        Index("ix_parcel_coop_state", "coop_id", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="customer_order.id")
    coop_id: int = Field(foreign_key="coop.id")
    state: str
    way: str
    goods_vnd: int = Field(sa_type=BigInteger)
    shipping_vnd: int = Field(sa_type=BigInteger)
    total_vnd: int = Field(sa_type=BigInteger)
    weight_g: int
    expected_from: date
    expected_to: date
    awaits_harvest: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Something in it is not harvested yet: it is packed later and is on no list of the day."""
    carrier: str = ""
    carrier_name: str = ""
    tracking_code: str = ""
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    packed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handed_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OrderLine(SQLModel, table=True):
    """So many selling steps of one variant at the price of that moment; `price_vnd` is per step of `step_g`.

    The market's `commission_vnd` is frozen at the sale, too, as is what the co-op took off: `discount_vnd` of the whole
    line, by a voucher (`voucher_code`) or a set. `price_kind` tells which price it was: "live", "deal", "set", or "".

    `gift_vnd` of `discount_vnd` is the market's own gift, which the co-op is paid: `gift_left_vnd` of it for what goes.

    When it is packed, `left_out` steps may be missing of those ordered (`quantity` is what goes), and the goods may
    weigh `weighed_g` instead of the estimate: `settled_vnd` is what both change in its sum (`shop.orders.weighing`).
    """

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint(
            "total_vnd = price_vnd * quantity - discount_vnd + settled_vnd AND discount_vnd >= 0 AND total_vnd >= 0",
            name="sum",
        ),
        CheckConstraint("gift_left_vnd BETWEEN 0 AND gift_vnd AND gift_vnd <= discount_vnd", name="gift"),
        CheckConstraint("quantity >= 0 AND left_out >= 0 AND quantity + left_out > 0", name="steps"),
        Index("ix_order_line_parcel", "parcel_id"),
        Index(
            "ix_order_line_live",
            "live_key",
            sqlite_where=text("live_key != ''"),
            postgresql_where=text("live_key != ''"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="customer_order.id", index=True)
    parcel_id: int = Field(foreign_key="parcel.id")
    variant_id: int = Field(foreign_key="variant.id")
    product_id: int = Field(foreign_key="product.id")
    product_name: str
    variant_name: str
    step_g: int
    quantity: int
    price_vnd: int = Field(sa_type=BigInteger)
    total_vnd: int = Field(sa_type=BigInteger)
    commission_vnd: int = Field(default=0, sa_type=BigInteger)
    commission_bp: int = 0
    discount_vnd: int = Field(default=0, sa_type=BigInteger)
    voucher_code: str = ""
    gift_vnd: int = Field(default=0, sa_type=BigInteger)
    gift_left_vnd: int = Field(default=0, sa_type=BigInteger)
    price_kind: str = ""
    set_name: str = ""
    set_count: int = 0
    """Of how many sets of that name it was sold as a part."""
    live_key: str = ""
    """The session that sold it ("live:12"), whatever pool its goods came from when late money opened it again."""
    pool_id: int = Field(foreign_key="pool.id")
    ship_by: date | None = None
    """Sold before the harvest, sent on this day at the latest."""
    ship_by_was: date | None = None
    """The day that was promised first, where the co-op has moved it."""
    harvested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Sold before the harvest, and since then it came: the goods of this line are there."""
    left_out: int = 0
    weighed_g: int | None = None
    settled_vnd: int = Field(default=0, sa_type=BigInteger)

    @property
    def weight_g(self) -> int:
        """As weighed, before that as ordered."""
        return self.step_g * self.quantity if self.weighed_g is None else self.weighed_g


class OrderEvent(SQLModel, table=True):
    """Something that happened to an order or one of its parcels; rows are only ever added."""

    __tablename__ = "order_event"

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="customer_order.id", index=True)
    parcel_id: int | None = Field(default=None, foreign_key="parcel.id")
    what: str
    at: datetime = Field(sa_type=UtcDateTime)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    note: str = ""


class CodRefusal(SQLModel, table=True):
    """A parcel to be paid in cash that was not taken; it counts against `phone` for a while, or until it is lifted."""

    __tablename__ = "cod_refusal"
    __table_args__ = (UniqueConstraint("parcel_id"), Index("ix_cod_refusal_phone", "phone", "refused_at"))

    id: int = Field(default=None, primary_key=True)
    phone: str
    parcel_id: int = Field(foreign_key="parcel.id")
    refused_at: datetime = Field(sa_type=UtcDateTime)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_by: int | None = Field(default=None, foreign_key="person.id")


class MoneyBack(SQLModel, table=True):
    """The market or the co-op gives a buyer money back for a parcel. Above a limit it takes two people.

    `lines` are the steps of each order line it is for ({"17": 2}); where the goods are fit they are sold again.
    proposed -> given | withdrawn
    """

    __tablename__ = "money_back"
    __table_args__ = (
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("state IN ('proposed', 'given', 'withdrawn')", name="state"),
        Index("ix_money_back_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id", index=True)
    amount_vnd: int = Field(sa_type=BigInteger)
    lines: dict[str, int] = Field(sa_type=JSON)
    reason: str
    goods_fit: bool
    state: str
    asked_by: int
    asked_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: int | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Settled(SQLModel, table=True):
    """A parcel was weighed, or a part of it could not be packed: its sum became another one. Rows are only added.

    Of the difference `back_vnd` was sent back, `asked_vnd` is asked for besides; the rest was simply owed no more.
    `lines` tells each line's steps and grams ({"17": {"steps": 2, "weight_g": 19400}}).
    """

    __tablename__ = "parcel_settled"
    __table_args__ = (CheckConstraint("back_vnd >= 0 AND asked_vnd >= 0", name="sums"),)

    id: int = Field(default=None, primary_key=True)
    parcel_id: int = Field(foreign_key="parcel.id", index=True)
    was_vnd: int = Field(sa_type=BigInteger)
    total_vnd: int = Field(sa_type=BigInteger)
    back_vnd: int = Field(sa_type=BigInteger)
    asked_vnd: int = Field(sa_type=BigInteger)
    lines: dict[str, Any] = Field(sa_type=JSON)
    person_id: int
    at: datetime = Field(sa_type=UtcDateTime)


class Idempotency(SQLModel, table=True):
    """An API call that was answered: the same key gets the same answer, another body under it is refused."""

    __tablename__ = "idempotency"

    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    answer: dict[str, Any] = Field(sa_type=JSON)
    order_id: int | None = Field(default=None, foreign_key="customer_order.id")
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
