"""The shape of the database, step by step (Alembic). Outside the layers: knows every table."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from shop.core.db import Database

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)


def upgrade(db: Database) -> None:
    """Bring the database to the newest shape, from empty or from any earlier one."""
    if is_current(db):
        return
    from alembic import command  # a start that has nothing to change does not pay for it

    with db.engine.connect() as connection:
        command.upgrade(config(connection), "head")


def is_current(db: Database) -> bool:
    """Whether the database has the newest shape."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest()


@lru_cache(maxsize=1)
def newest() -> str:
    """The last step, read from the files: the one that no other step follows."""
    texts = [file.read_text("utf-8") for file in (HERE / "versions").glob("*.py")]
    revisions = {found[1] for step in texts if (found := _REVISION.search(step))}
    followed = {found[1] for step in texts if (found := _BEFORE.search(step))}
    (last,) = revisions - followed
    return last


def config(connection: object) -> Config:
    """Alembic's settings for an open connection."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(HERE))
    settings.attributes["connection"] = connection
    return settings
