"""Cash on delivery: the buyer pays whoever brings the parcel. The money's way is in `payments.cod`."""

from __future__ import annotations

from typing import ClassVar

from payments.gateway import NextAction, Started, StartPayment


class CashOnDelivery:
    """Nothing to do now: have the sum ready when the parcel comes."""

    code: ClassVar[str] = "cod"

    def start(self, request: StartPayment) -> Started:
        """Instructions only."""
        return Started(NextAction(kind="instructions", amount_vnd=request.amount_vnd))
