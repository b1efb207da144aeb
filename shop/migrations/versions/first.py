"""The first shape of the market, as SQL for each kind of database (see shop/migrations/freeze.py)."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, index and trigger."""
    connection = op.get_bind()
    steps = Path(__file__).with_name(f"first.{connection.dialect.name}.sql").read_text("utf-8")
    for statement in steps.split("\n-- end\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
