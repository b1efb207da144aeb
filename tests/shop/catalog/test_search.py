"""Finding goods as people in a hurry type their names."""

from __future__ import annotations

import unicodedata
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalog import cursors, listing
from shop.catalog.cursors import BadCursor
from shop.catalog.listing import Filters, Order
from shop.catalog.models import Product, ProductState
from shop.catalog.words import read_question
from shop.core.db import Database
from shop.core.text import fold, tone_normalised
from tests.factories import make_category, make_certificate, make_coop, make_product

RED = "Thanh long ruột đỏ"


def found(db: Database, words: str, now: datetime, **filters: object) -> list[str]:
    """Names of the hits, best first."""
    with db.read() as session:
        page = listing.page_of(session, Filters(words=words, **filters), now)  # type: ignore[arg-type]  # by keyword
    return [card.name for card in page.cards]


@pytest.mark.parametrize(
    "typed",
    [
        "Thanh long ruột đỏ",
        "thanh long ruot do",
        "THANH LONG",
        "thành lòng rượt dò",
        "đỏ ruột long",
        "thanh lo",
        "ruột đ",
        unicodedata.normalize("NFD", "ruột đỏ"),
        "  thanh   long, ruột đỏ! ",
        "dragon fruit",
        "pitaya",
        "tl ruột đỏ",
    ],
)
def test_a_fruit_is_found_however_its_name_is_typed(db: Database, now: datetime, typed: str) -> None:
    make_product(db, name=RED)
    make_product(db, name="Nước mắm cá cơm")
    assert found(db, typed, now) == [RED]


def test_what_is_spelled_as_typed_comes_first(db: Database, now: datetime) -> None:
    make_product(db, name="Bơ sáp 034")
    make_product(db, name="Bò khô lá chanh")
    make_product(db, name="Bột gạo")
    assert found(db, "bơ", now)[0] == "Bơ sáp 034"
    assert found(db, "bò", now)[0] == "Bò khô lá chanh"
    assert set(found(db, "bo", now)) == {"Bơ sáp 034", "Bò khô lá chanh", "Bột gạo"}


def test_d_without_its_bar_finds_sugar(db: Database, now: datetime) -> None:
    make_product(db, name="Đường phên")
    assert found(db, "duong", now) == ["Đường phên"]


@pytest.mark.parametrize("typed", ["gạo Hoà Lệ", "gạo Hòa Lệ", "gao hoa le"])
def test_the_tone_mark_may_stand_on_either_vowel(db: Database, now: datetime, typed: str) -> None:
    make_product(db, name="Gạo Hòa Lệ")
    assert found(db, typed, now) == ["Gạo Hòa Lệ"]


def test_words_of_the_co_op_and_the_place_find_its_goods(db: Database, now: datetime) -> None:
    coop = make_coop(db, name="HTX Âu Cơ")
    make_product(db, coop, name="Giỏ mây", origin="Núi Thành")
    make_product(db, name="Rổ tre")
    assert found(db, "au co", now) == ["Giỏ mây"]
    assert found(db, "núi thành", now) == ["Giỏ mây"]


def test_a_name_that_holds_the_words_comes_before_a_co_op_that_does(db: Database, now: datetime) -> None:
    make_product(db, name=RED)
    coop = make_coop(db, name="HTX Thanh long Hàm Đức")
    make_product(db, coop, name="Rượu vang chát")
    assert found(db, "thanh long", now) == [RED, "Rượu vang chát"]


def test_boxes_are_found_by_weight_however_it_is_said(db: Database, now: datetime) -> None:
    make_product(db, name=RED)
    assert found(db, "thanh long 5 ký", now) == [RED]
    assert found(db, "thanh long 5kg", now) == [RED]


def test_drafts_hidden_goods_and_goods_of_suspended_co_ops_are_not_found(db: Database, now: datetime) -> None:
    make_product(db, name="Thanh long nháp", state=ProductState.DRAFT)
    make_product(db, name="Thanh long ẩn", state=ProductState.HIDDEN)
    make_product(db, make_coop(db, state="suspended"), name="Thanh long treo")
    assert found(db, "thanh long", now) == []


@pytest.mark.parametrize(
    "typed", ["", "   ", "!!!", '"', "a OR", "NEAR(", "thanh:long", "'; DROP TABLE product", "đ" * 999]
)
def test_any_typing_is_answered(db: Database, now: datetime, typed: str) -> None:
    make_product(db, name=RED)
    found(db, typed, now)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=30))
