"""Paying the co-ops: what is due, runs, their files, what was sent and what came back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.responses import Response

from payments.gateways.banks import bank_name
from payments.payouts import bankfile, reading, service
from payments.payouts.accounts import masked
from payments.payouts.service import Limits
from shop.coops import service as coops
from shop.coops.models import Coop
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, SettingsDep, VisitDep
from shop.core.forms import Posted, posted
from shop.core.ids import secret_token

router = APIRouter(prefix="/quan-tri/tra-tien")
HOME = "/quan-tri/tra-tien"
WORDS: dict[str, Any] = {"masked": masked, "bank_name": bank_name}
FILES = {"csv": (bankfile.as_csv, bankfile.CSV), "xlsx": (bankfile.as_xlsx, bankfile.XLSX)}


class Press(BaseModel):
    key: str = Field(min_length=8, max_length=60)


class Told(BaseModel):
    words: str = Field(max_length=120)


PressForm = Annotated[Posted[Press], Depends(posted(Press))]
ToldForm = Annotated[Posted[Told], Depends(posted(Told))]


@router.get("")
def home(db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep) -> Response:
    visit.require("operator")
    with db.read() as session:
        found = service.prospects(session, now, settings.payout_least_vnd)
        runs = reading.runs(session)
        standing = reading.standing(session, [run.id for run in runs])
        names = _coops(session, [it.seller for it in found])
    return page(
        "admin/payouts.html", prospects=found, runs=runs, coops=names, key=secret_token(), standing=standing, **WORDS
    )


@router.post("")
def start(
    form: PressForm, db: DatabaseDep, page: PageDep, visit: VisitDep, settings: SettingsDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    limits = Limits(settings.payout_least_vnd, settings.two_person_above_vnd)
    key = form.value.key if form.ok else secret_token()
    with db.write() as session:
        run = service.start_run(session, person, now, f"{person.id}:{key}", limits)
    return page.go(f"{HOME}/{run.id}", notice="run-started" if run.released_at else "run-waits")


@router.get("/{run_id}")
def one_run(run_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    person = visit.require("operator")
    with db.read() as session:
        view = reading.one_run(session, run_id)
        sellers = [it.settlement.seller for it in view.payouts] + [it.seller for it in view.left_out]
        names = _coops(session, sellers)
    return page("admin/payout_run.html", view=view, coops=names, person=person, **WORDS)


@router.post("/{run_id}/duyet")
def release(run_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    with db.write() as session:
        service.release(session, run_id, person, now)
    return page.go(f"{HOME}/{run_id}", notice="run-started")


@router.get("/{run_id}/tep.{kind}")
def bank_file(run_id: Id, kind: str, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    written, media_type = FILES.get(kind, FILES["csv"])
    with db.read() as session:
        lines = bankfile.transfers(session, run_id)
    name = f"cho-htx-tra-tien-{run_id}.{kind if kind in FILES else 'csv'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(written(bankfile.table(lines)), media_type=media_type, headers=headers)


@router.post("/{run_id}/da-chuyen")
def all_sent(run_id: Id, form: ToldForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(f"{HOME}/{run_id}", notice="payout-words-missing")
    with db.write() as session:
        service.mark_all_sent(session, run_id, form.value.words, person, now)
    return page.go(f"{HOME}/{run_id}", notice="payout-sent")


@router.get("/khoan/{settlement_id}")
def one_payout(settlement_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    return page("admin/payout.html", **_one(db, settlement_id))


@router.get("/khoan/{settlement_id}/phieu-chi")
def voucher(settlement_id: Id, db: DatabaseDep, page: PageDep, visit: VisitDep) -> Response:
    visit.require("operator")
    return page("admin/payout_voucher.html", **_one(db, settlement_id))


@router.post("/khoan/{settlement_id}/da-chuyen")
def sent(settlement_id: Id, form: ToldForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(f"{HOME}/khoan/{settlement_id}", notice="payout-words-missing")
    with db.write() as session:
        service.mark_sent(session, settlement_id, form.value.words, person, now)
    return page.go(f"{HOME}/khoan/{settlement_id}", notice="payout-sent")


@router.post("/khoan/{settlement_id}/bi-tra-lai")
def bounced(
    settlement_id: Id, form: ToldForm, db: DatabaseDep, page: PageDep, visit: VisitDep, now: NowDep
) -> Response:
    person = visit.require("operator")
    if not form.ok:
        return page.go(f"{HOME}/khoan/{settlement_id}", notice="payout-words-missing")
    with db.write() as session:
        service.mark_bounced(session, settlement_id, form.value.words, person, now)
    return page.go(f"{HOME}/khoan/{settlement_id}", notice="payout-bounced")


def _one(db: DatabaseDep, settlement_id: int) -> dict[str, Any]:
    with db.read() as session:
        payout = reading.one_payout(session, settlement_id)
        return {
            "payout": payout,
            "view": reading.one_run(session, payout.settlement.run_id),
            "rows": reading.listed(session, settlement_id),
            "coop": _coops(session, [payout.settlement.seller])[payout.settlement.seller],
            "content": bankfile.content_of(payout.settlement),
            **WORDS,
        }


def _coops(session: Session, sellers: list[str]) -> dict[str, Coop]:
    """The co-op behind each seller ("coop:7")."""
    numbers = {seller: int(seller.partition(":")[2]) for seller in sellers}
    found = coops.get_many(session, numbers.values())
    return {seller: found[number] for seller, number in numbers.items()}
