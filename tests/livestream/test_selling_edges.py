"""The corners of selling by comment: each a rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from livestream import abuse, verify
from livestream import service as live
from livestream.chat import moderation
from livestream.models import LiveClaim
from shop.cart import service as cart
from shop.core.db import Database, run
from shop.stock import service as stock
from tests.factories_live import claim, make_cart, make_session
from tests.livestream.chatting import HALF_AN_HOUR, claims, held, say, speaker, tended, type_in
from tests.overtaking import overtaken


def sound(db: Database) -> None:
    with db.read() as session:
        assert verify.broken_rules(session) == []


def test_one_phone_holds_only_so_many_things_at_once(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "MOST_OPEN", 2)
    on_air, _items, _host = make_session(db, now, items=3)
    pasted = "Lan: A1 0912345678\nLan Anh: A2 0912345678\nChị Lan: A3 0912345678\nTư: A3 0987654321"
    type_in(db, on_air, pasted, now)
    assert claims(db, on_air) == [
        ("Lan", "A1", 1, "held"),
        ("Lan Anh", "A2", 1, "held"),
        ("Chị Lan", "A3", 1, "cancelled"),
        ("Tư", "A3", 1, "held"),
    ]
    sound(db)


def test_one_browser_holds_only_so_many_things_whatever_cart_it_opens(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "MOST_OPEN", 2)
    on_air, _items, _host = make_session(db, now, items=3)
    for code in ("A1", "A2"):
        claim(db, on_air.slug, make_cart(db, now), 1, now, code, visitor="visitor-key-lan")
    with pytest.raises(abuse.TooManyOpen):
        claim(db, on_air.slug, make_cart(db, now), 1, now, "A3", visitor="visitor-key-lan")
    assert say(db, on_air, "lan", "A3", now).comment.decided == "A3 too-many-open 1"
    later = now + HALF_AN_HOUR + timedelta(seconds=1)
    tended(db, later)
    assert say(db, on_air, "lan", "A3", later).comment.decided == "A3 held 1"
    sound(db)


def test_a_guest_elsewhere_who_shows_no_cart_holds_two_minutes(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=1)
    type_in(db, on_air, "Lan: A1 0912345678\nTư: A1", now)
    tended(db, now + timedelta(seconds=119))
    assert [state for *_rest, state in claims(db, on_air)] == ["held", "waiting"]
    tended(db, now + timedelta(seconds=120))
    assert [state for *_rest, state in claims(db, on_air)] == ["lapsed", "promoted"]
    assert held(db, item) == 1
    sound(db)


def test_the_same_code_in_another_session_is_another_item(db: Database, now: datetime) -> None:
    (one, (here,), _host), (other, (there,), _host2) = make_session(db, now), make_session(db, now)
    assert here.code == there.code == "A1"
    say(db, one, "lan", "A1 x2", now)
    say(db, other, "lan", "A1", now)
    assert (held(db, here), held(db, there)) == (2, 1)
    say(db, other, "lan", "bỏ A1", now)
    assert (held(db, here), held(db, there)) == (2, 0)
    sound(db)


def test_a_sentence_hidden_after_it_ordered_keeps_what_is_held(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now)
    number = say(db, on_air, "lan", "A1 x2", now).comment.number
    with db.write() as session:
        moderation.show(session, on_air.id, number, shown=False, person=host, now=now)
        moderation.silence(session, on_air.id, number, "blocked", host, now)
    assert (claims(db, on_air), held(db, item)) == ([("lan", "A1", 2, "held")], 2)


def test_a_price_that_changes_while_goods_lie_in_the_cart_changes_only_later_holds(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now, live_price_vnd=150_000)
    say(db, on_air, "lan", "A1", now)
    with db.write() as session:
        live.set_price(session, on_air.id, item.id, 170_000, host, now)
    say(db, on_air, "tu", "A1", now)
    with db.read() as session:
        prices = [cart.view(session, speaker(db, who).cart_id, now).lines[0].price_vnd for who in ("lan", "tu")]
    assert prices == [150_000, 170_000]


def test_an_item_taken_off_the_pin_is_sold_until_its_price_ends(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now)
    with db.write() as session:
        live.pin(session, on_air.id, None, now, host)
    assert say(db, on_air, "lan", "A1", now).comment.decided == "A1 held 1"
    with db.write() as session:
        live.end(session, on_air.id, host, now)
    assert held(db, item) == 1  # an open hold keeps its own time


def test_the_number_is_not_cut_below_what_is_held(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now)
    say(db, on_air, "lan", "A1 x3", now)
    assert say(db, on_air, "lan", "A1 x1", now).comment.decided == "A1 same 3"
    assert held(db, item) == 3


def test_the_end_and_whoever_holds_in_that_moment_never_wait_for_each_other(db: Database, now: datetime) -> None:
    """A buyer has the goods and is about to be noted down in the session, while its host ends it."""
    on_air, (item,), host = make_session(db, now)
    told = {"session_id": on_air.id, "item_id": item.id, "hold_owner": "live:x", "visitor_key": "x", "quantity": 1}
    until = now + HALF_AN_HOUR

    def ends() -> int:
        with db.write() as session:
            return live.end(session, on_air.id, host, now)

    went_home = overtaken(
        db,
        lambda session: stock.take_holds(session, {item.pool_id or 0: 1}, "live:x", until, now),
        ends,
        lambda session: run(session, insert(LiveClaim).values(**told, price_vnd=1, held_until=until, at=now)),
    )
    assert went_home == (item.allotted or 0) - 1


@pytest.mark.parametrize("in_a_list", [False, True])
def test_who_orders_what_is_held_and_says_more_in_that_moment_never_waits_for_oneself(
    db: Database, now: datetime, in_a_list: bool
) -> None:
    on_air, (item, _other), _host = make_session(db, now, items=2)
    say_or_type = (
        (lambda words: type_in(db, on_air, f"Lan: {words}", now))
        if in_a_list
        else (lambda words: say(db, on_air, "Lan", words, now))
    )
    say_or_type("A1")
    cart_id = speaker(db, "Lan").cart_id or ""
    overtaken(
        db,
        lambda session: stock.rename_holds(session, live.hold_owner(on_air.id, item.id, cart_id), "order:1", None),
        lambda: say_or_type("A1 x3, A2"),
        lambda session: stock.sell_holds(session, "order:1", now),
    )
    with db.read() as session:
        assert stock.broken_rules(session) == []


@pytest.mark.parametrize("in_a_list", [False, True])
def test_a_sentence_that_orders_backwards_waits_for_nobody_who_waits_for_it(
    db: Database, now: datetime, in_a_list: bool
) -> None:
    on_air, _items, _host = make_session(db, now, items=2)
    cart_id = make_cart(db, now)

    def press(code: str) -> Callable[[Session], object]:
        told = (on_air.slug, code, 1, cart_id, "visitor-of-two", HALF_AN_HOUR, now)
        return lambda session: live.claim(session, *told)

    def speaks() -> None:
        if in_a_list:
            type_in(db, on_air, "Lan: A2\nMai: A1", now)
        else:
            say(db, on_air, "lan", "A2, A1", now)

    overtaken(db, press("A1"), speaks, press("A2"))
    assert {code for _who, code, _quantity, state in claims(db, on_air) if state == "held"} == {"A1", "A2"}
    sound(db)
