"""The rules of the cart. Functions take an open session and never commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session, col

from shop.cart.basket import CartView, Line, holder, read
from shop.cart.models import Cart, CartLine
from shop.catalog.models import Product, ProductState, Variant
from shop.catalog.wholesale.prices import price_for
from shop.coops.models import Coop, CoopState
from shop.core.db import Database, run
from shop.core.errors import NotFound, Refusal
from shop.core.ids import secret_token
from shop.core.prepared import Prepared
from shop.stock import service as stock
from shop.stock.models import Hold, HoldState, Pool
from shop.vouchers import service as vouchers

MOST_LINES = 60
FORGET_AFTER = timedelta(days=60)


class NoSuchCart(NotFound):
    """No cart has this id."""


class NotOnSale(NotFound):
    """This variant cannot be bought (now, or at all). Facts: variant_id."""


class SoldOut(Refusal):
    """Less is left than the cart asks for. Facts: lines = [{variant_id, name, wanted, left, step_g}], in steps."""


class TooManyOfOne(Refusal):
    """More than one buyer may take at once. Facts: name, most, step_g."""


class TooFewOfOne(Refusal):
    """Less than the co-op sends of it. Facts: name, least, step_g."""


class FullCart(Refusal):
    """The cart has no room for another kind of goods. Facts: most."""


class LiveLineIsFixed(Refusal):
    """What was bought live is held as it is: it can only be given back. Facts: name."""


def open_cart(session: Session, person_id: int | None, now: datetime) -> str:
    """A new empty cart; returns its unguessable id."""
    (cart_id,) = open_carts(session, 1, now, person_id)
    return cart_id


def open_carts(session: Session, how_many: int, now: datetime, person_id: int | None = None) -> list[str]:
    """So many new empty carts."""
    ids = [secret_token() for _ in range(how_many)]
    rows = [{"id": one, "person_id": person_id, "created_at": now, "touched_at": now} for one in ids]
    if rows:
        run(session, _CART, rows)
    return ids


_CART = Prepared(insert(Cart.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it


def exists(session: Session, cart_id: str) -> bool:
    """Whether there is a cart with this id."""
    return session.execute(select(col(Cart.id)).where(col(Cart.id) == cart_id)).first() is not None


def belongs_to(session: Session, cart_id: str, person_id: int) -> None:
    """The cart is this person's from now on: their wholesale prices count in it."""
    other = (col(Cart.id) == cart_id, col(Cart.person_id).is_distinct_from(person_id))
    session.execute(update(Cart).where(*other).values(person_id=person_id))


def view(session: Session, cart_id: str | None, now: datetime) -> CartView:
    """The cart as a page shows it; without an id, an empty one."""
    return read(session, cart_id, now) if cart_id else CartView("", [])


def count(session: Session, cart_id: str | None) -> int:
    """How many kinds of goods lie in the cart."""
    mine = select(col(CartLine.id)).where(col(CartLine.cart_id) == cart_id)
    return len(session.execute(mine).all()) if cart_id else 0


def add(session: Session, cart_id: str, variant_id: int, quantity: int, now: datetime) -> None:
    """Put `quantity` more steps in the cart. Raises what `set_quantity` raises; nothing is reserved."""
    mine = (CartLine.cart_id == cart_id, CartLine.variant_id == variant_id, CartLine.live_key == "")
    known = session.execute(select(col(CartLine.quantity)).where(*mine)).scalar_one_or_none()  # type: ignore[arg-type]
    set_quantity(session, cart_id, variant_id, (known or 0) + quantity, now)


