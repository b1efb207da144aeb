"""Which co-op somebody works for at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from shop.core.deps import Person, Visit, VisitDep
from shop.core.errors import NotAllowed

CHOSEN = "cho_htx"


@dataclass(frozen=True)
class Desk:
    """A person at work for one co-op. `coop_ids` are all they may choose from."""

    visit: Visit
    roles: tuple[str, ...] = ("manager",)

    @property
    def person(self) -> Person:
        """Raises NotSignedIn."""
        return self.visit.require_person()

    @property
    def coop_ids(self) -> tuple[int, ...]:
        return self.person.coop_ids(*self.roles)

    @property
    def coop_id(self) -> int:
        """The co-op chosen last, else the first. Raises NotSignedIn, NotAllowed when there is none."""
        mine = self.coop_ids
        if not mine:
            raise NotAllowed
        chosen = self.visit.cookie(CHOSEN) or ""
        return int(chosen) if chosen.isdecimal() and len(chosen) < 10 and int(chosen) in mine else mine[0]


async def _desk(visit: VisitDep) -> Desk:
    return Desk(visit)


DeskDep = Annotated[Desk, Depends(_desk)]
