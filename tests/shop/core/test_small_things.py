"""Money, codes, forms, texts and guards."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel import select
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from shop.core import bodylimit, i18n
from shop.core.audit import AuditEntry, audit, broken_links
from shop.core.bodylimit import FORM_BYTES, UPLOAD_BYTES, BodyLimit
from shop.core.csrf import SameOriginWrites
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.forms import check
from shop.core.ids import ALPHABET, check_symbol, crockford, derived_token, order_code, read_crockford
from shop.core.money import format_vnd, per_kg_vnd, split_by_share
from shop.core.ratelimit import RateLimits, TooOften
from shop.settings import Settings, WrongSettings, load_settings


class TestMoney:
    @pytest.mark.parametrize(("amount", "words"), [(1_234_567, "1.234.567 ₫"), (175_000, "175.000 ₫"), (0, "0 ₫")])
    def test_amounts_are_written_as_people_write_them(self, amount: int, words: str) -> None:
        assert format_vnd(amount).replace("\u00a0", " ") == words

    @given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
    def test_parts_add_up_and_none_is_off_by_a_dong(self, total: int, shares: list[int]) -> None:
        parts = split_by_share(total, shares)
        assert sum(parts) == total
        for part, share in zip(parts, shares, strict=True):
            assert abs(part * sum(shares) - total * share) < sum(shares)

    def test_a_price_per_kg_is_the_nearest_dong(self) -> None:
        assert per_kg_vnd(149_000, 3000) == 49_667
        assert per_kg_vnd(22_000, 500) == 44_000
        assert per_kg_vnd(10_000, 0) == 0

    def test_nothing_to_split_by_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="positive"):
            split_by_share(100, [0, 0])


class TestCodes:
    def test_an_order_code_carries_at_least_forty_random_bits(self) -> None:
        codes = {order_code() for _ in range(2000)}
        assert len(codes) == 2000
        assert all(len(code) == 10 for code in codes)  # nine symbols of five bits and a check

    @given(st.text(alphabet=ALPHABET, min_size=4, max_size=12), st.data())
    def test_one_wrong_symbol_is_noticed(self, body: str, data: st.DataObject) -> None:
        code = body + check_symbol(body)
        at = data.draw(st.integers(0, len(body) - 1))
        wrong = data.draw(st.sampled_from(ALPHABET))
        values = ALPHABET.index(code[at]), ALPHABET.index(wrong)
        if (values[0] - values[1]) % 31:
            assert read_crockford(code[:at] + wrong + code[at + 1 :]) is None

    def test_people_may_type_it_small_spaced_and_with_letters_that_look_like_digits(self) -> None:
        code = crockford(9)
        typed = " ".join(code.lower().replace("0", "o").replace("1", "l"))
        assert read_crockford(typed) == code

    @given(st.text(max_size=30))
    def test_anything_typed_is_read_without_an_error(self, typed: str) -> None:
        read_crockford(typed)

    def test_a_token_proves_one_thing_only(self) -> None:
        tokens = {derived_token("s", purpose, of) for purpose in ("order", "look-up") for of in ("A", "B")}
        assert len(tokens) == 4


class AddItem(BaseModel):
    name: str = Field(min_length=1, max_length=10)
    quantity: int = Field(default=1, ge=1)
    tags: list[int] = []


class TestForms:
    def test_right_values_are_typed(self) -> None:
        form = check(AddItem, FormData([("name", " An "), ("quantity", "2"), ("tags", "1"), ("tags", "2")]))
        assert form.ok
        assert form.value == AddItem(name="An", quantity=2, tags=[1, 2])

    def test_wrong_values_keep_what_was_typed_and_say_why(self) -> None:
        form = check(AddItem, FormData([("quantity", "nhiều")]))
        assert not form.ok
        assert form.errors == {"name": "missing", "quantity": "int_parsing"}
        assert form.typed["quantity"] == "nhiều"

    def test_nul_bytes_are_refused(self) -> None:
        form = check(AddItem, FormData([("name", "A\x00n")]))
        assert form.errors == {"name": "nul"}
        assert form.typed["name"] == "An"

    def test_asking_a_wrong_form_for_its_value_is_a_bug(self) -> None:
        with pytest.raises(ValueError, match="errors"):
            _ = check(AddItem, FormData()).value


class TestWords:
    def test_amounts_dates_and_weights_as_they_are_written_here(self) -> None:
        morning = datetime(2026, 11, 21, 1, 5, tzinfo=UTC)
        assert (i18n.day(date(2026, 11, 6)), i18n.hour(morning), i18n.day(morning)) == (
            "06/11/2026",
            "08:05",
            "21/11/2026",
        )
        weights = [i18n.kg(g).replace("\u00a0", " ") for g in (250, 500, 1500, 3000, 5750, 12_000_000)]
        assert weights == ["250 g", "0,5 kg", "1,5 kg", "3 kg", "5,75 kg", "12.000 kg"]
        assert i18n.phone("+84912345678") == "0912 345 678"

    def test_english_keeps_the_address_and_adds_a_prefix(self) -> None:
        with i18n.speaking("en"):
            assert [i18n.url(path) for path in ("/", "/gio-hang", "/static/x.css")] == [
                "/en",
                "/en/gio-hang",
                "/static/x.css",
            ]
        assert i18n.url("/gio-hang") == "/gio-hang"

    def test_a_text_without_english_stays_vietnamese(self) -> None:
        with i18n.speaking("en"):
            assert i18n.gettext("Một câu chưa ai dịch") == "Một câu chưa ai dịch"


def tiny(*middleware: Middleware) -> TestClient:
    app = FastAPI(middleware=list(middleware))

    @app.post("/")
    async def write(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    return TestClient(app)


class TestCrossSite:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "none"}, 200),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "http://testserver"}, 200),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Cookie": "cho_phien=x"}, 403),
            ({}, 200),
        ],
    )
    def test_only_our_own_pages_write(self, headers: dict[str, str], status: int) -> None:
        assert tiny(Middleware(SameOriginWrites)).post("/", headers=headers).status_code == status

    @pytest.mark.parametrize("path", ["/api/v1/carts", "/payments/sepay/ipn"])
    def test_a_program_is_told_so_as_a_problem(self, path: str) -> None:
        answer = tiny(Middleware(SameOriginWrites)).post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["type"], answer.json()["status"]) == ("/problems/cross-site", 403)

    def test_a_person_is_told_so_on_a_page(self) -> None:
        answer = tiny(Middleware(SameOriginWrites)).post("/", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.headers["content-type"].startswith("text/html")
        assert "từ một trang khác" in answer.text


class TestBodies:
    def test_a_form_that_is_too_large_is_refused_with_a_sentence(self) -> None:
        answer = tiny(Middleware(BodyLimit)).post("/", content=b"x" * (FORM_BYTES + 1))
        assert answer.status_code == 413
        assert "quá lớn" in answer.text

    def test_a_body_that_lies_about_its_length_is_refused_too(self) -> None:
        def pieces() -> object:
            for _ in range(20):
                yield b"x" * (FORM_BYTES // 10)

        answer = tiny(Middleware(BodyLimit)).post("/", content=pieces())  # type: ignore[arg-type]  # chunked
        assert answer.status_code == 413

    def test_sixty_megabytes_of_upload_are_refused(self) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = tiny(Middleware(BodyLimit)).post("/", content=b"x" * (UPLOAD_BYTES + 1), headers=headers)
        assert answer.status_code == 413

    def test_a_body_that_stops_on_its_way_is_given_up_with_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodylimit, "SILENT_S", 0.01)

        async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)

        async def upload() -> list[Message]:
            sent: list[Message] = []
            come: list[Message] = [{"type": "http.request", "body": b"the first of it", "more_body": True}]

            async def receive() -> Message:
                return come.pop() if come else await asyncio.get_running_loop().create_future()

            async def send(message: Message) -> None:
                sent.append(message)

            scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
            async with asyncio.timeout(10):
                await BodyLimit(read_all)(scope, receive, send)
            return sent

        start, rest = asyncio.run(upload())
        assert (start["status"], (b"connection", b"close") in start["headers"]) == (408, True)
        assert "gửi lại" in rest["body"].decode()


class TestLimits:
    def test_a_limit_says_when_to_try_again_and_counts_each_key_alone(self) -> None:
        limits = RateLimits()
        for _ in range(3):
            limits.count("code", "an", times=3, per_s=600)
        with pytest.raises(TooOften) as refusal:
            limits.count("code", "an", times=3, per_s=600)
        assert 0 < refusal.value.facts["retry_after_s"] <= 600
        limits.count("code", "binh", times=3, per_s=600)


class TestAudit:
    def test_the_chain_holds_and_a_changed_row_breaks_it(self, db: Database, manager: Person, now: datetime) -> None:
        with db.write() as session:
            for price in (10, 20, 30):
                audit(session, manager, "price_vnd", "variant:1", price - 10, price, now)
        with db.read() as session:
            assert list(broken_links(session)) == []
        with db.write() as session:
            connection = session.connection()
            if db.is_sqlite:
                connection.execute(text("DROP TRIGGER audit_entry_no_update"))
            else:
                connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change"))
            connection.execute(text("UPDATE audit_entry SET person_name = 'Ai khác' WHERE id = 2"))
        with db.read() as session:
            assert len(list(broken_links(session))) == 1

    def test_a_change_at_an_hour_of_any_zone_keeps_the_chain(
        self, db: Database, manager: Person, now: datetime
    ) -> None:
        with db.write() as session:
            audit(session, manager, "price_vnd", "variant:1", 10, 20, now.astimezone(i18n.HERE))
        with db.read() as session:
            assert list(broken_links(session)) == []

    @pytest.mark.parametrize("change", ["UPDATE audit_entry SET what = 'x'", "DELETE FROM audit_entry"])
    def test_the_database_itself_refuses_changes(
        self, db: Database, manager: Person, now: datetime, change: str
    ) -> None:
        with db.write() as session:
            audit(session, manager, "price_vnd", "variant:1", 1, 2, now)
        with pytest.raises(Exception, match="insert-only"), db.write() as session:
            session.connection().execute(text(change))
        with db.read() as session:
            assert session.exec(select(AuditEntry.what)).all() == ["price_vnd"]


class TestSettings:
    def test_the_demo_needs_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CHOHTX_ENV", raising=False)
        assert load_settings(_env_file=None).demo

    def test_production_refuses_the_demo_secret(self) -> None:
        with pytest.raises(WrongSettings, match="SECRET_KEY"):
            load_settings(_env_file=None, env="production")

    def test_production_refuses_plain_http(self) -> None:
        with pytest.raises(WrongSettings, match="https"):
            load_settings(_env_file=None, env="production", secret_key="x" * 40, public_url="http://cho.vn")

    def test_production_wants_the_operators_legal_details(self) -> None:
        with pytest.raises(WrongSettings, match="OPERATOR_NAME"):
            load_settings(_env_file=None, env="production", secret_key="x" * 40, public_url="https://cho.vn")

    def test_a_wrong_value_is_one_clear_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "không phải số")
        with pytest.raises(WrongSettings) as wrong:
            load_settings(_env_file=None)
        assert "\n" not in str(wrong.value)
        assert "PORT" in str(wrong.value)

    def test_demo_values_of_settings_are_complete(self, settings: Settings) -> None:
        assert settings.vietqr_account_no
        assert settings.sepay_webhook_secret