def set_quantity(
    session: Session, cart_id: str, variant_id: int, quantity: int, now: datetime, *, live_key: str = ""
) -> None:
    """Make it `quantity` steps of a variant, 0 to take it out.

    Raises NoSuchCart, NotOnSale, TooManyOfOne, TooFewOfOne, FullCart, and SoldOut if the co-op has less
    (what this cart holds for its own checkout counts as there). A line bought live can only be taken out:
    LiveLineIsFixed.
    """
    _touch(session, cart_id, now)
    if quantity <= 0:
        remove(session, cart_id, variant_id, live_key, now)
        return
    goods = _goods(session, cart_id, variant_id)
    if live_key:
        raise LiveLineIsFixed(name=goods.product_name)
    if quantity > goods.most_steps:
        raise TooManyOfOne(name=goods.product_name, most=goods.most_steps, step_g=goods.step_g)
    if quantity < goods.least_steps:
        raise TooFewOfOne(name=goods.product_name, least=goods.least_steps, step_g=goods.step_g)
    left = goods.on_hand - goods.held + (goods.mine or 0)
    if quantity > left:
        told = {"name": goods.product_name, "wanted": quantity, "left": max(0, left), "step_g": goods.step_g}
        raise SoldOut(lines=[{"variant_id": variant_id, **told}])
    _write_line(session, cart_id, variant_id, quantity, price_for(goods.price_vnd, goods.tiers, quantity), now)


def _touch(session: Session, cart_id: str, now: datetime) -> None:
    if run(session, _TOUCH, {"cart": cart_id, "now": now}).first() is None:
        raise NoSuchCart


_TOUCH = Prepared(
    update(Cart).where(col(Cart.id) == bindparam("cart")).values(touched_at=bindparam("now")).returning(col(Cart.id))
)


