"""Where else a session's picture goes: only to servers that are known, with keys that are kept sealed."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.models import ON_AIR, LiveSession
from livestream.schedule import session_of
from livestream.simulcast.models import LiveTarget, TargetState
from shop.core.audit import audit
from shop.core.db import Database, run
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal
from shop.core.sealing import seal, unseal

MOST_TARGETS = 3
PURPOSE = "simulcast"
KNOWN = (".youtube.com", ".facebook.com", ".tiktokcdn.com", ".tiktok.com", ".live-video.net")
"""Whose servers take pictures. An operator who knows others names them in CHOHTX_SIMULCAST_HOSTS."""
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,20}")
_PATH = re.compile(r"/[A-Za-z0-9._/-]{0,100}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._?=&%+-]{3,299}")


class UnknownServer(Invalid):
    """The address is not one of a site that takes pictures. Facts: sites."""


class NoStreamKey(Invalid):
    """That is no key of a stream."""


class EnoughTargets(Refusal):
    """So many sites get the picture already. Facts: most."""


class NoSuchTarget(NotFound):
    """The session's picture does not go there."""


def server_of(address: str, allowed: Collection[str]) -> str:
    """The address of a known server as it is kept, with a slash at the end. Raises UnknownServer."""
    try:
        parts = urlsplit(address.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise UnknownServer(sites="YouTube, Facebook, TikTok") from None
    host = parts.hostname or ""
    known = host in allowed or (_HOST.fullmatch(host) and f".{host}".endswith(KNOWN))
    path = parts.path.rstrip("/") or "/"
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("rtmp", "rtmps") or not known or not plain or not _PATH.fullmatch(path):
        raise UnknownServer(sites="YouTube, Facebook, TikTok")
    return f"{parts.scheme}://{host}{port}{path.rstrip('/')}/"


def add(
    session: Session,
    live_id: int,
    server: str,
    key: str,
    secret_key: str,
    allowed: Collection[str],
    person: Person,
    now: datetime,
) -> LiveTarget:
    """Send the picture there, too, from now on. Audited without the key.

    Raises NoSuchSession, UnknownServer, NoStreamKey, EnoughTargets.
    """
    live = session_of(session, live_id)
    session.refresh(live, with_for_update=True)
    known, typed = server_of(server, allowed), key.strip()
    if not _KEY.fullmatch(typed):
        raise NoStreamKey
    if len(of_session(session, live_id)) >= MOST_TARGETS:
        raise EnoughTargets(most=MOST_TARGETS)
    sealed = seal(secret_key, PURPOSE, typed)
    target = LiveTarget(session_id=live_id, server=known, sealed_key=sealed, state_at=now)
    session.add(target)
    audit(session, person, "simulcast", f"live:{live_id}", None, known, now, live.coop_id)
    return target


def remove(session: Session, live_id: int, target_id: int, person: Person, now: datetime) -> None:
    """The picture does not go there any more, and the key is forgotten. Raises NoSuchTarget."""
    target = session.get(LiveTarget, target_id)
    if target is None or target.session_id != live_id:
        raise NoSuchTarget
    coop_id = session_of(session, live_id).coop_id
    audit(session, person, "simulcast", f"live:{live_id}", target.server, None, now, coop_id)
    session.delete(target)


def of_session(session: Session, live_id: int) -> list[LiveTarget]:
    """All sites that get this session's picture."""
    return list(session.exec(select(LiveTarget).where(LiveTarget.session_id == live_id).order_by(col(LiveTarget.id))))


def wanted(db: Database) -> dict[int, tuple[int, str, str]]:
    """Target -> (session, server, sealed key), of sessions on air now."""
    on_air = (
        select(LiveTarget)
        .join(LiveSession, col(LiveSession.id) == LiveTarget.session_id)
        .where(col(LiveSession.state).in_(ON_AIR))
    )
    with db.read() as session:
        return {row.id: (row.session_id, row.server, row.sealed_key) for row in session.exec(on_air)}


def note(db: Database, target_id: int, state: TargetState, tries: int, now: datetime) -> None:
    """How it goes with a site, for the host's page."""
    with db.write() as session:
        changed = update(LiveTarget).where(col(LiveTarget.id) == target_id)
        run(session, changed.values(state=state, tries=tries, state_at=now))


def key(secret_key: str, sealed_key: str) -> str:
    """The key of the stream. Raises CannotOpen when the secret key was changed since."""
    return unseal(secret_key, PURPOSE, sealed_key)
