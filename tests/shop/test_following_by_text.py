"""Being told by text: to the phone that an account has proved, a few a day, not at night, stopped with one tap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from livestream import schedule
from livestream import service as live
from livestream.reminders.service import remind
from shop.accounts import service as accounts
from shop.core.dated import REMINDERS_TO_ONE
from shop.core.db import Database
from shop.core.deps import Person
from shop.notify import choices, following
from shop.notify.models import Channel, Follow, Message, MessageState
from shop.notify.service import Letter, Outgoing, opt_out, queue, send_due
from shop.settings import Settings
from tests.factories import make_coop
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session

PHONE = "+84912000111"


class Phones:
    """The operator's way of texting."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def send(self, message: Outgoing) -> None:
        self.got.append(message.title)


@pytest.fixture
def lan(db: Database, now: datetime) -> Person:
    person = make_person(db, phone=PHONE, name="Lan")
    with db.write() as session:
        accounts.prove_phone(session, person.id, PHONE, "code", now)
    return person


def follow(db: Database, subject: str, now: datetime) -> None:
    with db.write() as session:
        following.ask_by_text(session, subject, PHONE, "vi", now)


def follows(db: Database) -> list[Follow]:
    with db.read() as session:
        return list(session.exec(select(Follow)))


def texts(db: Database) -> list[Message]:
    with db.read() as session:
        return list(session.exec(select(Message).order_by(Message.id)))  # type: ignore[arg-type]


def told(db: Database, number: int, now: datetime, kind: str = "live_on", *, by_night: bool = True) -> int:
    """Followers of co-op 1 are told of one more thing; how many texts there are."""
    letter = Letter(f"live:{number}:on", kind, "Đang live", "Thanh long ruột đỏ", "/live/x")
    with db.write() as session:
        following.tell_followers(session, ["coop:1"], lambda: letter, now, by_night=by_night)
    return len(texts(db))


def sent(db: Database, now: datetime) -> list[str]:
    """What the worker brings to the phone at this moment."""
    phones = Phones()
    send_due(db, {Channel.PAGE: phones}, lambda path: path, now)
    return phones.got


class TestAsking:
    def test_the_account_s_own_phone_is_asked_and_one_tap_stops_it(
        self, client: TestClient, db: Database, lan: Person
    ) -> None:
        coop = make_coop(db)
        path = f"/theo-doi/coop/{coop.id}"
        assert 'name="by" value="text"' in client.get(f"/htx/{coop.slug}").text
        assert "đăng nhập để chợ biết" in client.post(path, data={"by": "text", "phone": "+84900000009"}).text
        assert follows(db) == []
        sign_in(client, db, lan)
        for _twice in range(2):
            answer = client.post(path, data={"by": "text", "phone": "+84900000009"})
            assert "0912 000 111" in answer.text
        (mine,) = follows(db)
        assert (mine.channel, mine.address, mine.confirmed_at is not None) == ("page", PHONE, True)
        assert client.post(f"{path}/thoi", data={"by": "text"}).status_code == 200
        assert follows(db) == []

    def test_a_phone_that_nobody_proved_gets_nothing(self, client: TestClient, db: Database) -> None:
        coop, person = make_coop(db), make_person(db, phone="+84912000222")
        answer = sign_in(client, db, person).post(f"/theo-doi/coop/{coop.id}", data={"by": "text"})
        assert (answer.status_code, follows(db)) == (422, [])
        assert "Chợ chưa chắc số điện thoại này là của bạn" in answer.text

    def test_a_phone_that_has_passed_to_somebody_else_is_not_told_what_the_last_one_asked(
        self, db: Database, lan: Person, now: datetime
    ) -> None:
        follow(db, "coop:1", now)
        with db.write() as session:
            accounts.prove_phone(session, lan.id, PHONE, "order link", now)
        assert len(follows(db)) == 1
        other = make_person(db, phone="+84912000333")
        with db.write() as session:
            accounts.prove_phone(session, other.id, PHONE, "code", now)
        assert follows(db) == []

    def test_the_link_in_the_text_shows_what_the_phone_follows_and_stops_it(
        self, client: TestClient, settings: Settings, db: Database, now: datetime
    ) -> None:
        coop = make_coop(db)
        follow(db, f"coop:{coop.id}", now)
        told(db, 1, now)
        page = client.get(choices.path_for(settings.secret_key, PHONE)).text
        (mine,) = follows(db)
        path = following.path_for(settings.secret_key, str(mine.id))
        assert (coop.name in page, path in page) == (True, True)
        assert client.post(path, data={"what": "stop"}).status_code == 200
        assert follows(db) == []

    def test_without_a_way_to_text_it_is_not_offered(
        self, app: FastAPI, client: TestClient, db: Database, lan: Person
    ) -> None:
        coop = make_coop(db)
        app.state.templates.globals["texts_go_out"] = False
        page = client.get(f"/htx/{coop.slug}").text
        assert 'value="text"' not in page
        assert "Không cần tài khoản" in page

    def test_who_is_forgotten_is_told_nothing_more(self, client: TestClient, db: Database, lan: Person) -> None:
        coop = make_coop(db)
        sign_in(client, db, lan).post(f"/theo-doi/coop/{coop.id}", data={"by": "text"})
        assert client.post("/tai-khoan/xoa", data={"sure": "1"}).status_code == 200
        assert follows(db) == []


