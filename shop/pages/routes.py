"""All shopper pages that join rooms, in one router."""

from __future__ import annotations

from fastapi import APIRouter

from shop.core.web import join
from shop.pages import (
    account,
    account_records,
    after_buying,
    coops,
    finders,
    follow,
    home,
    maps,
    messages,
    mine,
    parcel_photos,
    policies,
    product,
    share_pictures,
    shelves,
)

router = APIRouter(include_in_schema=False)
ROOMS = (
    home,
    maps,
    shelves,
    product,
    coops,
    policies,
    finders,
    share_pictures,
    mine,
    account,
    account_records,
    messages,
    follow,
    after_buying,
    parcel_photos,
)
join(router, [room.router for room in ROOMS])