def test_no_text_breaks_the_search(db: Database, now: datetime, typed: str) -> None:
    found(db, typed, now)


@given(
    words=st.lists(
        st.sampled_from(["thanh", "long", "ruột", "đỏ", "Bình", "Thuận", "hòa", "quý"]), min_size=1, max_size=6
    )
)
def test_marks_and_case_never_decide_what_is_asked(words: list[str]) -> None:
    typed = " ".join(words)
    question = read_question(typed)
    for other in (fold(typed), typed.upper(), unicodedata.normalize("NFD", typed), tone_normalised(typed)):
        asked = read_question(other)
        assert question is not None
        assert asked is not None
        assert asked.groups == question.groups


def test_a_list_is_narrowed_by_shelf_co_op_certificate_and_price(db: Database, now: datetime) -> None:
    coop, dried = make_coop(db), make_category(db, "say-kho", name="Sấy khô")
    cheap = make_product(db, coop, name="Thanh long rẻ", price_vnd=50_000)
    dear = make_product(db, name="Thanh long đắt", price_vnd=500_000)
    slices = make_product(db, category=dried, name="Thanh long sấy", price_vnd=90_000)
    make_certificate(db, coop, kind="vietgap", stars=0)
    for words in ("", "thanh long"):
        assert found(db, words, now, category_id=dried.id) == [slices.name]
        assert found(db, words, now, coop_id=coop.id) == [cheap.name]
        assert found(db, words, now, certificate="vietgap") == [cheap.name]
        assert found(db, words, now, least_vnd=60_000, most_vnd=100_000) == [slices.name]
        assert found(db, words, now, order=Order.CHEAPEST) == [cheap.name, slices.name, dear.name]
        assert found(db, words, now, order=Order.DEAREST) == [dear.name, slices.name, cheap.name]
        assert found(db, words, now, order=Order.NEWEST) == [slices.name, dear.name, cheap.name]


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("words", ["", "thanh long"])
def test_pages_hold_every_product_once(db: Database, now: datetime, order: Order, words: str) -> None:
    coop = make_coop(db)
    names = {make_product(db, coop, price_vnd=10_000 * (1 + number % 3)).name for number in range(11)}
    seen, cursor = [], ""
    with db.read() as session:
        while True:
            page = listing.page_of(session, Filters(words=words, order=order), now, cursor, size=4)
            seen += [card.name for card in page.cards]
            cursor = page.next
            if not cursor:
                break
    assert len(seen) == 11
    assert set(seen) == names


def test_a_product_added_while_paging_repeats_nothing(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    first = [make_product(db, coop) for _ in range(6)]
    with db.read() as session:
        page = listing.page_of(session, Filters(), now, size=3)
    make_product(db, coop)
    with db.read() as session:
        rest = listing.page_of(session, Filters(), now, page.next, size=10)
    assert [card.id for card in [*page.cards, *rest.cards]] == [product.id for product in reversed(first)]


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WzFd" + "A" * 400, "WyJhIl0", "W3RydWVd", "bnVsbA", "đ", "WzEsMl0", "[" * 150]
)
@pytest.mark.parametrize("words", ["", "thanh long"])
def test_a_cursor_we_did_not_write_is_refused(db: Database, now: datetime, cursor: str, words: str) -> None:
    make_product(db, name=RED)
    with db.read() as session, pytest.raises(BadCursor):
        listing.page_of(session, Filters(words=words), now, cursor)


@given(key=st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=6))
def test_a_cursor_reads_back_as_written(key: list[int]) -> None:
    assert cursors.read(cursors.write(*key), len(key)) == tuple(key)


def test_a_badge_in_a_list_tells_when_the_list_ends_to_be_true(db: Database, now: datetime) -> None:
    product = make_product(db)
    with db.write() as session:
        coop_id = session.get_one(Product, product.id).coop_id
    coop = make_coop(db)
    make_product(db, coop)
    make_certificate(db, coop, expires_on=datetime(2026, 11, 25).date())  # noqa: DTZ001  a day on paper
    with db.read() as session:
        page = listing.page_of(session, Filters(), now)
    assert coop_id != coop.id
    assert page.valid_until is not None
    assert page.valid_until.isoformat() == "2026-11-26T00:00:00+07:00"
