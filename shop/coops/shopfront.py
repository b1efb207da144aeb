"""What a co-op's people write on its own page: story, face, promises, own address, holiday."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from shop.coops.models import Coop
from shop.coops.service import get
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.pagecache import bump


class DomainTaken(Refusal):
    """Another co-op's page is reached by this host name."""


def write(session: Session, coop_id: int, told: dict[str, Any], person: Person, now: datetime) -> Coop:
    """Put `told` (columns of Coop) on the page; audited with what stood there before. Raises NoSuchCoop."""
    coop = get(session, coop_id)
    changed = {name: value for name, value in told.items() if getattr(coop, name) != value}
    if changed:
        before = {name: getattr(coop, name) for name in changed}
        coop.sqlmodel_update(changed)
        audit(session, person, "shop", f"coop:{coop.id}", before, changed, now, coop.id)
        bump(session, f"coop:{coop.id}", "lists", "coops")
    return coop


def own_domain(typed: str) -> str:
    """The host name in what was typed ("https://WWW.Ten.vn/" is "www.ten.vn"); "" when there is none."""
    host = re.sub(r"^https?://", "", typed.strip().lower()).split("/")[0].split(":")[0].rstrip(".")
    return host if re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", host) else ""


def set_domain(session: Session, coop_id: int, host: str, person: Person, now: datetime) -> None:
    """Let `host` lead to the page, or nothing when it is "". Raises DomainTaken."""
    taken = select(Coop.id).where(Coop.own_domain == host, Coop.id != coop_id)
    if host and session.exec(taken).first() is not None:
        raise DomainTaken
    write(session, coop_id, {"own_domain": host or None}, person, now)


def of_domain(session: Session, host: str) -> str:
    """The address of the page that this host name leads to; "" when it leads nowhere."""
    return session.exec(select(Coop.slug).where(Coop.own_domain == host)).first() or ""
