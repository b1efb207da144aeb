"""The goods of the demo market: shelves, co-ops, products, papers, stock. All invented, and marked so.

Run again it adds only what is missing. Pictures are drawn by our own code and go the way of every uploaded photo.
"""

from __future__ import annotations

import io
import multiprocessing
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from shop.catalog import selling
from shop.catalog.models import Category, Product, ProductState, Variant
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop, CoopState
from shop.core import images, pictures
from shop.core.db import Database
from shop.core.i18n import kg
from shop.core.images import Stored
from shop.core.pagecache import bump
from shop.core.progress import Progress, silent
from shop.core.text import slug
from shop.settings import Settings
from shop.stock import service as stock

CONTENT = Path(__file__).parent / "content"
DRAWERS = 2
OPENED_BEFORE = timedelta(days=120)


@cache
def content(name: str) -> dict[str, Any]:
    """One file of the demo's words."""
    return tomllib.loads((CONTENT / f"{name}.toml").read_text("utf-8"))


def goods() -> list[dict[str, Any]]:
    """All products, dragon fruit last: lists show the newest first, and it is what the market lives on."""
    return [*reversed(content("kept")["goods"]), *reversed(content("fresh")["goods"])]


def make_market(
    db: Database, settings: Settings, now: datetime, progress: Progress = silent, draw: bool = True
) -> None:
    """Fill the shelves. A second run changes nothing; `draw=False` leaves the photos out."""
    drawn = _draw_missing(db, settings, progress) if draw else {}
    with db.write() as session:
        shelves = _shelves(session, drawn, now)
        coops = _coops(session, drawn, now)
        for at, facts in enumerate(goods()):
            _product(session, facts, coops[facts["coop"]], shelves[facts["shelf"]], drawn, now, at)
        for facts in content("papers")["paper"]:
            _paper(session, facts, coops)


def _shelves(session: Session, drawn: Mapping[str, Stored], now: datetime) -> dict[str, Category]:
    known = {shelf.slug: shelf for shelf in session.exec(select(Category))}
    for position, facts in enumerate(content("coops")["shelf"]):
        shelf = known.setdefault(facts["slug"], Category(position=position, **facts))
        if shelf.photo_id is None:
            shelf.photo_id = _photo_id(session, _front_of(facts["slug"]), facts["name"], drawn, now)
        session.add(shelf)
    session.flush()
    return known


def _front_of(shelf: str) -> str:
    """The first picture of the shelf's first goods stands for the shelf."""
    everything = content("fresh")["goods"] + content("kept")["goods"]
    picture: str = next(one["pictures"][0] for one in everything if one["shelf"] == shelf)
    return picture


def _coops(session: Session, drawn: Mapping[str, Stored], now: datetime) -> dict[str, Coop]:
    known = {coop.slug: coop for coop in session.exec(select(Coop))}
    for number, facts in enumerate(content("coops")["coop"], start=1):
        if facts["slug"] not in known:
            known[facts["slug"]] = _coop(session, number, facts, drawn, now)
    session.flush()
    return known


def _coop(session: Session, number: int, facts: Mapping[str, Any], drawn: Mapping[str, Stored], now: datetime) -> Coop:
    words: dict[str, Any] = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    area = words.pop("area")
    sells = {one["shelf"] for one in goods() if one["coop"] == facts["slug"]}
    fresh = bool(sells & {"thanh-long-tuoi", "trai-cay-khac", "rau-cu"})
    coop = Coop(
        **words,
        province_code="68" if area == "far-south" else "48",
        tax_code=f"99000000{number:02d}",
        phone=f"+849000000{number + 10:02d}",
        delivery_policy=content("policies")[area]["delivery"],
        return_policy=content("policies")["fresh" if fresh else "kept"]["returns"],
        state=CoopState.SELLING,
        verified_at=now - OPENED_BEFORE,
        created_at=now - OPENED_BEFORE,
        is_demo=True,
        face_photo_id=_photo_id(session, f"face-{number}", words["face_name"], drawn, now),
        cover_photo_id=_photo_id(session, f"place-{facts['slug']}", words["name"], drawn, now),
    )
    session.add(coop)
    bump(session, "coops", "lists")
    return coop


