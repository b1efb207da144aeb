"""The description of the API as a page of our own: no script and nothing from another host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from shop.core.deps import PageDep
from shop.core.pagecache import Shared

router = APIRouter(include_in_schema=False)
DEEPEST = 4
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Described:
    """One value that goes in or comes out: `place` is where ("path", "query", "header", "body", "201")."""

    place: str
    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True)
class Call:
    """One operation with what it takes and what it gives."""

    method: str
    path: str
    title: str
    words: str
    takes: list[Described]
    gives: list[Described]

    @property
    def anchor(self) -> str:
        return "-".join(part.strip("{}") for part in f"{self.method}{self.path}".split("/"))


@router.get("/api/docs")
def show(request: Request, page: PageDep) -> Response:
    """Every call, by subject. The same as machines read it: /api/openapi.json."""
    return page("pages/api.html", block="main", cache=Shared(()), shelves=_calls(request.app))


@lru_cache(maxsize=2)
def _calls(app: FastAPI) -> dict[str, list[Call]]:
    described = app.openapi()
    named: Schema = described.get("components", {}).get("schemas", {})
    shelves: dict[str, list[Call]] = {}
    for path, operations in described["paths"].items():
        for method, told in operations.items() if path.startswith("/api/v1/") else ():
            shelves.setdefault(told.get("tags", ["api"])[0], []).append(_call(method.upper(), path, told, named))
    return shelves


def _call(method: str, path: str, told: Schema, named: Schema) -> Call:
    takes = [_parameter(one, named) for one in told.get("parameters", [])]
    if body := told.get("requestBody"):
        takes += _fields(_json(body), named, "body")
    gives = [
        field
        for status, answer in sorted(told["responses"].items())
        if status.startswith("2")
        for field in _fields(_json(answer), named, status)
    ]
    return Call(method, path, told.get("summary", ""), told.get("description", ""), takes, gives)


def _json(message: Schema) -> Schema:
    content = message.get("content", {})
    found: Schema = content.get("application/json", {}).get("schema", {})
    return found


def _parameter(one: Schema, named: Schema) -> Described:
    kind = _kind(one.get("schema", {}), named)
    return Described(one["in"], one["name"], kind, one.get("required", False), one.get("description", ""))


def _fields(schema: Schema, named: Schema, place: str, before: str = "", depth: int = 0) -> Iterator[Described]:
    schema = _resolved(schema, named)
    if schema.get("type") == "array":
        yield from _fields(schema.get("items", {}), named, place, f"{before}[]", depth)
        return
    for name, inner in schema.get("properties", {}).items() if depth < DEEPEST else ():
        whole = f"{before}.{name}" if before else name
        words = inner.get("description", "") or _resolved(inner, named).get("description", "")
        yield Described(place, whole, _kind(inner, named), name in schema.get("required", ()), words)
        yield from _fields(inner, named, place, whole, depth + 1)


def _resolved(schema: Schema, named: Schema) -> Schema:
    if "$ref" in schema:
        found: Schema = named[schema["$ref"].rsplit("/", 1)[-1]]
        return found
    others = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return _resolved(others[0], named) if others else schema


def _kind(schema: Schema, named: Schema) -> str:
    real = _resolved(schema, named)
    if choices := real.get("enum"):
        return " | ".join(map(str, choices))
    kind = str(real.get("format") or real.get("type", ""))
    if kind == "array":
        kind = f"list of {_kind(real.get('items', {}), named)}"
    return f"{kind} or null" if any(one.get("type") == "null" for one in schema.get("anyOf", [])) else kind
