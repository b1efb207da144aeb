"""Everything of a co-op as a ZIP: a CSV and a JSON file for each kind of thing, and the photos.

It is made while it is sent: no transaction and no thread is held while a slow phone takes its time, and nothing of it
stays on our disk.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, or_, select
from sqlmodel import Session, SQLModel, col

from payments.earnings.models import Earning
from payments.payouts.models import Settlement
from shop.catalog.models import PriceChange, Product, ProductPhoto, Variant
from shop.certificates.models import Certificate
from shop.complaints.models import Complaint
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.images import path_of, widths_for
from shop.core.pictures import Photo
from shop.orders.models import MoneyBack, Order, OrderLine, Parcel
from shop.orders.proof.models import HandOverProof
from shop.reviews.models import Question, Review
from shop.sheets.going_out import plain
from shop.stock.lots.models import Lot, LotUnits
from shop.stock.models import Pool, StockMovement
from shop.talk.models import ParcelMessage
from shop.vouchers.models import Voucher

HIDDEN = {"placement_key", "visitor_key", "search_name", "search_folded", "search_exact", "person_id"}
"""Columns that are the market's own: secrets, indexes, other people's accounts."""
_PIECE = 256 * 1024


def tables(coop_id: int, sent: Iterable[int] = ()) -> dict[str, Select[Any]]:
    """What belongs to a co-op, by the name of its file; `sent` are the photos of claims and of parcels handed over."""
    mine = select(col(Product.id)).where(col(Product.coop_id) == coop_id)
    variants = select(col(Variant.id)).where(col(Variant.product_id).in_(mine))
    parcels = select(col(Parcel.id)).where(col(Parcel.coop_id) == coop_id)
    orders = select(col(Parcel.order_id)).where(col(Parcel.coop_id) == coop_id, col(Parcel.state) != "waiting")
    pools = select(col(Pool.id)).where(col(Pool.coop_id) == coop_id)
    lots = select(col(Lot.id)).where(col(Lot.coop_id) == coop_id)
    seller = f"coop:{coop_id}"
    return {
        "hop-tac-xa": _rows(Coop, col(Coop.id) == coop_id),
        "giay-chung-nhan": _rows(Certificate, col(Certificate.coop_id) == coop_id),
        "hang": _rows(Product, col(Product.coop_id) == coop_id),
        "loai-hang": _rows(Variant, col(Variant.product_id).in_(mine)),
        "gia-da-co": _rows(PriceChange, col(PriceChange.variant_id).in_(variants)),
        "ton-kho": _rows(Pool, col(Pool.coop_id) == coop_id),
        "nhap-xuat": _rows(StockMovement, col(StockMovement.pool_id).in_(pools)),
        "lo-hang": _rows(Lot, col(Lot.coop_id) == coop_id),
        "lo-con-lai": _rows(LotUnits, col(LotUnits.lot_id).in_(lots)),
        "don-hang": _rows(Order, col(Order.id).in_(orders)),
        "kien-hang": _rows(Parcel, col(Parcel.coop_id) == coop_id),
        "dong-don-hang": _rows(OrderLine, col(OrderLine.parcel_id).in_(parcels)),
        "tra-lai-tien": _rows(MoneyBack, col(MoneyBack.parcel_id).in_(parcels)),
        "tien-ban": _rows(Earning, col(Earning.seller) == seller),
        "tien-da-tra": _rows(Settlement, col(Settlement.seller) == seller),
        "ma-giam-gia": _rows(Voucher, col(Voucher.coop_id) == coop_id),
        "danh-gia": _rows(Review, col(Review.coop_id) == coop_id),
        "cau-hoi": _rows(Question, col(Question.coop_id) == coop_id),
        "khieu-nai": _rows(Complaint, col(Complaint.coop_id) == coop_id),
        "tin-nhan": _rows(ParcelMessage, col(ParcelMessage.parcel_id).in_(parcels)),
        "bang-chung-giao": _rows(HandOverProof, col(HandOverProof.parcel_id).in_(parcels)),
        "anh": _photos(coop_id, sent),
    }


def sent_photos(session: Session, coop_id: int) -> dict[int, str]:
    """The photos of a co-op's claims and of parcels handed over, with the name of each file: `khieu-nai-12-1`."""
    claims = select(col(Complaint.id), col(Complaint.photo_ids)).where(col(Complaint.coop_id) == coop_id)
    named = {
        photo_id: f"khieu-nai-{claim_id}-{at}"
        for claim_id, photo_ids in session.execute(claims)
        for at, photo_id in enumerate(photo_ids, 1)
    }
    proofs = select(HandOverProof).join(Parcel, col(Parcel.id) == col(HandOverProof.parcel_id))
    for it in session.execute(proofs.where(col(Parcel.coop_id) == coop_id)).scalars():
        named[it.photo_id] = f"giao-kien-{it.parcel_id}-{it.id}"
    return named


