"""A live session and a payment with a clock in hand, against the real process on a filled demo market."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from sqlmodel import select

from livestream import schedule
from livestream import service as live
from livestream.models import LiveItem, LiveSession, SessionState
from shop.accounts import service as accounts
from shop.core.db import Database
from shop.core.deps import SIGN_IN
from shop.demo.live import HOST, ON_AIR
from shop.orders import access
from shop.stock import service as stock
from tests.conftest import SAME_ORIGIN
from tests.rehearsals.goods import make_carts, stock_up
from tests.rehearsals.processes import buy, pay
from tests.rehearsals.report import Figure
from tests.rehearsals.stand import Broke, Stand, stands
from tests.streams import Market, Stream, stream_of

WITHIN_S, HOME_WITHIN_S, COUNTED_WITHIN_S = 2.0, 60.0, 10.0
PINS, DROPS, PAYMENTS = 50, 10, 20
VIEWERS, LEAVING = 12, 5


@dataclass(frozen=True)
class OnAir:
    """The demo's session on air, its run, and its host's sign-in."""

    stand: Stand
    db: Database
    session_id: int
    slug: str
    items: Sequence[LiveItem]
    host_token: str

    @property
    def room(self) -> str:
        return f"/live/{self.slug}"

    def press(self, what: str, **form: Any) -> None:
        """The host presses a button of the studio. Raises Broke."""
        headers = {
            **SAME_ORIGIN,
            "Cookie": f"{SIGN_IN}={self.host_token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self.stand.port, timeout=60)) as line:
            line.request("POST", f"/ban-hang/live/{self.session_id}/{what}", urlencode(form), headers)
            answer = line.getresponse()
            if answer.status != 303:
                raise Broke(f"{what} was answered {answer.status}: {answer.read()[:300]!r}")


def live_clocks(folder: Path) -> list[Figure]:
    """The clocks of a live session: pins, dropped lines, viewers, money and the way home of the goods, as served."""
    figures: list[Figure] = []
    with stands(folder, "live") as made:
        for database, stand in made.items():
            figures += [(f"{database}: {what}", value) for what, value in with_a_clock(stand)]
    return figures


def with_a_clock(stand: Stand) -> list[Figure]:
    """Every promise that has a number of seconds. Raises Broke."""
    if (filled := stand.chohtx("demo")).returncode:
        raise Broke(f"chohtx demo: {filled.stderr[-2000:]}")
    figures: list[Figure] = []
    with stand.database() as db:
        with stand.running("serve"), ExitStack() as open_now:
            market, on_air = Market(stand.port, open_now), _on_air(stand, db)
            figures += _pins(market, on_air)
            figures += _dropped(market, on_air)
            figures += _viewers(market, on_air)
            left_at = _place_of(market, on_air)
        with stand.running("serve"), ExitStack() as open_now:
            market = Market(stand.port, open_now)
            figures += _restarted(market, on_air, left_at)
            figures += _money(market, stand, db)
            figures += _home(market, on_air)
    stand.verify()
    return [*figures, ("chohtx verify", "every rule holds")]


def _on_air(stand: Stand, db: Database) -> OnAir:
    with db.read() as session:
        on_air = (LiveSession.slug == ON_AIR.slug, LiveSession.state == SessionState.LIVE)
        shown = session.exec(select(LiveSession).where(*on_air)).one()
        items, host = schedule.items_of(session, shown.id), accounts.find_by_phone(session, HOST)
    if host is None:
        raise Broke("the demo has no host")
    with db.write() as session:
        token = accounts.start_session(session, host.id, datetime.now(UTC))
    return OnAir(stand, db, shown.id, shown.slug, items, token)


def _pin_until_seen(on_air: OnAir, item: LiveItem, viewers: Sequence[Stream]) -> float:
    """Seconds from the host's press until the last of these open pages has the pin."""
    began = time.perf_counter()
    on_air.press("ghim", item_id=item.id)
    for viewer in viewers:
        viewer.until("", f'data-code="{item.code}"')
    return time.perf_counter() - began


def _pins(market: Market, on_air: OnAir) -> list[Figure]:
    address = stream_of(market.page(on_air.room))
    viewers = [market.stream(address) for _ in range(VIEWERS)]
    on_air.press("ghim", item_id=0)  # the demo has pinned something already
    took_s = [_pin_until_seen(on_air, item, viewers) for item in _run(on_air, PINS)]
    for viewer in viewers:
        viewer.drop()
    _within(WITHIN_S, max(took_s), "a pin")
    return [(f"{PINS} pins, press to the last of {VIEWERS} open pages, median and longest", _both(took_s))]


def _run(on_air: OnAir, times: int) -> Iterator[LiveItem]:
    """Items to pin, never the same twice in a row."""
    return islice(cycle([*on_air.items[1:], on_air.items[0]]), times)


def _dropped(market: Market, on_air: OnAir) -> list[Figure]:
    """A line that drops, a pin meanwhile: whoever comes back has it at once, and the one after it, too."""
    viewer, took_s = market.stream(stream_of(market.page(on_air.room))), []
    viewer.until("viewers")
    items = _run(on_air, 3 * DROPS)
    for seen, missed, after in zip(items, items, items, strict=False):
        _pin_until_seen(on_air, seen, [viewer])
        viewer.drop()
        on_air.press("ghim", item_id=missed.id)
        began = time.perf_counter()
        viewer = market.stream(f"{on_air.room}/su-kien", viewer.last_id)
        viewer.until("", f'data-code="{missed.code}"')
        took_s.append(time.perf_counter() - began)
        took_s.append(_pin_until_seen(on_air, after, [viewer]))
    viewer.drop()
    _within(WITHIN_S, max(took_s), "a pin after a dropped line")
    return [(f"{DROPS} dropped lines, what was missed and what came next, median and longest", _both(took_s))]


