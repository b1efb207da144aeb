"""Every page of the operator and of the alliance's office."""

from __future__ import annotations

from fastapi import APIRouter

from admin import (
    application_routes,
    cash_routes,
    comparison_routes,
    hand_routes,
    helping_routes,
    host_routes,
    live_routes,
    messages,
    money_routes,
    office_routes,
    order_routes,
    payout_account_routes,
    payout_routes,
    recovery,
    refund_routes,
    review_routes,
    statement_routes,
    trust_routes,
    voucher_routes,
)
from shop.core.web import join

router = APIRouter(include_in_schema=False)
ROOMS = (
    *(money_routes, refund_routes, live_routes, office_routes, messages, recovery, statement_routes),
    *(payout_account_routes, payout_routes, cash_routes, comparison_routes, review_routes, hand_routes),
    order_routes,
    host_routes,
    application_routes,
    helping_routes,
    trust_routes,
    voucher_routes,
)
join(router, [room.router for room in ROOMS])
