"""Followers are told a day before, ten minutes before, at the beginning, and of every change: each thing once."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import select

from livestream import schedule
from livestream import service as live
from livestream.events import SessionMoved
from livestream.reminders.service import remind, tell_moved
from livestream.schedule import Plan
from shop.core.db import Database
from shop.core.outbox import OutboxEvent
from shop.notify.following import ask_by_browser
from shop.notify.models import Message
from shop.notify.service import Browser
from shop.notify.webpush import _pack, _point
from tests.factories_live import make_session

KEYS = (
    _pack(_point(ec.generate_private_key(ec.SECP256R1()))),
    base64.urlsafe_b64encode(b"0123456789abcdef").decode().rstrip("="),
)


class Evening:
    """A session in two days, one browser that follows it and one that follows its co-op."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db, self.now = db, now
        self.starts_at = now + timedelta(days=2)
        self.session, _items, self.host = make_session(db, now, on_air=False, starts_at=self.starts_at)
        self.follow(f"live:{self.session.id}", "a", now)
        self.follow(f"coop:{self.session.coop_id}", "b", now)

    def follow(self, subject: str, browser: str, at: datetime) -> None:
        with self.db.write() as session:
            ask_by_browser(session, subject, Browser(f"https://fcm.googleapis.com/{browser}", *KEYS), "vi", at)

    def looks_at(self, at: datetime) -> list[str]:
        """The job runs twice; returns the titles of what is new."""
        before = len(self.told())
        remind(self.db, at)
        remind(self.db, at + timedelta(seconds=20))
        return [message.title for message in self.told()[before:]]

    def told(self) -> list[Message]:
        with self.db.read() as session:
            return list(session.exec(select(Message).order_by(Message.id)))  # type: ignore[arg-type]

    def by(self, rule: Any, *facts: Any) -> None:
        with self.db.write() as session:
            rule(session, self.session.id, *facts)


@pytest.fixture
def evening(db: Database, now: datetime) -> Evening:
    return Evening(db, now)


def test_a_day_before_and_ten_minutes_before_and_when_it_begins(evening: Evening) -> None:
    at = evening.starts_at
    assert evening.looks_at(at - timedelta(hours=25)) == []
    day_before = evening.looks_at(at - timedelta(hours=23, minutes=59))
    assert len(day_before) == 2
    assert all("bán live lúc" in title for title in day_before)
    assert evening.looks_at(at - timedelta(hours=3)) == []
    assert evening.looks_at(at - timedelta(minutes=10)) == [f"Còn 10 phút: {evening.session.title}"]
    evening.by(live.start, evening.host, at)
    assert len(evening.looks_at(at + timedelta(minutes=1))) == 2
    assert evening.looks_at(at + timedelta(minutes=30)) == []


def test_who_follows_the_session_and_its_coop_is_told_once(evening: Evening) -> None:
    evening.follow(f"coop:{evening.session.coop_id}", "a", evening.now)
    assert len(evening.looks_at(evening.starts_at - timedelta(hours=23))) == 2


def test_what_was_planned_for_tonight_is_not_announced_as_tomorrow(evening: Evening) -> None:
    assert evening.looks_at(evening.starts_at - timedelta(hours=11)) == []


def test_who_asks_after_the_day_before_hears_only_of_the_ten_minutes(evening: Evening) -> None:
    late = evening.starts_at - timedelta(hours=20)
    evening.follow(f"live:{evening.session.id}", "c", late)
    assert len(evening.looks_at(late + timedelta(hours=1))) == 2
    assert len(evening.looks_at(evening.starts_at - timedelta(minutes=5))) == 2


def test_another_time_is_told_and_reminded_of_anew(evening: Evening) -> None:
    evening.looks_at(evening.starts_at - timedelta(hours=23))
    later = evening.starts_at + timedelta(days=3)
    now = evening.starts_at - timedelta(hours=20)
    evening.by(schedule.replan, Plan(evening.session.title, later), evening.host, now)
    with evening.db.write() as session:
        (event,) = session.exec(select(OutboxEvent).where(OutboxEvent.event == "SessionMoved"))
        for _ in range(2):
            tell_moved(session, SessionMoved(**event.facts), now)
    assert [message.kind for message in evening.told()[2:]] == ["live_changed"] * 2
    assert evening.looks_at(evening.starts_at - timedelta(minutes=10)) == []
    assert len(evening.looks_at(later - timedelta(hours=23))) == 2


def test_other_words_at_the_same_time_are_no_news(evening: Evening) -> None:
    evening.by(schedule.replan, Plan("Tên khác", evening.starts_at), evening.host, evening.now)
    with evening.db.read() as session:
        assert session.exec(select(OutboxEvent).where(OutboxEvent.event == "SessionMoved")).all() == []


def test_a_session_called_off_is_told_once(evening: Evening) -> None:
    off = evening.starts_at - timedelta(hours=30)
    evening.by(schedule.cancel, evening.host, off)
    assert all("đã hủy" in title for title in evening.looks_at(off + timedelta(minutes=1)))
    assert len(evening.told()) == 2
    assert evening.looks_at(evening.starts_at - timedelta(minutes=10)) == []


def test_of_a_draft_nobody_hears_whatever_becomes_of_it(evening: Evening, db: Database, now: datetime) -> None:
    told = Plan("Chưa ai biết", now + timedelta(hours=20))
    with db.write() as session:
        draft = schedule.plan(session, evening.session.coop_id, evening.host, told, now, draft=True)
    assert evening.looks_at(now) == []
    with db.write() as session:
        schedule.replan(session, draft.id, Plan("Chưa ai biết", now + timedelta(hours=21)), evening.host, now)
        (moved,) = session.exec(select(OutboxEvent).where(OutboxEvent.event == "SessionMoved"))
        tell_moved(session, SessionMoved(**moved.facts), now)
        schedule.cancel(session, draft.id, evening.host, now)
    assert evening.looks_at(now) == []


def test_a_worker_that_was_down_does_not_announce_what_is_an_hour_old(evening: Evening) -> None:
    evening.by(live.start, evening.host, evening.starts_at)
    assert evening.looks_at(evening.starts_at + timedelta(hours=1)) == []


def test_nobody_follows_and_nobody_is_told(db: Database, now: datetime) -> None:
    make_session(db, now, on_air=True)
    remind(db, now)
    with db.read() as session:
        assert session.exec(select(Message)).all() == []
