"""The pages: send a sheet, look on, confirm, take back what was refused; take everything home."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import xlsxwriter
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.catalog.models import Product, ProductPhoto
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.images import keep, open_upload
from shop.core.pictures import keep as keep_photo
from shop.settings import Settings
from shop.sheets import everything
from shop.sheets import service as sheets
from shop.sheets.reading import read
from tests.conftest import HTMX
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import make_order, make_table, variant_of
from tests.shop.sheets.sheet_files import as_csv, as_xlsx

EVIL = '=HYPERLINK("http://192.0.2.1")'


@dataclass
class Office:
    """A manager's browser; `work` is the worker's turn."""

    client: TestClient
    db: Database
    app: FastAPI
    coop: Coop

    def send(self, content: bytes, name: str = "vu-mua.xlsx") -> str:
        sent = self.client.post("/ban-hang/bang-tinh", files={"sheet": (name, content)}, follow_redirects=False)
        assert sent.status_code == 303, sent.text
        return str(sent.headers["location"])

    def work(self) -> None:
        sheets.worker(self.app.state.backroom)(self.db, datetime.now(UTC))


@pytest.fixture
def office(client: TestClient, app: FastAPI, db: Database) -> Office:
    coop = make_coop(db)
    person = make_person(db, Role.MANAGER, coop_id=coop.id)
    return Office(sign_in(client, db, person), db, app, coop)


ROWS = [
    ["Thanh long ruột đỏ", "Thùng 5 kg", "", "", "1.250.000", "30", ""],
    ["Xoài", "Thùng 5 kg", "", "", "rẻ", EVIL, ""],
]


def test_a_sheet_is_sent_seen_row_by_row_and_confirmed(office: Office) -> None:
    make_product(office.db, office.coop, name="Thanh long ruột đỏ", price_vnd=1_200_000, on_hand=20)
    here = office.send(as_xlsx(ROWS))
    waiting = office.client.get(here, headers=HTMX).text
    assert "every 1s" in waiting
    assert "Đang mở tệp" in waiting
    office.work()
    seen = office.client.get(here).text
    assert "1.200.000" in seen
    assert "<b>1.250.000" in seen.replace("\u00a0", " ")
    assert "chưa đúng. Ghi như 185.000" in seen
    assert "Ghi 1 dòng vào gian hàng" in seen
    only = office.client.get(f"{here}?xem=refused").text
    assert "Thanh long" not in only
    office.client.post(f"{here}/ghi")
    assert "Đang ghi" in office.client.get(here).text
    office.work()
    assert "Đã ghi xong 1 dòng" in office.client.get(here).text
    assert office.client.post(f"{here}/ghi").status_code == 409


def test_refused_rows_come_back_as_text_with_their_reasons(office: Office) -> None:
    here = office.send(as_csv(ROWS))
    office.work()
    body = office.client.get(f"{here}/dong-chua-nhan.xlsx").content
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    assert b"<f>" not in inside, "no cell is a formula"
    rows = read(body).rows
    assert [(cells["product"], cells["on_hand"]) for _number, cells in rows][-1] == ("Xoài", EVIL)


def test_todays_goods_come_as_a_sheet_that_changes_nothing_when_sent_back(office: Office) -> None:
    make_product(office.db, office.coop, name="Thanh long ruột đỏ", price_vnd=185_000, on_hand=20)
    with office.db.write() as session:
        product = session.exec(select(Product)).one()
        from shop.catalog import selling
        from shop.catalog.models import Variant
        from shop.stock import service as stock

        loose = Variant(product_id=product.id, name="Lẻ", kind="loose", step_g=500, price_vnd=22_000)
        selling.add_variant(session, loose, datetime.now(UTC))
        stock.receive(session, stock.pool_of(session, loose.id), 25, datetime.now(UTC))
    here = office.send(office.client.get("/ban-hang/bang-tinh/hang-dang-co.xlsx").content)
    office.work()
    seen = office.client.get(here).text
    assert "Như cũ 2" in seen
    assert "Không có gì mới để ghi" in seen


def test_who_looks_is_told_of_pages_that_are_not_read(office: Office) -> None:
    make_product(office.db, office.coop, name="Gạo lứt")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for price in (25_000, 30_000):
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["Tên hàng", "Giá bán"])
            sheet.write_row(1, 0, ["Gạo lứt", price])
    here = office.send(out.getvalue())
    office.work()
    seen = office.client.get(here).text
    assert "chợ chỉ đọc trang đầu" in seen
    assert "30.000" not in seen


def test_what_is_no_sheet_says_what_to_do(office: Office) -> None:
    here = office.send(b"<html></html>", "gia.xls")
    office.work()
    assert "lưu lại thành .xlsx" in office.client.get(here).text
    assert "chưa chọn tệp" in office.client.post("/ban-hang/bang-tinh", data={}).text
    large = office.client.post("/ban-hang/bang-tinh", files={"sheet": ("a.csv", b"x" * (10 * 1024 * 1024 + 1))})
    assert large.status_code == 409
    assert "dưới 10 MB" in large.text


def test_a_packer_neither_sends_sheets_nor_takes_everything_home(
    office: Office, new_client: Callable[[], TestClient]
) -> None:
    packer = make_person(office.db, Role.PACKER, coop_id=office.coop.id, phone="+84911222333")
    away = sign_in(new_client(), office.db, packer)
    assert away.post("/ban-hang/bang-tinh", files={"sheet": ("a.csv", b"x")}).status_code == 403
    assert away.get("/ban-hang/xuat.zip").status_code == 403
    helper = make_person(office.db, Role.HELPER, coop_id=office.coop.id, phone="+84911222334")
    assert sign_in(new_client(), office.db, helper).get("/ban-hang/xuat.zip").status_code == 403


def test_everything_of_the_coop_and_nothing_of_another_is_in_the_zip(
    office: Office, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "ROWS_AT_ONCE", 1)
    make_table(office.db, office.coop)
    mine = make_product(office.db, office.coop, name="+Thanh long", on_hand=9)
    other = make_coop(office.db, name="HTX Khác")
    make_table(office.db, other)
    theirs = make_product(office.db, other, name="Bưởi của người ta")
    make_order(office.db, {variant_of(office.db, mine).id: 2}, settings, now)
    make_order(office.db, {variant_of(office.db, theirs).id: 1}, settings, now, name="Khách Người Ta")
    from PIL import Image

    raw = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(raw, "JPEG")
    with office.db.write() as session:
        photo = keep_photo(session, keep(open_upload(raw.getvalue(), "a.jpg"), settings.media_dir), "đỏ", now)
        session.add(ProductPhoto(product_id=mine.id, position=0, photo_id=photo.id))
        photo_id = photo.id
    body = office.client.get("/ban-hang/xuat.zip").content
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        text = "".join(archive.read(name).decode("utf-8-sig") for name in names if not name.startswith("anh/"))
        orders = json.loads(archive.read("don-hang.json"))
        coops = json.loads(archive.read("hop-tac-xa.json"))
        goods = list(csv.DictReader(io.StringIO(archive.read("hang.csv").decode("utf-8-sig"))))
        assert archive.read(f"anh/anh-hang/{photo_id}.jpg").startswith(b"\xff\xd8\xff")
    assert [order["name"] for order in orders] == ["Nguyễn Thị Hoa"]
    assert "placement_key" not in text
    assert "Người Ta" not in text
    assert "người ta" not in text
    assert [row["Tên"] for row in goods] == ["'+Thanh long"], "no cell starts as a formula"
    assert [coop["name"] for coop in coops] == [office.coop.name]
