"""Orders by comment: held in the order of the sentences, else a place in the line; nothing missed, nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from livestream import service as live
from livestream import verify
from livestream.chat import claims as claiming
from livestream.chat import moderation, pay_letters, talk
from livestream.chat.models import Claim, LiveComment
from livestream.models import LiveItem, LiveSession
from shop.cart import service as cart
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.dated import Dated
from shop.core.db import Database
from shop.notify.models import Message
from shop.notify.service import Outgoing, send_due
from shop.orders import service as orders
from shop.settings import Settings
from shop.stock import service as stock
from tests.factories_live import make_cart, make_session
from tests.factories_orders import answered, make_table, place
from tests.livestream.chatting import HALF_AN_HOUR, claims, held, say, speaker, tended, type_in


def sound(db: Database) -> None:
    with db.read() as session:
        assert verify.broken_rules(session) == []


def test_criterion_20_a_comment_puts_the_goods_in_that_visitors_cart_at_the_live_price(
    db: Database, now: datetime
) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=10)
    said = say(db, on_air, "lan", "cho chị A1 x2 nha", now)
    assert (said.comment.number, said.comment.decided) == (1, "A1 held 2")
    with db.read() as session:
        (line,) = cart.view(session, speaker(db, "lan").cart_id, now).lines
    assert (line.quantity, line.price_vnd, line.held_until) == (2, 150_000, now + HALF_AN_HOUR)
    assert held(db, item) == 2
    sound(db)


def test_criterion_22_fifty_comments_at_once_on_ten_hold_ten_in_the_order_of_the_sentences(
    db: Database, now: datetime
) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=10)
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda who: say(db, on_air, f"v{who}", "A1", now), range(50)))
    assert sorted(one.comment.number for one in said) == list(range(1, 51))
    states = [state for _who, _code, _quantity, state in claims(db, on_air)]
    assert states == ["held"] * 10 + ["waiting"] * 40
    assert held(db, item) == 10
    with db.read() as session:
        assert sorted(claiming.places(session, on_air.id).values()) == list(range(1, 41))
    sound(db)


def test_saying_it_again_is_one_claim_and_the_larger_number_counts(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=10)
    for words, became in (
        ("A1", "A1 held 1"),
        ("A1", "A1 same 1"),
        ("a1 x3", "A1 held 3"),
        ("A1 2", "A1 same 3"),
        ("thêm A1", "A1 held 4"),
        ("A1 đổi thành 2", "A1 held 2"),
        ("A1 x9", "A1 too-many 9"),
        ("bỏ A1", "A1 cancelled"),
        ("hủy A1", "A1 nothing-held"),
    ):
        assert say(db, on_air, "lan", words, now).comment.decided == became, words
    assert claims(db, on_air) == [("lan", "A1", 2, "cancelled")]
    assert held(db, item) == 0
    sound(db)


def test_a_sentence_sent_twice_is_one(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now)
    first, second = (say(db, on_air, "lan", "thêm A1", now, key="same") for _ in range(2))
    assert first.comment.number == second.comment.number == 1
    assert held(db, item) == 1


def test_criterion_23_who_waits_is_served_in_turn_when_a_hold_falls(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=1)
    for who in ("an", "binh", "chi"):
        say(db, on_air, who, "A1", now)
    say(db, on_air, "an", "bỏ A1", now + timedelta(minutes=1))
    assert [state for *_rest, state in claims(db, on_air)] == ["cancelled", "promoted", "waiting"]
    tended(db, now + timedelta(minutes=32))
    assert [state for *_rest, state in claims(db, on_air)] == ["cancelled", "lapsed", "promoted"]
    assert held(db, item) == 1
    sound(db)


def test_who_wants_more_than_is_left_lets_the_next_pass(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=4)
    say(db, on_air, "an", "A1 x3", now)
    say(db, on_air, "binh", "A1 x2", now)
    say(db, on_air, "chi", "A1", now)
    assert [state for *_rest, state in claims(db, on_air)] == ["held", "waiting", "held"]
    say(db, on_air, "an", "bỏ A1", now)
    assert [state for *_rest, state in claims(db, on_air)] == ["cancelled", "promoted", "held"]
    assert held(db, item) == 3


def test_nobody_who_presses_the_button_passes_those_who_wait(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=1)
    say(db, on_air, "an", "A1", now)
    say(db, on_air, "binh", "A1", now)
    mine, later = make_cart(db, now), now + timedelta(minutes=31)
    tended(db, later - timedelta(minutes=2))
    with db.write() as session:
        stock.release_expired(session, later)
    with pytest.raises(live.LiveSoldOut), db.write() as session:
        claiming.press(session, on_air.slug, "A1", 1, mine, "new-visitor", HALF_AN_HOUR, later)
    tended(db, later)
    assert [state for *_rest, state in claims(db, on_air)] == ["lapsed", "promoted"]
    assert held(db, item) == 1


def test_a_claim_follows_the_button_of_its_own_cart(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now)
    say(db, on_air, "an", "A1", now)
    an = speaker(db, "an")
    assert an.cart_id
    for quantity, shown in ((3, ("an", "A1", 3, "held")), (0, ("an", "A1", 3, "cancelled"))):
        with db.write() as session:
            claiming.press(session, on_air.slug, "A1", quantity, an.cart_id, an.visitor_key, HALF_AN_HOUR, now)
        assert claims(db, on_air) == [shown]
        sound(db)
    assert held(db, item) == 0


def test_a_pasted_list_is_taken_in_once_and_in_its_order(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=3)
    pasted = "Chị Lan: A1 2 0901234567\nAnh Tư\tA1\nBé Na: A1?\n\nBa Hai: a1 x2"
    assert type_in(db, on_air, pasted, now) == 4
    assert type_in(db, on_air, pasted + "\nÚt: A1", now) == 1
    assert claims(db, on_air) == [
        ("Chị Lan", "A1", 2, "held"),
        ("Anh Tư", "A1", 1, "held"),
        ("Ba Hai", "A1", 2, "waiting"),
        ("Út", "A1", 1, "waiting"),
    ]
    assert speaker(db, "Chị Lan").phone == "+84901234567"
    assert held(db, item) == 3
    sound(db)


def test_somebody_elsewhere_holds_for_two_minutes_until_the_pay_link_is_opened(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=2)
    type_in(db, on_air, "Lan: A1\nTư: A1", now)
    later = now + timedelta(minutes=1)
    with db.write() as session:
        who, _live = talk.by_secret(session, speaker(db, "Lan").pay_secret)
        cart_id = talk.prove(session, who, HALF_AN_HOUR, later)
    tended(db, now + timedelta(minutes=3))
    assert claims(db, on_air) == [("Lan", "A1", 1, "held"), ("Tư", "A1", 1, "lapsed")]
    with db.read() as session:
        (line,) = cart.view(session, cart_id, later).lines
    assert line.held_until == later + HALF_AN_HOUR
    assert held(db, item) == 1
    sound(db)


def test_who_is_elsewhere_is_sent_the_pay_link_once_whatever_is_added(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now, items=2, wanted=3)
    first = ("Lan: A1 2 0901234567", "Minh: A1 x2", "A2 1 0912345678", "Hoa: A2 x9 0987654321", "Tâm: 0933333333")
    type_in(db, on_air, "\n".join(first), now)
    assert letters(db) == ["+84901234567", "+84912345678"], "Minh told no number, Hoa and Tâm hold nothing"
    type_in(db, on_air, "Lan: thêm A2 1 0901234567\nMinh: 0944444444", now)
    assert letters(db) == ["+84901234567", "+84912345678"], "what is added lies behind the same link"
    tended(db, now + timedelta(minutes=3))
    assert letters(db) == ["+84901234567", "+84912345678", "+84944444444"], "Minh waited, and holds now"
    with db.read() as session:
        links = {message.address: message.link for message in session.exec(select(Message))}
    assert links["+84901234567"] == f"/giu/{speaker(db, 'Lan').pay_secret}"
    say(db, on_air, "Khách", "A2 1 0955555555", now)
    assert len(letters(db)) == 3, "who is in the room has the cart before them"


def test_a_letter_that_was_not_sent_while_the_hold_stood_is_dropped_and_who_holds_again_gets_another(
    db: Database, now: datetime
) -> None:
    on_air, _items, _host = make_session(db, now, items=2, wanted=1)
    type_in(db, on_air, "Lan: A1 0901234567\nMinh: A1 0944444444", now)
    late = now + timedelta(minutes=2, seconds=1)
    tended(db, late)
    assert delivered(db, late) == ["+84944444444"], "Minh waited and holds now; what was Lan's has lapsed"
    type_in(db, on_air, "Lan: A2 0901234567", late)
    assert delivered(db, late) == ["+84901234567"]
    type_in(db, on_air, "Lan: hủy A2", late)
    type_in(db, on_air, "Lan: thôi lấy A2 x1 nhé 0901234567", late + timedelta(seconds=1))
    assert delivered(db, late + timedelta(seconds=1)) == [], "the letter that came is still good"


def test_what_is_added_before_the_letter_went_out_keeps_it_good_and_what_is_cancelled_ends_it(
    db: Database, now: datetime
) -> None:
    on_air, _items, _host = make_session(db, now, items=2, wanted=3)
    type_in(db, on_air, "Lan: A1 0901234567\nHoa: A1 0922222222", now)
    type_in(db, on_air, "Lan: A2\nHoa: hủy A1", now + timedelta(minutes=1))
    assert delivered(db, now + timedelta(minutes=2, seconds=30)) == ["+84901234567"]


def test_a_seller_cannot_have_us_write_to_all_the_world_nor_again_and_again_to_one(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_air, _items, _host = make_session(db, now, items=1, wanted=40)
    monkeypatch.setattr(pay_letters, "PAY_LETTERS_A_DAY", (Dated(5, "2026-07-01", "a test's"),))
    monkeypatch.setattr(pay_letters, "PAY_LETTERS_TO_ONE", (Dated(2, "2026-07-01", "a test's"),))
    type_in(db, on_air, "\n".join(f"Người {n}: A1 0901234567" for n in range(4)), now)
    assert letters(db) == ["+84901234567"] * 2
    type_in(db, on_air, "\n".join(f"Khách {n}: A1 09123456{n:02}" for n in range(9)), now)
    assert len(letters(db)) == 5
    tended(db, now + timedelta(minutes=3))
    tomorrow = now + timedelta(days=1)
    type_in(db, on_air, "Mai: A1 0987654321", tomorrow)
    assert letters(db)[5:] == ["+84987654321"]


def delivered(db: Database, now: datetime) -> list[str]:
    """Phones to which a letter goes out in the next round."""
    got = list[str]()

    class Phones:
        def send(self, message: Outgoing) -> None:
            got.append(message.address)

    send_due(db, {"page": Phones()}, lambda path: f"https://cho.example{path}", now)
    return got


def letters(db: Database) -> list[str]:
    with db.read() as session:
        sent = select(Message.address).where(Message.kind == "pay_link").order_by(Message.id)  # type: ignore[arg-type]  # a column
        return list(session.exec(sent))


def test_an_order_from_the_cart_is_what_became_of_the_claim(db: Database, settings: Settings, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=2)
    with db.read() as session:
        make_table(db, session.get_one(Coop, on_air.coop_id))
    say(db, on_air, "lan", "A1", now)
    an = speaker(db, "lan")
    assert an.cart_id
    placed = place(db, answered(db, an.cart_id, settings, now, visitor=an.visitor_key), settings, now)
    tended(db, now + timedelta(seconds=2))
    assert claims(db, on_air) == [("lan", "A1", 1, "ordered")]
    with db.read() as session:
        assert session.exec(select(Claim.order_id)).one() == placed.id
    say(db, on_air, "tu", "A1 x2", now)
    with db.write() as session:
        orders.cancel(session, placed.id, None, now)
    tended(db, now + timedelta(seconds=4))
    assert claims(db, on_air)[1] == ("tu", "A1", 2, "promoted")
    assert held(db, item) == 2
    sound(db)


def test_one_buyer_claims_no_more_than_the_session_allows(db: Database, now: datetime) -> None:
    on_air, (item,), _host = make_session(db, now, wanted=10, most_per_buyer=2)
    assert say(db, on_air, "lan", "A1 x3", now).comment.decided == "A1 too-many 3"
    assert say(db, on_air, "lan", "A1 x2", now).comment.decided == "A1 held 2"
    assert say(db, on_air, "lan", "thêm A1", now).comment.decided == "A1 too-many 3"
    assert held(db, item) == 2


def test_before_and_after_the_session_a_comment_orders_nothing(db: Database, now: datetime) -> None:
    planned, (item,), host = make_session(db, now, on_air=False)
    assert say(db, planned, "lan", "A1", now).comment.decided == "off-air"
    with db.write() as session:
        live.start(session, planned.id, host, now)
    for who in range(11):
        say(db, planned, f"v{who}", "A1", now)
    with db.write() as session:
        live.end(session, planned.id, host, now)
    tended(db, now)
    states = [state for *_rest, state in claims(db, planned)]
    assert states == ["held"] * 10 + ["lapsed"]
    with pytest.raises(talk.ChatIsClosed):
        say(db, planned, "lan", "A1", now)
    with db.read() as session:
        assert session.get_one(LiveItem, item.id).allotted == 10
    sound(db)


def test_the_seller_sets_a_claim_right_with_a_trace(db: Database, now: datetime) -> None:
    on_air, items, host = make_session(db, now, items=2, wanted=5)
    say(db, on_air, "lan", "A1 xoài 2", now)
    assert claims(db, on_air) == []
    for code, quantity, became in (("A1", 2, "held"), ("A1", 1, "held"), ("A1", 0, "cancelled"), ("A2", 3, "held")):
        with db.write() as session:
            facts = (on_air.id, 1, code, quantity, host, HALF_AN_HOUR, now)
            assert moderation.correct(session, *facts) == became
    assert claims(db, on_air) == [("lan", "A1", 1, "cancelled"), ("lan", "A2", 3, "held")]
    assert [held(db, item) for item in items] == [0, 3]
    with db.read() as session:
        assert len(session.exec(select(AuditEntry).where(AuditEntry.what == "claim")).all()) == 4
        assert {claim.corrected_by_id for claim in session.exec(select(Claim))} == {host.id}
    sound(db)


def test_a_muted_voice_is_heard_by_nobody_and_a_blocked_one_orders_nothing(db: Database, now: datetime) -> None:
    on_air, (item,), host = make_session(db, now)
    say(db, on_air, "lan", "Hàng dở quá", now)
    with db.write() as session:
        moderation.silence(session, on_air.id, 1, "muted", host, now)
    say(db, on_air, "lan", "A1", now)
    with db.read() as session:
        assert talk.last_said(session, on_air.id) == []
    assert held(db, item) == 1
    with db.write() as session:
        moderation.silence(session, on_air.id, 1, "blocked", host, now)
    assert say(db, on_air, "lan", "thêm A1", now).comment.decided == "blocked"
    assert held(db, item) == 1


def test_words_of_the_list_and_hidden_sentences_are_not_shown(db: Database, now: datetime) -> None:
    on_air, _items, host = make_session(db, now)
    with db.write() as session:
        moderation.set_rules(session, on_air.id, 0, "lừa đảo\nhàng giả", host, now)
    for words in ("Shop LỪA ĐẢO!", "Xoài ngon", "Gọi em 0912 345 678 nhé"):
        say(db, on_air, "lan", words, now)
    with db.write() as session:
        moderation.show(session, on_air.id, 2, shown=False, person=host, now=now)
    with db.read() as session:
        (last,) = talk.last_said(session, on_air.id)
        assert last.shown == "Gọi em 091•••••78 nhé"
        assert [said.comment.state for said in talk.at_the_desk(session, on_air.id)] == ["shown", "hidden", "hidden"]


def test_slow_mode_lets_each_speak_once_in_its_time(db: Database, now: datetime) -> None:
    on_air, _items, host = make_session(db, now)
    with db.write() as session:
        moderation.set_rules(session, on_air.id, 10, "", host, now)
    say(db, on_air, "lan", "Chào shop", now)
    with pytest.raises(talk.SlowDown) as refused:
        say(db, on_air, "lan", "A1", now + timedelta(seconds=4))
    assert refused.value.facts["retry_after_s"] <= 7
    say(db, on_air, "tu", "A1", now + timedelta(seconds=4))
    say(db, on_air, "lan", "A1", now + timedelta(seconds=10))


def test_verify_sees_a_claim_that_lost_its_hold(db: Database, now: datetime) -> None:
    on_air, _items, _host = make_session(db, now)
    say(db, on_air, "lan", "A1 x2", now)
    with db.write() as session:
        claim = session.exec(select(Claim)).one()
        claim.quantity = 3
        session.exec(select(LiveComment)).one().number = 7
    with db.read() as session:
        broken = verify.broken_rules(session)
    assert len(broken) == 2, broken
    assert isinstance(on_air, LiveSession)
