"""What a room shows: one reading of the session, its run and what is left, safe to use after the database is closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from livestream.deals.prices import Deal, open_deals
from livestream.deals.sets import Together, sets_of
from livestream.gate.risks import Risk, told_by
from livestream.models import AHEAD, ON_AIR, PAST, STOPPED, LiveItem, LivePin, LiveSession, Replay
from livestream.schedule import NoSuchSession, items_of
from livestream.video.lease import is_by_mtx
from livestream.video.picture import Picture, picture_of
from shop.catalog import service as catalog
from shop.catalog.models import Variant, VariantKind
from shop.catalog.service import VariantView
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core import slugs
from shop.core.i18n import kg
from shop.core.pictures import Photo, photos
from shop.stock.models import Pool
from shop.vouchers import service as vouchers
from shop.vouchers.models import Voucher

ENDED_SHOWN = 12
LATE = timedelta(minutes=30)
MOST_TILES = 4


@dataclass(frozen=True)
class Item:
    """One line of the run. `left`, `held` and `sold` are selling steps of the session's own allotment.

    `live_price_vnd` is what a buyer pays now: the deal's price while one runs, the ordinary one when it is over.
    """

    id: int
    code: str
    variant: VariantView
    live_price_vnd: int
    wanted: int
    allotted: int | None
    most_per_buyer: int
    on_hand: int
    held: int
    prompt: str = ""
    usual_live_vnd: int = 0
    deal: Deal | None = None
    replay_price_vnd: int | None = None
    free_again: int = 0
    """Steps of ordinary sale that can be had at the replay's price; `livestream.replays` fills it in."""

    @property
    def told(self) -> list[Risk]:
        """What its name makes of it: viewers are warned by it."""
        return told_by(f"{self.variant.product_name}. {self.variant.product_name_en}. {self.variant.name}")

    @property
    def sells_again(self) -> bool:
        """Whether it sells at a price of the replay now."""
        return self.free_again > 0

    @property
    def left(self) -> int:
        return self.on_hand - self.held + self.free_again if self.variant.on_sale else 0

    @property
    def sold(self) -> int:
        return (self.allotted or 0) - self.on_hand

    @property
    def unit(self) -> str:
        """What one selling step is called beside its price."""
        return kg(self.variant.step_g) if self.variant.kind == VariantKind.LOOSE else self.variant.name

    @property
    def step_g(self) -> int:
        """Grams for a price per kg; 0 for pieces."""
        return 0 if self.variant.kind == VariantKind.PIECE else self.variant.step_g

    @property
    def most(self) -> int:
        return min(self.most_per_buyer, self.variant.most_steps)

    @property
    def saved_percent(self) -> int:
        return 100 - self.live_price_vnd * 100 // self.variant.price_vnd


@dataclass(frozen=True)
class Pin:
    """When an item was shown large, and how long after the start."""

    item: Item
    at: datetime
    offset: timedelta


@dataclass(frozen=True)
class Room:
    """A session as its page shows it."""

    live: LiveSession
    coop: Coop
    place: str
    items: Sequence[Item]
    cover: Photo | None
    picture: Picture
    vouchers: Sequence[Voucher] = ()
    sets: Sequence[Together] = ()

    @property
    def on_air(self) -> bool:
        return self.live.on_air

    @property
    def is_scheduled(self) -> bool:
        """Its run is still to be made, whether it was announced or is a draft."""
        return self.live.is_ahead or self.live.is_draft

    @property
    def covers(self) -> tuple[Photo, ...]:
        """The cover: the host's own photo, else up to four of the goods, shown as tiles."""
        if self.cover and self.live.cover_photo_id:
            return (self.cover,)
        of_goods = {item.variant.photo.id: item.variant.photo for item in self.items if item.variant.photo}
        return tuple(of_goods.values())[:MOST_TILES]

    @property
    def pinned(self) -> Item | None:
        return next((item for item in self.items if item.id == self.live.pinned_item_id), None)

    @property
    def ends_by(self) -> datetime:
        """When it is planned to end; the host decides when it does."""
        return (self.live.started_at or self.live.starts_at) + timedelta(minutes=self.live.planned_minutes)

    @property
    def tags(self) -> tuple[str, ...]:
        products = dict.fromkeys(f"product:{item.variant.product_id}" for item in self.items)
        return (f"session:{self.live.id}", f"chat:{self.live.id}", f"coop:{self.coop.id}", *products)

    def of_id(self, item_id: int) -> Item | None:
        return next((item for item in self.items if item.id == item_id), None)

    def item(self, code: str) -> Item | None:
        return next((item for item in self.items if item.code == code), None)


def find(session: Session, slug: str) -> LiveSession:
    """The session at this address; an old address leads to it too (compare `.slug`). Raises NoSuchSession."""
    live = session.exec(select(LiveSession).where(LiveSession.slug == slug)).first()
    if live is None and (known_id := slugs.find(session, "session", slug)):
        live = session.get(LiveSession, known_id)
    if live is None or not live.is_for_all:
        raise NoSuchSession
    return live


def read(session: Session, live: LiveSession) -> Room:
    """The room of a session as it stands in this snapshot."""
    items = _items(session, live)
    coop = coops.get(session, live.coop_id)
    cover = photos(session, [live.cover_photo_id]).get(live.cover_photo_id or 0)
    if cover is None:
        cover = next((item.variant.photo for item in items if item.variant.photo), None)
    offered = tuple(one for one in vouchers.of_owner(session, f"live:{live.id}") if vouchers.has_uses(one))
    picture = picture_of(live, by_mtx=live.has_video and is_by_mtx(session, live.id))
    return Room(live, coop, coops.place(coop), items, cover, picture, offered, sets_of(session, live.id))


