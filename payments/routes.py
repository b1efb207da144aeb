"""Where gateways knock: notifications, and browsers coming back. The pages for people are in other rooms."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payments.asking import ask_soon, owed_vnd
from payments.gateway import (
    AnswersByName,
    AskedFirst,
    HttpAnswer,
    Malformed,
    Notice,
    Notifier,
    Outcome,
    RawRequest,
    SignatureInvalid,
    StatementSource,
)
from payments.models import PaymentAttempt, PaymentDue
from payments.receive import keep_malformed, receive, receive_notice
from payments.till import Till, till_from
from shop.core.db import Database
from shop.core.deps import DatabaseDep, NowDep, PageDep, SettingsDep
from shop.core.errors import NotFound
from shop.core.web import Page
from shop.settings import Settings

router = APIRouter(prefix="/payments", include_in_schema=False)
log = structlog.get_logger()
_LARGEST_BODY = 64 * 1024


async def notified(request: Request) -> Response:
    """A gateway tells us something. Answered after the commit, in the words that gateway expects.

    A plain route: to find out what else it may ask for takes as long as the rows it writes.
    """
    source, state, now = request.path_params["source"], request.app.state, datetime.now(UTC)
    till = till_from(state.settings)
    teller = till.sources.get(source) or _notifier(till, source)
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    raw = RawRequest(dict(request.headers), body, now, request.query_params.multi_items())
    answer = await run_in_threadpool(_take_in, state.db, till, teller, raw)
    return JSONResponse(answer.json, answer.status) if answer.json else Response(status_code=answer.status)


router.routes.append(Route(f"{router.prefix}/{{source}}/ipn", notified, methods=["POST"], include_in_schema=False))


@router.get("/{source}/ipn")
async def notified_by_get(request: Request) -> Response:
    """VNPAY tells by GET. It is still a notification: signed, and taken in once."""
    return await notified(request)


@router.post("/{gateway}/verify")
async def asked_first(gateway: str, request: Request, db: DatabaseDep, settings: SettingsDep, now: NowDep) -> Response:
    """A gateway asks whether an order is ours, and its sum right, before it lets the buyer pay."""
    asker: object = till_from(settings).gateways.get(gateway)
    if not isinstance(asker, AskedFirst):
        raise NotFound(gateway=gateway)
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    raw = RawRequest(dict(request.headers), body, now, request.query_params.multi_items())
    answer = await run_in_threadpool(_confirm, db, gateway, asker, raw)
    return JSONResponse(answer.json, answer.status) if answer.json else Response(status_code=answer.status)


@router.get("/{gateway}/return")
def returned(gateway: str, ref: str, db: DatabaseDep, settings: SettingsDep, page: PageDep, now: NowDep) -> Response:
    """The browser comes back. That proves nothing: it is shown the page that knows, and the gateway is asked soon."""
    return _back(gateway, ref, db, settings, page, now)


@router.get("/{gateway}/return/{reference}")
def returned_from(
    gateway: str, reference: str, db: DatabaseDep, settings: SettingsDep, page: PageDep, now: NowDep
) -> Response:
    """The same: gateways add what they like behind the question mark."""
    return _back(gateway, reference, db, settings, page, now)


def _back(gateway: str, reference: str, db: Database, settings: Settings, page: Page, now: datetime) -> Response:
    if gateway not in till_from(settings).gateways:
        raise NotFound(gateway=gateway)
    with db.read() as session:
        mine = (PaymentAttempt.gateway == gateway, PaymentAttempt.reference == reference)
        found = session.exec(select(PaymentDue, PaymentAttempt).join(PaymentAttempt).where(*mine)).first()
    if found is None or not found[0].page_path:
        raise NotFound(reference=reference)
    due, attempt = found
    if attempt.next_check_at is not None:
        with db.write() as session:
            ask_soon(session, attempt.id, now)
    return page.go(due.page_path)


def _notifier(till: Till, source: str) -> Notifier:
    teller: object = till.gateways.get(source)
    if not isinstance(teller, Notifier):
        raise NotFound(source=source)
    return teller


async def _body(request: Request) -> bytes | None:
    """The body byte for byte, None when it is larger than any gateway sends."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _take_in(db: Database, till: Till, source: Notifier | StatementSource, raw: RawRequest) -> HttpAnswer:
    try:
        told = source.verify(raw)
        with db.write() as session:
            if isinstance(told, Notice):
                outcome = receive_notice(session, source.code, raw, told, raw.received_at)
            else:
                outcome = receive(session, till, source.code, raw, told, raw.received_at)
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
    return source.answer_to(outcome, raw) if isinstance(source, AnswersByName) else source.answer(outcome)


def _confirm(db: Database, gateway: str, asker: AskedFirst, raw: RawRequest) -> HttpAnswer:
    try:
        reference = asker.order_asked_about(raw)
    except Malformed:
        return asker.answer(Outcome.MALFORMED)
    with db.read() as session:
        amount_vnd = owed_vnd(session, gateway, reference, raw.received_at)
    return asker.confirm(raw, amount_vnd)
