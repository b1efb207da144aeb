"""All shopper pages that join rooms, in one router."""

from __future__ import annotations

from fastapi import APIRouter

from shop.pages import coops, finders, home, mine, policies, product, shelves

router = APIRouter(include_in_schema=False)
for room in (home, shelves, product, coops, policies, finders, mine):
    router.include_router(room.router)