def _items(session: Session, live: LiveSession) -> list[Item]:
    rows = items_of(session, live.id)
    variants = catalog.variants(session, [row.variant_id for row in rows])
    wanted = select(Pool).where(col(Pool.id).in_([row.pool_id for row in rows if row.pool_id]))
    pools = {pool.id: pool for pool in session.exec(wanted)}
    deals: dict[int, Deal] = {}
    if live.is_past or live.is_stopped:
        prices = {row.id: variants[row.variant_id].price_vnd for row in rows}
    else:
        prices, deals = {row.id: row.live_price_vnd for row in rows}, open_deals(session, live.id)
    return [
        _item(row, variants[row.variant_id], pools.get(row.pool_id or 0), prices[row.id], deals.get(row.id))
        for row in rows
    ]


def _item(row: LiveItem, variant: VariantView, pool: Pool | None, price_vnd: int, deal: Deal | None) -> Item:
    return Item(
        id=row.id,
        code=row.code,
        variant=variant,
        live_price_vnd=deal.price_vnd if deal and deal.runs else price_vnd,
        usual_live_vnd=row.live_price_vnd,
        deal=deal,
        wanted=row.wanted,
        allotted=row.allotted,
        most_per_buyer=row.most_per_buyer,
        on_hand=pool.on_hand if pool else 0,
        held=pool.held if pool else 0,
        prompt=row.prompt,
        replay_price_vnd=row.replay_price_vnd,
    )


def pins(session: Session, room: Room) -> list[Pin]:
    """What was shown large and when, from the start."""
    by_id = {item.id: item for item in room.items}
    shown = select(LivePin).where(LivePin.session_id == room.live.id).order_by(col(LivePin.id))
    start = room.live.started_at or room.live.starts_at
    rows = session.exec(shown)
    return [Pin(by_id[row.item_id], row.pinned_at, row.pinned_at - start) for row in rows if row.item_id in by_id]


@dataclass(frozen=True)
class SessionCard:
    """A session in a list."""

    id: int
    slug: str
    title: str
    summary: str
    state: str
    on_air: bool
    is_ahead: bool
    is_past: bool
    is_stopped: bool
    starts_at: datetime
    ended_at: datetime | None
    coop_name: str
    coop_slug: str
    place: str
    photo: Photo | None
    photos: tuple[Photo, ...]
    goods: tuple[str, ...]
    saves_up_to_percent: int


def on_air(session: Session) -> list[SessionCard]:
    """Who sells live now, the newest first."""
    live = select(LiveSession).where(col(LiveSession.state).in_(ON_AIR))
    return _cards(session, session.exec(live.order_by(col(LiveSession.started_at).desc())))


def coming(session: Session, now: datetime, most: int = 24) -> list[SessionCard]:
    """What is planned, the nearest first; half an hour late is still coming."""
    planned = select(LiveSession).where(*_ANNOUNCED, LiveSession.starts_at > now - LATE)
    return _cards(session, session.exec(planned.order_by(col(LiveSession.starts_at)).limit(most)))


_ANNOUNCED = (col(LiveSession.state).in_(AHEAD), col(LiveSession.is_practice).is_(False))


def ended(session: Session, most: int = ENDED_SHOWN, *, public: bool = True) -> list[SessionCard]:
    """What is over, the newest first; with `public=False` also what its seller does not show."""
    over = select(LiveSession).where(col(LiveSession.state).in_(PAST))
    if public:
        over = over.where(LiveSession.replay == Replay.PUBLIC)
    return _cards(session, session.exec(over.order_by(col(LiveSession.ended_at).desc()).limit(most)))


def stopped(session: Session, most: int = ENDED_SHOWN) -> list[SessionCard]:
    """What the alliance or the operator took down, the newest first."""
    down = select(LiveSession).where(col(LiveSession.state).in_(STOPPED))
    return _cards(session, session.exec(down.order_by(col(LiveSession.ended_at).desc()).limit(most)))


def of_coop(session: Session, coop_ids: Iterable[int], most: int = 50) -> list[SessionCard]:
    """All sessions of these co-ops, whatever became of them, the newest first."""
    theirs = select(LiveSession).where(
        col(LiveSession.coop_id).in_(list(coop_ids)), col(LiveSession.is_practice).is_(False)
    )
    return _cards(session, session.exec(theirs.order_by(col(LiveSession.starts_at).desc()).limit(most)))


def products_on_air(session: Session) -> dict[int, str]:
    """Product id -> address of the room in which it is sold now, for the LIVE chip on its card."""
    sold = (
        select(Variant.product_id, LiveSession.slug)
        .join(LiveItem, col(LiveItem.session_id) == LiveSession.id)
        .join(Variant, col(Variant.id) == LiveItem.variant_id)
        .where(col(LiveSession.state).in_(ON_AIR))
    )
    return dict(session.exec(sold).all())


def _cards(session: Session, sessions: Iterable[LiveSession]) -> list[SessionCard]:
    return [_card(read(session, live)) for live in list(sessions)]


def _card(room: Room) -> SessionCard:
    live = room.live
    return SessionCard(
        id=live.id,
        slug=live.slug,
        title=live.title,
        summary=live.summary,
        state=live.state,
        on_air=live.on_air,
        is_ahead=live.is_ahead,
        is_past=live.is_past,
        is_stopped=live.is_stopped,
        starts_at=live.starts_at,
        ended_at=live.ended_at,
        coop_name=room.coop.name,
        coop_slug=room.coop.slug,
        place=room.place,
        photo=room.cover,
        photos=room.covers,
        goods=tuple(dict.fromkeys(item.variant.shown_name for item in room.items)),
        saves_up_to_percent=max((item.saved_percent for item in room.items), default=0),
    )
