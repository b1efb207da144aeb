"""Everything of a co-op as a ZIP: nothing forgotten, nothing of others, and no more memory for more orders."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, insert, text
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

import shop.main  # noqa: F401  every table of the market
from shop.core.db import Database, UtcDateTime
from shop.settings import Settings
from shop.sheets import everything
from shop.sheets.belongings import FILES
from shop.sheets.titles import STAYS, TITLES

LEFT_OUT = {
    "the market's books with payers, gateways, banks and carriers; the co-op's part is in so-cai and tien-ban": (
        "balance_checkpoint comparison_item dispute gateway_terms hand_payment inbox_request payment_attempt"
        " payment_due payment_fact payment_hold payout_run refund remittance remittance_row review_item seller_account"
        " settlement_batch settlement_file settlement_row statement_cursor statement_file statement_layout"
        " unmatched_money"
    ),
    "a buyer's own, before they order: a cart, what they hold, answers at the checkout": (
        "cart cart_line checkout hold live_deal_take"
    ),
    "a person's account, not the co-op's: secrets, consents, addresses, papers shown to the market": (
        "consent live_host live_rules_accepted one_time_code phone_proof push_subscription recovery saved_address"
        " sign_in"
    ),
    "addresses of people who asked the market to tell them, and what it told them": (
        "follow live_told message opt_out"
    ),
    "said to the market about the co-op, by people who may not want it to know": "live_report",
    "how the market works inside": "idempotency job_run old_slug outbox_event page_change",
    "the camera's connections and pieces of film, with their keys; the film is taken from the session's page": (
        "live_mtx_file live_mtx_take live_publisher"
    ),
    "kept for seconds or a month to help at the desk; what was done with it stands in nhat-ky": (
        "desk_deed hand_change low_stock sheet sheet_row"
    ),
}


def test_every_table_leaves_with_its_coop_or_stays_for_a_reason() -> None:
    stays = [table for tables in LEFT_OUT.values() for table in tables.split()]
    leaves = [file.table for file in FILES]
    assert len(set(leaves)) == len(leaves)
    assert len({file.name for file in FILES}) == len(FILES)
    assert sorted(leaves + stays) == sorted(SQLModel.metadata.tables), (
        "say in shop/sheets/belongings.py which rows of a new table are a co-op's, or here why none leaves"
    )


def test_every_column_that_leaves_has_a_title_and_every_other_stays_on_purpose() -> None:
    columns = {column.name for file in FILES for column in SQLModel.metadata.tables[file.table].c}
    assert sorted(columns - STAYS) == sorted(TITLES)
    assert not STAYS & TITLES.keys()
    assert len(set(TITLES.values())) == len(TITLES)
    secret = ("secret", "token", "hash", "password", "sealed", "visitor")
    assert [name for name in TITLES if any(word in name for word in secret)] == []


MINE, THEIRS, UNPAID = 7, 8, 9
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Database]:
    """A row of co-op 7 and one of co-op 8 in every table that leaves, whatever they would mean together."""
    db = Database(f"sqlite:///{tmp_path}/market.db")
    SQLModel.metadata.create_all(db.engine)
    with believing(db) as connection:
        for (trigger,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        for number in (MINE, THEIRS):
            for file in FILES:
                put(connection, file.table, number, number)
    yield db
    db.engine.dispose()


@contextmanager
def believing(db: Database) -> Iterator[Connection]:
    """A transaction in which a row need not make sense."""
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")  # before its transaction begins, or nobody hears it
        driver.execute("PRAGMA ignore_check_constraints = ON")
        yield connection
        connection.commit()


def put(connection: Connection, table: str, number: int, coop_id: int, **told: Any) -> None:
    """A row under `number`, which also names whatever it belongs to."""
    columns = SQLModel.metadata.tables[table].c
    whose = {"coop_id": coop_id, "seller": f"coop:{coop_id}", "on_behalf_of": f"coop:{coop_id}"}
    whose |= {"parcel": f"parcel:{number}", "account": f"2220:coop:{coop_id}", "formats": ["jpeg"], **told}
    row = {column.name: whose.get(column.name, of_type(column.type, number)) for column in columns}
    connection.execute(insert(SQLModel.metadata.tables[table]).values(**row))


def of_type(kind: TypeEngine[Any], number: int) -> Any:
    if isinstance(kind, JSON):
        return [number]
    made = {bool: True, int: number, date: NOW.date()}
    return (
        NOW if isinstance(kind, UtcDateTime) else made.get(kind.python_type, f"=lời của {number}, +8490000000{number}")
    )


def taken(db: Database, folder: Path) -> dict[str, str]:
    """What the ZIP of co-op 7 holds as text; no transaction is open while a part of it is on its way."""
    body = io.BytesIO()
    for part in everything.packed(db, MINE, "HTX Hàm Thuận", Settings(_env_file=None, data_dir=folder), NOW):
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every pool but the abstract one counts
        body.write(part)
    with zipfile.ZipFile(body) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def test_each_file_holds_the_rows_of_the_coop_and_none_of_another(
    market: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "ROWS_AT_ONCE", 1)
    files = taken(market, tmp_path)
    assert {file.name: len(json.loads(files[f"{file.name}.json"])) for file in FILES} == dict.fromkeys(
        (file.name for file in FILES), 1
    )
    assert f"của {THEIRS}" not in "".join(files.values())
    assert files.keys() == {everything.READ_FIRST} | {
        f"{file.name}.{kind}" for file in FILES for kind in ("csv", "json")
    }
    assert "don-hang: Đơn hàng, khách" in files[everything.READ_FIRST]


def test_people_read_titles_and_local_time_machines_stable_names_and_nobody_a_formula_or_an_account(
    market: Database, tmp_path: Path
) -> None:
    files = taken(market, tmp_path)
    (told,) = csv.DictReader(io.StringIO(files["hang.csv"], newline=""))
    assert told["Tên"] == "'=lời của 7, +84900000007"
    assert told["Tạo lúc"] == "2026-11-23 10:00:00"
    (kept,) = json.loads(files["hang.json"])
    assert (kept["name"], kept["created_at"]) == ("=lời của 7, +84900000007", "2026-11-23T03:00:00+00:00")
    cells = [
        cell for name in files if name.endswith(".csv") for row in csv.reader(io.StringIO(files[name])) for cell in row
    ]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert json.loads(files["tai-khoan-nhan-tien.json"])[0]["account_no"] == "•••• 0007"
    assert "phone" in json.loads(files["nguoi.json"])[0]
    assert "phone" not in json.loads(files["nguoi-noi.json"])[0], "who only talked gave the co-op no number"
    assert "total_vnd" not in json.loads(files["don-hang.json"])[0], "another co-op may have sold in the order"


def test_an_order_that_waits_for_its_money_stays_with_all_that_hangs_on_it(market: Database, tmp_path: Path) -> None:
    with believing(market) as connection:
        for table in ("customer_order", "order_line", "order_event", "voucher_use", "pickup_booking", "shipment"):
            put(connection, table, UNPAID, MINE, voucher_id=MINE, person_id=THEIRS)
        put(connection, "parcel", UNPAID, MINE, state="waiting")
    assert "của 9" not in "".join(taken(market, tmp_path).values())


def test_an_account_is_named_only_where_it_is_one_of_the_coops_people(market: Database, tmp_path: Path) -> None:
    with believing(market) as connection:
        put(connection, "order_event", UNPAID, MINE, order_id=MINE, parcel_id=None, person_id=THEIRS)
    events = json.loads(taken(market, tmp_path)["viec-cua-don.json"])
    assert [(event["id"], event["person_id"]) for event in events] == [(MINE, MINE), (UNPAID, None)]


def test_a_number_too_long_for_excel_and_browsers_leaves_as_text(market: Database, tmp_path: Path) -> None:
    with believing(market) as connection:
        put(connection, "entry", UNPAID, MINE, journal_id=2652625497129909625)
    files = taken(market, tmp_path)
    assert "'2652625497129909625" in files["so-cai.csv"]
    assert [row["journal_id"] for row in json.loads(files["so-cai.json"])] == [MINE, "2652625497129909625"]


def test_ten_times_the_orders_need_no_more_memory(
    market: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "ROWS_AT_ONCE", 10)
    with believing(market) as connection:
        for number in range(1000, 1300):
            put(connection, "parcel", number, MINE)
            put(connection, "customer_order", number, MINE, note="giao trước cổng " * 1200)
    tracemalloc.start()
    parts = sum(1 for _part in everything.packed(market, MINE, "HTX", Settings(_env_file=None, data_dir=tmp_path), NOW))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parts > 60
    assert peak < 4_000_000, "all the orders together are more than eleven million bytes"


def test_the_page_on_it_names_every_file() -> None:
    told = Path("docs/how-to/take-everything-home.md").read_text(encoding="utf-8")
    assert [file.name for file in FILES if f"`{file.name}`" not in told] == []
