"""Every gateway that tells of money, through the real routes: the same cases, the answer that each one wants to hear.

Answers: reference/payments.md, §1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any
from urllib.parse import unquote

import pytest
from sqlmodel import col, func, select
from starlette.testclient import TestClient

from payments import verify
from payments.content import new_code
from payments.gateway import FactKind, Outcome
from payments.models import Entry, InboxRequest, Journal, PaymentAttempt, PaymentDue, PaymentFact, UnmatchedMoney
from payments.scrubbing import COVERED
from payments.service import open_due, state_of
from payments.state import State
from payments.till import BY_CONTRACT, till_from
from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings
from tests.payments.drivers import DRIVERS, Driver, Request, Said, Telling
from tests.payments.factories import due_of

ASKED_VND = 255_000
ACCOUNTS = ("8888888888", "12345678", "84900000001")  # of buyers and of ours, as the simulators tell them
_numbers = count(1)


@dataclass
class Counter:
    """Where one gateway knocks, and an order that waits for its money."""

    driver: Driver
    client: TestClient
    db: Database
    settings: Settings
    due: PaymentDue
    reference: str

    def telling(self, **changes: Any) -> Telling:
        told = Telling(self.reference, ASKED_VND, datetime.now(UTC), next(_numbers))
        return replace(told, **changes)

    def sign(self, told: Telling, **other_secret: str) -> Request:
        return self.driver.tell(self.settings.model_copy(update=other_secret), told)

    def send(self, request: Request) -> Said:
        answer = self.client.request(
            request.method,
            f"/payments/{self.driver.name}/ipn" + (f"?{request.query}" if request.query else ""),
            content=request.body,
            headers=dict(request.headers),
        )
        return answer.status_code, answer.json() if answer.content else None

    def tell(self, told: Telling) -> Said:
        return self.send(self.sign(told))

    def heard(self, outcome: Outcome, said: Said) -> None:
        """The gateway was answered as it wants to be; what Viettel is told beside the code is signed."""
        status, body = self.driver.answers[outcome]
        assert said[0] == status
        if body is None:
            assert said[1] is None
        else:
            assert body.items() <= (said[1] or {}).items()

    def received_vnd(self) -> int:
        with self.db.read() as session:
            assert verify.check(session) == []
            return state_of(session, self.due.subject).received_vnd

    def count(self, model: Any) -> int:
        with self.db.read() as session:
            return int(session.exec(select(func.count()).select_from(model)).one())


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request: pytest.FixtureRequest) -> Driver:
    found: Driver = request.param
    return found


@pytest.fixture
def ours(settings: Settings, driver: Driver) -> Settings:
    return settings.model_copy(update=dict(driver.settings))


@pytest.fixture
def counter(ours: Settings, db: Database, driver: Driver) -> Iterator[Counter]:
    ours.data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        client = stack.enter_context(TestClient(create_app(ours, db)))
        due = open_order(db, driver, "order:1", datetime.now(UTC) + timedelta(hours=2))
        yield Counter(driver, client, db, ours, due, reference_of(db, due))


def open_order(db: Database, driver: Driver, subject: str, closes_at: datetime) -> PaymentDue:
    with db.write() as session:
        now = datetime.now(UTC)
        open_due(session, subject, ASKED_VND, driver.pays, closes_at, now, f"DON{subject[-1]}", "/don-hang/x")
        return due_of(session, subject)


def reference_of(db: Database, due: PaymentDue) -> str:
    with db.read() as session:
        return session.exec(select(PaymentAttempt.reference).where(col(PaymentAttempt.due_id) == due.id)).one()


def test_a_genuine_notification_pays_once_however_often_it_comes(counter: Counter) -> None:
    request = counter.sign(counter.telling())
    counter.heard(Outcome.RECORDED, counter.send(request))
    for _ in range(2):
        counter.heard(Outcome.DUPLICATE, counter.send(request))
    assert counter.received_vnd() == ASKED_VND
    assert (counter.count(PaymentFact), counter.count(Journal), counter.count(InboxRequest)) == (1, 1, 1)


def test_the_same_movement_told_in_other_words_pays_once(counter: Counter) -> None:
    told = counter.telling()
    counter.heard(Outcome.RECORDED, counter.tell(told))
    counter.heard(Outcome.DUPLICATE, counter.tell(replace(told, at=told.at - timedelta(seconds=2))))
    assert counter.received_vnd() == ASKED_VND
    assert counter.count(Journal) == 1


def test_a_forged_notification_changes_nothing(counter: Counter) -> None:
    genuine = counter.sign(counter.telling())
    forged = [
        genuine.with_one_digit_changed(ASKED_VND * counter.driver.scale),
        counter.driver.unsigned(genuine),
        counter.sign(counter.telling(), **{counter.driver.secret: "guessed"}),
        counter.sign(counter.telling(), **{counter.driver.secret: " "}),
    ]
    for request in forged:
        counter.heard(Outcome.BAD_SIGNATURE, counter.send(request))
    assert counter.received_vnd() == 0
    assert (counter.count(PaymentFact), counter.count(InboxRequest), counter.count(Entry)) == (0, 0, 0)
    counter.heard(Outcome.RECORDED, counter.send(genuine))


def test_every_byte_of_the_signature_counts(counter: Counter) -> None:
    genuine = counter.sign(counter.telling())
    for request in _with_another_signature(counter.driver, genuine):
        counter.heard(Outcome.BAD_SIGNATURE, counter.send(request))
    assert counter.count(PaymentFact) == 0


def test_with_an_empty_secret_the_gateway_is_not_open_and_nothing_proves_itself(
    counter: Counter, ours: Settings, driver: Driver
) -> None:
    bare = ours.model_copy(update={driver.secret: "", "sepay_api_key": ""})
    till, forged = till_from(bare), driver.tell(bare, counter.telling())
    counter.heard(Outcome.BAD_SIGNATURE, counter.send(forged))
    with TestClient(create_app(bare, counter.db)) as client:
        bare_counter = replace(counter, client=client)
        if driver.name in BY_CONTRACT:  # settings without its secret do not start; if they did, it would prove nothing
            counter.heard(Outcome.BAD_SIGNATURE, bare_counter.send(forged))
        else:
            assert not {driver.name} & (till.gateways.keys() | till.sources.keys())
            assert bare_counter.send(forged)[0] == 404
    assert counter.count(PaymentFact) == 0


def test_another_sum_than_was_asked_is_booked_once_and_said(counter: Counter) -> None:
    request = counter.sign(counter.telling(amount_vnd=200_000))
    counter.heard(Outcome.AMOUNT_MISMATCH, counter.send(request))
    counter.heard(Outcome.DUPLICATE, counter.send(request))
    assert counter.received_vnd() == 200_000
    more = counter.telling(amount_vnd=60_000)
    counter.heard(Outcome.AMOUNT_MISMATCH, counter.tell(more))
    assert counter.received_vnd() == ASKED_VND
    with counter.db.read() as session:
        assert state_of(session, counter.due.subject).surplus_vnd == 5_000


def test_money_under_an_unknown_reference_waits_for_a_person(counter: Counter) -> None:
    stranger = counter.sign(counter.telling(reference=new_code(), amount_vnd=90_000))
    counter.heard(Outcome.UNKNOWN_REF, counter.send(stranger))
    counter.heard(Outcome.DUPLICATE, counter.send(stranger))
    assert counter.received_vnd() == 0
    with counter.db.read() as session:
        (money,) = session.exec(select(UnmatchedMoney)).all()
    assert (money.amount_vnd, money.reason, money.state) == (90_000, "unknown", "waiting")


def test_facts_in_any_order_end_the_same(counter: Counter) -> None:
    kinds = sorted(counter.driver.tells)
    ends = set()
    for number, order in enumerate(permutations(kinds), start=2):
        due = open_order(counter.db, counter.driver, f"order:{number}", datetime.now(UTC) + timedelta(hours=2))
        mine = replace(counter, due=due, reference=reference_of(counter.db, due))
        told = mine.telling()
        for what in order:
            status, _ = mine.tell(replace(told, what=what))
            assert status in (200, 204)
        with counter.db.read() as session:
            state = state_of(session, due.subject)
            assert verify.check(session) == []
        ends.add((state.state, state.received_vnd, state.surplus_vnd))
    assert ends == {(State.PAID, ASKED_VND, 0)}


def test_a_second_payment_of_the_same_order_is_the_buyers_credit(counter: Counter) -> None:
    counter.heard(Outcome.RECORDED, counter.tell(counter.telling()))
    assert counter.tell(counter.telling())[0] in (200, 204)
    assert counter.received_vnd() == ASKED_VND
    with counter.db.read() as session:
        (money,) = session.exec(select(UnmatchedMoney)).all()
        assert (money.amount_vnd, money.reason) == (ASKED_VND, "twice")


def test_money_that_comes_late_is_booked_and_known_to_be_late(counter: Counter) -> None:
    closed = open_order(counter.db, counter.driver, "order:9", datetime.now(UTC) - timedelta(hours=1))
    late = replace(counter, due=closed, reference=reference_of(counter.db, closed))
    late.heard(Outcome.RECORDED, late.tell(late.telling()))
    with counter.db.read() as session:
        state = state_of(session, closed.subject)
        assert (state.received_vnd, state.late) == (ASKED_VND, True)
        assert verify.check(session) == []


def test_our_own_failure_is_answered_so_that_it_is_told_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = counter.sign(counter.telling())
    with monkeypatch.context() as broken:
        broken.setattr(Database, "write", _disk_full)
        status, said = counter.send(request)
    again: dict[str, tuple[str, object]] = {"zalopay": ("return_code", 0), "vnpay": ("RspCode", "99")}
    if counter.driver.name in again:
        name, code = again[counter.driver.name]
        assert (status, (said or {})[name]) == (200, code)
    else:
        assert status == 500
    counter.heard(Outcome.RECORDED, counter.send(request))
    assert counter.received_vnd() == ASKED_VND


def test_what_is_kept_holds_no_signature(counter: Counter) -> None:
    request = counter.sign(counter.telling())
    counter.send(request)
    with counter.db.read() as session:
        (kept,) = session.exec(select(InboxRequest)).all()
        (fact,) = session.exec(select(PaymentFact)).all()
    assert fact.kind == FactKind.CAPTURED
    proof = request.headers.get(counter.driver.signed_in)
    assert not proof or proof not in kept.headers
    assert getattr(counter.settings, counter.driver.secret) not in kept.headers + kept.body.decode()


def test_what_is_kept_holds_no_account_number_and_no_proof(counter: Counter) -> None:
    request = counter.sign(counter.telling())
    counter.heard(Outcome.RECORDED, counter.send(request))
    with counter.db.read() as session:
        kept = session.exec(select(InboxRequest.body)).one().decode()
    sent = (request.body or request.query.encode()).decode()
    known = [counter.settings.vietqr_account_no, *ACCOUNTS]
    assert sorted(number for number in known if number and number in kept) == []
    whole = [number for number in known if number and re.search(rf"\b{number}\b", sent)]
    assert [number for number in whole if COVERED + number[-4:] not in unquote(kept)] == []
    assert counter.reference in kept.replace("\\", "") or counter.driver.name == "payos"
    proofs = re.findall(r'"(?:signature|mac)": ?"([0-9a-f]{64})"|(?:SecureHash|check_sum)=([^&]+)', sent)
    assert not [proof for pair in proofs for proof in pair if proof and proof in kept]


def _disk_full(_db: Database) -> Any:
    raise OSError("no space left on device")


def _with_another_signature(driver: Driver, genuine: Request) -> Iterator[Request]:
    """The signature's first, middle and last letter changed."""
    name = driver.signed_in
    whole = genuine.headers.get(name) or (genuine.query or genuine.body.decode())
    start = 0 if name in genuine.headers else whole.index(name) + len(name)
    sign_at = [at for at in range(start, len(whole)) if whole[at].isalnum() and "%" not in whole[at - 2 : at]]
    proof = sign_at[-20:] if name in genuine.headers else sign_at[8:28]
    for at in (proof[0], proof[10]):
        changed = whole[:at] + ("0" if whole[at] != "0" else "1") + whole[at + 1 :]
        if name in genuine.headers:
            yield replace(genuine, headers={**genuine.headers, name: changed})
        elif genuine.query:
            yield replace(genuine, query=changed)
        else:
            yield replace(genuine, body=changed.encode())
