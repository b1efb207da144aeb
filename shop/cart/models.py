"""A cart and its lines. The ordinary cart reserves nothing; a line bought live carries its hold and its price."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Cart(SQLModel, table=True):
    """A visitor's cart; its id is unguessable and is the whole right to it."""

    __tablename__ = "cart"

    id: str = Field(primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    touched_at: datetime = Field(sa_type=UtcDateTime, index=True)
    voucher_id: int | None = Field(default=None, foreign_key="voucher.id")


class CartLine(SQLModel, table=True):
    """So many selling steps of a variant.

    An ordinary line stores no price to pay, only the one last shown (`seen_price_vnd`), so that a change can be said.
    A line bought live (`live_key` "live:12") is held for `hold_owner` in `pool_id` at `price_vnd` until `held_until`.
    """

    __tablename__ = "cart_line"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id", "live_key"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    id: int = Field(default=None, primary_key=True)
    cart_id: str = Field(foreign_key="cart.id")
    variant_id: int = Field(foreign_key="variant.id", index=True)
    live_key: str = ""
    quantity: int
    seen_price_vnd: int = Field(sa_type=BigInteger)
    price_vnd: int | None = Field(default=None, sa_type=BigInteger)
    pool_id: int | None = Field(default=None, foreign_key="pool.id")
    price_kind: str = ""
    """Which price of a session it is: "live", "deal", "set"."""
    discount_vnd: int = Field(default=0, sa_type=BigInteger)
    """What a set takes off the whole line while it is held."""
    set_name: str = ""
    set_count: int = 0
    """How many whole sets this line is a part of."""
    hold_owner: str | None = Field(default=None, index=True)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    added_at: datetime = Field(sa_type=UtcDateTime)
