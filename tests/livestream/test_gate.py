"""Before the first picture: who is on air, under which rules, with which papers, and what is told. And practice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from livestream import room as rooms
from livestream import schedule, states
from livestream import service as live
from livestream.gate import risks
from livestream.gate import service as gate
from livestream.gate.models import HostState, LiveHost
from livestream.models import LiveSession, SessionState
from shop.accounts.models import Role
from shop.coops.models import Coop
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.errors import NotAllowed
from tests.factories import make_certificate, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import OFFICER, make_host, make_ready, make_session, variant_of


def bare_session(db: Database, now: datetime) -> tuple[LiveSession, Person]:
    """A session with one item, of which the gate knows nothing yet."""
    coop = make_coop(db)
    host = make_host(db, coop)
    variant = variant_of(db, make_product(db, coop, on_hand=10))
    with db.write() as session:
        planned = schedule.plan(session, coop.id, host, schedule.Plan("Gạo mới", now), now)
        schedule.add_item(session, planned.id, variant.id, 100_000, 5, 5, host, now)
    return planned, host


def gaps(db: Database, live_id: int, now: datetime) -> list[str]:
    with db.read() as session:
        return list(gate.look(session, session.get_one(LiveSession, live_id), now).gaps)


def test_every_step_opens_the_gate_a_little_more(db: Database, now: datetime) -> None:
    planned, host = bare_session(db, now)
    seen = [gaps(db, planned.id, now)]
    with db.read() as session:
        (item,) = schedule.items_of(session, planned.id)
    steps: tuple[Callable[[Session], None], ...] = (
        lambda session: gate.ask(session, host, "Lê Văn Phát", "cccd", "079123456789", now),
        lambda session: gate.decide(session, host.id, HostState.VERIFIED, "", OFFICER, now),
        lambda session: gate.accept_rules(session, host, now),
        lambda session: gate.note_papers(session, planned.id, item.id, "Giấy ATTP số 12", host, now),
        lambda session: gate.confirm(session, planned.id, "seller", host, now),
        lambda session: gate.confirm(session, planned.id, "host", host, now),
    )
    for step in steps:
        with db.write() as session:
            step(session)
        seen.append(gaps(db, planned.id, now))
    assert seen == [
        ["host-unknown", "rules", "papers", "seller", "host"],
        ["host-waits", "rules", "papers", "seller", "host"],
        ["rules", "papers", "seller", "host"],
        ["papers", "seller", "host"],
        ["seller", "host"],
        ["host"],
        [],
    ]
    with db.write() as session:
        assert states.begin_picture(session, planned.id, host, now).state == SessionState.STARTING
        assert session.get_one(LiveHost, host.id).paper_end == "6789"


@pytest.mark.parametrize("way", [live.start, states.begin_picture])
def test_without_it_neither_camera_nor_button_goes_on_air(db: Database, now: datetime, way: object) -> None:
    """Criterion 29: an unverified seller cannot go live."""
    planned, host = bare_session(db, now)
    with pytest.raises(gate.GateClosed) as refusal, db.write() as session:
        way(session, planned.id, host, now)  # type: ignore[operator]  # two functions of one shape
    assert refusal.value.facts["gaps"][0] == "host-unknown"
    assert refusal.value.facts["codes"] == ["A1"]


def test_another_run_must_be_confirmed_again_and_a_taken_back_host_waits(db: Database, now: datetime) -> None:
    planned, _items, host = make_session(db, now, on_air=False)
    assert gaps(db, planned.id, now) == []
    with db.read() as session:
        coop = rooms.read(session, planned).coop
    variant = variant_of(db, make_product(db, coop, on_hand=10))
    with db.write() as session:
        schedule.add_item(session, planned.id, variant.id, 100_000, 5, 5, host, now)
    assert gaps(db, planned.id, now) == ["papers", "seller", "host"]
    with db.write() as session:
        gate.decide(session, host.id, HostState.WITHDRAWN, "Giấy tờ không đúng", OFFICER, now)
    assert gaps(db, planned.id, now)[0] == "host-refused"


def test_nobody_confirms_who_they_are_and_nobody_speaks_for_the_host(db: Database, now: datetime) -> None:
    planned, _items, host = make_session(db, now, on_air=False)
    with pytest.raises(gate.OwnIdentity), db.write() as session:
        gate.decide(session, host.id, HostState.VERIFIED, "", host, now)
    with pytest.raises(NotAllowed), db.write() as session:
        gate.confirm(session, planned.id, "host", OFFICER, now)


def test_practice_is_for_the_host_alone_and_never_leaves_the_lobby(
    client: TestClient, db: Database, now: datetime
) -> None:
    coop = make_coop(db)
    host = make_host(db, coop)
    with db.write() as session:
        practice = schedule.practise(session, coop.id, host, "Buổi tập", now)
        assert schedule.practise(session, coop.id, host, "Buổi tập", now).id == practice.id
    states.follow_clock(db, now + timedelta(days=2), states.Limits())
    with pytest.raises((gate.GateClosed, live.NothingToSell)), db.write() as session:
        states.begin_picture(session, practice.id, host, now)
    with db.read() as session:
        assert session.get_one(LiveSession, practice.id).state == SessionState.LOBBY
        assert rooms.coming(session, now) == rooms.of_coop(session, [coop.id]) == []
    assert client.get(f"/live/{practice.slug}").status_code == 404
    assert client.get(f"/api/v1/live/{practice.slug}").status_code == 404
    assert practice.slug not in client.get("/live").text


def test_a_missed_session_is_planned_again_with_one_tap(client: TestClient, db: Database, now: datetime) -> None:
    planned, _items, host = make_session(db, now, on_air=False)
    states.follow_clock(db, now + timedelta(minutes=31), states.Limits())
    assert "hoãn lại" in client.get(f"/live/{planned.slug}").text
    sign_in(client, db, host)
    assert "Hẹn lại" in client.get(f"/ban-hang/live/{planned.id}").text
    client.post(f"/ban-hang/live/{planned.id}/hen-lai")
    with db.read() as session:
        row = session.get_one(LiveSession, planned.id)
        assert row.state == SessionState.SCHEDULED
        assert row.starts_at > now


def test_the_seller_does_the_list_on_the_phone_and_the_alliance_the_rest(client: TestClient, db: Database) -> None:
    planned, host = bare_session(db, datetime.fromisoformat("2030-11-22T12:00:00+00:00"))
    sign_in(client, db, host)
    here = f"/ban-hang/live/{planned.id}/san-sang"
    assert "Còn 5 việc nữa" in client.get(here).text
    wrong = client.post(f"{here}/danh-tinh", data={"full_name": "Lê", "paper": "cccd", "paper_end": "12"})
    assert wrong.status_code == 422
    client.post(f"{here}/danh-tinh", data={"full_name": "Lê Văn Phát", "paper": "cccd", "paper_end": "6789"})
    client.post(f"{here}/quy-che")
    with db.read() as session:
        (item,) = schedule.items_of(session, planned.id)
    client.post(f"{here}/giay-to/{item.id}", data={"words": "Giấy ATTP số 12/2026"})
    client.post(f"{here}/xac-nhan", data={"role": "seller"})
    left = client.post(f"{here}/xac-nhan", data={"role": "host"})
    assert "Liên minh đang xác minh" in left.text
    sign_in(client, db, make_person(db, Role.OFFICER))
    listed = client.get("/lien-minh/nguoi-live")
    assert "Lê Văn Phát" in listed.text
    client.post(f"/lien-minh/nguoi-live/{host.id}", data={"state": "verified", "reason": ""})
    sign_in(client, db, host)
    assert "Đủ cả rồi" in client.get(here).text
    with db.read() as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.what == "live host")).all()
        assert [row.after for row in told] == ["asked", "verified"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Vang thanh long đỏ chai 750 ml", ["alcohol"]),
        ("Ruou nep ba trang", ["alcohol"]),
        ("Thanh long vỏ vàng, bia không có ở đây", ["alcohol"]),
        ("Dưa lưới vỏ vàng", []),
        ("Nước ép không cồn", []),
        ("Thực phẩm chức năng từ nghệ", ["supplement"]),
        ("Trà gừng chữa bệnh ho", ["supplement"]),
        ("Không phun thuốc trừ sâu, bón phân hữu cơ", []),
        ("Gạo hữu cơ, organic rice", ["organic"]),
    ],
)
def test_words_tell_which_goods_ask_for_a_paper(words: str, told: list[str]) -> None:
    assert risks.told_by(words) == told


def test_wine_goes_on_air_only_with_the_number_of_its_paper_and_buyers_are_warned(
    client: TestClient, db: Database
) -> None:
    now, coop = datetime.now(UTC), make_coop(db)
    host = make_host(db, coop)
    wine = make_product(db, coop, name="Vang thanh long", on_hand=10)
    with db.write() as session:
        planned = schedule.plan(session, coop.id, host, schedule.Plan("Tối nay", now), now)
        item = schedule.add_item(session, planned.id, variant_of(db, wine).id, 100_000, 5, 5, host, now)
        make_ready(session, planned.id, host, now)
        gate.note_papers(session, planned.id, item.id, "Giấy phép bán lẻ rượu", host, now)
    assert gaps(db, planned.id, now) == ["papers"]
    sign_in(client, db, host)
    for page in ("", "/san-sang"):
        assert "ghi số giấy phép" in client.get(f"/ban-hang/live/{planned.id}{page}").text
    with db.write() as session:
        with pytest.raises(gate.GateClosed):
            live.start(session, planned.id, host, now)
        gate.note_papers(session, planned.id, item.id, "Giấy phép bán lẻ rượu số 12/GP-UBND", host, now)
        live.start(session, planned.id, host, now)
    for page in ("", "/mua/A1"):
        assert "chỉ bán cho người từ 18 tuổi" in client.get(f"/live/{planned.slug}{page}").text


def test_organic_is_warned_of_until_the_certificate_is_there(db: Database, now: datetime) -> None:
    planned, host = bare_session(db, now)
    with db.write() as session:
        schedule.replan(session, planned.id, schedule.Plan("Gạo hữu cơ", now + timedelta(hours=2)), host, now)

    def missing() -> list[str]:
        with db.read() as session:
            (paper,) = gate.look(session, session.get_one(LiveSession, planned.id), now).papers
        return list(paper.missing)

    assert missing() == ["organic"]
    with db.read() as session:
        coop = session.get_one(Coop, planned.coop_id)
    make_certificate(db, coop, kind="organic", stars=0)
    assert missing() == []
