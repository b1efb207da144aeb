"""Reviews of goods that were delivered, and questions about goods."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class Shown(StrEnum):
    """Whether the page shows it: the alliance hides what breaks the market's rules, with its reason."""

    SHOWN = "shown"
    HIDDEN = "hidden"


class Review(SQLModel, table=True):
    """What the buyer of one order line thinks of it, once. `name` is as the page shows it.

    `reported_why` is what the co-op has against it: the alliance then decides, with `hidden_why` when it hides.
    """

    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("state IN ('shown', 'hidden')", name="state"),
        Index("ix_review_product", "product_id", "state", "id"),
        Index("ix_review_coop", "coop_id", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    line_id: int = Field(foreign_key="order_line.id", unique=True)
    product_id: int = Field(foreign_key="product.id")
    coop_id: int = Field(foreign_key="coop.id")
    name: str
    stars: int
    words: str = Field(default="", sa_type=Text)
    photo_id: int | None = Field(default=None, foreign_key="photo.id")
    state: str = Shown.SHOWN
    written_at: datetime = Field(sa_type=UtcDateTime)
    reply: str = Field(default="", sa_type=Text)
    replied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reported_why: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hidden_why: str = ""


class Question(SQLModel, table=True):
    """Somebody with an account asks about a product; the page shows it once the co-op has answered."""

    __table_args__ = (
        CheckConstraint("state IN ('shown', 'hidden')", name="state"),
        Index("ix_question_product", "product_id", "state", "id"),
        Index("ix_question_coop", "coop_id", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    coop_id: int = Field(foreign_key="coop.id")
    person_id: int = Field(foreign_key="person.id")
    name: str
    words: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answer: str = Field(default="", sa_type=Text)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str = Shown.SHOWN
    hidden_why: str = ""
