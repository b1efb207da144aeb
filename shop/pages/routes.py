"""All shopper pages that join rooms, in one router."""

from __future__ import annotations

from fastapi import APIRouter

from shop.pages import account, account_records, coops, finders, home, messages, mine, policies, product, shelves

router = APIRouter(include_in_schema=False)
for room in (home, shelves, product, coops, policies, finders, mine, account, account_records, messages):
    router.include_router(room.router)
