"""The seller's page of other sites that get the picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream.simulcast import targets
from livestream.studio_routes import HostDep, own
from livestream.video.lease import is_by_mtx
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import sentence

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


class Target(BaseModel):
    server: str = Field(min_length=8, max_length=200)
    key: str = Field(min_length=4, max_length=300)


TargetForm = Annotated[Posted[Target], Depends(posted(Target))]


@router.get("/{live_id}/phat-them")
def show(live_id: Id, db: DatabaseDep, page: PageDep, person: HostDep) -> Response:
    return _page(live_id, db, page, person)


def _page(
    live_id: int, db: DatabaseDep, page: PageDep, person: HostDep, form: Posted[Target] | None = None, refused: str = ""
) -> Response:
    with db.read() as session:
        room = rooms.read(session, own(session, live_id, person, "host"))
        sites = targets.of_session(session, live_id)
        by_mtx = is_by_mtx(session, live_id)
    status = 422 if refused or (form and form.errors) else 200
    return page(
        "live/simulcast.html",
        block="sites",
        status=status,
        room=room,
        coop=room.coop,
        person=person,
        sites=sites,
        by_mtx=by_mtx,
        form=form,
        refused=refused,
    )


@router.post("/{live_id}/phat-them")
def add(
    live_id: Id, form: TargetForm, db: DatabaseDep, page: PageDep, person: HostDep, settings: SettingsDep, now: NowDep
) -> Response:
    if not form.ok:
        return _page(live_id, db, page, person, form)
    allowed = settings.allowed_simulcast_hosts
    try:
        with db.write() as session:
            own(session, live_id, person, "host")
            told = (form.value.server, form.value.key)
            targets.add(session, live_id, *told, settings.secret_key, allowed, person, now)
    except Refusal as refusal:
        return _page(live_id, db, page, person, form, sentence(page.templates, refusal))
    return page.go(f"/ban-hang/live/{live_id}/phat-them", "saved")


@router.post("/{live_id}/phat-them/{target_id}/thoi")
def remove(live_id: Id, target_id: Id, db: DatabaseDep, page: PageDep, person: HostDep, now: NowDep) -> Response:
    with db.write() as session:
        own(session, live_id, person, "host")
        targets.remove(session, live_id, target_id, person, now)
    return page.go(f"/ban-hang/live/{live_id}/phat-them", "saved")
