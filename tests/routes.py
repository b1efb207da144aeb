"""Every route of the whole market, wherever it was declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fastapi import FastAPI


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
