"""Every page of the operator and of the alliance's office."""

from __future__ import annotations

from fastapi import APIRouter

from admin import (
    cash_routes,
    comparison_routes,
    hand_routes,
    live_routes,
    messages,
    money_routes,
    office_routes,
    payout_account_routes,
    payout_routes,
    recovery,
    refund_routes,
    review_routes,
    statement_routes,
)

router = APIRouter(include_in_schema=False)
router.include_router(money_routes.router)
router.include_router(refund_routes.router)
router.include_router(live_routes.router)
router.include_router(office_routes.router)
router.include_router(messages.router)
router.include_router(recovery.router)
router.include_router(payout_account_routes.router)
router.include_router(payout_routes.router)
router.include_router(cash_routes.router)
router.include_router(comparison_routes.router)
router.include_router(review_routes.router)
router.include_router(hand_routes.router)
router.include_router(statement_routes.router)
