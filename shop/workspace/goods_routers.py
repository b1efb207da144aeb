"""The routes about goods: listing, refining, prices, stock, lots, opening hours, vouchers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from shop.workspace import goods, listing, lots, preorders, refining, terms, vouchers

ROUTERS: Sequence[APIRouter] = (
    listing.router,
    refining.router,
    goods.router,
    lots.router,
    preorders.router,
    terms.router,
    vouchers.router,
)
