"""A paper that proves something about a co-op or one of its products."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel


class Kind(StrEnum):
    """What the paper proves."""

    OCOP = "ocop"
    VIETGAP = "vietgap"
    GLOBALGAP = "globalgap"
    ORGANIC = "organic"
    GEO = "geo"


class CertificateState(StrEnum):
    """A co-op hands in, the alliance verifies; only a verified paper is shown."""

    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REJECTED = "rejected"
    REVOKED = "revoked"


class Certificate(SQLModel, table=True):
    """Without `product_id` it speaks for all goods of the co-op. `stars` is for OCOP only (1 to 5).

    It is good until the last second of `expires_on` in Vietnam.
    """

    __table_args__ = (
        Index("ix_certificate_product", "product_id"),
        Index("ix_certificate_coop", "coop_id", "kind"),
        Index("ix_certificate_kind", "kind", "state", "expires_on"),
        CheckConstraint("stars BETWEEN 0 AND 5", name="stars"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    product_id: int | None = Field(default=None, foreign_key="product.id")
    kind: str
    stars: int = 0
    number: str
    issuer: str
    issued_on: date
    expires_on: date
    state: str = CertificateState.SUBMITTED
    is_demo: bool = False
