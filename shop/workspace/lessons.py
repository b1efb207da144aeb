"""A one-minute lesson for each screen of the desk: four or five pictures made of its own parts, a sentence to each."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from shop.coops import service as coops
from shop.core.deps import DatabaseDep, PageDep
from shop.core.errors import NotFound
from shop.workspace.here import StaffDesk

router = APIRouter(prefix="/ban-hang/huong-dan", include_in_schema=False)

LESSONS = {
    "viec-hom-nay": ("/ban-hang", "/ban-hang/khoi-phuc", "/ban-hang/tap"),
    "don-hang": (
        "/ban-hang/don",
        "/ban-hang/dong-goi",
        "/ban-hang/soan-hang",
        "/ban-hang/chuyen-giao",
        "/ban-hang/can",
        "/ban-hang/tra-lai",
        "/ban-hang/nhan-tin",
    ),
    "hang-cua-toi": ("/ban-hang/hang", "/ban-hang/mon", "/ban-hang/dat-truoc"),
    "lo-hang": ("/ban-hang/lo",),
    "ban-tai-quay": ("/ban-hang/quay", "/ban-hang/ghi-don"),
    "ban-live": ("/ban-hang/live",),
    "tien": ("/ban-hang/tien",),
    "tai-khoan": ("/ban-hang/tai-khoan",),
    "khieu-nai": ("/ban-hang/khieu-nai",),
    "khach-hoi": ("/ban-hang/y-kien",),
    "khach-quen": ("/ban-hang/khach-si", "/ban-hang/ma-giam"),
    "bang-tinh": ("/ban-hang/bang-tinh",),
    "nguoi-lam": ("/ban-hang/nguoi",),
    "gio-giac": ("/ban-hang/gio-nhan-don", "/ban-hang/gio-lay", "/ban-hang/lay-hang"),
    "gian-hang": ("/ban-hang/gian-hang", "/ban-hang/bat-dau"),
}
"""The lesson of the screens whose address begins so, the first of them being where it leads back to.

Its steps are in storefront_templates/workspace/lessons/.
"""


class NoSuchLesson(NotFound):
    """There is no lesson with this name."""


def lesson_for(path: str) -> str:
    """The lesson of the screen at this address; every screen but the first, which all begin like, has its own.

    >>> lesson_for("/ban-hang/don/17"), lesson_for("/ban-hang/khoi-phuc")
    ('don-hang', 'viec-hom-nay')
    """
    screen = "/".join(path.split("/")[:3])
    return next((name for name, screens in LESSONS.items() if screen in screens), "viec-hom-nay")


@router.get("")
def lesson_here(page: PageDep, _desk: StaffDesk, trang: str = "") -> Response:
    """The lesson of the screen the person stands at."""
    return page.go(f"/ban-hang/huong-dan/{lesson_for(trang.removeprefix('/en'))}")


@router.get("/{lesson}")
def show(lesson: str, db: DatabaseDep, page: PageDep, desk: StaffDesk) -> Response:
    if lesson not in LESSONS:
        raise NoSuchLesson
    with db.read() as session:
        coop = coops.get(session, desk.coop_id)
    steps = f"workspace/lessons/{lesson}.html"
    return page("workspace/lesson.html", coop=coop, lesson=lesson, steps=steps, lessons=LESSONS)
