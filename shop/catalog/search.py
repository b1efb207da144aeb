"""Finding products by words: accents and case do not matter, but what is spelled exactly as typed comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, column, func, literal_column, select, table
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from shop.catalog.models import Product
from shop.catalog.words import Question
from shop.core.db import run

MOST_HITS = 1000
_INDEX = table("product_words", column("rowid"))
_Wanted = Select[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A product that holds every word asked for."""

    id: int
    lowest_price_vnd: int
    search_name: str
    search_exact: str


@dataclass(frozen=True)
class Hits:
    """What was found, in no order: at most MOST_HITS; `more` says that there are others."""

    found: Sequence[Hit]
    more: bool


_COLUMNS: _Wanted = select(
    col(Product.id), col(Product.lowest_price_vnd), col(Product.search_name), col(Product.search_exact)
)


def find(
    session: Session, question: Question, narrowed: Sequence[ColumnElement[bool]] = (), marks: Sequence[str] = ()
) -> Hits:
    """Products with every word of the question in their name, co-op, place or shelf.

    `narrowed` are further conditions on Product; `marks` name those of them that SQLite's index can check by itself
    (PostgreSQL finds the better way alone). When more than MOST_HITS match, those whose name holds the words
    exactly as typed are taken first, then those whose name holds them at all, then the newest.
    """
    hits = _matching(session, question, "search_folded", narrowed, marks)
    if len(hits) <= MOST_HITS:
        return Hits(hits, more=False)
    names = _matching(session, question, "search_name", narrowed, marks)
    exact = _matching(session, question, "search_exact", narrowed, marks) if question.exact else []
    best = list({hit.id: hit for hit in [*exact, *names, *hits]}.values())[:MOST_HITS]
    return Hits(best, more=True)


def _matching(
    session: Session, question: Question, where: str, narrowed: Sequence[ColumnElement[bool]], marks: Sequence[str]
) -> list[Hit]:
    wanted = _COLUMNS.where(*narrowed)
    if session.get_bind().dialect.name == "sqlite":
        asked = _on_sqlite(wanted, question.for_sqlite(where, marks))
    else:
        asked = _on_postgresql(wanted, question.for_postgresql(where), where)
    rows: Sequence[Any] = run(session, asked.limit(MOST_HITS + 1)).all()
    return [Hit(*row) for row in rows]


def _on_sqlite(wanted: _Wanted, asked: str) -> _Wanted:
    words: BindParameter[str] = bindparam("words", asked)
    joined = wanted.join(_INDEX, _INDEX.c.rowid == col(Product.id))
    return joined.where(literal_column("product_words").op("MATCH")(words)).order_by(_INDEX.c.rowid.desc())


def _on_postgresql(wanted: _Wanted, asked: str, where: str) -> _Wanted:
    words = sql_cast(bindparam("words", asked), TSQUERY)
    indexed = func.array_to_tsvector(func.string_to_array(getattr(Product, where), literal_column("' '")))
    found = wanted.where(indexed.op("@@")(words))
    # Sorting tens of thousands of rows for the first thousand costs more than finding them: names come as they lie.
    return found.order_by(col(Product.id).desc()) if where == "search_folded" else found


def rank(question: Question, hit: Hit) -> tuple[int, ...]:
    """Smaller is better: written as typed, words in the name, in this order, whole, early in it; then the newest."""
    name, written = f" {hit.search_name} ", f" {hit.search_exact} "
    asked, typed = " " + " ".join(question.words), " " + " ".join(question.exact)
    as_typed = sum(f" {word} " in written for word in question.exact) + (bool(question.exact) and typed in written)
    in_name = sum(any(f" {word}" in name for word in group) for group in question.groups)
    at = name.find(asked)
    whole = f"{asked} " in name
    return (-as_typed, -in_name, int(at < 0), int(not whole), max(at, 0), -hit.id)
