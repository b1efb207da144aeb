"""Where gateways knock: notifications, and browsers coming back. The pages for people are in other rooms."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from payments.gateway import HttpAnswer, Malformed, Outcome, RawRequest, SignatureInvalid, StatementSource
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import keep_malformed, receive
from payments.till import Till, till_from
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep, SettingsDep
from shop.core.errors import NotFound

router = APIRouter(prefix="/payments", include_in_schema=False)
log = structlog.get_logger()
_LARGEST_BODY = 64 * 1024


@router.post("/{source}/ipn")
async def notified(source: str, request: Request, db: DatabaseDep, settings: SettingsDep, now: NowDep) -> Response:
    """A gateway tells us something. Answered after the commit, in the words that gateway expects."""
    till = till_from(settings)
    if source not in till.sources:
        raise NotFound(source=source)
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    raw = RawRequest(dict(request.headers), body, now)
    answer = await run_in_threadpool(_take_in, db, till, till.sources[source], raw)
    return JSONResponse(answer.json, answer.status) if answer.json else Response(status_code=answer.status)


@router.get("/{gateway}/return")
def returned(gateway: str, ref: str, db: DatabaseDep, settings: SettingsDep, page: PageDep) -> Response:
    """The browser comes back. That proves nothing: it is only shown the page that knows where the payment stands."""
    if gateway not in till_from(settings).gateways:
        raise NotFound(gateway=gateway)
    with db.read() as session:
        mine = (PaymentAttempt.gateway == gateway, PaymentAttempt.reference == ref)
        due = session.exec(select(PaymentDue).join(PaymentAttempt).where(*mine)).first()
    if due is None or not due.page_path:
        raise NotFound(reference=ref)
    return page.go(due.page_path)


async def _body(request: Request) -> bytes | None:
    """The body byte for byte, None when it is larger than any gateway sends."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _take_in(db: Database, till: Till, source: StatementSource, raw: RawRequest) -> HttpAnswer:
    try:
        lines = source.verify(raw)
        with db.write() as session:
            outcome = receive(session, till, source.code, raw, lines, raw.received_at)
    except SignatureInvalid:
        log.warning("notification refused", source=source.code)
        outcome = Outcome.BAD_SIGNATURE
    except Malformed as error:
        log.warning("notification not understood", source=source.code, why=str(error))
        outcome = Outcome.MALFORMED
        with db.write() as session:
            keep_malformed(session, source.code, raw)
    except Exception:
        log.exception("notification failed", source=source.code)
        outcome = Outcome.ERROR
    return source.answer(outcome)
