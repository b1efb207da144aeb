"""Pieces are numbered, so sending twice is harmless; what comes too fast waits; one phone at a time has the lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestream.models import SessionState as S
from livestream.video import lease
from livestream.video.boxes import Fragment, Init, Splitter
from livestream.video.glue import Facts, Standing, due
from livestream.video.packager import Packager
from livestream.video.sequence import Allowance, Sequence
from livestream.video.shelf import Shelf
from shop.core.db import Database
from tests.factories_live import make_session
from tests.livestream.video.filmed import film

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), max_size=60))
def test_every_piece_is_taken_once_and_in_order_whatever_is_sent_again(sent: list[tuple[int, int]]) -> None:
    at, taken = Sequence(), []
    for epoch, seq in sent:
        verdict = at.verdict(epoch, seq)
        if verdict == "open":
            at.open(epoch)
        if verdict in ("open", "take"):
            at.took()
            taken.append((epoch, seq))
    assert taken == sorted(set(taken))
    for epoch in {epoch for epoch, _ in taken}:
        numbers = [seq for one, seq in taken if one == epoch]
        assert numbers == list(range(len(numbers)))


def test_a_recording_that_ended_takes_nothing_more_but_knows_what_it_has() -> None:
    at = Sequence()
    at.open(3)
    at.took()
    at.close()
    assert [at.verdict(3, 0), at.verdict(3, 1), at.verdict(3, 9)] == ["have", "gap", "gap"]
    assert [at.verdict(4, 1), at.verdict(4, 0), at.verdict(2, 7)] == ["gap", "open", "have"]


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 200)), max_size=50))
def test_never_more_than_the_allowance(spendings: list[tuple[float, float]]) -> None:
    allowance, now_s, spent = Allowance(per_s=10, at_once=100), 0.0, 0.0
    for pause_s, much in spendings:
        now_s += pause_s
        wait_s = allowance.spend(much, now_s)
        spent += 0 if wait_s else much
        assert spent <= 100 + 10 * now_s + 1e-6
        if wait_s and much <= 100:
            assert allowance.spend(much, now_s + wait_s + 1e-6) == 0
            now_s, spent = now_s + wait_s + 1e-6, spent + much


FACTS = Facts(has_segment=True, silent_s=0.1, dark_s=0.1, is_last=False, is_ended=False, is_full=False)


@pytest.mark.parametrize(
    ("state", "changes", "step"),
    [
        (S.STARTING, {}, "first_picture"),
        (S.STARTING, {"has_segment": False}, None),
        (S.LIVE, {}, None),
        (S.LIVE, {"silent_s": 5.1}, "picture_lost"),
        (S.INTERRUPTED, {"dark_s": 60}, None),
        (S.INTERRUPTED, {}, "picture_back"),
        (S.ENDING, {}, None),
        (S.ENDING, {"is_last": True}, "end"),
        (S.ENDING, {"silent_s": 14}, None),
        (S.ENDING, {"silent_s": 16}, "end"),
        (S.ENDING, {"is_ended": True}, "processed"),
        (S.PROCESSING, {}, "end"),
        (S.PROCESSING, {"is_ended": True}, "processed"),
        (S.TERMINATED, {}, "cut"),
        (S.TERMINATED, {"is_ended": True}, "processed"),
        (S.HIDDEN, {}, "cut"),
        (S.REPLAY, {"is_ended": True}, None),
        (S.LOBBY, {}, None),
    ],
)
def test_what_the_picture_means_for_the_session(state: S, changes: dict[str, Any], step: str | None) -> None:
    assert due(Standing(state, 1), replace(FACTS, **changes)) == step
    assert due(Standing(state, 0), replace(FACTS, **changes)) is None, "no phone ever had its place"


def test_a_session_that_sells_with_its_cover_has_a_picture_only_once_one_came() -> None:
    covered = Standing(S.LIVE, 1, has_video=False)
    assert due(covered, FACTS) == "first_picture"
    nothing_yet = replace(FACTS, has_segment=False, silent_s=60, dark_s=60)
    assert due(covered, nothing_yet) is None, "there was no picture to lose"


def test_one_phone_has_the_lease_until_it_is_silent_or_another_takes_over(db: Database) -> None:
    live, _items, host = make_session(db, NOW, on_air=False)

    def take(device: str, after_s: float, *, over: bool = False) -> lease.Lease:
        with db.write() as session:
            return lease.take(session, live.id, host, device, NOW + timedelta(seconds=after_s), take_over=over)

    assert take("one", 0) == lease.Lease(1, 1)
    with pytest.raises(lease.AlreadyPublishing):
        take("two", 10)
    assert take("one", 11) == lease.Lease(2, 2), "a reload"
    with db.write() as session:
        lease.seen(session, live.id, 2, 5, NOW + timedelta(seconds=20))
    with pytest.raises(lease.AlreadyPublishing):
        take("two", 30)
    assert take("two", 36) == lease.Lease(3, 6), "nothing came for 15 s, and five recordings had begun"
    assert take("one", 37, over=True) == lease.Lease(4, 7)


@given(st.text(max_size=40))
def test_a_token_proves_one_session_and_nothing_else_does(given: str) -> None:
    assert lease.number_of("secret", 7, lease.token("secret", 7, 3)) == 3
    assert lease.number_of("secret", 8, lease.token("secret", 7, 3)) is None
    assert lease.number_of("other", 7, lease.token("secret", 7, 3)) is None
    assert lease.number_of("secret", 7, given) is None


@pytest.mark.parametrize("lost", [0, 1, 700, 5000])
def test_the_index_is_made_again_from_what_lies_on_the_disk(tmp_path: Path, lost: int) -> None:
    """A process that dies leaves whole parts, and at most one cut short."""
    shelf, made = Shelf(tmp_path / "1"), Packager()
    made.open_epoch(1)
    told = 0.0
    for whole in Splitter().feed(film(8)):
        if isinstance(whole, Init):
            shelf.keep_init(1, whole.body)
        if isinstance(whole, Fragment):
            closed, growing = made.add(whole, NOW.timestamp() + whole.start_s)
            if closed:
                shelf.close(closed.row())
            if len(growing.parts) == 1:
                shelf.begin(growing)
            shelf.append(growing.msn, whole.body)
            told += whole.duration_s
    assert made.growing
    last = shelf.path(f"{made.growing.msn}.m4s")
    last.write_bytes(last.read_bytes()[: last.stat().st_size - lost])
    with shelf.path("index.jsonl").open("a") as index:
        index.write('{"msn": 9')
    rows = shelf.load()
    assert told - sum(row.duration_s for row in rows) < (1.1 if lost else 0.01)
    assert [row.msn for row in rows] == list(range(len(rows)))
    again = Shelf(tmp_path / "1").load()
    assert again == rows, "reading twice changes nothing"
