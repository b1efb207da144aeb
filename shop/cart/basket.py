"""What lies in a cart now, read in one statement: goods, prices, co-ops, and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlmodel import Session

from shop.cart.models import Cart, CartLine
from shop.catalog.models import Product, ProductState, Variant
from shop.catalog.wholesale import prices as wholesale
from shop.catalog.wholesale.prices import price_for
from shop.coops.models import Coop, CoopState
from shop.core.db import run
from shop.core.i18n import either
from shop.core.prepared import Prepared
from shop.stock.models import Hold, HoldState, Pool
from shop.vouchers import service as vouchers
from shop.vouchers.models import Voucher

TIER, WHOLESALE = "tier", "wholesale"
"""Why a step costs less outside a session: many were taken, or the co-op knows the buyer."""


def holder(cart_id: str) -> str:
    """Under this name the ordinary lines of a cart are held while its checkout is open."""
    return f"cart:{cart_id}"


@dataclass(frozen=True)
class Line:
    """So many steps of one variant, as they can be bought at this moment.

    `available` counts what this cart could have (its own hold included); `price_vnd` is what a step costs now.
    `was_vnd` is the price last shown, when it was another one; `live_lapsed` tells that a live price has run out;
    `held_here` steps are held by this cart's own checkout.
    """

    line_id: int
    variant_id: int
    product_id: int
    coop_id: int
    product_name: str
    product_name_en: str
    product_slug: str
    variant_name: str
    kind: str
    step_g: int
    packing_g: int
    most_steps: int
    shelf_life_days: int | None
    price_vnd: int
    was_vnd: int | None
    quantity: int
    pool_id: int | None
    available: int
    on_sale: bool
    live_key: str
    held_until: datetime | None
    hold_owner: str | None
    live_lapsed: bool
    held_here: int
    commission_bp: int = 0
    price_kind: str = ""
    discount_vnd: int = 0
    voucher_code: str = ""
    gift_vnd: int = 0
    set_name: str = ""
    set_count: int = 0
    least_steps: int = 1
    ship_by: date | None = None

    @property
    def shown_name(self) -> str:
        """The product's name in the language of the request; orders keep the Vietnamese one."""
        return either(self.product_name, self.product_name_en)

    @property
    def total_vnd(self) -> int:
        """What the line costs, with what a set or a voucher takes off."""
        return self.price_vnd * self.quantity - self.discount_vnd

    @property
    def commission_vnd(self) -> int:
        """The market's part of the price before its own voucher (`gift_vnd` of what comes off), rounded down."""
        return (self.total_vnd + self.gift_vnd) * self.commission_bp // 10_000

    @property
    def weight_g(self) -> int:
        return self.step_g * self.quantity

    @property
    def gross_g(self) -> int:
        return (self.step_g + self.packing_g) * self.quantity

    @property
    def is_live(self) -> bool:
        """Bought live and still held at the live price."""
        return self.hold_owner is not None

    @property
    def is_short(self) -> bool:
        """Less is left than the cart asks for."""
        return self.on_sale and not self.is_live and self.available < self.quantity

    @property
    def can_be_bought(self) -> bool:
        return self.on_sale and not self.is_short and not self.is_too_few

    def kind_for(self, owner: str) -> str:
        """Which price it is to the vouchers of `owner`; empty when they are not for this line."""
        if owner == vouchers.MARKET:
            return (self.price_kind or vouchers.SHOP) if self.on_sale else ""
        if self.live_key:
            return self.price_kind if self.live_key == owner else ""
        ours = owner == vouchers.shop_owner(self.coop_id) and self.on_sale
        return (self.price_kind or vouchers.SHOP) if ours else ""

    @property
    def is_too_few(self) -> bool:
        """The co-op does not send so little of it."""
        return self.on_sale and not self.is_live and self.quantity < self.least_steps


@dataclass(frozen=True)
class CartCoop:
    """The co-op behind a parcel, as far as cart and checkout need it."""

    id: int
    slug: str
    name: str
    ward_code: str
    phone: str
    zalo: str
    has_policies: bool