def _product(
    session: Session,
    facts: Mapping[str, Any],
    coop: Coop,
    shelf: Category,
    drawn: Mapping[str, Stored],
    now: datetime,
    at: int,
) -> None:
    address = slug(facts["name"])
    if session.exec(select(Product.id).where(Product.slug == address)).first():
        return
    since = now - OPENED_BEFORE + timedelta(hours=at)
    product = selling.add_product(
        session,
        Product(
            coop_id=coop.id,
            category_id=shelf.id,
            slug=address,
            name=facts["name"],
            name_en=facts["name_en"],
            summary=facts["summary"],
            description=facts["description"].strip(),
            origin=facts["origin"],
            storage_tip=facts["storage"],
            shelf_life_days=facts.get("days"),
            state=ProductState.ON_SALE,
            created_at=since,
            is_demo=True,
        ),
    )
    for name in facts["pictures"]:
        if photo_id := _photo_id(session, name, facts["name"], drawn, now):
            selling.add_photo(session, product.id, photo_id)
    for position, row in enumerate(facts["variants"]):
        _variant(session, product, position, row, since)


def _variant(session: Session, product: Product, position: int, row: Sequence[Any], since: datetime) -> None:
    kind, step_g, packing_g, price_vnd, on_hand, *name = row
    named = name[0] if name else "Bán lẻ từng nửa ký" if kind == "loose" else f"Thùng {kg(step_g)}"
    variant = Variant(
        product_id=product.id,
        name=named.replace("\u00a0", " "),
        kind=kind,
        step_g=step_g,
        packing_g=packing_g,
        price_vnd=price_vnd,
        position=position,
    )
    selling.add_variant(session, variant, since)
    if on_hand:
        stock.receive(session, stock.pool_of(session, variant.id), on_hand, since, "mở chợ")


def _paper(session: Session, facts: Mapping[str, Any], coops: Mapping[str, Coop]) -> None:
    if session.exec(select(Certificate.id).where(Certificate.number == facts["number"])).first():
        return
    about = facts.get("product")
    product_id = session.exec(select(Product.id).where(Product.slug == slug(about))).one() if about else None
    session.add(
        Certificate(
            coop_id=coops[facts["coop"]].id,
            product_id=product_id,
            kind=facts["kind"],
            stars=facts.get("stars", 0),
            number=facts["number"],
            issuer=facts["issuer"],
            issued_on=facts["issued"],
            expires_on=facts["expires"],
            state=facts.get("state", CertificateState.VERIFIED),
            is_demo=True,
        )
    )


_SEEN = {"cut": "bổ đôi", "box": "xếp trong thùng", "whole": "nguyên trái"}


def _photo_id(session: Session, name: str, alt: str, drawn: Mapping[str, Stored], now: datetime) -> int | None:
    stored = drawn.get(name)
    seen = next((words for end, words in _SEEN.items() if f"-{end}" in name), "")
    return pictures.keep(session, stored, f"{alt}, {seen}" if seen else alt, now).id if stored else None


def _draw_missing(db: Database, settings: Settings, progress: Progress) -> dict[str, Stored]:
    """Draw what rows that are still to be made will show; two at a time."""
    with db.read() as session:
        slugs = {*session.exec(select(Product.slug)), *session.exec(select(Coop.slug))}
    names = list(dict.fromkeys(_names_without(slugs)))
    settings.media_dir.mkdir(parents=True, exist_ok=True)
    return dict(_drawn(names, settings.media_dir.resolve(), progress)) if names else {}


def _names_without(slugs: set[str]) -> Iterator[str]:
    for number, coop in enumerate(content("coops")["coop"], start=1):
        if coop["slug"] not in slugs:
            yield from (f"face-{number}", f"place-{coop['slug']}")
    for one in goods():
        if slug(one["name"]) not in slugs:
            yield from one["pictures"]


def _drawn(names: Sequence[str], media_dir: Path, progress: Progress) -> Iterable[tuple[str, Stored]]:
    with ProcessPoolExecutor(DRAWERS, multiprocessing.get_context("spawn")) as drawers:
        at_work = [drawers.submit(paint, name, media_dir) for name in names]
        for done, one in enumerate(as_completed(at_work), start=1):
            progress("pictures", done, len(names))
            yield one.result()


def paint(name: str, media_dir: Path) -> tuple[str, Stored]:
    """Draw one picture and keep it as if somebody had uploaded it."""
    from shop.demo import drawings  # only the drawers need it

    raw = io.BytesIO()
    drawings.draw(name).save(raw, "jpeg", quality=95)
    return name, images.prepare(raw.getvalue(), f"{name}.jpg", media_dir)
