"""What the law wants a market to say of itself, in plain words: one page each."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from shop.core.deps import PageDep, SettingsDep
from shop.core.pagecache import Shared
from shop.pages.asked import Slug

router = APIRouter(include_in_schema=False)

PAGES = {
    "giao-hang": "delivery",
    "doi-tra": "returns",
    "thanh-toan": "payment",
    "rieng-tu": "privacy",
    "khieu-nai": "complaints",
    "cach-sap-xep": "ranking",
}


@router.get("/quy-dinh/{slug}")
def policy(slug: Slug, page: PageDep, settings: SettingsDep) -> Response:
    if slug not in PAGES:
        raise HTTPException(404)
    days = settings.parcel_photos_days
    return page(f"pages/policies/{PAGES[slug]}.html", cache=Shared(("policies",)), photo_days=days)


@router.get("/quy-che-livestream")
def livestream_rules(page: PageDep) -> Response:
    """Public rules of live selling: law on e-commerce 122/2025, Art. 22-24."""
    return page("pages/policies/livestream.html", cache=Shared(("policies",)))