@dataclass(frozen=True)
class CartParcel:
    """The lines of one co-op; only lines on sale count in its sums."""

    coop: CartCoop
    lines: list[Line]

    @cached_property
    def bought(self) -> list[Line]:
        return [line for line in self.lines if line.on_sale]

    @cached_property
    def goods_vnd(self) -> int:
        return sum(line.total_vnd for line in self.bought)

    @cached_property
    def worth_vnd(self) -> int:
        """What the co-op is paid for the goods: with what the market bears of their price."""
        return self.goods_vnd + sum(line.gift_vnd for line in self.bought)

    @cached_property
    def gross_g(self) -> int:
        return sum(line.gross_g for line in self.bought)

    @cached_property
    def ship_by(self) -> date | None:
        """Until when a parcel with goods before their harvest is sent, all of it together; None without any."""
        return max((line.ship_by for line in self.bought if line.ship_by), default=None)

    @cached_property
    def shelf_life_days(self) -> int | None:
        """The shortest in the parcel; None when everything keeps."""
        return min((line.shelf_life_days for line in self.bought if line.shelf_life_days is not None), default=None)


@dataclass(frozen=True)
class VoucherTaken:
    """The voucher in a cart and what it takes off now; 0 when it does not count for what lies there."""

    id: int
    code: str
    off_vnd: int
    least_vnd: int
    by_market: bool = False


@dataclass(frozen=True)
class CartView:
    """A cart as a page shows it; safe to use after the session has closed."""

    id: str
    parcels: list[CartParcel]
    voucher: VoucherTaken | None = None

    @cached_property
    def lines(self) -> list[Line]:
        return [line for parcel in self.parcels for line in parcel.lines]

    @cached_property
    def goods_vnd(self) -> int:
        return sum(parcel.goods_vnd for parcel in self.parcels)

    @property
    def count(self) -> int:
        """How many kinds of goods: a person counts things, not selling steps."""
        return len(self.lines)

    @cached_property
    def can_be_bought(self) -> bool:
        return bool(self.lines) and all(line.can_be_bought for line in self.lines)


_line, _variant, _product = CartLine.__table__.c, Variant.__table__.c, Product.__table__.c  # type: ignore[attr-defined]  # SQLModel does not declare it
_cart = Cart.__table__.c  # type: ignore[attr-defined]
_coop, _pool, _hold = Coop.__table__.c, Pool.__table__.c, Hold.__table__.c  # type: ignore[attr-defined]
# fmt: off
_LINES = Prepared(
    select(
        _line.id.label("line_id"), _line.variant_id, _line.live_key, _line.quantity, _line.seen_price_vnd,
        _line.price_vnd.label("live_price_vnd"), _line.pool_id.label("live_pool_id"), _line.hold_owner,
        _line.held_until, _line.price_kind, _line.discount_vnd, _line.set_name, _line.set_count,
        _cart.voucher_id,
        _variant.name.label("variant_name"), _variant.kind, _variant.step_g, _variant.packing_g, _variant.most_steps,
        _variant.price_vnd, _variant.on_sale, _variant.product_id, _variant.least_steps, _variant.tiers,
        _variant.wholesale, _variant.ship_by, _cart.person_id,
        _product.name.label("product_name"), _product.name_en.label("product_name_en"),
        _product.slug.label("product_slug"), _product.shelf_life_days,
        _product.state.label("product_state"), _product.coop_id,
        _coop.slug.label("coop_slug"), _coop.name.label("coop_name"), _coop.ward_code, _coop.phone, _coop.zalo,
        _coop.state.label("coop_state"), _coop.commission_bp,
        and_(_coop.delivery_policy != "", _coop.return_policy != "").label("has_policies"),
        _pool.id.label("pool_id"), (func.coalesce(_pool.on_hand - _pool.held, 0)).label("free"),
        func.coalesce(_hold.quantity, 0).label("mine"),
    )
    .select_from(CartLine)
    .join(Cart, _cart.id == _line.cart_id)
    .join(Variant, _variant.id == _line.variant_id)
    .join(Product, _product.id == _variant.product_id)
    .join(Coop, _coop.id == _product.coop_id)
    .outerjoin(Pool, and_(_pool.variant_id == _line.variant_id, _pool.owner == ""))
    .outerjoin(Hold, and_(
        _hold.pool_id == _pool.id, _hold.state == HoldState.OPEN, _hold.owner == bindparam("holder")))
    .where(_line.cart_id == bindparam("cart"))
    .order_by(_line.id)
)
# fmt: on