class TestHowOften:
    def test_a_phone_is_told_so_many_a_day_and_no_more_but_for_what_is_called_off(
        self, db: Database, now: datetime
    ) -> None:
        follow(db, "coop:1", now)
        most = REMINDERS_TO_ONE[0].value
        assert [told(db, number, now) for number in range(most + 2)][-1] == most
        assert told(db, 90, now, "live_changed") == most + 1
        assert told(db, 91, now + timedelta(days=1, minutes=1)) == most + 2

    def test_what_can_wait_comes_in_the_morning(self, db: Database, now: datetime) -> None:
        night = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)  # 23:00 in Vietnam
        follow(db, "coop:1", now)
        told(db, 1, night, by_night=False)
        assert sent(db, night) == []
        assert sent(db, datetime(2026, 11, 21, 23, 59, tzinfo=UTC)) == []
        assert sent(db, datetime(2026, 11, 22, 0, 0, tzinfo=UTC)) == ["Đang live"]
        told(db, 2, night, by_night=True)
        assert sent(db, night) == ["Đang live"]

    @pytest.mark.parametrize(("hour", "waits_h"), [(0, 7), (6, 1), (7, 0), (12, 0), (21, 0), (22, 9), (23, 8)])
    def test_night_is_from_ten_to_seven(self, hour: int, waits_h: int) -> None:
        here = datetime(2026, 11, 21, hour, 0, tzinfo=UTC) - timedelta(hours=7)
        assert following.by_day(here) - here == timedelta(hours=waits_h)

    def test_who_asked_for_silence_has_it_from_that_moment(self, db: Database, now: datetime) -> None:
        follow(db, "coop:1", now)
        told(db, 1, now)
        with db.write() as session:
            opt_out(session, PHONE, "live_on", now)
        told(db, 2, now)
        assert sent(db, now) == []
        assert {it.state for it in texts(db)} == {MessageState.OPTED_OUT}

    def test_a_phone_that_had_enough_of_them_gets_its_pay_letter_all_the_same_and_first(
        self, db: Database, now: datetime
    ) -> None:
        follow(db, "coop:1", now)
        for number in range(REMINDERS_TO_ONE[0].value + 1):
            told(db, number, now)
        with db.write() as session:
            queue(session, Letter("live:1:pay:1", "pay_link", "Đang giữ hàng", ""), Channel.PAGE, PHONE, now)
        assert sent(db, now) == ["Đang giữ hàng"] + ["Đang live"] * REMINDERS_TO_ONE[0].value


