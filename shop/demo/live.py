"""Live sessions of the demo market: one on air, one tomorrow, one over; and the hand that keeps the first one going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlmodel import Session, col, select

from livestream import schedule
from livestream import service as live
from livestream.gate import service as gate
from livestream.gate.models import HostState
from livestream.models import LiveItem, LivePin, LiveSession, SessionState
from livestream.schedule import Plan
from shop.accounts import service as accounts
from shop.accounts.models import RoleGrant
from shop.catalog.models import Category, Product, ProductState, Variant, VariantKind
from shop.core.audit import SYSTEM
from shop.core.db import Database
from shop.core.deps import Person
from shop.core.i18n import HERE
from shop.core.pagecache import bump
from shop.demo import live_evening
from shop.settings import Settings
from shop.stock import service as stock
from shop.stock.models import Pool

log = structlog.get_logger()
HOST = "+84900000003"
ITEMS, WANTED, MOST = 5, 20, 5
PIN_EVERY = timedelta(seconds=38)
HANDS_OFF = timedelta(minutes=10)  # after a person has pinned, the demo's hand stays away
AGAIN_AFTER = timedelta(minutes=90)


class Words(NamedTuple):
    """How a session is called, under which address."""

    slug: str
    title: str
    summary: str
    co_host: str


ON_AIR = Words(
    "thanh-long-hai-sang-nay",
    "Thanh long hái sáng nay, bán tại vườn",
    "Anh Phát bổ trái xem ruột ngay tại vườn Hàm Đức. Giá live chỉ trong buổi. Dữ liệu minh họa.",
    "Cô Năm Hiền",
)
TOMORROW = Words(
    "dem-thanh-long-thuan-tien",
    "Đêm thanh long Thuận Tiến",
    "Vườn chong đèn ban đêm, hái xong đóng thùng gửi sáng sớm. Dữ liệu minh họa.",
    "",
)
OVER = Words(
    "trai-chin-cuoi-tuan",
    "Trái chín cuối tuần",
    "Buổi đã phát: xem lại món nào được giới thiệu lúc nào. Dữ liệu minh họa.",
    "Cô Năm Hiền",
)


@dataclass(frozen=True)
class _Stage:
    """What all sessions of the demo have in common."""

    session: Session
    host: Person
    clip_key: str
    settings: Settings
    now: datetime


def make_sessions(db: Database, settings: Settings, now: datetime, draw: bool = True) -> None:
    """The three sessions, through the real services. A second run changes nothing; without a host nothing is made.

    `draw=False` leaves the moving picture out.
    """
    if not settings.demo:
        return
    clip_key = _draw(settings) if draw else ""
    with db.write() as session:
        there = session.exec(select(LiveSession).where(col(LiveSession.is_demo))).all()
        for made in there:
            made.clip_key = made.clip_key or clip_key
        if there:
            return
        row = accounts.find_by_phone(session, HOST)
        coop_ids = _hosted(session, row.id) if row else []
        if row is None or not coop_ids:
            return
        stage = _Stage(session, accounts.as_person(session, row), clip_key, settings, now)
        _make_over(stage, coop_ids[0])
        _make_on_air(stage, coop_ids[0])
        _make_tomorrow(stage, coop_ids[-1])


def _draw(settings: Settings) -> str:
    from shop.demo.clip import NoEncoder, make_clip  # draws and encodes: the timed job below needs neither

    try:
        return make_clip(settings.media_dir)
    except NoEncoder:
        log.warning("demo.no_encoder", effect="the live rooms of the demo show still pictures")
        return ""


def _hosted(session: Session, person_id: int) -> list[int]:
    granted = select(RoleGrant.coop_id).where(RoleGrant.person_id == person_id, col(RoleGrant.revoked_at).is_(None))
    return [coop_id for coop_id in session.exec(granted.order_by(col(RoleGrant.id))) if coop_id is not None]


def _plan(stage: _Stage, coop_id: int, words: Words, starts_at: datetime, minutes: int, planned_at: datetime) -> int:
    told = Plan(words.title, starts_at, minutes, words.summary, words.co_host)
    row = schedule.plan(stage.session, coop_id, stage.host, told, planned_at)
    row.slug, row.clip_key, row.is_demo = words.slug, stage.clip_key, True
    for variant in _goods(stage.session, coop_id):
        price_vnd = variant.price_vnd * 85 // 100 // 1000 * 1000
        left = stock.available(stage.session, [variant.id])[variant.id]
        wanted = max(1, min(WANTED, left // 2))  # the shop goes on selling beside the session
        schedule.add_item(stage.session, row.id, variant.id, price_vnd, wanted, MOST, stage.host, planned_at)
    _make_ready(stage, row.id, planned_at)
    return row.id


def _make_ready(stage: _Stage, live_id: int, at: datetime) -> None:
    """All that the gate asks for, as host and alliance would have done it."""
    session, host = stage.session, stage.host
    gate.ask(session, host, host.name, "cccd", "0003", at)
    gate.decide(session, host.id, HostState.VERIFIED, "Dữ liệu minh họa", SYSTEM, at)
    gate.accept_rules(session, host, at)
    for item in schedule.items_of(session, live_id):
        gate.note_papers(session, live_id, item.id, "Giấy đủ điều kiện ATTP (dữ liệu minh họa)", host, at)
    gate.confirm(session, live_id, "seller", host, at)
    gate.confirm(session, live_id, "host", host, at)


def _goods(session: Session, coop_id: int) -> Sequence[Variant]:
    """The middle box of the co-op's first products: what a host would show. No drinks: wine is not sold live."""
    boxes = (
        select(Variant)
        .join(Product, col(Product.id) == Variant.product_id)
        .join(Category, col(Category.id) == Product.category_id)
        .join(Pool, (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == ""))
        .where(Product.coop_id == coop_id, Product.state == ProductState.ON_SALE, col(Variant.on_sale))
        .where(Category.slug != "do-uong", Variant.kind != VariantKind.LOOSE, Pool.on_hand - Pool.held >= 2)
        .order_by(col(Product.id).desc(), col(Variant.position))
    )
    by_product: dict[int, list[Variant]] = {}
    for variant in session.exec(boxes):
        by_product.setdefault(variant.product_id, []).append(variant)
    return [variants[len(variants) // 2] for variants in list(by_product.values())[:ITEMS]]


def _make_over(stage: _Stage, coop_id: int) -> None:
    start = _evening(stage.now, days=-1, hour=20, minute=0)
    live_id = _plan(stage, coop_id, OVER, start, 60, start - timedelta(days=2))
    live.start(stage.session, live_id, stage.host, start)
    for number, item in enumerate(schedule.items_of(stage.session, live_id)):
        live.pin(stage.session, live_id, item.id, start + timedelta(minutes=2 + 9 * number), stage.host)
    live_evening.tell(stage.session, schedule.session_of(stage.session, live_id), stage.host, stage.settings, stage.now)
    live.end(stage.session, live_id, stage.host, start + live_evening.LASTED_MINUTES * live_evening.MINUTE)


def _make_on_air(stage: _Stage, coop_id: int) -> None:
    live_id = _plan(stage, coop_id, ON_AIR, stage.now, 120, stage.now)
    live.start(stage.session, live_id, stage.host, stage.now)


def _make_tomorrow(stage: _Stage, coop_id: int) -> None:
    _plan(stage, coop_id, TOMORROW, _evening(stage.now, days=1, hour=19, minute=30), 90, stage.now)


def _evening(now: datetime, *, days: int, hour: int, minute: int) -> datetime:
    day = now.astimezone(HERE) + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def keep_going(db: Database, now: datetime) -> None:
    """Timed job of the demo: the pin moves on, the session on air never grows old, the planned one stays ahead."""
    with db.write() as session:
        for row in session.exec(select(LiveSession).where(col(LiveSession.is_demo))).all():
            if row.on_air:
                _move_pin(session, row, now)
                _start_over(session, row, now)
            elif row.state == SessionState.SCHEDULED and row.starts_at < now - timedelta(minutes=20):
                row.starts_at = _evening(now, days=1, hour=19, minute=30)
                bump(session, "live", f"session:{row.id}")


def _move_pin(session: Session, row: LiveSession, now: datetime) -> None:
    last = session.exec(select(LivePin).where(LivePin.session_id == row.id).order_by(col(LivePin.id).desc())).first()
    wait = HANDS_OFF if last and last.person_id else PIN_EVERY
    if last is not None and last.pinned_at > now - wait:
        return
    items = schedule.items_of(session, row.id)
    at = next((place for place, item in enumerate(items) if item.id == row.pinned_item_id), -1)
    live.pin(session, row.id, items[(at + 1) % len(items)].id, now)


def _start_over(session: Session, row: LiveSession, now: datetime) -> None:
    """Its clock starts again, and what was sold is set aside anew as far as there is any."""
    if row.started_at is None or row.started_at > now - AGAIN_AFTER:
        return
    row.started_at = row.starts_at = now
    bump(session, "live", f"session:{row.id}")
    for item in schedule.items_of(session, row.id):
        _set_aside_again(session, item, now)


def _set_aside_again(session: Session, item: LiveItem, now: datetime) -> None:
    owner = live.live_owner(item.session_id)
    before = stock.pool_of(session, item.variant_id, owner).on_hand
    if before < item.wanted:
        after = stock.open_live_pool(session, item.variant_id, owner, item.wanted - before, now).on_hand
        item.allotted = (item.allotted or 0) + after - before
