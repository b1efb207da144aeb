"""Everything of a co-op as a ZIP: a CSV and a JSON file for each kind of thing, and the photos.

It is made while it is sent, a thousand rows at a time: no transaction and no thread is held while a slow phone takes
its time, and ten thousand orders need no more memory than a thousand. What is ordered meanwhile may be in one file and
not yet in another.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Column, Select, Table, literal, select, text, tuple_
from sqlmodel import SQLModel
from sqlmodel import select as _select

from payments.payouts.accounts import masked
from shop.accounts.models import RoleGrant
from shop.catalog.wholesale.models import WholesaleBuyer
from shop.core.db import Database
from shop.core.i18n import local
from shop.core.images import widths_for
from shop.core.pictures import Photo, file_of
from shop.core.pictures import photos as photos_by_id
from shop.settings import Settings
from shop.sheets.belongings import FILES, File
from shop.sheets.going_out import plain
from shop.sheets.titles import TITLES

ROWS_AT_ONCE = 1000
_PIECE = 256 * 1024
_PHOTOS_AT_ONCE = 100
_LONGEST_NUMBER = 2**53
"""Beyond it programs that know one kind of number only, as browsers do, lose digits: such a number leaves as text."""
_PEOPLE = frozenset(
    {
        *("person_id", "host_id", "co_host_id", "made_by", "approved_by", "agreed_by", "asked_by", "decided_by"),
        *("lifted_by", "invited_by_id", "ended_by_id", "corrected_by_id", "proposed_by", "write_off_by"),
    }
)
"""Columns that name an account: told only of the co-op's own people."""
READ_FIRST = "doc-truoc.txt"
_WORDS = """Dữ liệu của {name}, lấy về lúc {at} (giờ Việt Nam).

Mỗi thứ có hai tệp: .csv để mở bằng Excel, .json để máy khác đọc. Ảnh nằm trong thư mục anh, tên tệp là số ảnh.
Trong .json, giờ là giờ quốc tế (UTC). Tiền tính bằng đồng, khối lượng bằng gam.
Tên, điện thoại và địa chỉ là của khách: bà con giữ kín. Số tài khoản chỉ ghi bốn số cuối.

{files}
"""
Row = dict[str, Any]


class _Whose(NamedTuple):
    """Whose things leave, and the numbers of its people."""

    coop_id: int
    people: frozenset[int]


def packed(db: Database, coop_id: int, name: str, settings: Settings, now: datetime) -> Iterator[bytes]:
    """The ZIP of a co-op called `name`, part by part."""
    pipe, photos = _Pipe(), dict[int, str]()
    whose = _Whose(coop_id, _people(db, coop_id))
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(READ_FIRST, _read_first(name, now))
        for file in FILES:
            pages = _noting_photos(_pages(db, file, whose), file.name, photos)
            yield from _both(archive, pipe, file.name, columns_of(file), pages)
        kept = sorted(photos)
        for at in range(0, len(kept), _PHOTOS_AT_ONCE):
            yield from _pictures(db, archive, pipe, kept[at : at + _PHOTOS_AT_ONCE], photos, settings)
    yield pipe.take()


def columns_of(file: File) -> list[Column[Any]]:
    """The columns that leave."""
    return [column for column in _table(file).c if column.name in TITLES and column.name not in file.hides]


def wanted(file: File, coop_id: int) -> Select[Any]:
    """The rows that leave, by their key."""
    mine = text(f"({file.whose})")
    told = {"coop": coop_id, "seller": f"coop:{coop_id}"}
    mine = mine.bindparams(**{name: value for name, value in told.items() if f":{name}" in file.whose})
    keys = _table(file).primary_key
    return select(*columns_of(file), *(key.label(f"key {key.name}") for key in keys)).where(mine).order_by(*keys)


def _table(file: File) -> Table:
    return SQLModel.metadata.tables[file.table]


def _people(db: Database, coop_id: int) -> frozenset[int]:
    with db.read() as session:
        staff = session.exec(_select(RoleGrant.person_id).where(RoleGrant.coop_id == coop_id))
        buyers = session.exec(_select(WholesaleBuyer.person_id).where(WholesaleBuyer.coop_id == coop_id))
        return frozenset((*staff, *buyers))


