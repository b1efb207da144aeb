"""2,000 comments pasted at the desk, by its page: how long until each is decided, and that none is lost or doubled."""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import func, select
from starlette.testclient import TestClient

from livestream import verify
from livestream.chat.desk_routes import BATCH
from livestream.chat.models import LiveComment
from shop import migrations
from shop.core.db import Database
from shop.main import create_app
from shop.settings import Settings
from tests.bench.stand import CannotMeasure, Line
from tests.factories_accounts import sign_in
from tests.factories_live import make_session

COMMENTS, MOST_S, ITEMS = 2_000, 5.0, 10
SAID = [
    "A{c}",
    "A{c} x2",
    "cho chị A{c} 1",
    "a{c} 2 09{p:08d}",
    "A{c}?",
    "bỏ A{c}",
    "đẹp quá chị ơi",
    "A{c}, A{d}",
    "A{c} 3",
]


def bench_pasting() -> list[Line]:
    """Paste the list, then paste it again."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), worker="none")
        db = Database(settings.database)
        migrations.upgrade(db)
        on_air, _items, host = make_session(db, datetime.now(UTC), items=ITEMS, wanted=150, on_hand=400)
        client = sign_in(TestClient(create_app(settings, db), headers={"Sec-Fetch-Site": "same-origin"}), db, host)
        address, pasted = f"/ban-hang/live/{on_air.id}/binh-luan/dan", comments(COMMENTS)
        began, began_cpu = time.monotonic(), time.process_time()
        _paste(client, address, pasted)
        took_s, cpu_s = time.monotonic() - began, time.process_time() - began_cpu
        _paste(client, address, pasted)
        with db.read() as session:
            numbers = session.exec(select(func.count(), func.max(LiveComment.number)).select_from(LiveComment)).one()
            broken = verify.broken_rules(session)
        db.close()
    whole = tuple(numbers) == (COMMENTS, COMMENTS) and not broken
    words = f"live: {COMMENTS:,} comments pasted: all decided in {took_s:.1f} s (limit {MOST_S:.0f} s), {cpu_s:.1f} s"
    lost = "none lost, none twice" if whole else f"{numbers} in the books, {broken[:3]}"
    return [Line(f"{words} of processor time; {lost}", took_s <= MOST_S and whole, took_s)]


def comments(many: int) -> str:
    """What 1,400 people say of ten items, the same at each run."""
    dice = random.Random(1)
    lines = []
    for _ in range(many):
        words = dice.choice(SAID).format(c=dice.randint(1, 9), d=dice.randint(1, 9), p=dice.randrange(10**8))
        lines.append(f"Khách {dice.randrange(many * 7 // 10)}: {words}")
    return "\n".join(lines)


def _paste(client: TestClient, address: str, pasted: str) -> None:
    for done in range(0, COMMENTS, BATCH):
        form = {"pasted": pasted, "source": "facebook", "done": str(done)}
        answer = client.post(address, data=form, follow_redirects=False)
        if answer.status_code not in (200, 303):
            raise CannotMeasure(f"the desk answered {answer.status_code}")
