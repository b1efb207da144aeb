"""Reviews are of those who received the goods; the co-op answers, the alliance decides, the page says what rows say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.models import Product
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.orders import states
from shop.orders.access import secret_link
from shop.orders.models import Order, OrderLine, Parcel
from shop.reviews import service as reviews
from shop.reviews.models import Review
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 240), "green").save(out, "JPEG")
    return out.getvalue()


@dataclass
class Bought:
    """Somebody bought one thing; `buyer` is a browser that opened the order's link."""

    db: Database
    coop: Coop
    product: Product
    order: Order
    parcel: Parcel
    line: OrderLine
    staff: Person
    buyer: TestClient

    def deliver(self, now: datetime) -> None:
        with self.db.write() as session:
            for step in (states.confirm, states.pack):
                step(session, self.coop.id, self.parcel.id, self.staff, now)
            states.hand_over(session, self.coop.id, self.parcel.id, self.staff, now, carrier_key="own")
            states.deliver(session, self.coop.id, self.parcel.id, self.staff, now)

    def send(self, path: str, told: Mapping[str, object], *pictures: bytes) -> int:
        files = [("photo", (f"{at}.jpg", body, "image/jpeg")) for at, body in enumerate(pictures)] or None
        return self.buyer.post(
            f"/don-hang/{self.order.code}/{path}", data=told, files=files, follow_redirects=False
        ).status_code


@pytest.fixture
def bought(db: Database, settings: Settings, new_client: Callable[[], TestClient]) -> Bought:
    now = datetime.now(UTC)
    coop = make_coop(db)
    make_table(db, coop)
    product = make_product(db, coop, name="Thanh long ruột đỏ", price_vnd=100_000)
    staff = make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000077")
    placed = make_order(db, {variant_of(db, product).id: 3}, settings, now)
    with db.read() as session:
        order = session.get_one(Order, placed.id)
        parcel = session.exec(select(Parcel).where(Parcel.order_id == order.id)).one()
        line = session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).one()
    buyer = new_client()
    assert buyer.get(secret_link(settings.secret_key, order.code)).status_code == 200
    return Bought(db, coop, product, order, parcel, line, staff, buyer)


def test_only_the_buyer_of_a_delivered_line_reviews_it_and_once(
    bought: Bought, new_client: Callable[[], TestClient]
) -> None:
    path, told = f"danh-gia/{bought.line.id}", {"stars": "4", "words": "Ngọt, trái đều."}
    assert bought.send(path, told) == 409, "not delivered yet"
    bought.deliver(datetime.now(UTC))
    stranger = new_client()
    assert stranger.post(f"/don-hang/{bought.order.code}/{path}", data=told).status_code == 404
    assert "Mấy sao?" in bought.buyer.get(f"/don-hang/{bought.order.code}/sau-khi-nhan").text
    public = stranger.get(f"/san-pham/{bought.product.slug}")
    assert "Chưa có đánh giá" in public.text
    assert bought.send(path, told, photo()) == 303
    assert bought.send(path, told) == 409, "once"
    page = stranger.get(f"/san-pham/{bought.product.slug}")
    assert "Ngọt, trái đều." in page.text
    assert "Nguyễn T. H." in page.text
    assert '"aggregateRating":{"@type":"AggregateRating","ratingValue":4.0,"reviewCount":1}' in page.text
    assert page.text == bought.buyer.get(f"/san-pham/{bought.product.slug}").text, "the same bytes for everybody"
    assert bought.send("danh-gia/999", told) == 404


