"""Orders a second through the API, durable on SQLite, against the database driver writing the same rows alone."""

from __future__ import annotations

import cProfile
import json
import sqlite3
import tempfile
import time
from collections import Counter
from pathlib import Path
from pstats import Stats
from statistics import median
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col, select

from shop.addresses import service as addresses
from shop.api.orders import NewOrder, place_order
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Variant
from shop.coops.models import Coop
from shop.core.db import Database, run
from shop.settings import Settings
from shop.shipping.models import DeliveryRate, DeliveryTerms
from shop.stock.models import Pool
from tests.bench.bare import Rows, bare_copy, file_of, insert_again, rows_added
from tests.bench.stand import ROOT, Line, filled, market, now, ports, rate, running
from tests.served import call

CARTS, ROUNDS, SECONDS, LEAST, WANTED, PROFILED = 10_000, 5, 2, 0.12, 0.35, 500
SCRIPT = """local carts = {}
local n = 0
for id in io.lines("%s") do carts[#carts + 1] = id end
local before, after = [==[%s]==], [==[%s]==]
request = function()
  n = n + 1
  local id = carts[(n - 1) %% #carts + 1]
  wrk.headers["Idempotency-Key"] = "bench-%d-" .. n
  return wrk.format("POST", "/api/v1/orders", wrk.headers, before .. id .. after)
end
wrk.headers["Content-Type"] = "application/json"
"""


