"""What may not be said when food is sold live is refused before anybody reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from livestream import schedule
from livestream.forbidden import ForbiddenClaim, refuse_claims
from livestream.schedule import Plan
from shop.core.db import Database
from tests.factories import make_coop
from tests.factories_accounts import sign_in
from tests.factories_live import make_host, make_session
from tests.livestream.chatting import say

CLAIMS = ["Mật ong chữa bệnh dạ dày", "ĐẶC TRỊ ho lâu ngày", "uống là khoi benh", "Nghệ không đường trị bệnh gan"]
DENIALS = [
    "Thực phẩm này không phải là thuốc, không có tác dụng thay thế thuốc chữa bệnh.",
    "Dạ không chữa bệnh được đâu ạ",
    "Thanh long hái sáng nay",
]


@pytest.mark.parametrize("words", CLAIMS)
def test_a_claim_to_heal_is_refused(words: str) -> None:
    with pytest.raises(ForbiddenClaim):
        refuse_claims("Chào bà con", words)


@pytest.mark.parametrize("words", DENIALS)
def test_to_say_that_it_does_not_heal_is_no_claim(words: str) -> None:
    refuse_claims(words)


def test_neither_title_nor_summary_of_a_session_claims_it(db: Database, now: datetime) -> None:
    coop = make_coop(db)
    host, later = make_host(db, coop), now + timedelta(days=1)
    for plan in (Plan(CLAIMS[0], later), Plan("Mật ong", later, 60, CLAIMS[1])):
        with pytest.raises(ForbiddenClaim), db.write() as session:
            schedule.plan(session, coop.id, host, plan, now)
    with db.write() as session:
        planned = schedule.plan(session, coop.id, host, Plan("Mật ong", later), now)
    with pytest.raises(ForbiddenClaim), db.write() as session:
        schedule.replan(session, planned.id, Plan(CLAIMS[0], later), host, now)


def test_the_host_neither_says_it_nor_sets_it_above_the_chat(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    on_air, _items, host = make_session(db, now)
    say(db, on_air, "Lan", CLAIMS[0], now)
    desk, room = f"/ban-hang/live/{on_air.id}/binh-luan", f"/live/{on_air.slug}"
    sign_in(client, db, host)
    refused = client.post(f"{desk}/noi", data={"words": CLAIMS[1]})
    assert (refused.status_code, "Thực phẩm không chữa bệnh" in refused.text) == (409, True)
    assert client.post(f"{desk}/1/xu-ly", data={"what": "pin"}).status_code == 409
    assert client.post(f"{desk}/noi", data={"words": DENIALS[0]}).status_code == 200
    shown = client.get(room).text
    assert (CLAIMS[1] in shown, 'class="pinned-said">' in shown, "thay thế thuốc" in shown) == (False, False, True)
