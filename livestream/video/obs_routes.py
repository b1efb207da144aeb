"""The page that tells a seller what to type into OBS."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from livestream import room as rooms
from livestream.models import OVER
from livestream.service import NotOnAir
from livestream.studio_routes import HostDep, own
from livestream.video import obs
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep
from shop.core.forms import Posted, posted

router = APIRouter(prefix="/ban-hang/live", include_in_schema=False)


class KeyForm(BaseModel):
    new: int = Field(default=0, ge=0, le=1)


AskedFor = Annotated[Posted[KeyForm], Depends(posted(KeyForm))]


@router.post("/{live_id}/obs")
def stream_key(
    live_id: Id, form: AskedFor, db: DatabaseDep, page: PageDep, person: HostDep, settings: SettingsDep, now: NowDep
) -> Response:
    """Shown to the host alone, and only when asked for; `new` makes the old key worthless."""
    with db.write() as session:
        live = own(session, live_id, person, "host")
        if live.state in OVER:
            raise NotOnAir(title=live.title)
        if form.ok and form.value.new:
            obs.renew_key(session, live_id, now)
        key = obs.stream_key(session, settings.secret_key, live_id, now)
        facts: dict[str, Any] = {"room": rooms.read(session, live), "busy": obs.is_sending(session, live_id, now)}
    host = urlsplit(settings.media_base or settings.base_url).hostname
    server = f"rtmp://{host}:{settings.rtmp_port}/live" if settings.rtmp_port else ""
    if settings.mtx_secret:  # MediaMTX takes all encoders, at the port it has by itself; its path names the session
        server, key = f"rtmp://{host}/live", f"{live_id}?key={key}"
    facts |= {"coop": facts["room"].coop, "person": person, "server": server, "key": key}
    return page("live/obs.html", block="obs", **facts)
