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
    "viec-hom-nay": "/ban-hang",
    "don-hang": "/ban-hang/don",
    "hang-cua-toi": "/ban-hang/hang",
    "tien": "/ban-hang/tien",
    "ban-live": "/ban-hang/live",
}
"""The lesson of the screens whose address begins so; its steps are in storefront_templates/workspace/lessons/."""


class NoSuchLesson(NotFound):
    """There is no lesson with this name."""


def lesson_for(path: str) -> str:
    """The lesson of the screen at this address: that of the longest beginning.

    >>> lesson_for("/ban-hang/don/17"), lesson_for("/ban-hang/khoi-phuc")
    ('don-hang', 'viec-hom-nay')
    """
    fitting = [name for name, begins in LESSONS.items() if path == begins or path.startswith(f"{begins}/")]
    return max(fitting, key=lambda name: len(LESSONS[name]), default="viec-hom-nay")


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
