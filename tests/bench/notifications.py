"""Notifications a second through `/payments/sepay/ipn` to the durable commit, against the same rows by the driver."""

from __future__ import annotations

import cProfile
import json
import sqlite3
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from pstats import Stats
from statistics import median
from urllib.request import Request, urlopen

from sqlmodel import col, select

from payments.gateway import RawRequest
from payments.models import PaymentAttempt
from payments.routes import _take_in
from payments.service import open_due
from payments.simulators.sepay import notification, sign
from payments.till import till_from
from shop.core.db import Database
from shop.settings import Settings
from tests.bench.bare import Rows, bare_copy, file_of, insert_again, rows_added
from tests.bench.stand import Line, filled, market, now, ports, rate, running

DUES, ROUNDS, SECONDS, LEAST, ASKED_VND, PROFILED = 16_000, 5, 2, 0.15, 255_000, 400
SCRIPT = """local told = {}
for line in io.lines("%s") do told[#told + 1] = line end
local n = 0
request = function()
  n = n + 1
  local at, proof, body = told[(n - 1) %% #told + 1]:match("^(%%d+) (%%S+) (.*)$")
  wrk.headers["X-SePay-Timestamp"] = at
  wrk.headers["X-SePay-Signature"] = proof
  return wrk.format("POST", "/payments/sepay/ipn", wrk.headers, body)
end
wrk.headers["Content-Type"] = "application/json"
"""


def bench_notifications() -> list[Line]:
    """Each pays another order in full; one process, `synchronous=FULL`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        codes = _open_dues(filled(home, 10, 2))
        port = ports(1)[0]
        command, environment = market(home, port)
        settings = Settings(_env_file=None, env="demo", data_dir=home, worker="none")
        with running(command, environment, port):
            rows = rows_added(home, lambda: _tell(port, settings, codes[-1]))
            plain = bare_copy(home)
            share = (len(codes) - PROFILED * 2) // ROUNDS
            parts = [codes[number * share : (number + 1) * share] for number in range(ROUNDS)]
            pairs = [(_ours(home, port, settings, part), _bare(plain, rows)) for part in parts]
            plain.close()
        ours, bare = (median(rates) for rates in zip(*pairs, strict=True))
        part = median(one / other for one, other in pairs)
        written = sum(len(added) for added in rows.values())
        words = f"notifications: {ours:,.0f}/s, {part:.3f} of {bare:,.0f}/s bare commits of the same {written} rows"
        line = Line(f"{words} (limit {LEAST})", part >= LEAST)
        return [line, Line(_where_time_goes(settings, codes[-PROFILED * 2 : -1]))]


def _open_dues(url: str) -> list[str]:
    db, at = Database(url), now()
    with db.write() as session:
        for number in range(DUES):
            open_due(session, f"order:{10**6 + number}", ASKED_VND, "vietqr", at + timedelta(hours=2), at)
        codes = list(session.exec(select(PaymentAttempt.reference).order_by(col(PaymentAttempt.id))))
    db.close()
    return codes


def _told(settings: Settings, code: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(notification(code, ASKED_VND, settings.vietqr_account_no, now())).encode()
    return body, sign(body, settings.sepay_webhook_secret, "", now())


def _tell(port: int, settings: Settings, code: str) -> None:
    body, headers = _told(settings, code)
    with urlopen(Request(f"http://127.0.0.1:{port}/payments/sepay/ipn", body, headers), timeout=20):
        pass


def _ours(home: Path, port: int, settings: Settings, codes: list[str]) -> float:
    with (home / "told.txt").open("w") as file:
        for code in codes:
            body, headers = _told(settings, code)
            file.write(f"{headers['X-SePay-Timestamp']} {headers['X-SePay-Signature']} {body.decode()}\n")
    script = home / "told.lua"
    script.write_text(SCRIPT % (home / "told.txt"))
    begun = _count(home)
    rate(port, "/payments/sepay/ipn", seconds=SECONDS, script=script)
    done = _count(home) - begun
    if done >= len(codes):
        raise RuntimeError(f"more than {len(codes)} notifications in {SECONDS} s: open more dues")
    return done / SECONDS


def _bare(file: sqlite3.Connection, rows: Rows) -> float:
    begun = done = file.execute("SELECT count(*) FROM journal").fetchone()[0]
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        file.execute("BEGIN IMMEDIATE")
        insert_again(file, rows, done)
        file.execute("COMMIT")
        done += 1
    return float(done - begun) / SECONDS


def _count(home: Path) -> int:
    with file_of(home) as file:
        return int(file.execute("SELECT count(*) FROM payment_fact").fetchone()[0])


def _where_time_goes(settings: Settings, codes: list[str]) -> str:
    """The market's own part alone, timed, then profiled: the five functions that take longest by themselves."""
    db, till = Database(settings.database), till_from(settings)
    db.pages_are_ours = True

    def take(some: list[str]) -> None:
        for code in some:
            body, headers = _told(settings, code)
            raw = RawRequest({name.lower(): value for name, value in headers.items()}, body, now())
            _take_in(db, till, till.sources["sepay"], raw)

    take(codes[:50])  # statements are compiled at their first use
    began = time.perf_counter()
    take(codes[50:PROFILED])
    took_ms = (time.perf_counter() - began) / (PROFILED - 50) * 1000
    profile = cProfile.Profile()
    profile.runcall(take, codes[PROFILED:])
    db.close()
    own = sorted(
        ((own_s, name) for (_file, _line, name), (_c, _n, own_s, *_) in Stats(profile).stats.items()),  # type: ignore[attr-defined]  # typeshed leaves it out
        reverse=True,
    )
    total = sum(own_s for own_s, _ in own)
    longest = ", ".join(f"{name} {own_s / total:.0%}" for own_s, name in own[:5])
    return f"notifications: without HTTP one takes {took_ms:.1f} ms; longest by themselves: {longest}"
