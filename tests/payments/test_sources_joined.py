"""Sources of bank lines, joined: one for each account, and what a notification lost is found in the list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from payments.gateway import BankLine
from payments.gateways import viettel
from payments.models import InboxRequest, PaymentDue, PaymentFact
from payments.service import methods, state_of
from payments.simulators import casso as casso_side
from payments.simulators import sepay_list
from payments.simulators.sepay import notification, simulate_transfer
from payments.statements.casso import Casso
from payments.statements.catching_up import catch_up
from payments.statements.models import StatementCursor
from payments.statements.sepay import SePay
from payments.till import Till, till_from
from payments.verify import check
from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings, WrongSettings, load_settings
from tests.conftest import SAME_ORIGIN
from tests.payments.factories import NOW, OURS, arrive, code_of, make_due
from tests.served import serving


def having(**changes: Any) -> Settings:
    return load_settings(_env_file=None, **changes)


class TestOneSourceForAnAccount:
    @pytest.mark.parametrize(
        "second", [{"casso_checksum_key": "k"}, {"casso_secure_token": "k"}, {"upload_statements": True}]
    )
    def test_a_second_is_refused_at_the_start_with_one_line(self, second: dict[str, Any]) -> None:
        with pytest.raises(WrongSettings, match="one bank account has one source") as refused:
            having(sepay_api_key="k", **second)
        assert "\n" not in str(refused.value)

    def test_the_demo_fills_in_a_source_only_where_there_is_none(self) -> None:
        assert list(till_from(having()).sources) == ["sepay"]
        assert list(till_from(having(casso_checksum_key="k")).sources) == ["casso"]
        uploads = till_from(having(upload_statements=True))
        assert (list(uploads.sources), "vietqr" in uploads.gateways) == ([], True)


class TestCassoKnocks:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"sepay_webhook_secret": "", "casso_checksum_key": "k"})

    def test_and_pays_an_order_once(self, app: FastAPI, db: Database, settings: Settings) -> None:
        due, now = make_due(db), datetime.now(UTC)
        told = casso_side.notification(7, code_of(db, due), 255_000, settings.vietqr_account_no, now)
        with TestClient(app, headers=SAME_ORIGIN) as client:
            for _ in range(2):
                answer = client.post(
                    "/payments/casso/ipn", content=json.dumps(told), headers=casso_side.sign(told, "k", now)
                )
                assert (answer.status_code, answer.json()) == (200, {"success": True})
            assert client.post("/payments/casso/ipn", content=json.dumps(told)).status_code == 401
            assert client.post("/payments/sepay/ipn", content=b"{}").status_code == 404
        with db.read() as session:
            assert state_of(session, due.subject).complete
            assert check(session) == []

    def test_and_the_simulated_bank_speaks_as_casso(self, app: FastAPI, db: Database, settings: Settings) -> None:
        due = make_due(db)
        with serving(app) as port:
            said = simulate_transfer(db, settings.model_copy(update={"port": port}), due.label, datetime.now(UTC))
        assert 'answered 200 {"success":true}' in said
        with db.read() as session:
            assert state_of(session, due.subject).complete


@contextmanager
def bank() -> Iterator[tuple[sepay_list.BankLines, Till]]:
    lines = sepay_list.BankLines("token")
    with serving(sepay_list.pages(lines)) as port:
        source = SePay(api_token="token", account_no=OURS, api_url=f"http://127.0.0.1:{port}/userapi")
        yield lines, Till({}, {"sepay": source}, frozenset({OURS}))


def told(number: int, due: PaymentDue, db: Database) -> BankLine:
    """The notification of the line `number`, as SePay's adapter reads it."""
    body = notification(code_of(db, due), 255_000, OURS, NOW, number)
    return BankLine(str(body["id"]), True, 255_000, body["content"], OURS, NOW, bank_reference=body["referenceCode"])


def facts(db: Database) -> list[PaymentFact]:
    with db.read() as session:
        assert check(session) == []
        return list(session.exec(select(PaymentFact).order_by(PaymentFact.id)))  # type: ignore[arg-type]  # a column


