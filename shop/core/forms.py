"""Forms: a typed value, or what was typed and why it cannot be."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_origin

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import PydanticCustomError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from shop.core.money import NotMoney, read_vnd
from shop.core.weights import NotAWeight, read_weight_g

T = TypeVar("T", bound=BaseModel)
_NO_TEXT = re.compile("[\x00\ufffd]")  # U+FFFD stands where bytes were no UTF-8


def _read_vnd(typed: Any) -> Any:
    try:
        return read_vnd(typed) if isinstance(typed, str) else typed
    except NotMoney as error:
        raise PydanticCustomError("not_money", "no sum of money") from error


TypedVnd = Annotated[int, BeforeValidator(_read_vnd)]
"""A sum of money as people type it: `35k`, `1tr2`, `35.000`. Error code: not_money."""


def _read_weight_g(typed: Any) -> Any:
    try:
        return read_weight_g(typed) if isinstance(typed, str) else typed
    except NotAWeight as error:
        raise PydanticCustomError("not_a_weight", "no weight") from error


TypedGrams = Annotated[int, BeforeValidator(_read_weight_g)]
"""A weight as people type it: `5`, `0,5 kg`, `500g`. In grams. Error code: not_a_weight."""


@dataclass
class Posted(Generic[T]):
    """A form that was sent. `errors` maps field -> pydantic's error code; the words stand in `ui.error`."""

    model: type[T]
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    parsed: T | None = None

    @property
    def ok(self) -> bool:
        return self.parsed is not None and not self.errors

    @property
    def value(self) -> T:
        """The typed value. Raises ValueError when the form has errors: look at `ok` first."""
        if self.parsed is None:
            raise ValueError(f"form has errors: {self.errors}")
        return self.parsed

    @classmethod
    def blank(cls, model: type[T], **typed: Any) -> Posted[T]:
        """A form to fill in, with what is known already."""
        return cls(model, {name: "" if value is None else str(value) for name, value in typed.items()})


def posted(model: type[T]) -> Callable[[Request], AsyncIterator[Posted[T]]]:
    """A dependency that reads the form of a request as `model`; files that came with it are let go at the end."""

    async def read(request: Request) -> AsyncIterator[Posted[T]]:
        try:
            form = await request.form(max_fields=300)
        except (HTTPException, ValueError) as error:
            raise HTTPException(400, "form") from error
        try:
            yield check(model, form)
        finally:
            await form.close()

    return read


def check(model: type[T], form: FormData) -> Posted[T]:
    """Read `form` as `model`; empty fields count as not sent, NUL and bytes that are no UTF-8 are refused."""
    raw: dict[str, Any] = {}
    typed: dict[str, str] = {}
    for name, info in model.model_fields.items():
        values = [v.strip() for v in form.getlist(name) if not isinstance(v, UploadFile) and v.strip()]
        typed[name] = values[0] if values else ""
        if values:
            raw[name] = values if get_origin(info.annotation) is list else values[0]
    result = Posted(model, typed)
    if any(_NO_TEXT.search(value) for value in typed.values()):
        result.errors = {name: "nul" for name, value in typed.items() if _NO_TEXT.search(value)}
        result.typed = {name: _NO_TEXT.sub("", value) for name, value in typed.items()}
        return result
    try:
        result.parsed = model.model_validate(raw)
    except ValidationError as error:
        result.errors = {str(e["loc"][0]) if e["loc"] else "form": e["type"] for e in error.errors()}
    return result


async def read_upload(request: Request, name: str, max_bytes: int) -> tuple[str, bytes] | None:
    """The uploaded file's name and bytes, None when none was sent, at most `max_bytes + 1` bytes of it."""
    try:
        form = await request.form(max_fields=300)
    except (HTTPException, ValueError) as error:
        raise HTTPException(400, "form") from error
    try:
        file = form.get(name)
        if not isinstance(file, UploadFile) or not file.filename:
            return None
        return file.filename, await file.read(max_bytes + 1)
    finally:
        await form.close()
