from datetime import date

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field, SQLModel


class Opening(SQLModel, table=True):
    """A co-op takes orders on `days` ("12345" is Monday to Friday) from `from_minute` until before `until_minute`.

    Minutes of the day in Vietnam. After `most_orders` orders of a day, or goods for `most_vnd`, it takes no more until
    the next; None: as many as come. `full_on` is the day of which that was last so, for the pages; whether one more
    order fits is counted when it is placed. A co-op without a row is always open.
    """

    __table_args__ = (
        CheckConstraint("0 <= from_minute AND from_minute < until_minute AND until_minute <= 1440", name="hours"),
    )

    coop_id: int = Field(foreign_key="coop.id", primary_key=True)
    days: str = "1234567"
    from_minute: int = 0
    until_minute: int = 1440
    most_orders: int | None = None
    most_vnd: int | None = Field(default=None, sa_type=BigInteger)
    full_on: date | None = None
