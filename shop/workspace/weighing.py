"""Weigh a parcel and settle: what goes, what it weighs, and what that makes of its price, seen before it is done."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep
from shop.core.web import sentence
from shop.core.weights import NotAWeight, read_weight_g
from shop.orders import at_the_door, weighing
from shop.orders.weighing import Real
from shop.workspace.here import PackDesk

router = APIRouter(prefix="/ban-hang", include_in_schema=False)
FIELDS = 400


async def _typed(request: Request) -> dict[str, str]:
    form: FormData = await request.form(max_fields=FIELDS)
    return {name: value.strip()[:40] for name, value in form.items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(_typed)]
"""`steps-17` and `weight-17` of each line by its number; `seen_vnd` once the new sum was shown."""


@router.get("/can/{parcel_id}")
def weigh(parcel_id: Id, db: DatabaseDep, page: PageDep, desk: PackDesk) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        it = weighing.look(session, coop.id, parcel_id, {})
    return page("workspace/weigh.html", coop=coop, it=it, typed={}, wrong=[], no="", shown=False)


@router.post("/can/{parcel_id}")
def settle(parcel_id: Id, typed: Typed, db: DatabaseDep, page: PageDep, desk: PackDesk, now: NowDep) -> Response:
    """First the new sum is shown; sent again with it, it is done."""
    real, wrong = _read(typed)
    seen, no = typed.get("seen_vnd", ""), ""
    if not wrong and seen.isdecimal() and len(seen) < 16 and "again" not in typed:
        who: tuple[Any, ...] = (desk.coop_id, parcel_id, real, desk.person, now)
        try:
            with db.write() as session:
                weighing.settle(session, *who, goods_fit="goods_fit" in typed, seen_vnd=int(seen))
            return page.go(f"/ban-hang/don/{parcel_id}", "weighed")
        except weighing.SumMoved:
            pass  # another weight was typed after the sum was shown: it is shown anew
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
        try:
            it = weighing.look(session, coop.id, parcel_id, {} if wrong else real)
        except (weighing.WeightUnlikely, weighing.NothingLeft) as refusal:
            it, no = weighing.look(session, coop.id, parcel_id, {}), sentence(page.templates, refusal)
    bad = bool(wrong or no)
    facts: dict[str, Any] = {"coop": coop, "it": it, "typed": typed, "wrong": wrong, "no": no, "shown": not bad}
    facts["door_vnd"] = at_the_door.would_ask_vnd(it)
    return page("workspace/weigh.html", status=422 if bad else 200, **facts)


def _read(typed: dict[str, str]) -> tuple[dict[int, Real], list[str]]:
    """What was typed, and the names of the fields that are no number of steps or no weight."""
    real: dict[int, Real] = {}
    wrong: list[str] = []
    for name, value in typed.items():
        head, _, number = name.partition("-")
        if head != "steps" or not number.isdecimal() or len(number) > 15:
            continue
        weight = typed.get(f"weight-{number}", "")
        try:
            weight_g = read_weight_g(weight) if weight else None
        except NotAWeight:
            wrong.append(f"weight-{number}")
            continue
        if not value.isdecimal() or len(value) > 6:
            wrong.append(name)
            continue
        real[int(number)] = Real(int(value), weight_g)
    return real, wrong
