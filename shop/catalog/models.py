"""Categories, products, variants, photos, prices."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DDL, JSON, BigInteger, CheckConstraint, Index, Text, event
from sqlmodel import Field, SQLModel

from shop.core.db import UtcDateTime


class ProductState(StrEnum):
    """Only what is on sale is listed and can be bought."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    HIDDEN = "hidden"


class VariantKind(StrEnum):
    """How it is sold: a closed box, loose by weight, or by the piece (bottle, bag, basket)."""

    BOX = "box"
    LOOSE = "loose"
    PIECE = "piece"


class TaxTreatment(StrEnum):
    """How VAT treats the goods; the co-op says it, its accountant answers for it. Law 48/2024/QH15, Art. 5 and 9."""

    UNKNOWN = ""
    UNPROCESSED = "unprocessed"
    PROCESSED = "processed"


class Category(SQLModel, table=True):
    """A shelf of the market."""

    id: int = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    name_en: str
    position: int
    photo_id: int | None = Field(default=None, foreign_key="photo.id")


class Product(SQLModel, table=True):
    """A thing a co-op sells, in one or more variants.

    `shelf_life_days` counts from packing; None for goods that keep (rattan). `lowest_price_vnd` and `lowest_variant_id`
    are those of its cheapest variant on sale (0 and None without one), kept here so that lists can be sorted by an
    index. `search_*` hold words separated by spaces: the name folded, the name as written, and everything folded.
    """

    __table_args__ = (
        Index("ix_product_by_category", "category_id", "state", "id"),
        Index("ix_product_by_category_price", "category_id", "state", "lowest_price_vnd", "id"),
        Index("ix_product_by_coop", "coop_id", "state", "id"),
        Index("ix_product_by_coop_price", "coop_id", "state", "lowest_price_vnd", "id"),
        Index("ix_product_by_coop_category", "coop_id", "category_id", "state"),
        Index("ix_product_by_price", "state", "lowest_price_vnd", "id"),
        Index("ix_product_by_age", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    coop_id: int = Field(foreign_key="coop.id")
    category_id: int = Field(foreign_key="category.id")
    slug: str = Field(unique=True)
    name: str
    name_en: str = ""
    summary: str = ""
    description: str = Field(default="", sa_type=Text)
    origin: str = ""
    storage_tip: str = ""
    variety: str = ""
    grade: str = ""
    keywords: str = ""
    tax_treatment: str = TaxTreatment.UNKNOWN
    shelf_life_days: int | None = None
    state: str = ProductState.DRAFT
    created_at: datetime = Field(sa_type=UtcDateTime)
    lowest_price_vnd: int = Field(default=0, sa_type=BigInteger)
    lowest_variant_id: int | None = None
    search_name: str = Field(default="", sa_type=Text)
    search_folded: str = Field(default="", sa_type=Text)
    search_exact: str = Field(default="", sa_type=Text)
    is_demo: bool = False


class Variant(SQLModel, table=True):
    """One way to buy a product.

    The price is per selling step of `step_g` grams: the weight of a box, or 500 for loose fruit. `packing_g` is what
    the packing of one step adds to the parcel. A buyer takes `least_steps` to `most_steps`. `tiers` are lower prices
    for more, for everybody: [[10, 180000], [50, 170000]]; `wholesale` those for buyers whom the co-op knows. At
    `low_at` the co-op is told. With `ship_by` it is sold before the harvest and sent on that day at the latest.
    """

    __table_args__ = (
        CheckConstraint("price_vnd > 0", name="price"),
        CheckConstraint("step_g > 0 AND packing_g >= 0 AND most_steps > 0", name="steps"),
        CheckConstraint("least_steps > 0 AND least_steps <= most_steps", name="least"),
    )

    id: int = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id", index=True)
    name: str
    kind: str
    step_g: int
    packing_g: int = 0
    price_vnd: int = Field(sa_type=BigInteger)
    most_steps: int = 50
    least_steps: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    tiers: Any = Field(default=None, sa_type=JSON(none_as_null=True), nullable=True)
    wholesale: Any = Field(default=None, sa_type=JSON(none_as_null=True), nullable=True)
    ship_by: date | None = None
    low_at: int = Field(default=5, sa_column_kwargs={"server_default": "5"})
    position: int = 0
    on_sale: bool = True


class ProductPhoto(SQLModel, table=True):
    """The photos of a product; position 0 is the one in lists."""

    __tablename__ = "product_photo"

    product_id: int = Field(foreign_key="product.id", primary_key=True)
    position: int = Field(primary_key=True)
    photo_id: int = Field(foreign_key="photo.id")


class Offer(SQLModel, table=True):
    """A price for buyers who come through `owner` ("live:12"), from `starts_at` until before `ends_at`."""

    __table_args__ = (
        Index("ix_offer_variant", "variant_id", "owner"),
        Index("ix_offer_owner", "owner"),
        CheckConstraint("price_vnd > 0", name="price"),
    )

    id: int = Field(default=None, primary_key=True)
    variant_id: int = Field(foreign_key="variant.id")
    owner: str
    price_vnd: int = Field(sa_type=BigInteger)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PriceChange(SQLModel, table=True):
    """Each price a variant ever had; rows are only added."""

    __tablename__ = "price_change"

    id: int = Field(default=None, primary_key=True)
    variant_id: int = Field(foreign_key="variant.id", index=True)
    price_vnd: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    person_id: int | None = None


# The index of words. It lives beside the table and follows it by itself, so bulk inserts are found as well.
_SQLITE = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS product_words USING fts5(
        search_name, search_folded, search_exact, content='product', content_rowid='id',
        tokenize="unicode61 remove_diacritics 0 tokenchars '#'", detail='column', prefix='1 2 3')""",
    """CREATE TRIGGER IF NOT EXISTS product_words_added AFTER INSERT ON product BEGIN
        INSERT INTO product_words(rowid, search_name, search_folded, search_exact)
        VALUES (new.id, new.search_name, new.search_folded, new.search_exact); END""",
    """CREATE TRIGGER IF NOT EXISTS product_words_gone AFTER DELETE ON product BEGIN
        INSERT INTO product_words(product_words, rowid, search_name, search_folded, search_exact)
        VALUES ('delete', old.id, old.search_name, old.search_folded, old.search_exact); END""",
    """CREATE TRIGGER IF NOT EXISTS product_words_changed
        AFTER UPDATE OF search_name, search_folded, search_exact ON product BEGIN
        INSERT INTO product_words(product_words, rowid, search_name, search_folded, search_exact)
        VALUES ('delete', old.id, old.search_name, old.search_folded, old.search_exact);
        INSERT INTO product_words(rowid, search_name, search_folded, search_exact)
        VALUES (new.id, new.search_name, new.search_folded, new.search_exact); END""",
)
_POSTGRESQL = tuple(
    f"CREATE INDEX IF NOT EXISTS ix_product_{column} ON product "
    f"USING gin (array_to_tsvector(string_to_array({column}, ' ')))"
    for column in ("search_name", "search_folded", "search_exact")
)
SEARCH_DDL = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}

for _dialect, _statements in SEARCH_DDL.items():
    for _statement in _statements:
        event.listen(
            Product.__table__,  # type: ignore[attr-defined]  # SQLModel does not declare it
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it open
        )
