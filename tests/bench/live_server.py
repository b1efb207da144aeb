"""The market with one session on air, in a process of its own: pins when its input says so, tells when it committed.

    python -m tests.bench.live_server FOLDER PORT

Prints the room's address, then for each line "pin" on its input the monotonic nanoseconds of that pin's commit.
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
from shop.main import create_app
from shop.settings import Settings
from tests.factories_live import make_session


def main(folder: Path, port: int) -> None:
    settings = Settings(_env_file=None, data_dir=folder, port=port, worker="none")
    db = Database(settings.database)
    migrations.upgrade(db)
    on_air, items, _host = make_session(db, datetime.now(UTC), items=10)
    options = uvicorn.Config(
        create_app(settings, db), port=port, log_level="error", backlog=4096, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(options)
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started and serving.is_alive():
        time.sleep(0.02)
    _say(f"/live/{on_air.slug}/su-kien")
    for item in cycle([*items[1:], items[0]]):
        if sys.stdin.readline().strip() != "pin":
            break
        with db.write() as session:
            after_commit(session, lambda: _say(str(time.monotonic_ns())))
            live.pin(session, on_air.id, item.id, datetime.now(UTC))
    server.should_exit = True
    serving.join(10)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
