"""Every route of the whole market, wherever it was declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import signature
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.params import Depends

from shop.accounts.models import Role
from shop.accounts.rights import Right, roles_with


class Door(NamedTuple):
    """One way in: `POST /don-hang/{code}/huy`, and the function behind it."""

    method: str
    path: str
    endpoint: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def doors(app: FastAPI) -> list[Door]:
    """All of them but HEAD, in the order of their names."""
    return sorted(_walk(app.routes), key=lambda door: (door.path, door.method))


def _walk(routes: Iterable[Any]) -> Iterator[Door]:
    for route in routes:
        if hasattr(route, "effective_candidates"):  # a router that FastAPI includes when it is first asked
            yield from _walk(route.effective_candidates())
        elif getattr(route, "methods", None):
            yield from (Door(method, route.path, route.endpoint) for method in route.methods if method != "HEAD")


def may_come_in(door: Door, role: Role) -> bool:
    """Whether a role of a co-op's people carries a right that opens this door of the desk.

    The studio's doors name no right: they are for hosts and managers.
    """
    hints = [parameter.annotation for parameter in signature(door.endpoint, eval_str=True).parameters.values()]
    told = [it.dependency for hint in hints for it in getattr(hint, "__metadata__", ()) if isinstance(it, Depends)]
    rights: list[tuple[Right, ...]] = [vars(it)["rights"] for it in told if hasattr(it, "rights")]
    return role in roles_with(*rights[0]) if rights else role in (Role.HOST, Role.MANAGER, Role.HELPER)