def test_the_coop_replies_and_the_alliance_hides_with_a_reason(
    bought: Bought, new_client: Callable[[], TestClient]
) -> None:
    bought.deliver(datetime.now(UTC))
    bought.send(f"danh-gia/{bought.line.id}", {"stars": "1", "words": "Đồ lừa đảo, gọi 0901234567."})
    desk = sign_in(new_client(), bought.db, bought.staff)
    desk.post("/ban-hang/danh-gia/1/tra-loi", data={"words": "Bà con xin lỗi ạ."})
    desk.post("/ban-hang/danh-gia/1/bao", data={"words": "Lộ số điện thoại"})
    page = desk.get(f"/san-pham/{bought.product.slug}").text
    assert "Bà con xin lỗi ạ." in page
    officer = sign_in(new_client(), bought.db, make_person(bought.db, Role.OFFICER, phone="+84900000088"))
    assert "Lộ số điện thoại" in officer.get("/lien-minh/danh-gia").text
    officer.post("/lien-minh/danh-gia/1", data={"words": "Lộ tin riêng của người khác"})
    page = desk.get(f"/san-pham/{bought.product.slug}").text
    assert "lừa đảo" not in page
    assert "Chưa có đánh giá" in page
    assert "Lộ tin riêng của người khác" in desk.get("/ban-hang/y-kien").text
    officer.post("/lien-minh/danh-gia/1", data={"words": ""})
    assert "lừa đảo" in desk.get(f"/san-pham/{bought.product.slug}").text
    with bought.db.read() as session:
        told = [it.what for it in session.exec(select(AuditEntry).where(AuditEntry.subject == "review:1"))]
    assert told == ["reply", "report", "review", "review"]


def test_another_coop_neither_replies_nor_reports(bought: Bought, new_client: Callable[[], TestClient]) -> None:
    bought.deliver(datetime.now(UTC))
    bought.send(f"danh-gia/{bought.line.id}", {"stars": "5"})
    other = make_person(bought.db, Role.MANAGER, coop_id=make_coop(bought.db).id, phone="+84900000099")
    away = sign_in(new_client(), bought.db, other)
    for path in ("danh-gia/1/tra-loi", "danh-gia/1/bao"):
        assert away.post(f"/ban-hang/{path}", data={"words": "của tôi"}).status_code == 404


def test_the_rating_is_the_mean_of_the_rows_that_are_shown(bought: Bought) -> None:
    with bought.db.write() as session:
        lines = session.exec(select(OrderLine)).all()
        for stars in (5, 4, 2):
            copy = OrderLine(**{**lines[0].model_dump(), "id": None})
            session.add(copy)
            session.flush()
            facts: dict[str, Any] = {
                "product_id": bought.product.id,
                "coop_id": bought.coop.id,
                "written_at": datetime.now(UTC),
            }
            state = "hidden" if stars == 2 else "shown"
            session.add(Review(line_id=copy.id, name="A", stars=stars, state=state, **facts))
    with bought.db.read() as session:
        said = reviews.said_of(session, bought.product.id)
    assert (said.count, said.mean, [it.review.stars for it in said.reviews]) == (2, 4.5, [4, 5])


def test_a_question_is_shown_with_its_answer(bought: Bought, new_client: Callable[[], TestClient]) -> None:
    here, told = f"/san-pham/{bought.product.slug}", {"words": "Trái nặng cỡ nào?"}
    guest = new_client().post(f"{here}/hoi", data=told, follow_redirects=False)
    assert guest.headers["location"].startswith("/dang-nhap")
    asker = sign_in(new_client(), bought.db, make_person(bought.db, phone="+84900000055", name="Lê Văn Tám"))
    assert asker.post(f"{here}/hoi", data=told, follow_redirects=False).status_code == 303
    assert "Trái nặng" not in asker.get(here).text
    desk = sign_in(new_client(), bought.db, bought.staff)
    assert "Trái nặng cỡ nào?" in desk.get("/ban-hang/y-kien").text
    desk.post("/ban-hang/cau-hoi/1", data={"words": "Từ 4 đến 6 lạng."})
    page = asker.get(here).text
    assert "Lê V. T." in page
    assert "Từ 4 đến 6 lạng." in page
    codes = [asker.post(f"{here}/hoi", data=told, follow_redirects=False).status_code for _ in range(6)]
    assert codes == [303] * 5 + [409]
