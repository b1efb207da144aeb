"""The rules of listing goods in steps. Functions take an open session and never commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shop.catalog import selling
from shop.catalog.drafts.models import ListingDraft
from shop.catalog.models import Category, Product, ProductState, Variant, VariantKind
from shop.catalog.service import variants_of
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.i18n import kg, speaking
from shop.core.money import NBSP
from shop.stock import service as stock

FORGET_AFTER = timedelta(days=30)
_COPIED = ("category_id", "origin", "storage_tip", "shelf_life_days", "tax_treatment")


class NoSuchDraft(NotFound):
    """These goods are on sale already, or nobody began to list them."""


class SameWay(Refusal):
    """The product is sold in this way already. Facts: name."""


class NotReady(Refusal):
    """A step before this one is not answered yet. Facts: step."""


def start(session: Session, coop_id: int, person: Person, photo_id: int | None, now: datetime) -> ListingDraft:
    """Begin to list goods; name, box and count begin with those of what the co-op listed last."""
    draft = ListingDraft(coop_id=coop_id, person_id=person.id, touched_at=now, photo_ids=[photo_id] if photo_id else [])
    last = _last(session, coop_id)
    if last:
        draft.name, draft.kind = last[0].name, last[1].kind
    session.add(draft)
    session.flush()
    return draft


def suggested_g(session: Session, coop_id: int) -> int:
    """The weight of the box listed last, 5 kg for the first one."""
    last = _last(session, coop_id)
    return last[1].step_g if last else 5000


def _last(session: Session, coop_id: int) -> tuple[Product, Variant] | None:
    wanted = select(Product, Variant).join(Variant, col(Variant.product_id) == Product.id)
    newest = wanted.where(Product.coop_id == coop_id).order_by(col(Product.id).desc(), col(Variant.id)).limit(1)
    return session.exec(newest).first()


def of_coop(session: Session, coop_id: int) -> list[ListingDraft]:
    """What the co-op has begun to list, the newest first."""
    mine = select(ListingDraft).where(ListingDraft.coop_id == coop_id)
    return list(session.exec(mine.order_by(col(ListingDraft.id).desc())))


def get(session: Session, coop_id: int, draft_id: int) -> ListingDraft:
    """The draft, if it is that co-op's; locked in a transaction that writes. Raises NoSuchDraft."""
    draft = session.get(ListingDraft, draft_id, with_for_update=True)
    if draft is None or draft.coop_id != coop_id:
        raise NoSuchDraft
    return draft


def say(draft: ListingDraft, now: datetime, **said: Any) -> None:
    """Keep the answers of one step."""
    for name, value in said.items():
        setattr(draft, name, value)
    draft.touched_at = now


def step_of(draft: ListingDraft) -> int:
    """The first step that is not answered: 2 box and weight, 3 price, 4 look it over. A photo can come later."""
    return 2 if not draft.step_g else 3 if not draft.price_vnd else 4


def publish(session: Session, draft: ListingDraft, person: Person, now: datetime) -> Product:
    """Put the goods on sale; what nobody said is as in the goods listed before. The draft is gone then.

    Raises NotReady, PriceNotPossible, and what `selling.set_state` raises.
    """
    if step_of(draft) < 4:
        raise NotReady(step=step_of(draft))
    product = selling.add_product(session, _product(session, draft, now))
    for photo_id in draft.photo_ids:
        selling.add_photo(session, product.id, photo_id)
    how = Variant(product_id=product.id, name="", kind=draft.kind, step_g=draft.step_g, price_vnd=draft.price_vnd)
    add_way(session, product, how, draft.on_hand or 0, person, now)
    selling.set_state(session, product, ProductState.ON_SALE, person, now)
    session.delete(draft)
    return product


def add_way(session: Session, product: Product, how: Variant, on_hand: int, person: Person, now: datetime) -> Variant:
    """Sell the product in this way, too, behind the others; without a name it is called by kind and weight.

    Raises SameWay when it is sold under that name already, PriceNotPossible.
    """
    how.name = how.name or variant_name(how.kind, how.step_g)
    others = variants_of(session, product.id)
    if how.name in [it.name for it in others]:
        raise SameWay(name=how.name)
    how.packing_g = how.step_g // 20 if how.kind == VariantKind.BOX else 0
    how.position = len(others)
    selling.add_variant(session, how, now, person.id)
    if on_hand:
        stock.set_on_hand(session, how.id, on_hand, person, now, "listed")
    return how


def _product(session: Session, draft: ListingDraft, now: datetime) -> Product:
    last = _last(session, draft.coop_id)
    if last:
        facts = {name: getattr(last[0], name) for name in _COPIED}
    else:
        facts = {"category_id": session.exec(select(Category.id).order_by(col(Category.position)).limit(1)).one()}
    return Product(coop_id=draft.coop_id, name=draft.name, created_at=now, **facts)


def variant_name(kind: str, step_g: int) -> str:
    """ "Thùng 5 kg", "Ký lẻ", "Gói 500 g": what people call it, in Vietnamese whoever lists it."""
    with speaking("vi"):
        weight = kg(step_g).replace(NBSP, " ") if step_g >= 1000 else f"{step_g} g"
    if kind == VariantKind.LOOSE:
        return "Ký lẻ" if step_g == 1000 else f"Lẻ từng {weight}"
    return f"{'Thùng' if kind == VariantKind.BOX else 'Gói'} {weight}"


def forget_old(db: Database, now: datetime) -> None:
    """Timed job: what nobody went on with for a month."""
    with db.write() as session:
        run(session, delete(ListingDraft).where(col(ListingDraft.touched_at) < now - FORGET_AFTER))
