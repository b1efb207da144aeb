"""What the checkout asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field, StringConstraints

from shop.addresses.forms import AddressForm
from shop.core.forms import Posted, posted
from shop.core.phones import Phone

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


class Contact(AddressForm):
    """Who buys and where it goes."""

    name: Annotated[str, StringConstraints(min_length=2, max_length=80)]
    phone: Phone
    email: str = Field(default="", max_length=200, pattern=EMAIL + "|^$")
    note: str = Field(default="", max_length=500)


class Payment(BaseModel):
    """How it is paid; the ways of the parcels come as `way-7` (see `chosen_ways`)."""

    payment_method: str = Field(max_length=20)


class Confirmation(BaseModel):
    """The summary as it was seen: which checkout, and the sum that stood there."""

    checkout_id: str = Field(max_length=64)
    total_vnd: int = Field(ge=0, le=10**12)


ContactForm = Annotated[Posted[Contact], Depends(posted(Contact))]
PaymentForm = Annotated[Posted[Payment], Depends(posted(Payment))]
ConfirmationForm = Annotated[Posted[Confirmation], Depends(posted(Confirmation))]


def _by_coop(prefix: str) -> Callable[[Request], Awaitable[dict[str, str]]]:
    async def read(request: Request) -> dict[str, str]:
        form = await request.form(max_fields=300)
        found = {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    return read


ChosenWays = Annotated[dict[str, str], Depends(_by_coop("way-"))]
"""How each parcel is to go, by the co-op's number: one group of radio buttons a parcel."""
ChosenSlots = Annotated[dict[str, str], Depends(_by_coop("slot-"))]
"""When each parcel is fetched, by the co-op's number: the key of a `SlotDay`."""
