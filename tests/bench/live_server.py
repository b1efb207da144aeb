"""The market with one session on air, in a process of its own: pins when its input says so, tells when it committed.

    python -m tests.bench.live_server FOLDER PORT

Prints the room's address, then for each line "pin" on its input the monotonic nanoseconds of that pin's commit. For a
line "talk 20 15" it says 20 sentences a second for 15 seconds, each with its time, and then prints how many.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import uvicorn

from livestream import service as live
from shop import migrations
from shop.core.db import Database, after_commit
from shop.core.hub import tell_now
from shop.core.streams import live_room
from shop.main import create_app
from shop.server import served_as, settle
from shop.settings import Settings
from tests.bench.bare_stream import sentence
from tests.factories_live import make_session


def main(folder: Path, port: int) -> None:
    settings = Settings(_env_file=None, data_dir=folder, port=port, worker="none")
    db = Database(settings.database)
    migrations.upgrade(db)
    on_air, items, _host = make_session(db, datetime.now(UTC), items=10)
    app = create_app(settings, db)
    settle()
    server = uvicorn.Server(uvicorn.Config(app, **served_as("127.0.0.1", port) | {"timeout_graceful_shutdown": 1}))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started and serving.is_alive():
        time.sleep(0.02)
    _say(f"/live/{on_air.slug}/su-kien")
    turns = cycle([*items[1:], items[0]])
    while order := sys.stdin.readline().split():
        if order[0] == "talk":
            _say(str(_talk(live_room(on_air.slug), int(order[1]), float(order[2]))))
            continue
        with db.write() as session:
            after_commit(session, lambda: _say(str(time.monotonic_ns())))
            live.pin(session, on_air.id, next(turns).id, datetime.now(UTC))
    server.should_exit = True
    serving.join(10)


def _talk(room: str, per_s: int, seconds: float) -> int:
    """What people say, as the chat tells it."""
    said, began = 0, time.monotonic()
    while (late_s := time.monotonic() - began) < seconds:
        if said <= late_s * per_s:
            tell_now(room, "", sentence(said))
            said += 1
        else:
            time.sleep(0.002)
    return said


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
