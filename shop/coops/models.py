"""A co-op as the law and the buyer want to know it."""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class CoopState(StrEnum):
    """APPLIED waits for the alliance; VERIFIED may prepare its shelf; SELLING is shown and sells; on HOLIDAY it is
    shown and sells nothing until it is back; SUSPENDED the alliance has stopped it, or has refused its application."""

    APPLIED = "applied"
    VERIFIED = "verified"
    SELLING = "selling"
    HOLIDAY = "holiday"
    SUSPENDED = "suspended"


KINDS = ("coop", "union", "group")
"""Hợp tác xã, liên hiệp hợp tác xã, tổ hợp tác (law 17/2023/QH15)."""
SHOWN = (CoopState.SELLING, CoopState.HOLIDAY)
"""Whose pages buyers see."""
PASSED = (CoopState.VERIFIED, *SHOWN)
"""Whom the alliance has verified and not stopped."""


class Coop(SQLModel, table=True):
    """A co-operative (hợp tác xã). `legal_name`, `tax_code`, `representative` and the address stand on its page by law.

    `founded_on` is a year. `phone` and `zalo` are +84…; `zalo` empty means the same number as `phone`.
    `state_reason` and `state_at` say why and since when it is in its state.
    `commission_bp` is the market's part of the goods' price, 500 is 5 %.
    """

    id: int = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    kind: str = "coop"
    legal_name: str
    registration_no: str = ""
    tax_code: str
    representative: str
    founded_on: int
    member_count: int
    story: str
    province_code: str
    ward_code: str
    line: str
    legacy_text: str = ""
    """The address by its names before 1 July 2025, when it was told that way."""
    phone: str
    zalo: str = ""
    email: str = ""
    own_domain: str | None = Field(default=None, unique=True)
    """A host name of its own that leads to its page, such as "thanhlonghamduc.vn"."""
    face_photo_id: int | None = Field(default=None, foreign_key="photo.id")
    face_name: str = ""
    cover_photo_id: int | None = Field(default=None, foreign_key="photo.id")
    delivery_policy: str = ""
    return_policy: str = ""
    state: str = CoopState.APPLIED
    state_reason: str = ""
    state_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    holiday_until: date | None = None
    """The day on which it sells again; None when it comes back by hand."""
    commission_bp: int = Field(default=500, ge=0, le=10_000)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_demo: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
