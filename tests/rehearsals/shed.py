"""A day of ten thousand orders at one co-op: its screens and lists stay quick and agree with the orders."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from fastapi import FastAPI
from sqlmodel import col, func, select
from starlette.testclient import TestClient

from shop.accounts.models import Role
from shop.cart import basket
from shop.cart.ways import parts_of
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.deps import Person
from shop.main import create_app
from shop.orders import days, states, weighing
from shop.orders.models import OrderLine, Parcel
from shop.orders.placing import Buyer, Part, place
from shop.orders.weighing import Real
from tests.conftest import SAME_ORIGIN
from tests.factories import make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_orders import NEAR_HAM_THUAN, make_cart, make_table, variant_of
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands

PROVINCE, WARD = NEAR_HAM_THUAN.values()
ORDERS, WEIGHED, AT_ONCE = 10_000, 200, 200
LIST_WITHIN_S, SCREEN_WITHIN_MS = 3.0, 300
LISTS = {"pick list": "/ban-hang/soan-hang", "pack list": "/ban-hang/dong-goi", "route list": "/ban-hang/chuyen-giao"}


def shed(folder: Path) -> list[Figure]:
    """10,000 parcels of one co-op: lists of the day within 3 s, the orders screen within 300 ms, both agree."""
    figures: list[Figure] = []
    with stands(folder, "shed") as made:
        for database, stand in made.items():
            with stand.database() as db:
                figures += [(f"{database}: {what}", value) for what, value in work_through(stand, db, ORDERS)]
            stand.verify()
    return figures


def work_through(stand: Stand, db: Database, count: int) -> list[Figure]:
    """Fill the shed, measure before and after packing. Raises Broke."""
    coop = make_coop(db)
    boss = make_person(db, Role.MANAGER, coop_id=coop.id)
    _order(db, stand, coop, count)
    app = create_app(stand.settings.model_copy(update={"worker": "none"}), db)
    with TestClient(app, headers=SAME_ORIGIN) as client:
        sign_in(client, db, boss)
        figures: list[Figure] = [("orders screen, p95 with all of them new", _screen(client, "new", db, coop))]
        _each(db, coop, lambda session, one: states.confirm(session, coop.id, one, boss, datetime.now(UTC)))
        _weigh(db, coop, boss)
        _agree(db, coop, count)
        figures.append(("orders screen, p95 with all of them confirmed", _screen(client, "confirmed", db, coop)))
        figures += [(name, _list(client, LISTS[name])) for name in ("pick list", "pack list")]
        _each(db, coop, lambda session, one: states.pack(session, coop.id, one, boss, datetime.now(UTC)))
        figures.append(("route list", _list(client, LISTS["route list"])))
    _rest(app)
    return figures


def _order(db: Database, stand: Stand, coop: Coop, count: int) -> None:
    """So many orders of three boxes, by as many buyers, through the shop's own placing."""
    make_table(db, coop)
    boxes = [variant_of(db, make_product(db, coop, name=f"Thanh long {n}", on_hand=count * 3)) for n in range(2)]
    now = datetime.now(UTC)
    cart_id = make_cart(db, {boxes[0].id: 2, boxes[1].id: 1}, now)
    with db.read() as session:
        chosen = parts_of(session, basket.read(session, cart_id, now), {"ward_code": WARD}, now)
    parts = [Part(it.parcel, it.quote) for it in chosen if it.quote]
    for first in range(0, count, AT_ONCE):
        with db.write() as session:
            for n in range(first, min(first + AT_ONCE, count)):
                buyer = Buyer(f"Khách {n}", f"+849{n:08d}", PROVINCE, WARD, f"{n % 90} Trần Phú")
                place(session, f"shed:{n}", buyer, parts, "cod", stand.settings, now)


def _ids(db: Database, coop: Coop) -> list[int]:
    with db.read() as session:
        return list(session.exec(select(Parcel.id).where(Parcel.coop_id == coop.id).order_by(col(Parcel.id))))


def _each(db: Database, coop: Coop, step: Callable[..., None]) -> None:
    ids = _ids(db, coop)
    for first in range(0, len(ids), AT_ONCE):
        with db.write() as session:
            for one in ids[first : first + AT_ONCE]:
                step(session, one)


def _weigh(db: Database, coop: Coop, boss: Person) -> None:
    """Some are lighter, some lack a box."""
    for at, one in enumerate(_ids(db, coop)[:WEIGHED]):
        with db.write() as session:
            line = session.exec(select(OrderLine).where(OrderLine.parcel_id == one).order_by(col(OrderLine.id))).first()
            if line is None:
                raise Broke(f"parcel {one} has no lines")
            real = Real(1) if at % 2 else Real(2, line.weight_g * 97 // 100)
            weighing.settle(session, coop.id, one, {line.id: real}, boss, datetime.now(UTC))


def _agree(db: Database, coop: Coop, count: int) -> None:
    with db.read() as session:
        picks, packs = days.picks(session, coop.id), days.packs(session, coop.id)
        mine = select(func.sum(OrderLine.quantity)).join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
        steps = session.exec(mine.where(Parcel.coop_id == coop.id)).one()
    in_packs = sum(line.quantity for it in packs for line in it.lines)
    if not len(packs) == count or not steps == sum(it.quantity for it in picks) == in_packs:
        raise Broke(f"{len(packs)} of {count} parcels, {steps} steps ordered, {in_packs} on the pack list")


def _list(client: TestClient, path: str) -> str:
    began = time.perf_counter()
    answer = client.get(path)
    took_s = time.perf_counter() - began
    if answer.status_code != 200 or took_s > LIST_WITHIN_S:
        raise Broke(f"{path} was answered {answer.status_code} after {took_s:.1f} s")
    return f"{took_s:.2f} s, {len(answer.content) / 1e6:.1f} MB"


def _screen(client: TestClient, state: str, db: Database, coop: Coop) -> str:
    deep = _ids(db, coop)[:: ORDERS // 20]
    paths = [f"/ban-hang/don?trang_thai={state}" + (f"&sau={one}" if at % 2 else "") for at, one in enumerate(deep * 3)]
    client.get(paths[0])
    took_ms = []
    for path in paths:
        began = time.perf_counter()
        if client.get(path).status_code != 200:
            raise Broke(f"{path} did not open")
        took_ms.append((time.perf_counter() - began) * 1000)
    p95_ms = quantiles(took_ms, n=20)[-1]
    if p95_ms > SCREEN_WITHIN_MS:
        raise Broke(f"the orders screen takes {p95_ms:.0f} ms")
    return f"{p95_ms:.0f} ms"


def _rest(app: FastAPI) -> None:
    app.state.backroom.close()
