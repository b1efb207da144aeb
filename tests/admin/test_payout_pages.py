"""Paying the co-ops by the pages: two people, a file that a bank reads, what came back, the co-op's own statement."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments.earnings.service import balances
from payments.events import PayoutSent
from payments.payouts import bankfile
from payments.payouts.accounts import Details
from payments.payouts.bankfile import Transfer
from payments.statements.sheets import tables
from payments.verify import check
from shop.accounts.models import Role
from shop.coops.messages import tell_paid_out
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.events import deliver_due
from shop.main import HANDLERS
from shop.notify.models import Message
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.payments.payouts import BANK, NOW, cash_sale, payable, refund, run_it, settlements, with_account

HOME = "/quan-tri/tra-tien"
MONEY = "/ban-hang/tien"


@pytest.fixture
def coop(db: Database) -> Coop:
    return make_coop(db, name="HTX Hòa Lệ")


@pytest.fixture
def operator(client: TestClient, db: Database) -> TestClient:
    return sign_in(client, db, make_person(db, Role.OPERATOR, phone="+84900000005", name="Chị Ba"))


@pytest.fixture
def second(new_client: Callable[[], TestClient], operator: TestClient, db: Database) -> TestClient:
    return sign_in(new_client(), db, make_person(db, Role.OPERATOR, phone="+84900000006", name="Anh Tư"))


@pytest.fixture
def manager(new_client: Callable[[], TestClient], operator: TestClient, db: Database, coop: Coop) -> TestClient:
    person = make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000002", name="Chị Nguyện")
    return sign_in(new_client(), db, person)


class TestTheOperator:
    def test_sees_an_empty_market(self, operator: TestClient) -> None:
        assert "Chưa có HTX nào để trả" in operator.get(HOME).text

    def test_sets_an_account_that_a_second_person_agrees_to(
        self, operator: TestClient, second: TestClient, db: Database, coop: Coop
    ) -> None:
        payable(db, f"coop:{coop.id}")
        assert "Chưa có tài khoản nhận tiền" in operator.get(HOME).text
        form = {"kind": "bank", "bank_bin": "970405", "account_no": "0011 0042 6688", "account_name": "HTX Hòa Lệ"}
        page = operator.post(f"{HOME}/htx/{coop.id}", data=form).text
        assert "Chờ người thứ hai" in page
        assert operator.post(f"{HOME}/tai-khoan/1/dong-y").status_code == 409
        assert "001100426688" in second.get(f"{HOME}/htx/{coop.id}").text  # compared with the paper
        second.post(f"{HOME}/tai-khoan/1/dong-y")
        listed = operator.get(HOME).text
        assert "Agribank •••• 6688" in listed
        assert "001100426688" not in listed
        assert "1 HTX có thể trả ngay" in listed

    def test_reads_what_is_missing_of_an_account(self, operator: TestClient, coop: Coop) -> None:
        told = operator.post(f"{HOME}/htx/{coop.id}", data={"kind": "bank", "account_name": "A"})
        assert told.status_code == 422
        assert "Chưa chọn ngân hàng" in told.text
        assert "Cần điền" in operator.post(f"{HOME}/htx/{coop.id}", data={"kind": "bank"}).text

    def test_starts_a_run_sends_it_and_one_comes_back(
        self, operator: TestClient, second: TestClient, db: Database, coop: Coop
    ) -> None:
        seller = f"coop:{coop.id}"
        with_account(db, seller)
        payable(db, seller)
        form = {"key": "one-press-of-the-button"}
        assert "Đã lập đợt trả tiền" in operator.post(HOME, data=form).text
        assert operator.post(HOME, data=form).url.path == f"{HOME}/1"  # pressed twice
        assert "còn 1 khoản chưa chuyển" in operator.get(HOME).text
        assert "Một trăm chín mươi nghìn đồng chẵn" in operator.get(f"{HOME}/khoan/1/phieu-chi").text
        assert second.post(HOME, data={"key": "another-press"}).status_code == 409
        assert "Cần ghi mã giao dịch" in operator.post(f"{HOME}/1/da-chuyen", data={}).text
        assert "Đã ghi sổ" in operator.post(f"{HOME}/1/da-chuyen", data={"words": "FT26326"}).text
        assert "FT26326" in operator.get(f"{HOME}/khoan/1").text
        assert "Đã xong" in operator.get(HOME).text
        page = operator.post(f"{HOME}/khoan/1/bi-tra-lai", data={"words": "Sai tên"}).text
        assert "Bị trả lại" in page
        assert "1 khoản bị trả lại" in operator.get(HOME).text
        assert "cần kiểm tra tài khoản" in operator.get(HOME).text
        operator.post(f"{HOME}/tai-khoan/1/da-kiem-tra")
        assert "1 HTX có thể trả ngay" in operator.get(HOME).text
        with db.read() as session:
            assert check(session) == []
            assert balances(session, seller).payable_vnd == 190_000

    def test_a_large_run_gives_no_file_before_a_second_person(
        self, operator: TestClient, second: TestClient, db: Database, coop: Coop
    ) -> None:
        with_account(db, f"coop:{coop.id}")
        payable(db, f"coop:{coop.id}", 6_000_000)
        assert "cần một người khác duyệt" in operator.post(HOME, data={"key": "large-run-of-one"}).text
        assert operator.get(f"{HOME}/1/tep.csv").status_code == 409
        assert operator.post(f"{HOME}/1/duyet").status_code == 409
        assert second.post(f"{HOME}/1/duyet").status_code == 200
        assert operator.get(f"{HOME}/1/tep.csv").status_code == 200

    def test_prints_a_voucher_where_no_transfer_reaches(self, operator: TestClient, db: Database, coop: Coop) -> None:
        with_account(db, f"coop:{coop.id}", Details("voucher", "Trần Văn Tám"))
        payable(db, f"coop:{coop.id}")
        run_it(db)
        assert "In phiếu chi" in operator.get(f"{HOME}/khoan/1").text
        voucher = operator.get(f"{HOME}/khoan/1/phieu-chi").text
        assert "Trần Văn Tám" in voucher
        assert "TT000001" in voucher
        with db.read() as session:
            assert bankfile.transfers(session, 1) == []


class TestTheBanksFile:
    def test_is_the_same_in_both_kinds_and_read_back(self, operator: TestClient, db: Database, coop: Coop) -> None:
        with_account(db, f"coop:{coop.id}", BANK)
        payable(db, f"coop:{coop.id}")
        run_it(db)
        told = operator.get(f"{HOME}/1/tep.csv")
        assert told.content.startswith(b"\xef\xbb\xbf")
        assert told.headers["content-disposition"].endswith('.csv"')
        rows = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"))))
        line = ["1", "001100426688", "HTX THANH LONG HOA LE", "AGRIBANK", "190000", "CHO HTX TRA TT000001"]
        assert rows == [list(bankfile.HEADINGS), line]
        (sheet,) = tables(operator.get(f"{HOME}/1/tep.xlsx").content)
        assert [[str(cell) for cell in row] for row in sheet] == rows
        assert sheet[1][1] == "001100426688"  # a text: it keeps its zeros
        assert len(line[-1]) <= 25

    @pytest.mark.parametrize("evil", ["=1+1", "+84", "-2", "@SUM(A1)", "\t=1"])
    def test_calculates_nothing(self, evil: str) -> None:
        rows = bankfile.table([Transfer("123456", evil, "A", 1, evil)])
        text = bankfile.as_csv(rows).decode("utf-8-sig")
        assert f"'{evil}" in text
        (sheet,) = tables(bankfile.as_xlsx(rows))
        assert str(sheet[1][2]).startswith("'")
        assert bankfile.plain(f"{evil} Hợp tác xã") == bankfile.plain(f"{evil} HOP TAC XA")
        assert not bankfile.plain(evil).startswith(("=", "+", "-", "@"))


class TestTheCoop:
    def test_sees_each_number_with_its_rows_and_a_statement_to_the_dong(
        self, manager: TestClient, db: Database, coop: Coop
    ) -> None:
        seller = f"coop:{coop.id}"
        with_account(db, seller)
        parcel = payable(db, seller)
        cash_sale(db, seller, 60_000)
        refund(db, parcel, 100_000)
        due = manager.get(MONEY).text.partition('id="phai-tra"')[2].partition("</details>")[0]
        for words in ("155.000", "190.000", "60.000", "-95.000", "Hoàn lại cho khách"):  # the sum, and the rows of it
            assert words in due
        run_it(db)
        page = manager.get(MONEY).text
        for words in ("Đang chuyển", "95.000", "Agribank •••• 6688", "TT000001"):
            assert words in page
        one = manager.get(f"{MONEY}/khoan/1").text
        for words in ("Tiền hàng", "Hoàn lại cho khách", "Trừ tiền mặt HTX đã thu", "-60.000", "200.000", "-10.000"):
            assert words in one.replace("−", "-")
        month = "2026-11"
        told = manager.get(f"{MONEY}/sao-ke.csv?thang={month}").content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(told)))
        opening, *moves, closing = rows[1:]
        assert opening[-1] == "0"
        assert sum(int(row[3]) for row in moves) == int(closing[-1]) == 95_000
        assert "Sao kê tháng 11/2026" in manager.get(f"{MONEY}/sao-ke?thang={month}").text

    def test_the_next_month_begins_where_this_one_ended(self, manager: TestClient, db: Database, coop: Coop) -> None:
        payable(db, f"coop:{coop.id}")
        told = manager.get(f"{MONEY}/sao-ke.csv?thang=2026-12").content.decode("utf-8-sig")
        opening, closing = list(csv.reader(io.StringIO(told)))[1:]
        assert opening[-1] == closing[-1] == "190000"
        assert manager.get(f"{MONEY}/sao-ke?thang=nonsense").status_code == 200

    def test_is_told_once_that_its_money_left(
        self, operator: TestClient, manager: TestClient, db: Database, coop: Coop
    ) -> None:
        with_account(db, f"coop:{coop.id}")
        payable(db, f"coop:{coop.id}")
        run_it(db)
        operator.post(f"{HOME}/khoan/1/da-chuyen", data={"words": "FT26326"})
        sent = PayoutSent(f"coop:{coop.id}", 190_000, 1, "TT000001", "FT26326")
        for _ in range(2):
            deliver_due(db, HANDLERS, datetime.now(UTC))
            with db.write() as session:
                tell_paid_out(session, sent, NOW)
        with db.read() as session:
            told = session.exec(select(Message)).all()
        assert ["190.000" in it.title and "FT26326" in it.body for it in told] == [True]

    def test_sees_nothing_of_another(self, manager: TestClient, db: Database) -> None:
        other = make_coop(db, name="HTX Khác")
        with_account(db, f"coop:{other.id}")
        payable(db, f"coop:{other.id}", 777_000)
        run_it(db)
        assert manager.get(f"{MONEY}/khoan/{settlements(db)[0].id}").status_code == 404
        assert "767.000" not in manager.get(MONEY).text + manager.get(f"{MONEY}/sao-ke?thang=2026-11").text

    def test_a_shopper_and_a_guest_do_not_come_in(self, new_client: Callable[[], TestClient], db: Database) -> None:
        guest = new_client()
        assert guest.get(MONEY, follow_redirects=False).headers["location"].startswith("/dang-nhap")
        sign_in(guest, db, make_person(db, phone="+84911000000"))
        assert guest.get(MONEY).status_code == 403
        assert guest.get(HOME).status_code == 403
