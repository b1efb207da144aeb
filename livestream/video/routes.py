"""The host's phone asks for the camera's place; everything else about pictures is behind `/hinh/` (doors.py)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from livestream import states
from livestream.studio_routes import HostDep, own
from livestream.video import lease
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.web import problem, put_cookies, sentence

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


class NoCameraHere(Refusal):
    """This market runs in several processes and none of them takes cameras."""


class CameraForm(BaseModel):
    take_over: int = Field(default=0, ge=0, le=1)


AskedFor = Annotated[Posted[CameraForm], Depends(posted(CameraForm))]


@router.post("/{live_id}/may-quay")
def take_camera(
    live_id: Id,
    form: AskedFor,
    db: DatabaseDep,
    page: PageDep,
    visit: VisitDep,
    person: HostDep,
    settings: SettingsDep,
    now: NowDep,
) -> Response:
    """Be the phone that sends this session's picture; the session starts, or goes on from another phone or a reload."""
    take_over = form.ok and form.value.take_over == 1
    try:
        if not (settings.pictures_here or settings.media_url):
            raise NoCameraHere
        with db.write() as session:
            own(session, live_id, person, "host")
            live = states.begin_picture(session, live_id, person, now)
            held = lease.take(session, live_id, person, visit.visitor_key, now, take_over=take_over)
    except Refusal as refusal:
        return problem(refusal.status, refusal.kind, sentence(page.templates, refusal))
    proof = lease.token(settings.secret_key, live_id, held.number)
    told = {"ingest": f"{settings.media_base}/hinh/{live_id}", "token": proof, "epoch": held.epoch, "state": live.state}
    answer = JSONResponse(told, headers={"Cache-Control": "no-store"})
    put_cookies(page, answer)
    return answer
