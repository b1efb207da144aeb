"""The account the money goes to: one of the co-op's people puts it forward, another agrees, a change waits a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from payments.payouts import accounts
from payments.payouts.models import PayoutAccount
from shop.accounts.models import Role
from shop.coops.models import Coop
from shop.core.db import Database
from shop.notify.models import Message
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in

FIRST = {"bank_bin": "970436", "account_no": "0011002233", "account_name": "HTX HAM DUC"}
SECOND = {**FIRST, "account_no": "0099008877"}


@pytest.fixture
def coop(db: Database) -> Coop:
    return make_coop(db, name="HTX Hàm Đức")


@pytest.fixture
def director(client: TestClient, db: Database, coop: Coop) -> TestClient:
    return sign_in(client, db, make_person(db, Role.MANAGER, coop_id=coop.id, name="Bà Nguyện"))


@pytest.fixture
def bookkeeper(new_client: Callable[[], TestClient], db: Database, coop: Coop) -> TestClient:
    person = make_person(db, Role.ACCOUNTANT, coop_id=coop.id, phone="+84900000007", name="Cô Tính")
    return sign_in(new_client(), db, person)


def newest(db: Database) -> PayoutAccount:
    with db.read() as session:
        return session.exec(select(PayoutAccount).order_by(PayoutAccount.id.desc())).first()  # type: ignore[return-value,attr-defined]  # there is one


def test_two_people_and_a_day_stand_between_a_change_and_the_money(
    director: TestClient, bookkeeper: TestClient, db: Database, coop: Coop
) -> None:
    bookkeeper.post("/ban-hang/tai-khoan", data=FIRST)
    assert bookkeeper.post(f"/ban-hang/tai-khoan/{newest(db).id}/dong-y").status_code == 409
    director.post(f"/ban-hang/tai-khoan/{newest(db).id}/dong-y")
    bookkeeper.post("/ban-hang/tai-khoan", data=SECOND)
    director.post(f"/ban-hang/tai-khoan/{newest(db).id}/dong-y")
    changed = newest(db)
    assert changed.valid_from is not None
    with db.read() as session:
        seller, agreed_at = f"coop:{coop.id}", changed.valid_from - timedelta(days=1)
        before = accounts.in_force(session, seller, agreed_at + timedelta(hours=23))
        after = accounts.in_force(session, seller, agreed_at + timedelta(hours=25))
    assert (before and before.account_no, after and after.account_no) == ("0011002233", "0099008877")
    assert "Cho đến lúc đó tiền vẫn về tài khoản cũ" in director.get("/ban-hang/tai-khoan").text


def test_everybody_who_answers_for_the_money_is_told(
    director: TestClient, bookkeeper: TestClient, db: Database
) -> None:
    bookkeeper.post("/ban-hang/tai-khoan", data=FIRST)
    with db.read() as session:
        told = {row.address for row in session.exec(select(Message)) if row.kind == "account"}
    assert len(told) == 2


def test_a_stolen_change_is_taken_back_before_its_day_is_over(
    director: TestClient, bookkeeper: TestClient, db: Database, coop: Coop
) -> None:
    for typed in (FIRST, SECOND):
        bookkeeper.post("/ban-hang/tai-khoan", data=typed)
        director.post(f"/ban-hang/tai-khoan/{newest(db).id}/dong-y")
    director.post(f"/ban-hang/tai-khoan/{newest(db).id}/rut-lai")
    assert newest(db).state == "withdrawn"


@pytest.mark.parametrize("role", [Role.PACKER, Role.SELLER, Role.HOST, Role.MEMBER])
def test_nobody_else_sees_or_touches_it(
    role: Role, director: TestClient, new_client: Callable[[], TestClient], db: Database, coop: Coop
) -> None:
    director.post("/ban-hang/tai-khoan", data=FIRST)
    other = sign_in(new_client(), db, make_person(db, role, coop_id=coop.id, phone="+84900000008"))
    assert other.get("/ban-hang/tai-khoan").status_code == 403
    assert other.post("/ban-hang/tai-khoan", data=SECOND).status_code == 403
    assert other.post(f"/ban-hang/tai-khoan/{newest(db).id}/dong-y").status_code == 403
    assert newest(db).state == "proposed"


def test_another_coops_director_finds_nothing(
    director: TestClient, new_client: Callable[[], TestClient], db: Database
) -> None:
    director.post("/ban-hang/tai-khoan", data=FIRST)
    person = make_person(db, Role.MANAGER, coop_id=make_coop(db).id, phone="+84900000009")
    for step in ("dong-y", "rut-lai"):
        assert sign_in(new_client(), db, person).post(f"/ban-hang/tai-khoan/{newest(db).id}/{step}").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"bank_bin": ""}, {"account_no": "12"}, {"account_name": ""}, {"account_no": "số 1"}]
)
def test_an_account_without_bank_number_or_name_comes_back(
    director: TestClient, db: Database, wrong: dict[str, str]
) -> None:
    answer = director.post("/ban-hang/tai-khoan", data={**FIRST, **wrong})
    assert answer.status_code == 422
    with db.read() as session:
        assert session.exec(select(PayoutAccount)).all() == []


LEGAL = "Hợp tác xã Dịch vụ Nông nghiệp và Thương mại Hàm Đức"


@pytest.mark.parametrize(
    ("named", "warned"),
    [
        ("HOP TAC XA DICH VU NONG NGHIEP VA THUONG MAI HAM DUC", False),
        ("HTX DV NN VA TM HAM DUC", False),
        ("HTX DV NONG NGHIEP & TM HAM", False),
        ("NGUYEN THI NGUYEN", True),
        ("HTX", True),
        ("HTX DV NN VA TM HAM TIEN", True),
    ],
)
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_who_agrees_is_warned_when_the_account_is_not_named_as_the_co_op_is(
    named: str, warned: bool, client: TestClient, new_client: Callable[[], TestClient], db: Database
) -> None:
    coop = make_coop(db, legal_name=LEGAL)
    first = sign_in(client, db, make_person(db, Role.ACCOUNTANT, coop_id=coop.id))
    first.post("/ban-hang/tai-khoan", data={**FIRST, "account_name": named})
    second = sign_in(new_client(), db, make_person(db, Role.MANAGER, coop_id=coop.id, phone="+84900000009"))
    market = sign_in(new_client(), db, make_person(db, Role.OPERATOR, phone="+84900000010"))
    for seen in (
        first.get("/ban-hang/tai-khoan"),
        second.get("/ban-hang/tai-khoan"),
        market.get(f"/quan-tri/tra-tien/htx/{coop.id}"),
    ):
        assert ("không giống tên trên giấy đăng ký" in seen.text) == warned
