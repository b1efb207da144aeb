"""The operator's pages of cash at the door: a carrier's sheet, what stays open, payments confirmed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments import ledger, unmatched
from payments.cash.models import CarrierCash, HandPayment
from payments.cod import collect_cod, hand_over_cod
from payments.service import state_of
from payments.verify import check
from shop.accounts.models import Role
from shop.core.db import Database
from shop.orders.models import CodRefusal, Order, Parcel
from shop.settings import Settings
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of
from tests.payments.factories import NOW, arrive, make_due, make_line

PAGES = ["/quan-tri/thu-ho", "/quan-tri/thu-ho/con-lech", "/quan-tri/xac-nhan-tien"]
HEAD = "Mã vận đơn;Tiền thu hộ;Phí thu hộ\n"


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


@pytest.fixture
def colleague(new_client: Callable[[], TestClient], operator: TestClient, db: Database) -> TestClient:
    return sign_in(new_client(), db, make_person(db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))


@pytest.fixture
def with_ghn(db: Database) -> None:
    """Two parcels of 100.000 ₫ that GHN collected."""
    due = make_due(db, 200_000, method="cod", closes_at=None, label="DONA1")
    with db.write() as session:
        for number in (1, 2):
            hand_over_cod(session, due.subject, f"parcel:{number}", "GHN", 100_000, NOW, f"GHN00{number}")
            collect_cod(session, f"parcel:{number}", NOW)


def upload(client: TestClient, rows: str, **form: str) -> str:
    """Send a sheet; the address of its page."""
    sheet = {"sheet": ("thang11.csv", (HEAD + rows).encode(), "text/csv")}
    answer = client.post("/quan-tri/thu-ho", data={"carrier": "ghn", **form}, files=sheet, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def sound(db: Database, account: str) -> int:
    with db.read() as session:
        assert check(session) == []
        return ledger.balance_vnd(session, account)


@pytest.mark.parametrize("path", PAGES)
def test_they_are_the_operators_alone(client: TestClient, db: Database, path: str) -> None:
    assert client.get(path, follow_redirects=False).headers["location"].startswith("/dang-nhap")
    sign_in(client, db, make_person(db, Role.OFFICER))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_they_open_on_an_empty_market(operator: TestClient, path: str) -> None:
    assert operator.get(path).status_code == 200


@pytest.mark.usefixtures("with_ghn")
def test_a_sheet_is_looked_at_booked_and_what_it_lacks_is_given_up_by_two(
    operator: TestClient, colleague: TestClient, db: Database
) -> None:
    page = upload(operator, "GHN001;100.000;1.000\nGHN002;92.000;\nLA;5.000;\n")
    seen = operator.get(page).text
    for words in ("Khớp", "Trả thiếu", "Không có kiện này", "196.000"):
        assert words in seen
    assert sound(db, ledger.BANK) == 0
    assert "Đã ghi sổ bảng thu hộ" in operator.post(f"{page}/ghi-so", data={"received_vnd": "196000"}).text
    assert sound(db, ledger.BANK) == 196_000
    assert operator.post(f"{page}/ghi-so", data={"received_vnd": "196000"}).status_code == 409
    assert upload(operator, "GHN001;100.000;1.000\nGHN002;92.000;\nLA;5.000;\n") == page
    opened = operator.get("/quan-tri/thu-ho/con-lech").text
    assert "8.000" in opened
    assert "DONA1" in opened
    with db.read() as session:
        cash = session.exec(select(CarrierCash.id).where(CarrierCash.parcel == "parcel:2")).one()
    item = f"/quan-tri/thu-ho/con-lech/{cash}"
    assert "Chị Lan hẹn" in operator.post(f"{item}/khieu-nai", data={"note": "Chị Lan hẹn thứ Hai"}).text
    operator.post(f"{item}/da-tra", data={"amount_vnd": "6000", "reference": "FT77"})
    assert "chờ người thứ hai" in operator.post(f"{item}/bo/de-nghi").text
    assert operator.post(f"{item}/bo/dong-y").status_code == 409
    assert "Không hãng nào còn giữ tiền" in colleague.post(f"{item}/bo/dong-y").text
    assert sound(db, "1130:ghn") == 0
    assert sound(db, "5310:ghn") == 2_000


@pytest.mark.usefixtures("with_ghn")
def test_the_banks_line_is_tied_with_one_tap(operator: TestClient, db: Database) -> None:
    arrive(db, make_line("GHN TRA THU HO", 199_000))
    page = upload(operator, "GHN001;100000;1000\nGHN002;100000;0\n")
    assert "GHN TRA THU HO" in operator.get(page).text
    assert "tiền chỉ tính một lần" in operator.post(f"{page}/ghi-so", data={"money": "1"}).text
    assert sound(db, ledger.BANK) == 199_000
    assert sound(db, ledger.UNAPPLIED) == 0


@pytest.mark.usefixtures("with_ghn")
def test_a_sheet_with_strange_headings_asks_for_their_names_and_remembers_them(
    operator: TestClient, db: Database
) -> None:
    strange = {"sheet": ("a.csv", b"Phieu;Thuc thu\nGHN001;100000\n", "text/csv")}
    answer = operator.post("/quan-tri/thu-ho", data={"carrier": "GHN"}, files=strange)
    assert answer.status_code == 422
    assert "Không thấy cột mã vận đơn" in answer.text
    named = {"carrier": "GHN", "tracking": "Phiếu", "collected": "Thực thu"}
    assert "Khớp" in operator.post("/quan-tri/thu-ho", data=named, files=strange).text
    again = {"sheet": ("b.csv", b"Phieu;Thuc thu\nGHN002;100000\n", "text/csv")}
    assert "Khớp" in operator.post("/quan-tri/thu-ho", data={"carrier": "ghn"}, files=again).text


def test_no_file_and_a_broken_file_are_said_in_words(operator: TestClient) -> None:
    assert "Chưa có tệp" in operator.post("/quan-tri/thu-ho", data={"carrier": "GHN"}).text
    broken = {"sheet": ("a.xlsx", b"PK\x03\x04broken", "application/zip")}
    answer = operator.post("/quan-tri/thu-ho", data={"carrier": "GHN"}, files=broken)
    assert answer.status_code == 422
    assert "Tệp hỏng" in answer.text


class TestConfirmedByHand:
    @pytest.fixture
    def order(self, db: Database, settings: Settings) -> Order:
        coop = make_coop(db)
        make_table(db, coop, pickup_line="Kho HTX")
        box = variant_of(db, make_product(db, coop)).id
        placed = make_order(db, {box: 1}, settings, datetime.now(UTC), pay="vietqr", way="pickup")
        with db.read() as session:
            return session.get_one(Order, placed.id)

    def test_a_transfer_by_its_reference_and_the_banks_line_after_it(
        self, operator: TestClient, db: Database, order: Order
    ) -> None:
        form = {"code": order.code, "way": "bank"}
        assert "Cần ghi mã giao dịch" in operator.post("/quan-tri/xac-nhan-tien", data=form).text
        page = operator.post("/quan-tri/xac-nhan-tien", data={**form, "reference": "FT 12345"}).text
        assert "FT12345" in page
        arrive(db, make_line("?", order.total_vnd, bank_reference="FT12345"))
        assert "Đã xác nhận tay" in operator.get("/quan-tri/tien-chua-khop").text
        operator.post("/quan-tri/xac-nhan-tien/cung-mot-khoan/1")
        assert sound(db, ledger.BANK) == order.total_vnd
        with db.read() as session:
            assert unmatched.count_waiting(session) == 0

    def test_a_large_sum_is_agreed_by_a_second_operator(
        self, operator: TestClient, colleague: TestClient, db: Database, settings: Settings, order: Order
    ) -> None:
        settings.two_person_above_vnd = 1_000
        form = {"code": order.code, "way": "counter"}
        assert "Chờ người thứ hai" in operator.post("/quan-tri/xac-nhan-tien", data=form).text
        assert operator.post("/quan-tri/xac-nhan-tien/1/dong-y").status_code == 409
        assert colleague.post("/quan-tri/xac-nhan-tien/1/dong-y").status_code == 200
        with db.read() as session:
            assert state_of(session, f"order:{order.id}").complete

    def test_a_manager_takes_cash_for_what_is_picked_up_at_its_own_co_op(
        self, client: TestClient, db: Database, order: Order
    ) -> None:
        other = make_coop(db, name="HTX khác")
        sign_in(client, db, make_person(db, Role.MANAGER, coop_id=other.id, phone="+84900000071"))
        assert client.post("/ban-hang/tien-mat", data={"code": order.code}).status_code == 404
        with db.read() as session:
            coop_id = session.exec(select(Parcel.coop_id)).one()
        sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop_id, phone="+84900000072"))
        assert "Đã xác nhận" in client.post("/ban-hang/tien-mat", data={"code": order.code}).text
        assert sound(db, f"1130:own:coop:{coop_id}") == order.total_vnd
        with db.read() as session:
            assert session.exec(select(HandPayment.way)).one() == "counter"


def test_a_phone_that_refused_three_parcels_is_shown_and_let_pay_cash_again(
    operator: TestClient, db: Database, settings: Settings
) -> None:
    coop = make_coop(db)
    make_table(db, coop)
    box = variant_of(db, make_product(db, coop)).id
    orders = [make_order(db, {box: 1}, settings, datetime.now(UTC)) for _ in range(3)]
    with db.write() as session:
        for placed in orders:
            parcel = session.exec(select(Parcel.id).where(Parcel.order_id == placed.id)).one()
            at = datetime.now(UTC) - timedelta(days=1)
            session.add(CodRefusal(phone="+84912345678", parcel_id=parcel, refused_at=at))
    assert "0912 345 678" in operator.get("/quan-tri/thu-ho").text.replace("\xa0", " ")
    page = operator.post("/quan-tri/thu-ho/so-dien-thoai", data={"phone": "0912345678"}).text
    assert "0912 345 678" not in page.replace("\xa0", " ")
