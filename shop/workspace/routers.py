"""All routes of the co-op's desk, joined by the market in this order."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from shop.workspace import (
    applying,
    bank,
    customers,
    goods_routers,
    hours,
    joining,
    lessons,
    lists,
    money,
    money_back,
    opening,
    orders,
    people,
    pickup,
    practice,
    proof,
    selling,
    sheets,
    shop,
    trust,
    weighing,
)

ROUTERS: Sequence[APIRouter] = (
    orders.router,
    lists.router,
    weighing.router,
    pickup.router,
    proof.router,
    selling.router,
    *goods_routers.ROUTERS,
    customers.router,
    money.router,
    money_back.router,
    bank.router,
    opening.router,
    shop.router,
    hours.router,
    applying.router,
    joining.router,
    people.router,
    sheets.router,
    trust.router,
    lessons.router,
    practice.router,
)