def _pages(db: Database, file: File, whose: _Whose) -> Iterator[list[Row]]:
    """Some rows at a time, each time in a transaction of its own, which is over when they are given."""
    rows, keys = wanted(file, whose.coop_id), list(_table(file).primary_key)
    after: Sequence[Any] = ()
    while True:
        further = rows
        if after:
            last = [literal(value, key.type) for key, value in zip(keys, after, strict=True)]
            further = rows.where(tuple_(*keys) > tuple_(*last))
        with db.read() as session:
            found = session.execute(further.limit(ROWS_AT_ONCE)).all()
        if found:
            yield [_told(row._mapping, whose.people) for row in found]
        if len(found) < ROWS_AT_ONCE:
            return
        after = found[-1][-len(keys) :]


def _told(row: Mapping[Any, Any], people: frozenset[int]) -> Row:
    told = {str(name): value for name, value in row.items() if not str(name).startswith("key ")}
    for name in _PEOPLE & told.keys():
        told[name] = told[name] if told[name] in people else None
    told |= {name: str(value) for name, value in told.items() if isinstance(value, int) and value > _LONGEST_NUMBER}
    if "account_no" in told:
        told["account_no"] = masked(told["account_no"])
    return told


def _noting_photos(pages: Iterable[list[Row]], folder: str, photos: dict[int, str]) -> Iterator[list[Row]]:
    """The same pages; each photo that they name is put down, with the folder it goes to."""
    for rows in pages:
        for row in rows:
            for name in row:
                if name.endswith(("photo_id", "photo_ids")):
                    named = row[name] if isinstance(row[name], list) else [row[name]]
                    photos |= {it: folder for it in named if it is not None and it not in photos}
        yield rows


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


def _both(
    archive: zipfile.ZipFile, pipe: _Pipe, name: str, columns: Sequence[Column[Any]], pages: Iterable[list[Row]]
) -> Iterator[bytes]:
    """The same rows as CSV and as JSON, which waits on the disk, as an archive takes one file after the other."""
    with tempfile.SpooledTemporaryFile(_PIECE) as aside:
        with archive.open(f"{name}.csv", "w") as out:
            out.write(b"\xef\xbb\xbf" + _lines([[TITLES[column.name] for column in columns]]))  # marked, for Excel
            count = 0
            for rows in pages:
                out.write(_lines([_cell(value) for value in row.values()] for row in rows))
                aside.write(b"".join((b",\n" if at or count else b"[\n") + _json(row) for at, row in enumerate(rows)))
                count += len(rows)
                yield pipe.take()
        aside.write(b"\n]\n" if count else b"[]\n")
        aside.seek(0)
        with archive.open(f"{name}.json", "w") as out:
            while piece := aside.read(_PIECE):
                out.write(piece)
                yield pipe.take()


def _pictures(
    db: Database,
    archive: zipfile.ZipFile,
    pipe: _Pipe,
    photo_ids: Sequence[int],
    folders: Mapping[int, str],
    settings: Settings,
) -> Iterator[bytes]:
    with db.read() as session:
        found = photos_by_id(session, photo_ids)
    for photo in found.values():
        file = _largest(photo, settings)
        if not file.is_file():
            continue
        with (
            archive.open(zipfile.ZipInfo(f"anh/{folders[photo.id]}/{photo.id}{file.suffix}"), "w") as out,
            file.open("rb") as source,
        ):
            while piece := source.read(_PIECE):
                out.write(piece)
                yield pipe.take()


def _largest(photo: Photo, settings: Settings) -> Path:
    kind = "jpeg" if "jpeg" in photo.formats else photo.formats[-1]
    return file_of(photo, widths_for(photo.width)[-1], kind, settings)


def _read_first(name: str, now: datetime) -> bytes:
    files = "\n".join(f"{file.name}: {file.called}" for file in FILES)
    return _WORDS.format(name=name, at=f"{local(now):%d/%m/%Y %H:%M}", files=files).encode("utf-8-sig")


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """For a person: on the clock of Vietnam, yes and no in words, and never a formula."""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str) and len(value) > 15 and value.isdecimal():
        return f"'{value}"  # or Excel keeps fifteen digits of it
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return plain(value) if isinstance(value, str) else "" if value is None else value


def _json(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=_moment).encode()


def _moment(value: datetime | date) -> str:
    return value.isoformat()
