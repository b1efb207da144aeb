"""Sources of bank lines: Casso's notifications, and the lists of SePay and Casso that repair lost ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from payments.gateway import (
    AskedTooOften,
    CanListSince,
    GatewaySilent,
    Malformed,
    Outcome,
    RawRequest,
    SignatureInvalid,
)
from payments.simulators import casso as casso_side
from payments.simulators import sepay_list
from payments.statements import sepay
from payments.statements.casso import Casso
from payments.statements.sepay import SePay
from tests.served import serving

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ACCOUNT = "0071000888888"
KEY = "a checksum key of Casso"


@contextmanager
def answering(status: int, body: str) -> Iterator[int]:
    """Somebody at the gateway's address who says one thing only."""

    async def say(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})

    app = Starlette()
    app.mount("/", say)
    with serving(app) as port:
        yield port


def told(body: dict[str, Any], key: str = KEY, at: datetime = NOW) -> RawRequest:
    headers = {name.lower(): value for name, value in casso_side.sign(body, key, at).items()}
    return RawRequest(headers, json.dumps(body).encode(), NOW)


class TestCasso:
    def test_a_signed_notification_is_one_line(self) -> None:
        body = casso_side.notification(77, "Chuyển tiền HTX7K3M9QX2A / gạo", 255_000, ACCOUNT, NOW)
        (line,) = Casso(checksum_key=KEY).verify(told(body))
        assert (line.line_id, line.amount_vnd, line.incoming) == ("77", 255_000, True)
        assert (line.content, line.account_no) == ("Chuyển tiền HTX7K3M9QX2A / gạo", ACCOUNT)
        assert (line.occurred_at, line.bank_reference) == (NOW, "FT77")

    def test_money_out_is_no_money_in(self) -> None:
        (line,) = Casso(checksum_key=KEY).verify(told(casso_side.notification(78, "tra", -9_000, ACCOUNT, NOW)))
        assert (line.incoming, line.amount_vnd) == (False, 9_000)

    def test_the_test_call_is_genuine_and_no_money(self) -> None:
        assert Casso(checksum_key=KEY).verify(told(casso_side.notification(0, "thu", 1_000, ACCOUNT, NOW))) == []

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_signature_proves_nothing(self, minutes: int) -> None:
        body = casso_side.notification(79, "x", 1_000, ACCOUNT, NOW)
        with pytest.raises(SignatureInvalid):
            Casso(checksum_key=KEY).verify(told(body, at=NOW + timedelta(minutes=minutes)))

    def test_empty_secrets_prove_nothing(self) -> None:
        body = casso_side.notification(80, "x", 1_000, ACCOUNT, NOW)
        raw = told(body, key="")
        for headers in (raw.headers, {"secure-token": ""}, {}):
            with pytest.raises(SignatureInvalid):
                Casso().verify(replace(raw, headers=headers))

    def test_where_signatures_are_agreed_the_token_is_not_enough(self) -> None:
        raw = RawRequest({"secure-token": "token"}, b'{"error":0,"data":[]}', NOW)
        assert Casso(secure_token="token").verify(raw) == []
        with pytest.raises(SignatureInvalid):
            Casso(checksum_key=KEY, secure_token="token").verify(raw)

    def test_version_1_tells_several_lines_at_once(self) -> None:
        old = {"tid": "FT1", "description": "a", "when": "2026-11-20 10:00:00", "bank_sub_acc_id": ACCOUNT}
        rows = [{**old, "id": 1, "amount": 5_000}, {**old, "id": 2, "amount": 5_000}]
        raw = RawRequest({"secure-token": "token"}, json.dumps({"error": 0, "data": rows}).encode(), NOW)
        lines = Casso(secure_token="token").verify(raw)
        assert [(line.line_id, line.amount_vnd, line.occurred_at) for line in lines] == [
            ("1", 5_000, NOW),
            ("2", 5_000, NOW),
        ]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("amount", 0),
            ("amount", 10**15),
            ("amount", 1.5),
            ("amount", True),
            ("amount", "9000"),
            ("id", None),
            ("id", "x"),
            ("accountNumber", ""),
            ("transactionDateTime", "hôm qua"),
            ("description", ["a"]),
        ],
    )
    def test_nonsense_is_malformed(self, name: str, value: Any) -> None:
        body = casso_side.notification(81, "x", 1_000, ACCOUNT, NOW)
        body["data"][name] = value
        with pytest.raises(Malformed):
            Casso(checksum_key=KEY).verify(told(body))

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"data":3}', b"[" * 90_000])
    def test_what_is_no_notification_is_refused_and_breaks_nothing(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            Casso(secure_token="token").verify(RawRequest({"secure-token": "token"}, body, NOW))
        header = casso_side.sign({}, KEY, NOW)["X-Casso-Signature"]
        with pytest.raises(SignatureInvalid):
            Casso(checksum_key=KEY).verify(RawRequest({"x-casso-signature": header}, body, NOW))

    def test_answers_are_those_of_the_table(self) -> None:
        answers = {outcome: Casso().answer(outcome) for outcome in Outcome}
        assert {outcome: answer.status for outcome, answer in answers.items()} == {
            Outcome.RECORDED: 200,
            Outcome.DUPLICATE: 200,
            Outcome.UNKNOWN_REF: 200,
            Outcome.AMOUNT_MISMATCH: 200,
            Outcome.BAD_SIGNATURE: 401,
            Outcome.MALFORMED: 400,
            Outcome.ERROR: 500,
        }
        assert answers[Outcome.DUPLICATE].json == {"success": True}

    def test_the_simulator_signs_what_casso_signs(self) -> None:
        for vector in json.loads((Path(__file__).parent / "vectors/casso.json").read_text())["vectors"]:
            if vector["kind"] == "ipn-verify" and vector["expected"]["valid"]:
                signature = vector["input"]["headers"]["X-Casso-Signature"]
                at = datetime.fromtimestamp(int(signature[2:15]) / 1000, UTC)
                signed = casso_side.sign(vector["input"]["body"], vector["secret"]["checksumKey"], at)
                assert signed["X-Casso-Signature"] == signature

    def test_its_list_is_read_page_by_page_and_days_overlap(self) -> None:
        rows = [
            casso_side.record(number, f"dong {number}", 1_000, ACCOUNT, NOW - timedelta(hours=300 - number))
            for number in range(1, 251)
        ]
        rows.append(casso_side.record(900, "another account", 1_000, "999", NOW))
        with serving(casso_side.pages("key", rows)) as port:
            source = Casso(api_key="key", account_no=ACCOUNT, api_url=f"http://127.0.0.1:{port}/v2")
            lines, cursor = source.list_since("2026-11-01", NOW)
            assert [line.line_id for line in lines] == [str(number) for number in range(1, 251)]
            assert cursor == "2026-11-18"
            rows.append(casso_side.record(901, "posted late", 1_000, ACCOUNT, NOW - timedelta(days=1)))
            again, same = source.list_since(cursor, NOW)
        assert "901" in {line.line_id for line in again}
        assert same == cursor

    def test_more_pages_than_one_call_reads_are_gone_on_with(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("payments.statements.casso._MOST_PAGES", 1)
        rows = [casso_side.record(number, "x", 1_000, ACCOUNT, NOW) for number in range(1, 151)]
        with serving(casso_side.pages("key", rows)) as port:
            source = Casso(api_key="key", api_url=f"http://127.0.0.1:{port}/v2")
            first, cursor = source.list_since("2026-11-20", NOW)
            rest, done = source.list_since(cursor, NOW)
        assert (len(first), cursor, len(rest), done) == (100, "2026-11-20 2", 50, "2026-11-20")


class TestTheListOfSePay:
    def company(self, lines: int = 6) -> sepay_list.BankLines:
        company = sepay_list.BankLines("token")
        for number in range(1, lines + 1):
            company.add(number, 1_000 * number, f"dong {number}", ACCOUNT, NOW - timedelta(minutes=100 - number))
        return company

    @contextmanager
    def asked(self, company: sepay_list.BankLines) -> Iterator[SePay]:
        with serving(sepay_list.pages(company)) as port:
            yield SePay(api_token="token", account_no=ACCOUNT, api_url=f"http://127.0.0.1:{port}/userapi")

    def test_tells_lines_once_under_the_ids_of_the_notifications(self) -> None:
        company = self.company()
        company.add(7, -9_000, "tra tien", ACCOUNT, NOW)
        company.add(8, 5_000, "another account", "999", NOW)
        company.add(9, 0, "no money", ACCOUNT, NOW)
        with self.asked(company) as source:
            lines, cursor = source.list_since("", NOW)
            assert [line.line_id for line in lines] == ["1", "2", "3", "4", "5", "6", "7"]
            assert (lines[0].amount_vnd, lines[0].incoming, lines[0].bank_reference) == (1_000, True, "FT1")
            assert (lines[6].amount_vnd, lines[6].incoming) == (9_000, False)
            assert cursor == "9"
            company.add(10, 7_000, "moi", ACCOUNT, NOW)
            assert [line.line_id for line in source.list_since(cursor, NOW)[0]] == ["10"]

    def test_the_first_look_goes_back_one_day(self) -> None:
        company = self.company(1)
        company.add(2, 9_000, "last month", ACCOUNT, NOW - timedelta(days=30))
        with self.asked(company) as source:
            assert [line.line_id for line in source.list_since("", NOW)[0]] == ["1"]

    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_a_full_list_loses_nothing_in_either_order(
        self, oldest_first: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sepay, "_MOST_ROWS", 4)
        company = self.company(13)
        company.oldest_first = oldest_first
        seen: set[str] = set()
        with self.asked(company) as source:
            cursor, before = "2", ""
            while cursor != before:
                before = cursor
                lines, cursor = source.list_since(cursor, NOW)
                seen |= {line.line_id for line in lines}
        assert seen == {str(number) for number in range(2, 14)}

    def test_asked_too_often_it_says_how_long_to_wait_and_then_tells(self) -> None:
        company = self.company()
        company.refusals = 1
        with self.asked(company) as source:
            with pytest.raises(AskedTooOften) as refused:
                source.list_since("3", NOW)
            assert refused.value.wait_s == 2
            assert len(source.list_since("3", NOW)[0]) == 4

    def test_a_wrong_token_is_no_answer(self) -> None:
        with self.asked(self.company()) as source, pytest.raises(GatewaySilent):
            replace(source, api_token="another").list_since("", NOW)

    def test_an_amount_with_a_part_of_a_dong_is_malformed(self) -> None:
        company = self.company(1)
        company.rows[0]["amount_in"] = "1000.50"
        with self.asked(company) as source, pytest.raises(Malformed):
            source.list_since("", NOW)


@pytest.mark.parametrize("source", [SePay(api_token="t"), Casso(api_key="t")])
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "{}"), (200, "<html>"), (200, "{}"), (200, '{"transactions":[3],"data":{"records":[3]}}')],
)
def test_an_error_or_nonsense_is_silence(source: SePay | Casso, status: int, body: str) -> None:
    with answering(status, body) as port, pytest.raises(GatewaySilent):
        replace(source, api_url=f"http://127.0.0.1:{port}").list_since("", NOW)


@pytest.mark.parametrize("source", [SePay(), Casso()])
def test_without_its_key_nothing_is_listed(source: SePay | Casso) -> None:
    assert isinstance(source, CanListSince)
    assert source.list_since("5", NOW) == ([], "5")
