"""The host's phone on air: camera, one button, and the studio's own blocks beside the picture."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from livestream import desk, states
from livestream import room as rooms
from livestream.chat import talk
from livestream.room import Item, Room
from livestream.screen import studio_room
from livestream.studio_routes import STREAM_S, HostDep, own
from shop.core.deps import DatabaseDep, HubDep, Id, NowDep, PageDep, SettingsDep
from shop.core.streams import live_room, stream_path
from shop.core.web import CSP_ROOM

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)
LINES, SALES = 5, 2


@router.get("/{live_id}/quay")
def camera(
    live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, hub: HubDep, settings: SettingsDep, now: NowDep
) -> Response:
    """The camera of a session that is not over; a session that is over has its desk.

    An open page is told, and goes there when it has sent what it still holds.
    """
    name = studio_room(live_id)
    stream = f"{stream_path(settings.secret_key, name, _until_s(now))}?tu={hub.cursor(name)}"
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person, "host"))
        facts = _facts(session, room)
    is_over = not (room.on_air or room.live.is_ahead)
    if is_over and not page.wants_fragment:
        return page.go(f"/ban-hang/live/{live_id}")
    longest = timedelta(hours=settings.live_longest_hours)
    facts |= {"viewers": hub.viewers(live_room(room.live.slug)), "stream": stream, "person": person}
    facts |= {"last_minutes": states.last_minutes(room.live, now, longest), "is_over": is_over}
    facts |= {"last_pieces_s": states.LAST_PIECES_S}
    return page("live/camera.html", block="strip", csp=CSP_ROOM, **facts)


@router.post("/{live_id}/cho")
def wait(live_id: Id, db: DatabaseDep, person: HostDep, now: NowDep) -> Response:
    """The camera is open: the host waits in the lobby, where nobody else sees a picture."""
    with db.write() as session:
        own(session, live_id, person, "host")
        states.open_lobby(session, live_id, person, now)
    return Response(status_code=204)


def _until_s(now: datetime) -> int:
    return int(now.timestamp()) + STREAM_S


def _facts(session: Session, room: Room) -> dict[str, Any]:
    said = talk.last_said(session, room.live.id)
    questions = talk.at_the_desk(session, room.live.id, "question")
    sales = desk.takings(session, room).sales[:SALES]
    facts: dict[str, Any] = {"room": room, "coop": room.coop, "said": said[-LINES:], "sales": sales}
    return {**facts, "questions": len(questions), "next_item": next_item(room)}


def next_item(room: Room) -> Item | None:
    """What comes after the pinned one in the run and is not gone; at the end of the run the first again."""
    codes = [item.code for item in room.items]
    at = codes.index(room.pinned.code) + 1 if room.pinned else 0
    turn = [*room.items[at:], *room.items[:at]]
    return next((item for item in turn if item.left and item != room.pinned), None)
