"""What a co-op's desk can hold besides goods and orders: one row of each, so that a walk with its number finds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from shop.catalog.models import Product
from shop.catalog.wholesale.models import WholesaleBuyer
from shop.complaints.models import Complaint
from shop.coops.people.models import Invitation
from shop.orders.models import OrderLine, Parcel
from shop.reviews.models import Question, Review
from shop.sheets.models import Sheet, SheetState
from shop.vouchers import service as vouchers
from shop.vouchers.models import Voucher

KEPT = "Món Nháp Kín"


def put_on_the_desk(
    session: Session, product: Product, parcel: Parcel, line: OrderLine, person_id: int, now: datetime
) -> Mapping[str, int]:
    """A sheet, an invitation, a voucher, a question, a review and a claim of the product's co-op; their numbers."""
    of: dict[str, Any] = {"coop_id": product.coop_id}
    said: dict[str, Any] = {**of, "product_id": product.id, "name": KEPT, "words": KEPT}
    counts: dict[str, Any] = {"percent": 5, "most_off_vnd": 1000, "quantity": 9}
    about: dict[str, Any] = {**of, "parcel_id": parcel.id, "order_id": parcel.order_id}
    claim: dict[str, Any] = {"lines": {str(line.id): 1}, "words": KEPT, "photo_ids": [], "made_at": now}
    until, owner = now + timedelta(days=365), vouchers.shop_owner(product.coop_id)
    invited = Invitation(**of, role="seller", phone="+84987000112", name=KEPT, made_by=0, made_at=now, expires_at=until)
    rows: dict[str, Any] = {
        "sheet_id": Sheet(**of, person_id=person_id, filename=KEPT, state=SheetState.READ, rows_good=1, sent_at=now),
        "invitation_id": invited,
        "voucher_id": Voucher(**of, owner=owner, code="KIN", made_at=now, **counts),
        "question_id": Question(**said, person_id=person_id, asked_at=now),
        "review_id": Review(**said, line_id=line.id, stars=4, state="hidden", written_at=now),
        "complaint_id": Complaint(**about, **claim, answer_by=until),
    }
    session.add(WholesaleBuyer(**of, person_id=person_id, approved_by=0, since=now))
    put: list[SQLModel] = list(rows.values())
    session.add_all(put)
    session.flush()
    return {name: row.id for name, row in rows.items()}
