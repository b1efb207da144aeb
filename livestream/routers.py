"""All routes of live selling, joined by the market in this order."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from livestream import camera_routes, cover_routes, planning_routes, replay_routes, routes, studio_routes
from livestream.chat import crew_routes, desk_routes
from livestream.chat import routes as chat_routes
from livestream.deals import routes as deal_routes
from livestream.deals import set_routes, voucher_routes
from livestream.figures import routes as figure_routes
from livestream.gate import routes as gate_routes
from livestream.mtx import routes as mtx_routes
from livestream.simulcast import routes as simulcast_routes
from livestream.video import obs_routes
from livestream.video import routes as video_routes

BUSY: Sequence[APIRouter] = (routes.router, chat_routes.router)
"""What viewers ask for all the time: among the first that are tried."""
OTHERS: Sequence[APIRouter] = (
    crew_routes.router,
    desk_routes.router,
    deal_routes.router,
    voucher_routes.router,
    set_routes.router,
    figure_routes.router,
    studio_routes.router,
    planning_routes.router,
    cover_routes.router,
    replay_routes.router,
    video_routes.router,
    obs_routes.router,
    simulcast_routes.router,
    gate_routes.router,
    camera_routes.router,
    mtx_routes.router,
)