class TestOfASession:
    def test_a_day_before_and_ten_minutes_before_come_once_each(self, db: Database, now: datetime) -> None:
        session, _items, _host = make_session(db, now, on_air=False, starts_at=now + timedelta(days=2))
        follow(db, f"live:{session.id}", now)
        came = []
        for before in (timedelta(hours=23, minutes=59), timedelta(hours=20), timedelta(minutes=10)):
            for _twice in range(2):
                remind(db, session.starts_at - before)
            came.append(sent(db, session.starts_at - before))
        (day,), none, (soon,) = came
        assert ("bán live lúc 08:00 23/11/2026" in day, none, soon.startswith("Còn 10 phút")) == (True, [], True)

    def test_the_ten_minutes_are_not_told_once_it_has_begun_or_goes_on_air_before(
        self, db: Database, now: datetime
    ) -> None:
        session, _items, host = make_session(db, now, on_air=False, starts_at=now + timedelta(minutes=9))
        follow(db, f"live:{session.id}", now)
        remind(db, now)
        with db.write() as open_session:
            live.start(open_session, session.id, host, now + timedelta(minutes=5))
        assert texts(db)[0].state == MessageState.DROPPED
        assert texts(db)[0].useful_until == session.starts_at

    def test_an_hour_that_is_no_longer_true_is_not_told(self, db: Database, now: datetime) -> None:
        session, _items, host = make_session(db, now, on_air=False, starts_at=now + timedelta(minutes=9))
        follow(db, f"live:{session.id}", now)
        remind(db, now)
        plan = schedule.Plan(session.title, now + timedelta(hours=5))
        with db.write() as open_session:
            schedule.replan(open_session, session.id, plan, host, now)
        assert sent(db, now) == []

    @pytest.mark.parametrize(("begins_in", "by_night"), [(timedelta(hours=2), True), (timedelta(hours=20), False)])
    def test_at_night_only_of_a_session_of_that_night(self, db: Database, begins_in: timedelta, by_night: bool) -> None:
        night = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)  # 23:00 in Vietnam
        session, _items, host = make_session(db, night, on_air=False, starts_at=night + begins_in)
        follow(db, f"live:{session.id}", night)
        with db.write() as open_session:
            schedule.cancel(open_session, session.id, host, night)
        remind(db, night + timedelta(seconds=5))
        assert bool(sent(db, night + timedelta(seconds=5))) is by_night
        assert bool(sent(db, night + timedelta(hours=8))) is not by_night

    def test_what_is_taken_back_while_it_is_on_its_way_is_neither_sent_nor_tried_again(
        self, db: Database, now: datetime
    ) -> None:
        session, _items, host = make_session(db, now, on_air=False, starts_at=now + timedelta(minutes=9))
        follow(db, f"live:{session.id}", now)
        with db.write() as open_session:
            following.ask_by_text(open_session, f"live:{session.id}", "+84912000444", "vi", now)
        remind(db, now)

        class Stopping(Phones):
            """While the first text is on the line the session is called off, and the line breaks."""

            def send(self, message: Outgoing) -> None:
                super().send(message)
                with db.write() as open_session:
                    schedule.cancel(open_session, session.id, host, now)
                raise OSError

        line = Stopping()
        send_due(db, {Channel.PAGE: line}, lambda path: path, now)
        assert len(line.got) == 1
        assert [it.state for it in texts(db)] == [MessageState.DROPPED] * 2

    def test_nobody_is_called_to_a_session_that_is_over(self, db: Database, now: datetime) -> None:
        session, _items, host = make_session(db, now, on_air=False, starts_at=now + timedelta(minutes=9))
        follow(db, f"live:{session.id}", now)
        remind(db, now)
        with db.write() as open_session:
            schedule.cancel(open_session, session.id, host, now)
        remind(db, now + timedelta(seconds=5))
        assert [it.state for it in texts(db)] == [MessageState.DROPPED, MessageState.QUEUED]
        (said,) = sent(db, now + timedelta(seconds=6))
        assert "đã hủy" in said

    def test_a_text_that_was_late_does_not_go_out_when_it_is_no_news(self, db: Database, now: datetime) -> None:
        session, _items, host = make_session(db, now, on_air=False, starts_at=now)
        follow(db, f"live:{session.id}", now)
        with db.write() as open_session:
            live.start(open_session, session.id, host, now)
        remind(db, now + timedelta(minutes=1))
        assert sent(db, now + timedelta(minutes=31)) == []
        assert [it.state for it in texts(db)] == [MessageState.DROPPED]
