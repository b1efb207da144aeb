"""What Stripe is told to open a Checkout page. Sources: docs.stripe.com/currencies, /api/checkout/sessions/create."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.gateway import StartPayment

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

_SHORTEST, _LONGEST = timedelta(minutes=31), timedelta(hours=23, minutes=59)  # 30 minutes to 24 hours by their clock
_NO_DECIMALS = frozenset(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF"))
_NO_DECIMALS |= {"VND", "VUV", "XAF", "XOF", "XPF"}


def minor_units(currency: str, amount: Decimal | int) -> int:
    """The number that Stripe writes for an amount: đồng have no decimals. Raises ValueError for a remainder."""
    units = Decimal(amount) * (1 if currency.upper() in _NO_DECIMALS else 100)
    if units != int(units) or units < 0:
        raise ValueError(f"{amount} is no whole number of the smallest {currency}")
    return int(units)


def page_of(request: StartPayment) -> SessionCreateParams:
    """A Checkout Session for one payment; its money is only held first if that is wished."""
    at = request.at or datetime.now(UTC)
    ends_at = min(max(request.expires_at or at + _LONGEST, at + _SHORTEST), at + _LONGEST)
    separator = "&" if "?" in request.return_url else "?"
    known = {"order_id": request.reference}
    params: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "vnd",
                    "unit_amount": minor_units("vnd", request.amount_vnd),
                    "product_data": {"name": request.words[:200] or request.reference},
                },
            }
        ],
        "client_reference_id": request.reference,
        "metadata": known,
        "payment_intent_data": {"metadata": known},
        "success_url": f"{request.return_url}{separator}session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": request.return_url,
        "locale": request.lang,
        "expires_at": int(ends_at.timestamp()),
    }
    if request.capture_later:
        params["payment_intent_data"] = {"metadata": known, "capture_method": "manual"}
    return params