def _rows(model: type[SQLModel], whose: ColumnElement[bool]) -> Select[Any]:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    columns = [column for column in table.c if column.name not in HIDDEN]
    return select(*columns).where(whose).order_by(*table.primary_key)


def _photos(coop_id: int, sent: Iterable[int]) -> Select[Any]:
    """Of its goods and of itself, those that buyers sent with reviews and claims, and of parcels handed over."""
    mine = select(col(ProductPhoto.photo_id)).join(Product, col(Product.id) == col(ProductPhoto.product_id))
    of_coop = select(col(Coop.face_photo_id)).where(col(Coop.id) == coop_id)
    cover = select(col(Coop.cover_photo_id)).where(col(Coop.id) == coop_id)
    reviews = select(col(Review.photo_id)).where(col(Review.coop_id) == coop_id)
    number = col(Photo.id)
    of_goods = mine.where(col(Product.coop_id) == coop_id)
    return _rows(
        Photo, or_(number.in_(list(sent)), *(number.in_(some) for some in (of_goods, of_coop, cover, reviews)))
    )


class _Pipe(io.RawIOBase):
    """What was written and not yet taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def packed(db: Database, coop_id: int, media_dir: Path) -> Iterator[bytes]:
    """The ZIP, part by part."""
    pipe = _Pipe()
    with db.read() as session:
        named = sent_photos(session, coop_id)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, wanted in tables(coop_id, named).items():
            with db.read() as session:
                found = session.connection().execute(wanted)
                names, rows = list(found.keys()), [tuple(map(_value, row)) for row in found]
            archive.writestr(f"{name}.csv", _csv(names, rows))
            archive.writestr(f"{name}.json", _json(names, rows))
            yield pipe.take()
            if name == "anh":
                photos = [dict(zip(names, row, strict=True)) for row in rows]
                yield from _files(archive, pipe, photos, named, media_dir)
    yield pipe.take()


def _files(
    archive: zipfile.ZipFile,
    pipe: _Pipe,
    photos: Sequence[dict[str, Any]],
    named: Mapping[int, str],
    media_dir: Path,
) -> Iterator[bytes]:
    for photo in photos:
        kind = "jpeg" if "jpeg" in photo["formats"] else photo["formats"][-1]
        file = media_dir / path_of(photo["key"], widths_for(photo["width"])[-1], kind)
        if not file.is_file():
            continue
        name = f"anh/{named.get(photo['id'], photo['id'])}{file.suffix}"
        with archive.open(zipfile.ZipInfo(name), "w") as out, file.open("rb") as source:
            while piece := source.read(_PIECE):
                out.write(piece)
                yield pipe.take()


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")  # with its mark, or Excel takes it for another encoding


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return plain(value) if isinstance(value, str) else "" if value is None else value


def _json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    things = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(things, ensure_ascii=False, indent=1).encode()
