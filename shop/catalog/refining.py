"""What a co-op says of its goods after they are listed: words, shelf, photos. A person's change leaves an audit row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from shop.catalog import selling
from shop.catalog.models import Category, Product, ProductPhoto, ProductState
from shop.core.audit import AuditEntry, audit
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound
from shop.core.pagecache import bump

GRADES = ("350-550", "550-700", "700+")
"""Grams of one fruit, as dragon fruit is sorted for the market."""
MOST_PHOTOS = 12


class NoSuchPhoto(NotFound):
    """The product has no such photo."""


class EnoughPhotos(Invalid):
    """A product has at most so many photos. Facts: most."""


def refine(session: Session, product: Product, said: dict[str, Any], person: Person, now: datetime) -> None:
    """Keep what a co-op says of its goods. Raises ClaimNeedsProof, HealingClaim, NoSuchCategory for goods on sale."""
    name = said.pop("name")
    before = {key: getattr(product, key) for key in said}
    changed = {key: value for key, value in said.items() if before[key] != value}
    for key, value in changed.items():
        setattr(product, key, value)
    if changed:
        audit(session, person, "words", f"product:{product.id}", {key: before[key] for key in changed}, changed, now,
              product.coop_id)  # fmt: skip
    if name != product.name:
        selling.rename(session, product, name, person, now)
    if product.state == ProductState.ON_SALE:
        selling.check_display(session, product, now)
    selling.refresh(session, product)


def shelves(session: Session) -> list[tuple[int, str]]:
    """The shelves to choose from."""
    return [(shelf.id, shelf.name) for shelf in session.exec(select(Category).order_by(col(Category.position)))]


def photos_of(session: Session, product_id: int) -> list[int]:
    """The photos of a product in their order."""
    mine = select(ProductPhoto.photo_id).where(ProductPhoto.product_id == product_id)
    return list(session.exec(mine.order_by(col(ProductPhoto.position))))


def _put(session: Session, product: Product, photo_ids: list[int]) -> None:
    session.exec(delete(ProductPhoto).where(col(ProductPhoto.product_id) == product.id))
    for position, photo_id in enumerate(photo_ids):
        session.add(ProductPhoto(product_id=product.id, position=position, photo_id=photo_id))
    session.flush()
    bump(session, f"product:{product.id}", f"coop:{product.coop_id}", "lists")


def move_photo(session: Session, product: Product, photo_id: int, to: int) -> None:
    """Put a photo at another place; place 0 is the one in lists. Raises NoSuchPhoto."""
    others = _without(session, product, photo_id)
    others.insert(max(0, min(to, len(others))), photo_id)
    _put(session, product, others)


def _without(session: Session, product: Product, photo_id: int) -> list[int]:
    photo_ids = photos_of(session, product.id)
    if photo_id not in photo_ids:
        raise NoSuchPhoto
    photo_ids.remove(photo_id)
    return photo_ids


def swap_photo(session: Session, product: Product, photo_id: int, new_id: int, person: Person, now: datetime) -> None:
    """The photo, turned or cut, in the place of the one before. Raises NoSuchPhoto."""
    photo_ids = photos_of(session, product.id)
    if photo_id not in photo_ids:
        raise NoSuchPhoto
    _put(session, product, [new_id if one == photo_id else one for one in photo_ids])
    audit(session, person, "photo", f"product:{product.id}", photo_id, new_id, now, product.coop_id)


def remove_photo(session: Session, product: Product, photo_id: int, person: Person, now: datetime) -> None:
    """Show the photo no more; it can be put back. Raises NoSuchPhoto."""
    _put(session, product, _without(session, product, photo_id))
    audit(session, person, "photo", f"product:{product.id}", photo_id, None, now, product.coop_id)


def put_photo_back(session: Session, product: Product, photo_id: int, person: Person, now: datetime) -> None:
    """Show a photo that was removed of this product, behind the others. Raises NoSuchPhoto, EnoughPhotos."""
    photo_ids = photos_of(session, product.id)
    removed = select(AuditEntry.before).where(AuditEntry.what == "photo", AuditEntry.subject == f"product:{product.id}")
    if photo_id in photo_ids or photo_id not in set(session.exec(removed)):
        raise NoSuchPhoto
    if len(photo_ids) >= MOST_PHOTOS:
        raise EnoughPhotos(most=MOST_PHOTOS)
    _put(session, product, [*photo_ids, photo_id])
    audit(session, person, "photo", f"product:{product.id}", None, photo_id, now, product.coop_id)
