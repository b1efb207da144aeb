"""Spoilt goods: claimed with photos in time, answered against a clock, money back once, the goods never."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from payments import service as payments
from shop.accounts.models import Role
from shop.complaints import service as complaints
from shop.complaints.models import Complaint
from shop.core.audit import AuditEntry
from shop.notify.models import Message
from shop.orders.access import secret_link
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, variant_of
from tests.shop.reviews.test_reviews import Bought, bought, photo

__all__ = ["bought"]
Clients = Callable[[], TestClient]


def claim(bought: Bought, steps: int = 2, *pictures: bytes) -> int:
    told = {"lines": f"{bought.line.id}:{steps}", "words": "Hai thùng bị dập, mốc trắng."}
    return bought.send(f"khieu-nai/{bought.parcel.id}", told, *(pictures or (photo(),)))


def the_claim(bought: Bought) -> Complaint:
    with bought.db.read() as session:
        return session.exec(select(Complaint)).one()


def back(bought: Bought) -> list[int]:
    with bought.db.read() as session:
        return list(session.exec(select(MoneyBack.amount_vnd).where(MoneyBack.state == "given")))


def test_a_claim_is_accepted_and_the_money_goes_back_once_without_the_goods(
    bought: Bought, new_client: Clients
) -> None:
    assert claim(bought) == 409, "nothing has arrived yet"
    bought.deliver(datetime.now(UTC))
    assert bought.send(f"khieu-nai/{bought.parcel.id}", {"lines": f"{bought.line.id}:2", "words": "mốc hết"}) == 409
    assert claim(bought, 4) == 409, "more than was bought"
    assert claim(bought, 2, photo(), photo()) == 303
    assert claim(bought) == 409, "the same goods twice"
    desk = sign_in(new_client(), bought.db, bought.staff)
    assert "mốc trắng" in desk.get("/ban-hang/khieu-nai").text
    page = desk.get(f"/ban-hang/khieu-nai/{the_claim(bought).id}").text
    assert "data-until=" in page, "the clock is on the page"
    with bought.db.read() as session:
        left = stock.available(session, [variant_of(bought.db, bought.product).id])
        assert [it.kind for it in session.exec(select(Message).where(Message.kind == "claim"))] == ["claim"]
    here = f"/ban-hang/khieu-nai/{the_claim(bought).id}/nhan"
    assert desk.post(here, follow_redirects=False).status_code == 303
    assert desk.post(here).status_code == 409
    assert back(bought) == [200_000]
    assert (the_claim(bought).state, the_claim(bought).refund_vnd) == ("accepted", 200_000)
    assert "200.000" in bought.buyer.get(f"/don-hang/{bought.order.code}/sau-khi-nhan").text
    with bought.db.read() as session:
        assert stock.available(session, list(left)) == left
        refunds = payments.refunds_of(session, f"order:{bought.order.id}")
        assert sum(it.amount_vnd for it in refunds) == 200_000


def test_other_goods_of_the_same_parcel_are_claimed_besides_and_the_same_never_twice(
    bought: Bought, new_client: Clients, settings: Settings
) -> None:
    mango = variant_of(bought.db, make_product(bought.db, bought.coop, name="Xoài cát", price_vnd=80_000))
    box = variant_of(bought.db, bought.product)
    two = second_order(bought, {box.id: 2, mango.id: 1}, settings)
    two.deliver(datetime.now(UTC))
    first, other = lines_of(two)
    assert two.send(f"khieu-nai/{two.parcel.id}", told(first, 1), photo()) == 303
    page = two.buyer.get(f"/don-hang/{two.order.code}/sau-khi-nhan").text
    assert "Món khác cũng bị hư?" in page
    assert f'value="{other.id}:1"' in page
    assert f'value="{first.id}:1"' not in page
    assert two.send(f"khieu-nai/{two.parcel.id}", told(first, 1), photo()) == 409
    assert two.send(f"khieu-nai/{two.parcel.id}", told(other, 1), photo()) == 303
    desk = sign_in(new_client(), two.db, two.staff)
    for number in claims_of(two):
        assert desk.post(f"/ban-hang/khieu-nai/{number}/nhan", follow_redirects=False).status_code == 303
    assert sorted(back(two)) == [80_000, 100_000]
    page = two.buyer.get(f"/don-hang/{two.order.code}/sau-khi-nhan").text
    assert "Hàng bị hư?" not in page
    assert "Món khác cũng bị hư?" not in page


def told(line: OrderLine, steps: int) -> dict[str, str]:
    return {"lines": f"{line.id}:{steps}", "words": "Bị dập, chảy nước."}


def lines_of(bought: Bought) -> list[OrderLine]:
    mine = select(OrderLine).where(OrderLine.order_id == bought.order.id).order_by(col(OrderLine.id))
    with bought.db.read() as session:
        return list(session.exec(mine))


def claims_of(bought: Bought) -> list[int]:
    with bought.db.read() as session:
        return list(session.exec(select(Complaint.id).where(Complaint.order_id == bought.order.id)))


def second_order(bought: Bought, wanted: dict[int, int], settings: Settings) -> Bought:
    placed = make_order(bought.db, wanted, settings, datetime.now(UTC))
    with bought.db.read() as session:
        order = session.get_one(Order, placed.id)
        parcel = session.exec(select(Parcel).where(Parcel.order_id == order.id)).one()
    assert bought.buyer.get(secret_link(settings.secret_key, order.code)).status_code == 200
    return replace(bought, order=order, parcel=parcel)


def test_after_its_hours_no_claim_is_taken(bought: Bought) -> None:
    bought.deliver(datetime.now(UTC) - timedelta(hours=49))
    assert claim(bought) == 409
    assert "Hàng bị hư?" not in bought.buyer.get(f"/don-hang/{bought.order.code}/sau-khi-nhan").text


def test_a_stranger_and_another_coop_do_nothing(bought: Bought, new_client: Clients) -> None:
    bought.deliver(datetime.now(UTC))
    stranger = new_client().post(
        f"/don-hang/{bought.order.code}/khieu-nai/{bought.parcel.id}",
        data={"lines": f"{bought.line.id}:1", "words": "mốc hết"},
        files={"photo": ("a.jpg", photo(), "image/jpeg")},
    )
    assert stranger.status_code == 404
    claim(bought)
    other = make_person(bought.db, Role.MANAGER, coop_id=make_coop(bought.db).id, phone="+84900000099")
    away = sign_in(new_client(), bought.db, other)
    assert away.get("/ban-hang/khieu-nai/1").status_code == 404
    assert away.post("/ban-hang/khieu-nai/1/nhan").status_code == 404
    assert away.post("/ban-hang/khieu-nai/1/khong", data={"words": "không"}).status_code == 404
    assert away.get(f"/ban-hang/nhan-tin/{bought.parcel.id}").status_code == 404
    assert back(bought) == []


@pytest.mark.parametrize("decision", ["tra-tien", "khong"])
def test_a_refusal_goes_up_and_the_alliance_decides(decision: str, bought: Bought, new_client: Clients) -> None:
    bought.deliver(datetime.now(UTC))
    claim(bought)
    desk = sign_in(new_client(), bought.db, bought.staff)
    officer = sign_in(new_client(), bought.db, make_person(bought.db, Role.OFFICER, phone="+84900000088"))
    assert officer.post("/lien-minh/khieu-nai/1/tra-tien").status_code == 409, "the co-op's time is not over"
    desk.post("/ban-hang/khieu-nai/1/khong", data={"words": "Ảnh cũ của năm ngoái"})
    assert "Ảnh cũ của năm ngoái" in officer.get("/lien-minh/khieu-nai").text
    officer.post(f"/lien-minh/khieu-nai/1/{decision}", data={"words": "Ảnh chụp không khớp ngày"})
    assert the_claim(bought).state == ("accepted" if decision == "tra-tien" else "dismissed")
    assert back(bought) == ([200_000] if decision == "tra-tien" else [])
    told = bought.buyer.get(f"/don-hang/{bought.order.code}/sau-khi-nhan").text
    assert ("Khiếu nại được nhận" if decision == "tra-tien" else "Ảnh chụp không khớp ngày") in told
    assert officer.post("/lien-minh/khieu-nai/1/tra-tien").status_code == 409


def test_silence_goes_up_when_the_clock_has_run_out(bought: Bought) -> None:
    now = datetime.now(UTC)
    bought.deliver(now)
    claim(bought)
    complaints.raise_silent(bought.db, now + timedelta(hours=23))
    assert the_claim(bought).state == "open"
    for _twice in range(2):
        complaints.raise_silent(bought.db, now + timedelta(hours=25))
    assert the_claim(bought).state == "raised"
    with bought.db.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.subject == "claim:1")).all()
    assert [(row.person_name, row.before, row.after) for row in rows] == [("system", "open", "raised")]


def test_buyer_and_coop_write_to_each_other_and_not_without_end(bought: Bought, new_client: Clients) -> None:
    desk = sign_in(new_client(), bought.db, bought.staff)
    assert bought.send(f"nhan-tin/{bought.parcel.id}", {"words": "Giao giúp buổi chiều nhé"}) == 303
    assert "Giao giúp buổi chiều" in desk.get(f"/ban-hang/nhan-tin/{bought.parcel.id}").text
    desk.post(f"/ban-hang/nhan-tin/{bought.parcel.id}", data={"words": "Dạ được ạ"})
    assert "Dạ được ạ" in bought.buyer.get(f"/don-hang/{bought.order.code}/sau-khi-nhan").text
    with bought.db.read() as session:
        told = {(it.address, it.body) for it in session.exec(select(Message).where(Message.kind == "talk"))}
    assert (bought.staff.phone, "Giao giúp buổi chiều nhé") in told
    assert (bought.order.phone, "Dạ được ạ") in told
    codes = [bought.send(f"nhan-tin/{bought.parcel.id}", {"words": f"tin {at}"}) for at in range(11)]
    assert codes == [303] * 10 + [409]
    here = f"/don-hang/{bought.order.code}/nhan-tin/{bought.parcel.id}"
    assert new_client().post(here, data={"words": "xin chào"}).status_code == 404