class TestCatchingUp:
    def test_a_lost_notification_is_found_and_its_late_coming_changes_nothing(self, db: Database) -> None:
        heard, lost = make_due(db), make_due(db)
        with bank() as (lines, till):
            arrive(db, late := told(1, heard, db))
            late = told(2, lost, db)
            lines.add(1, 255_000, code_of(db, heard), OURS, NOW)
            lines.add(2, 255_000, late.content, OURS, NOW)
            catch_up(db, till, NOW)
        assert [(fact.movement_id, fact.via) for fact in facts(db)] == [("1", "ipn"), ("2", "query")]
        with db.read() as session:
            assert state_of(session, lost.subject).complete
            assert session.get_one(StatementCursor, "sepay").cursor == "2"
        arrive(db, late, late)
        assert len(facts(db)) == 2

    def test_asked_too_often_the_source_is_left_alone_until_then(self, db: Database) -> None:
        with bank() as (lines, till):
            lines.add(1, 9_000, "x", OURS, NOW)
            lines.refusals = 1
            catch_up(db, till, NOW)
            catch_up(db, till, NOW + timedelta(seconds=1))
            assert facts(db) == []
            catch_up(db, till, NOW + timedelta(seconds=2))
        assert len(facts(db)) == 1

    def test_a_line_that_could_not_be_booked_is_read_again(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        with bank() as (lines, till):
            lines.add(1, 9_000, "x", OURS, NOW)
            with monkeypatch.context() as broken:
                broken.setattr("payments.receive._book", lambda *_: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    catch_up(db, till, NOW)
            assert facts(db) == []
            catch_up(db, till, NOW)
        assert len(facts(db)) == 1

    def test_a_list_that_nobody_can_read_is_put_before_the_operator_once(self, db: Database) -> None:
        with bank() as (lines, till):
            lines.add(1, 9_000, "x", OURS, NOW)
            lines.rows[0]["amount_in"] = "9000.50"
            catch_up(db, till, NOW)
            catch_up(db, till, NOW + timedelta(minutes=5))
        with db.read() as session:
            assert [row.outcome for row in session.exec(select(InboxRequest))] == ["malformed"]

    def test_cassos_list_is_read_too(self, db: Database) -> None:
        due = make_due(db)
        records = [casso_side.record(5, code_of(db, due), 255_000, OURS, NOW)]
        with serving(casso_side.pages("key", records)) as port:
            source = Casso(api_key="key", account_no=OURS, api_url=f"http://127.0.0.1:{port}/v2")
            till = Till({}, {"casso": source}, frozenset({OURS}))
            for minutes in (0, 5):
                catch_up(db, till, NOW + timedelta(minutes=minutes))
        assert [(fact.gateway, fact.via, fact.applied_vnd) for fact in facts(db)] == [("casso", "query", 255_000)]

    def test_a_silent_source_stops_no_other(self, db: Database) -> None:
        with bank() as (lines, till):
            lines.add(1, 9_000, "x", OURS, NOW)
            dead = replace(till.sources["sepay"], api_url="http://127.0.0.1:9")  # type: ignore[type-var]  # a dataclass
            catch_up(db, replace(till, sources={"dead": dead, **till.sources}), NOW)
        assert len(facts(db)) == 1


SHOPEEPAY = {
    "shopeepay_client_id": "c",
    "shopeepay_secret": "s",
    "shopeepay_merchant_ext_id": "m",
    "shopeepay_store_ext_id": "o",
    "shopeepay_api_url": "http://127.0.0.1:9",
}
VIETTEL = {
    "viettel_merchant_code": "HTX",
    "viettel_access_code": "code",
    "viettel_hash_key": "key",
    "viettel_pay_url": "http://127.0.0.1:9/pay",
}


class TestWalletsByContract:
    def test_are_offered_only_with_their_flag(self) -> None:
        assert not {"shopeepay", "viettel"} & set(methods(having(**SHOPEEPAY, **VIETTEL)))
        on = having(**SHOPEEPAY, **VIETTEL, shopeepay_enabled=True, viettel_enabled=True)
        assert {"shopeepay", "viettel"} <= set(methods(on, 255_000))
        assert not {"shopeepay", "viettel"} & set(methods(on, 999))

    @pytest.mark.parametrize("flag", ["shopeepay_enabled", "viettel_enabled"])
    def test_a_flag_without_the_contracts_names_is_refused_at_the_start(self, flag: str) -> None:
        with pytest.raises(WrongSettings, match="needs the contract's"):
            having(**{flag: True})

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={**VIETTEL, "viettel_enabled": True})

    @pytest.fixture
    def due(self, db: Database) -> PaymentDue:
        return make_due(db, method="viettel", closes_at=datetime.now(UTC) + timedelta(hours=1))

    def form(self, message: str, **fields: str) -> str:
        signed = viettel.sign("code" + viettel.signed_text(message, fields), "key")
        return urlencode(fields | {"check_sum": signed})

    def asked(self, db: Database, due: PaymentDue, amount_vnd: int = 255_000) -> str:
        code = code_of(db, due)
        fields = {"billcode": viettel.bill_code(code, amount_vnd), "merchant_code": "HTX", "order_id": code}
        return self.form("verify-data", **fields, trans_amount=str(amount_vnd))

    def test_viettel_asks_before_the_buyer_pays_and_hears_a_signed_answer(
        self, settings: Settings, db: Database, due: PaymentDue
    ) -> None:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        with TestClient(create_app(settings, db)) as client:
            answer = client.post("/payments/viettel/verify", content=self.asked(db, due), headers=kind).json()
            assert (answer["error_code"], answer["trans_amount"]) == ("00", "255000")
            text = "code" + viettel.signed_text("verify-data-reply", answer)
            assert answer["check_sum"] == viettel.sign(text, "key")
            wrong = client.post("/payments/viettel/verify", content=self.asked(db, due, 1_000), headers=kind).json()
            assert wrong == {"error_code": "02"}
            gone = client.post("/payments/viettel/verify", content="order_id=HTXNOBODY", headers=kind).json()
            assert gone == {"error_code": "01"}
            assert client.post("/payments/viettel/verify", content="", headers=kind).json() == {"error_code": "02"}
            assert client.post("/payments/momo/verify", content="").status_code == 404

    def test_its_result_is_answered_by_name_and_signed(self, settings: Settings, db: Database, due: PaymentDue) -> None:
        code = code_of(db, due)
        result = self.form(
            "result",
            billcode=viettel.bill_code(code, 255_000),
            cust_msisdn="84900000001",
            error_code="00",
            merchant_code="HTX",
            order_id=code,
            payment_status="1",
            trans_amount="255000",
            vt_transaction_id="VT1",
        )
        with TestClient(create_app(settings, db)) as client:
            for _ in range(2):
                answer = client.post("/payments/viettel/ipn", content=result).json()
                assert (answer["error_code"], answer["order_id"]) == ("00", code)
                assert answer["check_sum"] == viettel.sign("code" + viettel.signed_text("result-reply", answer), "key")
            closed = client.post("/payments/viettel/verify", content=self.asked(db, due)).json()
        assert closed == {"error_code": "01"}
        with db.read() as session:
            assert state_of(session, due.subject).complete
            assert check(session) == []
