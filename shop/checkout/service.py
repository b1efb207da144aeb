"""From a cart to an order with the goods held meanwhile. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from payments import service as payments
from shop.addresses import service as addresses
from shop.cart import basket
from shop.cart import service as cart
from shop.cart.basket import CartView, holder
from shop.cart.ways import PartChoice, parts_of
from shop.checkout.models import Checkout
from shop.coops.service import PoliciesMissing
from shop.core.db import Database
from shop.core.errors import NotFound, Refusal
from shop.core.ids import secret_token
from shop.orders import taking
from shop.orders.pickup import service as pickup
from shop.orders.pickup.service import SlotDay
from shop.orders.placing import Buyer, Part, Placed, by_pool, find_placed, place, refuse_too_many_open
from shop.settings import Settings
from shop.shipping.service import Quote
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState
from shop.vouchers import service as vouchers

FORGET_AFTER = timedelta(days=30)


class EmptyCart(Refusal):
    """There is nothing to buy."""


class GoneFromSale(Refusal):
    """Goods in the cart are no longer sold. Facts: names."""


class NoCheckout(NotFound):
    """This cart has no checkout under way."""


class NotAnswered(Refusal):
    """A step before this one is not answered yet. Facts: step (1 address, 2 delivery)."""


class CannotDeliver(Refusal):
    """A co-op offers no such way to this ward. Facts: coop."""


class SumChanged(Refusal):
    """Since the summary was shown, the sum became another one. Facts: seen_vnd, total_vnd."""


@dataclass(frozen=True)
class Standing:
    """Where a checkout stands: what a step shows. Safe to use after the session has closed."""

    checkout: Checkout
    cart: CartView
    parts: list[PartChoice]
    slots: dict[int, list[SlotDay]] = field(default_factory=dict)
    """The hours at which the parcels can be fetched that shall be, by co-op; none where it is open at any time."""

    @property
    def answers(self) -> dict[str, Any]:
        return self.checkout.answers

    @cached_property
    def quotes(self) -> list[Quote]:
        return [part.quote for part in self.parts if part.quote]

    @property
    def goods_vnd(self) -> int:
        return self.cart.goods_vnd

    @property
    def shipping_vnd(self) -> int:
        return sum(quote.fee_vnd for quote in self.quotes)

    @property
    def total_vnd(self) -> int:
        return self.goods_vnd + self.shipping_vnd

    @property
    def step(self) -> int:
        """The first step that is not answered: 1 who and where, 2 how, 3 the summary."""
        if not self.answers.get("ward_code"):
            return 1
        ways = self.answers.get("ways") or {}
        settled = all(part.quote and str(part.parcel.coop.id) in ways and self._has_hour(part) for part in self.parts)
        return 3 if settled and self.answers.get("payment_method") else 2

    def slot_of(self, coop_id: int) -> SlotDay | None:
        """The hour that was chosen, while it has a place."""
        key = (self.answers.get("slots") or {}).get(str(coop_id))
        return next((it for it in self.slots.get(coop_id, ()) if it.key == key and it.left), None)

    def _has_hour(self, part: PartChoice) -> bool:
        return not self.slots.get(part.parcel.coop.id) or self.slot_of(part.parcel.coop.id) is not None

    def is_held(self, now: datetime) -> bool:
        return self.checkout.state == "open" and self.checkout.held_until > now


def refuse_unbuyable(mine: CartView) -> None:
    """Raise EmptyCart, GoneFromSale, PoliciesMissing, TooFewOfOne or SoldOut when this cart cannot become an order."""
    if not mine.lines:
        raise EmptyCart
    gone = [line.product_name for line in mine.lines if not line.on_sale]
    if gone:
        raise GoneFromSale(names=gone)
    for parcel in mine.parcels:
        if not parcel.coop.has_policies:
            raise PoliciesMissing(name=parcel.coop.name)
    for line in mine.lines:
        if line.is_too_few:
            raise cart.TooFewOfOne(name=line.shown_name, least=line.least_steps, step_g=line.step_g)
    short = [
        {"variant_id": line.variant_id, "wanted": line.quantity, "left": max(0, line.available)}
        for line in mine.lines
        if line.is_short
    ]
    if short:
        raise cart.named(stock.SoldOut(lines=short), mine.lines)


def under_way(session: Session, cart_id: str) -> Checkout | None:
    """The checkout of this cart that has not become an order, open or lapsed."""
    mine = select(Checkout).where(col(Checkout.cart_id) == cart_id, col(Checkout.state) != "placed")
    return session.execute(mine.order_by(col(Checkout.started_at).desc()).limit(1)).scalar_one_or_none()


def require_own(session: Session, checkout_id: str, cart_id: str | None) -> None:
    """Only who has the cart may order from its checkout, placed or not. Raises NoCheckout."""
    own = select(col(Checkout.cart_id)).where(col(Checkout.id) == checkout_id)
    if cart_id is None or session.execute(own).scalar_one_or_none() != cart_id:
        raise NoCheckout


def start(session: Session, cart_id: str, visitor_key: str, settings: Settings, now: datetime) -> Checkout:
    """Begin to check out, or go on with the checkout under way: every line is held from now on.

    Raises what `refuse_unbuyable` raises, NotTakingOrders, SoldOut, and TooManyOpen when this visitor holds too much
    already.
    """
    mine = basket.read(session, cart_id, now)
    refuse_unbuyable(mine)
    taking.require_open(session, mine.parcels, now)
    found = under_way(session, cart_id)
    if found is None or found.state != "open" or found.held_until <= now:
        _refuse_too_many(session, settings, now, visitor_key=visitor_key)
    if found is None:
        found = Checkout(
            id=secret_token(), cart_id=cart_id, visitor_key=visitor_key, started_at=now, held_until=now, answers={}
        )
        session.add(found)
    found.visitor_key = visitor_key
    hold(session, found, mine, settings, now)
    cart.note_prices(session, mine)
    return found


def _refuse_too_many(
    session: Session, settings: Settings, now: datetime, *, visitor_key: str = "", phone: str = "", but: str = ""
) -> None:
    still_open = select(func.count()).where(col(Checkout.state) == "open", col(Checkout.held_until) > now)
    mine = col(Checkout.phone) == phone if phone else col(Checkout.visitor_key) == visitor_key
    besides = session.execute(still_open.where(mine, col(Checkout.id) != but)).scalar_one()
    refuse_too_many_open(session, settings, now, visitor_key=visitor_key, phone=phone, besides=besides)


def hold(session: Session, checkout: Checkout, mine: CartView, settings: Settings, now: datetime) -> None:
    """Hold what lies in the cart, a while longer with each step, at most so long after the start.

    What was held under an older cart is let go first; a lapsed hold is taken again. Raises SoldOut.
    """
    if checkout.held_until <= now or checkout.state != "open":
        checkout.started_at, checkout.state = now, "open"
    latest = checkout.started_at + timedelta(minutes=settings.checkout_hold_max_minutes)
    until = min(now + timedelta(minutes=settings.checkout_hold_minutes), latest)
    owner = holder(mine.id)
    wanted = by_pool([line for line in mine.lines if not line.is_live])
    if wanted == {held.pool_id: held.quantity for held in stock.open_holds(session, owner)}:
        stock.extend_holds(session, owner, until)
    else:
        stock.release_holds(session, owner, now)
        _take(session, wanted, mine, until, now)
    cart.keep_live_lines(session, mine.lines, until)
    checkout.held_until = until
    session.flush()


def _take(session: Session, wanted: dict[int, int], mine: CartView, until: datetime, now: datetime) -> None:
    try:
        stock.take_holds(session, wanted, holder(mine.id), until, now)
    except stock.SoldOut as refusal:
        raise cart.named(refusal, mine.lines) from refusal


def standing(session: Session, checkout: Checkout, now: datetime) -> Standing:
    """Where this checkout stands now."""
    return _stand(session, checkout, basket.read(session, checkout.cart_id, now), now)


def _stand(session: Session, checkout: Checkout, mine: CartView, now: datetime) -> Standing:
    parts = parts_of(session, mine, checkout.answers, now)
    fetched = {part.parcel.coop.id: part.quote for part in parts if part.quote and part.quote.way == "pickup"}
    return Standing(checkout, mine, parts, hours(session, fetched, now))


def hours(session: Session, fetched: Mapping[int, Quote], now: datetime) -> dict[int, list[SlotDay]]:
    """When parcels of these co-ops can be fetched, from the day each is ready."""
    return {coop_id: pickup.offered(session, coop_id, quote.earliest, now) for coop_id, quote in fetched.items()}


def answer(session: Session, checkout: Checkout, settings: Settings, now: datetime, **answers: Any) -> Standing:
    """Keep the answers of a step and hold the goods a while longer.

    Raises UnknownWard for a ward that is not of its province, TooManyOpen for a phone that holds too much,
    CannotDeliver for a way that is not offered, SoldOut when a lapsed hold cannot be taken again.
    """
    if "ward_code" in answers:
        addresses.ward(answers["ward_code"], answers["province_code"])
        _refuse_too_many(session, settings, now, phone=answers["phone"], but=checkout.id)
        checkout.phone = answers["phone"]
    checkout.answers = {**checkout.answers, **answers}
    mine = basket.read(session, checkout.cart_id, now)
    refuse_unbuyable(mine)
    hold(session, checkout, mine, settings, now)
    here = _stand(session, checkout, mine, now)
    for part in here.parts if "ways" in answers else []:
        if part.quote is None:
            raise CannotDeliver(coop=part.parcel.coop.name)
        _require_hour(here, part.parcel.coop.id, part.parcel.coop.name)
    return here


def _require_hour(here: Standing, coop_id: int, name: str) -> None:
    if here.slots.get(coop_id) and here.slot_of(coop_id) is None:
        if key := (here.answers.get("slots") or {}).get(str(coop_id)):
            raise pickup.SlotFull(day=key.partition(":")[2])
        raise pickup.SlotMissing(coop=name, hours=[it.key for it in here.slots[coop_id] if it.left])


def place_order(
    session: Session,
    checkout_id: str,
    seen_vnd: int,
    settings: Settings,
    now: datetime,
    *,
    person_id: int | None = None,
    lang: str = "vi",
) -> Placed:
    """Make the checkout an order, once: whoever sends the same form again gets the same order.

    Raises NoCheckout, NotAnswered, SumChanged, and what `start` and `orders.place` raise; then nothing has changed.
    """
    mark = update(Checkout).where(col(Checkout.id) == checkout_id, col(Checkout.state) != "placed")
    marked = session.execute(mark.values(state="placed").execution_options(synchronize_session=False))
    if not marked.rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        placed = find_placed(session, checkout_id)
        if placed is None:
            raise NoCheckout
        return placed
    checkout = session.get_one(Checkout, checkout_id)
    here = _ready(session, checkout, seen_vnd, settings, now)
    placed = place(
        session,
        checkout.id,
        _buyer(checkout, person_id, lang),
        [Part(part.parcel, _on_day(part.quote, here, part)) for part in here.parts if part.quote],
        here.answers["payment_method"],
        settings,
        now,
        held_for=holder(checkout.cart_id),
        source=next((":".join(line.live_key.split(":")[:2]) for line in here.cart.lines if line.is_live), "shop"),
    )
    chosen = {coop_id: slot for coop_id in here.slots if (slot := here.slot_of(coop_id))}
    pickup.book(session, placed.id, chosen, now)
    checkout.state, checkout.order_id = "placed", placed.id
    _use_voucher(session, checkout, here.cart, placed, now)
    cart.clear(session, checkout.cart_id)
    return placed


def _on_day(quote: Quote, here: Standing, part: PartChoice) -> Quote:
    slot = here.slot_of(part.parcel.coop.id)
    return replace(quote, earliest=slot.day, latest=slot.day) if slot else quote


def _use_voucher(session: Session, checkout: Checkout, mine: CartView, placed: Placed, now: datetime) -> None:
    """The order has the voucher that took something off. Raises VoucherGone, VoucherUsedBefore."""
    if mine.voucher is None:
        return
    if mine.voucher.off_vnd:
        who = (checkout.answers["phone"], checkout.visitor_key)
        vouchers.use(session, mine.voucher.id, placed.id, *who, mine.voucher.off_vnd, now)
    cart.take_voucher(session, checkout.cart_id, "", now)


def _ready(session: Session, checkout: Checkout, seen_vnd: int, settings: Settings, now: datetime) -> Standing:
    mine = basket.read(session, checkout.cart_id, now)
    refuse_unbuyable(mine)
    taking.require_open(session, mine.parcels, now, lock=True)  # before any pool is touched, as all who order do
    here = _stand(session, checkout, mine, now)
    if here.step != 3:
        raise NotAnswered(step=here.step)
    if here.total_vnd != seen_vnd:
        raise SumChanged(seen_vnd=seen_vnd, total_vnd=here.total_vnd)
    if checkout.answers["payment_method"] not in payments.methods(settings, here.total_vnd):
        raise NotAnswered(step=2)
    hold(session, checkout, mine, settings, now)
    return here


_BUYER = ("name", "phone", "province_code", "ward_code", "line", "legacy_text", "note", "email")


def _buyer(checkout: Checkout, person_id: int | None, lang: str) -> Buyer:
    told = {name: checkout.answers[name] for name in _BUYER if checkout.answers.get(name)}
    return Buyer(**told, lang=lang, person_id=person_id, visitor_key=checkout.visitor_key)


def address_of(answers: dict[str, Any]) -> str:
    """The address of the answers in one line: street, ward, province."""
    return f"{answers['line']}, {addresses.full_name(answers['ward_code'])}"


def return_lapsed_holds(db: Database, now: datetime) -> None:
    """Timed job: what was held past its time, at checkout or live, is on sale again."""
    with db.read() as session:
        past = (col(Hold.state) == HoldState.OPEN, col(Hold.expires_at) <= now)
        if session.execute(select(col(Hold.id)).where(*past).limit(1)).first() is None:
            return
    with db.write() as session:
        stock.release_expired(session, now)


def lapse(db: Database, now: datetime) -> None:
    """Timed job: checkouts whose hold is over are marked so, and after a month what was typed in them is forgotten."""
    over = (col(Checkout.state) == "open", col(Checkout.held_until) <= now)
    with db.read() as session:
        if session.execute(select(col(Checkout.id)).where(*over).limit(1)).first() is None:
            return
    with db.write() as session:
        session.execute(update(Checkout).where(*over).values(state="lapsed"))
        session.execute(delete(Checkout).where(col(Checkout.held_until) < now - FORGET_AFTER))
