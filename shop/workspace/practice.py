"""A shop to practise in: three orders nobody placed, with the screens and buttons of the real ones.

Nothing of it is written anywhere but in a cookie of this browser, so it cannot reach money, carriers or figures.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

from fastapi import APIRouter
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.deps import DatabaseDep, Id, NowDep, PageDep, Visit, VisitDep
from shop.core.errors import NotFound
from shop.workspace.here import StaffDesk

router = APIRouter(prefix="/ban-hang/tap", include_in_schema=False)

KEPT = "cho_tap"
STEPS = {
    "xac-nhan": ("new", "confirmed"),
    "dong-goi": ("confirmed", "packed"),
    "len-duong": ("packed", "handed_over"),
    "da-giao": ("handed_over", "delivered"),
}
"""What is pressed, from which state, to which: the way of a real parcel on which nothing goes wrong."""
STATES = ("new", *(after for _before, after in STEPS.values()))
BUYERS = (
    ("Chị Hoa", "+84900000091", ("Thanh long ruột đỏ", "Thùng 5 kg", 2, 190_000), True),
    ("Anh Tâm", "+84900000092", ("Thanh long ruột trắng", "Thùng 3 kg", 1, 96_000), False),
    ("Cô Lành", "+84900000093", ("Thanh long sấy dẻo", "Gói 500 g", 3, 85_000), True),
)
"""Name, phone, (product, variant, steps, price in đồng), whether it is paid in cash."""
SHIPPING_VND = 25_000


class NoSuchPractice(NotFound):
    """There are only these three orders to practise with."""


def parcels(states: str, now: datetime) -> list[SimpleNamespace]:
    """The three, each in the state whose place in STATES its digit names."""
    return [_parcel(number, STATES[int(digit)], now) for number, digit in enumerate(states, 1)]


def _parcel(number: int, state: str, now: datetime) -> SimpleNamespace:
    """What the desk's pages show of a parcel, as `orders.desk.DeskParcel` has it."""
    name, phone, (product, variant, quantity, price_vnd), cash = BUYERS[number - 1]
    goods_vnd = price_vnd * quantity
    total_vnd = goods_vnd + SHIPPING_VND
    placed_at = now - timedelta(minutes=7 * number)
    line = {"product_name": product, "variant_name": variant, "quantity": quantity, "total_vnd": goods_vnd}
    sums = {"goods_vnd": goods_vnd, "shipping_vnd": SHIPPING_VND, "total_vnd": total_vnd}
    return SimpleNamespace(
        order=SimpleNamespace(code=f"TAP{number}", name=name, phone=phone, placed_at=placed_at),
        parcel=SimpleNamespace(id=number, state=state, **sums),
        lines=[SimpleNamespace(**line)],
        cash_vnd=total_vnd if cash else 0,
    )


def _kept(visit: Visit) -> str:
    """The digits of this browser; all new when there are none or somebody wrote others."""
    kept = visit.cookie(KEPT) or ""
    right = len(kept) == len(BUYERS) and all(digit in "01234" for digit in kept)
    return kept if right else "0" * len(BUYERS)


@router.get("")
def practice(db: DatabaseDep, page: PageDep, desk: StaffDesk, visit: VisitDep, now: NowDep) -> Response:
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    return page("workspace/practice.html", block="tasks", coop=coop, parcels=parcels(_kept(visit), now))


@router.post("/lai")
def again(page: PageDep, visit: VisitDep, _desk: StaffDesk) -> Response:
    visit.set_cookie(KEPT, "0" * len(BUYERS))
    return page.go("/ban-hang/tap")


@router.get("/{number}")
def one(number: Id, db: DatabaseDep, page: PageDep, desk: StaffDesk, visit: VisitDep, now: NowDep) -> Response:
    if number > len(BUYERS):
        raise NoSuchPractice
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    view = parcels(_kept(visit), now)[number - 1]
    return page("workspace/practice_parcel.html", block="parcel", coop=coop, view=view)


@router.post("/{number}/{step}")
def move(number: Id, step: str, page: PageDep, visit: VisitDep, _desk: StaffDesk) -> Response:
    """One step on; pressed twice it is one step, as at the real desk."""
    if number > len(BUYERS) or step not in STEPS:
        raise NoSuchPractice
    before, after = STEPS[step]
    kept = _kept(visit)
    if STATES[int(kept[number - 1])] == before:
        kept = kept[: number - 1] + str(STATES.index(after)) + kept[number:]
        visit.set_cookie(KEPT, kept)
    return page.go(f"/ban-hang/tap/{number}")
