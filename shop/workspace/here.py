"""Which co-op somebody works for at this moment, and what they may do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated

from fastapi import Depends

from shop.accounts.rights import OF_COOP, READING, STAFF, Right, roles_with
from shop.core.deps import PageDep, Person, Visit, VisitDep
from shop.core.errors import NotAllowed, Refusal
from shop.core.web import Page

CHOSEN = "cho_htx"


class MadeByAnother(Refusal):
    """The step was pressed by somebody else, who is not signed in here now: it waits for them."""

    status = 412


@dataclass(frozen=True)
class Desk:
    """A person at work for one co-op, with one of `rights` there. Pages know it as `staff`."""

    visit: Visit
    rights: tuple[Right, ...] = ()

    @property
    def person(self) -> Person:
        """Raises NotSignedIn."""
        return self.visit.require_person()

    @property
    def coop_ids(self) -> tuple[int, ...]:
        """All they may choose from."""
        return self.person.coop_ids(*OF_COOP)

    @cached_property
    def coop_id(self) -> int:
        """The co-op chosen last, else the first in which they have the right. Raises NotSignedIn, NotAllowed."""
        able = self.person.coop_ids(*roles_with(*self.rights))
        chosen = self.visit.cookie(CHOSEN) or ""
        here = int(chosen) if chosen.isdecimal() and len(chosen) < 10 and int(chosen) in self.coop_ids else 0
        if not able or (here and here not in able):
            raise NotAllowed
        at_desk = [coop_id for coop_id in self.person.coop_ids(*STAFF) if coop_id in able]
        return here or (at_desk or able)[0]

    @property
    def helps_until(self) -> datetime | None:
        """Until when they only help here, in place of the co-op's people; None for its own people."""
        return self.person.helps_until(self.coop_id)

    def may(self, *rights: str) -> bool:
        """Whether one of the rights is theirs at this co-op."""
        return self.coop_id in self.person.coop_ids(*roles_with(*map(Right, rights)))

    def require(self, right: Right) -> None:
        """Raises NotAllowed."""
        if not self.may(right):
            raise NotAllowed


def desk(*rights: Right) -> Callable[[Visit, Page], Desk]:
    """A dependency: the desk of somebody with one of the rights (no right named: of anybody who works for a co-op).

    It raises NotSignedIn and NotAllowed before the route begins; MadeByAnother when a phone brings what it kept without
    a net and names another person than the one signed in.
    """

    def at_desk(visit: VisitDep, page: PageDep) -> Desk:
        found = Desk(visit, rights)
        found.coop_id  # noqa: B018  asked now, so that who may not be here learns it before anything is read
        if visit.request.headers.get("X-Made-By", str(found.person.id)) != str(found.person.id):
            raise MadeByAnother
        page.known["staff"] = found
        return found

    at_desk.rights = rights  # type: ignore[attr-defined]  # the walk over all doors reads it
    return at_desk


StaffDesk = Annotated[Desk, Depends(desk())]
GoodsDesk = Annotated[Desk, Depends(desk(Right.GOODS))]
StockDesk = Annotated[Desk, Depends(desk(Right.STOCK))]
OrdersDesk = Annotated[Desk, Depends(desk(Right.ORDERS))]
RefundDesk = Annotated[Desk, Depends(desk(Right.REFUND))]
PackDesk = Annotated[Desk, Depends(desk(Right.PACK))]
ReadingDesk = Annotated[Desk, Depends(desk(*READING))]
MoneyDesk = Annotated[Desk, Depends(desk(Right.MONEY))]
BankDesk = Annotated[Desk, Depends(desk(Right.BANK))]
PeopleDesk = Annotated[Desk, Depends(desk(Right.PEOPLE))]
ShopDesk = Annotated[Desk, Depends(desk(Right.SHOP))]
