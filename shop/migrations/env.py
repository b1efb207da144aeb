"""Run by Alembic: which tables there are and on which connection to work."""

from __future__ import annotations

from alembic import context

from shop.migrations import tables


def compared(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave the indexes of words alone: FTS5's own tables, and PostgreSQL's indexes on expressions."""
    words = {"table": "product_words", "index": "ix_product_search"}
    return not (kind in words and (name or "").startswith(words[kind]))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,
    include_object=compared,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
context.config.attributes["connection"].commit()
