"""A backup taken while the market sells, brought back into an empty place."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import select

from shop.orders.models import Order
from tests.conftest import with_database
from tests.rehearsals.goods import half_orders, make_carts, order_of, stock_up
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.served import call

ORDERS = 300
BEFORE = 100  # orders that are acknowledged before the backup begins


def restore(folder: Path) -> list[Figure]:
    """`chohtx backup` in the middle of 300 orders, `chohtx restore` into an empty place, on both databases."""
    figures: list[Figure] = []
    with stands(folder, "restore") as made:
        for database, stand in made.items():
            empty = Stand(folder / f"empty-{database}", _empty_database(stand))
            figures += [(f"{database}: {what}", value) for what, value in bring_back(stand, empty)]
    return figures


def bring_back(stand: Stand, empty: Stand) -> list[Figure]:
    """What was acknowledged before the backup began is in `empty`, whole, and every rule holds there. Raises Broke."""
    file = stand.folder / "market.tar.gz"
    with stand.database() as db, stand.running("serve"):
        carts = make_carts(db, stock_up(db, ORDERS * 2), ORDERS, datetime.now(UTC))
        (stand.settings.media_dir / "pictures").mkdir(parents=True, exist_ok=True)
        (stand.settings.media_dir / "pictures" / "one.txt").write_text("a picture")
        placed: list[dict[str, Any]] = []
        selling = threading.Thread(target=_sell, args=(stand, carts, placed))
        selling.start()
        while len(placed) < BEFORE and selling.is_alive():
            time.sleep(0.01)
        before, began = list(placed), time.perf_counter()
        _must(stand, "backup", str(file))
        backup_s, during = time.perf_counter() - began, len(placed) - len(before)
        selling.join()
    began = time.perf_counter()
    _must(empty, "restore", str(file))
    restore_s = time.perf_counter() - began
    empty.verify()
    there = _look(empty, before)
    return [
        ("orders acknowledged before the backup, during it, in all", f"{len(before)}, {during}, {len(placed)}"),
        ("backup while selling, its size", f"{backup_s:.1f} s, {file.stat().st_size / 1024:.0f} KiB"),
        ("restore into an empty place", f"{restore_s:.1f} s"),
        ("orders in the copy, half orders, acknowledged ones missing", f"{there}, 0, 0"),
        ("chohtx verify on the copy", "every rule holds"),
    ]


def _sell(stand: Stand, carts: Sequence[str], placed: list[dict[str, Any]]) -> None:
    for number, cart_id in enumerate(carts):
        body = order_of(cart_id, number, ("cod", "vietqr")[number % 2])
        answer = call(stand.port, "POST", "/api/v1/orders", body, {"Idempotency-Key": cart_id})
        if answer.status == 201:
            placed.append(answer.body)


def _must(stand: Stand, *command: str) -> None:
    done = stand.chohtx(*command)
    if done.returncode:
        raise Broke(f"chohtx {command[0]}: {done.stdout}{done.stderr}")


def _look(empty: Stand, before: Sequence[dict[str, Any]]) -> int:
    with empty.database() as db:
        with db.read() as session:
            there = dict(session.exec(select(Order.code, Order.total_vnd)).all())
        if lacking := half_orders(db):
            raise Broke("; ".join(lacking))
    missing = [told["code"] for told in before if there.get(told["code"]) != told["total_vnd"]]
    if missing:
        raise Broke(f"acknowledged before the backup but not in it: {missing}")
    if not (empty.settings.media_dir / "pictures" / "one.txt").exists():
        raise Broke("the media folder did not come back")
    return len(there)


def _empty_database(stand: Stand) -> str:
    """The address of an empty database beside the stand's own; "" on SQLite, where an empty folder is enough."""
    if not stand.settings.database_url:
        return ""
    import psycopg

    with psycopg.connect(stand.settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    return with_database(stand.settings.database_url, "restored")
