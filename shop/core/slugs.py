"""Addresses stay: a thing that was renamed is still found under its old words."""

from sqlmodel import Field, Session, SQLModel

from shop.core.db import insert_once


class OldSlug(SQLModel, table=True):
    """An address that a product, co-op or session once had."""

    __tablename__ = "old_slug"

    kind: str = Field(primary_key=True)
    slug: str = Field(primary_key=True)
    subject_id: int


def remember(session: Session, kind: str, slug: str, subject_id: int) -> None:
    """Keep `slug` pointing to the subject after it got another one."""
    facts = {"kind": kind, "slug": slug, "subject_id": subject_id}
    insert_once(session, OldSlug, facts, ["kind", "slug"])


def find(session: Session, kind: str, slug: str) -> int | None:
    """The id of what was once known by this slug, None if nothing was."""
    row = session.get(OldSlug, (kind, slug))
    return row.subject_id if row else None