def _viewers(market: Market, on_air: OnAir) -> list[Figure]:
    """Every person counts once, however many pages they have open; who leaves is no longer counted."""
    address = f"{on_air.room}/su-kien"
    visitors = [f"viewer-{number:02d}-of-the-rehearsal" for number in range(VIEWERS)]
    streams = [market.stream(address, visitor=visitor) for visitor in visitors]
    second_page = market.stream(address, visitor=visitors[-1])
    began = time.perf_counter()
    second_page.until("viewers", str(VIEWERS))
    came_s = time.perf_counter() - began
    for stream in streams[:LEAVING]:
        stream.drop()
    began = time.perf_counter()
    second_page.until("viewers", str(VIEWERS - LEAVING))
    left_s = time.perf_counter() - began
    for stream in [*streams[LEAVING:], second_page]:
        stream.drop()
    _within(COUNTED_WITHIN_S, max(came_s, left_s), "the number of viewers")
    told = f"{came_s:.2f} s, {left_s:.2f} s"
    return [(f"{VIEWERS} viewers counted (one with two pages), {VIEWERS - LEAVING} after {LEAVING} left, after", told)]


def _place_of(market: Market, on_air: OnAir) -> str:
    viewer = market.stream(stream_of(market.page(on_air.room)))
    _pin_until_seen(on_air, on_air.items[1], [viewer])
    return viewer.last_id


def _restarted(market: Market, on_air: OnAir, last_id: str) -> list[Figure]:
    """The process was restarted: the open page is told to read again, and then hears of the next pin."""
    began = time.perf_counter()
    viewer = market.stream(f"{on_air.room}/su-kien", last_id)
    viewer.until("reset")
    if f'data-code="{on_air.items[1].code}"' not in market.page(on_air.room):
        raise Broke("after a restart the room forgot its pin")
    reset_s = time.perf_counter() - began
    pin_s = _pin_until_seen(on_air, on_air.items[2], [viewer])
    viewer.drop()
    _within(WITHIN_S, max(reset_s, pin_s), "the room after a restart")
    return [("after a restart: an open page is right again, and hears the next pin, after", _both([reset_s, pin_s]))]


def _money(market: Market, stand: Stand, db: Database) -> list[Figure]:
    """The bank's notification turns the open page of the order, one order after the other."""
    carts = make_carts(db, stock_up(db, PAYMENTS, coops=1), PAYMENTS, datetime.now(UTC))
    took_s = [_paid(market, stand, cart_id, number) for number, cart_id in enumerate(carts)]
    _within(WITHIN_S, max(took_s), "the money on the order's page")
    return [(f"{PAYMENTS} payments, bank's notification to the open page, median and longest", _both(took_s))]


def _paid(market: Market, stand: Stand, cart_id: str, number: int) -> float:
    placed = buy(stand, cart_id, "vietqr", number)
    page = access.secret_link(stand.settings.secret_key, placed["code"])
    viewer = market.stream(stream_of(market.page(page)))
    viewer.until("viewers")
    began = time.perf_counter()
    pay(stand, placed)
    viewer.until("order", "paid")
    if "Đã nhận tiền" not in market.page(page):
        raise Broke("the page was told of the money and does not show it")
    viewer.drop()
    return time.perf_counter() - began


def _home(market: Market, on_air: OnAir) -> list[Figure]:
    """The session ends: what nobody holds is on ordinary sale again, and the open room says so."""
    variants = [item.variant_id for item in on_air.items]
    viewer = market.stream(stream_of(market.page(on_air.room)))
    with on_air.db.read() as session:
        before = stock.available(session, variants)
        allotted = stock.available(session, variants, live.live_owner(on_air.session_id))
    began = time.perf_counter()
    on_air.press("ket-thuc")
    while (now := _on_sale(on_air, variants)) != {one: before[one] + allotted[one] for one in variants}:
        if time.perf_counter() - began > HOME_WITHIN_S:
            raise Broke(f"{HOME_WITHIN_S:.0f} s after the end {now} are on sale, not {before} and {allotted}")
        time.sleep(0.05)
    home_s = time.perf_counter() - began
    viewer.until("state")
    told_s = time.perf_counter() - began
    viewer.drop()
    _within(WITHIN_S, told_s, "the end")
    words = f"{sum(allotted.values())} units of {len(variants)} goods, {home_s:.2f} s"
    return [("the allotment back on ordinary sale after the end", words), ("the end on the open page", _s(told_s))]


def _on_sale(on_air: OnAir, variants: Sequence[int]) -> dict[int, int]:
    with on_air.db.read() as session:
        return stock.available(session, variants)


def _within(most_s: float, took_s: float, what: str) -> None:
    if took_s > most_s:
        raise Broke(f"{what} took {took_s:.2f} s, promised within {most_s:.0f} s")


def _both(took_s: Sequence[float]) -> str:
    return f"{_s(median(took_s))}, {_s(max(took_s))}"


def _s(took_s: float) -> str:
    return f"{took_s * 1000:.0f} ms"
