"""What a parcel brought its seller, and the row that is locked while a seller's balances change."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class SellerAccount(SQLModel, table=True):
    """One row for each seller ("coop:7"), locked while money of the seller moves: two moves never spend one balance."""

    __tablename__ = "seller_account"

    seller: str = Field(primary_key=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)


class Earning(SQLModel, table=True):
    """Written once, when a parcel ("parcel:9") was delivered and its money is here. `label` is the order's code.

    `gross_vnd` left the buyer's funds, or the market's own where it gave a voucher (`gift_vnd` of it; refunds brought
    `returned_gift_vnd` back to the market). `commission_vnd` of the gross is the market's; the rest is the
    seller's, payable from `payable_at` on, when the time for claims is over. `returned_*` is what refunds took back.
    `settlement_id` names the payout that lists it.
    """

    __tablename__ = "earning"
    __table_args__ = (
        UniqueConstraint("parcel"),
        CheckConstraint("commission_vnd BETWEEN 0 AND gross_vnd AND gross_vnd > 0", name="amount"),
        CheckConstraint("returned_gift_vnd BETWEEN 0 AND gift_vnd AND gift_vnd < gross_vnd", name="gift"),
        CheckConstraint("returned_vnd BETWEEN 0 AND gross_vnd", name="returned"),
        CheckConstraint("returned_commission_vnd BETWEEN 0 AND commission_vnd", name="commission"),
        Index(
            "ix_earning_to_release",
            "payable_at",
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index("ix_earning_seller", "seller", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    seller: str
    subject: str = Field(index=True)
    label: str
    parcel: str
    goods_vnd: int = Field(sa_type=BigInteger)
    shipping_vnd: int = Field(sa_type=BigInteger)
    gross_vnd: int = Field(sa_type=BigInteger)
    commission_vnd: int = Field(sa_type=BigInteger)
    gift_vnd: int = Field(default=0, sa_type=BigInteger)
    returned_vnd: int = Field(default=0, sa_type=BigInteger)
    returned_commission_vnd: int = Field(default=0, sa_type=BigInteger)
    returned_gift_vnd: int = Field(default=0, sa_type=BigInteger)
    returned_pending_vnd: int = Field(default=0, sa_type=BigInteger)
    earned_at: datetime = Field(sa_type=UtcDateTime)
    payable_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settlement_id: int | None = Field(default=None, index=True)

    @property
    def net_vnd(self) -> int:
        """The seller's part as it was earned."""
        return self.gross_vnd - self.commission_vnd

    @property
    def left_vnd(self) -> int:
        """Of the buyer's money, what was not given back yet."""
        return self.gross_vnd - self.gift_vnd - (self.returned_vnd - self.returned_gift_vnd)

    @property
    def kept_vnd(self) -> int:
        """The seller's part after what refunds took back."""
        return self.net_vnd - (self.returned_vnd - self.returned_commission_vnd)
