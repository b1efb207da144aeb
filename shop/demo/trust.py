"""What the demo's buyers say: reviews of what arrived, questions, a claim that waits, some messages.

Photos of parcels are copies of what shows the goods, in the private folder.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from shop.accounts.models import PersonRow, RoleGrant
from shop.catalog.models import Product, ProductPhoto
from shop.complaints import service as complaints
from shop.complaints.models import Complaint
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.images import widths_for
from shop.core.pictures import Photo, file_of
from shop.demo.orders import MANAGER, SHOPPER
from shop.orders.models import Order, OrderLine, Parcel
from shop.orders.proof import service as proofs
from shop.orders.proof.service import Door
from shop.reviews import service as reviews
from shop.reviews.models import Review
from shop.reviews.service import Draft
from shop.settings import Settings
from shop.talk import service as talk

SAID = (
    (5, "Trái đều, ngọt thanh, đóng thùng kỹ. Nhà tôi ăn hết trong ba ngày.", "Cảm ơn cô, vụ tới HTX giữ phần nhé."),
    (4, "Hàng tươi, giao đúng hẹn. Có một trái hơi dập.", ""),
    (5, "Mua lần thứ ba rồi, lần nào cũng như lần nấy.", ""),
    (3, "Ngon nhưng trái nhỏ hơn hình.", "Bà con xin lỗi, đợt này trời nắng nên trái nhỏ hơn."),
)
ASKED = (
    ("Trái nặng cỡ nào vậy bà con?", "Mỗi trái từ 4 đến 6 lạng, cân trước khi đóng."),
    ("Gửi ra Hà Nội mấy ngày tới?", ""),
)


def make_trust(db: Database, settings: Settings, now: datetime) -> None:
    """Nothing when it is there already, or when nothing was delivered."""
    with db.write() as session:
        if session.exec(select(Review.id).limit(1)).first():
            return
        people = {row.phone: Person(row.id, row.name, row.phone or "") for row in _people(session)}
        if {SHOPPER, MANAGER} - set(people):
            return
        _review(session, people[MANAGER], now)
        _ask(session, people[SHOPPER], people[MANAGER], now)
        _claim(session, settings, _coops(session, people[MANAGER]), now)
        _hand_over(session, settings, people[MANAGER], now)


def _people(session: Session) -> list[PersonRow]:
    return list(session.exec(select(PersonRow).where(col(PersonRow.phone).in_((SHOPPER, MANAGER)))))


def _coops(session: Session, manager: Person) -> list[int]:
    mine = select(RoleGrant.coop_id).where(RoleGrant.person_id == manager.id)
    return [coop_id for coop_id in session.exec(mine) if coop_id]


def _review(session: Session, manager: Person, now: datetime) -> None:
    wanted = select(OrderLine, Order, Parcel).join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
    delivered = wanted.join(Order, col(Order.id) == OrderLine.order_id).where(Parcel.state == "delivered")
    for at, (line, order, _parcel) in enumerate(session.exec(delivered.order_by(col(OrderLine.id)).limit(12)).all()):
        stars, words, answer = SAID[at % len(SAID)]
        reviews.write(session, order, line.id, Draft(stars, words), now - timedelta(hours=30 - at))
        if answer:
            written = session.exec(select(Review).where(Review.line_id == line.id)).one()
            reviews.reply(session, written, answer, manager, now - timedelta(hours=20))


def _ask(session: Session, shopper: Person, manager: Person, now: datetime) -> None:
    mine = (Product.state == "on_sale", col(Product.coop_id).in_(_coops(session, manager)))
    product = session.exec(select(Product).where(*mine).order_by(col(Product.id))).first()
    for words, said in ASKED if product else ():
        assert product is not None  # noqa: S101  for the type checker
        asked = reviews.ask(session, product, words, shopper, now - timedelta(hours=9))
        if said:
            reviews.answer(session, asked, said, manager, now - timedelta(hours=8))


def _claim(session: Session, settings: Settings, first: list[int], now: datetime) -> None:
    """Of the parcel that arrived last, of these co-ops `first`."""
    arrived = select(Parcel).where(Parcel.state == "delivered").order_by(col(Parcel.delivered_at).desc())
    for parcel in sorted(session.exec(arrived.limit(60)).all(), key=lambda parcel: parcel.coop_id not in first):
        until = complaints.claim_until(parcel)
        line = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).first()
        if line is None or until is None or until < now:
            continue
        if session.exec(select(Complaint.id).where(Complaint.parcel_id == parcel.id)).first():
            continue
        photo = _copied(session, settings, line, now)
        if photo is None:
            continue
        order = session.get_one(Order, parcel.order_id)
        words = "Mở thùng ra thấy hàng bị bể, chảy nước ra ngoài."
        complaints.claim(session, order, parcel.id, {line.id: 1}, words, [photo], now - timedelta(hours=3))
        talk.say_as_buyer(session, order, parcel.id, "Tôi gửi ảnh rồi, bà con xem giúp nhé.", now - timedelta(hours=3))
        return


def _hand_over(session: Session, settings: Settings, manager: Person, now: datetime) -> None:
    """The manager's own co-op took a photo at the door, when its newest parcel was delivered."""
    mine = col(Parcel.coop_id).in_(_coops(session, manager))
    wanted = select(OrderLine, Parcel).join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
    arrived = wanted.where(mine, Parcel.state == "delivered", col(Parcel.delivered_at).is_not(None))
    found = session.exec(arrived.order_by(col(Parcel.delivered_at).desc(), col(OrderLine.id)).limit(1)).first()
    photo = _copied(session, settings, found[0], now) if found else None
    if found and photo:
        parcel = found[1]
        door = Door(received_by="Chị Tư, nhà bên")
        proofs.hand_over(session, parcel.coop_id, parcel.id, photo, door, manager, parcel.delivered_at or now)


def _copied(session: Session, settings: Settings, line: OrderLine, now: datetime) -> int | None:
    """A photo of the line's parcel that shows its goods; None where nothing was drawn."""
    wanted = select(Photo).join(ProductPhoto, col(ProductPhoto.photo_id) == Photo.id)
    shown = session.exec(wanted.where(ProductPhoto.product_id == line.product_id)).first()
    if shown is None:
        return None
    told = shown.model_dump(exclude={"id", "parcel_id", "created_at"})
    session.add(copy := Photo(**told, parcel_id=line.parcel_id, created_at=now))
    for width in widths_for(shown.width):
        for format in shown.formats:
            source, target = (file_of(it, width, format, settings) for it in (shown, copy))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    session.flush()
    return copy.id