def _goods(session: Session, cart_id: str, variant_id: int) -> Any:
    """The row of one variant on sale with what is left of it. Raises NotOnSale."""
    mine = (col(Hold.pool_id) == col(Pool.id), col(Hold.owner) == holder(cart_id), col(Hold.state) == HoldState.OPEN)
    terms = (col(Variant.most_steps), col(Variant.least_steps), col(Variant.tiers))
    columns = (col(Variant.price_vnd), *terms, col(Variant.step_g), col(Pool.on_hand), col(Pool.held))
    wanted: Any = (
        select(*columns, col(Product.name).label("product_name"), col(Hold.quantity).label("mine"))
        .join(Product, col(Product.id) == col(Variant.product_id))
        .join(Coop, col(Coop.id) == col(Product.coop_id))
        .join(Pool, (col(Pool.variant_id) == col(Variant.id)) & (col(Pool.owner) == ""))
        .outerjoin(Hold, mine[0] & mine[1] & mine[2])
        .where(col(Variant.id) == variant_id, col(Variant.on_sale))
        .where(col(Product.state) == ProductState.ON_SALE, col(Coop.state) == CoopState.SELLING)
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NotOnSale(variant_id=variant_id)
    return row


def _write_line(session: Session, cart_id: str, variant_id: int, quantity: int, price_vnd: int, now: datetime) -> None:
    mine = (col(CartLine.cart_id) == cart_id, col(CartLine.variant_id) == variant_id, col(CartLine.live_key) == "")
    changed = update(CartLine).where(*mine).values(quantity=quantity, seen_price_vnd=price_vnd)
    if session.execute(changed).rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        return
    if count(session, cart_id) >= MOST_LINES:
        raise FullCart(most=MOST_LINES)
    line = CartLine(cart_id=cart_id, variant_id=variant_id, quantity=quantity, seen_price_vnd=price_vnd, added_at=now)
    session.add(line)
    session.flush()


def remove(
    session: Session, cart_id: str, variant_id: int, live_key: str, now: datetime, *, keep: str | None = None
) -> None:
    """Take a line out; what was held for a live line goes back at once, unless `keep` still owns it.

    Nothing happens when it is not there. Lines of a set go together.
    """
    if ":set" in live_key and keep is None:
        remove_together(session, cart_id, live_key, now)
        return
    for row in run(session, _REMOVE, {"cart": cart_id, "variant": variant_id, "live": live_key}):
        if row.hold_owner and row.hold_owner != keep:
            stock.release_holds(session, row.hold_owner, now)


def remove_together(session: Session, cart_id: str, live_key: str, now: datetime) -> None:
    """Take all lines of one set out; what was held for them goes back at once."""
    mine = (col(CartLine.cart_id) == cart_id, col(CartLine.live_key) == live_key)
    for owner in session.execute(delete(CartLine).where(*mine).returning(col(CartLine.hold_owner))).scalars().all():
        if owner:
            stock.release_holds(session, owner, now)


_REMOVE = Prepared(
    delete(CartLine)
    .where(col(CartLine.cart_id) == bindparam("cart"), col(CartLine.variant_id) == bindparam("variant"))
    .where(col(CartLine.live_key) == bindparam("live"))
    .returning(col(CartLine.hold_owner))
)


def add_live_hold(
    session: Session,
    cart_id: str,
    *,
    variant_id: int,
    live_key: str,
    pool_id: int,
    quantity: int,
    price_vnd: int,
    hold_owner: str,
    held_until: datetime,
    now: datetime,
    price_kind: str = "live",
    discount_vnd: int = 0,
    set_name: str = "",
    set_count: int = 0,
) -> None:
    """Put what somebody bought live in the cart: `quantity` steps, already held for `hold_owner` until `held_until`.

    The line keeps its price while it is held. One line a session and variant: a second call replaces the first,
    whose hold under another owner is given back.
    """
    _touch(session, cart_id, now)
    remove(session, cart_id, variant_id, live_key, now, keep=hold_owner)
    line = {"cart_id": cart_id, "variant_id": variant_id, "live_key": live_key, "quantity": quantity, "added_at": now}
    line |= {"seen_price_vnd": price_vnd, "price_vnd": price_vnd, "pool_id": pool_id}
    line |= {"price_kind": price_kind, "discount_vnd": discount_vnd, "set_name": set_name, "set_count": set_count}
    run(session, _LIVE_LINE, {**line, "hold_owner": hold_owner, "held_until": held_until})


_LIVE_LINE = Prepared(insert(CartLine.__table__))  # type: ignore[attr-defined]  # SQLModel does not declare it


def take_voucher(session: Session, cart_id: str, code: str, now: datetime) -> None:
    """Put a voucher of a session, a co-op or the market in the cart, an empty code takes it out.

    Raises NoSuchVoucher, VoucherGone.
    """
    lines = read(session, cart_id, now).lines
    owners = {line.live_key if line.is_live else vouchers.shop_owner(line.coop_id) for line in lines}
    voucher_id = vouchers.find(session, owners, code, now).id if code.strip() else None
    session.execute(update(Cart).where(col(Cart.id) == cart_id).values(voucher_id=voucher_id))


def keep_live_lines(session: Session, lines: Iterable[Line], until: datetime) -> None:
    """Hold the live lines of a checkout at least until then."""
    for line in lines:
        if line.hold_owner and line.held_until and line.held_until < until:
            stock.extend_holds(session, line.hold_owner, until)
            session.execute(update(CartLine).where(col(CartLine.id) == line.line_id).values(held_until=until))


def note_prices(session: Session, cart: CartView) -> None:
    """The buyer has now seen these prices."""
    for line in cart.lines:
        if line.was_vnd is not None:
            seen = update(CartLine).where(col(CartLine.id) == line.line_id)
            session.execute(seen.values(seen_price_vnd=line.price_vnd))


def clear(session: Session, cart_id: str) -> None:
    """Empty the cart, once its order stands; holds are not touched."""
    run(session, _CLEAR, {"cart": cart_id})


_CLEAR = Prepared(delete(CartLine).where(col(CartLine.cart_id) == bindparam("cart")))


def named(refusal: stock.SoldOut, lines: Iterable[Line]) -> SoldOut:
    """Stock's refusal with the names a person knows."""
    known = {line.variant_id: {"name": line.shown_name, "step_g": line.step_g} for line in lines}
    return SoldOut(lines=[{**short, **known[short["variant_id"]]} for short in refusal.facts["lines"]])


def forget_old_carts(db: Database, now: datetime) -> None:
    """Timed job: carts that nobody touched for two months and that never led to a checkout."""
    from_before = select(col(Cart.id)).where(col(Cart.touched_at) < now - FORGET_AFTER)
    with db.write() as session:
        session.execute(delete(CartLine).where(col(CartLine.cart_id).in_(from_before)))
