"""Where MediaMTX knocks. Machines only: they carry the operator's secret and no cookie."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel, Field

from livestream.mtx import access, hooks
from shop.core.deps import DatabaseDep, NowDep, SettingsDep
from shop.core.errors import Refusal
from shop.core.ids import same
from shop.settings import Settings

router = APIRouter(prefix="/internal/mtx", include_in_schema=False)
log = structlog.get_logger()
USER = "mtx"


class Event(BaseModel):
    """A hook and what MediaMTX put into its environment."""

    hook: Literal["available", "unavailable", "recorded"]
    path: str = Field(max_length=64)
    source_id: str = Field(default="", max_length=64)
    source_type: str = Field(default="", max_length=32)
    segment_path: str = Field(default="", max_length=300)
    segment_duration: float = Field(default=0, allow_inf_nan=False)


def _is_mtx(request: Request, settings: SettingsDep) -> bool:
    """Whether the caller knows the operator's secret; nobody does where there is none."""
    return knows_secret(request.headers.get("authorization", ""), settings)


IsMtx = Annotated[bool, Depends(_is_mtx)]


def knows_secret(header: str, settings: Settings) -> bool:
    """Compares `Authorization: Basic …` in constant time; an empty secret matches nothing."""
    wanted = b64encode(f"{USER}:{settings.mtx_secret}".encode()).decode()
    return bool(settings.mtx_secret) and same(f"Basic {wanted}", header)


@router.post("/auth")
def may(asked: access.Asked, is_mtx: IsMtx, db: DatabaseDep, settings: SettingsDep, now: NowDep) -> Response:
    """MediaMTX asks before it lets anybody publish or read."""
    return Response(status_code=access.verdict(db, settings.secret_key, asked, now) if is_mtx else 403)


@router.post("/event")
def told(event: Annotated[Event, Form()], is_mtx: IsMtx, db: DatabaseDep, now: NowDep) -> Response:
    """MediaMTX tells. 410 says that the picture is wanted no longer; 409 that the session cannot go on air now."""
    live_id = access.session_of_path(event.path)
    if not is_mtx:
        return Response(status_code=403)
    if live_id is None:
        return Response(status_code=422)
    source = hooks.Source(event.source_id, event.source_type)
    try:
        with db.write() as session:
            if event.hook == "recorded":
                kept = hooks.recorded(session, live_id, event.segment_path, event.segment_duration, now)
                return Response(status_code=204 if kept else 422)
            if not source.id:
                return Response(status_code=422)
            if event.hook == "available":
                return Response(status_code=410 if hooks.came(session, live_id, source, now) == "over" else 204)
            hooks.went(session, live_id, source, now)
    except Refusal as refusal:
        log.info("picture cannot be shown", live_id=live_id, why=refusal.kind)
        return Response(status_code=409)
    return Response(status_code=204)