def bench_orders() -> list[Line]:
    """Carts of one line are made before; one process, one worker thread per writer, `synchronous=FULL`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = filled(home)
        carts = _make_carts(url)
        port = ports(1)[0]
        command, settings = market(home, port)
        with running(command, settings, port):
            rows = _rows_of_one(home, port, carts.pop())
            plain = bare_copy(home)
            pairs = [(_ours(home, port, carts, number), _bare(plain, rows)) for number in range(ROUNDS)]
            plain.close()
        written = sum(len(added) for added in rows.values())
        ours, bare = (median(rates) for rates in zip(*pairs, strict=True))
        share = median(one / other for one, other in pairs)
        words = f"orders: {ours:,.0f}/s, {share:.3f} of {bare:,.0f}/s bare transactions of the same {written + 2} rows"
        profile = _where_time_goes(home, carts[-2 * PROFILED :])
        return [Line(f"{words} (limit {LEAST}, wished {WANTED})", share >= LEAST), Line(profile)]


def _where_time_goes(home: Path, carts: list[str]) -> str:
    """What stands between the market and the bare driver: the endpoint alone, timed, then profiled."""
    settings = Settings(_env_file=None, env="demo", data_dir=home, worker="none")
    db = Database(settings.database)
    db.pages_are_ours = True

    def place(some: list[str]) -> None:
        for cart_id in some:
            place_order(NewOrder.model_validate(_body(cart_id)), cart_id, db, settings, now())

    place(carts[:100])  # statements are compiled at their first use
    began = time.perf_counter()
    place(carts[100:PROFILED])
    took_ms = (time.perf_counter() - began) / (PROFILED - 100) * 1000
    profile = cProfile.Profile()
    profile.runcall(place, carts[PROFILED:])
    db.close()
    by_part: Counter[str] = Counter()
    for (file, _line, name), (_calls, _all, own_s, *_) in Stats(profile).stats.items():  # type: ignore[attr-defined]  # typeshed leaves it out
        by_part[_part(file, name)] += own_s
    shares = ", ".join(f"{part} {own_s / by_part.total():.0%}" for part, own_s in by_part.most_common())
    return f"orders: without HTTP one takes {took_ms:.1f} ms, of which {shares}"


def _part(file: str, name: str) -> str:
    if "'commit' of 'sqlite3" in name:
        return "the durable commit"
    if "sqlite3" in name:
        return "SQLite"
    if "sqlalchemy" in f"{file}{name}" or "sqlmodel" in file:
        return "SQLAlchemy"
    return "our rules" if file.startswith(str(ROOT)) and "site-packages" not in file else "Python's own functions"


def _ours(home: Path, port: int, carts: list[str], number: int) -> float:
    share = (CARTS - 2 * PROFILED) // ROUNDS
    mine = carts[number * share : (number + 1) * share]
    begun = _count(home)
    rate(port, "/api/v1/orders", seconds=SECONDS, script=_script(home, mine, number))
    return (_count(home) - begun) / SECONDS


def _make_carts(url: str) -> list[str]:
    db = Database(url)
    with db.write() as session:
        run(session, update(Pool).values(on_hand=col(Pool.on_hand) + 1_000_000))
        province, ward = _place()
        run(session, update(Coop).values(province_code=province, ward_code=ward))
        coop_ids = session.exec(select(Coop.id)).all()
        near = {"zone": "commune", "up_to_g": 100_000, "fee_vnd": 20_000, "days_least": 1, "days_most": 1}
        run(session, insert(DeliveryRate), [{"coop_id": coop_id, **near} for coop_id in coop_ids])
        terms = {"pickup": True, "pickup_line": "", "handling_days": 1}
        run(session, insert(DeliveryTerms), [{"coop_id": coop_id, **terms} for coop_id in coop_ids])
        variants = session.exec(select(Variant.id, Variant.price_vnd).limit(200)).all()
        ids = [f"bench-cart-{number:06d}" for number in range(CARTS)]
        run(session, insert(Cart), [{"id": cart_id, "created_at": now(), "touched_at": now()} for cart_id in ids])
        lines = [_line(cart_id, *variants[at % len(variants)]) for at, cart_id in enumerate(ids)]
        run(session, insert(CartLine), lines)
    db.close()
    return ids


def _line(cart_id: str, variant_id: int, price_vnd: int) -> dict[str, Any]:
    facts = {"cart_id": cart_id, "variant_id": variant_id, "live_key": "", "quantity": 1}
    return {**facts, "seen_price_vnd": price_vnd, "added_at": now()}


def _place() -> tuple[str, str]:
    province = addresses.provinces()[0]
    return province.code, addresses.wards(province.code)[0].code


def _body(cart_id: str) -> dict[str, Any]:
    province, ward = _place()
    return {
        "cart_id": cart_id,
        "contact": {"name": "An", "phone": "0912345678"},
        "address": {"province_code": province, "ward_code": ward, "line": "12 Lê Lợi"},
        "payment_method": "cod",
        "note": "",
    }


def _script(home: Path, carts: list[str], number: int) -> Path:
    (home / "carts.txt").write_text("\n".join(carts) + "\n")
    before, after = json.dumps(_body("@")).split("@")
    script = home / "orders.lua"
    script.write_text(SCRIPT % (home / "carts.txt", before, after, number))
    return script


def _count(home: Path) -> int:
    with file_of(home) as file:
        return int(file.execute("SELECT count(*) FROM customer_order").fetchone()[0])


def _rows_of_one(home: Path, port: int, cart_id: str) -> Rows:
    """What one order adds to which table."""

    def order() -> None:
        answer = call(port, "POST", "/api/v1/orders", _body(cart_id), {"Idempotency-Key": "bench-first"})
        if answer.status != 201:
            raise RuntimeError(f"the first order was answered {answer.status}: {answer.body}")

    return rows_added(home, order)


def _bare(file: sqlite3.Connection, rows: Rows) -> float:
    """Transactions a second: the same rows and the pool's update, one durable commit each, by the driver alone."""
    begun = done = file.execute("SELECT count(*) FROM customer_order").fetchone()[0]
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        file.execute("BEGIN IMMEDIATE")
        insert_again(file, rows, done)
        file.execute("DELETE FROM cart_line WHERE cart_id = ?", (f"bench-cart-{done:06d}",))
        file.execute("UPDATE pool SET on_hand = on_hand - 1 WHERE id = 1 AND on_hand - held >= 1")
        file.execute("COMMIT")
        done += 1
    return float(done - begun) / SECONDS