def read(session: Session, cart_id: str, now: datetime) -> CartView:
    """The cart with this id; one that does not exist is empty."""
    rows = run(session, _LINES, {"cart": cart_id, "holder": holder(cart_id)}).all()
    coops = {
        row.coop_id: CartCoop(
            row.coop_id, row.coop_slug, row.coop_name, row.ward_code, row.phone, row.zalo or row.phone, row.has_policies
        )
        for row in rows
    }
    known = _wholesale(session, rows)
    lines, taken = [_as_line(row, now, known) for row in rows], None
    if rows and rows[0].voucher_id:
        lines, taken = _with_voucher(session, rows[0].voucher_id, lines, now)
    return CartView(cart_id, [CartParcel(coop, list(mine)) for coop, mine in _by_coop(coops, lines)], taken)


def _wholesale(session: Session, rows: Sequence[Any]) -> set[int]:
    """The co-ops whose wholesale prices this cart's buyer pays; nobody is asked when the goods have none."""
    coop_ids = {row.coop_id for row in rows if row.wholesale}
    return wholesale.coops_of(session, rows[0].person_id, coop_ids) if coop_ids and rows[0].person_id else set()


def _with_voucher(
    session: Session, voucher_id: int, lines: list[Line], now: datetime
) -> tuple[list[Line], VoucherTaken]:
    """The lines with what the voucher takes off each, to the đồng."""
    voucher = session.get_one(Voucher, voucher_id)
    goods = [(line.kind_for(voucher.owner), line.total_vnd) for line in lines]
    off, given = vouchers.off(voucher, goods, now), voucher.owner == vouchers.MARKET
    marked = [
        replace(
            line,
            discount_vnd=line.discount_vnd + part,
            voucher_code=voucher.code,
            gift_vnd=part if given else 0,
        )
        if part
        else line
        for line, part in zip(lines, off, strict=True)
    ]
    return marked, VoucherTaken(voucher.id, voucher.code, sum(off), voucher.least_vnd, given)


def _by_coop(coops: dict[int, CartCoop], lines: list[Line]) -> Iterable[tuple[CartCoop, Iterable[Line]]]:
    order = {coop_id: at for at, coop_id in enumerate(coops)}
    lines.sort(key=lambda line: order[line.coop_id])
    return [(coops[coop_id], list(mine)) for coop_id, mine in groupby(lines, key=lambda line: line.coop_id)]


def _price(row: Any, known: set[int]) -> tuple[int, str]:
    """What a step costs now outside a session, and why."""
    price_vnd: int = row.price_vnd
    if not (row.tiers or row.wholesale):
        return price_vnd, ""
    for_all_vnd = price_for(price_vnd, row.tiers, row.quantity)
    known_vnd = price_for(price_vnd, row.wholesale, row.quantity) if row.coop_id in known else for_all_vnd
    if known_vnd < for_all_vnd:
        return known_vnd, WHOLESALE
    return for_all_vnd, TIER if for_all_vnd < price_vnd else ""


def _as_line(row: Any, now: datetime, known: set[int]) -> Line:
    held_live = bool(row.live_key) and row.held_until is not None and row.held_until > now
    price_vnd, why = (row.live_price_vnd, row.price_kind) if held_live else _price(row, known)
    on_sale = row.on_sale and row.product_state == ProductState.ON_SALE and row.coop_state == CoopState.SELLING
    return Line(
        line_id=row.line_id,
        variant_id=row.variant_id,
        product_id=row.product_id,
        coop_id=row.coop_id,
        product_name=row.product_name,
        product_name_en=row.product_name_en,
        product_slug=row.product_slug,
        variant_name=row.variant_name,
        kind=row.kind,
        step_g=row.step_g,
        packing_g=row.packing_g,
        most_steps=row.most_steps,
        shelf_life_days=row.shelf_life_days,
        price_vnd=price_vnd,
        was_vnd=row.seen_price_vnd if row.seen_price_vnd != price_vnd else None,
        quantity=row.quantity,
        pool_id=row.live_pool_id if held_live else row.pool_id,
        available=row.quantity if held_live else row.free + row.mine,
        on_sale=on_sale,
        live_key=row.live_key,
        held_until=row.held_until if held_live else None,
        hold_owner=row.hold_owner if held_live else None,
        live_lapsed=bool(row.live_key) and not held_live,
        held_here=row.mine,
        commission_bp=row.commission_bp,
        price_kind=why,
        least_steps=row.least_steps,
        ship_by=row.ship_by,
        discount_vnd=row.discount_vnd if held_live else 0,
        set_name=row.set_name,
        set_count=row.set_count,
    )
